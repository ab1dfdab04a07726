// GET /v1/jobs over the wire.
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class JobListRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) key_ = key("enqueue,read");
  }
  // The ids of a page, and its cursor (empty at the end).
  struct Page {
    std::vector<std::string> ids;
    std::string next;
  };
  Page page(const std::string& query) {
    const auto answer = get("/v1/jobs?queue=" + queue_ + query, key_);
    EXPECT_EQ(answer.status, 200) << answer.body;
    Page page;
    const auto body = answer.json();
    for (const auto& job : body.at("jobs").as_array()) page.ids.emplace_back(job.at("id").as_string());
    if (const auto* next = body.at("next").if_string()) page.next = std::string(*next);
    return page;
  }

  std::string key_;
};

TEST_F(JobListRoutes, ShowsTheNewestFirstPageByPage) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) newest_first.push_back(enqueue(key_));
  std::ranges::sort(newest_first, std::greater());  // ids have the order of time, but within a millisecond
  std::vector<std::string> seen;
  auto next = page("&limit=2");
  for (int pages = 0; pages < 5; ++pages) {
    seen.insert(seen.end(), next.ids.begin(), next.ids.end());
    if (next.next.empty()) break;
    next = page("&limit=2&cursor=" + next.next);
  }
  EXPECT_EQ(seen, newest_first);
  EXPECT_EQ(next.next, "");
}

TEST_F(JobListRoutes, ChoosesByStateTaskKeyAndTime) {
  const auto plain = enqueue(key_);
  const auto keyed = enqueue(key_, R"(,"key":"k of )" + queue_ + "\"");
  const auto cancelled = enqueue(key_);
  ASSERT_EQ(post("/v1/jobs/" + cancelled + "/cancel", "", key_).status, 200);
  EXPECT_THAT(page("&state=cancelled").ids, ElementsAre(cancelled));
  EXPECT_THAT(page("&state=queued").ids, UnorderedElementsAre(keyed, plain));
  EXPECT_THAT(page("&state=cancelled&state=queued&state=queued").ids,
              UnorderedElementsAre(cancelled, keyed, plain));
  EXPECT_THAT(page("&key=k%20of%20" + queue_).ids, ElementsAre(keyed));
  EXPECT_THAT(page("&task=" + task_).ids, UnorderedElementsAre(cancelled, keyed, plain));
  EXPECT_THAT(page("&task=no.such").ids, ElementsAre());
  EXPECT_THAT(page("&enqueued_from=2020-01-01T00:00:00Z").ids, UnorderedElementsAre(cancelled, keyed, plain));
  EXPECT_THAT(page("&enqueued_to=2020-01-01T00:00:00Z").ids, ElementsAre());
}

TEST_F(JobListRoutes, ACursorIsOfOneChoiceAndOfNobodysMaking) {
  for (int i = 0; i < 3; ++i) enqueue(key_);
  const auto cursor = page("&limit=1&state=queued&state=dead").next;
  ASSERT_NE(cursor, "");
  // The same choice in another order, with pages of another size.
  EXPECT_EQ(page("&limit=5&state=dead&state=queued&cursor=" + cursor).ids.size(), 2U);
  const auto target = "/v1/jobs?queue=" + queue_;
  for (const auto& query :
       {"&state=queued&cursor=" + cursor, "&cursor=" + cursor,
        "&state=queued&state=dead&cursor=" + cursor.substr(0, cursor.size() - 1),
        std::string("&state=queued&state=dead&cursor=") + (cursor[0] == 'A' ? 'B' : 'A') + cursor.substr(1),
        std::string("&state=queued&state=dead&cursor="), std::string("&cursor=%00"),
        std::string("&cursor=a.b")}) {
    const auto answer = get(target + query, key_);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.text("code"), query == "&cursor=%00" ? "bad_request" : "invalid_cursor") << query;
  }
  EXPECT_EQ(page("&limit=1&state=queued&state=dead&cursor=" + cursor).ids.size(), 1U);
}

TEST_F(JobListRoutes, AnotherServerOfTheCellReadsACursor) {
  for (int i = 0; i < 2; ++i) enqueue(key_);
  const auto first = page("&limit=1");
  start();
  EXPECT_EQ(page("&limit=1&cursor=" + first.next).ids.size(), 1U);
}

TEST_F(JobListRoutes, RefusesWhatItCannotRead) {
  const auto id = enqueue(key_);
  const struct {
    std::string query;
    std::string_view says;
  } cases[] = {
      {"state=gone", "'gone' is no state"},
      {"state=", "is no state"},
      {"limit=0", "from 1 to 500"},
      {"limit=501", "from 1 to 500"},
      {"limit=ten", "from 1 to 500"},
      {"limit=1&limit=2", "more than once"},
      {"enqueued_from=yesterday", "is a time"},
      {"enqueued_to=2026-02-30T00:00:00Z", "is a time"},
      {"queue=a&queue=b", "more than once"},
      {"colour=red", "no parameter 'colour'"},
      {"queue=%ff", "UTF-8"},
      {"key=%ed%a0%80", "UTF-8"},
  };
  for (const auto& [query, says] : cases) {
    const auto answer = get("/v1/jobs?" + query, key_);
    EXPECT_EQ(answer.status, 400) << query << "\n" << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(says)) << query;
    EXPECT_THAT(page("").ids, ElementsAre(id)) << query;
  }
}

TEST_F(JobListRoutes, KeepsAKeyToItsQueues) {
  const auto id = enqueue(key_);
  const auto narrow = key("read", "mail*," + queue_);
  EXPECT_EQ(get("/v1/jobs", narrow).status, 403);
  EXPECT_EQ(get("/v1/jobs?queue=video", narrow).status, 403);
  EXPECT_EQ(get("/v1/jobs?queue=mail-out", narrow).status, 200);
  EXPECT_THAT(get("/v1/jobs?queue=" + queue_, narrow).body, HasSubstr(id));
  EXPECT_EQ(get("/v1/jobs", key_).status, 200);
}

TEST_F(JobListRoutes, IsForReaders) {
  EXPECT_EQ(get("/v1/jobs", "").status, 401);
  EXPECT_EQ(get("/v1/jobs", key("enqueue,work")).status, 403);
  EXPECT_EQ(get("/v1/jobs", key("admin")).status, 200);
}

}  // namespace
}  // namespace equeue
