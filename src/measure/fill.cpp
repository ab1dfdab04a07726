#include "measure/fill.hpp"

#include <equeue/client.hpp>
#include <equeue/limits.hpp>

#include "measure/percentile.hpp"

namespace equeue::measure {

Registry noop_tasks() {
  Registry tasks;
  tasks.add({noop_task, {.queue = queue}, ThreadHandler([](Context&) { return Outcome{}; })});
  return tasks;
}

Result<double> fill(const Database& database, std::size_t jobs, const EnqueueOptions& options) {
  Client client(database);
  if (auto declared = client.declare(noop_tasks()); !declared) return declared.error();
  const std::vector<NewJob> batch(std::min(jobs, 10 * limits::batch_jobs_max), {noop_task, payload, options});
  const auto begin = Clock::now();
  for (std::size_t done = 0; done < jobs; done += batch.size()) {
    const auto enqueued = client.enqueue(std::span(batch).first(std::min(batch.size(), jobs - done)));
    if (!enqueued) return enqueued.error();
  }
  return per_second(jobs, begin, Clock::now());
}

}  // namespace equeue::measure
