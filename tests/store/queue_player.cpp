#include "tests/store/queue_player.hpp"

#include <algorithm>

namespace equeue::tests {
namespace {

using Kind = Operation::Kind;

const std::vector<std::string> queues{"default"};

template <class Value>
std::string text_of(const Result<Value>& result, const std::string& value) {
  return result ? value : std::string(to_string(result.error().code));
}

template <class Ids>
std::string text_of(const Ids& ids) {
  std::string text;
  for (const auto& id : ids) text += to_string(id) + ' ';
  return text;
}

std::string text_of(const std::set<std::pair<LeaseId, JobId>>& requests) {
  std::string text;
  for (const auto& [lease, job] : requests) text += to_string(lease) + ' ' + to_string(job) + ' ';
  return text;
}

std::string text_of(store::Answer answer) {
  std::ostringstream text;
  text << answer;
  return text.str();
}

Outcome outcome_of(int how) {
  using Outcomes = Outcome::Kind;
  switch (how % 10) {
    case 0:
    case 1:
      return Outcome::succeeded(R"({"n": 1})");
    case 2:
      return Outcome::failed("no");
    case 3:
      return Outcome::failed_for_good("never");
    case 4:
      return Outcome::retry_after(std::chrono::hours(1), "not now");
    case 5:
      return {.kind = Outcomes::timed_out, .error = "too slow"};
    case 6:
      return {.kind = Outcomes::crashed, .error = "gone"};
    case 7:
      return Outcome::cancelled("stopped");
    case 8:
      return Outcome::snoozed(std::chrono::hours(how % 20 < 10 ? 0 : 1));
    default:
      return {.kind = Outcomes::released};
  }
}

// Those that the other transaction changes in `after`, into a map of what is committed.
template <class Map>
void merge(Map& committed, const Map& before, const Map& after) {
  for (const auto& [key, value] : after) {
    const auto was = before.find(key);
    if (was == before.end() || was->second != value) committed[key] = value;
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) committed.erase(key);
  }
}

template <class Map, class Set>
void add_changed(Set& changed, const Map& before, const Map& after) {
  for (const auto& [key, value] : after) {
    const auto was = before.find(key);
    if (was == before.end() || was->second != value) changed.insert(key);
  }
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) changed.insert(key);
  }
}

bool can_be_held_open(Kind kind) {
  return kind == Kind::enqueue || kind == Kind::claim || kind == Kind::settle || kind == Kind::release ||
         kind == Kind::cancel;
}

}  // namespace

QueuePlayer::~QueuePlayer() {
  if (open_) other_.run("ROLLBACK");
}

std::optional<WorkerId> QueuePlayer::worker(int which) const {
  if (workers_.empty()) return std::nullopt;
  // Mostly a late one: the early ones are gone.
  const auto last = workers_.size() - 1;
  return workers_[last - static_cast<std::size_t>(which) % std::min<std::size_t>(workers_.size(), 4)];
}

std::optional<JobId> QueuePlayer::job(int which) const {
  if (jobs_.empty()) return std::nullopt;
  return jobs_[static_cast<std::size_t>(which) % jobs_.size()];
}

std::string QueuePlayer::play(const Operation& operation) {
  ++model_.now;
  Answers answers;
  if (operation.kind == Kind::commit || operation.kind == Kind::rollback) {
    end(operation.kind == Kind::commit);
  } else if (operation.held_open && can_be_held_open(operation.kind)) {
    if (!open_) begin(operation, answers);
  } else {
    answers = perform(operation, session_, model_, locks_);
  }
  if (answers.real != answers.expected)
    return fmt::format("answered '{}' instead of '{}'", answers.real, answers.expected);
  const auto real = real_text();
  const auto expected = model_.to_text();
  if (real != expected) return fmt::format("left\n{}instead of\n{}", real, expected);
  return "";
}

void QueuePlayer::begin(const Operation& operation, Answers& answers) {
  other_.run("BEGIN");
  before_ = model_;
  open_ = model_;
  named_.clear();
  answers = perform(operation, other_, *open_, {});
  add_changed(locks_.jobs, before_->jobs, open_->jobs);
  add_changed(locks_.leases, before_->leases, open_->leases);
  // Settlements and cancels lock each lease that they name, also when they change nothing.
  for (const auto& lease : named_) {
    if (before_->leases.contains(lease)) locks_.leases.insert(lease);
  }
  add_changed(locks_.keys, before_->keys, open_->keys);
  // A settlement of one of a lease's many jobs changes no more of the model than the job.
  for (const auto& job : locks_.jobs) {
    const auto was = before_->jobs.find(job);
    if (was != before_->jobs.end() && was->second.state == State::running)
      locks_.leases.insert(was->second.lease);
  }
  for (const auto& lease : locks_.leases) {
    // A claim locks the worker; what settles locks the lease with all its jobs.
    if (!before_->leases.contains(lease)) {
      locks_.workers.insert(open_->leases.at(lease).worker);
      continue;
    }
    for (const auto& job : before_->leases.at(lease).jobs) {
      // Not those that have left it.
      const auto was = before_->jobs.find(job);
      if (was != before_->jobs.end() && was->second.state == State::running && was->second.lease == lease)
        locks_.jobs.insert(job);
    }
  }
  // Who enqueues under the key of a job that is just ending waits for the end.
  for (const auto& id : locks_.jobs) {
    if (const auto job = open_->jobs.find(id); job != open_->jobs.end() && job->second.key)
      locks_.keys.insert(*job->second.key);
  }
}

