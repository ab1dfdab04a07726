#include "api/access_log.hpp"

#include <poll.h>
#include <unistd.h>

#include <climits>

#include "base/json_document.hpp"
#include "base/time_text.hpp"

namespace equeue::api {
namespace {

// So that a line fits into PIPE_BUF, also when every byte of the path is escaped as \u00XX.
constexpr std::size_t path_shown_max = 512;

}  // namespace

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
      .text("path", std::string_view(exchange.path).substr(0, path_shown_max))
      .text("route", known(exchange.pattern))
      .number("status", exchange.status)
      .number("bytes_in", static_cast<std::int64_t>(exchange.bytes_in))
      .number("bytes_out", static_cast<std::int64_t>(exchange.bytes_out))
      .number("took_us", exchange.took.count())
      .str();
}

bool write_access_log(const http::Exchange& exchange) {
  const auto line = access_line(exchange) + '\n';
  // A pipe that is ready has room for PIPE_BUF bytes, and takes so many as a whole.
  if (line.size() > PIPE_BUF) return false;
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return false;
  return ::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace equeue::api
