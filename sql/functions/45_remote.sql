-- Leases of workers who reach the queue through a server, in whatever language. Each is a worker row of its own with the
-- lease's id: heartbeat, expiry and fence are those of every worker. A lease is its owner's alone.

-- As claim_batch, but registers nobody beforehand: what was picked lies under a lease of p_owner that lives for
-- p_lease_ms. EQ002.
CREATE FUNCTION claim_remote(
  p_name text, p_owner text, p_queues text[], p_max integer, p_lease_ms integer, p_mark_queues text[] DEFAULT NULL,
  p_mark_priorities smallint[] DEFAULT NULL, p_mark_run_ats timestamptz[] DEFAULT NULL, p_mark_ids uuid[] DEFAULT NULL,
  OUT claimed_as_of timestamptz, OUT snapshot text, OUT next_run_at timestamptz, OUT lease_id uuid, OUT jobs ready[],
  OUT claimed_by bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_claim record;
BEGIN
  PERFORM check_lease(p_lease_ms);
  IF coalesce(length(p_name) NOT BETWEEN 1 AND 255 OR length(p_owner) NOT BETWEEN 1 AND 255, true) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a remote worker has a name and an owner of 1 to 255 characters';
  END IF;
  v_claim := claim_as(NULL, p_name, p_owner, p_lease_ms, p_queues, p_max, p_mark_queues, p_mark_priorities,
                      p_mark_run_ats, p_mark_ids);
  claimed_as_of := v_claim.claimed_as_of;
  snapshot := v_claim.snapshot;
  next_run_at := v_claim.next_run_at;
  lease_id := v_claim.lease_id;
  jobs := v_claim.jobs;
  claimed_by := v_claim.claimed_by;
END $$;

-- Extends a lease to p_lease_ms from now: 'extended', when it ends then, and the jobs that it has been asked to stop.
-- 'lease_lost', and nothing else, when it has ended or is of another owner. EQ002.
CREATE FUNCTION heartbeat_remote(
  p_lease uuid, p_owner text, p_lease_ms integer, OUT answer text, OUT expires_at timestamptz, OUT cancelling uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now timestamptz;
BEGIN
  PERFORM check_lease(p_lease_ms);
  -- Waits for upkeep, which locks more.
  PERFORM FROM workers w WHERE w.id = p_lease AND w.remote AND w.owner = p_owner FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    answer := 'lease_lost';
    RETURN;
  END IF;
  v_now := clock_timestamp();
  UPDATE workers w SET seen_at = v_now, expires_at = v_now + p_lease_ms * interval '1 millisecond' WHERE w.id = p_lease
  RETURNING w.expires_at INTO heartbeat_remote.expires_at;
  answer := 'extended';
  cancelling := coalesce((SELECT l.cancelling FROM leases l WHERE l.id = p_lease), '{}');
END $$;

-- As settle, for leases of p_owner. One that is another's is answered 'lease_lost' and not touched. Of a lease that has
-- ended nobody knows the owner any more: a settlement that was accepted is 'replayed' to whoever knows all of it.
CREATE FUNCTION settle_remote(
  p_owner text, p_leases uuid[], p_jobs uuid[], p_outcomes text[], p_results jsonb[] DEFAULT NULL,
  p_errors text[] DEFAULT NULL, p_logs text[] DEFAULT NULL, p_delays_ms bigint[] DEFAULT NULL,
  p_permanent boolean[] DEFAULT NULL)
RETURNS TABLE (job_id uuid, answer text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
DECLARE
  v_foreign uuid[];
  v_leases uuid[] := p_leases;
BEGIN
  SELECT array_agg(l.id) INTO v_foreign FROM leases l
  WHERE l.id = ANY (p_leases)
    AND NOT EXISTS (SELECT FROM workers w WHERE w.id = l.worker AND w.remote AND w.owner = p_owner);
  IF v_foreign IS NOT NULL THEN
    -- An id that no lease has in its place: it is answered like every other lease that is not there.
    v_leases := ARRAY(SELECT CASE WHEN i.lease = ANY (v_foreign) THEN gen_random_uuid() ELSE i.lease END
                      FROM unnest(p_leases) WITH ORDINALITY AS i(lease, place) ORDER BY i.place);
  END IF;
  RETURN QUERY SELECT * FROM settle(v_leases, p_jobs, p_outcomes, p_results, p_errors, p_logs, p_delays_ms, p_permanent);
  -- The worker goes with its lease.
  DELETE FROM workers w WHERE w.id = ANY (v_leases) AND w.remote AND w.owner = p_owner
    AND NOT EXISTS (SELECT FROM leases l WHERE l.worker = w.id);
END $$;

-- As release, for leases of p_owner: see settle_remote.
CREATE FUNCTION release_remote(p_owner text, p_leases uuid[], p_jobs uuid[]) RETURNS TABLE (job_id uuid, answer text)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT * FROM settle_remote(p_owner, p_leases, p_jobs, array_fill('released'::text, ARRAY[cardinality(p_jobs)]))
$$;