void QueuePlayer::end(bool commit) {
  if (!open_) return;
  other_.run(commit ? "COMMIT" : "ROLLBACK");
  if (commit) {
    merge(model_.jobs, before_->jobs, open_->jobs);
    merge(model_.leases, before_->leases, open_->leases);
    merge(model_.keys, before_->keys, open_->keys);
    model_.noted.insert(open_->noted.begin(), open_->noted.end());
    std::erase_if(model_.noted, [&](const auto& each) { return !model_.jobs.contains(std::get<1>(each)); });
  }
  before_.reset();
  open_.reset();
  locks_ = {};
}

QueuePlayer::Answers QueuePlayer::perform(const Operation& operation, Session& session, QueueModel& model,
                                          const Locks& locks) {
  switch (operation.kind) {
    case Kind::enqueue:
      return enqueue(operation, session, model, locks);
    case Kind::claim:
      return claim(operation, session, model, locks);
    case Kind::settle:
    case Kind::release:
      return settle(operation, session, model, locks);
    case Kind::heartbeat:
      return heartbeat(operation, model);
    case Kind::release_unknown:
      return release_unknown(operation, model, locks);
    default:
      return manage(operation, session, model, locks);
  }
}

QueuePlayer::Answers QueuePlayer::enqueue(const Operation& operation, Session& session, QueueModel& model,
                                          const Locks& locks) {
  NewJob job{"test.task", "{}", {.priority = operation.which % 3, .max_attempts = 1 + operation.which % 4}};
  if (operation.how % 3 == 0) job.options.key = fmt::format("key {}", operation.how % 5);
  if (operation.how % 7 == 0) job.options.delay = std::chrono::hours(1);
  if (job.options.key && locks.keys.contains(*job.options.key)) return {};
  const std::vector<NewJob> batch(static_cast<std::size_t>(1 + operation.much % 3), job);
  Answers answers;
  for (const auto& one : store::enqueue(session.cell(), batch).value()) {
    const auto known = model.enqueue({.id = one.id,
                                      .key = job.options.key,
                                      .max_attempts = *job.options.max_attempts,
                                      .priority = *job.options.priority,
                                      .later = job.options.delay.has_value()});
    answers.real += fmt::format("{} {} ", to_string(one.id), one.existing);
    answers.expected += fmt::format("{} {} ", to_string(known.value_or(one.id)), known.has_value());
    if (!known) jobs_.push_back(one.id);
  }
  return answers;
}

QueuePlayer::Answers QueuePlayer::claim(const Operation& operation, Session& session, QueueModel& model,
                                        const Locks& locks) {
  const auto by = worker(operation.which);
  if (!by) return {};
  const int max = 1 + operation.much % 3;
  const auto expected = model.due(static_cast<std::size_t>(max), locks);
  const auto claimed = store::claim(session.cell(), *by, queues, max, {});
  const bool refused = !expected.empty() && !model.may_claim(*by);
  if (!claimed || refused) return {text_of(claimed, "claimed"), refused ? "worker_lost" : text_of(expected)};
  std::vector<JobId> taken;
  for (const auto& job : claimed->jobs) taken.push_back(job.id);
  if (taken == expected && !taken.empty()) {
    model.claim(*by, claimed->lease, taken);
    for (const auto& id : taken) held_.emplace_back(claimed->lease, id);
  }
  return {text_of(taken), text_of(expected)};
}

QueuePlayer::Answers QueuePlayer::settle(const Operation& operation, Session& session, QueueModel& model,
                                         const Locks& locks) {
  std::vector<store::Settlement> batch;
  const auto outcome =
      operation.kind == Kind::release ? Outcome{.kind = Outcome::Kind::released} : outcome_of(operation.how);
  for (int i = 0; i <= operation.much % 3 && static_cast<std::size_t>(i) < held_.size(); ++i) {
    // Mostly what was claimed lately, now and then what is long settled.
    const auto reach = operation.much % 5 == 0 ? held_.size() : std::min<std::size_t>(held_.size(), 6);
    const auto place = held_.size() - 1 - static_cast<std::size_t>(operation.which + i) % reach;
    const auto& [lease, job] = held_[place];
    if (locks.leases.contains(lease) || locks.jobs.contains(job)) return {};
    if (std::any_of(batch.begin(), batch.end(),
                    [&](const auto& each) { return each.lease == lease && each.job == job; }))
      break;
    batch.push_back({lease, job, outcome});
    named_.insert(lease);
  }
  Answers answers;
  for (const auto answer : store::settle(session.cell(), batch).value())
    answers.real += text_of(answer) + ' ';
  for (const auto& each : batch) answers.expected += model.settle(each.lease, each.job, each.outcome) + ' ';
  return answers;
}

