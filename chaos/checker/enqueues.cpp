#include <fmt/format.h>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {
namespace {

void check_acknowledged(const Index& index, std::vector<Violation>& found) {
  std::map<std::string, std::string> job_of_key;
  std::map<std::string, Moment> begun;  // by op, the last try
  for (const auto& each : index.history.enqueues) {
    if (each.seen == Seen::invoked) begun[each.op] = each.at;
    if (each.seen != Seen::ok) continue;
    const auto began = begun.find(each.op);
    if (index.may_be_forgotten(began == begun.end() ? each.at : began->second, each.at)) continue;
    if (!index.jobs.contains(each.job))
      found.push_back({Breach::lost, each.job, fmt::format("op {} was acknowledged", each.op)});
    if (each.key.empty()) continue;
    const auto& job = job_of_key.emplace(each.key, each.job).first->second;
    if (job != each.job)
      found.push_back(
          {Breach::duplicate_key, each.key, fmt::format("was answered {} and {}", job, each.job)});
  }
}

void check_origins(const Index& index, std::vector<Violation>& found) {
  std::set<std::string> ops;
  std::set<std::string> failed;
  std::set<std::string> may_be;  // an op with a key is tried again, and what fails once may succeed then
  for (const auto& each : index.history.enqueues) {
    if (each.seen == Seen::invoked) ops.insert(each.op);
    if (each.seen == Seen::failed) failed.insert(each.op);
    if (each.seen == Seen::ok || each.seen == Seen::unknown) may_be.insert(each.op);
  }
  for (const auto& job : index.findings.jobs) {
    if (!ops.contains(job.op))
      found.push_back({Breach::ghost, job.id, fmt::format("op '{}' was never begun", job.op)});
    if (failed.contains(job.op) && !may_be.contains(job.op))
      found.push_back({Breach::ghost, job.id, fmt::format("op {} was told to have failed", job.op)});
  }
}

void check_copies(const Index& index, std::vector<Violation>& found) {
  std::map<std::string, std::set<std::string>> by_op;
  std::map<std::string, std::set<std::string>> by_key;
  for (const auto& job : index.findings.jobs) {
    by_op[job.op].insert(job.id);
    if (!job.key.empty()) by_key[job.key].insert(job.id);
  }
  for (const auto& [op, ids] : by_op) {
    if (ids.size() > 1)
      found.push_back({Breach::duplicate_job, op, fmt::format("{} jobs came of one op", ids.size())});
  }
  for (const auto& [key, ids] : by_key) {
    if (ids.size() > 1)
      found.push_back({Breach::duplicate_key, key, fmt::format("{} jobs have it", ids.size())});
  }
}

}  // namespace

void check_enqueues(const Index& index, std::vector<Violation>& found) {
  check_acknowledged(index, found);
  check_origins(index, found);
  check_copies(index, found);
}

}  // namespace equeue::chaos
