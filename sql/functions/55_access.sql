-- Users, their sessions, API keys and signing keys. Whoever changes any of them is in the audit; what is secret, or a
-- hash of it, is not. Functions that list answer no hash.

CREATE FUNCTION audit_access(p_actor text, p_action text, p_detail jsonb) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO audit (actor, action, detail) VALUES (p_actor, p_action, p_detail)
$$;

-- Answers the user's id. EQ002 when the name is taken or a value breaks a rule.
CREATE FUNCTION create_user(p_name text, p_password_hash text, p_scopes text[], p_actor text DEFAULT session_user) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_user uuid;
BEGIN
  INSERT INTO users (name, password_hash, scopes) VALUES (p_name, p_password_hash, p_scopes)
  ON CONFLICT (name) DO NOTHING RETURNING id INTO v_user;
  IF v_user IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('there is a user ''%s'' already', p_name),
      HINT = 'choose another name, or change that user';
  END IF;
  PERFORM audit_access(p_actor, 'create_user', jsonb_build_object('user', p_name, 'scopes', p_scopes));
  RETURN v_user;
-- PostgreSQL's own error shows the whole row, and with it the hash.
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002',
    MESSAGE = format('user ''%s'' cannot be created: a value breaks a rule (%s)', left(p_name, 64), SQLERRM),
    HINT = 'a name is 1 to 64 of a-z 0-9 . _ -; scopes are enqueue, work, read, admin; the hash is one of bcrypt, $2b$';
END $$;

