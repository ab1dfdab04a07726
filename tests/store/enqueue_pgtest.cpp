#include <equeue/limits.hpp>

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class EnqueueTest : public ProtocolTest {
 protected:
  std::string written() {
    return db().text(
        "SELECT concat((SELECT count(*) FROM jobs), ' jobs ', (SELECT count(*) FROM keys), ' keys ', "
        "(SELECT count(*) FROM lanes), ' lanes ', (SELECT count(*) FROM queues), ' queues ', "
        "(SELECT count(*) FROM tasks), ' tasks')");
  }
  // What the function itself refuses, whoever calls it.
  void expect_refused(const std::string& call, std::string_view sqlstate) {
    SCOPED_TRACE(call.substr(0, 200));
    const auto before = written();
    EXPECT_EQ(db().refusal("SELECT " + call), sqlstate);
    EXPECT_EQ(written(), before);
    EXPECT_EQ(db().refusal("SELECT enqueue('test.task')"), "");
  }
  void expect_refused(const NewJob& job, ErrorCode code) {
    SCOPED_TRACE(job.task + " " + job.payload.substr(0, 200));
    const auto before = written();
    // A good job in front of it is not kept either.
    const std::vector<NewJob> batch = {{"test.task", "{}", {.queue = "fresh", .key = "fresh"}}, job};
    const auto refused = store::enqueue(cell(), batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_EQ(written(), before);
  }
};

TEST_F(EnqueueTest, KeepsWhatTheJobSaysAndTakesTheRestFromItsTask) {
  const std::vector<NewJob> jobs = {
      {"test.other", R"({"a": [1, "ä"]})", {}},
      {"test.other",
       "7",
       {.queue = "q", .priority = 1, .max_attempts = 9, .timeout = std::chrono::milliseconds(250)}}};
  const auto ids = store::enqueue(cell(), jobs).value();
  const auto plain = store::get_job(cell(), ids[0].id).value();
  EXPECT_EQ(plain.queue, "other");
  EXPECT_EQ(plain.priority, 5);
  EXPECT_EQ(plain.max_attempts, 5);
  EXPECT_EQ(plain.payload, R"({"a": [1, "ä"]})");
  const auto own = claim(worker(), 1, {"q"}).jobs.at(0);
  EXPECT_EQ(own.id, ids[1].id);
  EXPECT_EQ(own.priority, 1);
  EXPECT_EQ(own.max_attempts, 9);
  EXPECT_EQ(own.timeout, std::chrono::milliseconds(250));
}

TEST_F(EnqueueTest, CountsAKeyInCharactersAndNotInBytes) {
  std::string key;
  for (std::size_t i = 0; i < limits::key_chars_max; ++i) key += "ä";
  const NewJob longest{"test.task", "{}", {.key = key}};
  EXPECT_TRUE(store::enqueue(cell(), std::span(&longest, 1)));
  expect_refused({"test.task", "{}", {.key = key + "ä"}}, ErrorCode::invalid_argument);
}

TEST_F(EnqueueTest, RefusesAnIdThatIsNullOrStandsTwiceInABatch) {
  const std::string id = "'01900000-0000-7000-8000-000000000001'";
  expect_refused("enqueue_many(ARRAY[" + id + ", " + id +
                     "]::uuid[], ARRAY['test.task', 'test.task'], ARRAY['{}', "
                     "'{}']::jsonb[])",
                 "EQ002");
  expect_refused("enqueue_many(ARRAY[NULL]::uuid[], ARRAY['test.task'], ARRAY['{}']::jsonb[])", "EQ002");
}

TEST_F(EnqueueTest, RefusesWhatBreaksARuleAndLeavesNothing) {
  expect_refused({"test.unknown", "{}", {}}, ErrorCode::unknown_task);
  expect_refused({"NoTask", "{}", {}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.queue = "Bad Queue"}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.priority = 10}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.priority = -1}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.max_attempts = 0}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.max_attempts = 1001}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.timeout = std::chrono::milliseconds(0)}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.timeout = std::chrono::hours(169)}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.key = ""}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.key = std::string(256, 'k')}}, ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.run_at = TimePoint{}, .delay = std::chrono::seconds(1)}},
                 ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.delay = std::chrono::milliseconds::max()}},
                 ErrorCode::invalid_argument);
  expect_refused({"test.task", "{}", {.run_at = TimePoint::max()}}, ErrorCode::invalid_argument);
  for (const auto* payload : {"", "{", "nope", R"("\u0000")", "[1]]", "\xff"}) {
    expect_refused({"test.task", payload, {}}, ErrorCode::invalid_payload);
  }
  expect_refused({"test.task", '"' + std::string(limits::payload_bytes_max, 'x') + '"', {}},
                 ErrorCode::invalid_payload);
}

