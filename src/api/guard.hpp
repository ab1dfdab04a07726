// Who asks: from the credentials of a request to a Principal.
//
// API keys, users with their sessions, and signing keys are read from the database and remembered for
// `memory`, so that a busy client costs no query a request, and a revocation is felt everywhere within that
// time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/database_pool.hpp"
#include "api/single_flight.hpp"
#include "auth/access_token.hpp"
#include "auth/principal.hpp"
#include "http/message.hpp"
#include "store/access.hpp"

namespace equeue::api {

// Answers of the database, for a while and in bounded number; also that there is none. On one thread.
template <class Value>
class Memory {
 public:
  using Clock = std::chrono::steady_clock;

  Memory(Clock::duration life, std::size_t entries_max) : life_(life), entries_max_(entries_max) {}

  [[nodiscard]] const Value* find(const std::string& name) const {
    const auto found = places_.find(name);
    if (found == places_.end() || Clock::now() - found->second->at > life_) return nullptr;
    return &found->second->value;
  }
  void keep(const std::string& name, Value value) {
    forget(name);
    if (places_.size() >= entries_max_) forget(std::string(entries_.front().name));
    entries_.push_back({name, std::move(value), Clock::now()});
    places_[name] = std::prev(entries_.end());
  }
  template <class Predicate>
  void forget_if(Predicate predicate) {
    std::vector<std::string> names;
    for (const auto& entry : entries_) {
      if (predicate(entry.value)) names.push_back(entry.name);
    }
    for (const auto& name : names) forget(name);
  }
  void forget(const std::string& name) {
    const auto found = places_.find(name);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

 private:
  struct Entry {
    std::string name;
    Value value;
    Clock::time_point at;
  };
  const Clock::duration life_;
  const std::size_t entries_max_;
  std::list<Entry> entries_;  // the oldest first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
};

// On the server's thread.
class Guard {
 public:
  static constexpr std::chrono::seconds memory{3};

  explicit Guard(DatabasePool& database) : database_(database) {}

  // The caller, from `Authorization: Bearer`. Throws Refused with 401 when there are no credentials or they
  // are not good, whatever the reason; Exception when the database cannot be asked.
  [[nodiscard]] boost::asio::awaitable<auth::Principal> identify(const http::Request& request);

  // The key to sign new tokens with; made if there is none. Throws Exception.
  [[nodiscard]] boost::asio::awaitable<auth::SigningKey> signing_key();
  // All that are live, the one to sign with first, as they were `age_max` ago at most. Throws Exception.
  [[nodiscard]] boost::asio::awaitable<std::vector<auth::SigningKey>> signing_keys(
      std::chrono::milliseconds age_max);
  // Makes a new signing key when the present one is a day old; called now and then.
  [[nodiscard]] boost::asio::awaitable<void> renew_signing_key();

  // After a change that was made through this server: felt here at once.
  void forget_key(const std::string& id) { api_keys_.forget(id); }
  void forget_user(std::string_view name) {
    users_.forget_if([&](const std::optional<store::User>& user) { return user && user->name == name; });
  }
  void forget_session(const store::SessionId& id) { users_.forget(to_string(id)); }

 private:
  [[nodiscard]] boost::asio::awaitable<std::optional<auth::Principal>> identify_key(std::string text);
  [[nodiscard]] boost::asio::awaitable<std::optional<auth::Principal>> identify_user(std::string token,
                                                                                     std::string request);
  // Of those who need the same at once one reads.
  [[nodiscard]] boost::asio::awaitable<void> read_signing_keys();
  [[nodiscard]] boost::asio::awaitable<void> load_signing_keys();
  [[nodiscard]] boost::asio::awaitable<void> load_api_key(std::string id);
  [[nodiscard]] boost::asio::awaitable<void> load_user(store::UserId id, store::SessionId session);

  DatabasePool& database_;
  SingleFlight flights_;
  static constexpr std::size_t remembered_max = 20'000;
  Memory<std::optional<store::ApiKeyRecord>> api_keys_{memory, remembered_max};
  Memory<std::optional<store::User>> users_{memory, remembered_max};  // by session
  Memory<bool> touched_{std::chrono::minutes(1), remembered_max};
  std::vector<auth::SigningKey> signing_keys_;  // the one to sign with first
  std::chrono::steady_clock::time_point signing_keys_read_at_{};
};

}  // namespace equeue::api
