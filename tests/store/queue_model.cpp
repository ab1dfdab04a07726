#include "tests/store/queue_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace equeue::tests {

std::optional<JobId> QueueModel::enqueue(const QueuedJob& job) {
  if (job.key) {
    if (const auto known = keys.find(*job.key); known != keys.end()) return known->second;
    keys[*job.key] = job.id;
  }
  jobs[job.id] = job;
  jobs[job.id].since = now;
  return std::nullopt;
}

std::vector<JobId> QueueModel::queued(bool with_later, const Locks& locks) const {
  std::vector<const QueuedJob*> found;
  for (const auto& [id, job] : jobs) {
    if (job.state == State::queued && (with_later || !job.later) && !locks.jobs.contains(id))
      found.push_back(&job);
  }
  std::sort(found.begin(), found.end(), [](const QueuedJob* one, const QueuedJob* other) {
    return std::tie(one->priority, one->later, one->since, one->id) <
           std::tie(other->priority, other->later, other->since, other->id);
  });
  std::vector<JobId> ids;
  for (const auto* job : found) ids.push_back(job->id);
  return ids;
}

std::vector<JobId> QueueModel::due(std::size_t max, const Locks& locks) const {
  if (paused) return {};
  auto found = queued(false, locks);
  found.resize(std::min(max, found.size()));
  return found;
}

bool QueueModel::may_claim(const WorkerId& worker) const {
  const auto found = workers.find(worker);
  return found != workers.end() && found->second != Life::ended;
}

void QueueModel::claim(const WorkerId& worker, const LeaseId& lease, const std::vector<JobId>& taken) {
  leases[lease] = {.worker = worker, .jobs = taken, .cancelling = {}};
  for (const auto& id : taken) {
    jobs.at(id).state = State::running;
    jobs.at(id).lease = lease;
  }
}

std::string QueueModel::settle(const LeaseId& lease, const JobId& job, const Outcome& outcome) {
  const auto found = jobs.find(job);
  if (found != jobs.end() && found->second.state == State::running && found->second.lease == lease) {
    move(lease, found->second, outcome, to_string(outcome.kind));
    return "accepted";
  }
  return noted.contains({lease, job, to_string(outcome.kind)}) ? "replayed" : "lease_lost";
}

void QueueModel::move(const LeaseId& lease, QueuedJob& job, const Outcome& outcome, const std::string& name) {
  using Kind = Outcome::Kind;
  const bool counts = outcome.kind != Kind::snoozed && outcome.kind != Kind::released;
  const bool asked = leases.at(lease).cancelling.contains(job.id);
  if (counts) ++job.attempt;
  if (outcome.kind == Kind::succeeded) {
    job.state = State::succeeded;
  } else if (outcome.kind == Kind::cancelled || asked) {
    job.state = State::cancelled;
  } else if (counts && (outcome.permanent || job.attempt >= job.max_attempts)) {
    job.state = State::dead;
  } else {
    job.state = State::queued;
    job.later = outcome.delay && outcome.delay->count() > 0;
    job.since = now;
  }
  if (counts) noted.insert({lease, job.id, name});
  job.lease = {};
  const auto& all = leases.at(lease).jobs;
  if (std::none_of(all.begin(), all.end(), [&](const JobId& id) {
        const auto left = jobs.find(id);
        return left != jobs.end() && left->second.state == State::running && left->second.lease == lease;
      }))
    leases.erase(lease);
}

bool QueueModel::heartbeat(const WorkerId& worker) {
  if (!may_claim(worker)) return false;
  workers[worker] = Life::live;
  return true;
}

std::set<std::pair<LeaseId, JobId>> QueueModel::cancel_requests(const WorkerId& worker) const {
  std::set<std::pair<LeaseId, JobId>> requests;
  for (const auto& [id, lease] : leases) {
    if (lease.worker != worker) continue;
    for (const auto& job : lease.cancelling) requests.insert({id, job});
  }
  return requests;
}

bool QueueModel::holds_leases(const WorkerId& worker) const {
  return std::any_of(leases.begin(), leases.end(),
                     [&](const auto& each) { return each.second.worker == worker; });
}

