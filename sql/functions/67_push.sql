-- Push: jobs that a server sends to a URL instead of waiting for a worker, and webhooks, which tell of ends of jobs. Every
-- change is in the audit, without the secret. Only push_plan answers secrets.

-- Where the jobs of a queue, or of one task, are sent: exactly one of p_queue and p_task is given. A task's own target goes
-- before its queue's. 'created', with p_secret; 'changed' or 'unchanged' when there was one, which keeps its secret.
-- A queue is served by push as a whole: refused while jobs of another declared task of it would have nowhere to go.
-- EQ001, EQ002, EQ009.
CREATE FUNCTION set_push_target(
  p_queue text, p_task text, p_url text, p_secret bytea, p_concurrency integer DEFAULT 8, p_timeout_ms integer DEFAULT 30000,
  p_dead_statuses smallint[] DEFAULT '{}', p_actor text DEFAULT session_user)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  c_targets_max CONSTANT integer := 1000;
  v_old push_targets;
BEGIN
  PERFORM check_target_place(p_queue, p_task);
  -- Targets are few and change rarely: whoever changes them takes turns, so that the rule about queues holds.
  LOCK TABLE push_targets IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO v_old FROM push_targets t WHERE t.queue = p_queue OR t.task = p_task;
  IF NOT FOUND THEN
    IF (SELECT count(*) FROM push_targets) >= c_targets_max THEN
      RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('there are %s push targets already', c_targets_max),
        HINT = 'remove one that is not needed, or give queues one target in place of their tasks';
    END IF;
    INSERT INTO push_targets (queue, task, url, secret, concurrency, timeout_ms, dead_statuses, created_by)
    VALUES (p_queue, p_task, p_url, p_secret, p_concurrency, p_timeout_ms, p_dead_statuses, p_actor);
    PERFORM check_targets_of((SELECT coalesce(p_queue, t.queue) FROM (SELECT) one LEFT JOIN tasks t ON t.name = p_task));
  ELSIF (v_old.url, v_old.concurrency, v_old.timeout_ms, v_old.dead_statuses)
        IS NOT DISTINCT FROM (p_url, p_concurrency, p_timeout_ms, p_dead_statuses) THEN
    RETURN 'unchanged';
  ELSE
    UPDATE push_targets SET url = p_url, concurrency = p_concurrency, timeout_ms = p_timeout_ms, dead_statuses = p_dead_statuses
    WHERE id = v_old.id;
  END IF;
  PERFORM audit_access(p_actor, 'set_push_target', jsonb_build_object(
    'queue', p_queue, 'task', p_task, 'url', public_url(p_url), 'concurrency', p_concurrency, 'timeout_ms', p_timeout_ms,
    'dead_statuses', p_dead_statuses));
  RETURN CASE WHEN v_old.id IS NULL THEN 'created' ELSE 'changed' END;
-- PostgreSQL's own error shows the whole row, and with it the secret.
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002',
    MESSAGE = format('the push target of ''%s'' cannot be set: a value breaks a rule (%s)', left(coalesce(p_task, p_queue), 64), SQLERRM),
    HINT = 'the URL is http or https without user, password and fragment, at most 2,048 characters; concurrency is 1 to 100; '
           'the timeout 1 s to 10 min; dead statuses are 400 to 499, at most 100; the secret has 32 bytes';
END $$;

