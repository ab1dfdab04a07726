#include <equeue/limits.hpp>

#include "base/payload_check.hpp"
#include "base/time_text.hpp"
#include "model/names.hpp"
#include "store/faults.hpp"
#include "store/statement.hpp"
#include "store/store.hpp"

namespace equeue::store {
namespace {

using std::chrono::milliseconds;

Error out_of_range(std::string_view what, std::string_view rule) {
  return {.code = ErrorCode::invalid_argument, .message = fmt::format("{} is outside {}", what, rule)};
}

std::string retry_json(const RetryPolicy& retry) {
  return fmt::format(R"({{"backoff": "{}", "delay_ms": {}, "cap_ms": {}}})",
                     retry.backoff == RetryPolicy::Backoff::fixed ? "fixed" : "exponential",
                     retry.delay.count(), retry.cap.count());
}

Result<void> check_retry(const RetryPolicy& retry) {
  const bool fits = retry.delay >= milliseconds(0) && retry.delay <= limits::timeout_max &&
                    retry.cap >= milliseconds(0) && retry.cap <= limits::timeout_max;
  if (!fits) return out_of_range("a retry delay", "0 to 7 days");
  return {};
}

// Of UTF-8 text, as PostgreSQL counts them: every byte but those that continue a character.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

// A day more than the database allows, which goes by its own clock; this is for what no timestamp can hold.
bool is_too_far(TimePoint run_at) {
  const auto now = std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now());
  return run_at > now + limits::wait_max + std::chrono::hours(24);
}

Result<void> check_options(const EnqueueOptions& options) {
  if (options.queue) {
    if (auto valid = model::check_queue_name(*options.queue); !valid) return valid.error();
    if (options.queue->starts_with("equeue.webhooks")) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "the queues 'equeue.webhooks…' belong to webhooks",
                   .hint = "choose another queue"};
    }
  }
  if (options.priority &&
      (*options.priority < limits::priority_first || *options.priority > limits::priority_last)) {
    return out_of_range(fmt::format("priority {}", *options.priority), "0 (first) to 9 (last)");
  }
  if (options.max_attempts && (*options.max_attempts < 1 || *options.max_attempts > limits::attempts_max)) {
    return out_of_range(fmt::format("max_attempts {}", *options.max_attempts), "1 to 1000");
  }
  if (options.timeout && (*options.timeout < milliseconds(1) || *options.timeout > limits::timeout_max)) {
    return out_of_range("the timeout", "1 ms to 7 days");
  }
  if (options.key && (options.key->empty() || characters(*options.key) > limits::key_chars_max)) {
    return Error{.code = ErrorCode::invalid_argument, .message = "a key has 1 to 255 characters"};
  }
  if (options.run_at && options.delay) {
    return Error{.code = ErrorCode::invalid_argument, .message = "run_at and delay exclude each other"};
  }
  if (options.delay && *options.delay < milliseconds(0)) {
    return Error{.code = ErrorCode::invalid_argument, .message = "a delay cannot be negative"};
  }
  if ((options.delay && *options.delay > limits::wait_max) ||
      (options.run_at && is_too_far(*options.run_at))) {
    return Error{.code = ErrorCode::invalid_argument, .message = "a job may be put off by up to 100 years"};
  }
  return options.retry ? check_retry(*options.retry) : Result<void>{};
}

}  // namespace

Result<void> check(const NewJob& job) {
  if (auto valid = model::check_task_name(job.task); !valid) return valid.error();
  if (auto valid = check_payload_text(job.payload); !valid) {
    auto error = valid.error();
    error.message = fmt::format("the payload of a job of '{}': {}", job.task, error.message);
    return error;
  }
  return check_options(job.options);
}

