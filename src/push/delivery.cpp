#include "push/delivery.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "base/time_text.hpp"
#include "push/answer.hpp"
#include "push/signature.hpp"

namespace equeue::push {
namespace {

std::string quoted(const std::string& text) {
  return boost::json::serialize(boost::json::string(text));
}

std::string body_of(const Context::Facts& job, const std::string& deadline) {
  return fmt::format(
      R"({{"id":"{}","task":{},"queue":{},"key":{},"attempt":{},"max_attempts":{},"deadline":"{}","payload":{}}})",
      to_string(job.job), quoted(job.task), quoted(job.queue), job.key ? quoted(*job.key) : "null",
      job.attempt, job.max_attempts, deadline, job.payload);
}

}  // namespace

builtin::Transfer request_for(const store::PushRoute& route, const Context::Facts& job,
                              std::chrono::milliseconds timeout, TimePoint now) {
  const auto id = to_string(job.job);
  const auto deadline = format_time(now + timeout);
  const auto sent_at = std::chrono::floor<std::chrono::seconds>(now);
  auto body = route.webhook ? job.payload : body_of(job, deadline);
  auto signature = sign(route.secret, id, sent_at, body);
  return {.url = *route.url,
          .method = builtin::HttpMethod::POST,
          .headers = {{"Content-Type", "application/json"},
                      {"User-Agent", "equeue/" EQUEUE_VERSION},
                      {"webhook-id", id},
                      {"webhook-timestamp", std::to_string(sent_at.time_since_epoch().count())},
                      {"webhook-signature", std::move(signature)},
                      {"equeue-attempt", std::to_string(job.attempt)},
                      {"equeue-deadline", deadline}},
          .body = std::move(body),
          .timeout = timeout,
          .response_bytes_max = answer_bytes_max};
}

}  // namespace equeue::push
