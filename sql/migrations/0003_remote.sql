-- breaking: no
-- What a server needs between the queue and its clients: leases of others, limits of queues, and quick looks.

-- A remote row is one lease of somebody who reaches the queue through a server: lease and worker have the same id, so
-- that it lives, ends and is fenced like any other.
ALTER TABLE workers ADD COLUMN owner text, ADD COLUMN remote boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT remote_has_owner CHECK (NOT remote OR owner IS NOT NULL);

-- How many jobs may wait in the queue. Null: any number, and then nobody counts.
ALTER TABLE queues ADD COLUMN depth_limit integer CONSTRAINT depth_limit_rule CHECK (depth_limit BETWEEN 1 AND 10000000);

-- For the rates of the last minute. Rows come in the order of their time, so a range index of a few pages finds them.
CREATE INDEX history_by_end ON history USING brin (finished_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX attempts_by_end ON attempts USING brin (finished_at) WITH (pages_per_range = 32, autosummarize = on);

-- For pages of jobs by key, and of the dead of all queues. Most jobs are in neither.
CREATE INDEX history_by_key ON history (key, id) WHERE key IS NOT NULL;
CREATE INDEX history_dead_by_id ON history (id) WHERE state = 'dead';
