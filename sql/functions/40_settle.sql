-- The wait before the attempt after attempt p_attempt. Fixed, or exponential with full jitter: uniform between 0 and
-- min(cap, delay * 2^(attempt - 1)) (Brooker, Exponential Backoff And Jitter, 2015). The cap is 7 days when the policy
-- names none. p_random in [0, 1).
CREATE FUNCTION retry_delay(p_retry jsonb, p_attempt integer, p_random double precision) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '1 millisecond' * CASE p_retry ->> 'backoff'
  WHEN 'fixed' THEN (p_retry ->> 'delay_ms')::double precision
  ELSE p_random * least(coalesce((p_retry ->> 'cap_ms')::double precision, 604800000),
                        (p_retry ->> 'delay_ms')::double precision * 2 ^ least(p_attempt - 1, 40))
END;

-- Settles attempts: arrays run in parallel. An outcome is succeeded, failed, timed_out, crashed, cancelled, snoozed or
-- released. p_delays_ms overrides the retry policy (and is the snooze time); p_permanent ends a failed job dead.
-- Answers per job: 'accepted'; 'replayed' (this very settlement was accepted before: nothing to do);
-- 'lease_lost' (the lease is not current: nothing was changed).
CREATE FUNCTION settle(
  p_leases uuid[], p_jobs uuid[], p_outcomes text[], p_results jsonb[] DEFAULT NULL, p_errors text[] DEFAULT NULL,
  p_logs text[] DEFAULT NULL, p_delays_ms bigint[] DEFAULT NULL, p_permanent boolean[] DEFAULT NULL)
