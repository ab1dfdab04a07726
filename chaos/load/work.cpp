#include "chaos/load/work.hpp"

#include <boost/json/parse.hpp>
#include <condition_variable>
#include <equeue/worker.hpp>
#include <mutex>

#include "chaos/load/recorder.hpp"

namespace equeue::chaos {

Work any_work(std::string op, std::mt19937_64& random) {
  const auto dice = random() % 100;
  return {.op = std::move(op),
          .fate = dice < 75   ? Fate::succeed
                  : dice < 85 ? Fate::fail_at_first
                  : dice < 88 ? Fate::fail_always
                  : dice < 92 ? Fate::die_at_first
                              : Fate::snooze,
          .lasts_ms = dice % 40 == 0  ? static_cast<int>(300 + random() % 700)
                      : dice % 5 == 0 ? static_cast<int>(random() % 60)
                                      : 0};
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

Outcome outcome_of(const Work& work, int attempt, std::mt19937_64& random) {
  constexpr std::chrono::milliseconds snooze_max{400};
  switch (work.fate) {
    case Fate::succeed:
      break;
    case Fate::fail_always:
      return Outcome::failed("as it was told");
    case Fate::fail_at_first:
      if (attempt == 1) return Outcome::failed("as it was told");
      break;
    case Fate::die_at_first:
      if (attempt == 1) return Outcome::failed_for_good("as it was told");
      break;
    case Fate::snooze:
      if (random() % 2 == 0)
        return Outcome::snoozed(random() % snooze_max.count() * std::chrono::milliseconds(1));
      break;
  }
  return Outcome::succeeded();
}

Seen seen_of(const Error& error) {
  return error.code == ErrorCode::outcome_unknown || error.code == ErrorCode::timeout ? Seen::unknown
                                                                                      : Seen::failed;
}

bool gives_up(Seen seen, std::mt19937_64& random) {
  return seen == Seen::failed && random() % 3 == 0;
}

TaskOptions task_options() {
  return {.queue = queue_name,
          .max_attempts = max_attempts,
          .timeout = std::chrono::seconds(20),
          .retry = {.backoff = RetryPolicy::Backoff::fixed, .delay = std::chrono::milliseconds(100)}};
}

namespace {

// False when it was asked to stop before the time had passed.
bool rest(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  return !woken.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

}  // namespace

int worker_child(const std::vector<std::string>& arguments) {
  const RunLog runs(arguments.at(1));
  Registry tasks;
  tasks.add({task_name, task_options(), ThreadHandler([&](Context& job) {
               thread_local std::mt19937_64 random{std::random_device{}()};
               const auto work = from_payload(job.payload());
               if (!rest(std::chrono::milliseconds(work.lasts_ms), job.stop_token()))
                 return Outcome::failed("it was asked to stop");
               auto outcome = outcome_of(work, job.attempt(), random);
               if (outcome.kind != Outcome::Kind::snoozed)
                 runs.saw({.job = to_string(job.id()), .attempt = job.attempt()});
               return outcome;
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
