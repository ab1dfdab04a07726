// A worker over HTTP that does nothing but its duty.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>

#include "bench/http_connection.hpp"

namespace equeue::bench {

// POST /v1/leases with that body, then settles what came as succeeded. Answers how many jobs those were.
// Throws when an answer is no success.
[[nodiscard]] boost::asio::awaitable<std::size_t> claim_and_settle(HttpConnection& connection,
                                                                   std::string claim_body);

}  // namespace equeue::bench
