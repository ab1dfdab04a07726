-- Cancels a queued job at once ('cancelled'); asks a running one to stop ('requested'; its worker hears of it with its
-- next heartbeat); 'already' when that was done before. EQ005 unknown job, EQ006 when it has ended otherwise.
CREATE FUNCTION cancel(p_job uuid, p_reason text DEFAULT 'cancelled on request') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_state job_state;
  v_known boolean;
BEGIN
  -- A job may move between two statements (claimed, given back). Each round looks everywhere; a job that is seen as a
  -- whole but was caught nowhere has moved, so look again.
  LOOP
    IF cancel_ready(p_job, p_reason) THEN
      RETURN 'cancelled';
    END IF;
    v_known := cancel_running(p_job);
    IF v_known IS NOT NULL THEN
      RETURN CASE WHEN v_known THEN 'already' ELSE 'requested' END;
    END IF;
    SELECT j.state INTO v_state FROM get_job(p_job) j;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'EQ005', MESSAGE = format('there is no job %s', p_job),
        HINT = 'the id is wrong, or retention has removed it';
    ELSIF v_state = 'cancelled' THEN
      RETURN 'already';
    ELSIF v_state IN ('succeeded', 'dead') THEN
      RAISE EXCEPTION USING ERRCODE = 'EQ006', MESSAGE = format('job %s is %s and cannot be cancelled', p_job, v_state);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION cancel_ready(p_job uuid, p_reason text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_place ready;
  v_job ready;
BEGIN
  SELECT * INTO v_place FROM find_ready(p_job);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM ready r
  WHERE (r.queue, r.priority, r.run_at, r.id) = (v_place.queue, v_place.priority, v_place.run_at, v_place.id)
  RETURNING r.* INTO v_job;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM end_as_cancelled(ARRAY[v_job], coalesce(p_reason, 'cancelled on request'));
  RETURN true;
END $$;

-- Takes jobs, which the caller has just removed from ready, to history.
CREATE FUNCTION end_as_cancelled(p_jobs ready[], p_reason text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_now CONSTANT timestamptz := clock_timestamp();
  v_keys text[];
  v_key_jobs uuid[];
BEGIN
  INSERT INTO history (id, finished_at, run_at, enqueued_at, state, timeout_ms, priority, attempt, max_attempts, queue,
                       task, payload, key, retry, error)
  SELECT j.id, v_now, j.run_at, j.enqueued_at, 'cancelled', j.timeout_ms, j.priority, j.attempt, j.max_attempts, j.queue,
         j.task, j.payload, j.key, j.retry, p_reason
  -- A caller who repeated an id has one job with it, as in a claim.
  FROM (SELECT DISTINCT ON (u.id) u.* FROM unnest(p_jobs) u ORDER BY u.id, u.priority, u.run_at) j;
  SELECT array_agg(j.key), array_agg(j.id) INTO v_keys, v_key_jobs FROM unnest(p_jobs) j WHERE j.key IS NOT NULL;
  IF v_keys IS NOT NULL THEN
    PERFORM start_key_expiry(v_keys, v_key_jobs, v_now);
  END IF;
  IF EXISTS (SELECT FROM webhooks w WHERE w.enabled) THEN
    PERFORM tell_webhooks(ARRAY(SELECT j.id FROM unnest(p_jobs) j), v_now);
  END IF;
END $$;

-- Null when no lease holds the job; else whether it had been asked before.
CREATE FUNCTION cancel_running(p_job uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_lease uuid;
  v_known boolean;
BEGIN
  SELECT f.lease INTO v_lease FROM find_running(p_job) f;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM leases WHERE id = v_lease FOR UPDATE;
  -- Looked up again under the lock: it may have been settled while we waited.
  SELECT f.cancel_requested INTO v_known FROM find_running(p_job) f WHERE f.lease = v_lease;
  IF FOUND AND NOT v_known THEN
    UPDATE leases SET cancelling = cancelling || p_job WHERE id = v_lease;
  END IF;
  RETURN v_known;
END $$;
