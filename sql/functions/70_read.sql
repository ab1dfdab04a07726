-- The ready row of a job, by its id alone: the usual row lies within id_time_slack of its id's time in one of the
-- lanes; every other one is in ready_by_id.
CREATE FUNCTION find_ready(p_job uuid) RETURNS SETOF ready
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
-- One plan whatever the statistics say, and lanes never has any: a range of the index for each lane.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off
AS $$
BEGIN
  RETURN QUERY
  SELECT r.* FROM ready r WHERE r.deferred AND r.id = p_job
  UNION ALL
  SELECT r.* FROM lanes l CROSS JOIN LATERAL (
    SELECT * FROM ready x WHERE x.queue = l.queue AND x.priority = l.priority AND x.id = p_job AND NOT x.deferred
      AND x.run_at BETWEEN uuid_v7_time(p_job) - id_time_slack() AND uuid_v7_time(p_job) + id_time_slack()
    LIMIT 1) r  -- without this limit it may become a join that begins with all of ready
  LIMIT 1;
END $$;

CREATE FUNCTION find_running(p_job uuid) RETURNS TABLE (lease uuid, claimed_at timestamptz, cancel_requested boolean, job ready)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET jit = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT l.id, l.claimed_at, p_job = ANY (l.cancelling), l.jobs[j.place]
  FROM leases l CROSS JOIN LATERAL (
    SELECT x.place::integer FROM unnest(l.jobs) WITH ORDINALITY
      AS x(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key,
           retry, place)
    WHERE x.id = p_job AND get_bit(l.settled, (x.place - 1)::integer) = 0) j
  LIMIT 1;
END $$;

-- One job, as one consistent snapshot sees it; no row when there is none.
CREATE FUNCTION get_job(p_job uuid) RETURNS SETOF jobs
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS $$
BEGIN
  RETURN QUERY
  SELECT h.id, h.state, h.task, h.queue, h.priority, h.payload, h.attempt, h.max_attempts, h.key, h.result, h.error,
         h.enqueued_at, h.run_at, h.started_at, h.finished_at, false
  FROM history h WHERE h.id = p_job
  UNION ALL
  SELECT r.id, 'queued', r.task, r.queue, r.priority, r.payload, r.attempt, r.max_attempts, r.key, NULL, NULL,
         r.enqueued_at, r.run_at, NULL, NULL, false
  FROM find_ready(p_job) r
  UNION ALL
  SELECT (f.job).id, 'running', (f.job).task, (f.job).queue, (f.job).priority, (f.job).payload,
         ((f.job).attempt + 1)::smallint, (f.job).max_attempts, (f.job).key, NULL, NULL, (f.job).enqueued_at,
         (f.job).run_at, f.claimed_at, NULL, f.cancel_requested
  FROM find_running(p_job) f
  LIMIT 1;
END $$;

-- Jobs, newest first, at most p_limit, older than p_before when that is given.
CREATE FUNCTION list_jobs(
  p_state text DEFAULT NULL, p_queue text DEFAULT NULL, p_task text DEFAULT NULL, p_before uuid DEFAULT NULL,
  p_limit integer DEFAULT 50)
RETURNS SETOF jobs
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT * FROM search_jobs(CASE WHEN p_state IS NOT NULL THEN ARRAY[p_state] END, p_queue, p_task, p_before => p_before,
                            p_limit => p_limit)
$$;

