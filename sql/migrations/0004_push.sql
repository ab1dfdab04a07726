-- breaking: no
-- Where a server sends jobs, and word of their ends. The secrets must be known to whoever signs; no function but
-- push_plan answers them.

-- The target of a queue, or of one task.
CREATE TABLE push_targets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  queue text COLLATE "C" UNIQUE REFERENCES queues,
  task text COLLATE "C" UNIQUE REFERENCES tasks,
  url text NOT NULL CONSTRAINT url_rule CHECK (
    length(url) <= 2048 AND url ~ '^https?://[^[:space:][:cntrl:]/?#@\\]+([/?][^[:space:][:cntrl:]#]*)?$'),
  secret bytea NOT NULL CONSTRAINT secret_rule CHECK (length(secret) = 32),
  concurrency integer NOT NULL CONSTRAINT concurrency_rule CHECK (concurrency BETWEEN 1 AND 100),
  timeout_ms integer NOT NULL CONSTRAINT timeout_rule CHECK (timeout_ms BETWEEN 1000 AND 600000),
  -- What ends a job at once, next to 410. NULL in it would make the comparison NULL.
  dead_statuses smallint[] NOT NULL CONSTRAINT dead_status_rule CHECK (coalesce(
    coalesce(array_ndims(dead_statuses), 1) = 1 AND cardinality(dead_statuses) <= 100
    AND 400 <= ALL (dead_statuses) AND 499 >= ALL (dead_statuses), false)),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT queue_or_task CHECK (num_nonnulls(queue, task) = 1)
);

-- Who is told of jobs that have ended.
CREATE TABLE webhooks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  url text NOT NULL CONSTRAINT url_rule CHECK (
    length(url) <= 2048 AND url ~ '^https?://[^[:space:][:cntrl:]/?#@\\]+([/?][^[:space:][:cntrl:]#]*)?$'),
  secret bytea NOT NULL CONSTRAINT secret_rule CHECK (length(secret) = 32),
  events text[] NOT NULL CONSTRAINT event_rule CHECK (coalesce(
    array_ndims(events) = 1 AND cardinality(events) <= 3 AND events <@ '{succeeded,dead,cancelled}', false)),
  -- As those of API keys.
  queue_patterns text[] NOT NULL CONSTRAINT queue_pattern_rule CHECK (coalesce(
    array_ndims(queue_patterns) = 1 AND cardinality(queue_patterns) <= 100
    AND cardinality(string_to_array(array_to_string(queue_patterns, ' '), ' ')) = cardinality(queue_patterns)
    AND array_to_string(queue_patterns, ' ') ~ '^([*]|[a-z0-9][a-z0-9._-]{0,63}[*]?)( ([*]|[a-z0-9][a-z0-9._-]{0,63}[*]?))*$',
    false)),
  enabled boolean NOT NULL DEFAULT true,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
