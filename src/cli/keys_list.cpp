#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/known_keys.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "cli/table.hpp"

namespace equeue::cli {
namespace {

std::string to_json(const std::vector<store::ListedApiKey>& keys) {
  std::vector<std::string> elements;
  for (const auto& key : keys) {
    elements.push_back(JsonObject()
                           .text("id", key.id)
                           .text("name", key.name)
                           .raw("scopes", json_texts(key.scopes))
                           .raw("queues", json_texts(key.queue_patterns))
                           .text("created_by", key.created_by)
                           .time("created_at", key.created_at)
                           .time("expires_at", key.expires_at)
                           .time("revoked_at", key.revoked_at)
                           .time("last_used_at", key.last_used_at)
                           .str());
  }
  return json_array(elements);
}

// Why it is not good any more, or until when it is.
Cell course(const store::ListedApiKey& key, TimePoint at) {
  if (key.revoked_at) return {fmt::format("revoked {}", relative_time(*key.revoked_at, at)), Style::yellow};
  if (!key.expires_at) return {"never"};
  if (*key.expires_at <= at)
    return {fmt::format("expired {}", relative_time(*key.expires_at, at)), Style::yellow};
  return {relative_time(*key.expires_at, at)};
}

std::string to_table(const std::vector<store::ListedApiKey>& keys, const TerminalFacts& facts) {
  Table table({{"ID"}, {"NAME"}, {"SCOPES"}, {"CREATED BY", false, true}, {"USED"}, {"EXPIRES"}, {"QUEUES"}});
  const auto at = now();
  for (const auto& key : keys) {
    table.add({{key.id},
               {key.name},
               {fmt::format("{}", fmt::join(key.scopes, ","))},
               {key.created_by},
               {key.last_used_at ? relative_time(*key.last_used_at, at) : "never"},
               course(key, at),
               {fmt::format("{}", fmt::join(key.queue_patterns, ","))}});
  }
  return table.format(facts);
}

Result<int> run(Session& session) {
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  const auto keys = all_keys(store->cell());
  if (!keys) return keys.error();
  if (session.json) {
    session.terminal.print_line(to_json(*keys));
  } else if (keys->empty()) {
    session.terminal.note("no API keys yet: `equeue keys create` makes one");
  } else {
    session.terminal.print(to_table(*keys, session.terminal.facts()));
  }
  return 0;
}

}  // namespace

void add_keys_list(Command keys) {
  keys.command("list", "List the API keys, without their secrets, the youngest first")
      .examples({"equeue keys list", "equeue keys list --json"})
      .action(run);
}

}  // namespace equeue::cli
