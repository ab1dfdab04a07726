#include "auth/secret.hpp"
#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/known_keys.hpp"
#include "cli/nearest.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"

namespace equeue::cli {
namespace {

using Keys = std::vector<store::ListedApiKey>;

// The key of that id; else those of that name that were not revoked, or, when there is no such, one that was.
Keys meant_by(const std::string& text, const Keys& keys) {
  Keys named;
  for (const auto& key : keys) {
    if (key.id == text) return {key};
    if (key.name == text) named.push_back(key);
  }
  Keys live;
  std::ranges::copy_if(named, std::back_inserter(live),
                       [](const store::ListedApiKey& key) { return !key.revoked_at; });
  if (live.empty() && !named.empty()) live.push_back(named.front());
  return live;
}

int no_such_key(Session& session, const std::string& text, const Keys& keys) {
  std::vector<std::string> known;
  for (const auto& key : keys) {
    if (key.revoked_at) continue;
    known.push_back(key.id);
    known.push_back(key.name);
  }
  const auto meant = nearest(text, known);
  session.terminal.error({.code = ErrorCode::invalid_argument,
                          .message = fmt::format("there is no API key '{}'", text),
                          .hint = meant ? fmt::format("did you mean {}?", *meant)
                                        : std::string("`equeue keys list` shows which there are")});
  return exit_code::not_found;
}

Error several(const std::string& name, const Keys& keys) {
  std::vector<std::string> ids;
  for (const auto& key : keys) ids.push_back(key.id);
  return {.code = ErrorCode::invalid_argument,
          .message = fmt::format("{} API keys are named '{}'", keys.size(), name),
          .hint = fmt::format("say which by its id: {}", fmt::join(ids, ", "))};
}

Result<int> run(const std::string& given, Session& session) {
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  // Who holds a key that has got lost has nothing else to name it by. Its secret is not repeated.
  const auto whole = auth::parse_api_key(given);
  const auto text = whole ? whole->id : given;
  const auto keys = all_keys(store->cell());
  if (!keys) return keys.error();
  const auto meant = meant_by(text, *keys);
  if (meant.empty()) return no_such_key(session, text, *keys);
  if (meant.size() > 1) return several(text, meant);
  const auto& key = meant.front();
  const auto revoked = store::revoke_api_key(store->cell(), key.id, session.settings.surroundings.user);
  if (!revoked) return revoked.error();
  if (!*revoked) return no_such_key(session, text, *keys);
  if (session.json) {
    session.terminal.print_line(JsonObject().text("id", key.id).text("name", key.name).str());
  } else {
    session.terminal.print_line(
        fmt::format("key {} ('{}') {}", key.id, key.name,
                    key.revoked_at ? "was revoked before" : "is revoked and good for nothing any more"));
  }
  return exit_code::ok;
}

}  // namespace

void add_keys_revoke(Command keys) {
  auto key = std::make_shared<std::string>();
  keys.command("revoke", "Make an API key void, for good")
      .required_argument("KEY", *key, "Its id, or its name when no other has that, or the key itself")
      .examples({"equeue keys revoke mailer", "equeue keys revoke k3v2x7ab"})
      .action([key](Session& session) { return run(*key, session); });
}

}  // namespace equeue::cli
