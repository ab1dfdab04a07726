-- All jobs as one logical table. For reports and lists; a single job is found much faster by get_job.
CREATE VIEW jobs AS
SELECT r.id, 'queued'::job_state AS state, r.task, r.queue, r.priority, r.payload, r.attempt, r.max_attempts, r.key,
       NULL::jsonb AS result, NULL::text AS error, r.enqueued_at, r.run_at, NULL::timestamptz AS started_at,
       NULL::timestamptz AS finished_at, false AS cancel_requested
FROM ready r
UNION ALL
SELECT j.id, 'running', j.task, j.queue, j.priority, j.payload, (j.attempt + 1)::smallint, j.max_attempts, j.key,
       NULL, NULL, j.enqueued_at, j.run_at, l.claimed_at, NULL, j.id = ANY (l.cancelling)
FROM leases l CROSS JOIN LATERAL unnest(l.jobs) WITH ORDINALITY
  AS j(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key, retry,
       place)
WHERE get_bit(l.settled, (j.place - 1)::integer) = 0
UNION ALL
SELECT h.id, h.state, h.task, h.queue, h.priority, h.payload, h.attempt, h.max_attempts, h.key, h.result, h.error,
       h.enqueued_at, h.run_at, h.started_at, h.finished_at, false
FROM history h;
