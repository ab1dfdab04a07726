#include "model/lifecycle.hpp"
#include "store/queues.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using model::Operation;

// A state, with what else the outcome of an operation depends on.
enum class Start {
  unknown,
  queued,
  later,
  running,
  last_attempt,
  cancel_requested,
  succeeded,
  dead,
  cancelled
};

constexpr std::pair<Start, std::string_view> starts[] = {
    {Start::unknown, "none"},         {Start::queued, "queued"},
    {Start::later, "queued"},         {Start::running, "running"},
    {Start::last_attempt, "running"}, {Start::cancel_requested, "running"},
    {Start::succeeded, "succeeded"},  {Start::dead, "dead"},
    {Start::cancelled, "cancelled"}};

constexpr Operation operations[] = {Operation::enqueue,          Operation::claim,
                                    Operation::settle_succeeded, Operation::settle_failed,
                                    Operation::settle_cancelled, Operation::settle_snoozed,
                                    Operation::release,          Operation::upkeep,
                                    Operation::cancel,           Operation::purge_queue,
                                    Operation::redrive,          Operation::purge};

struct Subject {
  JobId job;
  LeaseId lease;  // the current one, or the last that the job had
  WorkerId worker;
};

// The edge that the table has for it; null when the operation must change nothing.
const model::Edge* expected_edge(Start start, std::string_view state, Operation operation) {
  std::vector<const model::Edge*> found;
  for (const auto& edge : model::edges()) {
    if (edge.operation == operation && (edge.from ? to_string(*edge.from) : "none") == state)
      found.push_back(&edge);
  }
  if (found.empty() || (start == Start::later && operation == Operation::claim)) return nullptr;
  const auto leading_to = [&](State to) {
    const auto edge = std::find_if(found.begin(), found.end(), [&](auto* each) { return each->to == to; });
    return edge == found.end() ? nullptr : *edge;
  };
  if (found.size() == 1) return found.front();
  if (start == Start::cancel_requested) return leading_to(State::cancelled);
  if (auto* dead = leading_to(State::dead); dead && start == Start::last_attempt) return dead;
  return leading_to(State::queued);
}

class LifecycleTest : public ProtocolTest {
 protected:
  Subject prepare(Start start) {
    Subject subject{.worker = worker()};
    if (start == Start::unknown) {
      subject.job = make_job_id();
      subject.lease = LeaseId{make_job_id().bytes};
      return subject;
    }
    subject.job = enqueue(
        {.key = fmt::format("key {}", ++keys_), .max_attempts = start == Start::last_attempt ? 1 : 3});
    const auto claimed = claim(subject.worker);
    EXPECT_EQ(claimed.jobs.at(0).id, subject.job);
    subject.lease = claimed.lease;
    const auto finish = [&](Outcome outcome) {
      EXPECT_EQ(settle(subject.lease, subject.job, std::move(outcome)), store::Answer::accepted);
    };
    if (start == Start::queued) finish({.kind = Outcome::Kind::released});
    if (start == Start::later) finish(Outcome::snoozed(std::chrono::hours(1)));
    if (start == Start::succeeded) finish(Outcome::succeeded());
    if (start == Start::dead) finish(Outcome::failed_for_good("broken"));
    if (start == Start::cancelled) finish(Outcome::cancelled("asked"));
    if (start == Start::cancel_requested) {
      EXPECT_EQ(store::cancel(cell(), subject.job, "").value(), CancelAnswer::requested);
    }
    return subject;
  }

  void perform(Operation operation, const Subject& subject) {
    const auto settled = [&](Outcome outcome) {
      const bool current = state(subject.job) == "running";
      EXPECT_EQ(settle(subject.lease, subject.job, std::move(outcome)) == store::Answer::accepted, current);
    };
    switch (operation) {
      case Operation::enqueue:
        if (state(subject.job) != "none") {
          EXPECT_EQ(enqueue({.key = fmt::format("key {}", keys_)}), subject.job);
        } else {
          db().run(fmt::format("SELECT enqueue_many(ARRAY[{}::uuid], '{{test.task}}', ARRAY['{{}}'::jsonb])",
                               quoted(subject.job)));
        }
        break;
      case Operation::claim:
        static_cast<void>(claim(subject.worker, 10));
        break;
      case Operation::settle_succeeded:
        settled(Outcome::succeeded());
        break;
      case Operation::settle_failed:
        settled(Outcome::failed("no"));
        break;
      case Operation::settle_cancelled:
        settled(Outcome::cancelled("asked"));
        break;
      case Operation::settle_snoozed:
        settled(Outcome::snoozed(std::chrono::seconds(1)));
        break;
      case Operation::release:
        settled({.kind = Outcome::Kind::released});
        break;
      case Operation::upkeep:
        expire(subject.worker);
        taken_back(state(subject.job) == "running" ? 1 : 0);
        break;
      case Operation::cancel:
        static_cast<void>(store::cancel(cell(), subject.job, "no need"));
        break;
      case Operation::purge_queue:
        static_cast<void>(store::purge_queue(cell(), "default", 10, "tester"));
        break;
      case Operation::redrive:
        static_cast<void>(store::redrive(cell(), subject.job, "tester"));
        break;
      case Operation::purge:
        static_cast<void>(store::purge_dead(cell(), {.queue = "default"}, "tester"));
        break;
    }
  }

