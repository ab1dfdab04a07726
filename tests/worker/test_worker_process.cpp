// test_worker_process URL SCHEMA QUEUE NAME LEASE_MS: works QUEUE until it is stopped, for tests that kill
// it.
//
// Each run of faults.work is noted in the table runs. faults.gated notes itself too, and then waits until the
// table gate is empty; faults.poison, and then ends the process. At its end the program notes in the table
// ends what it counted.
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <equeue/worker.hpp>
#include <memory>
#include <thread>

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

// The first value of the answer; a fault ends the program, as nothing that it says then could be relied on.
std::string ask(PGconn* connection, const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection, sql.c_str()), &PQclear);
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    fmt::print(stderr, "{}: {}", sql, PQerrorMessage(connection));
    std::_Exit(3);
  }
  return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    fmt::print(stderr, "test_worker_process URL SCHEMA QUEUE NAME LEASE_MS\n");
    return 2;
  }
  const std::string url = words[1];
  const auto connect = [&] { return Connection(PQconnectdb(url.c_str()), &PQfinish); };
  const auto note_run = [&](const equeue::Context& job) -> PGconn* {
    static thread_local Connection connection = connect();
    ask(connection.get(),
        fmt::format("INSERT INTO runs VALUES ('{}', {}, {})", to_string(job.id()), job.attempt(), getpid()));
    return connection.get();
  };

  equeue::TaskOptions options{.queue = words[3], .max_attempts = 10};
  equeue::Registry tasks;
  tasks.add({"faults.work", options, equeue::ThreadHandler([&](equeue::Context& job) {
               note_run(job);
               return equeue::Outcome{};
             })});
  tasks.add({"faults.gated", options, equeue::ThreadHandler([&](equeue::Context& job) {
               auto* connection = note_run(job);
               while (ask(connection, "SELECT count(*) FROM gate") != "0")
                 std::this_thread::sleep_for(std::chrono::milliseconds(5));
               return equeue::Outcome{};
             })});
  auto thrice = options;
  thrice.max_attempts = 3;
  thrice.retry = {.backoff = equeue::RetryPolicy::Backoff::fixed, .delay = std::chrono::milliseconds(0)};
  tasks.add({"faults.poison", thrice, equeue::ThreadHandler([&](equeue::Context& job) -> equeue::Outcome {
               note_run(job);
               std::abort();
             })});
  equeue::Worker worker({.url = url, .schema = words[2]}, tasks,
                        {.queues = {words[3]},
                         .name = words[4],
                         .concurrency = 4,
                         .lease = std::chrono::milliseconds(std::atoi(words[5])),
                         .poll = std::chrono::milliseconds(100),
                         .handle_signals = true});
  const auto done = worker.run();
  if (!done) {
    fmt::print(stderr, "{}\n", to_string(done.error()));
    return 1;
  }
  const auto stats = worker.stats();
  const auto connection = connect();
  ask(connection.get(), fmt::format("INSERT INTO ends VALUES ('{}', {}, {}, {})", words[4], stats.succeeded,
                                    stats.lease_lost, stats.in_flight));
  return 0;
}
