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
      {"ghost_appears",
       "a job that nobody enqueued",
       {Breach::ghost},
       "INSERT INTO lanes VALUES ('chaos', 5) ON CONFLICT DO NOTHING;"
       "SELECT enqueue('chaos.work', '{\"op\":\"nobody\",\"fate\":0,\"lasts_ms\":0}')"},
      {"client_boasts", "a client takes every answer for an acknowledgement", {Breach::lost}, {}, true},
  };
  return all;
}

const Canary* find_canary(std::string_view name) {
  const auto found = std::ranges::find(canaries(), name, &Canary::name);
  return found == canaries().end() ? nullptr : &*found;
}

}  // namespace equeue::chaos
