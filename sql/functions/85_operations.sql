-- Operations on many jobs by a filter: cancel (queued ones, and running ones are asked to stop), redrive and purge (dead
-- ones). Only jobs that were there when the operation was made are met; messages of webhooks only when their queue is named.

-- Answers its id; from its commit on servers work it off. At most 20 are open, and the last 1,000 that have ended are kept.
-- Audited. EQ002, EQ006 when too many are open, EQ009.
CREATE FUNCTION create_operation(
  p_kind text, p_queue text DEFAULT NULL, p_task text DEFAULT NULL, p_job_state text DEFAULT NULL,
  p_enqueued_from timestamptz DEFAULT NULL, p_enqueued_to timestamptz DEFAULT NULL, p_reason text DEFAULT NULL,
  p_actor text DEFAULT session_user)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  c_open_max CONSTANT integer := 20;
  c_ended_max CONSTANT integer := 1000;
  v_id uuid;
BEGIN
  IF p_queue IS NOT NULL THEN
    PERFORM check_queue(p_queue);
  END IF;
  LOCK TABLE operations IN SHARE ROW EXCLUSIVE MODE;
  IF (SELECT count(*) FROM operations o WHERE o.state = 'running') >= c_open_max THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ006', MESSAGE = format('%s operations are open already', c_open_max),
      HINT = 'wait for the end of one, or stop it';
  END IF;
  DELETE FROM operations o WHERE o.id IN (
    SELECT e.id FROM operations e WHERE e.state <> 'running' ORDER BY e.created_at DESC OFFSET c_ended_max - 1);
  INSERT INTO operations (kind, queue, task, job_state, enqueued_from, enqueued_to, reason, phase, actor)
  VALUES (p_kind, p_queue, p_task, p_job_state, p_enqueued_from, p_enqueued_to, p_reason,
          CASE WHEN p_kind <> 'cancel' THEN 'history' WHEN p_job_state = 'running' THEN 'leases' ELSE 'ready' END, p_actor)
  RETURNING id INTO v_id;
  PERFORM audit_access(p_actor, 'start_operation', jsonb_strip_nulls(jsonb_build_object(
    'operation', v_id, 'kind', p_kind, 'queue', p_queue, 'task', p_task, 'job_state', p_job_state,
    'enqueued_from', p_enqueued_from, 'enqueued_to', p_enqueued_to)));
  RETURN v_id;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the operation cannot be: a value breaks a rule (%s)', SQLERRM),
    HINT = 'the kind is cancel, redrive or purge; cancel is of queued or running jobs, the others of dead ones; a reason has '
           '1 to 500 characters';
END $$;

-- What is done stays done. False when it had ended before, or is unknown. Audited.
CREATE FUNCTION stop_operation(p_operation uuid, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now CONSTANT timestamptz := clock_timestamp();
BEGIN
  -- Waits for a batch that is under way.
  UPDATE operations o SET state = 'stopped', updated_at = v_now, finished_at = v_now
  WHERE o.id = p_operation AND o.state = 'running';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'stop_operation', jsonb_build_object('operation', p_operation));
  RETURN true;
END $$;

