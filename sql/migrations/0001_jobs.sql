-- breaking: yes
-- A job is never updated from state to state: it moves, and the relation in which it lies is its state.
-- Runs with search_path set to the cell's schema; no file of sql/ names a schema.
-- Text in an index is compared byte by byte (COLLATE "C"): so it costs the same in every locale, and no index breaks when
-- a new locale library sorts otherwise.

CREATE TYPE job_state AS ENUM ('queued', 'running', 'succeeded', 'dead', 'cancelled');
CREATE TYPE attempt_outcome AS ENUM ('failed', 'timed_out', 'cancelled', 'crashed', 'lost');

-- Exactly one row: the cell's settings.
CREATE TABLE settings (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  history_days integer NOT NULL DEFAULT 14 CHECK (history_days BETWEEN 1 AND 3650),
  key_hours integer NOT NULL DEFAULT 24 CHECK (key_hours BETWEEN 1 AND 87600),
  functions_digest text
);
INSERT INTO settings DEFAULT VALUES;

CREATE TABLE queues (
  name text COLLATE "C" PRIMARY KEY CONSTRAINT queue_name_rule CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  paused boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every (queue, priority) that ever held a job, so that a claim probes known ranges instead of searching for them.
CREATE TABLE lanes (
  queue text COLLATE "C" NOT NULL,
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
  PRIMARY KEY (queue, priority)
);

CREATE TABLE tasks (
  name text COLLATE "C" PRIMARY KEY CONSTRAINT task_name_rule CHECK (name ~ '^(?=.{3,64}$)[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)+$'),
  queue text COLLATE "C" NOT NULL,
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
  max_attempts smallint NOT NULL CHECK (max_attempts BETWEEN 1 AND 1000),
  timeout_ms integer NOT NULL CHECK (timeout_ms BETWEEN 1 AND 604800000),
  retry jsonb NOT NULL CONSTRAINT retry_rule CHECK (coalesce(
    retry ->> 'backoff' IN ('fixed', 'exponential')
    AND (retry ->> 'delay_ms')::bigint BETWEEN 0 AND 604800000
    AND coalesce((retry ->> 'cap_ms')::bigint, 604800000) BETWEEN 0 AND 604800000, false)),
  payload_schema jsonb,
  declared_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- state queued. One row a job, in claim order. `deferred` marks the few rows that their id's time does not lead to
-- (a later start, a retry): only those are in ready_by_id, so that the usual job pays for one index, not two.
CREATE TABLE ready (
  id uuid NOT NULL,
  run_at timestamptz NOT NULL,
  enqueued_at timestamptz NOT NULL,
  timeout_ms integer CHECK (timeout_ms BETWEEN 1 AND 604800000),
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
  attempt smallint NOT NULL CHECK (attempt >= 0),
  max_attempts smallint NOT NULL,
  deferred boolean NOT NULL,
  queue text COLLATE "C" NOT NULL,
  task text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  key text COLLATE "C" CHECK (length(key) BETWEEN 1 AND 255),
  retry jsonb CONSTRAINT retry_rule CHECK (retry IS NULL OR coalesce(
    retry ->> 'backoff' IN ('fixed', 'exponential')
    AND (retry ->> 'delay_ms')::bigint BETWEEN 0 AND 604800000
    AND coalesce((retry ->> 'cap_ms')::bigint, 604800000) BETWEEN 0 AND 604800000, false)),
  CONSTRAINT attempts_left CHECK (attempt < max_attempts),
  PRIMARY KEY (queue, priority, run_at, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
CREATE INDEX ready_by_id ON ready (id) WHERE deferred;
-- Not compressed, so that a claim sees how large a payload is without reading it.
ALTER TABLE ready ALTER COLUMN payload SET STORAGE EXTERNAL;

-- state running. One row a claim, which holds the claimed jobs themselves, as they lay in ready: the attempt under way
-- is `attempt + 1`. Bit n of `settled` is set when job n (from 0) has left; the row goes with its last job.
CREATE TABLE leases (
  id uuid PRIMARY KEY,
  worker uuid NOT NULL,
  claimed_at timestamptz NOT NULL,
  settled bit varying NOT NULL,
  cancelling uuid[] NOT NULL DEFAULT '{}',
  jobs ready[] NOT NULL,
  CONSTRAINT holds_jobs CHECK (cardinality(jobs) BETWEEN 1 AND 1000),
  CONSTRAINT settled_fits CHECK (length(settled) = cardinality(jobs))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX leases_by_worker ON leases (worker);

-- states succeeded, dead, cancelled. Append-only, but for redrive and purge.
CREATE TABLE history (
  id uuid NOT NULL,
  finished_at timestamptz NOT NULL,
  started_at timestamptz,
  run_at timestamptz NOT NULL,
  enqueued_at timestamptz NOT NULL,
  lease uuid,
  state job_state NOT NULL,
  timeout_ms integer,
  priority smallint NOT NULL,
  attempt smallint NOT NULL,
  max_attempts smallint NOT NULL,
  queue text COLLATE "C" NOT NULL,
  task text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  key text COLLATE "C",
  retry jsonb,
  result jsonb,
  error text,
  CONSTRAINT terminal CHECK (state IN ('succeeded', 'dead', 'cancelled')),
  CONSTRAINT succeeded_has_run CHECK (state <> 'succeeded' OR (result IS NOT NULL AND error IS NULL AND attempt >= 1)),
  CONSTRAINT dead_has_reason CHECK (state <> 'dead' OR (error IS NOT NULL AND result IS NULL AND attempt >= 1)),
  CONSTRAINT cancelled_has_reason CHECK (state <> 'cancelled' OR (error IS NOT NULL AND result IS NULL)),
  CONSTRAINT attempts_bounded CHECK (attempt <= max_attempts),
  PRIMARY KEY (id, finished_at)
) PARTITION BY RANGE (finished_at);
-- Only for days that upkeep did not prepare; a settle must never fail for want of a partition.
CREATE TABLE history_other PARTITION OF history DEFAULT;
CREATE INDEX history_dead ON history (queue, id) WHERE state = 'dead';

-- Attempts that did not succeed: events, not states.
CREATE TABLE attempts (
  job_id uuid NOT NULL,
  attempt smallint NOT NULL CHECK (attempt >= 1),
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  lease uuid NOT NULL,
  outcome attempt_outcome NOT NULL,
  error text NOT NULL,
  log text,
  PRIMARY KEY (job_id, attempt, finished_at)
) PARTITION BY RANGE (finished_at);
CREATE TABLE attempts_other PARTITION OF attempts DEFAULT;

-- Idempotency keys. Without an end while the job lives; its end starts the clock.
CREATE TABLE keys (
  key text COLLATE "C" PRIMARY KEY,
  job_id uuid NOT NULL,
  task text COLLATE "C" NOT NULL,
  expires_at timestamptz
);
CREATE INDEX keys_by_expiry ON keys (expires_at) WHERE expires_at IS NOT NULL;

-- One row a worker process; its heartbeat carries all its leases.
CREATE TABLE workers (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  queues text[] NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  detail jsonb NOT NULL
);
