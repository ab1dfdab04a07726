-- Marks what the files before this one have made, which is what this transaction has made, as eQueue's own.
DO $$
DECLARE
  v_this xid := pg_current_xact_id()::xid;
  v_name text;
BEGIN
  FOR v_name IN SELECT p.oid::regprocedure FROM pg_proc p
                WHERE p.pronamespace = current_schema()::regnamespace AND p.xmin = v_this LOOP
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', v_name, 'eQueue: migrate replaces it');
  END LOOP;
  FOR v_name IN SELECT c.oid::regclass FROM pg_class c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v' AND c.xmin = v_this LOOP
    EXECUTE format('COMMENT ON VIEW %s IS %L', v_name, 'eQueue: migrate replaces it');
  END LOOP;
END $$;
