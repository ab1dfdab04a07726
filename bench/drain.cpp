#include "bench/drain.hpp"

#include <equeue/client.hpp>
#include <equeue/worker.hpp>

#include "store/migrate.hpp"

namespace equeue::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* schema = "equeue_bench";
constexpr const char* payload =
    R"({"user_id": 12345, "note": "a payload of about one hundred bytes, which is what people put into a job"})";

double per_second(std::size_t count, Clock::time_point begin) {
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
}

void make_schema(const std::string& url) {
  auto connection = pg::Connection::open(url, "equeue bench");
  if (!connection) throw Exception({.code = ErrorCode::database_away, .message = connection.error().message});
  if (auto dropped = connection->script(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", schema)); !dropped) {
    throw Exception({.code = ErrorCode::database_error, .message = dropped.error().message});
  }
  store::migrate(*connection, schema).value();
}

}  // namespace

Rates measure_drain(const std::string& url, std::size_t jobs) {
  make_schema(url);
  Registry tasks;
  tasks.add({"bench.noop", {.queue = "bench"}, ThreadHandler([](Context&) { return Outcome{}; })});
  Client client({url, schema});
  client.declare(tasks).value();
  Rates rates;

  const std::vector<NewJob> batch(1'000, {"bench.noop", payload, {}});
  auto begin = Clock::now();
  for (std::size_t done = 0; done < jobs; done += batch.size()) {
    client.enqueue(std::span(batch).first(std::min(batch.size(), jobs - done))).value();
  }
  rates.enqueue_per_second = per_second(jobs, begin);

  Worker worker({url, schema}, tasks, {.queues = {"bench"}, .until_drained = true});
  begin = Clock::now();
  worker.run().value();
  rates.drain_per_second = per_second(jobs, begin);
  if (const auto succeeded = worker.stats().succeeded; succeeded != jobs) {
    throw Exception(
        {.code = ErrorCode::wrong_state, .message = fmt::format("{} of {} jobs succeeded", succeeded, jobs)});
  }
  return rates;
}

}  // namespace equeue::bench
