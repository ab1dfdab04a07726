#include "api/access_log.hpp"

#include <cstdio>

#include "base/json_document.hpp"
#include "base/time_text.hpp"

namespace equeue::api {

void write_access_log(const http::Exchange& exchange) {
  const auto line = JsonObject()
                        .time("at", now())
                        .text("id", exchange.id)
                        .text("peer", exchange.peer)
                        .text("method", to_string(exchange.method))
                        .text("path", exchange.path)
                        .text("route", exchange.pattern)
                        .number("status", exchange.status)
                        .number("bytes_in", static_cast<std::int64_t>(exchange.bytes_in))
                        .number("bytes_out", static_cast<std::int64_t>(exchange.bytes_out))
                        .number("took_us", exchange.took.count())
                        .str();
  fmt::print(stdout, "{}\n", line);
}

}  // namespace equeue::api