RETURNS TABLE (job_id uuid, answer text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_bad text;
BEGIN
  SELECT i.outcome INTO v_bad FROM unnest(p_outcomes) AS i(outcome)
  WHERE i.outcome IS NULL
     OR i.outcome NOT IN ('succeeded', 'failed', 'timed_out', 'crashed', 'cancelled', 'snoozed', 'released') LIMIT 1;
  IF FOUND OR cardinality(p_jobs) IS DISTINCT FROM cardinality(p_leases)
     OR cardinality(p_outcomes) IS DISTINCT FROM cardinality(p_leases) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002',
      MESSAGE = coalesce(format('''%s'' is no outcome', v_bad), 'each settlement needs a lease, a job and an outcome'),
      HINT = 'succeeded, failed, timed_out, crashed, cancelled, snoozed or released';
  END IF;
  RETURN QUERY SELECT * FROM settle_as(p_leases, p_jobs, p_outcomes, p_results, p_errors, p_logs, p_delays_ms, p_permanent);
END $$;

-- Gives jobs back unstarted: they cost no attempt and are due at once.
CREATE FUNCTION release(p_leases uuid[], p_jobs uuid[]) RETURNS TABLE (job_id uuid, answer text)
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT * FROM settle_as(p_leases, p_jobs, array_fill('released'::text, ARRAY[cardinality(p_jobs)]))
$$;

-- The one place where a job leaves a lease, for settle, release and upkeep (which adds the outcome 'lost'): the fence,
-- the state machine and the retry rule.
CREATE FUNCTION settle_as(
  p_leases uuid[], p_jobs uuid[], p_outcomes text[], p_results jsonb[] DEFAULT NULL, p_errors text[] DEFAULT NULL,
  p_logs text[] DEFAULT NULL, p_delays_ms bigint[] DEFAULT NULL, p_permanent boolean[] DEFAULT NULL)
RETURNS TABLE (job_id uuid, answer text)
LANGUAGE plpgsql SET search_path FROM CURRENT
-- One plan whatever the statistics say: leases by their key, everything else by hash.
SET plan_cache_mode = force_generic_plan SET enable_mergejoin = off SET enable_nestloop = off SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_leases uuid[];
  v_ids uuid[];
  v_key_jobs uuid[];
  v_keys text[];
BEGIN
  -- A job that is settled twice at once would be moved twice.
  IF (SELECT count(*) FROM (SELECT DISTINCT i.lease, i.job FROM unnest(p_leases, p_jobs) AS i(lease, job)) each)
     < cardinality(p_jobs) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a job stands twice under the same lease in one call';
  END IF;
  -- The fence. Locked in the order of ids, so that overlapping batches wait for each other instead of deadlocking.
  PERFORM FROM leases l WHERE l.id = ANY (p_leases) ORDER BY l.id FOR UPDATE;
  PERFORM pg_current_xact_id();
  v_now := clock_timestamp();

  WITH input AS (
    SELECT * FROM unnest(p_leases, p_jobs, p_outcomes, p_results, p_errors, p_logs, p_delays_ms, p_permanent)
      AS i(lease, job, outcome, result, error, log, delay_ms, permanent)
  ), done AS MATERIALIZED (
    SELECT h.*, i.outcome, i.result, i.error, i.log, i.delay_ms,
           CASE
             WHEN i.outcome = 'succeeded' THEN 'succeeded'
             WHEN i.outcome = 'cancelled' OR h.id = ANY (h.cancelling) THEN 'cancelled'
             WHEN i.outcome IN ('snoozed', 'released') THEN 'queued'
             WHEN coalesce(i.permanent, false) OR h.attempt + 1 >= h.max_attempts THEN 'dead'
             ELSE 'queued'
           END::job_state AS state,
           h.attempt + CASE WHEN i.outcome IN ('snoozed', 'released') THEN 0 ELSE 1 END AS attempts
    FROM (SELECT l.id AS lease, l.claimed_at, l.cancelling, l.settled, (j.place - 1)::integer AS bit, j.*
          FROM leases l CROSS JOIN LATERAL unnest(l.jobs) WITH ORDINALITY
            AS j(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key,
                 retry, place)
          WHERE l.id = ANY (p_leases) AND get_bit(l.settled, (j.place - 1)::integer) = 0
          OFFSET 0) h  -- or else each job of the input would unnest its lease
    JOIN input i ON i.lease = h.lease AND i.job = h.id
  ), finished AS (
    INSERT INTO history (id, finished_at, started_at, run_at, enqueued_at, lease, state, timeout_ms, priority, attempt,
                         max_attempts, queue, task, payload, key, retry, result, error)
    SELECT d.id, v_now, d.claimed_at, d.run_at, d.enqueued_at, d.lease, d.state, d.timeout_ms, d.priority, d.attempts,
           d.max_attempts, d.queue, d.task, d.payload, d.key, d.retry,
           CASE WHEN d.state = 'succeeded' THEN coalesce(d.result, 'null') END,
           CASE WHEN d.state <> 'succeeded' THEN coalesce(d.error, d.outcome) END
    FROM done d WHERE d.state <> 'queued'
    ORDER BY d.id  -- that of the index
  ), requeued AS (
    INSERT INTO ready (id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task,
                       payload, key, retry)
    SELECT d.id, v_now + wait.delay, d.enqueued_at, d.timeout_ms, d.priority,
           d.attempts, d.max_attempts, true, d.queue, d.task, d.payload, d.key, d.retry
    FROM done d LEFT JOIN tasks t ON t.name = d.task
    CROSS JOIN LATERAL (SELECT CASE
        WHEN d.delay_ms IS NOT NULL THEN least(greatest(d.delay_ms, 0), wait_ms_max()) * interval '1 millisecond'
        WHEN d.outcome IN ('released', 'lost', 'snoozed') THEN interval '0'
        ELSE retry_delay(coalesce(d.retry, t.retry), d.attempt + 1, random())
      END AS delay) wait
    WHERE d.state = 'queued'
  ), noted AS (
    INSERT INTO attempts (job_id, attempt, started_at, finished_at, lease, outcome, error, log)
    SELECT d.id, d.attempt + 1, d.claimed_at, v_now, d.lease, d.outcome::attempt_outcome, coalesce(d.error, d.outcome), d.log
    FROM done d WHERE d.outcome NOT IN ('succeeded', 'snoozed', 'released')
  ), balance AS MATERIALIZED (
    SELECT d.lease, count(*) = length(d.settled) - bit_count(d.settled) AS is_empty FROM done d GROUP BY d.lease, d.settled
  ), shrunk AS (
    UPDATE leases l SET settled = l.settled | mask.bits
    FROM (SELECT d.lease, bit_or(set_bit(repeat('0', length(d.settled))::varbit, d.bit, 1)) AS bits
          FROM balance b JOIN done d ON d.lease = b.lease WHERE NOT b.is_empty GROUP BY d.lease) mask
    WHERE l.id = mask.lease AND l.id = ANY (p_leases)
  ), emptied AS (
    DELETE FROM leases l USING balance b WHERE l.id = b.lease AND b.is_empty AND l.id = ANY (p_leases)
  )
  SELECT array_agg(d.lease), array_agg(d.id), array_agg(d.key) FILTER (WHERE d.key IS NOT NULL AND d.state <> 'queued'),
         array_agg(d.id) FILTER (WHERE d.key IS NOT NULL AND d.state <> 'queued')
    INTO v_leases, v_ids, v_keys, v_key_jobs FROM done d;

  IF v_keys IS NOT NULL THEN
    PERFORM start_key_expiry(v_keys, v_key_jobs, v_now);
  END IF;
  -- Mostly all of a batch have succeeded, and who has a webhook waits for failures.
  IF EXISTS (SELECT FROM webhooks w WHERE w.enabled AND ('succeeded' = ANY (w.events) OR 'succeeded' <> ANY (p_outcomes))) THEN
    PERFORM tell_webhooks(v_ids, v_now);
  END IF;
  IF cardinality(v_ids) = cardinality(p_jobs) THEN
    RETURN QUERY SELECT i.job, 'accepted' FROM unnest(p_jobs) AS i(job);
  ELSE
    RETURN QUERY SELECT i.job, CASE WHEN d.job IS NOT NULL THEN 'accepted'
                                    WHEN was_settled(i.lease, i.job, i.outcome) THEN 'replayed'
                                    ELSE 'lease_lost' END
      FROM unnest(p_leases, p_jobs, p_outcomes) WITH ORDINALITY AS i(lease, job, outcome, place)
      LEFT JOIN unnest(v_leases, v_ids) AS d(lease, job) ON d.lease = i.lease AND d.job = i.job
      ORDER BY i.place;
  END IF;
END $$;

-- Whether this very settlement was accepted before, so that a caller who lost the answer may simply repeat it.
CREATE FUNCTION was_settled(p_lease uuid, p_job uuid, p_outcome text) RETURNS boolean
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT CASE WHEN p_outcome = 'succeeded'
    THEN EXISTS (SELECT FROM history h WHERE h.id = p_job AND h.lease = p_lease AND h.state = 'succeeded')
    ELSE EXISTS (SELECT FROM attempts a WHERE a.job_id = p_job AND a.lease = p_lease AND a.outcome::text = p_outcome)
  END
$$;

-- From the end of its job on, a key lives for settings.key_hours more. A job that was redriven after its key was forgotten
-- may find another job under it, whose end this is not. An enqueue under way that has met the key does not hold this up.
CREATE FUNCTION start_key_expiry(p_keys text[], p_jobs uuid[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
-- One plan whatever the statistics say: keys by their index.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
BEGIN
  UPDATE keys SET expires_at = p_now + settings.key_hours * interval '1 hour'
  FROM settings, (SELECT k.key FROM keys k WHERE k.key = ANY (p_keys) AND k.job_id = ANY (p_jobs)
                  ORDER BY k.key FOR NO KEY UPDATE) mine
  WHERE keys.key = mine.key;
END $$;
