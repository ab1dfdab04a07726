// A claimer that remembers, as a worker's does, and settles at once what it claims.
#pragma once

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {

class WatchingClaimer {
 public:
  WatchingClaimer(Session& session, const WorkerId& worker) : session_(session), worker_(worker) {}

  // The jobs of one claim. Only marks that it keeps in between make it miss any.
  std::vector<JobId> claim(int max = 100) {
    const auto begin = model::Watermarks::Clock::now();
    const auto marks = watermarks_.marks(begin);
    marked_ = !marks.empty();
    const std::vector<std::string> queues{"default"};
    const auto claim = store::claim(session_.cell(), worker_, queues, max, marks).value();
    std::vector<model::Watermarks::Claimed> places;
    std::vector<store::Settlement> settlements;
    std::vector<JobId> ids;
    for (const auto& job : claim.jobs) {
      places.push_back({job.queue, job.priority, {job.run_at, job.id}});
      settlements.push_back({claim.lease, job.id, Outcome::succeeded()});
      ids.push_back(job.id);
    }
    watermarks_.claimed(claim.as_of, claim.snapshot, claim.claimed_by, places,
                        model::Watermarks::Clock::now(), model::Watermarks::Clock::now() - begin);
    for (const auto answer : store::settle(session_.cell(), settlements).value()) {
      EXPECT_EQ(answer, store::Answer::accepted);
    }
    return ids;
  }

  // Whether the last claim began at marks rather than scanning in full.
  [[nodiscard]] bool marked() const { return marked_; }

 private:
  Session& session_;
  WorkerId worker_;
  model::Watermarks watermarks_;
  bool marked_ = false;
};

}  // namespace equeue::tests
