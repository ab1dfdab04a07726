-- Roles hold EXECUTE on functions and nothing else. Their names begin with the schema's. Where the migrating role may
-- not create roles, the queue works for its owner, and the grants are made by the next migration of a role that may.
DO $$
DECLARE
  v_schema text := current_schema();
  v_role text;
  v_part text;
  v_function regprocedure;
  v_grants CONSTANT jsonb := '{
    "enqueue": ["enqueue", "enqueue_many", "announce", "get_job", "which_ended", "schema_version"],
    "worker":  ["declare_task", "register_worker", "heartbeat", "retire_worker", "release_unknown", "lost_leases", "claim", "claim_batch", "settle",
                "release", "upkeep_leases", "upkeep_orphans", "upkeep_keys", "upkeep_access", "upkeep_partitions", "has_work", "queues_with_work", "announce",
                "get_job", "schema_version"],
    "read":    ["get_job", "which_ended", "list_jobs", "search_jobs", "list_attempts", "list_queues", "list_tasks", "get_task", "list_workers", "stats",
                "has_work", "schema_version", "list_events"],
    "admin":   ["enqueue", "enqueue_many", "announce", "declare_task", "cancel", "announce_cancel", "redrive", "redrive_dead", "purge_dead",
                "get_job", "list_jobs", "search_jobs", "list_attempts", "list_queues", "list_tasks", "get_task", "list_workers", "stats",
                "has_work", "schema_version", "pause_queue", "resume_queue", "set_queue_limit", "purge_queue", "set_task_schema",
                "create_user", "set_password", "set_user_scopes", "disable_user", "enable_user", "list_users",
                "create_api_key", "revoke_api_key", "list_api_keys", "list_audit",
                "set_push_target", "remove_push_target", "renew_push_secret", "list_push_targets", "create_webhook", "change_webhook",
                "remove_webhook", "renew_webhook_secret", "list_webhooks", "create_operation", "stop_operation", "list_operations"],
    "server":  ["find_user", "get_user", "open_session", "rotate_session", "close_session", "find_api_key", "touch_api_key",
                "live_signing_keys", "rotate_signing_key", "claim_remote", "heartbeat_remote", "settle_remote", "release_remote",
                "queues_with_work", "push_plan", "work_operation", "schema_version"]}';
BEGIN
  FOR v_function IN
    SELECT p.oid::regprocedure FROM pg_proc p
    WHERE p.pronamespace = v_schema::regnamespace AND obj_description(p.oid, 'pg_proc') = 'eQueue: migrate replaces it'
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
  END LOOP;
  FOR v_part IN SELECT jsonb_object_keys(v_grants) LOOP
    v_role := v_schema || '_' || v_part;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
      EXCEPTION
        -- Another database's migration was faster.
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN CONTINUE;
      END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, v_role);
    FOR v_function IN
      SELECT p.oid::regprocedure FROM pg_proc p
      WHERE p.pronamespace = v_schema::regnamespace AND v_grants -> v_part ? p.proname
        AND obj_description(p.oid, 'pg_proc') = 'eQueue: migrate replaces it'
    LOOP
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', v_function, v_role);
    END LOOP;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = v_schema || '_read') THEN
    EXECUTE format('GRANT SELECT ON jobs TO %I', v_schema || '_read');
  END IF;
END $$;
