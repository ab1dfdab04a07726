#include "api/claim_hub.hpp"

#include "tests/api/hub_fixture.hpp"

#include <random>
#include <set>

#include "store/migrate.hpp"
#include "tests/embedded/scratch_folder.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
using api::ClaimHub;
using std::chrono::milliseconds;
using std::chrono::seconds;
using AskedClaim = Asked<Result<store::Claim>>;

// Beyond the test's patience: such a request is answered by what happens, or not at all.
constexpr seconds long_wait{60};

class ClaimHubTest : public HubTest {
 protected:
  ClaimHub& hub() {
    if (!hub_) hub_ = make();
    return *hub_;
  }
  std::unique_ptr<ClaimHub> make() {
    return std::make_unique<ClaimHub>(io_.get_executor(), *pool_, database_, options_);
  }
  [[nodiscard]] api::RemoteClaimRequest request(milliseconds wait, std::vector<std::string> queues,
                                                int max = 1) const {
    return {.worker = "laptop",
            .owner = "key:anna",
            .queues = std::move(queues),
            .max = max,
            .lease = seconds(60),
            .wait = wait};
  }
  AskedClaim claim(milliseconds wait, int max = 1) { return ask(hub().claim(request(wait, {queue_}, max))); }
  AskedClaim claim_of(std::vector<std::string> queues, milliseconds wait = long_wait) {
    return ask(hub().claim(request(wait, std::move(queues))));
  }
  JobId job_of(AskedClaim& asked) {
    const auto claim = answer_of(asked).value();
    return claim.jobs.empty() ? JobId{} : claim.jobs.front().id;
  }
  // Until nothing is under way: whoever waits has been looked for, and will not be before there is news.
  [[nodiscard]] bool comes_to_rest(std::size_t waiting) {
    return comes_to([&] { return hub().waiting() == waiting && hub().claiming() == 0; });
  }
  [[nodiscard]] std::string listeners() const {
    return query(
        "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name = 'equeue serve listen' AND state = 'idle' AND query LIKE "
        "'LISTEN%'");
  }

  api::ClaimHubOptions options_{.listen = false, .poll = never};
  std::unique_ptr<ClaimHub> hub_;
};

TEST_F(ClaimHubTest, GivesAtOnceWhatIsThere) {
  enqueue_many(queue_, 3);
  auto asked = claim(seconds(0), 2);
  const auto held = answer_of(asked).value();
  EXPECT_EQ(held.jobs.size(), 2u);
  EXPECT_EQ(hub().looks(), 1u);
  EXPECT_EQ(query("SELECT concat_ws(' ', name, owner) FROM equeue.workers WHERE id = '" +
                  to_string(held.lease) + "'"),
            "laptop key:anna");
}

TEST_F(ClaimHubTest, TriesOnceForWhoDoesNotWait) {
  auto asked = claim(seconds(0));
  EXPECT_TRUE(answer_of(asked).value().lease.is_nil());
  EXPECT_EQ(hub().looks(), 1u);
  EXPECT_TRUE(comes_to_rest(0));
}

TEST_F(ClaimHubTest, AnswersNothingWhenNothingCameInTime) {
  const auto begin = std::chrono::steady_clock::now();
  auto asked = claim(milliseconds(50));
  EXPECT_TRUE(answer_of(asked).value().lease.is_nil());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(50));
  EXPECT_EQ(hub().looks(), 1u);
}

TEST_F(ClaimHubTest, ServesThoseWhoWaitInTheirOrder) {
  std::vector<AskedClaim> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(claim(long_wait));
  for (std::size_t next = 0; next < asked.size(); ++next) {
    ASSERT_TRUE(comes_to_rest(asked.size() - next));
    const auto job = enqueue();
    hub().woken(std::span(&queue_, 1));
    EXPECT_EQ(job_of(asked[next]), job) << next;
  }
}

