#include <algorithm>
#include <equeue/client.hpp>
#include <future>
#include <random>
#include <thread>

#include "load/history.hpp"
#include "load/run.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"
#include "store/faults.hpp"
#include "store/store.hpp"

namespace equeue::load {
namespace {

using std::chrono::milliseconds;

constexpr int sessions = 32;
constexpr std::size_t settlements_max = 200;

struct Claimed {
  LeaseId lease;
  JobId job;
};

pg::Connection connect(const Database& database) {
  auto connection = pg::Connection::open(database.url, "equeue load: settles");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  return std::move(*connection);
}

std::vector<Claimed> claim_all(const Database& database, const WorkerId& worker, std::size_t jobs) {
  auto connection = connect(database);
  const store::Cell cell{connection, database.schema};
  const std::string queues[] = {measure::queue};
  store::register_worker(cell, worker, "settlers", queues, std::chrono::hours(1)).value();
  std::vector<Claimed> claimed;
  while (claimed.size() < jobs) {
    const auto claim = store::claim(cell, worker, queues, 100, {}).value();
    for (const auto& job : claim.jobs) claimed.push_back({claim.lease, job.id});
  }
  return claimed;
}

Outcome any_outcome(std::mt19937_64& random) {
  switch (random() % 3) {
    case 0:
      return Outcome::succeeded();
    case 1:
      return Outcome::failed_for_good("it fails");
    default:
      return Outcome::cancelled("it stops");
  }
}

struct Told {
  std::size_t accepted = 0;
  std::size_t calls = 0;
  std::size_t deadlocks = 0;
  std::vector<std::string> errors;

  Told& operator+=(Told other) {
    accepted += other.accepted;
    calls += other.calls;
    deadlocks += other.deadlocks;
    errors.insert(errors.end(), other.errors.begin(), other.errors.end());
    return *this;
  }
  void failed(const Error& error) {
    deadlocks += error.message.find("deadlock") != std::string::npos;
    errors.push_back(to_string(error));
  }
};

// Batches out of one window of the jobs, in any order, so that every job is in batches of many sessions at
// once.
Told settle_at_random(const Database& database, const std::vector<Claimed>& claimed, std::uint64_t seed) {
  auto connection = connect(database);
  std::mt19937_64 random(seed);
  Told told;
  for (std::size_t at = 0; at < claimed.size(); at += settlements_max / 4) {
    std::vector<store::Settlement> batch;
    const auto end = std::min(claimed.size(), at + settlements_max);
    for (auto i = at; i < end; ++i) {
      if (random() % 2 == 0) batch.push_back({claimed[i].lease, claimed[i].job, any_outcome(random)});
    }
    std::ranges::shuffle(batch, random);
    const auto answers = store::settle({connection, database.schema}, batch);
    ++told.calls;
    if (answers) {
      told.accepted += static_cast<std::size_t>(std::ranges::count(*answers, store::Answer::accepted));
    } else {
      told.failed(answers.error());
    }
  }
  return told;
}

// Cancel requests, heartbeats and upkeep, which lock the same rows.
Told interfere(const Database& database, const WorkerId& worker, const std::vector<Claimed>& claimed,
               std::uint64_t seed, const std::stop_token& stop) {
  auto connection = connect(database);
  const store::Cell cell{connection, database.schema};
  std::mt19937_64 random(seed);
  Told told;
  const auto note = [&](const auto& result, std::optional<ErrorCode> expected = std::nullopt) {
    ++told.calls;
    if (!result && result.error().code != expected) told.failed(result.error());
  };
  while (!stop.stop_requested()) {
    note(store::cancel(cell, claimed[random() % claimed.size()].job, "no longer wanted"),
         ErrorCode::wrong_state);
    note(store::heartbeat(cell, worker, std::chrono::hours(1)));
    note(store::upkeep_leases(cell));
    note(store::upkeep_orphans(cell));
  }
  return told;
}

}  // namespace

void settlers(Run& run) {
  const auto jobs = run.pick<std::size_t>(400, 40'000);
  const auto cell = measure::ScratchCell::make(run.url).value();
  const auto& database = cell.database();
  [[maybe_unused]] const auto filled = measure::fill(database, jobs).value();
  const auto worker = make_worker_id();
  const auto claimed = claim_all(database, worker, jobs);

  std::stop_source stop;
  std::vector<std::future<Told>> settling, interfering;
  const auto begin = measure::Clock::now();
  for (int i = 0; i < 2; ++i) {
    interfering.push_back(std::async(std::launch::async, [&, i] {
      return interfere(database, worker, claimed, 1'000U + static_cast<unsigned>(i), stop.get_token());
    }));
  }
  for (int i = 0; i < sessions; ++i) {
    settling.push_back(std::async(std::launch::async, [&, i] {
      return settle_at_random(database, claimed, static_cast<unsigned>(i));
    }));
  }
  Told told, others;
  for (auto& session : settling) told += session.get();
  stop.request_stop();
  for (auto& session : interfering) others += session.get();
  const auto end = measure::Clock::now();

  const auto name = "settlers";
  const auto ends = count_ends(database);
  const auto ended = ends.succeeded + ends.dead + ends.cancelled;
  run.measured(name, fmt::format("settlements by {} sessions", sessions), "calls/s",
               measure::per_second(told.calls, begin, end));
  run.measured(name, "cancels, heartbeats and upkeep meanwhile", "calls", static_cast<double>(others.calls));
  told += std::move(others);
  run.exact(name, "deadlocks", "", static_cast<double>(told.deadlocks), at_most(0));
  run.exact(name, "calls that failed", "", static_cast<double>(told.errors.size()), at_most(0));
  if (!told.errors.empty()) run.report.figures.back().absent = told.errors.front();
  run.exact(name, "settlements accepted beyond one a job", "jobs",
            static_cast<double>(std::abs(static_cast<std::int64_t>(told.accepted) - ended)) +
                static_cast<double>(ends.twice),
            at_most(0));
  // A job that none of the sessions chose is left to its lease.
  run.exact(name, "jobs settled", "jobs", static_cast<double>(ended),
            at_least(0.99 * static_cast<double>(jobs)));
}

}  // namespace equeue::load