Batch make_batch(std::string_view schema, std::span<const NewJob> jobs,
                 std::optional<std::chrono::milliseconds> lock_wait) {
  std::vector<std::array<std::uint8_t, 16>> ids;
  std::vector<std::optional<std::string_view>> tasks, payloads, queues, keys, retries;
  std::vector<std::optional<std::int16_t>> priorities, max_attempts;
  std::vector<std::optional<TimePoint>> run_ats;
  std::vector<std::optional<std::int64_t>> delays;
  std::vector<std::optional<std::int32_t>> timeouts;
  std::vector<std::string> retry_texts;
  retry_texts.reserve(jobs.size());  // views into it are kept
  for (const auto& job : jobs) {
    const auto& options = job.options;
    ids.push_back(make_job_id().bytes);
    tasks.emplace_back(job.task);
    payloads.emplace_back(job.payload);
    queues.push_back(options.queue);
    keys.push_back(options.key);
    priorities.push_back(options.priority ? std::optional(static_cast<std::int16_t>(*options.priority))
                                          : std::nullopt);
    max_attempts.push_back(options.max_attempts
                               ? std::optional(static_cast<std::int16_t>(*options.max_attempts))
                               : std::nullopt);
    run_ats.push_back(options.run_at);
    delays.push_back(options.delay ? std::optional(options.delay->count()) : std::nullopt);
    timeouts.push_back(options.timeout ? std::optional(static_cast<std::int32_t>(options.timeout->count()))
                                       : std::nullopt);
    if (options.retry)
      retries.emplace_back(retry_texts.emplace_back(retry_json(*options.retry)));
    else
      retries.emplace_back();
  }
  pg::Params params;
  params.uuids(ids)
      .texts(tasks)
      .jsonbs(payloads)
      .texts(queues)
      .int2s(priorities)
      .times(run_ats)
      .int8s(delays)
      .texts(keys)
      .int2s(max_attempts)
      .int4s(timeouts)
      .jsonbs(retries);
  if (lock_wait) params.int4(static_cast<std::int32_t>(lock_wait->count()));
  // Without keys every job is new under the id that it was given, and the rows need not come.
  const bool keyed = std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.has_value(); });
  Batch batch{.call = call(schema, "enqueue_many", std::move(params), "", keyed ? "*" : "count(*)"),
              .jobs = {},
              .keyed = keyed};
  batch.jobs.reserve(jobs.size());
  for (const auto& id : ids) batch.jobs.push_back({JobId{id}, false});
  return batch;
}

Result<std::vector<Enqueued>> enqueue(Cell cell, const Batch& batch, const std::function<void()>& meanwhile) {
  auto rows = cell.connection.execute(batch.call, meanwhile);
  if (!rows) return translate(rows.error(), cell.schema, true);
  if (!batch.keyed) return batch.jobs;
  std::vector<Enqueued> answers;
  answers.reserve(batch.jobs.size());
  for (int row = 0; row < rows->count(); ++row) {
    answers.push_back({JobId{rows->at(row, 0).uuid()}, rows->at(row, 1).boolean()});
  }
  return answers;
}

Result<std::vector<Enqueued>> enqueue(Cell cell, std::span<const NewJob> jobs,
                                      std::optional<std::chrono::milliseconds> lock_wait) {
  if (jobs.empty()) return std::vector<Enqueued>{};
  if (jobs.size() > limits::batch_jobs_max)
    return out_of_range(fmt::format("a batch of {}", jobs.size()), "1 to 1,000 jobs");
  for (const auto& job : jobs) {
    if (auto valid = check(job); !valid) return valid.error();
  }
  return enqueue(cell, make_batch(cell.schema, jobs, lock_wait), [] {});
}

pg::Statement announcement(std::string_view schema, std::span<const NewJob> jobs) {
  std::vector<std::optional<std::string_view>> queues, tasks;
  for (const auto& job : jobs) {
    const std::optional<std::string_view> queue(job.options.queue);
    // Batches are mostly of one kind; the function removes what doubles remain.
    if (!tasks.empty() && tasks.back() == job.task && queues.back() == queue) continue;
    queues.push_back(queue);
    tasks.emplace_back(job.task);
  }
  pg::Params params;
  params.texts(queues).texts(tasks);
  return call(schema, "announce", std::move(params));
}

Result<void> announce(Cell cell, std::span<const std::string> queues) {
  const std::vector<std::optional<std::string_view>> names(queues.begin(), queues.end());
  pg::Params params;
  params.texts(names);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "announce", std::move(params)), false);
  return rows ? Result<void>{} : rows.error();
}

Result<void> announce_cancel(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "announce_cancel"), false);
  return rows ? Result<void>{} : rows.error();
}

Result<void> declare_task(Cell cell, std::string_view name, const TaskOptions& options,
                          const std::optional<std::string>& actor) {
  pg::Params params;
  params.text(name)
      .text(options.queue)
      .int4(options.priority)
      .int4(options.max_attempts)
      .int4(static_cast<std::int32_t>(options.timeout.count()))
      .jsonb(retry_json(options.retry))
      .text_or_null(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "declare_task", std::move(params)), true);
  return rows ? Result<void>{} : rows.error();
}

}  // namespace equeue::store

namespace equeue {

Result<std::vector<Enqueued>> enqueue(PGconn* connection, std::span<const NewJob> jobs,
                                      std::string_view schema) {
  auto borrowed = pg::Connection::borrow(connection);
  const std::string name(schema);
  if (auto valid = model::check_schema_name(name); !valid) return valid.error();
  return store::enqueue({borrowed, name}, jobs);
}

Result<void> announce(PGconn* connection, std::span<const std::string> queues, std::string_view schema) {
  auto borrowed = pg::Connection::borrow(connection);
  const std::string name(schema);
  if (auto valid = model::check_schema_name(name); !valid) return valid.error();
  return store::announce({borrowed, name}, queues);
}

}  // namespace equeue
