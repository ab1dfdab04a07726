// Plays operations on the real functions and on the model, in two sessions, and compares them step by step.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/store/protocol_test.hpp"
#include "tests/store/queue_model.hpp"
#include "tests/store/queue_operation.hpp"

namespace equeue::tests {

class QueuePlayer {
 public:
  // Both sessions in the same schema, whose queue is empty. They must outlive the player.
  QueuePlayer(Session& session, Session& other) : session_(session), other_(other) {}
  QueuePlayer(const QueuePlayer&) = delete;
  QueuePlayer& operator=(const QueuePlayer&) = delete;
  ~QueuePlayer();

  // How the database differs from the model after this operation; "" when it does not.
  std::string play(const Operation& operation);

 private:
  using Locks = QueueModel::Locks;
  // What was done: what was answered, and what should have been.
  struct Answers {
    std::string real;
    std::string expected;
  };

  Answers perform(const Operation& operation, Session& session, QueueModel& model, const Locks& locks);
  Answers enqueue(const Operation& operation, Session& session, QueueModel& model, const Locks& locks);
  Answers claim(const Operation& operation, Session& session, QueueModel& model, const Locks& locks);
  Answers settle(const Operation& operation, Session& session, QueueModel& model, const Locks& locks);
  Answers heartbeat(const Operation& operation, QueueModel& model);
  Answers release_unknown(const Operation& operation, QueueModel& model, const Locks& locks);
  Answers manage(const Operation& operation, Session& session, QueueModel& model, const Locks& locks);

  void begin(const Operation& operation, Answers& answers);
  void end(bool commit);
  [[nodiscard]] std::optional<WorkerId> worker(int which) const;
  [[nodiscard]] std::optional<JobId> job(int which) const;
  [[nodiscard]] std::string real_text();

  Session& session_;
  Session& other_;
  QueueModel model_;
  // The other session's transaction: as it was when that began, and as it sees it.
  std::optional<QueueModel> before_;
  std::optional<QueueModel> open_;
  Locks locks_;
  std::set<LeaseId> named_;  // leases of settlements and cancels
  // All that ever were, in the order in which they came.
  std::vector<JobId> jobs_;
  std::vector<WorkerId> workers_;
  std::vector<std::pair<LeaseId, JobId>> held_;
};

}  // namespace equeue::tests