-- The user's sessions end and the access tokens are void. False when there is no such user, or not of p_generation any
-- more: somebody changed it since the old password was looked at. EQ002 for what is no hash.
CREATE FUNCTION set_password(
  p_name text, p_password_hash text, p_actor text DEFAULT session_user, p_generation integer DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE users SET password_hash = p_password_hash, generation = generation + 1
  WHERE name = p_name AND (p_generation IS NULL OR generation = p_generation) RETURNING id INTO v_user;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  PERFORM end_sessions(v_user);
  PERFORM audit_access(p_actor, 'set_password', jsonb_build_object('user', p_name));
  RETURN true;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the password of ''%s'' cannot be set: that is no hash of bcrypt', p_name),
    HINT = 'give a hash that begins with $2b$';
END $$;

-- Access tokens with other scopes are void; sessions go on with the new ones. False when there is no such user. EQ002
-- for unknown scopes, or none.
CREATE FUNCTION set_user_scopes(p_name text, p_scopes text[], p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE users SET scopes = p_scopes, generation = generation + 1 WHERE name = p_name;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM audit_access(p_actor, 'set_user_scopes', jsonb_build_object('user', p_name, 'scopes', p_scopes));
  RETURN true;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the scopes of ''%s'' cannot be set: a value breaks a rule', p_name),
    HINT = 'scopes are enqueue, work, read, admin; at least one';
END $$;

-- No login, no session and no access token is good any more. False when there is no such user; nothing happens to one
-- that is disabled already.
CREATE FUNCTION disable_user(p_name text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_user uuid;
BEGIN
  UPDATE users SET disabled_at = clock_timestamp(), generation = generation + 1
  WHERE name = p_name AND disabled_at IS NULL RETURNING id INTO v_user;
  IF v_user IS NULL THEN
    RETURN EXISTS (SELECT FROM users WHERE name = p_name);
  END IF;
  PERFORM end_sessions(v_user);
  PERFORM audit_access(p_actor, 'disable_user', jsonb_build_object('user', p_name));
  RETURN true;
END $$;

-- The user may log in again. False when there is no such user.
CREATE FUNCTION enable_user(p_name text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE users SET disabled_at = NULL WHERE name = p_name AND disabled_at IS NOT NULL;
  IF NOT FOUND THEN
    RETURN EXISTS (SELECT FROM users WHERE name = p_name);
  END IF;
  PERFORM audit_access(p_actor, 'enable_user', jsonb_build_object('user', p_name));
  RETURN true;
END $$;

CREATE FUNCTION end_sessions(p_user uuid) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = p_user AND revoked_at IS NULL
$$;

-- By name, at most p_limit, those after p_after when that is given.
CREATE FUNCTION list_users(p_after text DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (id uuid, name text, scopes text[], generation integer, created_at timestamptz, disabled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT u.id, u.name, u.scopes, u.generation, u.created_at, u.disabled_at
  FROM users u WHERE p_after IS NULL OR u.name > p_after ORDER BY u.name LIMIT p_limit
$$;

-- For the server, which asks again and again whether an access token's user is still what the token says. No row when
-- there is none, or when p_session is given and is not a session of that user which goes on.
CREATE FUNCTION get_user(p_user uuid, p_session uuid DEFAULT NULL)
RETURNS TABLE (id uuid, name text, scopes text[], generation integer, created_at timestamptz, disabled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT u.id, u.name, u.scopes, u.generation, u.created_at, u.disabled_at FROM users u
  WHERE u.id = p_user AND (p_session IS NULL OR EXISTS (
    SELECT FROM sessions s
    WHERE s.id = p_session AND s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()))
$$;

-- For a login. Also those who are disabled, so that verifying takes its time with them too.
CREATE FUNCTION find_user(p_name text)
RETURNS TABLE (id uuid, name text, password_hash text, scopes text[], generation integer, disabled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT u.id, u.name, u.password_hash, u.scopes, u.generation, u.disabled_at IS NOT NULL FROM users u WHERE u.name = p_name
$$;

-- After a login: answers the session and when it ends. Nulls, and no session, when the user is not the one of
-- p_generation any more: disabled, or with another password than the one that was verified. A user has at most 100
-- sessions, the newest. Audited. EQ002 for a life that is not 1 s to 90 days.
CREATE FUNCTION open_session(
  p_user uuid, p_generation integer, p_token_hash bytea, p_life_s integer, OUT session_id uuid, OUT session_ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  c_sessions_max CONSTANT integer := 100;
  v_now timestamptz;
  v_name text;
BEGIN
  IF p_life_s IS NULL OR p_life_s NOT BETWEEN 1 AND 7776000 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'a session lasts 1 s to 90 days';
  END IF;
  -- A change of the user comes before, and is seen, or after, and ends this session too. Logins of one user take turns.
  SELECT name INTO v_name FROM users WHERE id = p_user AND generation = p_generation AND disabled_at IS NULL
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  v_now := clock_timestamp();
  DELETE FROM sessions WHERE user_id = p_user AND (expires_at <= v_now OR revoked_at IS NOT NULL);
  DELETE FROM sessions WHERE id IN (
    SELECT s.id FROM sessions s WHERE s.user_id = p_user ORDER BY s.created_at DESC, s.id OFFSET c_sessions_max - 1);
  INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
  VALUES (p_user, p_token_hash, v_now, v_now + p_life_s * interval '1 second') RETURNING id, expires_at INTO session_id, session_ends_at;
  PERFORM audit_access('user:' || v_name, 'login', jsonb_build_object('user', v_name, 'session', session_id));
END $$;

-- Replaces the session's refresh token by the next one. The answer is one of
--   rotated  the new token is good, the old one used; the session and the user's current name, scopes and generation follow
--   reused   the token was used before: somebody has a copy, so the whole session, which follows, is revoked now; audited
--   ended    the session has expired or was revoked, its user is disabled, or it was used too often
--   unknown  no session had such a token
-- Of two that come with one token at once, one has rotated and the other reused.
CREATE FUNCTION rotate_session(p_token_hash bytea, p_next_hash bytea)
RETURNS TABLE (answer text, user_id uuid, user_name text, scopes text[], generation integer, expires_at timestamptz,
              session_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  -- More than once in a quarter of an hour, which is what access tokens live, for the 90 days that a session may last.
  c_uses_max CONSTANT integer := 10000;
  v_session record;
  v_user record;
BEGIN
  -- Whoever comes second waits here and then finds no row, because the token is no longer the session's.
  SELECT s.id, s.user_id, s.expires_at, s.revoked_at INTO v_session FROM sessions s WHERE s.token_hash = p_token_hash FOR UPDATE;
  IF FOUND THEN
    SELECT u.id, u.name, u.scopes, u.generation INTO v_user FROM users u WHERE u.id = v_session.user_id AND u.disabled_at IS NULL;
    IF NOT FOUND OR v_session.revoked_at IS NOT NULL OR v_session.expires_at <= clock_timestamp()
      OR (SELECT count(*) FROM used_tokens t WHERE t.session_id = v_session.id) >= c_uses_max THEN
      RETURN QUERY SELECT 'ended', NULL::uuid, NULL, NULL::text[], NULL::integer, NULL::timestamptz, NULL::uuid;
      RETURN;
    END IF;
    INSERT INTO used_tokens (hash, session_id) VALUES (p_token_hash, v_session.id);
    UPDATE sessions s SET token_hash = p_next_hash WHERE s.id = v_session.id;
    RETURN QUERY SELECT 'rotated', v_user.id, v_user.name, v_user.scopes, v_user.generation,
      v_session.expires_at, v_session.id;
    RETURN;
  END IF;
  -- A statement of its own, so that it sees what the one that came first has done.
  SELECT t.session_id INTO v_session FROM used_tokens t WHERE t.hash = p_token_hash;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::uuid, NULL, NULL::text[], NULL::integer, NULL::timestamptz, NULL::uuid;
    RETURN;
  END IF;
  UPDATE sessions s SET revoked_at = clock_timestamp() FROM users u
  WHERE s.id = v_session.session_id AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp() AND u.id = s.user_id
  RETURNING s.id, u.name INTO v_user;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'ended', NULL::uuid, NULL, NULL::text[], NULL::integer, NULL::timestamptz, NULL::uuid;
    RETURN;
  END IF;
  PERFORM audit_access('user:' || v_user.name, 'reuse_token', jsonb_build_object('user', v_user.name, 'session', v_user.id));
  RETURN QUERY SELECT 'reused', NULL::uuid, NULL, NULL::text[], NULL::integer, NULL::timestamptz, v_session.session_id;
END $$;

-- Ends the session that has or had this token, and answers it. Null when there was none to end.
CREATE FUNCTION close_session(p_token_hash bytea) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_session uuid;
BEGIN
  UPDATE sessions SET revoked_at = clock_timestamp() WHERE token_hash = p_token_hash AND revoked_at IS NULL
  RETURNING id INTO v_session;
  IF FOUND THEN
    RETURN v_session;
  END IF;
  -- A rotation meanwhile has made it a used one.
  UPDATE sessions SET revoked_at = clock_timestamp()
  WHERE id = (SELECT t.session_id FROM used_tokens t WHERE t.hash = p_token_hash) AND revoked_at IS NULL
  RETURNING id INTO v_session;
  RETURN v_session;
END $$;

-- EQ002 when the id is taken, a value breaks a rule, or the end lies in the past.
CREATE FUNCTION create_api_key(
  p_id text, p_name text, p_secret_hash bytea, p_scopes text[], p_queue_patterns text[], p_expires_at timestamptz DEFAULT NULL,
  p_actor text DEFAULT session_user)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO api_keys (id, name, secret_hash, scopes, queue_patterns, created_by, expires_at)
  VALUES (p_id, p_name, p_secret_hash, p_scopes, p_queue_patterns, p_actor, p_expires_at)
  ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('there is an API key %s already', p_id), HINT = 'make another one';
  END IF;
  PERFORM audit_access(p_actor, 'create_api_key', jsonb_build_object(
    'key', p_id, 'name', p_name, 'scopes', p_scopes, 'queues', p_queue_patterns, 'expires_at', p_expires_at));
-- As for users: the row is not to be shown.
EXCEPTION WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002',
    MESSAGE = format('API key ''%s'' cannot be created: a value breaks a rule (%s)', left(p_name, 64), SQLERRM),
    HINT = 'a name is 1 to 64 of a-z 0-9 . _ -; scopes are enqueue, work, read, admin; queues are 1 to 100 names, or '
           'beginnings with a *; the end lies in the future';
END $$;

-- False when there is no such key; nothing happens to one that is revoked already.
CREATE FUNCTION revoke_api_key(p_id text, p_actor text DEFAULT session_user) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_name text;
BEGIN
  UPDATE api_keys SET revoked_at = clock_timestamp() WHERE id = p_id AND revoked_at IS NULL RETURNING name INTO v_name;
  IF v_name IS NULL THEN
    RETURN EXISTS (SELECT FROM api_keys WHERE id = p_id);
  END IF;
  PERFORM audit_access(p_actor, 'revoke_api_key', jsonb_build_object('key', p_id, 'name', v_name));
  RETURN true;
END $$;

-- By id, at most p_limit, those after p_after when that is given; also keys that are no longer good.
CREATE FUNCTION list_api_keys(p_after text DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (id text, name text, scopes text[], queue_patterns text[], created_by text, created_at timestamptz,
               expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT k.id, k.name, k.scopes, k.queue_patterns, k.created_by, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  FROM api_keys k WHERE p_after IS NULL OR k.id > p_after ORDER BY k.id LIMIT p_limit
$$;

-- A key that is good now; no row when it has expired, was revoked or never was. The caller compares the hash.
CREATE FUNCTION find_api_key(p_id text)
RETURNS TABLE (id text, name text, secret_hash bytea, scopes text[], queue_patterns text[], expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT k.id, k.name, k.secret_hash, k.scopes, k.queue_patterns, k.expires_at FROM api_keys k
  WHERE k.id = p_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
$$;

-- Notes that the key was used: to be called when its secret was right. Writes at most once a minute.
CREATE FUNCTION touch_api_key(p_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE api_keys SET last_used_at = clock_timestamp()
  WHERE id = p_id AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')
$$;

-- At most two, the one to sign with first.
CREATE FUNCTION live_signing_keys() RETURNS TABLE (kid text, secret bytea, created_at timestamptz, retires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT k.kid, k.secret, k.created_at, k.retires_at FROM signing_keys k
  WHERE k.retires_at IS NULL OR k.retires_at > clock_timestamp() ORDER BY k.retires_at DESC NULLS FIRST
$$;

-- From now on this key signs, unless the one that does is younger than p_older_than_s: so of several servers that find
-- it too old, or find none, one brings the next. What the one before it has signed is good for p_overlap_s more; what
-- was signed before that is void. Answers whether it did. EQ002 for a key that breaks a rule.
CREATE FUNCTION rotate_signing_key(
  p_kid text, p_secret bytea, p_older_than_s integer, p_overlap_s integer, p_actor text DEFAULT session_user)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_now timestamptz;
  v_current signing_keys;
BEGIN
  IF p_older_than_s IS NULL OR p_overlap_s IS NULL OR p_older_than_s < 0 OR p_overlap_s NOT BETWEEN 0 AND 86400 THEN
    RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = 'an age is 0 s or more, an overlap 0 s to 1 day';
  END IF;
  -- There may be no row yet to take turns at.
  LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE;
  v_now := clock_timestamp();
  SELECT * INTO v_current FROM signing_keys k WHERE k.retires_at IS NULL;
  IF v_current.created_at > v_now - p_older_than_s * interval '1 second' THEN
    RETURN false;
  END IF;
  UPDATE signing_keys SET retires_at = v_now + p_overlap_s * interval '1 second' WHERE slot = v_current.slot;
  INSERT INTO signing_keys (slot, kid, secret, created_at) VALUES (1 - coalesce(v_current.slot, 1), p_kid, p_secret, v_now)
  ON CONFLICT (slot) DO UPDATE
    SET kid = excluded.kid, secret = excluded.secret, created_at = excluded.created_at, retires_at = NULL;
  PERFORM audit_access(p_actor, 'rotate_signing_key', jsonb_build_object('kid', p_kid));
  RETURN true;
-- As for users: the row is not to be shown.
EXCEPTION WHEN check_violation OR not_null_violation OR unique_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'EQ002', MESSAGE = format('the signing key cannot be replaced: a value breaks a rule (%s)', SQLERRM),
    HINT = 'a key has an id of its own and 32 to 64 random bytes';
END $$;

-- What was changed by whom, newest first, at most p_limit, older than p_before when that is given.
CREATE FUNCTION list_audit(p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (id bigint, at timestamptz, actor text, action text, detail jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT a.id, a.at, a.actor, a.action, a.detail FROM audit a
  WHERE p_before IS NULL OR a.id < p_before ORDER BY a.id DESC LIMIT p_limit
$$;
