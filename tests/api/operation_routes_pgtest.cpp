// Operations on many jobs over the wire, worked off by whichever server is there.
#include <future>

#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using testing::HasSubstr;

// What a statement locks, as long as the object lives.
class Hold {
 public:
  Hold(const Database& database, const std::string& sql)
      : connection_(PQconnectdb(database.url.c_str()), &PQfinish) {
    for (const auto& each : {std::string("BEGIN"), sql}) {
      const std::unique_ptr<PGresult, decltype(&PQclear)> done{
          PQexec(connection_.get(), tests::in_cell_schema(each).c_str()), &PQclear};
      const auto status = PQresultStatus(done.get());
      EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
          << PQerrorMessage(connection_.get());
    }
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class OperationRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) admin_ = key("admin");
  }
  // Jobs of this test's queue, made in the database: so many at a time take long over the wire.
  void enqueue_so_many(int jobs) const {
    for (int left = jobs; left > 0; left -= 1000) {
      const auto count = std::to_string(std::min(left, 1000));
      query(
          "SELECT count(*) FROM equeue.enqueue_many(ARRAY(SELECT equeue.uuid_v7() FROM generate_series(1, " +
          count + ")), array_fill('" + task_ + "'::text, ARRAY[" + count +
          "]), array_fill('{}'::jsonb, ARRAY[" + count + "]))");
    }
  }
  [[nodiscard]] std::string body(const std::string& kind, const std::string& more = "") const {
    return R"({"kind":")" + kind + R"(","filter":{"queue":")" + queue_ + "\"" + more + "}}";
  }
  std::string begin(const std::string& body) {
    const auto answer = post("/v1/operations", body, admin_);
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(answer.header("location"), "/v1/operations/" + answer.text("id"));
    return answer.header("location");
  }
  // As it is when it has ended.
  tests::HttpAnswer ended(const std::string& location) {
    tests::HttpAnswer answer;
    EXPECT_TRUE(tests::eventually([&] {
      answer = get(location, admin_);
      return answer.text("state") != "running";
    })) << answer.body;
    return answer;
  }
  // How many calls of a function wait for a lock.
  [[nodiscard]] std::string waiting(const std::string& function) const {
    return query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%." +
                 function + "(%' AND datname = current_database() AND pid <> pg_backend_pid()");
  }
  // What waits in the queue dies.
  void bury() const {
    query(
        "WITH gone AS (DELETE FROM equeue.ready WHERE queue = '" + queue_ +
        "' RETURNING *) INSERT INTO equeue.history (id, finished_at, run_at, enqueued_at, state, priority, "
        "attempt, max_attempts, queue, task, payload, error) SELECT id, now(), run_at, enqueued_at, 'dead', "
        "priority, 1, 1, queue, task, payload, 'no' FROM gone");
  }
  [[nodiscard]] std::string count(const std::string& state) const {
    return query("SELECT count(*) FROM equeue.jobs WHERE queue = '" + queue_ + "' AND state = '" + state +
                 "'");
  }

  std::string admin_;
};

