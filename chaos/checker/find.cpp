#include "chaos/checker/find.hpp"

#include "store/faults.hpp"

namespace equeue::chaos {
namespace {

// Each relation by itself, and not the view of jobs, which would hide what lies in two of them.
constexpr const char* jobs_sql = R"(
  SELECT id::text, payload ->> 'op', state::text, attempt::int, max_attempts::int, coalesce(key, ''), coalesce(lease::text, ''),
         coalesce(extract(epoch FROM started_at) * 1000000, 0)::bigint, (extract(epoch FROM finished_at) * 1000000)::bigint
  FROM history WHERE queue = 'chaos'
  UNION ALL
  SELECT id::text, payload ->> 'op', 'queued', attempt::int, max_attempts::int, coalesce(key, ''), '', 0, 0
  FROM ready WHERE queue = 'chaos'
  UNION ALL
  SELECT j.id::text, j.payload ->> 'op', 'running', j.attempt::int, j.max_attempts::int, coalesce(j.key, ''), l.id::text,
         (extract(epoch FROM l.claimed_at) * 1000000)::bigint, 0
  FROM leases l CROSS JOIN LATERAL unnest(l.jobs) WITH ORDINALITY
    AS j(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key, retry, place)
  WHERE j.queue = 'chaos' AND get_bit(l.settled, (j.place - 1)::integer) = 0)";
constexpr const char* attempts_sql = R"(
  SELECT job_id::text, attempt::int, lease::text, outcome::text, (extract(epoch FROM started_at) * 1000000)::bigint,
         (extract(epoch FROM finished_at) * 1000000)::bigint
  FROM attempts)";

pg::Rows select(pg::Connection& connection, const char* sql) {
  auto rows = connection.execute({.sql = sql});
  if (!rows) throw Exception(store::translate(rows.error(), "equeue"));
  return std::move(*rows);
}

}  // namespace

Findings find_all(const Place& place) {
  auto connection = place.connect();
  Findings findings;
  const auto jobs = select(connection, jobs_sql);
  for (int i = 0; i < jobs.count(); ++i) {
    findings.jobs.push_back({.id = jobs.at(i, 0).text(),
                             .op = jobs.at(i, 1).text_or_null().value_or(""),
                             .state = jobs.at(i, 2).text(),
                             .attempts = static_cast<int>(jobs.at(i, 3).integer()),
                             .max_attempts = static_cast<int>(jobs.at(i, 4).integer()),
                             .key = jobs.at(i, 5).text(),
                             .lease = jobs.at(i, 6).text(),
                             .started_at = jobs.at(i, 7).integer(),
                             .finished_at = jobs.at(i, 8).integer()});
  }
  const auto attempts = select(connection, attempts_sql);
  for (int i = 0; i < attempts.count(); ++i) {
    findings.attempts.push_back({.job = attempts.at(i, 0).text(),
                                 .attempt = static_cast<int>(attempts.at(i, 1).integer()),
                                 .lease = attempts.at(i, 2).text(),
                                 .outcome = attempts.at(i, 3).text(),
                                 .started_at = attempts.at(i, 4).integer(),
                                 .finished_at = attempts.at(i, 5).integer()});
  }
  return findings;
}

}  // namespace equeue::chaos