  void taken_back(int jobs) { EXPECT_EQ(store::upkeep_leases(cell()).value(), jobs); }

  // One job in each relation that no operation of this test is about.
  void add_bystanders() {
    const auto busy = worker();
    const EnqueueOptions elsewhere{.queue = "other"};
    enqueue_many(2, elsewhere);
    auto held = claim(busy, 2, {"other"});
    settle(held.lease, held.jobs[0].id, Outcome::failed_for_good("broken"));
    enqueue(elsewhere);
  }

  std::string others(const JobId& job) {
    return db().text(fmt::format("SELECT string_agg(j::text, E'\\n' ORDER BY id) FROM jobs j WHERE id <> {}",
                                 quoted(job)));
  }

  // Attempts that have ended.
  std::int64_t attempts(const JobId& job) {
    return db().number(fmt::format(
        "SELECT coalesce((SELECT attempt - (state = 'running')::integer FROM jobs WHERE id = {}), 0)",
        quoted(job)));
  }

  void try_out(Start start, std::string_view from, Operation operation) {
    const auto subject = prepare(start);
    ASSERT_EQ(state(subject.job), from);
    const auto bystanders = others(subject.job);
    const auto before = attempts(subject.job);
    perform(operation, subject);
    const auto* edge = expected_edge(start, from, operation);
    EXPECT_EQ(state(subject.job), !edge ? from : edge->to ? to_string(*edge->to) : "none");
    if (!edge || edge->to) {
      EXPECT_EQ(attempts(subject.job), before + (edge && edge->ends_attempt ? 1 : 0));
    }
    EXPECT_EQ(others(subject.job), bystanders);
    expect_sound();
    db().run(
        fmt::format("DELETE FROM ready WHERE queue = 'default'; DELETE FROM leases WHERE worker = {}; "
                    "DELETE FROM history WHERE queue = 'default'; "
                    "DELETE FROM attempts WHERE job_id NOT IN (SELECT id FROM jobs)",
                    quoted(subject.worker)));
  }

 private:
  int keys_ = 0;
};

TEST_F(LifecycleTest, FollowsTheTableFromEveryStateByEveryOperation) {
  add_bystanders();
  for (const auto& [start, from] : starts) {
    for (const auto operation : operations) {
      SCOPED_TRACE(fmt::format("{} from {} ({})", to_string(operation), from, static_cast<int>(start)));
      try_out(start, from, operation);
    }
  }
}

TEST_F(LifecycleTest, IsNotMovedByAHeartbeat) {
  for (const auto& [start, from] : starts) {
    const auto subject = prepare(start);
    const auto all = others(make_job_id());
    ASSERT_TRUE(store::heartbeat(cell(), subject.worker, std::chrono::seconds(30)));
    EXPECT_EQ(others(make_job_id()), all);
    db().run("DELETE FROM ready");
  }
}

TEST_F(LifecycleTest, TellsWhyAnOperationIsRefused) {
  const auto code = [](const auto& result) {
    return result ? "" : std::string(to_string(result.error().code));
  };
  const std::map<Start, std::pair<std::string, std::string>> expected = {
      {Start::unknown, {"unknown_job", "unknown_job"}},
      {Start::queued, {"", "wrong_state"}},
      {Start::running, {"", "wrong_state"}},
      {Start::succeeded, {"wrong_state", "wrong_state"}},
      {Start::dead, {"wrong_state", ""}},
      {Start::cancelled, {"", "wrong_state"}}};
  for (const auto& [start, codes] : expected) {
    EXPECT_EQ(code(store::cancel(cell(), prepare(start).job, "")), codes.first) << static_cast<int>(start);
    EXPECT_EQ(code(store::redrive(cell(), prepare(start).job, "tester")), codes.second)
        << static_cast<int>(start);
    db().run("DELETE FROM ready; DELETE FROM attempts WHERE job_id NOT IN (SELECT id FROM jobs)");
  }
}

TEST_F(LifecycleTest, ReportsARepeatedCancelAsSuch) {
  const auto running = prepare(Start::running);
  EXPECT_EQ(store::cancel(cell(), running.job, "").value(), CancelAnswer::requested);
  EXPECT_EQ(store::cancel(cell(), running.job, "").value(), CancelAnswer::already);
  const auto asked = store::heartbeat(cell(), running.worker, std::chrono::seconds(30)).value();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].job, running.job);
  EXPECT_EQ(asked[0].lease, running.lease);
  const auto queued = prepare(Start::queued);
  EXPECT_EQ(store::cancel(cell(), queued.job, "").value(), CancelAnswer::cancelled);
  EXPECT_EQ(store::cancel(cell(), queued.job, "").value(), CancelAnswer::already);
}

TEST_F(LifecycleTest, GivesARedrivenJobItsTasksAttemptsOnceMoreAndWritesItDown) {
  const auto dead = prepare(Start::dead);
  ASSERT_TRUE(store::redrive(cell(), dead.job, "tester"));
  const auto job = store::get_job(cell(), dead.job).value();
  EXPECT_EQ(job.attempt, 1);
  EXPECT_EQ(job.max_attempts, 6);
  EXPECT_EQ(db().text("SELECT actor || action || (detail ->> 'job') FROM audit"),
            "testerredrive" + to_string(dead.job));
}

}  // namespace
}  // namespace equeue::tests
