// The operations as routes of the HTTP server, each behind the checks that its row asks for.
#pragma once

#include "api/operation.hpp"
#include "api/service.hpp"
#include "http/router.hpp"

namespace equeue::api {

// Adds them all. A route checks, in this order: credentials (401), policy (403), the kind of body (415), the
// names of the query's parameters (400); then it runs its operation. `service` must outlive the router.
void install(http::Router& router, Operations operations, Service& service);

}  // namespace equeue::api