TEST_F(EnqueueTest, RefusesTheSameWhenSqlAsks) {
  expect_refused("enqueue('test.unknown')", "EQ001");
  expect_refused("enqueue(NULL)", "EQ001");
  expect_refused("enqueue('test.task', NULL)", "EQ003");
  expect_refused("enqueue('test.task', '{')", "22P02");
  expect_refused(R"(enqueue('test.task', '"\u0000"'))", "22P05");
  expect_refused("enqueue('test.task', to_jsonb(repeat('x', 262143)))", "EQ003");
  expect_refused("enqueue('test.task', queue => 'Bad Queue')", "EQ002");
  expect_refused("enqueue('test.task', queue => '')", "EQ002");
  expect_refused("enqueue('test.task', queue => repeat('q', 65))", "EQ002");
  expect_refused("enqueue('test.task', priority => 10)", "EQ002");
  expect_refused("enqueue('test.task', priority => -1)", "EQ002");
  expect_refused("enqueue('test.task', priority => 100000)", "EQ002");
  expect_refused("enqueue('test.task', priority => -100000)", "EQ002");
  expect_refused("enqueue('test.task', max_attempts => 0)", "EQ002");
  expect_refused("enqueue('test.task', max_attempts => 1001)", "EQ002");
  expect_refused("enqueue('test.task', max_attempts => 100000)", "EQ002");
  expect_refused("enqueue('test.task', timeout => '0')", "EQ002");
  expect_refused("enqueue('test.task', timeout => '-1000 years')", "EQ002");
  expect_refused("enqueue('test.task', timeout => '8 days')", "EQ002");
  expect_refused("enqueue('test.task', timeout => '1000 years')", "EQ002");
  expect_refused("enqueue('test.task', key => '')", "EQ002");
  expect_refused("enqueue('test.task', key => repeat('k', 256))", "EQ002");
  expect_refused("enqueue('test.task', run_at => 'infinity')", "EQ002");
  expect_refused(R"(enqueue('test.task', retry => '{"backoff": "linear", "delay_ms": 1, "cap_ms": 1}'))",
                 "EQ002");
  expect_refused(R"(enqueue('test.task', retry => '{"backoff": "fixed", "delay_ms": -1, "cap_ms": 1}'))",
                 "EQ002");
  expect_refused("enqueue('test.task', retry => '{}')", "EQ002");
  expect_refused("enqueue('test.task', retry => 'null')", "EQ002");
  for (const auto* time : {R"("soon")", "1.5", "604800001", "99999999999999999999", "null"}) {
    expect_refused(
        fmt::format(R"(enqueue('test.task', retry => '{{"backoff": "fixed", "delay_ms": {}}}'))", time),
        "EQ002");
  }
  expect_refused(R"(enqueue('test.task', retry => '{"backoff": "fixed", "delay_ms": 1, "cap_ms": "x"}'))",
                 "EQ002");
}

TEST_F(EnqueueTest, TakesARetryWithAndWithoutACap) {
  for (const auto* retry : {R"({"backoff": "fixed", "delay_ms": 604800000})",
                            R"({"backoff": "exponential", "delay_ms": 0, "cap_ms": 604800000})",
                            R"({"backoff": "fixed", "delay_ms": 1, "cap_ms": null})"}) {
    EXPECT_EQ(db().refusal(fmt::format("SELECT enqueue('test.task', retry => '{}')", retry)), "") << retry;
  }
}

TEST_F(EnqueueTest, RefusesBatchesOfNoneAndOfTooMany) {
  const std::string fill =
      "enqueue_many(ARRAY(SELECT uuid_v7() FROM generate_series(1, {0})), "
      "array_fill('test.task'::text, ARRAY[{0}]), array_fill('1'::jsonb, ARRAY[{0}]))";
  expect_refused(fmt::format(fmt::runtime(fill), 1001), "EQ002");
  expect_refused(fmt::format(fmt::runtime(fill), 0), "EQ002");
  expect_refused("enqueue_many(NULL, NULL, NULL)", "EQ002");
  expect_refused("enqueue_many(ARRAY[uuid_v7()], '{test.task, test.task}', ARRAY['1']::jsonb[])", "EQ002");
  expect_refused("enqueue_many(ARRAY[uuid_v7()], '{test.task}', '{}')", "EQ002");
  EXPECT_FALSE(store::enqueue(cell(), std::vector<NewJob>(1001, {"test.task", "{}", {}})));
  EXPECT_TRUE(store::enqueue(cell(), {}).value().empty());
}

