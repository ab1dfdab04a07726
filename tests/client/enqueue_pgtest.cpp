#include <equeue/limits.hpp>
#include <future>
#include <unordered_set>

#include "tests/client/client_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

using ClientEnqueue = tests::ClientTest;

std::vector<NewJob> numbered(std::size_t count) {
  std::vector<NewJob> jobs;
  for (std::size_t i = 0; i < count; ++i) jobs.push_back({"tests.good", std::to_string(i), {}});
  return jobs;
}

TEST_F(ClientEnqueue, SplitsWhatIsMoreThanOneBatchAndAnswersInOrder) {
  const auto jobs = numbered(2'500);
  const auto answers = client_->enqueue(jobs).value();
  ASSERT_EQ(answers.size(), jobs.size());
  std::unordered_set<JobId> distinct;
  for (const auto& answer : answers) distinct.insert(answer.id);
  EXPECT_EQ(distinct.size(), jobs.size());
  for (const std::size_t i : {0U, 999U, 1'000U, 2'499U})
    EXPECT_EQ(job(answers[i].id).payload, jobs[i].payload);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "2500");
  EXPECT_EQ(query("SELECT count(DISTINCT xmin::text) FROM equeue.ready"), "3");
}

TEST_F(ClientEnqueue, SplitsByBytesToo) {
  const std::vector<NewJob> jobs(70, {"tests.good", '"' + std::string(250 * 1024, 'x') + '"', {}});
  EXPECT_EQ(client_->enqueue(jobs).value().size(), jobs.size());
  EXPECT_EQ(query("SELECT count(DISTINCT xmin::text) FROM equeue.ready"), "3");
}

TEST_F(ClientEnqueue, OfNothingAnswersNothing) {
  EXPECT_TRUE(client_->enqueue(std::span<const NewJob>{}).value().empty());
}

TEST_F(ClientEnqueue, ChecksAllJobsBeforeItSendsAny) {
  auto jobs = numbered(1'500);
  jobs.back().payload = "{oops";
  EXPECT_EQ(client_->enqueue(jobs).error().code, ErrorCode::invalid_payload);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "0");
}

TEST_F(ClientEnqueue, SaysHowManyJobsAreEnqueuedWhenALaterBatchFails) {
  auto jobs = numbered(1'500);
  jobs.back().task = "tests.unheard_of";
  const auto answers = client_->enqueue(jobs);
  ASSERT_FALSE(answers);
  EXPECT_EQ(answers.error().code, ErrorCode::unknown_task);
  EXPECT_THAT(answers.error().message, HasSubstr("the first 1000 jobs are enqueued"));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "1000");
}