TEST_F(ClaimHubTest, ServesWhoDoesNotWaitAfterThoseWhoDo) {
  auto first = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(1));
  enqueue_many(queue_, 2);
  auto second = claim(seconds(0));
  EXPECT_NE(job_of(second), JobId{});
  EXPECT_NE(job_of(first), JobId{});
}

TEST_F(ClaimHubTest, LooksOnceForManyWhoWait) {
  std::vector<AskedClaim> asked;
  for (int i = 0; i < 1'000; ++i) asked.push_back(claim(long_wait));
  ASSERT_TRUE(comes_to_rest(1'000));
  EXPECT_EQ(hub().looks(), 1u);
  enqueue_many(queue_, 1'000);
  hub().woken(std::span(&queue_, 1));
  std::set<JobId> jobs;
  for (auto& each : asked) jobs.insert(job_of(each));
  EXPECT_EQ(jobs.size(), 1'000u);
  EXPECT_FALSE(jobs.contains(JobId{}));
  EXPECT_TRUE(comes_to_rest(0));
}

TEST_F(ClaimHubTest, LooksAtAThousandGroupsOnceAPoll) {
  options_.poll = milliseconds(250);
  std::vector<AskedClaim> asked;
  for (int i = 0; i < 1'000; ++i) asked.push_back(claim_of({queue_ + "-" + std::to_string(i)}));
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 1'000; }));
  ASSERT_TRUE(comes_to_rest(1'000));
  const auto before = hub().looks();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= before + 6; }));
  const auto polls = (std::chrono::steady_clock::now() - begin) / options_.poll + 1;
  // One look a poll, and none besides.
  EXPECT_LE(hub().looks() - before, static_cast<std::uint64_t>(polls));
  // It finds the one that has work.
  const auto job = enqueue(queue_ + "-700");
  EXPECT_EQ(job_of(asked[700]), job);
}

TEST_F(ClaimHubTest, LooksOnceForAllGroupsAtAQueueThatTheyShare) {
  std::vector<AskedClaim> asked;
  for (int i = 0; i < 100; ++i) asked.push_back(claim_of({queue_, queue_ + "-" + std::to_string(i)}));
  ASSERT_TRUE(comes_to_rest(100));
  const auto before = hub().looks();
  enqueue();
  hub().woken(std::span(&queue_, 1));
  ASSERT_TRUE(comes_to_rest(99));
  // Of those that have waited longest one takes the job; and some were under way when the next found nothing.
  EXPECT_TRUE(asked[0].is_answered() || asked[1].is_answered());
  EXPECT_LE(hub().looks() - before, 5u);
}

TEST_F(ClaimHubTest, IsWokenByAnAnnouncementOfAnother) {
  if (tests::cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler passes no wake-ups on";
  options_.listen = true;
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return !listeners().empty(); }));
  ASSERT_TRUE(comes_to_rest(1));
  const auto job = enqueue();
  query("SELECT equeue.announce('{" + queue_ + "}')");
  EXPECT_EQ(job_of(asked), job);
}

TEST_F(ClaimHubTest, ListensAgainWhenTheConnectionWasCut) {
  if (tests::cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler passes no wake-ups on";
  options_.listen = true;
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return !listeners().empty(); }));
  const auto first = listeners();
  query("SELECT pg_terminate_backend(" + first + ", 10000)");
  ASSERT_TRUE(comes_to([&] {
    const auto now = listeners();
    return !now.empty() && now != first;
  }));
  const auto job = enqueue();
  query("SELECT equeue.announce('{" + queue_ + "}')");
  EXPECT_EQ(job_of(asked), job);
}

TEST_F(ClaimHubTest, PollsRightAwayForWhatItMayHaveMissed) {
  if (tests::cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler passes no wake-ups on";
  options_.listen = true;
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return !listeners().empty(); }));
  ASSERT_TRUE(comes_to_rest(1));
  const auto job = enqueue();
  query("SELECT pg_terminate_backend(" + listeners() + ", 10000)");
  EXPECT_EQ(job_of(asked), job);
}

