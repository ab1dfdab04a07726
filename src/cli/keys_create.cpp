#include "auth/principal.hpp"
#include "auth/secret.hpp"
#include "base/duration.hpp"
#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/scope_options.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "model/names.hpp"
#include "store/access.hpp"

namespace equeue::cli {
namespace {

constexpr std::size_t patterns_max = 100;  // as the table's

struct Options {
  std::string name;
  std::vector<std::string> scopes;
  std::vector<std::string> queues;
  std::optional<std::chrono::milliseconds> expires;
};

Error wrong(std::string message, std::string hint) {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)};
}

// Everything but the secret.
Result<store::ApiKeyRecord> read(const Options& options) {
  if (!model::check_queue_name(options.name)) {
    return wrong(fmt::format("'{}' is not a key's name", options.name),
                 "use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit");
  }
  auto scopes = read_scopes(options.scopes);
  if (!scopes) return scopes.error();
  store::ApiKeyRecord key{.id = {}, .name = options.name, .scopes = std::move(*scopes)};
  for (const auto& pattern : options.queues) {
    if (auto valid = auth::check_queue_pattern(pattern); !valid) return valid.error();
    key.queue_patterns.push_back(pattern);
  }
  if (key.queue_patterns.empty()) key.queue_patterns.emplace_back("*");
  if (key.queue_patterns.size() > patterns_max) {
    return wrong(fmt::format("{} queues are too many for a key", key.queue_patterns.size()),
                 "name at most 100, or how they begin and a *");
  }
  if (options.expires) {
    if (*options.expires <= std::chrono::milliseconds(0))
      return wrong("a key cannot expire at once", "give --expires a time such as 90d");
    key.expires_at = now() + *options.expires;
  }
  return key;
}

void print(Session& session, const store::ApiKeyRecord& key, const std::string& text) {
  if (session.json) {
    session.terminal.print_line(JsonObject()
                                    .text("id", key.id)
                                    .text("name", key.name)
                                    .text("key", text)
                                    .raw("scopes", json_texts(key.scopes))
                                    .raw("queues", json_texts(key.queue_patterns))
                                    .time("expires_at", key.expires_at)
                                    .str());
    return;
  }
  session.terminal.note(
      fmt::format("key {} ('{}') may {} in {}, {}; it is shown this once:", key.id, key.name,
                  fmt::join(key.scopes, ", "), fmt::join(key.queue_patterns, ", "),
                  key.expires_at ? "until " + format_time(*key.expires_at) : "and does not expire"));
  session.terminal.print_line(text);
}

Result<int> run(const Options& options, Session& session) {
  auto key = read(options);
  if (!key) return key.error();
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  const auto secret = auth::make_api_key();
  key->id = secret.id;
  key->secret = auth::digest(secret.secret);
  auto created = store::create_api_key(store->cell(), *key, session.settings.surroundings.user);
  if (!created) return created.error();
  print(session, *key, to_string(secret));
  return exit_code::ok;
}

}  // namespace

void add_keys_create(Command keys) {
  auto options = std::make_shared<Options>();
  auto command = keys.command("create", "Make an API key for a program and print it, once, alone on stdout");
  command.required_argument("NAME", options->name, "What it is for");
  add_scope_option(command, options->scopes);
  command
      .option("--queue", options->queues, "QUEUE",
              "Only in these queues: a name, or a beginning and a '*'; repeated or with commas (default: *)")
      .option("--expires", options->expires, "How long it is good (default: until it is revoked)")
      .examples({"KEY=$(equeue keys create mailer --scope enqueue --queue 'mail*' --expires 90d)",
                 "equeue keys create renderer --scope work --queue reports --json"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