CREATE FUNCTION check_target_place(p_queue text, p_task text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF num_nonnulls(p_queue, p_task) <> 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a push target belongs to one queue or to one task',
      HINT = 'name either of them, not both';
  ELSIF is_reserved_queue(p_queue) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('queue ''%s'' belongs to a webhook and has no push target', p_queue);
  ELSIF p_queue IS NOT NULL THEN
    PERFORM check_queue(p_queue);
  ELSIF NOT EXISTS (SELECT FROM tasks t WHERE t.name = p_task) THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ001', MESSAGE = format('no task ''%s'' is declared', p_task),
      HINT = 'check the spelling, or declare it (declare_task)';
  END IF;
END $$;

-- Refuses what was just done to the targets of a queue if some of its declared tasks have one and others do not.
CREATE FUNCTION check_targets_of(p_queue text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
  v_without text[];
BEGIN
  IF EXISTS (SELECT FROM push_targets p WHERE p.queue = p_queue)
     OR NOT EXISTS (SELECT FROM push_targets p JOIN tasks t ON t.name = p.task WHERE t.queue = p_queue) THEN
    RETURN;
  END IF;
  v_without := ARRAY(SELECT t.name FROM tasks t
                     WHERE t.queue = p_queue AND NOT EXISTS (SELECT FROM push_targets p WHERE p.task = t.name) ORDER BY 1 LIMIT 3);
  IF v_without <> '{}' THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002',
      MESSAGE = format('queue ''%s'' would be served by push, but its tasks %s have no target', p_queue,
                       '''' || array_to_string(v_without, ''', ''') || ''''),
      HINT = 'give the queue a target first, or move the task to a queue of its own';
  END IF;
END $$;

-- False when there was none. EQ002 while tasks of the queue have targets and others would be left without.
CREATE FUNCTION remove_push_target(p_queue text, p_task text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  LOCK TABLE push_targets IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM push_targets t WHERE t.queue = p_queue OR t.task = p_task;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM check_targets_of(coalesce(p_queue, (SELECT t.queue FROM tasks t WHERE t.name = p_task)));
  PERFORM audit_access(p_actor, 'remove_push_target', jsonb_build_object('queue', p_queue, 'task', p_task));
  RETURN true;
END $$;

-- From now on the target's requests are signed with p_secret. False when there is no such target. EQ002.
CREATE FUNCTION renew_push_secret(p_queue text, p_task text, p_secret bytea, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM check_push_secret(p_secret);
  UPDATE push_targets t SET secret = p_secret WHERE t.queue = p_queue OR t.task = p_task;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'renew_push_secret', jsonb_build_object('queue', p_queue, 'task', p_task));
  RETURN true;
END $$;

CREATE FUNCTION check_push_secret(p_secret bytea) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
BEGIN
  IF length(p_secret) IS DISTINCT FROM 32 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a secret has 32 bytes', HINT = 'take random ones';
  END IF;
END $$;

-- All of them, those of queues first.
CREATE FUNCTION list_push_targets()
RETURNS TABLE (queue text, task text, url text, concurrency integer, timeout_ms integer, dead_statuses smallint[],
               created_by text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT t.queue, t.task, t.url, t.concurrency, t.timeout_ms, t.dead_statuses, t.created_by, t.created_at
  FROM push_targets t ORDER BY t.queue, t.task
$$;

-- A URL without its query, where keys may be: for the audit, which more people read.
CREATE FUNCTION public_url(p_url text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT AS $$
  SELECT split_part(p_url, '?', 1)
$$;

-- Each webhook has a queue of its own for what it is to be told, so that one that does not answer holds up no other.
CREATE FUNCTION webhook_queue(p_webhook uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'equeue.webhooks.' || p_webhook;

CREATE FUNCTION is_reserved_queue(p_queue text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN starts_with(p_queue, 'equeue.webhooks');

-- From its commit on the webhook is told of jobs that end so (events: succeeded, dead, cancelled) in these queues (names,
-- beginnings with a *, or * alone). Answers its id. EQ002.
CREATE FUNCTION create_webhook(
  p_url text, p_secret bytea, p_events text[], p_queue_patterns text[] DEFAULT '{*}', p_actor text DEFAULT session_user)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  -- Each end is held against every one of them.
  c_webhooks_max CONSTANT integer := 100;
  v_webhook uuid;
BEGIN
  LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE;
  IF (SELECT count(*) FROM webhooks) >= c_webhooks_max THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('there are %s webhooks already', c_webhooks_max),
      HINT = 'remove one that is not needed';
  END IF;
  INSERT INTO webhooks (url, secret, events, queue_patterns, created_by)
  VALUES (p_url, p_secret, p_events, p_queue_patterns, p_actor) RETURNING id INTO v_webhook;
  PERFORM open_lanes(ARRAY[webhook_queue(v_webhook)], ARRAY[5::smallint]);
  PERFORM audit_access(p_actor, 'create_webhook', jsonb_build_object(
    'webhook', v_webhook, 'url', public_url(p_url), 'events', p_events, 'queues', p_queue_patterns));
  RETURN v_webhook;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the webhook cannot be created: a value breaks a rule (%s)', SQLERRM),
    HINT = 'the URL is http or https without user, password and fragment, at most 2,048 characters; events are succeeded, dead, '
           'cancelled; queues are 1 to 100 names, or beginnings with a *; the secret has 32 bytes';
END $$;

-- Changes what is not null. A webhook that is not enabled is told nothing: what ends then is never told, and what waited
-- before goes out when it is enabled again. False when there is none. EQ002.
CREATE FUNCTION change_webhook(
  p_webhook uuid, p_url text DEFAULT NULL, p_events text[] DEFAULT NULL, p_queue_patterns text[] DEFAULT NULL,
  p_enabled boolean DEFAULT NULL, p_actor text DEFAULT session_user)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE webhooks w SET url = coalesce(p_url, w.url), events = coalesce(p_events, w.events),
    queue_patterns = coalesce(p_queue_patterns, w.queue_patterns), enabled = coalesce(p_enabled, w.enabled)
  WHERE w.id = p_webhook;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'change_webhook', jsonb_strip_nulls(jsonb_build_object(
    'webhook', p_webhook, 'url', public_url(p_url), 'events', p_events, 'queues', p_queue_patterns, 'enabled', p_enabled)));
  RETURN true;
EXCEPTION WHEN check_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('webhook %s cannot be changed: a value breaks a rule (%s)', p_webhook, SQLERRM),
    HINT = 'the URL is http or https without user, password and fragment, at most 2,048 characters; events are succeeded, dead, '
           'cancelled; queues are 1 to 100 names, or beginnings with a *';
END $$;

-- It is told nothing more; what waited for it ends cancelled when a server comes to it. False when there is none.
CREATE FUNCTION remove_webhook(p_webhook uuid, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM webhooks w WHERE w.id = p_webhook;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'remove_webhook', jsonb_build_object('webhook', p_webhook));
  RETURN true;
END $$;

-- From now on what the webhook is told is signed with p_secret. False when there is none. EQ002.
CREATE FUNCTION renew_webhook_secret(p_webhook uuid, p_secret bytea, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM check_push_secret(p_secret);
  UPDATE webhooks w SET secret = p_secret WHERE w.id = p_webhook;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'renew_webhook_secret', jsonb_build_object('webhook', p_webhook));
  RETURN true;
END $$;

CREATE FUNCTION list_webhooks()
RETURNS TABLE (id uuid, url text, events text[], queue_patterns text[], enabled boolean, created_by text, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT w.id, w.url, w.events, w.queue_patterns, w.enabled, w.created_by, w.created_at
  FROM webhooks w ORDER BY w.created_at, w.id
$$;

-- All that a server needs to push, secrets included, a row a target: `task` is null for all other tasks of the queue. A row
-- without URL is a webhook's queue whose webhook is gone: what waits in it is to be cancelled.
CREATE FUNCTION push_plan()
RETURNS TABLE (id uuid, queue text, task text, webhook boolean, url text, secret bytea, concurrency integer, timeout_ms integer,
               dead_statuses smallint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT p.id, coalesce(p.queue, t.queue), p.task, false, p.url, p.secret, p.concurrency, p.timeout_ms, p.dead_statuses
  FROM push_targets p LEFT JOIN tasks t ON t.name = p.task
  UNION ALL
  SELECT w.id, webhook_queue(w.id), NULL, true, w.url, w.secret, 4, 30000, '{}' FROM webhooks w WHERE w.enabled
  UNION ALL
  SELECT q.id, webhook_queue(q.id), NULL, true, NULL, NULL, 4, 30000, '{}'
  FROM (SELECT substr(queues.name, length('equeue.webhooks.') + 1)::uuid AS id FROM queues
        WHERE queues.name ~ '^equeue\.webhooks\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') q
  WHERE NOT EXISTS (SELECT FROM webhooks w WHERE w.id = q.id)
    AND EXISTS (SELECT FROM ready r WHERE r.queue = webhook_queue(q.id))
$$;

-- RFC 3339.
CREATE FUNCTION utc_text(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The outbox: a job for each webhook that is to be told of these, which the caller's transaction has just ended at p_at.
-- Ends of such jobs themselves are told to nobody. The message is what is sent, to the letter (Standard Webhooks).
CREATE FUNCTION tell_webhooks(p_jobs uuid[], p_at timestamptz) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
-- Whoever calls may have ruled these out for plans of its own.
SET enable_nestloop = on SET enable_seqscan = on SET jit = off
AS $$
  INSERT INTO ready (id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, retry)
  SELECT uuid_v7(p_at), p_at, p_at, NULL, 5, 0, 15, false, webhook_queue(w.id), 'equeue.webhook',
         jsonb_build_object(
           'type', 'job.' || h.state, 'timestamp', utc_text(h.finished_at),
           'data', jsonb_build_object(
             'job', h.id, 'task', h.task, 'queue', h.queue, 'state', h.state, 'attempt', h.attempt,
             'finished_at', utc_text(h.finished_at), 'error', left(h.error, 2000))),
         '{"backoff": "exponential", "delay_ms": 5000, "cap_ms": 3600000}'
  FROM history h JOIN webhooks w ON w.enabled AND h.state::text = ANY (w.events)
    AND EXISTS (SELECT FROM unnest(w.queue_patterns) AS p(pattern)
                WHERE h.queue = p.pattern OR (right(p.pattern, 1) = '*' AND starts_with(h.queue, left(p.pattern, -1))))
  WHERE h.id = ANY (p_jobs) AND h.finished_at = p_at AND NOT is_reserved_queue(h.queue)
$$;
