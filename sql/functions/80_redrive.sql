-- Dead jobs of a filter, oldest first, at most p_limit: what redrive and purge work on.
CREATE FUNCTION pick_dead(p_queue text, p_task text, p_limit integer) RETURNS SETOF history
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT h.* FROM history h
  WHERE h.state = 'dead' AND (p_queue IS NULL OR h.queue = p_queue) AND (p_task IS NULL OR h.task = p_task)
  ORDER BY h.id LIMIT p_limit FOR UPDATE
$$;

-- Puts one dead job back to queued, due at once, with as many more attempts as its task declares. Audited.
-- EQ005 unknown job, EQ006 when it is not dead.
CREATE FUNCTION redrive(p_job uuid, p_actor text DEFAULT session_user) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_state job_state;
BEGIN
  IF redrive_all(ARRAY[p_job]) = 0 THEN
    SELECT j.state INTO v_state FROM get_job(p_job) j;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'EQ005', MESSAGE = format('there is no job %s', p_job),
        HINT = 'the id is wrong, or retention has removed it';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'EQ006', MESSAGE = format('job %s is %s; only dead jobs can be redriven', p_job, v_state);
  END IF;
  INSERT INTO audit (actor, action, detail) VALUES (p_actor, 'redrive', jsonb_build_object('job', p_job));
END $$;

-- The same for many, oldest first. Returns how many; 0 when none is left.
CREATE FUNCTION redrive_dead(p_queue text, p_task text, p_limit integer, p_actor text DEFAULT session_user) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_count integer;
BEGIN
  v_count := redrive_all(ARRAY(SELECT d.id FROM pick_dead(p_queue, p_task, p_limit) d));
  IF v_count > 0 THEN
    INSERT INTO audit (actor, action, detail)
    VALUES (p_actor, 'redrive', jsonb_build_object('queue', p_queue, 'task', p_task, 'jobs', v_count));
  END IF;
  RETURN v_count;
END $$;

CREATE FUNCTION redrive_all(p_jobs uuid[]) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_jobs history[];
  v_now timestamptz;
BEGIN
  WITH gone AS (DELETE FROM history h WHERE h.id = ANY (p_jobs) AND h.state = 'dead' RETURNING h.*)
  SELECT array_agg(gone::history) INTO v_jobs FROM gone;
  IF v_jobs IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM pg_current_xact_id();
  v_now := clock_timestamp();
  INSERT INTO ready (id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload,
                     key, retry)
  SELECT j.id, v_now, j.enqueued_at, j.timeout_ms, j.priority, j.attempt, least(j.attempt + coalesce(t.max_attempts, 1), 32767), true,
         j.queue, j.task, j.payload, j.key, j.retry
  FROM unnest(v_jobs) j LEFT JOIN tasks t ON t.name = j.task;
  -- It lives again, and so does its key.
  UPDATE keys SET expires_at = NULL FROM unnest(v_jobs) j WHERE keys.key = j.key AND keys.job_id = j.id;
  RETURN cardinality(v_jobs);
END $$;

-- Removes dead jobs and their attempts for good, oldest first. Returns how many; 0 when none is left. Audited.
CREATE FUNCTION purge_dead(p_queue text, p_task text, p_limit integer, p_actor text DEFAULT session_user) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_ids uuid[];
BEGIN
  v_ids := ARRAY(SELECT d.id FROM pick_dead(p_queue, p_task, p_limit) d);
  IF cardinality(v_ids) > 0 THEN
    DELETE FROM attempts a WHERE a.job_id = ANY (v_ids);
    DELETE FROM history h WHERE h.id = ANY (v_ids) AND h.state = 'dead';
    INSERT INTO audit (actor, action, detail)
    VALUES (p_actor, 'purge', jsonb_build_object('queue', p_queue, 'task', p_task, 'jobs', cardinality(v_ids)));
  END IF;
  RETURN cardinality(v_ids);
END $$;
