#include <fmt/format.h>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {
namespace {

bool is_terminal(const JobFound& job) {
  return job.state == "succeeded" || job.state == "dead" || job.state == "cancelled";
}

void check_places(const std::vector<const JobFound*>& places, std::vector<Violation>& found) {
  if (places.size() == 1) return;
  int ends = 0;
  for (const auto* place : places) ends += is_terminal(*place) ? 1 : 0;
  const auto breach = ends > 1    ? Breach::double_settlement
                      : ends == 1 ? Breach::illegal_edge
                                  : Breach::duplicate_job;
  found.push_back(
      {breach, places[0]->id, fmt::format("it lies in {} places, {} of them ends", places.size(), ends)});
}

// Attempts that did not succeed are rows, numbered from 1 without a gap, in the order of time.
void check_attempts(const JobFound& job, const std::vector<const AttemptFound*>& attempts,
                    std::vector<Violation>& found) {
  if (job.attempts > job.max_attempts || static_cast<int>(attempts.size()) > job.max_attempts)
    found.push_back({Breach::attempts_exceeded, job.id,
                     fmt::format("{} attempts counted and {} written down, of {}", job.attempts,
                                 attempts.size(), job.max_attempts)});
  const auto expected = job.attempts - (job.state == "succeeded" ? 1 : 0);
  if (static_cast<int>(attempts.size()) != expected)
    found.push_back({Breach::attempts_disordered, job.id,
                     fmt::format("{} attempts are written down instead of {}", attempts.size(), expected)});
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i]->attempt == static_cast<int>(i) + 1) continue;
    found.push_back({Breach::attempts_disordered, job.id,
                     fmt::format("attempt {} came as number {}", attempts[i]->attempt, i + 1)});
    return;
  }
  if (job.state == "dead" && !attempts.empty() && attempts.back()->finished_at != job.finished_at)
    found.push_back({Breach::illegal_edge, job.id, "it died apart from its last attempt"});
}

void check_holders(const JobFound& job, const std::vector<const AttemptFound*>& attempts,
                   std::vector<Violation>& found) {
  std::int64_t free_since = 0;
  for (const auto* attempt : attempts) {
    if (attempt->started_at < free_since)
      found.push_back({Breach::overlapping_leases, job.id,
                       fmt::format("attempt {} began before the one before had ended", attempt->attempt)});
    free_since = attempt->finished_at;
  }
  // The last attempt of a dead job is the row that was just looked at.
  const bool is_in_rows = !attempts.empty() && attempts.back()->lease == job.lease;
  if (job.started_at != 0 && !is_in_rows && job.started_at < free_since)
    found.push_back(
        {Breach::overlapping_leases, job.id, "its end began before the attempt before had ended"});
  if (job.finished_at != 0 && free_since > job.finished_at)
    found.push_back({Breach::illegal_edge, job.id, "an attempt ended after the job had"});
}

void check_cancels(const Index& index, std::vector<Violation>& found) {
  std::set<std::string> asked;
  for (const auto& cancel : index.history.cancels) asked.insert(cancel.job);
  for (const auto& job : index.findings.jobs) {
    if (job.state == "cancelled" && !asked.contains(job.id))
      found.push_back({Breach::illegal_edge, job.id, "nobody cancelled it"});
  }
  for (const auto& cancel : index.history.cancels) {
    const auto at = index.jobs.find(cancel.job);
    if (cancel.told != CancelTold::cancelled || at == index.jobs.end() || index.may_be_forgotten(cancel.at))
      continue;
    if (at->second.front()->state != "cancelled")
      found.push_back({Breach::illegal_edge, cancel.job,
                       fmt::format("it was cancelled and is {}", at->second.front()->state)});
  }
}

}  // namespace

void check_lives(const Index& index, std::vector<Violation>& found) {
  std::set<std::pair<std::string, int>> ran;
  for (const auto& run : index.history.runs) ran.emplace(run.job, run.attempt);
  static const std::vector<const AttemptFound*> none;
  for (const auto& [id, places] : index.jobs) {
    const auto& job = *places.front();
    const auto at = index.attempts.find(id);
    const auto& attempts = at == index.attempts.end() ? none : at->second;
    check_places(places, found);
    check_attempts(job, attempts, found);
    check_holders(job, attempts, found);
    if (!is_terminal(job)) found.push_back({Breach::stuck, id, fmt::format("it is still {}", job.state)});
    if (job.state == "succeeded" && !ran.contains({id, job.attempts}))
      found.push_back({Breach::unearned_success, id,
                       fmt::format("no handler of attempt {} came to its end", job.attempts)});
  }
  for (const auto& [id, attempts] : index.attempts) {
    if (!index.jobs.contains(id))
      found.push_back({Breach::lost, id, fmt::format("{} attempts are left of it", attempts.size())});
  }
  check_cancels(index, found);
}

}  // namespace equeue::chaos
