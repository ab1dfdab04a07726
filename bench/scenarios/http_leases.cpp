#include <equeue/client.hpp>

#include "bench/http_connection.hpp"
#include "bench/http_lease.hpp"
#include "bench/http_server.hpp"
#include "bench/run.hpp"
#include "bench/worker_processes.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

namespace net = boost::asio;
using measure::Clock;

// Each claims 100, settles 100, and so on.
constexpr int clients = 4;
constexpr const char* claim_body = R"({"queues":["bench"],"max":100,"lease_seconds":60,"wait_seconds":0})";

net::awaitable<void> work(HttpConnection& connection, std::size_t& done) {
  while (const auto jobs = co_await claim_and_settle(connection, claim_body)) done += jobs;
}

double over_http(const Run& run, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  const HttpServer server(cell.database());
  std::size_t done = 0;
  const auto begin = Clock::now();
  run_clients(server.port(), server.api_key(), clients,
              [&](HttpConnection& connection) { return work(connection, done); });
  if (done != jobs) throw std::runtime_error(fmt::format("{} of {} jobs came out", done, jobs));
  return measure::per_second(jobs, begin, Clock::now());
}

}  // namespace

void http_leases(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 20'000, 100'000);
  Figure figure{.scenario = "http_leases",
                .what = "claim 100, settle 100 over HTTP, against the direct drain",
                .unit = "jobs/s",
                .sides = {{"over HTTP", {}}, {"direct", {}}},
                .is_ratio = true,
                .target = Target{Target::Is::at_least, 0.5}};
  for (int round = 0; round < run.rounds; ++round) {
    figure.sides[0].rounds.push_back(over_http(run, jobs));
    const auto cell = measure::ScratchCell::make(run.url).value();
    [[maybe_unused]] const auto filled = measure::fill(cell.database(), jobs).value();
    figure.sides[1].rounds.push_back(drain_by_processes(cell.database(), 1, jobs).per_second);
  }
  run.report.figures.push_back(std::move(figure));
}

}  // namespace equeue::bench
