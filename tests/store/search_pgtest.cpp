#include "store/search.hpp"

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using Ids = std::vector<JobId>;

class SearchTest : public ProtocolTest {
 protected:
  Ids search(const store::JobSearch& search) {
    Ids ids;
    for (const auto& job : store::search_jobs(cell(), search).value()) ids.push_back(job.id);
    return ids;
  }
  // One job in each state; the first of the answer is the oldest.
  Ids one_of_each() {
    const auto succeeded = enqueue();
    const auto dead = enqueue();
    const auto running = enqueue();
    const auto held = claim(worker(), 3);
    settle(held.lease, succeeded, Outcome::succeeded());
    settle(held.lease, dead, Outcome::failed_for_good("no"));
    const auto cancelled = enqueue();
    EXPECT_TRUE(store::cancel(cell(), cancelled, ""));
    const auto deferred = enqueue({.delay = std::chrono::hours(1)});
    return {succeeded, dead, running, cancelled, deferred, enqueue()};
  }
  // Blocks that a search touches: what it costs on any machine.
  std::int64_t blocks(const std::string& arguments) {
    const auto sql = fmt::format("SELECT * FROM search_jobs({})", arguments);
    db().run(sql);
    std::string plan;
    for (const auto& line : db().column("EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off) " + sql))
      plan += line + '\n';
    const auto line = plan.find("Buffers: shared");
    if (line == std::string::npos) return 0;
    std::int64_t sum = 0;
    for (const auto* word : {" hit=", " read="}) {
      const auto at = plan.find(word, line);
      if (at < plan.find('\n', line)) sum += std::stoll(plan.substr(at + std::string_view(word).size()));
    }
    return sum;
  }
};

TEST_F(SearchTest, ShowsAllStatesNewestFirst) {
  auto all = one_of_each();
  std::sort(all.begin(), all.end(), std::greater<>());
  EXPECT_EQ(search({}), all);
}

TEST_F(SearchTest, ChoosesByStates) {
  const auto all = one_of_each();
  EXPECT_EQ(search({.states = {State::succeeded}}), Ids{all[0]});
  EXPECT_EQ(search({.states = {State::dead}}), Ids{all[1]});
  EXPECT_EQ(search({.states = {State::running}}), Ids{all[2]});
  EXPECT_EQ(search({.states = {State::cancelled}}), Ids{all[3]});
  EXPECT_EQ(search({.states = {State::queued}}).size(), 2u);
  EXPECT_EQ(search({.states = {State::queued, State::dead, State::running}}).size(), 4u);
}

TEST_F(SearchTest, ChoosesByQueueTaskKeyAndTime) {
  enqueue();
  const auto elsewhere = enqueue({.queue = "another"});
  const auto keyed = enqueue({.key = "k"});
  const NewJob other{"test.other", "{}", {}};
  const auto of_task = store::enqueue(cell(), std::span(&other, 1)).value().front().id;
  EXPECT_EQ(search({.queue = "another"}), Ids{elsewhere});
  EXPECT_EQ(search({.task = "test.other"}), Ids{of_task});
  EXPECT_EQ(search({.key = "k"}), Ids{keyed});
  EXPECT_EQ(search({.key = "unknown"}), Ids{});
  EXPECT_EQ(search({.queue = "another", .task = "test.other"}), Ids{});
  const auto at = store::get_job(cell(), keyed).value().enqueued_at;
  EXPECT_EQ(search({.enqueued_from = at}).size(), 2u);
  EXPECT_EQ(search({.enqueued_to = at}).size(), 2u);
  EXPECT_EQ(search({.enqueued_from = at, .enqueued_to = at + std::chrono::microseconds(1)}), Ids{keyed});
  EXPECT_EQ(search({.enqueued_to = TimePoint{}}), Ids{});
  EXPECT_EQ(search({.enqueued_from = at + std::chrono::hours(24 * 365 * 300)}), Ids{});
}

