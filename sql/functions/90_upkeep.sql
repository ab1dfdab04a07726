-- Each upkeep function does its share when no one else is at it, and answers at once otherwise: any number of
-- processes may call them.
CREATE FUNCTION lead_upkeep(p_part text) RETURNS boolean
LANGUAGE sql SET search_path FROM CURRENT
RETURN pg_try_advisory_xact_lock(hashtextextended('equeue upkeep ' || current_schema() || ' ' || p_part, 0));

-- Takes the jobs of dead workers back: each counts a lost attempt and is due again, or ends dead or cancelled.
-- Answers how many jobs; at most 100 leases at a time, so call it again until it says 0. Leases that another
-- transaction is just settling are left to the next call: one that idles must not hold up the others.
CREATE FUNCTION upkeep_leases() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
DECLARE
  v_workers uuid[];
  v_leases uuid[];
  v_begun uuid[];
  v_lost integer;
BEGIN
  -- Not even a lock when there is nothing to do: this runs every second on every worker.
  IF NOT EXISTS (SELECT FROM workers w WHERE w.expires_at < clock_timestamp()) OR NOT lead_upkeep('leases') THEN
    RETURN 0;
  END IF;
  -- A heartbeat or a claim under way holds its worker's row and keeps it out of this; one that comes later finds the
  -- row gone, or revives the worker before anything was taken.
  SELECT array_agg(dead.id) INTO v_workers
  FROM (SELECT w.id FROM workers w WHERE w.expires_at < clock_timestamp() ORDER BY w.id LIMIT 10000
        FOR UPDATE SKIP LOCKED) dead;
  v_leases := ARRAY(SELECT l.id FROM leases l WHERE l.worker = ANY (v_workers) ORDER BY l.id LIMIT 100
                    FOR UPDATE SKIP LOCKED);
  v_begun := ARRAY(SELECT DISTINCT l.worker FROM leases l WHERE l.id = ANY (v_leases));
  v_lost := take_back(v_leases);
  DELETE FROM workers w WHERE w.id = ANY (v_workers) AND NOT EXISTS (SELECT FROM leases l WHERE l.worker = w.id);
  -- One that keeps a lease until the next call has lost others, and must not go on as if it held them.
  UPDATE workers w SET expires_at = '-infinity' WHERE w.id = ANY (v_begun);
  RETURN v_lost;
END $$;

-- The same for leases whose worker's row is gone. None should be: this is the net below, called once in a while.
CREATE FUNCTION upkeep_orphans() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM leases l WHERE NOT EXISTS (SELECT FROM workers w WHERE w.id = l.worker))
     OR NOT lead_upkeep('orphans') THEN
    RETURN 0;
  END IF;
  RETURN take_back(ARRAY(SELECT l.id FROM leases l WHERE NOT EXISTS (SELECT FROM workers w WHERE w.id = l.worker)
                         ORDER BY l.id LIMIT 100 FOR UPDATE SKIP LOCKED));
END $$;

-- Settles all that is open in these leases, which the caller has locked, as lost. Answers how many jobs.
CREATE FUNCTION take_back(p_leases uuid[]) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  v_leases uuid[];
  v_jobs uuid[];
BEGIN
  SELECT array_agg(l.id), array_agg(j.id) INTO v_leases, v_jobs
  FROM leases l CROSS JOIN LATERAL unnest(l.jobs) WITH ORDINALITY
    AS j(id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, deferred, queue, task, payload, key, retry,
         place)
  WHERE l.id = ANY (p_leases) AND get_bit(l.settled, (j.place - 1)::integer) = 0;
  IF v_jobs IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM settle_as(v_leases, v_jobs, array_fill('lost'::text, ARRAY[cardinality(v_jobs)]),
                    p_errors => array_fill('the worker was not heard of until its lease ran out'::text,
                                           ARRAY[cardinality(v_jobs)]));
  RETURN cardinality(v_jobs);
END $$;

-- Forgets keys whose time has come. Answers how many, at most 10,000 at a time.
CREATE FUNCTION upkeep_keys() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_keys text[];
BEGIN
  IF NOT lead_upkeep('keys') THEN
    RETURN 0;
  END IF;
  v_keys := ARRAY(SELECT k.key FROM keys k WHERE k.expires_at < clock_timestamp()
                  ORDER BY k.key LIMIT 10000 FOR UPDATE SKIP LOCKED);
  DELETE FROM keys k WHERE k.key = ANY (v_keys);
  RETURN cardinality(v_keys);
END $$;

-- Forgets sessions that have expired, with the tokens that they used, and entries of the audit that are older than
-- settings.audit_days. Answers how many of either, at most 10,000 each at a time.
CREATE FUNCTION upkeep_access() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now CONSTANT timestamptz := clock_timestamp();
  v_kept_from CONSTANT timestamptz := v_now - (SELECT audit_days FROM settings) * interval '1 day';
  v_sessions integer;
  v_entries integer := 0;
BEGIN
  IF NOT lead_upkeep('access') THEN
    RETURN 0;
  END IF;
  DELETE FROM sessions WHERE id IN (
    SELECT s.id FROM sessions s WHERE s.expires_at < v_now ORDER BY s.id LIMIT 10000 FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_sessions = ROW_COUNT;
  -- The oldest have the lowest ids, so mostly one look is enough.
  IF (SELECT a.at FROM audit a ORDER BY a.id LIMIT 1) < v_kept_from THEN
    DELETE FROM audit WHERE id IN (SELECT a.id FROM audit a ORDER BY a.id LIMIT 10000) AND at < v_kept_from;
    GET DIAGNOSTICS v_entries = ROW_COUNT;
  END IF;
  RETURN v_sessions + v_entries;
END $$;

-- Prepares the partitions of the next days and drops those that retention has outlived. Answers how many of either.
-- Gives up quickly when a long reader is in the way; the next call tries again.
CREATE FUNCTION upkeep_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms' SET timezone = 'UTC' AS $$
DECLARE
  c_days_ahead CONSTANT integer := 7;
  v_first_day CONSTANT date := current_date - (SELECT history_days FROM settings);
  v_table text;
  v_day date;
  v_name text;
  v_strays boolean;
  v_changes integer := 0;
BEGIN
  IF NOT lead_upkeep('partitions') THEN
    RETURN 0;
  END IF;
  FOREACH v_table IN ARRAY ARRAY['history', 'attempts'] LOOP
    FOR v_day IN SELECT current_date + i FROM generate_series(0, c_days_ahead) i LOOP
      v_name := v_table || '_' || to_char(v_day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
      -- A day that began without its partition stays in the default one.
      EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE finished_at >= %L AND finished_at < %L)', v_table || '_other',
                     v_day::timestamptz, (v_day + 1)::timestamptz) INTO v_strays;
      CONTINUE WHEN v_strays;
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', v_name, v_table,
                     v_day::timestamptz, (v_day + 1)::timestamptz);
      v_changes := v_changes + 1;
    END LOOP;
    FOR v_name IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = v_table::regclass AND c.relname ~ '_\d{8}$'
        AND to_date(right(c.relname, 8), 'YYYYMMDD') < v_first_day
    LOOP
      EXECUTE format('DROP TABLE %I', v_name);
      v_changes := v_changes + 1;
    END LOOP;
    EXECUTE format('DELETE FROM %I WHERE finished_at < %L', v_table || '_other', v_first_day::timestamptz);
  END LOOP;
  RETURN v_changes;
END $$;
