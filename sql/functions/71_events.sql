-- What has happened to jobs, oldest first: how each one ended, and each attempt that did not succeed, from p_from on,
-- less what p_snapshot (pg_current_snapshot of an earlier call) could already see. Answers at most p_limit rows; each
-- carries as_of and the snapshot to go on from, and when nothing happened one row without a job does. What is written
-- late is found as long as it is not older than p_from: by the snapshot and not by its time. EQ002.
CREATE FUNCTION list_events(p_from timestamptz, p_snapshot text DEFAULT NULL, p_limit integer DEFAULT 1000)
RETURNS TABLE (as_of timestamptz, snapshot text, at timestamptz, job_id uuid, attempt smallint, what text, queue text,
               task text, error text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path FROM CURRENT SET jit = off AS $$
DECLARE
  -- STABLE: the statement's snapshot, which the rows below are read by, and a time before it.
  v_as_of CONSTANT timestamptz := statement_timestamp();
  v_snapshot CONSTANT pg_snapshot := pg_current_snapshot();
  v_seen CONSTANT pg_snapshot := p_snapshot::pg_snapshot;
  v_next CONSTANT bigint := pg_snapshot_xmax(v_snapshot)::text::bigint;
BEGIN
  IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 20000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('limit %s is outside 1 to 20000', p_limit);
  END IF;
  RETURN QUERY
  SELECT v_as_of, v_snapshot::text, e.at, e.id, e.attempt, e.what, e.queue, e.task, e.error
  FROM (SELECT 1) one LEFT JOIN LATERAL (
    (SELECT h.finished_at AS at, h.id, 0::smallint AS attempt, h.state::text AS what, h.queue, h.task, left(h.error, 500) AS error
     FROM history h
     WHERE h.finished_at >= p_from AND (v_seen IS NULL OR NOT pg_visible_in_snapshot(full_xid(h.xmin, v_next), v_seen))
     ORDER BY h.finished_at, h.id LIMIT p_limit)
    UNION ALL
    -- Where its job lies now says the queue: in history by the same end, in ready until the next attempt, else wherever.
    (SELECT a.finished_at, a.job_id, a.attempt, 'failed', coalesce(h.queue, r.queue, j.queue), coalesce(h.task, r.task, j.task),
            left(a.error, 500)
     FROM (SELECT x.* FROM attempts x
           WHERE x.finished_at >= p_from AND (v_seen IS NULL OR NOT pg_visible_in_snapshot(full_xid(x.xmin, v_next), v_seen))
           ORDER BY x.finished_at, x.job_id LIMIT p_limit) a
     LEFT JOIN history h ON h.id = a.job_id AND h.finished_at = a.finished_at
     LEFT JOIN LATERAL (SELECT y.queue, y.task FROM ready y WHERE y.deferred AND y.id = a.job_id LIMIT 1) r ON h.id IS NULL
     LEFT JOIN LATERAL get_job(a.job_id) j ON h.id IS NULL AND r.queue IS NULL)
    ORDER BY 1, 2, 3 LIMIT p_limit) e ON true;
END $$;

-- A row's xmin with the epoch that it has lost, of a transaction before p_next that is not 2^32 ids back.
CREATE FUNCTION full_xid(p_xmin xid, p_next bigint) RETURNS xid8
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
RETURN (p_next - ((p_next - p_xmin::text::bigint) & 4294967295))::text::xid8;
