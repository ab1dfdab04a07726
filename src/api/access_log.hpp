// One line of JSON on stdout for each request: who, what, how long; no query, no header, no body.
#pragma once

#include <string>

#include "http/server.hpp"

namespace equeue::api {

[[nodiscard]] std::string access_line(const http::Exchange& exchange);

// Writes it to stdout. Never waits for whoever reads there: false when the line was lost, because there was
// no room for it at once.
[[nodiscard]] bool write_access_log(const http::Exchange& exchange);

}  // namespace equeue::api
