// Who asks, and what that one may do.
#pragma once

#include <cstdint>
#include <equeue/error.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::auth {

enum class Scope : std::uint8_t {
  enqueue,  // enqueue jobs, and read those by id
  work,     // claim, heartbeat, settle, release
  read,     // look at everything but secrets
  admin     // all of these, and change what is not a job's own course
};

[[nodiscard]] std::string_view to_string(Scope scope);

// A value.
class Scopes {
 public:
  Scopes() = default;
  Scopes(std::initializer_list<Scope> scopes) {
    for (const auto scope : scopes) add(scope);
  }

  void add(Scope scope) { bits_ |= bit(scope); }
  // Whether it is there, or implied: admin implies the others.
  [[nodiscard]] bool allows(Scope scope) const { return (bits_ & (bit(scope) | bit(Scope::admin))) != 0; }
  // Whether every one of `others` is allowed: nobody gives away more than he has.
  [[nodiscard]] bool covers(const Scopes& others) const;
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] std::vector<std::string> names() const;

  bool operator==(const Scopes&) const = default;

 private:
  static constexpr std::uint8_t bit(Scope scope) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(scope));
  }
  std::uint8_t bits_ = 0;
};

// invalid_argument that names the word which is no scope; also when there is none.
[[nodiscard]] Result<Scopes> parse_scopes(std::span<const std::string> names);

// invalid_argument unless it is a queue's name, or the beginning of one and a '*' at its end; "*" alone is
// all queues.
[[nodiscard]] Result<void> check_queue_pattern(std::string_view pattern);

// Whether one of the patterns, which are checked, takes the queue.
[[nodiscard]] bool matches(std::span<const std::string> patterns, std::string_view queue);

// Whether one of the patterns takes every queue that `pattern` takes.
[[nodiscard]] bool covers(std::span<const std::string> patterns, std::string_view pattern);

struct Principal {
  enum class Kind { user, key };
  Kind kind = Kind::user;
  std::string id;
  std::string name;
  Scopes scopes;
  std::vector<std::string> queues;  // patterns

  [[nodiscard]] bool may(Scope scope) const { return scopes.allows(scope); }
  [[nodiscard]] bool may(Scope scope, std::string_view queue) const {
    return may(scope) && matches(queues, queue);
  }
};

// As the audit and a lease's owner name it: "user:anna", "key:k3v9x2ab".
[[nodiscard]] std::string to_string(const Principal& principal);

}  // namespace equeue::auth
