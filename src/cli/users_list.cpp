#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/known_users.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "cli/table.hpp"

namespace equeue::cli {
namespace {

std::string to_json(const std::vector<store::User>& users) {
  std::vector<std::string> elements;
  for (const auto& user : users) {
    elements.push_back(JsonObject()
                           .text("id", to_string(user.id))
                           .text("name", user.name)
                           .raw("scopes", json_texts(user.scopes))
                           .time("created_at", user.created_at)
                           .time("disabled_at", user.disabled_at)
                           .str());
  }
  return json_array(elements);
}

std::string to_table(const std::vector<store::User>& users, const TerminalFacts& facts) {
  Table table({{"NAME"}, {"SCOPES"}, {"ADDED"}, {""}});
  const auto at = now();
  for (const auto& user : users) {
    const auto disabled =
        user.disabled_at ? fmt::format("disabled {}", relative_time(*user.disabled_at, at)) : "";
    table.add({{user.name},
               {fmt::format("{}", fmt::join(user.scopes, ","))},
               {relative_time(user.created_at, at)},
               {disabled, Style::yellow}});
  }
  return table.format(facts);
}

Result<int> run(Session& session) {
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  const auto users = all_users(store->cell());
  if (!users) return users.error();
  if (session.json) {
    session.terminal.print_line(to_json(*users));
  } else if (users->empty()) {
    session.terminal.note("no users yet: `equeue users add` makes one");
  } else {
    session.terminal.print(to_table(*users, session.terminal.facts()));
  }
  return 0;
}

}  // namespace

void add_users_list(Command users) {
  users.command("list", "List the users")
      .examples({"equeue users list", "equeue users list --json"})
      .action(run);
}

}  // namespace equeue::cli
