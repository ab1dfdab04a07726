#include "chaos/load/work.hpp"

#include <boost/json/parse.hpp>
#include <equeue/worker.hpp>
#include <thread>

#include "chaos/load/recorder.hpp"

namespace equeue::chaos {

Work any_work(std::string op, std::mt19937_64& random) {
  const auto dice = random() % 100;
  return {.op = std::move(op),
          .fate = dice < 85   ? Fate::succeed
                  : dice < 95 ? Fate::fail_at_first
                              : Fate::fail_always,
          .lasts_ms = dice % 5 == 0 ? static_cast<int>(random() % 60) : 0};
}

std::string to_payload(const Work& work) {
  return fmt::format(R"({{"op":"{}","fate":{},"lasts_ms":{}}})", work.op, static_cast<int>(work.fate),
                     work.lasts_ms);
}

Work from_payload(std::string_view payload) {
  const auto value = boost::json::parse(payload);
  return {.op = std::string(value.at("op").as_string()),
          .fate = static_cast<Fate>(value.at("fate").as_int64()),
          .lasts_ms = static_cast<int>(value.at("lasts_ms").as_int64())};
}

bool fails(const Work& work, int attempt) {
  return work.fate == Fate::fail_always || (work.fate == Fate::fail_at_first && attempt == 1);
}

TaskOptions task_options() {
  return {.queue = queue_name,
          .max_attempts = 8,
          .timeout = std::chrono::seconds(20),
          .retry = {.backoff = RetryPolicy::Backoff::fixed, .delay = std::chrono::milliseconds(100)}};
}

int worker_child(const std::vector<std::string>& arguments) {
  const RunLog runs(arguments.at(1));
  Registry tasks;
  tasks.add({task_name, task_options(), ThreadHandler([&](Context& job) {
               const auto work = from_payload(job.payload());
               std::this_thread::sleep_for(std::chrono::milliseconds(work.lasts_ms));
               runs.saw({.job = to_string(job.id()), .attempt = job.attempt()});
               return fails(work, job.attempt()) ? Outcome::failed("as it was told") : Outcome::succeeded();
             })});
  Worker worker({.url = arguments.at(0)}, tasks,
                {.queues = {queue_name},
                 .name = arguments.at(2),
                 .concurrency = 4,
                 .claim_max = 20,
                 .lease = std::chrono::seconds(3),
                 .poll = std::chrono::milliseconds(200),
                 .drain = std::chrono::seconds(3),
                 .handle_signals = true});
  const auto done = worker.run();
  if (done) return 0;
  fmt::print(stderr, "{}\n", to_string(done.error()));
  return 1;
}

}  // namespace equeue::chaos
