#include "documents/documents.hpp"

namespace equeue {

JsonObject document(const Job& job) {
  JsonObject json;
  json.text("id", to_string(job.id))
      .text("state", to_string(job.state))
      .text("task", job.task)
      .text("queue", job.queue)
      .number("priority", job.priority)
      .raw("payload", job.payload)
      .number("attempt", job.attempt)
      .number("max_attempts", job.max_attempts)
      .text("key", job.key)
      .raw("result", job.result.value_or("null"))
      .text("error", job.error)
      .time("enqueued_at", job.enqueued_at)
      .time("run_at", job.run_at)
      .time("started_at", job.started_at)
      .time("finished_at", job.finished_at)
      .boolean("cancel_requested", job.cancel_requested);
  return json;
}

JsonObject document(const Attempt& attempt) {
  JsonObject json;
  json.number("attempt", attempt.attempt)
      .text("outcome", to_string(attempt.outcome))
      .text("error", attempt.error)
      .text("log", attempt.log)
      .time("started_at", attempt.started_at)
      .time("finished_at", attempt.finished_at);
  return json;
}

JsonObject document(const QueueStatus& queue) {
  JsonObject json;
  json.text("name", queue.name)
      .boolean("paused", queue.paused)
      .number("ready", queue.ready)
      .number("scheduled", queue.scheduled)
      .number("running", queue.running)
      .number("dead", queue.dead)
      .time("oldest_due_at", queue.oldest_due_at)
      .raw("depth_limit", queue.depth_limit ? std::to_string(*queue.depth_limit) : "null");
  return json;
}

}  // namespace equeue
