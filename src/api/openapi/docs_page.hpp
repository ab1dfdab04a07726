// The operations as a page for people: one HTML document that loads nothing and runs nothing.
#pragma once

#include "api/operation.hpp"

namespace equeue::api {

// With a Content-Security-Policy that allows its own style and nothing else.
[[nodiscard]] http::Response docs_page(const Operations& operations);

}  // namespace equeue::api
