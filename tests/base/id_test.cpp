#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <equeue/id.hpp>
#include <thread>
#include <unordered_set>

namespace equeue {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

std::int64_t milliseconds_of(const JobId& id) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 6; ++i) value = value << 8 | id.bytes[i];
  return value;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TEST(JobId, GrowsWithinAThread) {
  JobId last = make_job_id();
  for (int i = 0; i < 100'000; ++i) {
    const JobId next = make_job_id();
    ASSERT_LT(last, next);
    ASSERT_LT(to_string(last), to_string(next));
    last = next;
  }
}

TEST(JobId, BearsTheTimeOfItsMaking) {
  // In a thread of its own, whose counter has not borrowed from the future.
  JobId id;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::jthread([&] {
    before = now_ms();
    id = make_job_id();
    after = now_ms();
  }).join();
  EXPECT_GE(milliseconds_of(id), before);
  EXPECT_LE(milliseconds_of(id), after);
}

TEST(JobId, NeverRepeatsAcrossThreads) {
  constexpr std::size_t threads = 8;
  constexpr std::size_t ids_each = 50'000;
  std::array<std::vector<JobId>, threads> made;
  {
    std::vector<std::jthread> makers;
    for (auto& ids : made) {
      makers.emplace_back([&ids] {
        ids.reserve(ids_each);
        for (std::size_t i = 0; i < ids_each; ++i) ids.push_back(make_job_id());
      });
    }
  }
  std::unordered_set<JobId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), threads * ids_each);
}

TEST(WorkerId, NeverRepeats) {
  std::unordered_set<WorkerId> all;
  for (int i = 0; i < 50'000; ++i) all.insert(make_worker_id());
  EXPECT_EQ(all.size(), 50'000u);
}

TEST(Uuid, BearsItsVersionAndVariant) {
  for (int i = 0; i < 1'000; ++i) {
    const auto job = make_job_id();
    const auto worker = make_worker_id();
    ASSERT_EQ(job.bytes[6] >> 4, 7);
    ASSERT_EQ(worker.bytes[6] >> 4, 4);
    ASSERT_EQ(job.bytes[8] >> 6, 2);
    ASSERT_EQ(worker.bytes[8] >> 6, 2);
  }
}

TEST(Uuid, IsNilByDefault) {
  EXPECT_TRUE(JobId{}.is_nil());
  EXPECT_FALSE(make_job_id().is_nil());
  EXPECT_EQ(to_string(JobId{}), "00000000-0000-0000-0000-000000000000");
}

RC_GTEST_PROP(Uuid, IsReadBackFromItsText, (const Bytes& bytes)) {
  const JobId id{bytes};
  std::string text = to_string(id);
  RC_ASSERT(parse_id<JobId>(text) == id);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  RC_ASSERT(parse_id<JobId>(text) == id);
}

RC_GTEST_PROP(Uuid, IsOrderedAsItsText, (const Bytes& left, const Bytes& right)) {
  RC_ASSERT((JobId{left} < JobId{right}) == (to_string(JobId{left}) < to_string(JobId{right})));
}

TEST(Uuid, IsReadInItsCanonicalFormOnly) {
  const std::string good = "01890a5d-ac96-774b-bcce-b302099a8057";
  ASSERT_TRUE(parse_id<JobId>(good));
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "{" + good + "}", " " + good.substr(1),
        std::string("01890a5dac96774bbcceb302099a8057"), std::string("01890a5d-ac96-774b-bcce-b302099a805g"),
        std::string("01890a5dac-96-774b-bcce-b302099a8057"),
        std::string("01890a5d-ac96-774b-bcce+b302099a8057")}) {
    EXPECT_FALSE(parse_id<JobId>(bad)) << bad;
  }
}

}  // namespace
}  // namespace equeue
