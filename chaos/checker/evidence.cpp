#include "chaos/checker/evidence.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace equeue::chaos {
namespace {

std::string_view to_string(Seen seen) {
  switch (seen) {
    case Seen::invoked:
      return "begun";
    case Seen::ok:
      return "acknowledged";
    case Seen::unknown:
      return "unknown";
    case Seen::failed:
      return "failed";
  }
  return "";
}

std::string_view to_string(CancelTold told) {
  switch (told) {
    case CancelTold::cancelled:
      return "cancelled";
    case CancelTold::requested:
      return "requested";
    case CancelTold::nothing:
      return "begun";
  }
  return "";
}

void add_findings(std::string& text, const std::string& subject, const Findings& findings) {
  for (const auto& job : findings.jobs) {
    if (job.id != subject && job.op != subject && job.key != subject) continue;
    text +=
        fmt::format("  found job {} op {} key {} {}: attempt {} of {}, lease {}, started {}, finished {}\n",
                    job.id, job.op, job.key, job.state, job.attempts, job.max_attempts, job.lease,
                    job.started_at, job.finished_at);
  }
  for (const auto& attempt : findings.attempts) {
    if (attempt.job != subject) continue;
    text += fmt::format("  found attempt {} {}: lease {}, started {}, finished {}\n", attempt.attempt,
                        attempt.outcome, attempt.lease, attempt.started_at, attempt.finished_at);
  }
}

}  // namespace

std::string evidence_of(const Violation& violation, const History& history, const Findings& findings) {
  const auto& subject = violation.subject;
  std::multimap<Moment, std::string> seen;
  std::set<std::string> leases;
  std::string op;  // that the job came of, though nobody may have been told so
  for (const auto& job : findings.jobs) {
    if (job.id == subject) op = job.op;
  }
  for (const auto& each : history.enqueues) {
    if (each.op == subject || each.op == op || each.key == subject || each.job == subject)
      seen.emplace(each.at, fmt::format("enqueue {} key '{}' {} {}", each.op, each.key, to_string(each.seen),
                                        each.job));
  }
  for (const auto& each : history.cancels) {
    if (each.job == subject) seen.emplace(each.at, fmt::format("cancel {}", to_string(each.told)));
  }
  for (const auto& each : history.runs) {
    if (each.job == subject) seen.emplace(each.at, fmt::format("attempt {} ran", each.attempt));
  }
  for (const auto& each : history.settles) {
    if (each.job != subject) continue;
    leases.insert(each.lease);
    seen.emplace(each.at, fmt::format("{} {} of lease {}", each.outcome,
                                      each.is_replay ? "replayed" : "accepted", each.lease));
  }
  for (const auto& each : history.redrives) {
    if (each.job == subject) seen.emplace(each.at, fmt::format("redrive {}", to_string(each.seen)));
  }
  for (const auto& attempt : findings.attempts) {
    if (attempt.job == subject) leases.insert(attempt.lease);
  }
  for (const auto& each : history.leases) {
    if (leases.contains(each.lease))
      seen.emplace(each.at, fmt::format("lease {} until {}", each.lease, each.until));
  }
  for (const auto& [from, to] : history.forgetful) {
    seen.emplace(from, "from here on may be forgotten");
    seen.emplace(to, "until here may be forgotten");
  }
  std::string text = fmt::format("{}: {}: {}\n", to_string(violation.breach), subject, violation.what);
  for (const auto& [at, what] : seen) text += fmt::format("  {} {}\n", at, what);
  add_findings(text, subject, findings);
  return text;
}

}  // namespace equeue::chaos
