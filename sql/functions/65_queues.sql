-- Stops claims from a queue; what runs goes on, and jobs may still come in. Audited. False when it was so already. EQ009
-- unknown queue.
CREATE FUNCTION pause_queue(p_queue text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT set_paused(p_queue, true, p_actor)
$$;

-- The opposite. The workers see it with their next look; announce tells them at once.
CREATE FUNCTION resume_queue(p_queue text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT set_paused(p_queue, false, p_actor)
$$;

CREATE FUNCTION set_paused(p_queue text, p_paused boolean, p_actor text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE queues SET paused = p_paused WHERE name = p_queue AND paused <> p_paused;
  IF NOT FOUND THEN
    PERFORM check_queue(p_queue);
    RETURN false;
  END IF;
  INSERT INTO audit (actor, action, detail)
  VALUES (p_actor, CASE WHEN p_paused THEN 'pause' ELSE 'resume' END, jsonb_build_object('queue', p_queue));
  RETURN true;
END $$;

CREATE FUNCTION check_queue(p_queue text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM queues q WHERE q.name = p_queue) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ009', MESSAGE = format('there is no queue ''%s''', p_queue),
      HINT = 'check the spelling; a queue begins with its first task or job';
  END IF;
END $$;

-- From now on at most p_limit jobs may wait in the queue, due or not; null takes the limit away. A lower limit than what
-- waits removes nothing. Audited. False when it was so already. EQ002, EQ009.
CREATE FUNCTION set_queue_limit(p_queue text, p_limit integer, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF p_limit NOT BETWEEN 1 AND 10000000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('a limit of %s jobs is outside 1 to 10,000,000', p_limit),
      HINT = 'null takes the limit away';
  END IF;
  UPDATE queues SET depth_limit = p_limit WHERE name = p_queue AND depth_limit IS DISTINCT FROM p_limit;
  IF NOT FOUND THEN
    PERFORM check_queue(p_queue);
    RETURN false;
  END IF;
  INSERT INTO audit (actor, action, detail)
  VALUES (p_actor, 'limit', jsonb_build_object('queue', p_queue, 'limit', p_limit));
  RETURN true;
END $$;

-- Refuses new jobs, given by their queues, that would not fit any more. Counts no further than it must, and only where there
-- is a limit. Enqueues that are open at the same time do not see each other and may together go beyond it: the
-- alternative would make every one of them wait for the commit of another.
CREATE FUNCTION check_depth(p_queues text[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
-- One plan whatever the statistics say: a range of the index for each queue.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS $$
DECLARE
  v_full record;
BEGIN
  SELECT q.name, q.depth_limit, added.jobs INTO v_full
  FROM (SELECT i.queue, count(*) AS jobs FROM unnest(p_queues) AS i(queue) GROUP BY 1) added
  JOIN queues q ON q.name = added.queue
  CROSS JOIN LATERAL (
    SELECT count(*) AS jobs FROM (SELECT FROM ready r WHERE r.queue = q.name
                                  LIMIT greatest(q.depth_limit - added.jobs + 1, 0)) counted) waiting
  WHERE added.jobs + waiting.jobs > q.depth_limit ORDER BY q.name LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ008',
      MESSAGE = format('queue ''%s'' is full: %s more would make more than its limit of %s waiting jobs', v_full.name,
                       v_full.jobs, v_full.depth_limit),
      HINT = 'try again when some have run, or raise the limit (set_queue_limit)';
  END IF;
END $$;

-- Removes up to p_limit waiting jobs of a queue: they end cancelled with the error 'purged'. What runs goes on, and what is
-- being claimed at this moment is left to its claimer. Answers how many; call it again until it says 0. Audited.
-- EQ002, EQ009.
CREATE FUNCTION purge_queue(p_queue text, p_limit integer DEFAULT 1000, p_actor text DEFAULT session_user) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- As a claim: the queue's index range, then by address.
SET plan_cache_mode = force_generic_plan SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
  v_jobs ready[];
BEGIN
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('%s jobs at a time is outside 1 to 10,000', p_limit);
  END IF;
  PERFORM check_queue(p_queue);
  WITH gone AS (
    DELETE FROM ready r WHERE r.ctid = ANY (ARRAY(
      SELECT p.ctid FROM ready p WHERE p.queue = p_queue ORDER BY p.priority, p.run_at, p.id LIMIT p_limit
      FOR UPDATE SKIP LOCKED))
    RETURNING r.*)
  SELECT array_agg(gone::ready) INTO v_jobs FROM gone;
  IF v_jobs IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM end_as_cancelled(v_jobs, 'purged');
  INSERT INTO audit (actor, action, detail)
  VALUES (p_actor, 'purge_queue', jsonb_build_object('queue', p_queue, 'jobs', cardinality(v_jobs)));
  RETURN cardinality(v_jobs);
END $$;
