-- The JSON schema that a server checks payloads of the task by; null takes it away. What is enqueued elsewhere is not
-- checked. declare_task leaves it alone. Audited. False when it was so already. EQ001, EQ002 when it is neither an
-- object nor a boolean.
CREATE FUNCTION set_task_schema(p_task text, p_schema jsonb, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF jsonb_typeof(p_schema) NOT IN ('object', 'boolean') THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the schema of ''%s'' is no JSON schema', p_task),
      HINT = 'a JSON schema is an object, true or false';
  END IF;
  UPDATE tasks SET payload_schema = p_schema WHERE name = p_task AND payload_schema IS DISTINCT FROM p_schema;
  IF NOT FOUND THEN
    IF NOT EXISTS (SELECT FROM tasks t WHERE t.name = p_task) THEN
      RAISE EXCEPTION USING ERRCODE = 'EQ001', MESSAGE = format('no task ''%s'' is declared', p_task),
        HINT = 'check the spelling, start a worker that has it, or declare it (declare_task)';
    END IF;
    RETURN false;
  END IF;
  INSERT INTO audit (actor, action, detail)
  VALUES (p_actor, 'schema', jsonb_build_object('task', p_task, 'schema', p_schema));
  RETURN true;
END $$;

-- All tasks by name.
CREATE FUNCTION list_tasks()
RETURNS TABLE (name text, queue text, priority smallint, max_attempts smallint, timeout_ms integer, retry jsonb,
               payload_schema jsonb, declared_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.name, t.queue, t.priority, t.max_attempts, t.timeout_ms, t.retry, t.payload_schema, t.declared_at
  FROM tasks t ORDER BY t.name
$$;

-- One of them; no row when there is none.
CREATE FUNCTION get_task(p_task text)
RETURNS TABLE (name text, queue text, priority smallint, max_attempts smallint, timeout_ms integer, retry jsonb,
               payload_schema jsonb, declared_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.name, t.queue, t.priority, t.max_attempts, t.timeout_ms, t.retry, t.payload_schema, t.declared_at
  FROM tasks t WHERE t.name = p_task
$$;

-- All workers, the newest first; a remote one is one lease. One that has run out is shown until upkeep has seen it.
CREATE FUNCTION list_workers()
RETURNS TABLE (id uuid, name text, queues text[], started_at timestamptz, seen_at timestamptz, expires_at timestamptz,
               remote boolean, owner text, leases bigint, jobs bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT w.id, w.name, w.queues, w.started_at, w.seen_at, w.expires_at, w.remote, w.owner, coalesce(held.leases, 0),
         coalesce(held.jobs, 0)
  FROM workers w
  LEFT JOIN (SELECT l.worker, count(*) AS leases, sum(length(l.settled) - bit_count(l.settled))::bigint AS jobs
             FROM leases l GROUP BY 1) held ON held.worker = w.id
  ORDER BY w.started_at DESC, w.id
$$;

-- One row about the whole cell. Counts what lies in ready and leases; of what has ended it counts the dead, and the last
-- minute by its end. `finished` is the planner's estimate of all history: to count it would read it.
CREATE FUNCTION stats()
RETURNS TABLE (ready bigint, scheduled bigint, running bigint, dead bigint, finished bigint, oldest_due_at timestamptz,
               workers bigint, succeeded_last_minute bigint, dead_last_minute bigint, cancelled_last_minute bigint,
               failed_attempts_last_minute bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT waiting.due, waiting.later, held.jobs, ended.dead, estimate.jobs, waiting.oldest, alive.workers,
         recent.succeeded, recent.dead, recent.cancelled, failures.attempts
  FROM (SELECT count(*) FILTER (WHERE r.run_at <= statement_timestamp()) AS due,
               count(*) FILTER (WHERE r.run_at > statement_timestamp()) AS later,
               min(r.run_at) FILTER (WHERE r.run_at <= statement_timestamp()) AS oldest FROM ready r) waiting,
       (SELECT coalesce(sum(length(l.settled) - bit_count(l.settled)), 0)::bigint AS jobs FROM leases l) held,
       (SELECT count(*) AS dead FROM history h WHERE h.state = 'dead') ended,
       (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint AS jobs FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'history'::regclass) estimate,
       (SELECT count(*) AS workers FROM workers w WHERE w.expires_at > statement_timestamp()) alive,
       (SELECT count(*) FILTER (WHERE h.state = 'succeeded') AS succeeded, count(*) FILTER (WHERE h.state = 'dead') AS dead,
               count(*) FILTER (WHERE h.state = 'cancelled') AS cancelled
        FROM history h WHERE h.finished_at > statement_timestamp() - interval '1 minute') recent,
       (SELECT count(*) AS attempts FROM attempts a
        WHERE a.finished_at > statement_timestamp() - interval '1 minute') failures
$$;
