#include "push/answer.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "base/duration.hpp"
#include "base/payload_check.hpp"
#include "builtin/http_outcome.hpp"
#include "builtin/http_url.hpp"
#include "process/text.hpp"

namespace equeue::push {
namespace {

using builtin::TransferEnd;
using Destination = Verdict::Destination;
using std::chrono::milliseconds;

// A receiver that says "at once" again and again must not be asked a thousand times a second.
constexpr milliseconds retry_after_min{1'000};
constexpr std::size_t log_bytes_max = 1'024;

std::string result_of(const std::string& body) {
  if (body.empty()) return "null";
  if (check_payload_text(body)) return body;
  const auto text = process::valid_utf8(body.substr(0, text_bytes_max));
  return boost::json::serialize(boost::json::string(process::first_bytes(text, text_bytes_max)));
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

bool is_dead(const store::PushRoute& route, int status) {
  return status == 410 || std::find(route.dead_statuses.begin(), route.dead_statuses.end(), status) !=
                              route.dead_statuses.end();
}

Verdict answered(const store::PushRoute& route, const builtin::TransferResult& transfer,
                 std::chrono::sys_seconds now) {
  const int status = transfer.status;
  if (is_success(status)) return {Outcome::succeeded(result_of(transfer.body)), Destination::answered};
  Outcome outcome{.kind = Outcome::Kind::failed,
                  .error = fmt::format("{} answered {}", builtin::url_for_people(*route.url), status)};
  const auto text = process::valid_utf8(transfer.body.substr(0, log_bytes_max));
  if (!text.empty()) outcome.log = process::first_bytes(text, log_bytes_max);
  if (is_dead(route, status)) {
    outcome.permanent = true;
    outcome.error += ", which ends the job";
    return {std::move(outcome), Destination::answered};
  }
  if (status == 429 || status == 503) {
    if (const auto wait = builtin::retry_after(transfer.header("retry-after"), now))
      return {Outcome::snoozed(std::max(*wait, retry_after_min)), Destination::holds};
  }
  if (status >= 300 && status < 400) outcome.error += ", a redirect, which is not followed";
  return {std::move(outcome), status >= 500 ? Destination::failed : Destination::answered};
}

}  // namespace

Verdict verdict_of(const store::PushRoute& route, const builtin::TransferResult& transfer,
                   std::chrono::milliseconds elapsed, std::chrono::sys_seconds now) {
  const auto failed = [&](std::string_view what) {
    return Verdict{Outcome::failed(fmt::format("{}: {}", builtin::url_for_people(*route.url), what)),
                   Destination::failed};
  };
  switch (transfer.end) {
    case TransferEnd::answered:
      return answered(route, transfer, now);
    case TransferEnd::too_large:
      // Headers alone, or the beginning of a body: the receiver has acted, and only what it said of it is
      // cut.
      if (transfer.body.empty()) return failed(fmt::format("the answer has {}", transfer.detail));
      return answered(route, transfer, now);
    case TransferEnd::stopped:
      return {Outcome::snoozed(milliseconds(0)), Destination::untold};
    case TransferEnd::timed_out:
      return failed(fmt::format("no complete answer within {}", describe_duration(elapsed)));
    case TransferEnd::refused: {
      auto refused = failed(
          fmt::format("its host is {}, which this server may not call (allow its range in the server's "
                      "configuration if it should)",
                      transfer.detail));
      refused.outcome.permanent = true;
      refused.destination = Destination::untold;
      return refused;
    }
    case TransferEnd::untrusted:
      return failed(fmt::format("the receiver's certificate is not valid: {}", transfer.detail));
    case TransferEnd::unreachable:
    case TransferEnd::malformed:
      break;
  }
  return failed(transfer.detail);
}

}  // namespace equeue::push
