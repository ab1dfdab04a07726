#include "cli/job_line.hpp"

#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>

#include "base/duration.hpp"
#include "base/json_parts.hpp"
#include "base/time_text.hpp"

namespace equeue::cli {
namespace {

using std::chrono::milliseconds;

struct RetryLine {
  std::string backoff;
  std::optional<std::string> delay;
  std::optional<std::string> cap;
};
BOOST_DESCRIBE_STRUCT(RetryLine, (), (backoff, delay, cap))

struct JobLine {
  std::string task;
  std::optional<boost::json::value> payload;
  std::optional<std::string> queue;
  std::optional<int> priority;
  std::optional<std::string> run_at;
  std::optional<std::string> delay;
  std::optional<std::string> key;
  std::optional<int> max_attempts;
  std::optional<std::string> timeout;
  std::optional<RetryLine> retry;
};
BOOST_DESCRIBE_STRUCT(JobLine, (),
                      (task, payload, queue, priority, run_at, delay, key, max_attempts, timeout, retry))

// Reads texts into values and keeps what went wrong.
class Fields {
 public:
  void duration(const std::optional<std::string>& text, std::string pointer, auto& into) {
    if (!text) return;
    const auto value = parse_duration(*text);
    if (value) {
      into = *value;
    } else {
      refuse(std::move(pointer), value.error());
    }
  }

  void time(const std::optional<std::string>& text, std::string pointer, std::optional<TimePoint>& into) {
    if (!text) return;
    const auto value = parse_time(*text);
    if (value) {
      into = *value;
    } else {
      refuse(std::move(pointer), value.error());
    }
  }

  void refuse(std::string pointer, const Error& error) {
    faults_.push_back({std::move(pointer), fmt::format("{} ({})", error.message, error.hint)});
  }

  [[nodiscard]] std::vector<Fault>& faults() { return faults_; }

 private:
  std::vector<Fault> faults_;
};

void read_retry(const RetryLine& line, Fields& fields, std::optional<RetryPolicy>& into) {
  RetryPolicy retry;
  if (line.backoff == "fixed") {
    retry.backoff = RetryPolicy::Backoff::fixed;
  } else if (line.backoff != "exponential") {
    fields.refuse("/retry/backoff", {.message = fmt::format("'{}' is not a backoff", line.backoff),
                                     .hint = "use fixed or exponential"});
  }
  fields.duration(line.delay, "/retry/delay", retry.delay);
  fields.duration(line.cap, "/retry/cap", retry.cap);
  into = retry;
}

}  // namespace

Result<NewJob> parse_job_line(std::string_view text) {
  auto document = detail::parse(text);
  if (!document) return document.error();
  auto line = from_json<JobLine>(*document);
  if (!line) return line.error();
  NewJob job{.task = std::move(line->task)};
  // The text and not the value, which would round numbers beyond 64 bits.
  if (const auto payload = member_text(text, "payload"); !payload.empty()) job.payload = payload;
  Fields fields;
  auto& options = job.options;
  options.queue = std::move(line->queue);
  options.priority = line->priority;
  options.key = std::move(line->key);
  options.max_attempts = line->max_attempts;
  fields.time(line->run_at, "/run_at", options.run_at);
  fields.duration(line->delay, "/delay", options.delay);
  fields.duration(line->timeout, "/timeout", options.timeout);
  if (line->retry) read_retry(*line->retry, fields, options.retry);
  if (fields.faults().empty()) return job;
  return Error{.code = ErrorCode::invalid_payload,
               .message = "the line does not describe a job",
               .faults = std::move(fields.faults())};
}

}  // namespace equeue::cli
