#include "api/access_log.hpp"

#include <cstdio>

#include "base/json_document.hpp"
#include "base/time_text.hpp"

namespace equeue::api {

std::string access_line(const http::Exchange& exchange) {
  const auto known = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
  };
  return JsonObject()
      .time("at", now())
      .text("id", exchange.id)
      .text("peer", exchange.peer)
      .text("caller", known(exchange.caller))
      .text("method", to_string(exchange.method))
      .text("path", exchange.path)
      .text("route", known(exchange.pattern))
      .number("status", exchange.status)
      .number("bytes_in", static_cast<std::int64_t>(exchange.bytes_in))
      .number("bytes_out", static_cast<std::int64_t>(exchange.bytes_out))
      .number("took_us", exchange.took.count())
      .str();
}

void write_access_log(const http::Exchange& exchange) {
  const auto line = access_line(exchange) + '\n';
  // A log that nobody takes is no reason to answer nobody.
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size()) std::fflush(stdout);
  std::clearerr(stdout);
}

}  // namespace equeue::api
