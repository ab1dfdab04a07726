#include "api/grant.hpp"

namespace equeue::api {
namespace {

constexpr std::size_t patterns_max = 100;

}  // namespace

auth::Scopes grantable_scopes(const Call& call, const std::vector<std::string>& names) {
  const auto scopes = auth::parse_scopes(names);
  if (!scopes) refuse(400, "invalid_body", scopes.error().message, {{"/scopes", to_string(scopes.error())}});
  if (!call.principal().scopes.covers(*scopes))
    refuse(403, "permission_denied", fmt::format("{} cannot give scopes that it has not", call.actor()));
  return *scopes;
}

void check_grantable_queues(const Call& call, const std::vector<std::string>& patterns) {
  std::vector<Fault> faults;
  if (patterns.empty() || patterns.size() > patterns_max)
    faults.push_back(
        {"/queues", fmt::format("holds {} patterns; 1 to {} are good", patterns.size(), patterns_max)});
  for (std::size_t i = 0; i < patterns.size() && i < patterns_max; ++i) {
    const auto valid = auth::check_queue_pattern(patterns[i]);
    if (!valid) faults.push_back({fmt::format("/queues/{}", i), to_string(valid.error())});
  }
  if (!faults.empty()) refuse(400, "invalid_body", "these are no queues", faults);
  if (!are_within_own(call, patterns))
    refuse(403, "permission_denied", fmt::format("{} cannot give queues that it has not", call.actor()));
}

bool are_within_own(const Call& call, const std::vector<std::string>& patterns) {
  return std::ranges::all_of(
      patterns, [&](const std::string& pattern) { return auth::covers(call.principal().queues, pattern); });
}

void require_all_queues(const Call& call, std::string_view to_do) {
  if (call.may_all_queues()) return;
  refuse(403, "permission_denied",
         fmt::format("{} has some queues only, and who {} must have all", call.actor(), to_do));
}

}  // namespace equeue::api
