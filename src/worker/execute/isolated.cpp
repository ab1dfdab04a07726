#include "worker/execute/isolated.hpp"

#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "process/process.hpp"
#include "task/run.hpp"

namespace equeue::worker {
namespace {

constexpr const char* child_variable = "EQUEUE_ISOLATED_CHILD";
constexpr int result_fd = 3;

// What goes over the pipe: the facts one way, the outcome the other.
struct WireFacts {
  JobId job;
  std::string task, queue, payload;
  std::optional<std::string> key;
  int priority = 0, attempt = 0, max_attempts = 0;
  std::optional<std::int64_t> timeout_ms;
  std::int64_t enqueued_at_us = 0;
};
BOOST_DESCRIBE_STRUCT(WireFacts, (),
                      (job, task, queue, payload, key, priority, attempt, max_attempts, timeout_ms,
                       enqueued_at_us))

struct WireOutcome {
  int kind = 0;
  std::string result, error;
  std::optional<std::string> log;
  std::optional<std::int64_t> delay_ms;
  bool permanent = false;
};
BOOST_DESCRIBE_STRUCT(WireOutcome, (), (kind, result, error, log, delay_ms, permanent))

// The longest answer that a child may give. Quotes double the size of a result, which is valid JSON; of an
// error or a log, which may be anything, a control character becomes six.
constexpr std::size_t answer_bytes_max = 2 * limits::payload_bytes_max + 6 * 2 * text_bytes_max + 1024;

std::vector<std::string> own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> command;
  for (std::string word; std::getline(file, word, '\0');) command.push_back(word);
  if (!command.empty()) command.front() = "/proc/self/exe";
  return command;
}

std::string to_wire(const Context::Facts& facts) {
  return to_json_text(WireFacts{
      facts.job, facts.task, facts.queue, facts.payload, facts.key, facts.priority, facts.attempt,
      facts.max_attempts, facts.timeout ? std::optional<std::int64_t>(facts.timeout->count()) : std::nullopt,
      facts.enqueued_at.time_since_epoch().count()});
}

Outcome crashed(const process::ProcessReport& report) {
  Outcome outcome{.kind = Outcome::Kind::crashed};
  if (const auto* signalled = std::get_if<process::Signalled>(&report.end)) {
    outcome.error =
        fmt::format("its process died of signal {} ({})", signalled->signo, strsignal(signalled->signo));
  } else if (const auto* exited = std::get_if<process::Exited>(&report.end)) {
    outcome.error = fmt::format("its process ended with code {} and without an answer", exited->code);
  } else if (const auto* failed = std::get_if<process::CouldNotStart>(&report.end)) {
    outcome.kind = Outcome::Kind::failed;
    outcome.error = to_string(failed->error);
  } else {
    outcome.error = "its process ended without an answer";
  }
  return outcome;
}

}  // namespace

Outcome run_isolated(Running& job, const ProcessHandler& handler, std::chrono::milliseconds grace) {
  const process::ProcessRequest request{.command = own_command(),
                                        .stdin_text = to_wire(job.context().facts()),
                                        .environment = {{child_variable, "1"}},
                                        .grace = grace,
                                        .result_bytes_max = answer_bytes_max,
                                        .memory_bytes_max = handler.memory_bytes_max,
                                        .result_fd = result_fd};
  const auto report = process::run_process(request, job.context().stop_token());
  Outcome outcome;
  if (auto answer = from_json_text<WireOutcome>(report.result_text)) {
    outcome = {.kind = static_cast<Outcome::Kind>(answer->kind),
               .result = answer->result,
               .error = answer->error,
               .log = answer->log,
               .delay = std::nullopt,
               .permanent = answer->permanent};
    if (answer->delay_ms) outcome.delay = std::chrono::milliseconds(*answer->delay_ms);
  } else {
    outcome = crashed(report);
  }
  if (!outcome.log && !report.stderr_tail.empty()) outcome.log = report.stderr_tail;
  return outcome;
}

bool is_isolated_child() {
  return std::getenv(child_variable) != nullptr;
}

void serve_isolated(const Registry& registry) {
  // The worker's SIGTERM is the stop request of this one handler. Blocked first, so that no thread takes it
  // by default.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::stop_source stop;
  std::thread([stop_signals, stop]() mutable {
    int received = 0;
    sigwait(&stop_signals, &received);
    stop.request_stop();
  }).detach();
  unsetenv(child_variable);

  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  auto wire = from_json_text<WireFacts>(input).value();
  Context::Facts facts{wire.job,     wire.task,
                       wire.queue,   wire.payload,
                       wire.key,     wire.priority,
                       wire.attempt, wire.max_attempts,
                       std::nullopt, TimePoint(std::chrono::microseconds(wire.enqueued_at_us))};
  if (wire.timeout_ms) facts.timeout = std::chrono::milliseconds(*wire.timeout_ms);
  Context context(std::move(facts), stop.get_token());
  Outcome outcome = Outcome::failed("the child does not know the task");
  const auto* task = registry.find(wire.task);
  if (const auto* handler = task ? std::get_if<ProcessHandler>(&task->handler) : nullptr) {
    outcome = task::guarded(handler->in_child, context);
  }
  if (!outcome.log) outcome.log = context.log_tail();
  // Here too, because what cannot be stored might not come through the pipe either.
  outcome = settle_outcome(std::move(outcome), StopReason::none);
  const auto answer = to_json_text(WireOutcome{
      static_cast<int>(outcome.kind), outcome.result, outcome.error, outcome.log,
      outcome.delay ? std::optional<std::int64_t>(outcome.delay->count()) : std::nullopt, outcome.permanent});
  std::string_view rest = answer;
  while (!rest.empty()) {
    const auto written = write(result_fd, rest.data(), rest.size());
    if (written <= 0) _exit(EXIT_FAILURE);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  std::cout.flush();
  _exit(EXIT_SUCCESS);
}

}  // namespace equeue::worker
