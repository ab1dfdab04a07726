#include <future>

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class KeyTest : public ProtocolTest {
 protected:
  static constexpr const char* call_with_key = "SELECT enqueue('test.task', key => 'k')::text";

  std::future<std::string> in_background(Session& session, std::string sql) {
    return std::async(std::launch::async, [&session, sql = std::move(sql)] { return session.text(sql); });
  }
  void end_job() {
    const auto held = claim(worker());
    settle(held.lease, held.jobs.at(0).id, Outcome::succeeded());
  }
};

TEST_F(KeyTest, GivesTheSameJobAgain) {
  const NewJob job{"test.task", "{}", {.key = "k"}};
  const auto first = store::enqueue(cell(), std::span(&job, 1)).value().front();
  const auto second = store::enqueue(cell(), std::span(&job, 1)).value().front();
  EXPECT_FALSE(first.existing);
  EXPECT_TRUE(second.existing);
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 1);
}

TEST_F(KeyTest, GivesOneJobWithinABatch) {
  const std::vector<NewJob> jobs = {{"test.task", R"({"n": 1})", {.key = "k"}},
                                    {"test.task", R"({"n": 2})", {}},
                                    {"test.task", R"({"n": 3})", {.key = "k"}},
                                    {"test.task", R"({"n": 4})", {.key = "j"}}};
  const auto answers = store::enqueue(cell(), jobs).value();
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].id, answers[2].id);
  EXPECT_FALSE(answers[0].existing);
  EXPECT_TRUE(answers[2].existing);
  EXPECT_FALSE(answers[3].existing);
  EXPECT_EQ(store::get_job(cell(), answers[2].id).value().payload, R"({"n": 1})");
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 3);
}

TEST_F(KeyTest, OfAnotherTaskIsAConflict) {
  enqueue({.key = "k"});
  const NewJob job{"test.other", "{}", {.key = "k"}};
  const auto refused = store::enqueue(cell(), std::span(&job, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::key_conflict);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 1);
}

TEST_F(KeyTest, OfAnotherTransactionIsWaitedForAndThenShared) {
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  const auto id = first.text(call_with_key);
  auto other = in_background(second, call_with_key);
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_EQ(other.get(), id);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 1);
}

TEST_F(KeyTest, OfATransactionThatRollsBackIsFree) {
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  const auto id = first.text(call_with_key);
  auto other = in_background(second, call_with_key);
  wait_until_blocked(db(), second.backend());
  first.run("ROLLBACK");
  const auto fresh = other.get();
  EXPECT_NE(fresh, id);
  EXPECT_EQ(db().text("SELECT id::text FROM ready"), fresh);
}

TEST_F(KeyTest, SharedByBatchesInOppositeOrderDoesNotDeadlock) {
  const auto batch = [](std::string_view keys) {
    return fmt::format(
        "SELECT string_agg(id::text, ' ') FROM enqueue_many("
        "ARRAY[uuid_v7(), uuid_v7(), uuid_v7()], '{{test.task, test.task, test.task}}', "
        "ARRAY['1', '2', '3']::jsonb[], p_keys => '{}')",
        keys);
  };
  auto gate = another();
  auto one = another();
  auto two = another();
  gate.run("BEGIN; SELECT enqueue('test.task', key => 'b')");
  auto first = in_background(one, batch("{a, b, c}"));
  wait_until_blocked(db(), one.backend());
  auto second = in_background(two, batch("{c, b, a}"));
  wait_until_blocked(db(), two.backend());
  gate.run("COMMIT");
  EXPECT_FALSE(first.get().empty());
  EXPECT_FALSE(second.get().empty());
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 3);
}

TEST_F(KeyTest, IsKeptUntilKeyHoursAfterTheEndOfItsJob) {
  const auto job = enqueue({.key = "k"});
  db().run("UPDATE settings SET key_hours = 3");
  EXPECT_EQ(db().text("SELECT expires_at::text FROM keys"), "");
  end_job();
  EXPECT_EQ(db().text("SELECT (expires_at = finished_at + interval '3 hours')::text FROM keys, history"),
            "true");
  EXPECT_EQ(store::upkeep_keys(cell()).value(), 0);
  EXPECT_EQ(enqueue({.key = "k"}), job);
  db().run("UPDATE keys SET expires_at = '2000-01-01'");
  EXPECT_EQ(store::upkeep_keys(cell()).value(), 1);
  EXPECT_NE(enqueue({.key = "k"}), job);
}

