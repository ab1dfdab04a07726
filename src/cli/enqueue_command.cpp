#include <equeue/limits.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/enqueue_batch.hpp"
#include "cli/session.hpp"

namespace equeue::cli {
namespace {

using std::chrono::milliseconds;

struct Options {
  std::optional<std::string> task;
  std::optional<std::string> payload;
  std::optional<std::string> batch;
  std::optional<std::string> run_at;
  std::optional<milliseconds> retry_fixed;
  std::optional<milliseconds> retry_exponential;
  std::optional<milliseconds> retry_cap;
  EnqueueOptions job;
};

Error invalid(std::string message, std::string hint) {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)};
}

// One byte more than the limit is enough to be refused; a huge file is not read.
Result<std::string> read_payload(std::istream& in) {
  std::string text(limits::payload_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<std::string> payload_text(const std::optional<std::string>& given) {
  if (!given) return "{}";
  if (*given == "-") return read_payload(std::cin);
  if (!given->starts_with('@')) return *given;
  const auto file = given->substr(1);
  std::ifstream in(file);
  if (in && !std::filesystem::is_directory(file)) return read_payload(in);
  return Error{.code = ErrorCode::io,
               .message = fmt::format("cannot read the payload from {}", file),
               .hint = "is there such a file, and may you read it?"};
}

Result<std::optional<RetryPolicy>> retry_of(const Options& options) {
  if (options.retry_fixed && options.retry_exponential) {
    return invalid("--retry-fixed and --retry-exponential exclude each other", "give one of them");
  }
  if (options.retry_cap && !options.retry_exponential) {
    return invalid("--retry-cap goes with --retry-exponential only", "give both, or neither");
  }
  if (!options.retry_fixed && !options.retry_exponential) return std::optional<RetryPolicy>();
  RetryPolicy retry;
  retry.backoff = options.retry_fixed ? RetryPolicy::Backoff::fixed : RetryPolicy::Backoff::exponential;
  retry.delay = options.retry_fixed ? *options.retry_fixed : *options.retry_exponential;
  retry.cap =
      std::max(options.retry_cap.value_or(retry.cap), options.retry_cap ? milliseconds(0) : retry.delay);
  return std::optional(retry);
}

Result<NewJob> job_of(const Options& options) {
  NewJob job{.task = *options.task, .options = options.job};
  auto payload = payload_text(options.payload);
  if (!payload) return payload.error();
  job.payload = std::move(*payload);
  if (options.run_at) {
    const auto time = parse_time(*options.run_at);
    if (!time) return time.error();
    job.options.run_at = *time;
  }
  auto retry = retry_of(options);
  if (!retry) return retry.error();
  job.options.retry = *retry;
  return job;
}

Error explain(Error error, const std::string& task) {
  if (error.code == ErrorCode::unknown_task) {
    error.hint =
        fmt::format("start a worker that has it, or define [tasks.\"{}\"] in the configuration file", task);
  }
  return error;
}

Result<int> enqueue_one(const Options& options, Session& session) {
  const auto job = job_of(options);
  if (!job) return job.error();
  auto client = make_client(session);
  if (!client) return client.error();
  if (auto declared = declare_known(session, *client, std::span(&job->task, 1)); !declared)
    return declared.error();
  const auto enqueued = client->enqueue(*job);
  if (!enqueued) return explain(enqueued.error(), job->task);
  if (session.json) {
    session.terminal.print_line(
        JsonObject().text("id", to_string(enqueued->id)).boolean("existing", enqueued->existing).str());
    return 0;
  }
  if (enqueued->existing)
    session.terminal.note("existing: the key is known, and this is the job that has it");
  session.terminal.print_line(to_string(enqueued->id));
  return 0;
}

Result<int> run(const Options& options, Session& session) {
  if (options.batch && options.task)
    return invalid("--batch takes its tasks from the file", "leave TASK out");
  if (options.batch) return enqueue_batch(session, *options.batch);
  if (!options.task) return invalid("which task?", "equeue enqueue TASK [PAYLOAD], or --batch FILE");
  return enqueue_one(options, session);
}

}  // namespace

void add_enqueue(Command root) {
  constexpr int priority_last = limits::priority_last;
  auto options = std::make_shared<Options>();
  root.command("enqueue", "Enqueue one job, or many with --batch; prints the job's id")
      .argument("TASK", options->task, "The task's name, as reports.render")
      .argument("PAYLOAD", options->payload, "JSON; - reads standard input, @FILE a file (default: {})")
      .option("--queue", options->job.queue, "QUEUE", "Not the task's own queue but this one")
      .option("--priority", options->job.priority, limits::priority_first, priority_last,
              "0 (first) to 9 (last)")
      .option("--delay", options->job.delay, "Not before this time has passed, as 30s or 2h")
      .option("--run-at", options->run_at, "TIME", "Not before this time, as 2026-01-31T12:00:00Z")
      .option("--key", options->job.key, "KEY", "Idempotency key: the same key gives the same job")
      .option("--max-attempts", options->job.max_attempts, 1, limits::attempts_max,
              "Attempts until it is dead")
      .option("--timeout", options->job.timeout, "Longest time of one attempt")
      .option("--retry-fixed", options->retry_fixed, "Always so long between two attempts")
      .option("--retry-exponential", options->retry_exponential,
              "At first so long, then twice, four times … as long")
      .option("--retry-cap", options->retry_cap, "Never longer than this (default: 1h)")
      .option("--batch", options->batch, "FILE",
              "Enqueue a job for each line, {\"task\": …, \"payload\": …, …}; - reads standard input")
      .examples({"equeue enqueue reports.render '{\"report_id\": 7}' --key report-7",
                 "equeue enqueue http.request '{\"url\": \"https://example.com/hook\"}' --delay 5m",
                 "equeue enqueue reports.render @report.json --queue slow --max-attempts 3",
                 "equeue enqueue --batch jobs.jsonl"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