TEST_F(ClientEnqueue, RefusesEachOptionOutOfItsRange) {
  const auto refusal = [&](EnqueueOptions options) {
    const auto answer = client_->enqueue(NewJob{"tests.good", "{}", std::move(options)});
    return answer ? "accepted" : std::string(to_string(answer.error().code));
  };
  EXPECT_EQ(refusal({.queue = "Bad Queue"}), "invalid_argument");
  EXPECT_EQ(refusal({.priority = 10}), "invalid_argument");
  EXPECT_EQ(refusal({.delay = milliseconds(-1)}), "invalid_argument");
  EXPECT_EQ(refusal({.run_at = TimePoint{}, .delay = milliseconds(1)}), "invalid_argument");
  EXPECT_EQ(refusal({.key = ""}), "invalid_argument");
  EXPECT_EQ(refusal({.key = std::string(256, 'k')}), "invalid_argument");
  EXPECT_EQ(refusal({.max_attempts = 0}), "invalid_argument");
  EXPECT_EQ(refusal({.timeout = milliseconds(0)}), "invalid_argument");
  EXPECT_EQ(refusal({.priority = 9, .key = std::string(255, 'k'), .max_attempts = 1'000}), "accepted");
}

TEST_F(ClientEnqueue, TakesWhatIsUnsetFromTheTask) {
  const auto plain = job(enqueue("tests.good"));
  EXPECT_EQ(plain.queue, "tests");
  EXPECT_EQ(plain.priority, 5);
  EXPECT_EQ(plain.max_attempts, 1);
  const auto own = job(enqueue("tests.good", {.queue = "other", .priority = 2, .max_attempts = 7}));
  EXPECT_EQ(own.queue, "other");
  EXPECT_EQ(own.priority, 2);
  EXPECT_EQ(own.max_attempts, 7);
}

TEST_F(ClientEnqueue, OfAKnownKeyAnswersTheJobThatHasIt) {
  const auto first = client_->enqueue(NewJob{"tests.good", "1", {.key = "once"}}).value();
  const auto second = client_->enqueue(NewJob{"tests.good", "2", {.key = "once"}}).value();
  EXPECT_FALSE(first.existing);
  EXPECT_TRUE(second.existing);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(job(first.id).payload, "1");
  EXPECT_EQ(client_->enqueue(NewJob{"tests.bad", "{}", {.key = "once"}}).error().code,
            ErrorCode::key_conflict);
}

// The session is cut while the enqueue waits for a lock, so that its answer never comes: with a key the
// client asks once more, without one it says that it does not know.
class ClientEnqueueCutInTheMiddle : public ClientEnqueue {
 protected:
  // `meanwhile` is done before the client can come back.
  Result<Enqueued> enqueue_and_cut(EnqueueOptions options, const std::string& meanwhile = "SELECT 1") {
    EXPECT_TRUE(client_->queues());  // connected
    const std::unique_ptr<PGconn, decltype(&PQfinish)> blocker{PQconnectdb(scratch_->database().url.c_str()),
                                                               &PQfinish};
    PQclear(PQexec(blocker.get(),
                   tests::in_cell_schema("BEGIN; LOCK TABLE equeue.ready IN ACCESS EXCLUSIVE MODE").c_str()));
    auto answer = std::async(std::launch::async, [&] {
      return client_->enqueue(NewJob{"tests.good", "{}", options});
    });
    const auto blocked =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
        "'Lock' AND application_name = 'equeue client'";
    EXPECT_TRUE(tests::eventually([&] { return query(blocked) == "1"; }));
    query(meanwhile);
    cut_sessions();
    PQclear(PQexec(blocker.get(), "COMMIT"));
    return answer.get();
  }
};

TEST_F(ClientEnqueueCutInTheMiddle, IsRepeatedWhenEachJobHasAKey) {
  const auto answer = enqueue_and_cut({.key = "once"});
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "1");
  EXPECT_EQ(job(answer->id).state, State::queued);
}

TEST_F(ClientEnqueueCutInTheMiddle, IsToldAsUnknownOtherwise) {
  const auto answer = enqueue_and_cut({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::outcome_unknown) << to_string(answer.error());
  EXPECT_THAT(answer.error().hint, HasSubstr("key"));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "0");
}

// That the repeat was refused does not tell what came of the first try.
TEST_F(ClientEnqueueCutInTheMiddle, IsToldAsUnknownWhenItsRepeatCannotConnect) {
  const auto answer = enqueue_and_cut({.key = "once"},
                                      "UPDATE equeue.migrations SET version = version - 1000 WHERE version = "
                                      "(SELECT max(version) FROM equeue.migrations)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::outcome_unknown) << to_string(answer.error());
}

TEST_F(ClientEnqueueCutInTheMiddle, IsToldAsUnknownWhenItsRepeatIsRefused) {
  const auto answer = enqueue_and_cut(
      {.key = "once"},
      "CREATE OR REPLACE FUNCTION equeue.check_arrays(p_ids uuid[], p_tasks text[], p_payloads jsonb[]) "
      "RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::outcome_unknown) << to_string(answer.error());
}

TEST_F(ClientEnqueue, DoesNotWaitLongForAnAnnouncement) {
  query(
      "DO $$ BEGIN CREATE OR REPLACE FUNCTION equeue.announce(p_queues text[], p_tasks text[] DEFAULT NULL) "
      "RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(60)'; END $$");
  const auto begin = std::chrono::steady_clock::now();
  const auto first = enqueue("tests.good");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(job(first).state, State::queued) << "on a connection that was opened anew";
}

TEST_F(ClientEnqueue, MayBeCalledFromSeveralThreads) {
  std::vector<std::future<std::size_t>> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.push_back(std::async(std::launch::async, [&] {
      std::size_t enqueued = 0;
      for (int i = 0; i < 25; ++i) enqueued += client_->enqueue(numbered(4)).value().size();
      return enqueued;
    }));
  }
  for (auto& thread : threads) EXPECT_EQ(thread.get(), 100U);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "400");
}

}  // namespace
}  // namespace equeue
