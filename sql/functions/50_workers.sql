-- Registers a worker under an unguessable id of its own choice. All its leases live as long as it does.
CREATE FUNCTION register_worker(p_worker uuid, p_name text, p_queues text[], p_lease_ms integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  PERFORM check_lease(p_lease_ms);
  INSERT INTO workers (id, name, queues, started_at, seen_at, expires_at)
  VALUES (p_worker, p_name, p_queues, v_now, v_now, v_now + p_lease_ms * interval '1 millisecond');
END $$;

CREATE FUNCTION check_lease(p_lease_ms integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF p_lease_ms IS NULL OR p_lease_ms NOT BETWEEN 100 AND 86400000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a lease lasts 100 ms to 1 day';
  END IF;
END $$;

-- Extends the worker, and with it all its leases, to p_lease_ms from now. Answers the jobs that it has been asked
-- to stop. EQ007 when it has retired, or upkeep has declared it dead: its leases are void, or will be at once.
CREATE FUNCTION heartbeat(p_worker uuid, p_lease_ms integer) RETURNS TABLE (lease_id uuid, job_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now timestamptz;
BEGIN
  PERFORM check_lease(p_lease_ms);
  -- Waits for upkeep, which locks more, but not for a claim of this worker, which locks less.
  PERFORM FROM workers WHERE id = p_worker FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  UPDATE workers SET seen_at = v_now, expires_at = v_now + p_lease_ms * interval '1 millisecond' WHERE id = p_worker
    AND expires_at > '-infinity';
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ007', MESSAGE = format('worker %s is not registered (any more)', p_worker),
      HINT = 'its leases ran out; register again under a new id';
  END IF;
  RETURN QUERY SELECT l.id, c.job FROM leases l CROSS JOIN LATERAL unnest(l.cancelling) AS c(job)
    WHERE l.worker = p_worker AND l.cancelling <> '{}';
END $$;

-- Which of the leases that a worker has claimed and not settled are gone. After a crash or a failover the database may
-- have forgotten a claim; its jobs are queued, and their handlers should stop.
CREATE FUNCTION lost_leases(p_worker uuid, p_known uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
BEGIN
  RETURN QUERY
    SELECT k.id FROM unnest(p_known) AS k(id)
    WHERE NOT EXISTS (SELECT FROM leases l WHERE l.id = k.id AND l.worker = p_worker);
END $$;

-- A worker that stops says so. Leases that it still holds are void at the next upkeep instead of at their end.
CREATE FUNCTION retire_worker(p_worker uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  -- Waits for a claim under way, so that the next statement sees its lease.
  PERFORM FROM workers WHERE id = p_worker FOR UPDATE;
  UPDATE workers SET expires_at = '-infinity' WHERE id = p_worker;
  DELETE FROM workers WHERE id = p_worker AND NOT EXISTS (SELECT FROM leases WHERE worker = p_worker);
END $$;

-- After a claim whose answer was lost, the worker may hold a lease that it does not know, and would keep alive for ever:
-- gives the jobs of all its leases but p_known back. They cost no attempt. Answers how many.
CREATE FUNCTION release_unknown(p_worker uuid, p_known uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_leases uuid[];
  v_jobs uuid[];
BEGIN
  SELECT array_agg(l.id), array_agg(j.id) INTO v_leases, v_jobs
  FROM leases l CROSS JOIN LATERAL unnest(l.jobs) j WHERE l.worker = p_worker AND l.id <> ALL (p_known);
  IF v_jobs IS NULL THEN
    RETURN 0;
  END IF;
  RETURN (SELECT count(*) FROM release(v_leases, v_jobs) r WHERE r.answer = 'accepted');
END $$;
