#include <equeue/client.hpp>
#include <fstream>

#include "bench/http_connection.hpp"
#include "bench/http_server.hpp"
#include "bench/run.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"
#include "process/process.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

namespace net = boost::asio;
using measure::Clock;

constexpr int clients = 64;

// The same row in the same table; the name of the schema goes in front.
constexpr const char* insert_sql =
    "INSERT INTO {}.ready (id, run_at, enqueued_at, priority, attempt, max_attempts, deferred, queue, task, "
    "payload) "
    "VALUES (gen_random_uuid(), clock_timestamp(), clock_timestamp(), 5, 0, 5, false, 'bench', 'bench.noop', "
    "'{}');\n";

double over_http(const Run& run, std::chrono::milliseconds duration) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  Client(cell.database()).declare(measure::noop_tasks()).value();
  const HttpServer server(cell.database());
  const auto body = fmt::format(R"({{"task":"{}","payload":{}}})", measure::noop_task, measure::payload);
  std::size_t answered = 0;
  const auto begin = Clock::now();
  run_clients(server.port(), server.api_key(), clients,
              [&](HttpConnection& connection) -> net::awaitable<void> {
                while (Clock::now() < begin + duration) {
                  const auto answer = co_await connection.post("/v1/jobs", body);
                  if (answer.status != 201) throw std::runtime_error("the server answered " + answer.body);
                  ++answered;
                }
              });
  return measure::per_second(answered, begin, Clock::now());
}

// Transactions a second, as pgbench prints them; or why there are none.
Result<double> by_pgbench(const Run& run, std::chrono::milliseconds duration) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  const auto script = std::filesystem::temp_directory_path() / "equeue-bench-insert.sql";
  std::ofstream(script) << fmt::format(insert_sql, cell.database().schema, measure::payload);
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count());
  const auto report = process::run_process(
      {.command = {"pgbench", "-n", "-M", "prepared", "-c", std::to_string(clients), "-j", "2", "-T",
                   std::to_string(seconds), "-f", script.string(), run.url}},
      {});
  std::filesystem::remove(script);
  const auto at = report.stdout_text.find("tps = ");
  if (at == std::string::npos) {
    const auto* failed = std::get_if<process::CouldNotStart>(&report.end);
    return Error{.code = ErrorCode::not_installed,
                 .message = "pgbench: " + (failed ? failed->error.message : report.stderr_tail)};
  }
  return std::stod(report.stdout_text.substr(at + 6));
}

}  // namespace

void http_enqueue(Run& run) {
  const std::chrono::milliseconds duration(run.pick(200, 3'000, 10'000));
  Figure figure{.scenario = "http_enqueue",
                .what = "POST /v1/jobs, 64 clients, against pgbench's INSERT",
                .unit = "jobs/s",
                .sides = {{"eQueue", {}}, {"pgbench -M prepared", {}}},
                .is_ratio = true,
                .target = Target{Target::Is::at_least, 1.5}};
  for (int round = 0; round < run.rounds; ++round) {
    figure.sides[0].rounds.push_back(over_http(run, duration));
    const auto inserted = by_pgbench(run, duration);
    if (inserted) {
      figure.sides[1].rounds.push_back(*inserted);
    } else {
      figure.absent = inserted.error().message;
    }
  }
  run.report.figures.push_back(std::move(figure));
}

}  // namespace equeue::bench
