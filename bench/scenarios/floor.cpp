#include "bench/run.hpp"
#include "bench/worker_processes.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

using measure::Clock;

// One session, one plan for all rounds, no protocol: what the rows themselves cost. Runs `sql` and answers
// how long it took.
double seconds_of(const Database& database, const std::string& sql) {
  constexpr std::chrono::minutes deadline{10};
  auto connection = pg::Connection::open(database.url, "equeue bench: floor");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  const auto run = [&](const std::string& text) {
    const auto done = connection->script(text, deadline);
    if (!done) throw Exception(store::translate(done.error(), database.schema));
  };
  run(
      fmt::format("SET search_path = {}; SET plan_cache_mode = force_generic_plan; SET enable_sort = off; "
                  "SET enable_bitmapscan = off; SET enable_seqscan = off; SET jit = off",
                  database.schema));
  const auto begin = Clock::now();
  run(sql);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Batches of 1,000, a transaction each. The ids ascend, as those of a producer do.
std::string fill_sql(std::size_t jobs) {
  return fmt::format(R"(DO $$
DECLARE
  v_payload jsonb := '{}';
BEGIN
  FOR batch IN 0..{} LOOP
    INSERT INTO ready (id, run_at, enqueued_at, priority, attempt, max_attempts, deferred, queue, task, payload)
    SELECT ('01890a5d-ac96-7000-8000-' || lpad(to_hex(batch * 1000 + i), 12, '0'))::uuid, clock.now, clock.now, 5, 0, 5,
           false, 'bench', 'bench.noop', v_payload
    FROM (SELECT clock_timestamp() AS now) clock, generate_series(1, 1000) i;
    COMMIT;
  END LOOP;
END $$)",
                     measure::payload, jobs / 1'000 - 1);
}

// Batches of 500: from ready to a lease, and from there to history, a transaction each.
constexpr const char* drain_sql = R"(DO $$
DECLARE
  v_at timestamptz := '-infinity';
  v_id uuid := '00000000-0000-0000-0000-000000000000';
  v_now timestamptz;
  v_tids tid[];
  v_jobs ready[];
  v_lease uuid;
BEGIN
  LOOP
    v_now := clock_timestamp();
    v_tids := ARRAY(SELECT r.ctid FROM ready r
                    WHERE r.queue = 'bench' AND r.priority = 5 AND r.run_at <= v_now AND (r.run_at, r.id) >= (v_at, v_id)
                    ORDER BY r.run_at, r.id LIMIT 500 FOR UPDATE SKIP LOCKED);
    EXIT WHEN v_tids = '{}';
    WITH gone AS (DELETE FROM ready r WHERE r.ctid = ANY (v_tids) RETURNING r.*)
    SELECT array_agg(gone::ready) INTO v_jobs FROM gone;
    v_lease := gen_random_uuid();
    v_at := v_jobs[cardinality(v_jobs)].run_at;
    v_id := v_jobs[cardinality(v_jobs)].id;
    INSERT INTO leases (id, worker, claimed_at, settled, jobs)
    VALUES (v_lease, v_lease, v_now, repeat('0', cardinality(v_jobs))::varbit, v_jobs);
    COMMIT;
    v_now := clock_timestamp();
    WITH gone AS (DELETE FROM leases l WHERE l.id = v_lease RETURNING l.*)
    INSERT INTO history (id, finished_at, started_at, run_at, enqueued_at, lease, state, timeout_ms, priority, attempt,
                         max_attempts, queue, task, payload, key, retry, result)
    SELECT j.id, v_now, gone.claimed_at, j.run_at, j.enqueued_at, gone.id, 'succeeded', j.timeout_ms, j.priority,
           j.attempt + 1, j.max_attempts, j.queue, j.task, j.payload, j.key, j.retry, 'null'
    FROM gone, unnest(gone.jobs) j;
    COMMIT;
  END LOOP;
END $$)";

}  // namespace

void floor(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 50'000, 200'000);
  Side enqueue{"eQueue", {}}, enqueue_floor{"bare SQL", {}}, drain{"eQueue", {}}, drain_floor{"bare SQL", {}};
  for (int round = 0; round < run.rounds; ++round) {
    {
      const auto cell = measure::ScratchCell::make(run.url).value();
      enqueue.rounds.push_back(measure::fill(cell.database(), jobs).value());
      drain.rounds.push_back(drain_by_processes(cell.database(), 1, jobs).per_second);
    }
    const auto cell = measure::ScratchCell::make(run.url).value();
    const auto count = static_cast<double>(jobs);
    enqueue_floor.rounds.push_back(count / seconds_of(cell.database(), fill_sql(jobs)));
    drain_floor.rounds.push_back(count / seconds_of(cell.database(), drain_sql));
  }
  auto& figures = run.report.figures;
  figures.push_back({.scenario = "floor",
                     .what = "enqueue against bare SQL",
                     .unit = "jobs/s",
                     .sides = {enqueue, enqueue_floor},
                     .is_ratio = true,
                     .target = Target{Target::Is::at_least, 0.8}});
  figures.push_back({.scenario = "floor",
                     .what = "drain against bare SQL",
                     .unit = "jobs/s",
                     .sides = {drain, drain_floor},
                     .is_ratio = true,
                     .target = Target{Target::Is::at_least, 0.8}});
}

}  // namespace equeue::bench
