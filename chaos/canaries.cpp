#include "chaos/canaries.hpp"

#include <algorithm>

namespace equeue::chaos {

// Each is a trigger or a replaced function, so that it does not depend on how the protocol's functions are
// written inside. A bug that hits only some jobs picks them by the last byte of their id.
const std::vector<Canary>& canaries() {
  static const std::vector<Canary> all = {
      {"enqueue_forgets",
       "an acknowledged job is not stored",
       {Breach::lost},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW"
       " WHEN (NEW.attempt = 0 AND get_byte(uuid_send(NEW.id), 15) < 16) EXECUTE FUNCTION bug()"},
      {"enqueue_doubles",
       "a job is stored twice, under two ids",
       {Breach::duplicate_job},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := gen_random_uuid();"
       " NEW.deferred := true; NEW.key := NULL; INSERT INTO equeue.ready SELECT NEW.*; RETURN NULL; END $$;"
       "CREATE TRIGGER bug AFTER INSERT ON ready FOR EACH ROW"
       " WHEN (pg_trigger_depth() = 0 AND NEW.attempt = 0 AND get_byte(uuid_send(NEW.id), 15) < 16)"
       " EXECUTE FUNCTION bug()"},
      {"key_not_unique",
       "a known key makes a second job",
       {Breach::duplicate_key, Breach::duplicate_job},
       "CREATE OR REPLACE FUNCTION take_keys(p_ids uuid[], p_tasks text[], p_keys text[]) RETURNS uuid[]"
       " LANGUAGE sql AS 'DELETE FROM equeue.keys k WHERE k.key = ANY (p_keys);"
       " INSERT INTO equeue.keys (key, job_id, task) SELECT i.key, i.id, i.task"
       " FROM unnest(p_ids, p_tasks, p_keys) AS i(id, task, key) WHERE i.key IS NOT NULL ON CONFLICT DO "
       "NOTHING;"
       " SELECT p_ids'"},
      {"claim_leaves_the_job",
       "a claimed job can be claimed again",
       {Breach::double_settlement, Breach::illegal_edge, Breach::duplicate_job},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS"
       " $$ BEGIN INSERT INTO equeue.ready SELECT OLD.*; RETURN NULL; END $$;"
       "CREATE TRIGGER bug AFTER DELETE ON ready FOR EACH ROW"
       " WHEN (OLD.attempt = 0 AND get_byte(uuid_send(OLD.id), 15) < 4) EXECUTE FUNCTION bug()"},
      {"retry_loses",
       "a job that is to be retried is dropped",
       {Breach::lost},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW"
       " WHEN (NEW.attempt > 0 AND get_byte(uuid_send(NEW.id), 15) < 128) EXECUTE FUNCTION bug()"},
      {"attempt_not_counted",
       "a failed attempt does not count",
       {Breach::attempts_disordered},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS"
       " 'BEGIN NEW.attempt := NEW.attempt - 1; RETURN NEW; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW"
       " WHEN (NEW.attempt = 1 AND get_byte(uuid_send(NEW.id), 14) < 128) EXECUTE FUNCTION bug()"},
      {"attempt_not_written",
       "a failed attempt leaves no row",
       {Breach::attempts_disordered},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON attempts FOR EACH ROW"
       " WHEN (get_byte(uuid_send(NEW.job_id), 15) < 128) EXECUTE FUNCTION bug()"},
      {"end_written_twice",
       "a settlement ends its job twice",
       {Breach::double_settlement},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
       " NEW.finished_at := NEW.finished_at + interval '1 millisecond';"
       " INSERT INTO equeue.history SELECT NEW.*; RETURN NULL; END $$;"
       "CREATE TRIGGER bug AFTER INSERT ON history FOR EACH ROW"
       " WHEN (pg_trigger_depth() = 0 AND get_byte(uuid_send(NEW.id), 15) < 16) EXECUTE FUNCTION bug()"},
      {"cancel_revives",
       "a cancelled job is queued again",
       {Breach::illegal_edge, Breach::double_settlement},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
       " INSERT INTO equeue.ready (id, run_at, enqueued_at, timeout_ms, priority, attempt, max_attempts, "
       "deferred, queue,"
       " task, payload, key, retry) VALUES (NEW.id, NEW.run_at, NEW.enqueued_at, NEW.timeout_ms, "
       "NEW.priority,"
       " NEW.attempt, NEW.max_attempts, true, NEW.queue, NEW.task, NEW.payload, NEW.key, NEW.retry);"
       " RETURN NULL; END $$;"
       "CREATE TRIGGER bug AFTER INSERT ON history FOR EACH ROW WHEN (NEW.state = 'cancelled') EXECUTE "
       "FUNCTION bug()"},
      {"success_unearned",
       "a job is ended as succeeded that nobody ran",
       {Breach::unearned_success},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
       " INSERT INTO equeue.history (id, finished_at, started_at, run_at, enqueued_at, lease, state, "
       "priority, attempt,"
       " max_attempts, queue, task, payload, key, result) VALUES (NEW.id, clock_timestamp(), "
       "clock_timestamp(),"
       " NEW.run_at, NEW.enqueued_at, gen_random_uuid(), 'succeeded', NEW.priority, 1, NEW.max_attempts, "
       "NEW.queue,"
       " NEW.task, NEW.payload, NEW.key, 'null'); RETURN NULL; END $$;"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW"
       " WHEN (NEW.attempt = 0 AND get_byte(uuid_send(NEW.id), 15) < 16) EXECUTE FUNCTION bug()"},
      {"lease_backdated",
       "two leases hold a job at one time",
       {Breach::overlapping_leases},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS"
       " $$ BEGIN NEW.claimed_at := NEW.claimed_at - interval '1 hour'; RETURN NEW; END $$;"
       "CREATE TRIGGER bug BEFORE INSERT ON leases FOR EACH ROW EXECUTE FUNCTION bug()"},
      {"retry_never_due",
       "a job that is to be retried is put off for ever",
       {Breach::stuck},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS"
       " $$ BEGIN NEW.run_at := NEW.run_at + interval '1 day'; RETURN NEW; END $$;"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW WHEN (NEW.attempt > 0) EXECUTE FUNCTION "
       "bug()"},
      {"stale_accepted",
       "a settlement that came too late is told to be accepted",
       {Breach::stale_settlement, Breach::lost_settlement},
       "CREATE OR REPLACE FUNCTION was_settled(p_lease uuid, p_job uuid, p_outcome text) RETURNS boolean"
       " LANGUAGE sql STABLE AS 'SELECT true'"},
      {"fence_left_out",
       "a settlement under a lease that is not the job's is accepted",
       {Breach::stale_settlement},
       "ALTER FUNCTION settle_as RENAME TO settle_fenced;"
       "CREATE FUNCTION settle_as(p_leases uuid[], p_jobs uuid[], p_outcomes text[], p_results jsonb[] "
       "DEFAULT NULL,"
       " p_errors text[] DEFAULT NULL, p_logs text[] DEFAULT NULL, p_delays_ms bigint[] DEFAULT NULL,"
       " p_permanent boolean[] DEFAULT NULL) RETURNS TABLE (job_id uuid, answer text)"
       " LANGUAGE sql SET search_path FROM CURRENT AS $$ SELECT * FROM settle_fenced(ARRAY("
       "SELECT coalesce((SELECT l.id FROM leases l WHERE i.job IN (SELECT id FROM unnest(l.jobs)) LIMIT 1), "
       "i.lease)"
       " FROM unnest(p_leases, p_jobs) WITH ORDINALITY AS i(lease, job, place) ORDER BY i.place),"
       " p_jobs, p_outcomes, p_results, p_errors, p_logs, p_delays_ms, p_permanent) $$"},
      {"reap_blindly",
       "upkeep takes a lease whose heartbeat came meanwhile",
       {Breach::broken_lease},
       "CREATE OR REPLACE FUNCTION upkeep_leases() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER"
       " SET search_path FROM CURRENT AS $$ DECLARE v_dead uuid[]; v_lost integer; BEGIN"
       " IF NOT lead_upkeep('leases') THEN RETURN 0; END IF;"
       " v_dead := ARRAY(SELECT w.id FROM workers w WHERE w.expires_at < clock_timestamp());"
       " IF v_dead = '{}' THEN RETURN 0; END IF;"
       " PERFORM pg_sleep(0.7);"
       " PERFORM FROM workers w WHERE w.id = ANY (v_dead) ORDER BY w.id FOR UPDATE;"
       " v_lost := take_back(ARRAY(SELECT l.id FROM leases l WHERE l.worker = ANY (v_dead) ORDER BY l.id FOR "
       "UPDATE));"
       " DELETE FROM workers w WHERE w.id = ANY (v_dead); RETURN v_lost; END $$",
       std::nullopt,
       std::chrono::seconds(25)},
      {"give_back_costs",
       "a snooze or a release counts an attempt",
       {Breach::attempts_disordered},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.attempt := 1; RETURN NEW; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW WHEN (NEW.deferred AND NEW.attempt = 0)"
       " EXECUTE FUNCTION bug()"},
      {"give_back_loses",
       "a job that is snoozed or released is dropped",
       {Breach::lost},
       "CREATE FUNCTION bug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
       "CREATE TRIGGER bug BEFORE INSERT ON ready FOR EACH ROW WHEN (NEW.deferred AND NEW.attempt = 0)"
       " EXECUTE FUNCTION bug()"},
      {"redrive_forgets",
       "a redrive is acknowledged and does nothing",
       {Breach::lost_redrive},
       "CREATE OR REPLACE FUNCTION redrive_all(p_jobs uuid[]) RETURNS integer LANGUAGE sql AS 'SELECT 1'"},
      {"ghost_appears",
       "a job that nobody enqueued",
       {Breach::ghost},
       "INSERT INTO lanes VALUES ('chaos', 5) ON CONFLICT DO NOTHING;"
       "SELECT enqueue('chaos.work', '{\"op\":\"nobody\",\"fate\":0,\"lasts_ms\":0}')"},
      {"client_boasts", "a client takes every answer for an acknowledgement", {Breach::lost}, {}, Seen::ok},
      {"client_denies",
       "a client takes an unknown outcome for a failure",
       {Breach::ghost},
       {},
       Seen::failed,
       std::chrono::seconds(10)},
  };
  return all;
}

const Canary* find_canary(std::string_view name) {
  const auto found = std::ranges::find(canaries(), name, &Canary::name);
  return found == canaries().end() ? nullptr : &*found;
}

}  // namespace equeue::chaos
