#include "api/guard.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/call.hpp"
#include "auth/secret.hpp"
#include "base/log.hpp"
#include "http/problem.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::string_view scheme = "bearer ";

// A signing key signs for a day; its tokens are good for as long as they live, and a minute more for clocks.
constexpr std::chrono::hours key_life{24};
constexpr std::chrono::seconds key_overlap = auth::token_life + std::chrono::minutes(1);
constexpr std::size_t key_bytes = 32;
constexpr std::size_t key_id_bytes = 6;
constexpr std::chrono::seconds between_unknown_keys{1};

[[noreturn]] void refuse_credentials(std::string_view detail) {
  auto response = http::problem(401, "unauthenticated", detail);
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="equeue")");
  throw Refused(std::move(response));
}

bool starts_with_scheme(std::string_view text) {
  return text.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), text.begin(), [](char wanted, char got) {
           return wanted == (got >= 'A' && got <= 'Z' ? static_cast<char>(got - 'A' + 'a') : got);
         });
}

std::optional<auth::Scopes> scopes_of(const std::vector<std::string>& names) {
  auto scopes = auth::parse_scopes(names);
  return scopes ? std::optional(*scopes) : std::nullopt;
}

}  // namespace

net::awaitable<auth::Principal> Guard::identify(const http::Request& request) {
  const auto header = http::header(request.headers, "authorization");
  if (header.empty()) {
    refuse_credentials("this needs credentials: an Authorization header with Bearer and an API key or token");
  }
  if (!starts_with_scheme(header)) refuse_credentials("the Authorization header is not of the form Bearer …");
  std::string credentials(header.substr(scheme.size()));
  std::optional<auth::Principal> principal;
  if (credentials.starts_with("eq_")) {
    principal = co_await identify_key(std::move(credentials));
  } else {
    principal = co_await identify_user(std::move(credentials), request.id);
  }
  if (!principal) refuse_credentials("these credentials are not good: wrong, expired or revoked");
  co_return std::move(*principal);
}

net::awaitable<std::optional<auth::Principal>> Guard::identify_key(std::string text) {
  const auto key = auth::parse_api_key(text);
  if (!key) co_return std::nullopt;
  const auto* known = api_keys_.find(key->id);
  if (known == nullptr) {
    const auto flight = "key " + key->id;
    const SingleFlight::Read load = [this, id = key->id] { return load_api_key(id); };
    co_await flights_.join(flight, load);
    known = api_keys_.find(key->id);
  }
  if (known == nullptr || !known->has_value()) co_return std::nullopt;
  const auto& record = **known;
  if (!auth::same(auth::digest(key->secret), record.secret)) co_return std::nullopt;
  if (record.expires_at && *record.expires_at <= std::chrono::system_clock::now()) co_return std::nullopt;
  const auto scopes = scopes_of(record.scopes);
  if (!scopes) co_return std::nullopt;
  auth::Principal principal{.kind = auth::Principal::Kind::key,
                            .id = record.id,
                            .name = record.name,
                            .scopes = *scopes,
                            .queues = record.queue_patterns};
  if (touched_.find(record.id) == nullptr) {
    touched_.keep(record.id, true);
    const auto executor = co_await net::this_coro::executor;
    net::co_spawn(
        executor,
        [](DatabasePool& database, std::string id) -> net::awaitable<void> {
          const auto touch = [id](store::Cell cell) { return touch_api_key(cell, id); };
          const auto touched = co_await database.call(touch);
          if (!touched)
            log::warning("serve: the last use of a key was not noted: {}", touched.error().message);
        }(database_, record.id),
        net::detached);
  }
  co_return principal;
}

net::awaitable<std::optional<auth::Principal>> Guard::identify_user(std::string token, std::string request) {
  if (Clock::now() - signing_keys_read_at_ > memory) co_await read_signing_keys();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto claims = auth::verify(token, signing_keys_, now);
  if (!claims && Clock::now() - signing_keys_read_at_ > between_unknown_keys) {
    // Another server may have just begun to sign with a new key.
    co_await read_signing_keys();
    claims = auth::verify(token, signing_keys_, now);
  }
  if (!claims) {
    log::info("request {}: the access token was refused: {}", request, claims.error().message);
    co_return std::nullopt;
  }
  const auto id = parse_id<store::UserId>(claims->user_id);
  const auto session = parse_id<store::SessionId>(claims->session_id);
  if (!id || !session) co_return std::nullopt;
  const auto place = to_string(*session);
  const auto* known = users_.find(place);
  if (known == nullptr) {
    const auto flight = "session " + place;
    const SingleFlight::Read load = [this, id = *id, session = *session] { return load_user(id, session); };
    co_await flights_.join(flight, load);
    known = users_.find(place);
  }
  if (known == nullptr || !known->has_value()) co_return std::nullopt;
  const auto& user = **known;
  if (user.id != *id || user.disabled_at || user.generation != claims->generation) co_return std::nullopt;
  co_return auth::Principal{.kind = auth::Principal::Kind::user,
                            .id = to_string(*id),
                            .name = user.name,
                            .scopes = claims->scopes,
                            .queues = {"*"}};
}

net::awaitable<void> Guard::load_api_key(std::string id) {
  const auto find = [id](store::Cell cell) { return find_api_key(cell, id); };
  auto found = co_await database_.call(find);
  api_keys_.keep(id, std::move(found.value()));
}

net::awaitable<void> Guard::load_user(store::UserId id, store::SessionId session) {
  const auto get = [id, session](store::Cell cell) { return get_user(cell, id, session); };
  auto found = co_await database_.call(get);
  users_.keep(to_string(session), std::move(found.value()));
}

net::awaitable<void> Guard::read_signing_keys() {
  const SingleFlight::Read load = [this] { return load_signing_keys(); };
  co_await flights_.join("signing keys", load);
}

net::awaitable<void> Guard::load_signing_keys() {
  auto stored = co_await database_.call([](store::Cell cell) { return live_signing_keys(cell); });
  signing_keys_.clear();
  for (auto& key : stored.value()) signing_keys_.push_back({key.id, std::move(key.secret)});
  signing_keys_read_at_ = Clock::now();
}

net::awaitable<auth::SigningKey> Guard::signing_key() {
  if (signing_keys_.empty() || Clock::now() - signing_keys_read_at_ > memory) co_await read_signing_keys();
  if (signing_keys_.empty()) co_await renew_signing_key();
  co_return signing_keys_.at(0);
}

net::awaitable<std::vector<auth::SigningKey>> Guard::signing_keys(std::chrono::milliseconds age_max) {
  if (Clock::now() - signing_keys_read_at_ > age_max) co_await read_signing_keys();
  co_return signing_keys_;
}

net::awaitable<void> Guard::renew_signing_key() {
  auto id = auth::random_text(key_id_bytes);
  auto secret = auth::random_text(key_bytes);
  const auto rotate = [id, secret](store::Cell cell) {
    return rotate_signing_key(cell, id, secret, key_life, key_overlap, "server");
  };
  auto rotated = co_await database_.call(rotate);
  if (rotated.value()) log::info("serve: a new key signs access tokens from now on");
  co_await read_signing_keys();
}

}  // namespace equeue::api