TEST_F(ClaimHubTest, FindsByPollingAloneWhatNobodyAnnounced) {
  options_.poll = milliseconds(20);
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 2; }));
  const auto job = enqueue();
  EXPECT_EQ(job_of(asked), job);
}

TEST_F(ClaimHubTest, LooksWhenAJobBecomesDue) {
  enqueue(queue_, ", run_at => clock_timestamp() + interval '500 ms'");
  std::vector<AskedClaim> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(claim_of({queue_, queue_ + "-" + std::to_string(i)}));
  ASSERT_TRUE(comes_to_rest(19));
  EXPECT_EQ(number_queued(), "0");
  // A look of each group in the beginning, and few when the job became due, of which all had been told.
  EXPECT_LE(hub().looks(), 20u + 6u);
}

TEST_F(ClaimHubTest, FindsWhatWasCommittedLate) {
  options_.poll = milliseconds(20);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> late{PQconnectdb(database_.url.c_str()), &PQfinish};
  const auto run = [&](const std::string& sql) {
    PQclear(PQexec(late.get(), tests::in_cell_schema(sql).c_str()));
  };
  run("BEGIN");
  run("SELECT equeue.enqueue('test.task', queue => '" + queue_ + "')");
  // What comes later is claimed first, so that the marks pass the job that nobody can see yet.
  for (int i = 0; i < 3; ++i) {
    const auto job = enqueue();
    auto asked = claim(seconds(0));
    ASSERT_EQ(job_of(asked), job);
  }
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 6; }));
  run("COMMIT");
  EXPECT_NE(job_of(asked), JobId{});
}

TEST_F(ClaimHubTest, ClaimsNothingOfAPausedQueue) {
  options_.poll = milliseconds(20);
  const auto job = enqueue();
  query("SELECT equeue.pause_queue('" + queue_ + "', 'tester')");
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 4; }));
  EXPECT_FALSE(asked.is_answered());
  query("SELECT equeue.resume_queue('" + queue_ + "', 'tester')");
  EXPECT_EQ(job_of(asked), job);
}

TEST_F(ClaimHubTest, ForgetsWhoLeavesWhileItWaits) {
  auto first = claim(long_wait);
  auto second = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(2));
  first.leave();
  EXPECT_THROW((void)answer_of(first), boost::system::system_error);
  ASSERT_TRUE(comes_to_rest(1));
  const auto job = enqueue();
  hub().woken(std::span(&queue_, 1));
  EXPECT_EQ(job_of(second), job);
}

TEST_F(ClaimHubTest, GivesBackWhatIsClaimedForWhoHasLeft) {
  const auto job = enqueue();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> holder{PQconnectdb(database_.url.c_str()), &PQfinish};
  PQclear(PQexec(holder.get(),
                 tests::in_cell_schema("BEGIN; LOCK equeue.queues IN ACCESS EXCLUSIVE MODE").c_str()));
  auto gone = claim(long_wait);
  auto next = claim(long_wait);
  ASSERT_TRUE(comes_to([&] {
    return query(
               "SELECT count(*) FROM pg_locks WHERE relation = 'equeue.queues'::regclass AND NOT granted") ==
           "1";
  }));
  gone.leave();
  EXPECT_THROW((void)answer_of(gone), boost::system::system_error);
  PQclear(PQexec(holder.get(), "COMMIT"));
  const auto held = answer_of(next).value();
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_EQ(held.jobs.front().id, job);
  EXPECT_EQ(held.jobs.front().attempt, 1) << "what was given back cost no attempt";
}

