// What one who administers may give to others: never more than is his own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"

namespace equeue::api {

// The scopes of these names. Refuses with 400 what is no scope, with 403 more than the caller has.
[[nodiscard]] auth::Scopes grantable_scopes(const Call& call, const std::vector<std::string>& names);

// Refuses with 400 what is no pattern of queues, with 403 one that takes queues which the caller's do not.
void check_grantable_queues(const Call& call, const std::vector<std::string>& patterns);

// Whether the caller's own patterns take whatever these take.
[[nodiscard]] bool are_within_own(const Call& call, const std::vector<std::string>& patterns);

// Refuses with 403 unless the caller's queues are all queues, as those of every user are.
void require_all_queues(const Call& call, std::string_view to_do);

}  // namespace equeue::api
