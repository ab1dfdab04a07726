// What a run leaves to be judged: what clients saw, and what the database held at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace equeue::chaos {

// Nanoseconds of the machine's monotonic clock, which all processes of a run share.
using Moment = std::int64_t;

enum class Seen {
  invoked,  // the call was begun
  ok,       // it was acknowledged
  unknown,  // it may or may not have happened
  failed    // it did not happen
};

// One step of an enqueue. `op` is in the job's payload, so that a job tells who asked for it.
struct EnqueueSeen {
  Moment at = 0;
  Seen seen = Seen::invoked;
  std::string op;
  std::string key{};  // empty: none, and then the op is tried once only
  std::string job{};  // when ok
};

enum class CancelTold {
  cancelled,  // it was queued and is cancelled now
  requested,  // its worker was asked to stop it
  nothing     // the call was begun; or it was refused, or its answer was lost
};

struct CancelSeen {
  Moment at = 0;
  std::string job;
  CancelTold told = CancelTold::nothing;
};

// A handler came to its end, which it notes before it settles.
struct RunSeen {
  Moment at = 0;
  std::string job;
  int attempt = 0;
};

// A settlement that was told to be accepted.
struct SettleSeen {
  Moment at = 0;
  std::string job;
  std::string lease;
  std::string outcome;
  bool is_replay = false;  // it had been accepted before, and is repeated
};

// A lease is promised to last until then, by the database's clock in microseconds: it was claimed or
// extended.
struct LeaseSeen {
  Moment at = 0;
  std::string lease;
  std::int64_t until = 0;
};

// One step of a redrive.
struct RedriveSeen {
  Moment at = 0;
  Seen seen = Seen::invoked;
  std::string job;
  int attempts = 0;  // that the job had made at least, when it was redriven
};

// Acknowledgements between these moments may be forgotten: an asynchronous standby was promoted.
struct ForgetfulTime {
  Moment from = 0;
  Moment to = 0;
};

struct History {
  std::vector<EnqueueSeen> enqueues;
  std::vector<CancelSeen> cancels;
  std::vector<RunSeen> runs;
  std::vector<SettleSeen> settles;
  std::vector<LeaseSeen> leases{};
  std::vector<RedriveSeen> redrives{};
  std::vector<ForgetfulTime> forgetful;
  int max_attempts = 0;  // that every job is enqueued with
};

// A job wherever it lies: ready, in a lease, or in the history. Times are the database's, in microseconds.
struct JobFound {
  std::string id;
  std::string op;
  std::string state;
  int attempts = 0;  // that have ended
  int max_attempts = 0;
  std::string key{};
  std::string lease{};
  std::int64_t started_at = 0;   // of the attempt that ended it, or runs; 0: none
  std::int64_t finished_at = 0;  // 0: it has not
};

struct AttemptFound {
  std::string job;
  int attempt = 0;
  std::string lease;
  std::string outcome;
  std::int64_t started_at = 0;
  std::int64_t finished_at = 0;
};

struct Findings {
  std::vector<JobFound> jobs;
  std::vector<AttemptFound> attempts;
};

}  // namespace equeue::chaos
