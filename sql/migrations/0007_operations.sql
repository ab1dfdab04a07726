-- breaking: no
-- Work on many jobs that a filter chooses, done in small transactions by whichever server comes to it: the row says how far
-- it has come, so it goes on where a server that went away has left it.
CREATE TABLE operations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CONSTRAINT kind_rule CHECK (kind IN ('cancel', 'redrive', 'purge')),
  -- The filter; what is null is met by every job.
  queue text,
  task text,
  job_state text CONSTRAINT job_state_rule CHECK (
    CASE WHEN kind = 'cancel' THEN job_state IN ('queued', 'running') ELSE job_state = 'dead' END),
  enqueued_from timestamptz,
  enqueued_to timestamptz,
  reason text CONSTRAINT reason_rule CHECK (length(reason) BETWEEN 1 AND 500),
  -- How far it has come: the last row that was looked at, in the order of its relation's index.
  phase text NOT NULL CONSTRAINT phase_rule CHECK (phase IN ('ready', 'leases', 'history')),
  at_queue text,
  at_priority smallint,
  at_run_at timestamptz,
  at_id uuid,
  -- Whether this round through ready and leases has met any job.
  found boolean NOT NULL DEFAULT false,
  jobs bigint NOT NULL DEFAULT 0 CHECK (jobs >= 0),
  requested bigint NOT NULL DEFAULT 0 CHECK (requested >= 0),
  state text NOT NULL DEFAULT 'running' CONSTRAINT state_rule CHECK (state IN ('running', 'done', 'stopped', 'failed')),
  error text,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  CONSTRAINT finished_when_ended CHECK ((state = 'running') = (finished_at IS NULL)),
  CONSTRAINT failed_has_reason CHECK ((state = 'failed') = (error IS NOT NULL))
) WITH (fillfactor = 50);
CREATE INDEX operations_open ON operations (updated_at) WHERE state = 'running';
