#include "auth/principal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Scopes scopes(std::vector<std::string> names) {
  return parse_scopes(names).value();
}

TEST(Scopes, AllowWhatTheyNameAndNothingElse) {
  const auto enqueuing = scopes({"enqueue"});
  EXPECT_TRUE(enqueuing.allows(Scope::enqueue));
  for (const auto other : {Scope::work, Scope::read, Scope::admin}) EXPECT_FALSE(enqueuing.allows(other));
  EXPECT_FALSE(Scopes().allows(Scope::read));
}

TEST(Scopes, OfAnAdminAllowEverything) {
  for (const auto each : {Scope::enqueue, Scope::work, Scope::read, Scope::admin})
    EXPECT_TRUE(scopes({"admin"}).allows(each));
}

TEST(Scopes, CoverOnlyWhatTheyAllow) {
  EXPECT_TRUE(scopes({"admin"}).covers(scopes({"work", "read"})));
  EXPECT_TRUE(scopes({"work", "read"}).covers(scopes({"read"})));
  EXPECT_FALSE(scopes({"work", "read"}).covers(scopes({"admin"})));
  EXPECT_FALSE(scopes({"read"}).covers(scopes({"read", "enqueue"})));
}

TEST(Scopes, AreReadAndWrittenByName) {
  EXPECT_THAT(scopes({"read", "enqueue"}).names(), ElementsAre("enqueue", "read"));
  const std::vector<std::string> wrong = {"read", "Admin"};
  EXPECT_THAT(parse_scopes(wrong).error().message, HasSubstr("'Admin'"));
  EXPECT_FALSE(parse_scopes(std::vector<std::string>{}));
}

TEST(QueuePatterns, TakeANameOrABeginning) {
  const std::vector<std::string> patterns = {"mail", "video-*"};
  for (const auto* taken : {"mail", "video-", "video-4k"}) EXPECT_TRUE(matches(patterns, taken)) << taken;
  for (const auto* not_taken : {"mails", "mai", "video", "audio", ""})
    EXPECT_FALSE(matches(patterns, not_taken));
  EXPECT_TRUE(matches(std::vector<std::string>{"*"}, "anything"));
  EXPECT_FALSE(matches({}, "anything"));
}

TEST(QueuePatterns, AreRefusedWhenTheyCouldMatchNoQueue) {
  for (const auto* good : {"*", "mail", "mail*", "a.b-c_*"}) EXPECT_TRUE(check_queue_pattern(good)) << good;
  for (const auto* bad : {"", "*mail", "ma*il", "**", "Mail", "mail *", "-x"})
    EXPECT_FALSE(check_queue_pattern(bad)) << bad;
}

TEST(Principal, MayUseTheQueuesOfItsPatternsByItsScopes) {
  const Principal key{.kind = Principal::Kind::key,
                      .id = "abcd2345",
                      .name = "mailer",
                      .scopes = {Scope::work},
                      .queues = {"mail*"}};
  EXPECT_TRUE(key.may(Scope::work, "mail.out"));
  EXPECT_FALSE(key.may(Scope::work, "video"));
  EXPECT_FALSE(key.may(Scope::enqueue, "mail.out"));
  EXPECT_EQ(to_string(key), "key:abcd2345");
}

TEST(QueuePatterns, CoverAPatternIfOneOfThemTakesAllItsQueues) {
  const std::vector<std::string> own = {"mail-*", "video"};
  for (const auto* covered : {"mail-*", "mail-out", "mail-out*", "video"})
    EXPECT_TRUE(covers(own, covered)) << covered;
  for (const auto* more : {"*", "mail*", "mail", "video*", "videos", ""})
    EXPECT_FALSE(covers(own, more)) << more;
  const std::vector<std::string> all = {"*"};
  EXPECT_TRUE(covers(all, "*"));
  EXPECT_TRUE(covers(all, "mail*"));
  EXPECT_FALSE(covers({}, "mail"));
}

}  // namespace
}  // namespace equeue::auth
