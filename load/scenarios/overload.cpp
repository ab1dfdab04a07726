#include <equeue/client.hpp>
#include <thread>

#include "load/history.hpp"
#include "load/producers.hpp"
#include "load/run.hpp"
#include "load/starts.hpp"
#include "measure/background_worker.hpp"
#include "measure/scratch_cell.hpp"
#include "store/faults.hpp"
#include "store/queues.hpp"

namespace equeue::load {
namespace {

using std::chrono::milliseconds;

// 100 jobs at once of 50 ms each: 2,000 a second.
constexpr int at_once = 100;
constexpr milliseconds job_lasts{50};
constexpr double capacity = 2'000;
// Five seconds of work.
constexpr int depth_limit = 10'000;
constexpr int producers = 4;
constexpr milliseconds window{1'000};
constexpr double tenfold_share = 10;
// Enqueues that are open at once do not see each other: at most a batch of each producer but one goes beyond.
constexpr int depth_most =
    depth_limit + static_cast<int>((producers - 1) * tenfold_share * capacity / producers *
                                   std::chrono::duration<double>(offer_pace).count());

void limit_queue(const Database& database) {
  auto connection = pg::Connection::open(database.url, "equeue load");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  store::set_queue_limit({*connection, database.schema}, work_queue, depth_limit, "load").value();
}

// Jobs that ended while `during` ran, a second.
template <class During>
double goodput(const measure::BackgroundWorker& worker, const During& during) {
  const auto before = worker.stats().succeeded;
  const auto begin = Clock::now();
  during();
  return measure::per_second(worker.stats().succeeded - before, begin, Clock::now());
}

// Seconds after `from` until jobs start as soon again as twice `usual`: the end of the last window that was
// slower.
double recovery_s(const Starts& starts, Clock::time_point from, Clock::time_point to, double usual_ms) {
  auto recovered = from;
  for (auto at = from; at < to; at += window) {
    const auto times = starts.between(at, at + window);
    if (times.empty() || measure::percentile(times, 0.95) > 2 * usual_ms) recovered = at + window;
  }
  return std::chrono::duration<double>(recovered - from).count();
}

// While producers offer at most what the limit lets in, how many wait.
class DepthWatch {
 public:
  explicit DepthWatch(const Database& database)
      : thread_([this, &database](const std::stop_token& stop) {
          for (; !stop.stop_requested(); std::this_thread::sleep_for(milliseconds(500)))
            deepest_ = std::max(deepest_, ask_number(database, "SELECT count(*) FROM {}.ready"));
        }) {}
  [[nodiscard]] std::int64_t stop() {
    thread_.request_stop();
    thread_.join();
    return deepest_;
  }

 private:
  std::int64_t deepest_ = 0;
  std::jthread thread_;
};

}  // namespace

void overload(Run& run) {
  const auto usual_time = run.pick(milliseconds(300), milliseconds(20'000));
  const auto overload_time = run.pick(milliseconds(1'000), milliseconds(180'000));
  const auto after_time = run.pick(milliseconds(1'000), milliseconds(45'000));
  const auto cell = measure::ScratchCell::make(run.url).value();
  const auto& database = cell.database();
  Starts starts;
  const auto tasks = work_tasks(starts, job_lasts);
  Client(database).declare(tasks).value();
  limit_queue(database);
  measure::BackgroundWorker worker(database, tasks, {.queues = {work_queue}, .coroutines_max = at_once});

  Offered all;
  const auto offer_share = [&](double share, milliseconds time) {
    const auto offered = offer(database, share * capacity, time, producers);
    all += offered;
    return offered;
  };
  offer_share(0.5, usual_time / 4);  // connections and plans are made
  const auto usual_begin = Clock::now();
  offer_share(0.5, usual_time);
  const auto usual_ms = measure::percentile(starts.between(usual_begin, Clock::now()), 0.95);

  offer_share(1.5, usual_time / 2);  // until jobs wait
  const auto most = goodput(worker, [&] { offer_share(1.2, usual_time); });
  Offered tenfold;
  DepthWatch watch(database);
  const auto under = goodput(worker, [&] { tenfold = offer_share(tenfold_share, overload_time); });
  const auto deepest = watch.stop();
  const auto after_begin = Clock::now();
  offer_share(0.5, after_time);
  const auto after_end = Clock::now();
  wait_until_empty(database);
  worker.stop().value();
  const auto back_s = recovery_s(starts, after_begin, after_end - window, usual_ms);

  const auto name = "overload";
  const auto ends = count_ends(database);
  run.measured(name, "goodput without overload", "jobs/s", most);
  run.measured(name, "offered, in times the workers' capacity", "x",
               static_cast<double>(tenfold.jobs) / tenfold.seconds / capacity, at_least(9));
  run.measured(
      name, fmt::format("goodput in {} s of overload, against that without", overload_time.count() / 1'000),
      "x", under / most, at_least(0.8));
  run.measured(name, "refused, of the jobs offered", "%",
               100.0 * static_cast<double>(tenfold.refused) / static_cast<double>(tenfold.jobs));
  run.exact(name, fmt::format("most that waited, with a limit of {}", depth_limit), "jobs",
            static_cast<double>(deepest), at_most(depth_most));
  run.measured(name, "usual start, p95", "ms", usual_ms);
  run.measured(name, "until jobs start in twice that again", "s", back_s, at_most(30));
  run.exact(
      name, "accepted jobs that did not end exactly once", "jobs",
      static_cast<double>(std::abs(static_cast<std::int64_t>(all.accepted) - ends.succeeded - ends.left) +
                          ends.twice + ends.dead + ends.cancelled),
      at_most(0));
  run.exact(name, "jobs left", "jobs", static_cast<double>(ends.left), at_most(0));
}

}  // namespace equeue::load
