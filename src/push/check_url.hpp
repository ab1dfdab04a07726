// Whether a target's URL can be called.
#pragma once

#include <equeue/error.hpp>
#include <string>

namespace equeue::push {

// invalid_argument unless it is http or https, at most 2,048 characters, has no user, password or fragment,
// and libcurl reads it as we do. The database refuses most of that as well (push_targets.url_rule), but
// cannot ask libcurl.
[[nodiscard]] Result<void> check_url(const std::string& url);

}  // namespace equeue::push
