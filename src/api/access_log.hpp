// One line of JSON on stdout for each request: who, what, how long; no query, no header, no body.
#pragma once

#include <string>

#include "http/server.hpp"

namespace equeue::api {

[[nodiscard]] std::string access_line(const http::Exchange& exchange);

// The line goes out at once; one that cannot be written is lost.
void write_access_log(const http::Exchange& exchange);

}  // namespace equeue::api
