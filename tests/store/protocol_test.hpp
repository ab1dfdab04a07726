// A fresh schema for each test, and the checker that looks at it when the test has ended.
#pragma once

#include <equeue/job.hpp>
#include <map>
#include <string>
#include <vector>

#include "store/migrate.hpp"
#include "store/store.hpp"
#include "tests/cluster/scratch_database.hpp"

namespace equeue {
template <class Kind>
std::ostream& operator<<(std::ostream& out, const Uuid<Kind>& id) {
  return out << to_string(id);
}
}  // namespace equeue

namespace equeue::store {
std::ostream& operator<<(std::ostream& out, Answer answer);
}

namespace equeue::tests {

// The one database of this binary, or through a pooler of this test; dropped in the end.
const ScratchDatabase& database();

// A session of its own, with the schema as its search_path. SQL that fails where it must not ends the test by
// throwing.
class Session {
 public:
  explicit Session(std::string schema);

  // The first column of the first row as text; "" when there is no row or it is NULL.
  std::string text(const std::string& sql);
  std::int64_t number(const std::string& sql);
  // The first column of all rows, as text.
  std::vector<std::string> column(const std::string& sql);
  void run(const std::string& sql);
  // The SQLSTATE with which it is refused; "" when it is not.
  std::string refusal(const std::string& sql);

  [[nodiscard]] store::Cell cell() { return {connection_, schema_}; }
  [[nodiscard]] pg::Connection& connection() { return connection_; }
  // Its process; 0 through a pooler, where each transaction may have another.
  [[nodiscard]] int backend() const { return backend_; }

 private:
  std::string schema_;
  pg::Connection connection_;
  int backend_;
};

// Until the backend (0: any of this database) waits for a lock of another; throws after 20 s.
void wait_until_blocked(Session& watcher, int backend);

template <class Kind>
std::string quoted(const Uuid<Kind>& id) {
  return "'" + to_string(id) + "'";
}

// Tasks: test.task (5 attempts, retried at once) and test.other (as test.task, in the queue other).
class ProtocolTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] store::Cell cell() { return session_->cell(); }
  [[nodiscard]] Session& db() { return *session_; }
  [[nodiscard]] const std::string& schema() const { return schema_; }
  [[nodiscard]] Session another() const { return Session(schema_); }

  JobId enqueue(EnqueueOptions options = {}, std::string payload = "{}");
  std::vector<JobId> enqueue_many(int count, const EnqueueOptions& options = {});
  WorkerId worker(Session& session);
  WorkerId worker() { return worker(*session_); }
  store::Claim claim(const WorkerId& worker, int max = 1, std::vector<std::string> queues = {"default"},
                     std::span<const model::LaneMark> marks = {});
  store::Answer settle(const LeaseId& lease, const JobId& job, Outcome outcome);
  // Moves the end of the worker's leases into the past.
  void expire(const WorkerId& worker);
  // "queued", …, or "none"; fails unless the job lies in exactly one relation, or none.
  std::string state(const JobId& job);

  // Every rule of product.md that can be seen in the tables. Called at the end of each test.
  void expect_sound();
  // The first rule that the tables break, and how; "" when they break none.
  std::string find_unsound();

 private:
  std::string schema_;
  std::optional<Session> session_;
};

}  // namespace equeue::tests