TEST_F(OperationRoutes, ACancelIsWorkedOffAndSaysHowFarItIs) {
  enqueue_so_many(2'300);
  const auto done = ended(begin(body("cancel")));
  EXPECT_EQ(done.text("state"), "done");
  EXPECT_EQ(done.json().at("jobs"), 2'300);
  EXPECT_EQ(done.json().at("filter").at("queue").as_string(), queue_);
  EXPECT_EQ(count("cancelled"), "2300");
}

TEST_F(OperationRoutes, ARedriveAndAPurgeMeetTheDead) {
  enqueue_so_many(3);
  bury();
  EXPECT_EQ(ended(begin(body("redrive", R"(,"state":"dead")"))).json().at("jobs"), 3);
  EXPECT_EQ(count("queued"), "3");
  bury();
  EXPECT_EQ(ended(begin(body("purge"))).json().at("jobs"), 3);
  EXPECT_EQ(count("dead"), "0");
}

TEST_F(OperationRoutes, AnotherServerFinishesWhatOneHasLeft) {
  enqueue_so_many(3'000);
  // Of the second batch, which so cannot end.
  std::optional<Hold> hold;
  hold.emplace(database_, "SELECT FROM equeue.ready WHERE id = (SELECT id FROM equeue.ready WHERE queue = '" +
                              queue_ + "' ORDER BY priority, run_at, id OFFSET 1500 LIMIT 1) FOR UPDATE");
  const auto location = begin(body("cancel"));
  ASSERT_TRUE(tests::eventually([&] { return waiting("work_operation") == "1"; }));
  EXPECT_EQ(get(location, admin_).json().at("jobs"), 1'000);
  client_.reset();
  api_->server().stop();
  auto stopped = std::async(std::launch::async, [&] { api_.reset(); });
  // Its end in the middle of the batch.
  query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%work_operation%' AND "
      "wait_event_type = 'Lock' AND datname = current_database()");
  stopped.wait();
  hold.reset();
  EXPECT_EQ(query("SELECT state || ' ' || jobs FROM equeue.operations ORDER BY created_at DESC LIMIT 1"),
            "running 1000");
  start();
  const auto done = ended(location);
  EXPECT_EQ(done.text("state"), "done");
  EXPECT_EQ(done.json().at("jobs"), 3'000);
  EXPECT_EQ(count("cancelled"), "3000");
}

TEST_F(OperationRoutes, OneIsStoppedAndWhatItHasNotDoneStays) {
  enqueue_so_many(10);
  const auto id = [&] {
    client_.reset();
    api_.reset();
    return query("SELECT equeue.create_operation('cancel', p_queue => '" + queue_ + "')");
  }();
  std::optional<Hold> hold;
  hold.emplace(database_, "SELECT FROM equeue.operations WHERE id = '" + id + "' FOR UPDATE");
  start();
  const auto location = "/v1/operations/" + id;
  EXPECT_EQ(get(location, admin_).text("state"), "running");
  auto stop = std::async(std::launch::async, [&] { return post(location + "/stop", "", admin_); });
  // Who stands in line comes before the server's next look.
  ASSERT_TRUE(tests::eventually([&] { return waiting("stop_operation") == "1"; }));
  hold.reset();
  const auto stopped = stop.get();
  EXPECT_EQ(stopped.status, 200) << stopped.body;
  EXPECT_EQ(stopped.text("state"), "stopped");
  EXPECT_EQ(count("queued"), "10");
  EXPECT_EQ(post(location + "/stop", "", admin_).text("state"), "stopped") << "twice is once";
}

TEST_F(OperationRoutes, WhatDescribesNoneIsRefused) {
  const struct {
    std::string body;
    std::string_view says;
  } cases[] = {
      {"{}", "/kind"},
      {R"({"kind":"cancel"})", "/filter"},
      {R"({"kind":"cancel","filter":{}})", "chooses nothing"},
      {body("cancel", R"(,"all":true)"), "says all"},
      {body("explode"), "/kind"},
      {body("cancel", R"(,"state":"dead")"), "/filter/state"},
      {body("purge", R"(,"state":"queued")"), "/filter/state"},
      {body("purge", R"(,"enqueued_to":"yesterday")"), "/filter/enqueued_to"},
      {body("purge", R"(,"queues":["a"])"), "no such field"},
  };
  for (const auto& [sent, says] : cases) {
    const auto refused = post("/v1/operations", sent, admin_);
    EXPECT_EQ(refused.status, 400) << sent;
    EXPECT_THAT(refused.body, HasSubstr(says)) << sent;
  }
  const auto nowhere = post("/v1/operations", R"({"kind":"cancel","filter":{"queue":"nowhere"}})", admin_);
  EXPECT_EQ(nowhere.status, 404) << nowhere.body;
  EXPECT_EQ(get("/v1/operations/" + std::string("01890a5d-ac96-774b-bcce-b302099a8057"), admin_).status, 404);
}

TEST_F(OperationRoutes, WhoManagesSomeQueuesNamesOneAndSeesItsOwn) {
  const auto own = key("admin", queue_), other = key("admin", "elsewhere");
  EXPECT_EQ(post("/v1/operations", body("cancel"), other).status, 403);
  EXPECT_EQ(post("/v1/operations", body("cancel"), key("read,enqueue,work")).status, 403);
  EXPECT_EQ(post("/v1/operations", R"({"kind":"cancel","filter":{"task":")" + task_ + "\"}}", own).status,
            403);
  const auto made = post("/v1/operations", body("cancel"), own);
  ASSERT_EQ(made.status, 202) << made.body;
  const auto location = made.header("location");
  EXPECT_EQ(get(location, own).status, 200);
  EXPECT_EQ(get(location, other).status, 404);
  EXPECT_EQ(post(location + "/stop", "", other).status, 404);
  EXPECT_THAT(get("/v1/operations", own).body, HasSubstr(made.text("id")));
  EXPECT_THAT(get("/v1/operations", other).body, testing::Not(HasSubstr(made.text("id"))));
  EXPECT_EQ(post(location + "/stop", "", own).status, 200);
}

}  // namespace
}  // namespace equeue