QueuePlayer::Answers QueuePlayer::heartbeat(const Operation& operation, QueueModel& model) {
  const auto by = worker(operation.which);
  if (!by) return {};
  const auto beat = store::heartbeat(session_.cell(), *by, std::chrono::minutes(10));
  if (!model.heartbeat(*by)) return {text_of(beat, "lives"), "worker_lost"};
  std::set<std::pair<LeaseId, JobId>> requests;
  if (beat) {
    for (const auto& request : *beat) requests.emplace(request.lease, request.job);
  }
  return {text_of(beat, text_of(requests)), text_of(model.cancel_requests(*by))};
}

QueuePlayer::Answers QueuePlayer::release_unknown(const Operation& operation, QueueModel& model,
                                                  const Locks& locks) {
  const auto by = worker(operation.which);
  if (!by) return {};
  std::vector<LeaseId> known;
  for (const auto& [id, lease] : model.leases) {
    if (lease.worker != *by) continue;
    if (locks.leases.contains(id)) return {};
    if ((operation.how + static_cast<int>(known.size())) % 2 == 0) known.push_back(id);
  }
  const auto released = store::release_unknown(session_.cell(), *by, known);
  return {text_of(released, released ? std::to_string(*released) : ""),
          std::to_string(model.release_unknown(*by, {known.begin(), known.end()}))};
}

QueuePlayer::Answers QueuePlayer::manage(const Operation& operation, Session& session, QueueModel& model,
                                         const Locks& locks) {
  const auto limit = 1 + operation.much % 4;
  const auto by = worker(operation.which);
  const auto subject = job(operation.which);
  const auto number = [&](const Result<int>& done, int expected) {
    return Answers{text_of(done, done ? std::to_string(*done) : ""), std::to_string(expected)};
  };
  switch (operation.kind) {
    case Kind::cancel: {
      if (!subject || locks.jobs.contains(*subject)) return {};
      constexpr const char* names[] = {"cancelled", "requested", "already"};
      if (const auto job = model.jobs.find(*subject);
          job != model.jobs.end() && job->second.state == State::running)
        named_.insert(job->second.lease);
      const auto done = store::cancel(session.cell(), *subject, "no need");
      return {text_of(done, done ? names[static_cast<int>(*done)] : ""), model.cancel(*subject)};
    }
    case Kind::redrive: {
      if (!subject || locks.jobs.contains(*subject)) return {};
      return {text_of(store::redrive(session.cell(), *subject, "tester"), ""), model.redrive(*subject)};
    }
    case Kind::redrive_dead:
      return number(store::redrive_dead(session.cell(), {.limit = limit}, "tester"),
                    model.redrive_dead(static_cast<std::size_t>(limit)));
    case Kind::purge_dead:
      return number(store::purge_dead(session.cell(), {.limit = limit}, "tester"),
                    model.purge_dead(static_cast<std::size_t>(limit)));
    case Kind::purge_queue:
      return {session.text(fmt::format("SELECT purge_queue('default', {})::text", limit)),
              std::to_string(model.purge_queue(static_cast<std::size_t>(limit), locks))};
    case Kind::pause:
    case Kind::resume: {
      const bool paused = operation.kind == Kind::pause;
      const bool changed = std::exchange(model.paused, paused) != paused;
      return {session.text(fmt::format("SELECT {}_queue('default')::text", paused ? "pause" : "resume")),
              changed ? "true" : "false"};
    }
    case Kind::register_worker: {
      const auto id = make_worker_id();
      store::register_worker(session.cell(), id, "test", queues, std::chrono::minutes(10)).value();
      model.workers[id] = QueueModel::Life::live;
      workers_.push_back(id);
      return {};
    }
    case Kind::retire_worker:
      if (!by || locks.workers.contains(*by)) return {};
      store::retire_worker(session.cell(), *by).value();
      model.retire(*by);
      return {};
    case Kind::expire:
      if (!by || !model.may_claim(*by)) return {};
      session.run(fmt::format("UPDATE workers SET expires_at = '2000-01-01' WHERE id = {}", quoted(*by)));
      model.workers[*by] = QueueModel::Life::expired;
      return {};
    case Kind::upkeep:
      return number(store::upkeep_leases(session.cell()), model.upkeep(locks));
    default:
      return {};
  }
}

std::string QueuePlayer::real_text() {
  return session_.text(R"(SELECT coalesce(string_agg(line, '' ORDER BY part, line), '') FROM (
      SELECT 1 AS part, format(E'%s %s %s/%s %s%s%s\n', id, state, attempt, max_attempts, coalesce(key, '-'),
                    CASE WHEN state = 'queued' AND run_at > clock_timestamp() THEN ' later' END,
                    CASE WHEN cancel_requested THEN ' asked' END) AS line FROM jobs
      UNION ALL
      SELECT 2, format(E'%s %s\n', id, CASE WHEN expires_at = '-infinity' THEN 'ended'
                                            WHEN expires_at < clock_timestamp() THEN 'expired' ELSE 'live' END)
      FROM workers) lines)");
}

}  // namespace equeue::tests
