-- A UUIDv7 (RFC 9562, 5.7) of the given time, with the rest random.
CREATE FUNCTION uuid_v7(p_at timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0')
        || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14, 3)
        || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid;

-- The smallest UUIDv7-shaped value of a time: a bound to compare ids with.
CREATE FUNCTION uuid_v7_floor(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- The time inside a UUIDv7, or null when it is no such thing.
CREATE FUNCTION uuid_v7_time(p_id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(('x' || lpad(left(replace(p_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0);

-- How far a job's run_at may lie from its id's time and still be found by it (see ready.deferred). Producers whose
-- clock is further off than this only pay for a second index entry.
CREATE FUNCTION id_time_slack() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '1 second';

-- The furthest that a job may be put off, 100 years: far enough for anyone, and no time overflows.
CREATE FUNCTION wait_ms_max() RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 3155760000000;
