#include <gtest/gtest.h>

#include "chaos/proxy/wire.hpp"

namespace equeue::chaos {
namespace {

std::string length_of(std::size_t size) {
  return {static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
          static_cast<char>(size)};
}
std::string message(char type, const std::string& body) {
  return type + length_of(body.size() + 4) + body;
}
std::string startup() {
  return length_of(12) + "protocol";
}
std::string parse(const std::string& name, const std::string& sql) {
  return message('P', name + '\0' + sql + '\0');
}
std::string bound(const std::string& name) {
  return message('B', '\0' + name + '\0');
}
const auto call_settle = parse("", "SELECT * FROM equeue.settle($1)") + bound("");
const auto complete = message('C', "SELECT 1");
const auto ready_idle = message('Z', "I");
const auto ready_in_transaction = message('Z', "T");

CommitWatch after_startup() {
  CommitWatch watch;
  watch.from_client(startup());
  EXPECT_FALSE(watch.from_server(message('R', "okay") + ready_idle));
  return watch;
}

TEST(Framer, CutsAStreamHoweverItComesInPieces) {
  const auto stream = startup() + message('P', "first") + message('S', "") + message('Q', "last");
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    Framer framer(true);
    std::string seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      framer.feed(std::string_view(stream).substr(at, piece), [&](char type, std::string_view body) {
        seen += fmt::format("{}:{} ", type == '\0' ? '0' : type, body);
      });
    }
    EXPECT_EQ(seen, "0:protocol P:first S: Q:last ") << "in pieces of " << piece;
  }
}

TEST(Framer, SeesNothingBehindALengthThatNoMessageHas) {
  Framer framer(true);
  std::string seen;
  const auto see = [&](char type, std::string_view) { seen += type; };
  framer.feed(startup() + "Q" + length_of(3) + message('P', "more"), see);
  framer.feed(message('P', "and more"), see);
  EXPECT_EQ(seen, std::string(1, '\0'));
}

TEST(CommitWatch, SeesTheEndOfATransactionThatChangedJobs) {
  auto watch = after_startup();
  watch.from_client(call_settle);
  EXPECT_FALSE(watch.from_server(complete));
  EXPECT_TRUE(watch.from_server(ready_idle));
  EXPECT_FALSE(watch.from_server(ready_idle)) << "once";
}

TEST(CommitWatch, PassesOverWhatDoesNotChangeJobs) {
  auto watch = after_startup();
  watch.from_client(message('Q', "SHOW server_version"));
  EXPECT_FALSE(watch.from_server(complete + ready_idle));
}

TEST(CommitWatch, KnowsWhatWasPreparedByItsName) {
  auto watch = after_startup();
  watch.from_client(parse("a", "SELECT * FROM equeue.settle($1)"));
  EXPECT_FALSE(watch.from_server(ready_idle)) << "nothing has run";
  watch.from_client(parse("b", "SHOW server_version"));
  EXPECT_FALSE(watch.from_server(ready_idle));
  watch.from_client(bound("a"));
  EXPECT_TRUE(watch.from_server(complete + ready_idle));
  watch.from_client(bound("b"));
  EXPECT_FALSE(watch.from_server(complete + ready_idle));
  watch.from_client(bound("c"));
  EXPECT_FALSE(watch.from_server(complete + ready_idle)) << "nobody has prepared that";
}

TEST(CommitWatch, PassesOverWhatFailed) {
  auto watch = after_startup();
  watch.from_client(call_settle);
  EXPECT_FALSE(watch.from_server(message('E', "no") + ready_idle));
}

TEST(CommitWatch, WaitsForTheCommitOfAnOpenTransaction) {
  auto watch = after_startup();
  watch.from_client(call_settle);
  EXPECT_FALSE(watch.from_server(complete + ready_in_transaction));
}

}  // namespace
}  // namespace equeue::chaos
