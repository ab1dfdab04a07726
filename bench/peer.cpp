#include "bench/peer.hpp"

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <equeue/json_codec.hpp>

#include "process/process.hpp"

namespace equeue::bench {

Result<Rates> measure_graphile(const std::filesystem::path& folder, const std::string& url,
                               std::size_t jobs) {
  const auto home = folder.empty() ? folder : std::filesystem::absolute(folder) / "graphile";
  const auto node = home / "node_modules/.bin/node";
  if (folder.empty() || !std::filesystem::exists(node)) {
    return Error{.code = ErrorCode::not_installed,
                 .message = "Graphile Worker is not installed",
                 .hint = "./dev bench --peers"};
  }
  const auto report = process::run_process(
      {.command = {node.string(), "drain.mjs", url, std::to_string(jobs)}, .folder = home.string()}, {});
  auto answer = detail::parse(report.stdout_text);
  if (!answer) {
    return Error{.code = ErrorCode::io,
                 .message = fmt::format("Graphile Worker's run failed: {}", report.stderr_tail)};
  }
  const auto& figures = answer->as_object();
  return Rates{figures.at("enqueue_per_second").to_number<double>(),
               figures.at("drain_per_second").to_number<double>()};
}

}  // namespace equeue::bench
