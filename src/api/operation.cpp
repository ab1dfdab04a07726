#include "api/operation.hpp"

#include <algorithm>

namespace equeue::api {

bool Policy::allows(const auth::Principal& principal) const {
  return scopes_.empty() ||
         std::ranges::any_of(scopes_, [&](auth::Scope scope) { return principal.may(scope); });
}

}  // namespace equeue::api
