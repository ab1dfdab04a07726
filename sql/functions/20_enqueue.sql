-- Declares a task, or changes the defaults of a declared one.
CREATE FUNCTION declare_task(
  p_name text, p_queue text DEFAULT 'default', p_priority integer DEFAULT 5, p_max_attempts integer DEFAULT 5,
  p_timeout_ms integer DEFAULT 300000,
  p_retry jsonb DEFAULT '{"backoff": "exponential", "delay_ms": 2000, "cap_ms": 3600000}', p_actor text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF p_name = 'equeue.webhook' OR is_reserved_queue(p_queue) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('task ''%s'' cannot be declared: %s belongs to webhooks', p_name,
      CASE WHEN p_name = 'equeue.webhook' THEN 'its name' ELSE 'its queue' END), HINT = 'choose another name';
  END IF;
  PERFORM open_lanes(ARRAY[p_queue], ARRAY[p_priority::smallint]);
  -- An unchanged declaration writes nothing: every worker repeats its own at each start.
  IF EXISTS (SELECT FROM tasks t
             WHERE (t.name, t.queue, t.priority, t.max_attempts, t.timeout_ms, t.retry)
                 = (p_name, p_queue, p_priority, p_max_attempts, p_timeout_ms, p_retry)) THEN
    RETURN;
  END IF;
  INSERT INTO tasks (name, queue, priority, max_attempts, timeout_ms, retry)
  VALUES (p_name, p_queue, p_priority, p_max_attempts, p_timeout_ms, p_retry)
  ON CONFLICT (name) DO UPDATE
    SET queue = excluded.queue, priority = excluded.priority, max_attempts = excluded.max_attempts,
        timeout_ms = excluded.timeout_ms, retry = excluded.retry;
  IF p_actor IS NOT NULL THEN
    INSERT INTO audit (actor, action, detail)
    VALUES (p_actor, 'declare', jsonb_build_object('task', p_name, 'queue', p_queue, 'priority', p_priority, 'max_attempts',
            p_max_attempts, 'timeout_ms', p_timeout_ms, 'retry', p_retry));
  END IF;
EXCEPTION WHEN check_violation OR not_null_violation OR numeric_value_out_of_range OR invalid_text_representation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002',
    MESSAGE = format('task ''%s'' cannot be declared: a value breaks a rule (%s)', p_name, SQLERRM),
    HINT = 'a name is area.verb in a-z 0-9 _ -; priority 0-9; max_attempts 1-1000; timeout 1 ms to 7 days';
END $$;

-- Makes sure that queues and lanes exist. Writes only what is missing: an uncommitted first job of a lane makes
-- others that open the same lane wait, so this happens once in a lane's life.
CREATE FUNCTION open_lanes(p_queues text[], p_priorities smallint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_bad text;
BEGIN
  IF NOT EXISTS (SELECT FROM unnest(p_queues, p_priorities) AS i(queue, priority)
                 LEFT JOIN lanes l ON (l.queue, l.priority) = (i.queue, i.priority) WHERE l.queue IS NULL) THEN
    RETURN;
  END IF;
  SELECT i.queue INTO v_bad FROM unnest(p_queues) AS i(queue)
  WHERE i.queue IS NULL OR i.queue !~ '^[a-z0-9][a-z0-9._-]{0,63}$' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('''%s'' is not a queue name', v_bad),
      HINT = 'use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit';
  END IF;
  IF EXISTS (SELECT FROM unnest(p_priorities) AS i(priority) WHERE priority IS NULL OR priority NOT BETWEEN 0 AND 9) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a priority is outside 0 to 9',
      HINT = '0 runs first, 9 last, 5 is the default';
  END IF;
  INSERT INTO queues (name) SELECT DISTINCT i.queue FROM unnest(p_queues) AS i(queue) ORDER BY 1 ON CONFLICT DO NOTHING;
  INSERT INTO lanes (queue, priority)
  SELECT DISTINCT i.queue, i.priority FROM unnest(p_queues, p_priorities) AS i(queue, priority) ORDER BY 1, 2
  ON CONFLICT DO NOTHING;
END $$;

-- Enqueues a batch, all or none. Arrays run in parallel; an optional one may be null as a whole or in places, and then
-- the task's declaration decides. The ids must be fresh UUIDv7s. Answers in the order of the input; `existing` is true
-- where the key was known already, and `id` is then the job that has it. EQ008 when a queue's limit has no room for all.
-- Of a key that another transaction is about to take, the end of that transaction is waited for: at most p_lock_wait_ms,
-- then 55P03.
CREATE FUNCTION enqueue_many(
  p_ids uuid[], p_tasks text[], p_payloads jsonb[], p_queues text[] DEFAULT NULL, p_priorities smallint[] DEFAULT NULL,
  p_run_ats timestamptz[] DEFAULT NULL, p_delays_ms bigint[] DEFAULT NULL, p_keys text[] DEFAULT NULL,
  p_max_attempts smallint[] DEFAULT NULL, p_timeouts_ms integer[] DEFAULT NULL, p_retries jsonb[] DEFAULT NULL,
  p_lock_wait_ms integer DEFAULT NULL)
RETURNS TABLE (id uuid, existing boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
-- Arrays of every length would be planned anew, which takes longer than to enqueue a job.
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_lowest uuid;
  v_highest uuid;
  v_fresh uuid[];
  v_lanes record;
  v_usual record;
  v_lock_timeout CONSTANT text := current_setting('lock_timeout');
BEGIN
  PERFORM check_arrays(p_ids, p_tasks, p_payloads);
  IF cardinality(p_ids) <> ANY (ARRAY[cardinality(p_queues), cardinality(p_priorities), cardinality(p_run_ats),
                                      cardinality(p_delays_ms), cardinality(p_keys), cardinality(p_max_attempts),
                                      cardinality(p_timeouts_ms), cardinality(p_retries)]) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'the arrays of a batch differ in length',
      HINT = 'each one that is given has an element for every job; it may be null';
  END IF;
  IF num_nonnulls(p_run_ats, p_delays_ms, p_keys, p_max_attempts, p_timeouts_ms, p_retries) = 0
     AND p_tasks[1] = ALL (p_tasks) AND (p_queues IS NULL OR p_queues[1] = ALL (p_queues))
     AND (p_priorities IS NULL OR p_priorities[1] = ALL (p_priorities)) THEN
    -- The usual batch: its jobs differ by nothing but their payloads, and there is nothing to refuse or to open.
    SELECT l.queue, l.priority, t.max_attempts INTO v_usual
    FROM tasks t
    JOIN lanes l ON (l.queue, l.priority) = (coalesce(p_queues[1], t.queue), coalesce(p_priorities[1], t.priority))
    JOIN queues q ON q.name = l.queue AND q.depth_limit IS NULL
    WHERE t.name = p_tasks[1] AND NOT is_reserved_queue(l.queue)
      AND NOT EXISTS (SELECT FROM unnest(p_payloads) AS i(payload) WHERE NOT fits(i.payload));
  END IF;
  IF v_usual IS NULL THEN
    PERFORM check_limits(p_max_attempts, p_timeouts_ms, p_keys, p_run_ats, p_delays_ms);
    IF p_retries IS NOT NULL THEN
      PERFORM check_retries(p_retries);
    END IF;
    v_lanes := lanes_of_batch(p_tasks, p_payloads, p_queues, p_priorities);
    PERFORM open_lanes(v_lanes.queues, v_lanes.priorities);
  END IF;
  -- The transaction gets its id before the clock is read: a claimer that has seen this id finish knows that no
  -- run_at from before it can still appear (claim_batch).
  PERFORM pg_current_xact_id();
  v_now := clock_timestamp();
  v_lowest := uuid_v7_floor(v_now - id_time_slack());
  v_highest := uuid_v7_floor(v_now + id_time_slack());

  IF v_usual IS NOT NULL THEN
    INSERT INTO ready (id, run_at, enqueued_at, priority, attempt, max_attempts, deferred, queue, task, payload)
    SELECT i.id, v_now, v_now, v_usual.priority, 0, v_usual.max_attempts, i.id < v_lowest OR i.id >= v_highest,
           v_usual.queue, p_tasks[1], i.payload
    FROM unnest(p_ids, p_payloads) AS i(id, payload);
    RETURN QUERY SELECT i.id, false FROM unnest(p_ids) AS i(id);
    RETURN;
  END IF;
  IF p_lock_wait_ms IS NOT NULL THEN
    PERFORM set_config('lock_timeout', p_lock_wait_ms::text, true);
  END IF;
  IF p_keys IS NOT NULL THEN
    v_fresh := take_keys(p_ids, p_tasks, p_keys);
  END IF;
  IF v_lanes.limited THEN
    -- Known keys add no job.
    PERFORM check_depth(ARRAY(
      SELECT coalesce(i.queue, t.queue) FROM unnest(p_ids, p_tasks, p_queues, p_keys) AS i(id, task, queue, key)
      JOIN tasks t ON t.name = i.task WHERE i.key IS NULL OR i.id = ANY (v_fresh)));
  END IF;
  IF p_lock_wait_ms IS NOT NULL THEN
    PERFORM set_config('lock_timeout', v_lock_timeout, true);
  END IF;

  -- In the order of the batch, which is that of the index: a join alone would shuffle the rows, and leave its pages half
  -- empty.
  INSERT INTO ready (id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task,
                     payload, key, retry)
  SELECT i.id, due.run_at, v_now, i.timeout_ms, coalesce(i.priority, t.priority), 0,
         coalesce(i.max_attempts, t.max_attempts),
         due.run_at > v_now OR i.id < v_lowest OR i.id >= v_highest,
         coalesce(i.queue, t.queue), i.task, i.payload, i.key, i.retry
  FROM unnest(p_ids, p_tasks, p_payloads, p_queues, p_priorities, p_run_ats, p_delays_ms, p_keys, p_max_attempts,
              p_timeouts_ms, p_retries) WITH ORDINALITY
         AS i(id, task, payload, queue, priority, run_at, delay_ms, key, max_attempts, timeout_ms, retry, place)
  JOIN tasks t ON t.name = i.task
  CROSS JOIN LATERAL (SELECT greatest(i.run_at, v_now, v_now + i.delay_ms * interval '1 millisecond') AS run_at) due
  WHERE i.key IS NULL OR i.id = ANY (v_fresh)
  ORDER BY i.place;

  IF p_keys IS NULL THEN
    RETURN QUERY SELECT i.id, false FROM unnest(p_ids) AS i(id);
  ELSE
    RETURN QUERY
      SELECT coalesce(k.job_id, i.id), i.key IS NOT NULL AND NOT i.id = ANY (v_fresh)
      FROM unnest(p_ids, p_keys) WITH ORDINALITY AS i(id, key, place)
      LEFT JOIN keys k ON k.key = i.key ORDER BY i.place;
  END IF;
END $$;

CREATE FUNCTION check_arrays(p_ids uuid[], p_tasks text[], p_payloads jsonb[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
DECLARE
  -- As in include/equeue/limits.hpp.
  c_batch_max CONSTANT integer := 1000;
BEGIN
  IF coalesce(cardinality(p_ids), 0) NOT BETWEEN 1 AND c_batch_max
     OR cardinality(p_tasks) IS DISTINCT FROM cardinality(p_ids)
     OR cardinality(p_payloads) IS DISTINCT FROM cardinality(p_ids) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002',
      MESSAGE = format('a batch holds 1 to %s jobs, each with an id, a task and a payload', c_batch_max);
  END IF;
  -- One id alone needs no query.
  IF p_ids[1] IS NOT NULL AND cardinality(p_ids) = 1 THEN
    RETURN;
  END IF;
  IF (SELECT count(DISTINCT i.id) FROM unnest(p_ids) AS i(id)) < cardinality(p_ids) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'an id of the batch is null or stands twice in it',
      HINT = 'make a fresh UUIDv7 for each job (uuid_v7)';
  END IF;
END $$;

-- As in include/equeue/limits.hpp.
CREATE FUNCTION payload_bytes_max() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 262144;

-- Whether a job may have this payload. It is measured as the text that its readers will get: the stored form of 1e100000
-- has a few bytes.
CREATE FUNCTION fits(p_payload jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_payload IS NOT NULL AND octet_length(p_payload::text) <= payload_bytes_max();

-- The lanes of a batch (perhaps more than once), and whether any of their queues has a limit. Refuses unknown tasks,
-- payloads that do not fit, and queues that are not for everybody. One walk over the jobs, which are mostly of one kind.
CREATE FUNCTION lanes_of_batch(
  p_tasks text[], p_payloads jsonb[], p_queues text[], p_priorities smallint[],
  OUT queues text[], OUT priorities smallint[], OUT limited boolean)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
  v_unknown text;
  v_unfit text;
BEGIN
  WITH kind AS (
    SELECT coalesce(i.task, '') AS task, i.queue, i.priority,
           bool_or(NOT fits(i.payload)) AS unfit
    FROM unnest(p_tasks, p_payloads, p_queues, p_priorities) AS i(task, payload, queue, priority)
    GROUP BY i.task, i.queue, i.priority
  )
  SELECT min(k.task) FILTER (WHERE t.name IS NULL), min(k.task) FILTER (WHERE k.unfit),
         array_agg(coalesce(k.queue, t.queue)), array_agg(coalesce(k.priority, t.priority)),
         bool_or(q.depth_limit IS NOT NULL)
    INTO v_unknown, v_unfit, lanes_of_batch.queues, lanes_of_batch.priorities, lanes_of_batch.limited
  FROM kind k LEFT JOIN tasks t ON t.name = k.task LEFT JOIN queues q ON q.name = coalesce(k.queue, t.queue);
  IF v_unknown IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ001', MESSAGE = format('no task ''%s'' is declared', v_unknown),
      HINT = 'check the spelling, start a worker that has it, or declare it (declare_task)';
  END IF;
  IF v_unfit IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ003',
      MESSAGE = format('the payload of a job of ''%s'' is missing or larger than %s bytes', v_unfit, payload_bytes_max()),
      HINT = 'store the data yourself and let the payload name it by id';
  END IF;
  IF ' ' || array_to_string(lanes_of_batch.queues, ' ') LIKE '% equeue.webhooks%' THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'the queues ''equeue.webhooks…'' belong to webhooks',
      HINT = 'choose another name';
  END IF;
END $$;

CREATE FUNCTION check_limits(
  p_max_attempts smallint[], p_timeouts_ms integer[], p_keys text[], p_run_ats timestamptz[], p_delays_ms bigint[])
RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(p_max_attempts) AS i(value) WHERE value NOT BETWEEN 1 AND 1000) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'max_attempts is outside 1 to 1000',
      HINT = 'leave it out for what the task declares';
  END IF;
  IF EXISTS (SELECT FROM unnest(p_timeouts_ms) AS i(value) WHERE value NOT BETWEEN 1 AND 604800000) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a timeout is outside 1 ms to 7 days',
      HINT = 'leave it out for what the task declares';
  END IF;
  IF EXISTS (SELECT FROM unnest(p_keys) AS i(key) WHERE length(key) NOT BETWEEN 1 AND 255) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a key has 1 to 255 characters';
  END IF;
  IF EXISTS (SELECT FROM unnest(p_delays_ms) AS i(value) WHERE value NOT BETWEEN 0 AND wait_ms_max())
     OR EXISTS (SELECT FROM unnest(p_run_ats) AS i(value)
                WHERE value > statement_timestamp() + wait_ms_max() * interval '1 millisecond') THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a job may be put off by 0 ms to 100 years';
  END IF;
END $$;

-- The retry_rule of the table ready, told before it is broken.
CREATE FUNCTION check_retries(p_retries jsonb[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (
    SELECT FROM unnest(p_retries) AS i(value)
    WHERE value IS NOT NULL AND NOT coalesce(
      CASE WHEN value ->> 'delay_ms' ~ '^\d{1,9}$' AND coalesce(value ->> 'cap_ms', '0') ~ '^\d{1,9}$' THEN
        value ->> 'backoff' IN ('fixed', 'exponential') AND (value ->> 'delay_ms')::integer <= 604800000
        AND coalesce(value ->> 'cap_ms', '0')::integer <= 604800000
      END, false)) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a retry is no policy',
      HINT = 'write it as {"backoff": "exponential", "delay_ms": 2000, "cap_ms": 3600000}; backoff is fixed or exponential, '
             'each time 0 ms to 7 days';
  END IF;
END $$;

-- Registers the keys of a batch and returns the ids of the jobs that are new under theirs. The known ones are held until
-- commit: upkeep, which forgets keys, passes over them.
CREATE FUNCTION take_keys(p_ids uuid[], p_tasks text[], p_keys text[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_fresh uuid[] := '{}';
  v_taken uuid[];
  v_key text;
  v_count CONSTANT integer := (SELECT count(DISTINCT i.key) FROM unnest(p_keys) AS i(key));
  v_held integer;
BEGIN
  LOOP
    -- In the order of the keys, so that two batches which share some wait for each other instead of deadlocking.
    WITH taken AS (
      INSERT INTO keys (key, job_id, task)
      SELECT DISTINCT ON (i.key) i.key, i.id, i.task
      FROM unnest(p_ids, p_tasks, p_keys) WITH ORDINALITY AS i(id, task, key, place)
      WHERE i.key IS NOT NULL ORDER BY i.key, i.place
      ON CONFLICT (key) DO NOTHING RETURNING job_id)
    SELECT array_agg(job_id) INTO v_taken FROM taken;
    v_fresh := v_fresh || v_taken;
    EXIT WHEN cardinality(v_fresh) = v_count;
    SELECT count(*) INTO v_held
    FROM (SELECT FROM keys k WHERE k.key = ANY (p_keys) ORDER BY k.key FOR KEY SHARE) held;
    -- Fewer than there are: upkeep has just forgotten one that was known, and it is free to be taken.
    EXIT WHEN v_held = v_count;
  END LOOP;
  SELECT i.key INTO v_key FROM unnest(p_tasks, p_keys) AS i(task, key)
  JOIN keys k ON k.key = i.key WHERE k.task <> i.task LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ004', MESSAGE = format('key ''%s'' belongs to a job of another task', v_key),
      HINT = 'begin keys with the task''s name';
  END IF;
  RETURN v_fresh;
END $$;

-- Enqueues one job, from any SQL client, in the caller's transaction. Returns its id: with a known key that of the
-- job which has it.
CREATE FUNCTION enqueue(
  task text, payload jsonb DEFAULT '{}', queue text DEFAULT NULL, priority integer DEFAULT NULL,
  run_at timestamptz DEFAULT NULL, key text DEFAULT NULL, max_attempts integer DEFAULT NULL,
  timeout interval DEFAULT NULL, retry jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  -- A number that its type would not hold becomes one that enqueue_many refuses with better words.
  RETURN (SELECT e.id FROM enqueue_many(
    ARRAY[uuid_v7()], ARRAY[task], ARRAY[payload], ARRAY[queue],
    ARRAY[CASE WHEN priority IS NOT NULL THEN greatest(-1, least(priority, 10)) END::smallint], ARRAY[run_at],
    NULL, CASE WHEN key IS NOT NULL THEN ARRAY[key] END,
    ARRAY[CASE WHEN max_attempts IS NOT NULL THEN greatest(0, least(max_attempts, 1001)) END::smallint],
    ARRAY[CASE WHEN timeout IS NOT NULL THEN
            greatest(0, least(extract(epoch FROM timeout) * 1000, 604800001)) END::integer],
    CASE WHEN retry IS NOT NULL THEN ARRAY[retry] END) e);
END $$;

-- Wakes the workers that listen; a null queue means the task's own. A hint, sent outside of the enqueuing transaction:
-- NOTIFY inside of it would make all commits of the database take turns.
CREATE FUNCTION announce(p_queues text[], p_tasks text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM pg_notify('equeue_' || current_schema(), woken.queue)
  FROM (SELECT DISTINCT coalesce(i.queue, t.queue) AS queue
        FROM unnest(p_queues, p_tasks) AS i(queue, task) LEFT JOIN tasks t ON t.name = i.task) woken
  WHERE woken.queue IS NOT NULL;
END $$;

-- Makes the workers that listen send their heartbeat now, and so hear of a cancel request at once. ('!' is no queue.)
CREATE FUNCTION announce_cancel() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT pg_notify('equeue_' || current_schema(), '!cancel')
$$;
