#include "chaos/proxy/settle_watch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace equeue::chaos {
namespace {

std::string number(std::size_t value, int bytes = 4) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}
std::string message(char type, const std::string& body) {
  return type + number(body.size() + 4) + body;
}
std::string value(const std::string& bytes) {
  return number(bytes.size()) + bytes;
}
std::string array(const std::vector<std::string>& elements) {
  std::string bytes = number(1) + number(0) + number(2950) + number(elements.size()) + number(1);
  for (const auto& element : elements) bytes += value(element);
  return value(bytes);
}
std::string parse(const std::string& name) {
  return message('P', name + '\0' + R"(SELECT * FROM "equeue".settle($1, $2, $3))" + std::string(3, '\0'));
}
const std::string lease(16, '\x11'), one(16, '\xaa'), other(16, '\xbb');
constexpr const char* lease_text = "11111111-1111-1111-1111-111111111111";
constexpr const char* one_text = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

std::string bound(const std::string& name, const std::vector<std::string>& jobs,
                  const std::vector<std::string>& outcomes) {
  const auto leases = std::vector<std::string>(jobs.size(), lease);
  return message('B', '\0' + name + '\0' + number(3, 2) + number(1, 2) + number(1, 2) + number(1, 2) +
                          number(3, 2) + array(leases) + array(jobs) + array(outcomes) + number(1, 2) +
                          number(1, 2)) +
         message('S', "");
}
std::string settle(const std::vector<std::string>& jobs, const std::vector<std::string>& outcomes) {
  return parse("") + bound("", jobs, outcomes);
}
std::string row(const std::string& job, const std::string& answer) {
  return message('D', number(2, 2) + value(job) + value(answer));
}
const auto complete = message('C', "SELECT 1");
const auto error = message('E', "no");
const auto ready = message('Z', "I");

SettleWatch after_startup() {
  SettleWatch watch;
  watch.from_client(number(12) + "protocol");
  EXPECT_TRUE(watch.from_server(message('R', "okay") + ready).empty());
  return watch;
}

TEST(SettleWatch, TellsWhatWasAcceptedWhenItIsCommitted) {
  auto watch = after_startup();
  watch.from_client(settle({one, other}, {"failed", "succeeded"}));
  EXPECT_TRUE(watch.from_server(row(one, "replayed") + row(other, "lease_lost") + complete).empty());
  const auto told = watch.from_server(ready);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].lease, lease_text);
  EXPECT_EQ(told[0].job, one_text);
  EXPECT_EQ(told[0].outcome, "failed");
  EXPECT_TRUE(told[0].is_replay);
  EXPECT_TRUE(watch.from_server(ready).empty()) << "once";
}

TEST(SettleWatch, ReadsStreamsThatComeInPieces) {
  auto watch = after_startup();
  for (const char c : settle({one}, {"snoozed"})) watch.from_client({&c, 1});
  std::vector<SettlementTold> told;
  for (const char c : row(one, "accepted") + complete + ready) {
    for (auto& each : watch.from_server({&c, 1})) told.push_back(std::move(each));
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].outcome, "snoozed");
  EXPECT_FALSE(told[0].is_replay);
}

TEST(SettleWatch, KnowsWhatWasPreparedByItsName) {
  auto watch = after_startup();
  watch.from_client(parse("equeue_1"));
  EXPECT_TRUE(watch.from_server(ready).empty());
  for (int i = 0; i < 2; ++i) {
    watch.from_client(bound("equeue_1", {one}, {"succeeded"}));
    EXPECT_EQ(watch.from_server(row(one, "accepted") + complete + ready).size(), 1U);
    watch.from_client(bound("equeue_2", {one}, {"succeeded"}));
    EXPECT_TRUE(watch.from_server(row(one, "accepted") + complete + ready).empty());
  }
}

TEST(SettleWatch, PassesOverWhatFailed) {
  auto watch = after_startup();
  watch.from_client(settle({one}, {"succeeded"}));
  EXPECT_TRUE(watch.from_server(row(one, "accepted") + error + ready).empty());
}

TEST(SettleWatch, PassesOverWhatAServerSettlesForOthers) {
  auto watch = after_startup();
  auto remote = settle({one}, {"succeeded"});
  const std::string name = ".settle($1", foreign = ".s_rem($$1";
  remote.replace(remote.find(name), name.size(), foreign);
  watch.from_client(remote);
  EXPECT_TRUE(watch.from_server(row(one, "accepted") + complete + ready).empty());
}

}  // namespace
}  // namespace equeue::chaos