TEST_F(KeyTest, StartsItsClockHoweverTheJobEnds) {
  const auto cancelled = enqueue({.key = "cancelled"});
  store::cancel(cell(), cancelled, "").value();
  enqueue({.key = "dead", .max_attempts = 1});
  const auto held = claim(worker());
  settle(held.lease, held.jobs.at(0).id, Outcome::failed("no"));
  enqueue({.key = "lost", .max_attempts = 1});
  const auto victim = worker();
  static_cast<void>(claim(victim));
  expire(victim);
  ASSERT_EQ(store::upkeep_leases(cell()).value(), 1);
  EXPECT_EQ(db().number("SELECT count(*) FROM keys WHERE expires_at IS NOT NULL"), 3);
}

TEST_F(KeyTest, LivesAgainWithARedrivenJob) {
  const auto job = enqueue({.key = "k", .max_attempts = 1});
  const auto held = claim(worker());
  settle(held.lease, job, Outcome::failed("no"));
  store::redrive(cell(), job, "tester").value();
  EXPECT_EQ(db().text("SELECT expires_at::text FROM keys"), "");
  EXPECT_EQ(enqueue({.key = "k"}), job);
}

// The first job's key was forgotten while it lay dead; the second job has it since.
TEST_F(KeyTest, OfALiveJobIsLeftAloneWhenAnEarlierHolderEnds) {
  const auto first = enqueue({.key = "k"});
  auto held = claim(worker());
  settle(held.lease, first, Outcome::failed_for_good("no"));
  db().run("UPDATE keys SET expires_at = '2000-01-01'");
  ASSERT_EQ(store::upkeep_keys(cell()).value(), 1);
  const auto second = enqueue({.delay = std::chrono::hours(1), .key = "k"});
  store::redrive(cell(), first, "tester").value();
  held = claim(worker());
  ASSERT_EQ(held.jobs.at(0).id, first);
  settle(held.lease, first, Outcome::succeeded());
  EXPECT_EQ(enqueue({.key = "k"}), second);
  EXPECT_EQ(db().text("SELECT expires_at::text FROM keys"), "");
  db().run("UPDATE history SET key = NULL");
}

// Between the look at a known key and the answer, upkeep may find that its time has come.
TEST_F(KeyTest, ThatIsForgottenMeanwhileGivesANewJobAndNoneThatIsNot) {
  enqueue({.key = "a"});
  end_job();
  db().run("UPDATE keys SET expires_at = '2000-01-01'");
  auto gate = another();
  auto enqueuer = another();
  gate.run("BEGIN; SELECT enqueue('test.task', key => 'b')");
  auto answer =
      in_background(enqueuer,
                    "SELECT string_agg(e.id::text, ' ') FROM enqueue_many(ARRAY[uuid_v7(), uuid_v7()], "
                    "'{test.task, test.task}', ARRAY['1', '2']::jsonb[], p_keys => '{a, b}') e");
  wait_until_blocked(db(), enqueuer.backend());
  ASSERT_EQ(store::upkeep_keys(cell()).value(), 1);
  gate.run("COMMIT");
  const auto ids = answer.get();
  EXPECT_EQ(
      db().number("SELECT count(*) FROM jobs WHERE id::text = ANY (string_to_array('" + ids + "', ' '))"), 2);
}

// Or after the look: then the enqueue holds on to it until it commits.
TEST_F(KeyTest, ThatWasAnsweredIsNotForgottenBeforeTheCommit) {
  enqueue({.key = "k"});
  end_job();
  db().run("UPDATE keys SET expires_at = '2000-01-01'");
  auto enqueuer = another();
  enqueuer.run("BEGIN");
  enqueuer.text(call_with_key);
  EXPECT_EQ(store::upkeep_keys(cell()).value(), 0);
  enqueuer.run("COMMIT");
  EXPECT_EQ(store::upkeep_keys(cell()).value(), 1);
}

TEST_F(KeyTest, OfAnOpenTransactionDoesNotHoldUpTheEndOfItsJob) {
  const auto job = enqueue({.key = "k"});
  const auto held = claim(worker());
  auto enqueuer = another();
  enqueuer.run("BEGIN");
  EXPECT_EQ(enqueuer.text(call_with_key), to_string(job));
  db().run("SET statement_timeout = '10s'");
  EXPECT_EQ(settle(held.lease, job, Outcome::succeeded()), store::Answer::accepted);
  enqueuer.run("COMMIT");
}

}  // namespace
}  // namespace equeue::tests
