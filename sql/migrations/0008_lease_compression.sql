-- breaking: no
-- A lease is written and read once each: lz4 takes a tenth of pglz's time. Where the server was built without it, all stays
-- as it was.
DO $$
BEGIN
  ALTER TABLE leases ALTER COLUMN jobs SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;