-- Newest first; one of them when p_operation is given.
CREATE FUNCTION list_operations(p_operation uuid DEFAULT NULL, p_limit integer DEFAULT 100)
RETURNS TABLE (id uuid, kind text, queue text, task text, job_state text, enqueued_from timestamptz, enqueued_to timestamptz,
               state text, jobs bigint, requested bigint, error text, actor text, created_at timestamptz,
               updated_at timestamptz, finished_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT o.id, o.kind, o.queue, o.task, o.job_state, o.enqueued_from, o.enqueued_to, o.state, o.jobs, o.requested, o.error,
         o.actor, o.created_at, o.updated_at, o.finished_at
  FROM operations o WHERE p_operation IS NULL OR o.id = p_operation ORDER BY o.created_at DESC, o.id LIMIT least(p_limit, 1000)
$$;

-- One batch of the open operation that has waited longest: at most 1,000 jobs, or 20 leases, out of at most 5,000 that are
-- looked at. Answers it, as it is then, and how many jobs the batch has asked to stop; no row when nothing is to do.
CREATE FUNCTION work_operation() RETURNS TABLE (operation uuid, state text, jobs bigint, asked bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_before operations;
  v_after operations;
BEGIN
  -- Of several servers each takes another one.
  SELECT * INTO v_before FROM operations o WHERE o.state = 'running' ORDER BY o.updated_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  BEGIN
    CASE v_before.phase
      WHEN 'ready' THEN PERFORM cancel_some_ready(v_before.id);
      WHEN 'leases' THEN PERFORM cancel_some_running(v_before.id);
      ELSE PERFORM change_some_dead(v_before.id);
    END CASE;
  EXCEPTION WHEN OTHERS THEN
    -- Conflicts, and what the server lacks at the moment, pass; anything else would come again for ever.
    IF left(SQLSTATE, 2) IN ('40', '53', '55', '57', '58') THEN
      RAISE;
    END IF;
    UPDATE operations o SET state = 'failed', error = left(SQLERRM, 500), finished_at = o.updated_at WHERE o.id = v_before.id;
  END;
  UPDATE operations o
  SET updated_at = clock.now, finished_at = CASE WHEN o.state <> 'running' THEN clock.now END
  FROM (SELECT clock_timestamp() AS now) clock WHERE o.id = v_before.id RETURNING o.* INTO v_after;
  IF v_after.state <> 'running' THEN
    PERFORM audit_access(v_after.actor, 'end_operation', jsonb_build_object(
      'operation', v_after.id, 'kind', v_after.kind, 'state', v_after.state, 'jobs', v_after.jobs,
      'requested', v_after.requested));
  END IF;
  RETURN QUERY SELECT v_after.id, v_after.state, v_after.jobs, v_after.requested - v_before.requested;
END $$;

-- Whether a job is one of those that an operation is about.
CREATE FUNCTION operation_fits(
  p_of_queue text, p_of_task text, p_from timestamptz, p_to timestamptz, p_queue text, p_task text, p_enqueued_at timestamptz)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
  SELECT (p_of_queue = p_queue OR p_of_queue IS NULL AND NOT is_reserved_queue(p_queue)) AND (p_of_task IS NULL OR p_of_task = p_task)
     AND (p_from IS NULL OR p_enqueued_at >= p_from) AND p_enqueued_at < p_to
$$;

-- The next queued jobs, in the order of the table.
CREATE FUNCTION cancel_some_ready(p_operation uuid) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
-- A range of the primary key, planned for the filter at hand; then each row by its key.
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  o operations;
  v_last record;
  v_gone ready[];
BEGIN
  SELECT * INTO o FROM operations x WHERE x.id = p_operation;
  WITH seen AS MATERIALIZED (
    SELECT s.*, count(*) FILTER (WHERE s.fits) OVER (ORDER BY s.queue, s.priority, s.run_at, s.id) AS met
    FROM (SELECT r.queue, r.priority, r.run_at, r.id,
                 operation_fits(o.queue, o.task, o.enqueued_from, least(o.enqueued_to, o.created_at), r.queue, r.task,
                                r.enqueued_at) AS fits
          FROM ready r
          WHERE (o.queue IS NULL OR r.queue = o.queue)
            AND (o.at_id IS NULL OR (r.queue, r.priority, r.run_at, r.id) > (o.at_queue, o.at_priority, o.at_run_at, o.at_id))
          ORDER BY r.queue, r.priority, r.run_at, r.id LIMIT 5000) s),
  -- A row that a claim takes at this moment is waited for, and then found among the leases.
  gone AS (
    DELETE FROM ready r USING seen x
    WHERE x.fits AND x.met <= 1000 AND (r.queue, r.priority, r.run_at, r.id) = (x.queue, x.priority, x.run_at, x.id)
    RETURNING r.*)
  SELECT last.*, (SELECT array_agg(gone::ready) FROM gone) AS jobs INTO v_last
  FROM (SELECT x.queue, x.priority, x.run_at, x.id FROM seen x WHERE x.met <= 1000
        ORDER BY x.queue DESC, x.priority DESC, x.run_at DESC, x.id DESC LIMIT 1) last;
  IF NOT FOUND THEN
    UPDATE operations x SET phase = 'leases', at_id = NULL, state = CASE WHEN x.job_state = 'queued' THEN 'done' ELSE x.state END,
      finished_at = CASE WHEN x.job_state = 'queued' THEN x.updated_at END
    WHERE x.id = p_operation;
    RETURN;
  END IF;
  v_gone := v_last.jobs;
  IF v_gone IS NOT NULL THEN
    PERFORM end_as_cancelled(v_gone, coalesce(o.reason, 'cancelled by ' || o.actor));
  END IF;
  UPDATE operations x SET at_queue = v_last.queue, at_priority = v_last.priority, at_run_at = v_last.run_at, at_id = v_last.id,
    jobs = x.jobs + coalesce(cardinality(v_gone), 0), found = x.found OR v_gone IS NOT NULL
  WHERE x.id = p_operation;
END $$;

-- The jobs of the next leases. At the end of a round that has met any job another one begins, since a job may have gone
-- from here to there behind the last; those that were asked already are not met again.
CREATE FUNCTION cancel_some_running(p_operation uuid) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_leases CONSTANT uuid[] := ARRAY(
    SELECT l.id FROM operations x JOIN leases l ON x.at_id IS NULL OR l.id > x.at_id
    WHERE x.id = p_operation ORDER BY l.id LIMIT 20);
  v_lease uuid;
  v_jobs uuid[];
  v_asked integer := 0;
BEGIN
  IF v_leases = '{}' THEN
    UPDATE operations x SET state = CASE WHEN x.found THEN 'running' ELSE 'done' END,
      finished_at = CASE WHEN NOT x.found THEN x.updated_at END,
      phase = CASE WHEN x.job_state = 'running' THEN 'leases' ELSE 'ready' END, at_id = NULL, found = false
    WHERE x.id = p_operation;
    RETURN;
  END IF;
  FOREACH v_lease IN ARRAY v_leases LOOP
    CONTINUE WHEN operation_jobs(p_operation, v_lease) = '{}';
    PERFORM FROM leases l WHERE l.id = v_lease FOR UPDATE;
    -- Again under the lock: some may have been settled while we waited.
    v_jobs := operation_jobs(p_operation, v_lease);
    UPDATE leases l SET cancelling = l.cancelling || v_jobs WHERE l.id = v_lease AND v_jobs <> '{}';
    v_asked := v_asked + cardinality(v_jobs);
  END LOOP;
  UPDATE operations x SET at_id = v_leases[cardinality(v_leases)], requested = x.requested + v_asked, found = x.found OR v_asked > 0
  WHERE x.id = p_operation;
END $$;

-- Those of a lease that are to be asked to stop and were not yet.
CREATE FUNCTION operation_jobs(p_operation uuid, p_lease uuid) RETURNS uuid[]
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT ARRAY(
    SELECT j.id FROM operations o, leases l CROSS JOIN LATERAL unnest(l.jobs) WITH ORDINALITY
      AS j(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key, retry, place)
    WHERE o.id = p_operation AND l.id = p_lease AND get_bit(l.settled, (j.place - 1)::integer) = 0 AND j.id <> ALL (l.cancelling)
      AND operation_fits(o.queue, o.task, o.enqueued_from, least(o.enqueued_to, o.created_at), j.queue, j.task, j.enqueued_at))
$$;

-- The next dead jobs, in the order of their index. Those that died after the operation was made are left alone.
CREATE FUNCTION change_some_dead(p_operation uuid) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $$
DECLARE
  o operations;
  v_last record;
  v_jobs uuid[];
  v_count bigint;
BEGIN
  SELECT * INTO o FROM operations x WHERE x.id = p_operation;
  WITH seen AS MATERIALIZED (
    SELECT s.*, count(*) FILTER (WHERE s.fits) OVER (ORDER BY s.queue, s.id) AS met
    FROM (SELECT h.queue, h.id,
                 h.finished_at < o.created_at AND operation_fits(
                   o.queue, o.task, o.enqueued_from, least(o.enqueued_to, o.created_at), h.queue, h.task, h.enqueued_at) AS fits
          FROM history h
          WHERE h.state = 'dead' AND (o.queue IS NULL OR h.queue = o.queue)
            AND (o.at_id IS NULL OR (h.queue, h.id) > (o.at_queue, o.at_id))
          ORDER BY h.queue, h.id LIMIT 5000) s)
  SELECT last.*, ARRAY(SELECT x.id FROM seen x WHERE x.fits AND x.met <= 1000) AS jobs INTO v_last
  FROM (SELECT x.queue, x.id FROM seen x WHERE x.met <= 1000 ORDER BY x.queue DESC, x.id DESC LIMIT 1) last;
  IF NOT FOUND THEN
    UPDATE operations x SET state = 'done', finished_at = x.updated_at WHERE x.id = p_operation;
    RETURN;
  END IF;
  -- Whoever changes dead jobs locks them in this order.
  v_jobs := ARRAY(SELECT h.id FROM history h WHERE h.id = ANY (v_last.jobs) AND h.state = 'dead' ORDER BY h.id FOR UPDATE);
  IF o.kind = 'redrive' THEN
    v_count := redrive_all(v_jobs);
  ELSE
    DELETE FROM attempts a WHERE a.job_id = ANY (v_jobs);
    DELETE FROM history h WHERE h.id = ANY (v_jobs) AND h.state = 'dead';
    GET DIAGNOSTICS v_count = ROW_COUNT;
  END IF;
  UPDATE operations x SET at_queue = v_last.queue, at_id = v_last.id, jobs = x.jobs + v_count WHERE x.id = p_operation;
END $$;
