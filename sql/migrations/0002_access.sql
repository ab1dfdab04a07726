-- breaking: no
-- Who may use the HTTP server: people by password, programs by key. No password, key or session token is in here, only
-- hashes of them; a signing key must be known itself to those who sign.

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text COLLATE "C" NOT NULL UNIQUE CONSTRAINT user_name_rule CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  password_hash text NOT NULL CONSTRAINT bcrypt_rule CHECK (password_hash ~ '^[$]2b[$][0-9]{2}[$][./A-Za-z0-9]{53}$'),
  scopes text[] NOT NULL CONSTRAINT scope_rule CHECK (coalesce(
    array_ndims(scopes) = 1 AND cardinality(scopes) <= 4 AND scopes <@ '{enqueue,work,read,admin}', false)),
  -- Access tokens name the one that they were made under; a newer one makes them void.
  generation integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  disabled_at timestamptz
);

-- One row a login. Its refresh token is replaced at each use; `used_tokens` has the earlier ones, because whoever comes
-- with one of those has a copy.
CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES users,
  token_hash bytea NOT NULL UNIQUE CONSTRAINT hash_rule CHECK (length(token_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE used_tokens (
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE
);
CREATE INDEX used_tokens_by_session ON used_tokens (session_id);

CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY CONSTRAINT key_id_rule CHECK (id ~ '^[a-z2-7]{8}$'),
  name text NOT NULL CONSTRAINT key_name_rule CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  secret_hash bytea NOT NULL CONSTRAINT hash_rule CHECK (length(secret_hash) = 32),
  scopes text[] NOT NULL CONSTRAINT scope_rule CHECK (coalesce(
    array_ndims(scopes) = 1 AND cardinality(scopes) <= 4 AND scopes <@ '{enqueue,work,read,admin}', false)),
  -- Queue names, beginnings of such with a '*', or '*' alone. Joined they are as many words as before, so that none
  -- holds a space or is NULL.
  queue_patterns text[] NOT NULL CONSTRAINT queue_pattern_rule CHECK (coalesce(
    array_ndims(queue_patterns) = 1 AND cardinality(queue_patterns) <= 100
    AND cardinality(string_to_array(array_to_string(queue_patterns, ' '), ' ')) = cardinality(queue_patterns)
    AND array_to_string(queue_patterns, ' ') ~ '^([*]|[a-z0-9][a-z0-9._-]{0,63}[*]?)( ([*]|[a-z0-9][a-z0-9._-]{0,63}[*]?))*$',
    false)),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz CONSTRAINT expires_later CHECK (expires_at > created_at),
  revoked_at timestamptz,
  last_used_at timestamptz
);

-- At most two: the one that signs, and the one before it for as long as its tokens live. The two slots take turns.
CREATE TABLE signing_keys (
  slot smallint PRIMARY KEY CHECK (slot IN (0, 1)),
  kid text COLLATE "C" NOT NULL UNIQUE CONSTRAINT kid_rule CHECK (length(kid) BETWEEN 1 AND 64),
  secret bytea NOT NULL CONSTRAINT secret_rule CHECK (length(secret) BETWEEN 32 AND 64),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  retires_at timestamptz
);
CREATE UNIQUE INDEX one_signs ON signing_keys ((true)) WHERE retires_at IS NULL;