TEST_F(EnqueueTest, RefusesArraysThatDoNotRunInParallel) {
  for (const auto* extra : {"p_queues => '{a, b}'", "p_keys => '{a, b}'", "p_priorities => '{1, 2}'"}) {
    expect_refused(
        fmt::format("enqueue_many(ARRAY[uuid_v7()], '{{test.task}}', ARRAY['1']::jsonb[], {})", extra),
        "EQ002");
  }
}

TEST_F(EnqueueTest, TakesWhatIsJustWithinTheLimits) {
  const std::string largest = '"' + std::string(limits::payload_bytes_max - 2, 'x') + '"';
  const auto id = enqueue({.queue = std::string(64, 'q'),
                           .priority = 9,
                           .key = std::string(255, 'k'),
                           .max_attempts = 1000,
                           .timeout = limits::timeout_max},
                          largest);
  EXPECT_EQ(store::get_job(cell(), id).value().payload, largest);
  EXPECT_EQ(enqueue_many(1000).size(), 1000u);
}

// A few characters of a number may stand for many digits.
TEST_F(EnqueueTest, MeasuresThePayloadAsItWillBeRead) {
  expect_refused("enqueue('test.task', '[1e131071, 1e131071, 1e131071]')", "EQ003");
}

TEST_F(EnqueueTest, BeginsNoEarlierThanNow) {
  const auto past = enqueue({.run_at = TimePoint{}});
  EXPECT_EQ(claim(worker()).jobs.at(0).id, past);
  enqueue({.delay = std::chrono::hours(1)});
  EXPECT_EQ(db().text("SELECT (run_at - enqueued_at = interval '1 hour')::text FROM ready"), "true");
}

TEST_F(EnqueueTest, IsUndoneWithTheTransactionThatItIsPartOf) {
  db().run("BEGIN");
  const auto id = enqueue({.queue = "fresh", .key = "k"});
  db().run("ROLLBACK");
  EXPECT_EQ(state(id), "none");
  EXPECT_EQ(db().number("SELECT count(*) FROM keys"), 0);
}

TEST_F(EnqueueTest, WaitsForNoOtherTransactionOnceTheLaneExists) {
  enqueue();
  auto open = another();
  open.run("BEGIN; SELECT enqueue('test.task')");
  db().run("SET lock_timeout = '1ms'");
  enqueue();
  open.run("ROLLBACK");
}

TEST_F(EnqueueTest, OfATaskNeedsItsDeclarationToBeSound) {
  const auto refused = [&](const TaskOptions& options) {
    const auto declared = store::declare_task(cell(), "test.new", options);
    return declared ? std::string() : std::string(to_string(declared.error().code));
  };
  EXPECT_EQ(refused({.queue = "Bad"}), "invalid_argument");
  EXPECT_EQ(refused({.priority = 10}), "invalid_argument");
  EXPECT_EQ(refused({.max_attempts = 0}), "invalid_argument");
  EXPECT_EQ(refused({.timeout = std::chrono::milliseconds(0)}), "invalid_argument");
  EXPECT_EQ(refused({.retry = {.delay = std::chrono::milliseconds(-1)}}), "invalid_argument");
  EXPECT_EQ(db().refusal("SELECT declare_task('nodot')"), "EQ002");
  EXPECT_EQ(db().refusal("SELECT declare_task('test.new', p_retry => '{}')"), "EQ002");
  EXPECT_EQ(db().refusal("SELECT declare_task('test.new', p_retry => NULL)"), "EQ002");
  EXPECT_EQ(db().refusal("SELECT declare_task('test.new', p_priority => 100000)"), "EQ002");
  EXPECT_EQ(db().refusal("SELECT declare_task('test.new', p_max_attempts => 100000)"), "EQ002");
  EXPECT_EQ(
      db().refusal(R"(SELECT declare_task('test.new', p_retry => '{"backoff": "fixed", "delay_ms": "x"}'))"),
      "EQ002");
  EXPECT_EQ(refused({}), "");
  EXPECT_EQ(refused({.queue = "elsewhere"}), "");
  EXPECT_EQ(db().text("SELECT queue FROM tasks WHERE name = 'test.new'"), "elsewhere");
}

}  // namespace
}  // namespace equeue::tests
