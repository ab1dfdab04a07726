// How many jobs the next claim asks for: a pure decision.
//
// Jobs that wait inside a worker are out of reach of the others, so a worker of slow jobs claims only what it
// can start at once. Fast jobs need a stock, or the handlers would wait for the database: claims that follow
// each other quickly double the stock, claims far apart halve it, down to none.
#pragma once

#include <chrono>

namespace equeue::worker {

class ClaimSize {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds quick{25};
  static constexpr std::chrono::milliseconds slow{100};

  ClaimSize(int concurrency, int claim_max) : concurrency_(concurrency), claim_max_(claim_max) {}

  // `idle`: handlers that could start a job now; `waiting`: claimed jobs that have not started. 0: do not
  // claim yet.
  [[nodiscard]] int next(int idle, int waiting) const;

  // With no more than so many waiting, next() asks for jobs.
  [[nodiscard]] int low() const { return stock_ / 2; }

  // A claim that took `jobs` jobs was made at `now`.
  void claimed(int jobs, Clock::time_point now);

 private:
  const int concurrency_;
  const int claim_max_;
  int stock_ = 0;
  Clock::time_point last_{};
};

}  // namespace equeue::worker
