#include <charconv>

#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "store/queues.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::string queue;
  std::string limit;
};

// Nothing for "none".
Result<std::optional<int>> parse_limit(const std::string& text) {
  if (text == "none") return std::optional<int>();
  int limit = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (fault == std::errc() && end == text.data() + text.size()) return std::optional<int>(limit);
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("'{}' is no limit", one_line(text)),
               .hint = "give a number of jobs, or none"};
}

Result<int> run(const Options& options, Session& session) {
  const auto limit = parse_limit(options.limit);
  if (!limit) return limit.error();
  auto connection = StoreConnection::open(session);
  if (!connection) return connection.error();
  const auto changed =
      store::set_queue_limit(connection->cell(), options.queue, *limit, session.settings.surroundings.user);
  if (!changed) return changed.error();
  if (session.json) {
    session.terminal.print_line(JsonObject()
                                    .text("queue", options.queue)
                                    .raw("depth_limit", *limit ? std::to_string(**limit) : "null")
                                    .boolean("changed", *changed)
                                    .str());
  } else {
    const auto what =
        *limit ? fmt::format("a limit of {} waiting jobs", with_commas(**limit)) : std::string("no limit");
    session.terminal.print_line(
        fmt::format("queue '{}' {} {}", options.queue, *changed ? "has" : "had already", what));
  }
  return 0;
}

}  // namespace

void add_queues_limit(Command queues) {
  auto options = std::make_shared<Options>();
  queues
      .command("limit", "Set how many jobs may wait in a queue; more are refused with exit code 11; audited")
      .required_argument("QUEUE", options->queue, "Its name")
      .required_argument("JOBS", options->limit, "1 to 10,000,000, or none")
      .examples({"equeue queues limit reports 50000", "equeue queues limit reports none"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