-- The same with more to choose by: any of p_states, a key, enqueued from p_from until before p_to. A page is read from the
-- newest end of each relation and costs no more where millions lie behind it, but for choices that few jobs meet: those
-- are looked for as far back as p_from says. The times bound ids too, which hold their producer's time: a job
-- whose producer's clock was an hour off may be missed by them. EQ002.
CREATE FUNCTION search_jobs(
  p_states text[] DEFAULT NULL, p_queue text DEFAULT NULL, p_task text DEFAULT NULL, p_key text DEFAULT NULL,
  p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL, p_before uuid DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS SETOF jobs
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
-- Planned for each choice, and never by reading and sorting a whole table where an index has the order.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET jit = off
AS $$
DECLARE
  c_clock_slack CONSTANT interval := '1 hour';
  v_states CONSTANT job_state[] := p_states::job_state[];
  -- What lies between is text that uuid_v7_floor can hold.
  v_from CONSTANT timestamptz := CASE WHEN p_from IS NOT NULL THEN greatest(p_from, '1970-01-02') END;
  v_to CONSTANT timestamptz := CASE WHEN p_to IS NOT NULL THEN least(greatest(p_to, '1970-01-02'), '9999-01-01') END;
  v_lowest CONSTANT uuid := coalesce(uuid_v7_floor(v_from - c_clock_slack), '00000000-0000-0000-0000-000000000000');
  v_highest CONSTANT uuid := least(p_before, uuid_v7_floor(v_to + c_clock_slack),
                                   'ffffffff-ffff-ffff-ffff-ffffffffffff');
  -- A row of ready that is not deferred is due since it was enqueued, within id_time_slack of its id's time; and one with a
  -- key is the job that has it.
  v_key_job CONSTANT uuid := (SELECT k.job_id FROM keys k WHERE k.key = p_key);
  v_earliest timestamptz := coalesce(v_from, '-infinity');
  v_latest timestamptz := least(clock_timestamp() + id_time_slack(), uuid_v7_time(v_highest) + id_time_slack(), v_to);
BEGIN
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 500 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('limit %s is outside 1 to 500', p_limit);
  END IF;
  IF p_key IS NOT NULL THEN
    v_earliest := greatest(v_earliest, coalesce(uuid_v7_time(v_key_job), 'infinity') - id_time_slack());
    v_latest := least(v_latest, coalesce(uuid_v7_time(v_key_job), '-infinity') + id_time_slack());
  END IF;
  RETURN QUERY
  SELECT f.* FROM (
    (SELECT r.id, 'queued'::job_state, r.task, r.queue, r.priority, r.payload, r.attempt, r.max_attempts, r.key,
            NULL::jsonb, NULL::text, r.enqueued_at, r.run_at, NULL::timestamptz, NULL::timestamptz, false
     FROM ready r
     WHERE r.deferred AND r.id >= v_lowest AND r.id < v_highest
       AND job_fits('queued', r.queue, r.task, r.key, r.enqueued_at, v_states, p_queue, p_task, p_key, p_from, p_to)
     ORDER BY r.id DESC LIMIT p_limit)
    UNION ALL
    -- Of each lane those that came last; their ids may stand in another order by twice the slack.
    (SELECT r.id, 'queued', r.task, r.queue, r.priority, r.payload, r.attempt, r.max_attempts, r.key, NULL, NULL,
            r.enqueued_at, r.run_at, NULL, NULL, false
     FROM lanes l
     CROSS JOIN LATERAL (
       SELECT min(e.run_at) - 2 * id_time_slack() AS run_at
       FROM (SELECT x.run_at FROM ready x
             WHERE x.queue = l.queue AND x.priority = l.priority AND NOT x.deferred AND x.run_at >= v_earliest
               AND x.run_at <= v_latest AND x.id < v_highest
               AND job_fits('queued', x.queue, x.task, x.key, x.enqueued_at, v_states, p_queue, p_task, p_key, p_from, p_to)
             ORDER BY x.run_at DESC LIMIT p_limit) e) edge
     CROSS JOIN LATERAL (
       SELECT x.* FROM ready x
       WHERE x.queue = l.queue AND x.priority = l.priority AND NOT x.deferred AND x.run_at >= greatest(edge.run_at, v_earliest)
         AND x.run_at <= v_latest AND x.id < v_highest
         AND job_fits('queued', x.queue, x.task, x.key, x.enqueued_at, v_states, p_queue, p_task, p_key, p_from, p_to)
       ORDER BY x.id DESC LIMIT p_limit) r
     WHERE edge.run_at IS NOT NULL AND (p_queue IS NULL OR l.queue = p_queue)
     ORDER BY r.id DESC LIMIT p_limit)
    UNION ALL
    (SELECT j.* FROM jobs j
     WHERE j.state = 'running' AND j.id < v_highest
       AND job_fits(j.state, j.queue, j.task, j.key, j.enqueued_at, v_states, p_queue, p_task, p_key, p_from, p_to)
     ORDER BY j.id DESC LIMIT p_limit)
    UNION ALL
    (SELECT h.id, h.state, h.task, h.queue, h.priority, h.payload, h.attempt, h.max_attempts, h.key, h.result, h.error,
            h.enqueued_at, h.run_at, h.started_at, h.finished_at, false
     FROM history h
     WHERE h.id >= v_lowest AND h.id < v_highest AND h.finished_at >= coalesce(p_from, '-infinity')
       AND job_fits(h.state, h.queue, h.task, h.key, h.enqueued_at, v_states, p_queue, p_task, p_key, p_from, p_to)
     ORDER BY h.id DESC LIMIT p_limit)
  ) f(id) ORDER BY f.id DESC LIMIT p_limit;
END $$;

-- Whether a job is one of those that were asked for; what was not given is met by all. Without a search_path of its own, so
-- that it becomes part of the query that it stands in.
CREATE FUNCTION job_fits(
  state job_state, queue text, task text, key text, enqueued_at timestamptz, p_states job_state[], p_queue text,
  p_task text, p_key text, p_from timestamptz, p_to timestamptz)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_states IS NULL OR state = ANY (p_states)) AND (p_queue IS NULL OR queue COLLATE "C" = p_queue)
  AND (p_task IS NULL OR task COLLATE "C" = p_task) AND (p_key IS NULL OR key COLLATE "C" = p_key)
  AND (p_from IS NULL OR enqueued_at >= p_from) AND (p_to IS NULL OR enqueued_at < p_to);

