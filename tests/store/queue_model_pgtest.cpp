#include <gmock/gmock.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/store/queue_player.hpp"

namespace equeue::tests {
namespace {

// So many operations a run; EQUEUE_TEST_OPERATIONS asks for more.
constexpr int operations_usual = 4'000;
// A sequence has up to so many; they grow to it from nothing, each of a random length below the present
// limit.
constexpr int sequence_max = 160;
constexpr int sequence_mean = sequence_max / 4;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

// A function of the schema in which one piece of its text is another.
struct Canary {
  std::string name;
  std::string function;
  std::string piece;
  std::string instead;
};

class QueueModelTest : public ProtocolTest {
 protected:
  void SetUp() override {
    ProtocolTest::SetUp();
    if (IsSkipped()) return;
    session_.emplace(another());
    other_.emplace(another());
    // Nothing that is played waits for the other session.
    session_->run("SET lock_timeout = '2s'");
    other_->run("SET lock_timeout = '2s'");
  }

  void clear() {
    db().run(
        "DELETE FROM ready; DELETE FROM leases; DELETE FROM history; DELETE FROM attempts; DELETE FROM keys; "
        "DELETE FROM workers; DELETE FROM audit; UPDATE queues SET paused = false");
  }

  // Plays about so many operations; what differs, shrunk, or nothing.
  rc::detail::TestResult play(int operations, std::uint64_t seed, bool shrink = true) {
    rc::detail::TestParams params;
    params.seed = seed;
    params.maxSize = sequence_max;
    params.maxSuccess = std::max(1, operations / sequence_mean);
    params.disableShrinking = !shrink;
    return rc::detail::checkTestable(
        [this] {
          const auto operations_of_it = *rc::gen::container<std::vector<Operation>>(any_operation());
          clear();
          if (const auto difference = play(operations_of_it); !difference.empty()) RC_FAIL(difference);
          if (const auto unsound = find_unsound(); !unsound.empty()) RC_FAIL(unsound);
        },
        rc::detail::TestMetadata{}, params);
  }

  // The first difference; what the other session has open at the end is rolled back.
  std::string play(const std::vector<Operation>& operations) {
    QueuePlayer player(*session_, *other_);
    for (const auto& operation : operations) {
      ++played_;
      if (const auto difference = player.play(operation); !difference.empty()) {
        std::ostringstream text;
        text << operation << ": " << difference;
        return text.str();
      }
    }
    return "";
  }

  void expect_caught(const Canary& canary) {
    const auto name = fmt::format("'{}'::regproc", canary.function);
    const auto text = db().text(fmt::format("SELECT pg_get_functiondef({})", name));
    auto broken = text;
    const auto place = broken.find(canary.piece);
    ASSERT_NE(place, std::string::npos) << canary.name << ": " << canary.function << " has changed";
    broken.replace(place, canary.piece.size(), canary.instead);
    db().run(broken);
    constexpr std::uint64_t seed = 1;
    const auto result = play(operations_usual, seed, false);
    EXPECT_TRUE(result.is<rc::detail::FailureResult>()) << canary.name << " was not found";
    std::ostringstream found;
    rc::detail::printResultMessage(result, found);
    // Not as a statement that the fault has made invalid.
    EXPECT_THAT(found.str(), testing::AnyOf(testing::HasSubstr("instead of"), testing::HasSubstr("broken: ")))
        << canary.name;
    EXPECT_THAT(found.str(), testing::Not(testing::HasSubstr("database_error"))) << canary.name;
    db().run(text);
    clear();
  }

  [[nodiscard]] int played() const { return played_; }

 private:
  std::optional<Session> session_;
  std::optional<Session> other_;
  int played_ = 0;
};

TEST_F(QueueModelTest, IsFollowedByTheFunctionsThroughRandomOperations) {
  const auto seed = number_from("EQUEUE_TEST_SEED", std::random_device{}());
  const auto operations = static_cast<int>(number_from("EQUEUE_TEST_OPERATIONS", operations_usual));
  std::cout << "EQUEUE_TEST_SEED=" << seed << " EQUEUE_TEST_OPERATIONS=" << operations << std::endl;
  const auto result = play(operations, seed);
  if (!result.is<rc::detail::SuccessResult>()) {
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    ADD_FAILURE() << text.str();
    clear();
  }
  std::cout << played() << " operations played" << std::endl;
}

TEST_F(QueueModelTest, FindsEachFaultThatIsPutIntoAFunction) {
  const Canary canaries[] = {
      {"a settlement of what is settled", "settle_as",
       "AND get_bit(l.settled, (j.place - 1)::integer) = 0\n          OFFSET 0", "OFFSET 0"},
      {"an attempt that is not written down", "settle_as",
       "d.outcome NOT IN ('succeeded', 'snoozed', 'released')\n  ), balance",
       "d.outcome NOT IN ('succeeded', 'snoozed', 'released') AND false\n  ), balance"},
      {"an attempt for a release", "settle_as", "IN ('snoozed', 'released') THEN 0 ELSE 1",
       "IN ('snoozed') THEN 0 ELSE 1"},
      {"no attempt for a lost lease", "settle_as", "IN ('snoozed', 'released') THEN 0 ELSE 1",
       "IN ('snoozed', 'released', 'lost') THEN 0 ELSE 1"},
      {"a cancel that a retry forgets", "settle_as", "i.outcome = 'cancelled' OR h.id = ANY (h.cancelling)",
       "i.outcome = 'cancelled'"},
      {"a redrive of what has succeeded", "redrive_all", "AND h.state = 'dead'", ""},
      {"a heartbeat that revives", "heartbeat", "AND expires_at > '-infinity'", ""},
      {"a claim from a paused queue", "claim_as", "AND NOT queues.paused", ""},
      {"upkeep that takes from the living", "upkeep_leases",
       "WHERE w.expires_at < clock_timestamp() ORDER BY w.id LIMIT 10000", "ORDER BY w.id LIMIT 10000"},
      {"a key that is not kept", "take_keys", "RETURN v_fresh;", "RETURN p_ids;"},
  };
  for (const auto& canary : canaries) expect_caught(canary);
}

}  // namespace
}  // namespace equeue::tests
