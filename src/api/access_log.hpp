// One line of JSON on stdout for each request: who, what, how long; no query, no header, no body.
#pragma once

#include "http/server.hpp"

namespace equeue::api {

void write_access_log(const http::Exchange& exchange);

}  // namespace equeue::api