TEST_F(ClaimHubTest, GivesBackWhatWasClaimedAsItsClientLeft) {
  const auto job = enqueue();
  auto gone = claim(long_wait);
  // Up to the very step in which the claim has been made, but its client has not been told.
  bool has_left = false;
  std::function<void()> watch = [&] {
    if (hub().looks() == 1 && hub().claiming() == 0) {
      EXPECT_FALSE(gone.is_answered());
      gone.leave();
      has_left = true;
    } else {
      net::post(io_, [&] { watch(); });
    }
  };
  net::post(io_, [&] { watch(); });
  ASSERT_TRUE(eventually([&] {
    io_.restart();
    io_.poll_one();
    return has_left;
  }));
  EXPECT_THROW((void)answer_of(gone), boost::system::system_error);
  ASSERT_TRUE(comes_to([&] { return number_queued() == "1"; }));
  auto next = claim(seconds(0));
  const auto held = answer_of(next).value();
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_EQ(held.jobs.front().id, job);
  EXPECT_EQ(held.jobs.front().attempt, 1);
}

TEST_F(ClaimHubTest, RefusesMoreThanMayWait) {
  options_.waiting_max = 1;
  auto first = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(1));
  auto second = claim(long_wait);
  const auto refused = answer_of(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::database_away);
  EXPECT_TRUE(refused.error().transient);
  first.leave();
  ASSERT_TRUE(comes_to_rest(0));
  auto third = claim(seconds(0));
  EXPECT_TRUE(answer_of(third));
}

TEST_F(ClaimHubTest, TellsAFaultOnlyToWhoMadeIt) {
  auto good = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(1));
  auto bad = claim(long_wait, 0);
  auto also_good = claim(long_wait);
  ASSERT_TRUE(comes_to([&] { return hub().waiting() == 3; }));
  enqueue_many(queue_, 2);
  hub().woken(std::span(&queue_, 1));
  EXPECT_EQ(answer_of(bad).error().code, ErrorCode::invalid_argument);
  EXPECT_NE(job_of(good), JobId{});
  EXPECT_NE(job_of(also_good), JobId{});
}

TEST_F(ClaimHubTest, EndsAllWaitsWhenItStops) {
  auto first = claim(long_wait);
  auto second = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(2));
  auto under_way = claim_of({queue_ + "-x"});
  hub().stop();
  EXPECT_TRUE(answer_of(first).value().lease.is_nil());
  EXPECT_TRUE(answer_of(second).value().lease.is_nil());
  EXPECT_TRUE(answer_of(under_way).value().lease.is_nil());
  enqueue();
  auto late = claim(long_wait);
  EXPECT_TRUE(answer_of(late).value().lease.is_nil());
  EXPECT_TRUE(comes_to_rest(0));
}

TEST_F(ClaimHubTest, GivesBackWhatComesAfterTheStop) {
  enqueue();
  auto asked = claim(long_wait);
  ASSERT_TRUE(eventually([&] {
    io_.restart();
    io_.poll_one();
    return hub().claiming() == 1;
  }));
  hub().stop();
  EXPECT_TRUE(answer_of(asked).value().lease.is_nil());
  ASSERT_TRUE(comes_to_rest(0));
  EXPECT_TRUE(comes_to([&] { return number_queued() == "1"; }));
}

TEST_F(ClaimHubTest, MayEndBeforeThoseWhoWait) {
  auto asked = claim(long_wait);
  ASSERT_TRUE(comes_to_rest(1));
  hub_.reset();
  pool_.reset();
  EXPECT_FALSE(asked.is_answered());
}

