-- What 98_mark.sql has marked goes, and is made anew by these files: functions and views hold no data, and what a newer
-- set no longer has must not stay. What bears no mark is not eQueue's. Never CASCADE: whatever somebody has built on a
-- function or view of ours makes the migration fail, by name, instead of vanishing with it.
DO $$
DECLARE
  v_object record;
  v_left integer;
  v_left_before integer := NULL;
  v_detail text;
BEGIN
  LOOP
    v_left := 0;
    FOR v_object IN
      SELECT 'FUNCTION' AS kind, p.oid::regprocedure::text AS name FROM pg_proc p
      WHERE p.pronamespace = current_schema()::regnamespace
        AND obj_description(p.oid, 'pg_proc') = 'eQueue: migrate replaces it'
      UNION ALL
      SELECT 'VIEW', c.oid::regclass::text FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'
        AND obj_description(c.oid, 'pg_class') = 'eQueue: migrate replaces it'
    LOOP
      BEGIN
        EXECUTE 'DROP ' || v_object.kind || ' ' || v_object.name;
      EXCEPTION WHEN dependent_objects_still_exist THEN
        GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
        v_left := v_left + 1;
      END;
    END LOOP;
    EXIT WHEN v_left = 0;
    -- Of those that are left each holds up another, or somebody else's object holds them up.
    IF v_left = v_left_before THEN
      RAISE EXCEPTION 'something that is not eQueue''s is built on its functions or views: %', v_detail
        USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop it, migrate, and make it again';
    END IF;
    v_left_before := v_left;
  END LOOP;
END $$;