TEST_F(SearchTest, FindsAKeyWhereverItsJobIs) {
  const auto job = enqueue({.key = "k"});
  const auto held = claim(worker());
  EXPECT_EQ(search({.key = "k"}), Ids{job});
  settle(held.lease, job, Outcome::failed_for_good("no"));
  EXPECT_EQ(search({.key = "k"}), Ids{job});
  // Its key is forgotten and has another job by now; both have had it.
  db().run("DELETE FROM keys");
  const auto next = enqueue({.key = "k"});
  EXPECT_EQ(search({.key = "k"}), (Ids{std::max(job, next), std::min(job, next)}));
}

TEST_F(SearchTest, PagesThroughAllJobsOnce) {
  auto all = enqueue_many(300);
  const auto more = enqueue_many(100, {.queue = "another", .priority = 1});
  const auto later = enqueue_many(50, {.delay = std::chrono::hours(1)});
  all.insert(all.end(), more.begin(), more.end());
  all.insert(all.end(), later.begin(), later.end());
  const auto held = claim(worker(), 120);
  for (int i = 0; i < 60; ++i)
    settle(held.lease, held.jobs[static_cast<std::size_t>(i)].id, Outcome::succeeded());
  std::sort(all.begin(), all.end(), std::greater<>());
  Ids seen;
  store::JobSearch page{.limit = 37};
  for (auto ids = search(page); !ids.empty(); ids = search(page)) {
    seen.insert(seen.end(), ids.begin(), ids.end());
    page.before = ids.back();
  }
  EXPECT_EQ(seen, all);
}

TEST_F(SearchTest, RefusesAPageOfNoneOrTooMany) {
  for (const int limit : {0, 501, -1}) {
    EXPECT_EQ(store::search_jobs(cell(), {.limit = limit}).error().code, ErrorCode::invalid_argument);
  }
  for (const auto* limit : {"0", "501", "NULL"})
    EXPECT_EQ(db().refusal(fmt::format("SELECT search_jobs(p_limit => {})", limit)), "EQ002");
}

TEST_F(SearchTest, CostsNoMoreWithAllOfHistoryAndABacklogBehindIt) {
  const auto fill = [&](int first, int last) {
    db().run(fmt::format(
        "INSERT INTO history (id, finished_at, run_at, enqueued_at, started_at, state, priority, attempt, "
        "max_attempts, "
        "queue, task, payload, result) SELECT uuid_v7(t), t, t, t, t, 'succeeded', 5, 1, 5, 'default', "
        "'test.task', "
        "'{{}}', 'null' FROM (SELECT now() - i * interval '1 ms' AS t FROM generate_series({0}, {1}) i) "
        "times; "
        "INSERT INTO ready (id, run_at, enqueued_at, priority, attempt, max_attempts, deferred, queue, task, "
        "payload) "
        "SELECT uuid_v7(t), t, t, 5, 0, 5, false, 'default', 'test.task', '{{}}' "
        "FROM (SELECT now() - i * interval '1 ms' AS t FROM generate_series({0}, {1}) i) times",
        first, last));
  };
  fill(1, 10'000);
  const auto searches = {"",
                         "'{succeeded}'",
                         "'{dead}'",
                         "'{queued}'",
                         "p_queue => 'default', p_task => 'test.task'",
                         "p_before => uuid_v7_floor(now() - interval '1 second')",
                         "p_key => 'k'",
                         "p_to => now() + interval '1 minute'"};
  std::vector<std::int64_t> small;
  for (const auto* each : searches) small.push_back(blocks(each));
  fill(10'001, 210'000);
  for (const auto* statistics : {"", "ANALYZE ready, history"}) {
    db().run(statistics);
    auto before = small.begin();
    // 200,000 rows lie in more than 2,500 blocks of each relation.
    for (const auto* each : searches) EXPECT_LT(blocks(each), *before++ + 300) << each << "; " << statistics;
  }
}

}  // namespace
}  // namespace equeue::tests
