#include "auth/principal.hpp"

#include "model/names.hpp"

namespace equeue::auth {
namespace {

constexpr std::array all = {Scope::enqueue, Scope::work, Scope::read, Scope::admin};

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::enqueue:
      return "enqueue";
    case Scope::work:
      return "work";
    case Scope::read:
      return "read";
    case Scope::admin:
      return "admin";
  }
  return "";
}

bool Scopes::covers(const Scopes& others) const {
  return std::ranges::all_of(all, [&](Scope scope) { return !(others.bits_ & bit(scope)) || allows(scope); });
}

std::vector<std::string> Scopes::names() const {
  std::vector<std::string> names;
  for (const auto scope : all) {
    if (bits_ & bit(scope)) names.emplace_back(to_string(scope));
  }
  return names;
}

Result<Scopes> parse_scopes(std::span<const std::string> names) {
  constexpr const char* choices = "choose of enqueue, work, read and admin";
  Scopes scopes;
  for (const auto& name : names) {
    const auto* found = std::ranges::find_if(all, [&](Scope scope) { return to_string(scope) == name; });
    if (found == all.end()) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = fmt::format("'{}' is not a scope", name),
                   .hint = choices};
    }
    scopes.add(*found);
  }
  if (scopes.empty())
    return Error{
        .code = ErrorCode::invalid_argument, .message = "at least one scope is needed", .hint = choices};
  return scopes;
}

Result<void> check_queue_pattern(std::string_view pattern) {
  const bool open = pattern.ends_with('*');
  const auto name = open ? pattern.substr(0, pattern.size() - 1) : pattern;
  if ((open && name.empty()) || model::check_queue_name(name)) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("'{}' is not a queue pattern", pattern),
               .hint = "give a queue's name, or how names begin and a '*', as mail-*; * alone is all queues"};
}

bool matches(std::span<const std::string> patterns, std::string_view queue) {
  return std::ranges::any_of(patterns, [&](std::string_view pattern) {
    return pattern.ends_with('*') ? queue.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : queue == pattern;
  });
}

bool covers(std::span<const std::string> patterns, std::string_view pattern) {
  return std::ranges::any_of(patterns, [&](std::string_view own) {
    return own == pattern || (own.ends_with('*') && pattern.starts_with(own.substr(0, own.size() - 1)));
  });
}

std::string to_string(const Principal& principal) {
  return fmt::format("{}:{}", principal.kind == Principal::Kind::user ? "user" : "key",
                     principal.kind == Principal::Kind::user ? principal.name : principal.id);
}

}  // namespace equeue::auth