CREATE FUNCTION list_attempts(p_job uuid)
RETURNS TABLE (attempt smallint, outcome attempt_outcome, error text, log text, started_at timestamptz, finished_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT a.attempt, a.outcome, a.error, a.log, a.started_at, a.finished_at
  FROM attempts a WHERE a.job_id = p_job ORDER BY a.attempt, a.finished_at
$$;

CREATE FUNCTION list_queues()
RETURNS TABLE (name text, paused boolean, ready bigint, scheduled bigint, running bigint, dead bigint, oldest_due_at timestamptz,
               depth_limit integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  WITH waiting AS (
    SELECT r.queue, count(*) FILTER (WHERE r.run_at <= statement_timestamp()) AS ready,
           count(*) FILTER (WHERE r.run_at > statement_timestamp()) AS scheduled,
           min(r.run_at) FILTER (WHERE r.run_at <= statement_timestamp()) AS oldest
    FROM ready r GROUP BY 1
  ), held AS (
    SELECT j.queue, count(*) AS running FROM jobs j WHERE j.state = 'running' GROUP BY 1
  ), ended AS (
    SELECT h.queue, count(*) AS dead FROM history h WHERE h.state = 'dead' GROUP BY 1
  )
  SELECT q.name, q.paused, coalesce(w.ready, 0), coalesce(w.scheduled, 0), coalesce(h.running, 0), coalesce(e.dead, 0),
         w.oldest, q.depth_limit
  FROM queues q LEFT JOIN waiting w ON w.queue = q.name LEFT JOIN held h ON h.queue = q.name
  LEFT JOIN ended e ON e.queue = q.name ORDER BY q.name
$$;

-- Which of these jobs, up to 1,000, are in a final state. With p_within_s only those count that have come to it in so many
-- seconds past, so that the partitions of the days before are not read. EQ002.
CREATE FUNCTION which_ended(p_ids uuid[], p_within_s integer DEFAULT NULL) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  v_since CONSTANT timestamptz := coalesce(clock_timestamp() - p_within_s * interval '1 second', '-infinity');
BEGIN
  IF cardinality(p_ids) > 1000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('%s jobs are more than the 1000 of one call', cardinality(p_ids));
  END IF;
  RETURN ARRAY(
    SELECT i.id FROM unnest(p_ids) AS i(id)
    CROSS JOIN LATERAL (SELECT FROM history h WHERE h.id = i.id AND h.finished_at >= v_since LIMIT 1) ended);
END $$;

-- Whether any job of these queues is due or running or will be.
CREATE FUNCTION has_work(p_queues text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT EXISTS (SELECT FROM ready r WHERE r.queue = ANY (p_queues))
      OR EXISTS (SELECT FROM jobs j WHERE j.state = 'running' AND j.queue = ANY (p_queues))
$$;

-- What the schema is: the newest migration, and the newest one that older programs cannot work with.
CREATE FUNCTION schema_version() RETURNS TABLE (version integer, breaking integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT max(m.version), max(m.version) FILTER (WHERE m.breaking) FROM migrations m
$$;