// Two servers, many clients, several groups with queues in common: every job once.
TEST_F(ClaimHubTest, NeverGivesAJobTwice) {
  constexpr int jobs_in_a_queue = 300;
  options_ = {.listen = true, .poll = milliseconds(50)};
  std::vector<std::string> queues;
  for (const auto* name : {"-a", "-b", "-c"}) queues.push_back(queue_ + name);
  const std::size_t total = queues.size() * jobs_in_a_queue;
  api::DatabasePool other_pool(database_, {});
  const auto other = std::make_unique<ClaimHub>(io_.get_executor(), other_pool, database_, options_);
  std::vector<JobId> taken;
  const auto client = [&](ClaimHub& at, std::vector<std::string> of, int max,
                          milliseconds wait) -> net::awaitable<void> {
    while (taken.size() < total) {
      auto asked = request(wait, of, max);
      const auto held = co_await at.claim(std::move(asked));
      if (!held) throw std::runtime_error(to_string(held.error()));
      for (const auto& job : held->jobs) taken.push_back(job.id);
    }
  };
  std::vector<Asked<void>> clients;
  for (int i = 0; i < 60; ++i) {
    std::vector<std::string> of = i % 4 == 3 ? queues : std::vector{queues[i % 4]};
    clients.push_back(
        ask(client(i % 2 == 0 ? hub() : *other, std::move(of), 1 + i % 17, milliseconds(i % 5 * 50))));
  }
  std::jthread producer([&] {
    for (int i = 0; i < jobs_in_a_queue; i += 100) {
      for (const auto& queue : queues) {
        enqueue_many(queue, 100);
        query("SELECT equeue.announce('{" + queue + "}')");
      }
    }
  });
  ASSERT_TRUE(comes_to([&] { return taken.size() >= total; }));
  for (auto& each : clients) answer_of(each);
  EXPECT_EQ(taken.size(), total);
  EXPECT_EQ(std::set<JobId>(taken.begin(), taken.end()).size(), total);
}

TEST(ClaimHubWithoutADatabase, SaysSo) {
  net::io_context io;
  const Database nowhere{.url = "host=/nonexistent dbname=x"};
  api::DatabasePool pool(nowhere, {.connections = 2});
  ClaimHub hub(io.get_executor(), pool, nowhere, {});
  std::vector<std::future<Result<store::Claim>>> answers;
  for (const auto wait : {milliseconds(0), milliseconds(60'000)}) {
    api::RemoteClaimRequest request{.worker = "w", .owner = "o", .queues = {"q"}, .wait = wait};
    answers.push_back(net::co_spawn(io, hub.claim(std::move(request)), net::use_future));
    ASSERT_TRUE(eventually([&] {
      io.restart();
      io.poll();
      return answers.back().wait_for(seconds(0)) == std::future_status::ready;
    }));
    EXPECT_EQ(answers.back().get().error().code, ErrorCode::database_away);
  }
}

class RestartedDatabase : public HubTest {
 protected:
  void SetUp() override {}
};

TEST_F(RestartedDatabase, IsOutlivedByThoseWhoWait) {
  const embedded::ScratchFolder folder;
  std::optional<embedded::Cluster> cluster(embedded::Cluster::start(folder.options()).value());
  const Database database{.url = cluster->url(), .schema = tests::cell_schema()};
  {
    auto connection = std::move(pg::Connection::open(database.url, "test").value());
    store::migrate(connection, database.schema).value();
  }
  use(database);
  ClaimHub hub(io_.get_executor(), *pool_, database, {.poll = milliseconds(50)});
  const auto claim = [&](std::string queue, milliseconds wait) {
    return ask(hub.claim(
        {.worker = "w", .owner = "o", .queues = {std::move(queue)}, .lease = seconds(60), .wait = wait}));
  };
  auto waiting = claim(queue_, long_wait);
  ASSERT_TRUE(comes_to([&] { return hub.looks() >= 2 && hub.claiming() == 0; }));
  ASSERT_TRUE(cluster->stop());
  auto away = claim("other", seconds(0));
  const auto refused = answer_of(away);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().transient) << to_string(refused.error());
  cluster.emplace(embedded::Cluster::start(folder.options()).value());
  ASSERT_EQ(cluster->url(), database.url);
  const auto job = enqueue();
  const auto held = answer_of(waiting).value();
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_EQ(held.jobs.front().id, job);
}

}  // namespace
}  // namespace equeue::tests