void QueueModel::retire(const WorkerId& worker) {
  if (!workers.contains(worker)) return;
  workers[worker] = Life::ended;
  if (!holds_leases(worker)) workers.erase(worker);
}

int QueueModel::release_unknown(const WorkerId& worker, const std::set<LeaseId>& known) {
  int released = 0;
  const auto all = leases;
  for (const auto& [id, lease] : all) {
    if (lease.worker != worker || known.contains(id)) continue;
    for (const auto& job : lease.jobs) {
      released += settle(id, job, {.kind = Outcome::Kind::released}) == "accepted" ? 1 : 0;
    }
  }
  return released;
}

int QueueModel::upkeep(const Locks& locks) {
  int taken = 0;
  const auto all = workers;
  for (const auto& [worker, life] : all) {
    if (life == Life::live || locks.workers.contains(worker)) continue;
    const auto before = leases;
    for (const auto& [id, lease] : before) {
      if (lease.worker != worker || locks.leases.contains(id)) continue;
      workers[worker] = Life::ended;
      for (const auto& job : lease.jobs) {
        const auto found = jobs.find(job);
        if (found == jobs.end() || found->second.state != State::running || found->second.lease != id)
          continue;
        move(id, found->second, Outcome::failed("lost"), "lost");
        ++taken;
      }
    }
    if (!holds_leases(worker)) workers.erase(worker);
  }
  return taken;
}

std::string QueueModel::cancel(const JobId& job) {
  const auto found = jobs.find(job);
  if (found == jobs.end()) return "unknown_job";
  switch (found->second.state) {
    case State::queued:
      found->second.state = State::cancelled;
      return "cancelled";
    case State::running:
      return leases.at(found->second.lease).cancelling.insert(job).second ? "requested" : "already";
    case State::cancelled:
      return "already";
    case State::succeeded:
    case State::dead:
      break;
  }
  return "wrong_state";
}

std::string QueueModel::redrive(const JobId& id) {
  const auto found = jobs.find(id);
  if (found == jobs.end()) return "unknown_job";
  auto& job = found->second;
  if (job.state != State::dead) return "wrong_state";
  job.state = State::queued;
  job.max_attempts = job.attempt + task_attempts;
  job.later = false;
  job.since = now;
  return "";
}

std::vector<JobId> QueueModel::dead(std::size_t limit) const {
  std::vector<JobId> found;
  for (const auto& [id, job] : jobs) {
    if (job.state == State::dead && found.size() < limit) found.push_back(id);
  }
  return found;
}

int QueueModel::redrive_dead(std::size_t limit) {
  const auto found = dead(limit);
  for (const auto& id : found) redrive(id);
  return static_cast<int>(found.size());
}

int QueueModel::purge_dead(std::size_t limit) {
  const auto found = dead(limit);
  for (const auto& id : found) {
    jobs.erase(id);
    std::erase_if(noted, [&](const auto& each) { return std::get<1>(each) == id; });
  }
  return static_cast<int>(found.size());
}

int QueueModel::purge_queue(std::size_t limit, const Locks& locks) {
  auto found = queued(true, locks);
  found.resize(std::min(limit, found.size()));
  for (const auto& id : found) jobs.at(id).state = State::cancelled;
  return static_cast<int>(found.size());
}

std::string QueueModel::to_text() const {
  constexpr const char* lives[] = {"live", "expired", "ended"};
  std::string text;
  for (const auto& [id, job] : jobs) {
    const bool runs = job.state == State::running;
    text += fmt::format("{} {} {}/{} {}{}{}\n", to_string(id), to_string(job.state),
                        job.attempt + (runs ? 1 : 0), job.max_attempts, job.key.value_or("-"),
                        job.state == State::queued && job.later ? " later" : "",
                        runs && leases.at(job.lease).cancelling.contains(id) ? " asked" : "");
  }
  for (const auto& [id, life] : workers)
    text += fmt::format("{} {}\n", to_string(id), lives[static_cast<int>(life)]);
  return text;
}

}  // namespace equeue::tests
