// Connection strings without their secrets.
#pragma once

#include <string>
#include <string_view>

namespace equeue::cli {

// A libpq URI or key=value string with every password replaced by "***". What cannot be read is masked
// from the first place on where a secret could stand.
[[nodiscard]] std::string masked_url(std::string_view url);

}  // namespace equeue::cli
