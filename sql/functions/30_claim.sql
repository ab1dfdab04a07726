-- Claims up to p_max due jobs of p_queues for a registered worker: the jobs leave ready and lie in one new lease row.
-- Lanes are served by priority, and within one in the order of p_queues. Always answers one row; when nothing was due,
-- lease_id and jobs are null, and next_run_at says when the next job will be, if there is one.
--
-- The marks (parallel arrays) say from where each lane's scan may start: a claimer that remembers what it has claimed
-- never walks over its own dead index entries, which nobody can remove while some transaction holds a snapshot.
-- A lane without a mark is scanned from its beginning. claimed_as_of, snapshot and claimed_by let the claimer keep its
-- marks safe (src/model/watermark.hpp): a transaction that is open in `snapshot` may still add rows behind them.
-- claimed_by is this claim's own transaction id, which it took after claimed_as_of; null when nothing was claimed, or when
-- the transaction had it before.
--
-- Without p_durable the commit does not wait for the disk or a standby. A crash may forget such a claim: its jobs are then
-- queued as if they had never been claimed, and whoever runs them holds a lease that is not there (lost_leases).
CREATE FUNCTION claim_batch(
  p_worker uuid, p_queues text[], p_max integer, p_mark_queues text[] DEFAULT NULL,
  p_mark_priorities smallint[] DEFAULT NULL, p_mark_run_ats timestamptz[] DEFAULT NULL, p_mark_ids uuid[] DEFAULT NULL, p_durable boolean DEFAULT true,
  OUT claimed_as_of timestamptz, OUT snapshot text, OUT next_run_at timestamptz, OUT lease_id uuid, OUT jobs ready[],
  OUT claimed_by bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  -- Assigned, not selected: a batch of 8 MiB would go through a file on its way out of a FROM.
  v_claim CONSTANT record := claim_as(p_worker, NULL, NULL, NULL, p_queues, p_max, p_mark_queues, p_mark_priorities,
                                      p_mark_run_ats, p_mark_ids);
BEGIN
  claimed_as_of := v_claim.claimed_as_of;
  snapshot := v_claim.snapshot;
  next_run_at := v_claim.next_run_at;
  lease_id := v_claim.lease_id;
  jobs := v_claim.jobs;
  claimed_by := v_claim.claimed_by;
  IF NOT p_durable THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
END $$;

-- The one place where jobs go under a lease, for claim_batch and claim_remote. With p_owner instead of p_worker the lease
-- gets a worker row of its own, under its own id; only when something was picked, so that a look at empty queues writes
-- nothing.
CREATE FUNCTION claim_as(
  p_worker uuid, p_name text, p_owner text, p_lease_ms integer, p_queues text[], p_max integer, p_mark_queues text[],
  p_mark_priorities smallint[], p_mark_run_ats timestamptz[], p_mark_ids uuid[],
  OUT claimed_as_of timestamptz, OUT snapshot text, OUT next_run_at timestamptz, OUT lease_id uuid, OUT jobs ready[],
  OUT claimed_by bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT
-- One plan whatever the table's size and statistics say: walk the lane's index range, then fetch by address.
SET plan_cache_mode = force_generic_plan SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  -- A batch carries at most this much payload, so that its lease row stays small enough to move quickly.
  c_bytes_max CONSTANT bigint := 8388608;
  v_lane record;
  v_tids tid[];
  v_bytes bigint;
  v_all tid[] := '{}';
  v_all_bytes bigint := 0;
  v_has_id boolean;
  v_ids bigint;
BEGIN
  IF p_max IS NULL OR p_max NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('a claim of %s jobs is outside 1 to 1000', p_max);
  END IF;
  -- An id that is older than the statement would not say what claimed_by promises.
  v_has_id := pg_current_xact_id_if_assigned() IS NOT NULL;
  -- The statement's time lies before its snapshot under every isolation level, which the marks rely on.
  claimed_as_of := statement_timestamp();
  snapshot := pg_current_snapshot()::text;
  FOR v_lane IN
    SELECT l.queue, l.priority, coalesce(m.run_at, '-infinity') AS run_at,
           coalesce(m.id, '00000000-0000-0000-0000-000000000000') AS id
    FROM unnest(p_queues) WITH ORDINALITY AS q(name, place)
    JOIN queues ON queues.name = q.name AND NOT queues.paused
    JOIN lanes l ON l.queue = q.name
    LEFT JOIN unnest(p_mark_queues, p_mark_priorities, p_mark_run_ats, p_mark_ids) AS m(queue, priority, run_at, id)
      ON m.queue = l.queue AND m.priority = l.priority
    ORDER BY l.priority, q.place
  LOOP
    SELECT array_agg(picked.tid), sum(picked.bytes) INTO v_tids, v_bytes
    FROM (SELECT r.ctid AS tid, pg_column_size(r.payload) AS bytes FROM ready r
          WHERE r.queue = v_lane.queue AND r.priority = v_lane.priority
            AND (r.run_at, r.id) >= (v_lane.run_at, v_lane.id) AND r.run_at <= claimed_as_of
          ORDER BY r.run_at, r.id LIMIT p_max - cardinality(v_all)
          FOR UPDATE SKIP LOCKED) picked;
    CONTINUE WHEN v_tids IS NULL;
    v_all := v_all || v_tids;
    v_all_bytes := v_all_bytes + v_bytes;
    EXIT WHEN cardinality(v_all) >= p_max OR v_all_bytes >= c_bytes_max;
  END LOOP;

  IF cardinality(v_all) > 0 THEN
    IF v_all_bytes > c_bytes_max THEN
      v_all := first_within_bytes(v_all, c_bytes_max);
    END IF;
    IF p_owner IS NOT NULL THEN
      lease_id := gen_random_uuid();
      INSERT INTO workers (id, name, queues, started_at, seen_at, expires_at, owner, remote)
      SELECT lease_id, p_name, p_queues, t.now, t.now, t.now + p_lease_ms * interval '1 millisecond', p_owner, true
      FROM (SELECT clock_timestamp() AS now) t;
    ELSE
      -- Held until commit, so that upkeep cannot declare the worker dead while it takes on a new lease.
      PERFORM FROM workers WHERE workers.id = p_worker AND workers.expires_at > '-infinity' FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'EQ007', MESSAGE = format('worker %s is not registered (any more)', p_worker),
          HINT = 'its leases ran out; register again under a new id';
      END IF;
    END IF;
    WITH gone AS (DELETE FROM ready r WHERE r.ctid = ANY (v_all) RETURNING r.*)
    SELECT array_agg(gone::ready ORDER BY gone.priority, gone.run_at, gone.id), count(DISTINCT gone.id) INTO jobs, v_ids FROM gone;
    -- A caller who repeated an id has one job with it, not two that no one could settle.
    IF v_ids < cardinality(jobs) THEN
      jobs := ARRAY(SELECT DISTINCT ON (j.id) j::ready FROM unnest(jobs) j ORDER BY j.id, j.priority, j.run_at);
    END IF;
    INSERT INTO leases (id, worker, claimed_at, settled, jobs)
    VALUES (coalesce(lease_id, gen_random_uuid()), coalesce(p_worker, lease_id), claimed_as_of,
            repeat('0', cardinality(jobs))::varbit, jobs)
    RETURNING leases.id INTO lease_id;
    IF NOT v_has_id THEN
      claimed_by := pg_current_xact_id()::text::bigint;
    END IF;
  END IF;
  IF v_all = '{}' THEN
    next_run_at := next_due(p_queues, claimed_as_of);
  END IF;
END $$;

-- The longest beginning of a pick whose payloads fit, and never less than one job.
CREATE FUNCTION first_within_bytes(p_tids tid[], p_bytes_max bigint) RETURNS tid[]
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT array_agg(sized.tid ORDER BY sized.place)
  FROM (SELECT i.tid, i.place, sum(pg_column_size(r.payload)) OVER (ORDER BY i.place) AS bytes
        FROM unnest(p_tids) WITH ORDINALITY AS i(tid, place) JOIN ready r ON r.ctid = i.tid) sized
  WHERE sized.bytes <= p_bytes_max OR sized.place = 1
$$;

-- When the next job of these queues that is not due yet will be; null when there is none.
CREATE FUNCTION next_due(p_queues text[], p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
-- One plan whatever the statistics say: the next entry of each lane's index range.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $$
BEGIN
  RETURN (SELECT min(r.run_at) FROM unnest(p_queues) AS q(name) JOIN lanes l ON l.queue = q.name
          CROSS JOIN LATERAL (SELECT r.run_at FROM ready r
                              WHERE r.queue = l.queue AND r.priority = l.priority AND r.run_at > p_now
                              ORDER BY r.run_at LIMIT 1) r);
END $$;

-- Which of these queues hold jobs that are due, beyond the marks; none that is paused. One question for all who wait, in
-- place of a claim of nothing by each: the marks are sent, and the answer is to be kept, as claim_batch's.
CREATE FUNCTION queues_with_work(
  p_queues text[], p_mark_queues text[] DEFAULT NULL, p_mark_priorities smallint[] DEFAULT NULL,
  p_mark_run_ats timestamptz[] DEFAULT NULL, p_mark_ids uuid[] DEFAULT NULL,
  OUT looked_as_of timestamptz, OUT snapshot text, OUT queue_names text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- One plan whatever the statistics say: the first entry of each lane's index range. (Lanes meet their marks by hash, for
-- there may be a thousand of both.)
SET plan_cache_mode = force_generic_plan SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off
SET enable_mergejoin = off SET jit = off
AS $$
BEGIN
  looked_as_of := statement_timestamp();
  snapshot := pg_current_snapshot()::text;
  queue_names := ARRAY(
    SELECT DISTINCT l.queue
    FROM unnest(p_queues) AS q(name)
    JOIN queues ON queues.name = q.name AND NOT queues.paused
    JOIN lanes l ON l.queue = q.name
    LEFT JOIN unnest(p_mark_queues, p_mark_priorities, p_mark_run_ats, p_mark_ids) AS m(queue, priority, run_at, id)
      ON m.queue = l.queue AND m.priority = l.priority
    CROSS JOIN LATERAL (
      SELECT FROM ready r
      WHERE r.queue = l.queue AND r.priority = l.priority AND r.run_at <= looked_as_of
        AND (r.run_at, r.id) >= (coalesce(m.run_at, '-infinity'), coalesce(m.id, '00000000-0000-0000-0000-000000000000'))
      LIMIT 1) due);
END $$;

-- The claim for SQL clients: a row a job. Register first (register_worker); settle with lease_id and id.
CREATE FUNCTION claim(p_worker uuid, p_queues text[] DEFAULT '{default}', p_max integer DEFAULT 1)
RETURNS TABLE (lease_id uuid, id uuid, task text, payload jsonb, attempt integer, max_attempts integer,
               timeout_ms integer, queue text, priority integer, key text, enqueued_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT b.lease_id, j.id, j.task, j.payload, j.attempt + 1, j.max_attempts::integer, coalesce(j.timeout_ms, t.timeout_ms),
           j.queue, j.priority::integer, j.key, j.enqueued_at
    FROM claim_batch(p_worker, p_queues, p_max) b CROSS JOIN LATERAL unnest(b.jobs) j JOIN tasks t ON t.name = j.task;
END $$;
