#pragma once

#include <string_view>

namespace equeue::api {

// docs.css.
[[nodiscard]] std::string_view docs_style();

}  // namespace equeue::api
