#include <gmock/gmock.h>

#include <future>

#include "auth/secret.hpp"
#include "store/access.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using store::RotateAnswer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string a_hash = "$2b$12$" + std::string(53, 'a');
const std::string other_hash = "$2b$12$" + std::string(53, 'b');
const std::vector<std::string> reading = {"read"};

class AccessTest : public ProtocolTest {
 protected:
  store::UserId user(const std::string& name = "anna") {
    return store::create_user(cell(), name, a_hash, reading, "tester").value();
  }
  // A session of the user as it is now.
  void open(const store::UserId& id, const std::string& token) {
    const int generation = store::get_user(cell(), id).value().value().generation;
    ASSERT_TRUE(store::open_session(cell(), id, generation, auth::digest(token), hours(1)).value());
  }
  store::Rotation rotate(Session& session, const std::string& token, const std::string& next) {
    return store::rotate_session(session.cell(), auth::digest(token), auth::digest(next)).value();
  }
  RotateAnswer rotate(const std::string& token, const std::string& next) {
    return rotate(db(), token, next).answer;
  }
  int generation() { return store::find_user(cell(), "anna").value().value().generation; }
  // "actor action", oldest first.
  std::vector<std::string> audited() {
    return db().column("SELECT actor || ' ' || action FROM audit ORDER BY id");
  }
  static store::ApiKeyRecord key(const auth::ApiKey& made) {
    return {.id = made.id,
            .name = "mailer",
            .secret = auth::digest(made.secret),
            .scopes = {"enqueue", "work"},
            .queue_patterns = {"mail", "video-*"}};
  }
};

class UsersTest : public AccessTest {};

TEST_F(UsersTest, AreFoundAsTheyWereCreated) {
  const auto id = user();
  const auto login = store::find_user(cell(), "anna").value().value();
  EXPECT_EQ(login.id, id);
  EXPECT_EQ(login.password_hash, a_hash);
  EXPECT_EQ(login.scopes, reading);
  EXPECT_FALSE(login.disabled);
  const auto known = store::get_user(cell(), id).value().value();
  EXPECT_EQ(known.name, "anna");
  EXPECT_EQ(known.generation, login.generation);
  EXPECT_FALSE(known.disabled_at);
  EXPECT_FALSE(store::find_user(cell(), "bert").value());
  EXPECT_FALSE(store::get_user(cell(), {}).value());
}

TEST_F(UsersTest, AreListedByName) {
  for (const auto* name : {"carl", "anna", "bert"}) user(name);
  const auto names = [](const std::vector<store::User>& users) {
    std::vector<std::string> all;
    for (const auto& each : users) all.push_back(each.name);
    return all;
  };
  EXPECT_THAT(names(store::list_users(cell(), std::nullopt, 2).value()), ElementsAre("anna", "bert"));
  EXPECT_THAT(names(store::list_users(cell(), "bert", 2).value()), ElementsAre("carl"));
  for (const int limit : {0, -1, 501})
    EXPECT_EQ(store::list_users(cell(), std::nullopt, limit).error().code, ErrorCode::invalid_argument);
}

TEST_F(UsersTest, HaveNamesOfTheirOwn) {
  user();
  const auto second = store::create_user(cell(), "anna", other_hash, reading, "tester");
  EXPECT_EQ(second.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(second.error().message, HasSubstr("'anna'"));
  EXPECT_EQ(store::find_user(cell(), "anna").value().value().password_hash, a_hash);
  EXPECT_THAT(audited(), SizeIs(1));
}

TEST_F(UsersTest, AreRefusedWithoutShowingAnyHash) {
  const std::vector<std::string> none, unknown = {"read", "root"};
  const auto secret = "$2b$12$" + std::string(54, 's');
  for (const auto& refused : {store::create_user(cell(), "No Name", secret.substr(0, 60), reading, "tester"),
                              store::create_user(cell(), "anna", secret, reading, "tester"),
                              store::create_user(cell(), "anna", "plain text password", reading, "tester"),
                              store::create_user(cell(), "anna", secret.substr(0, 60), none, "tester"),
                              store::create_user(cell(), "anna", secret.substr(0, 60), unknown, "tester")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("ssss")));
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("plain text")));
  }
  user();
  EXPECT_EQ(store::set_password(cell(), "anna", "plain text password", "tester").error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(store::set_user_scopes(cell(), "anna", unknown, "tester").error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(store::set_user_scopes(cell(), "anna", none, "tester").error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(audited(), ElementsAre("tester create_user"));
}

TEST_F(UsersTest, WithAnotherPasswordHaveNoSessionAndVoidTokens) {
  const auto id = user();
  open(id, "t1");
  const int before = generation();
  EXPECT_FALSE(store::set_password(cell(), "anna", other_hash, "tester", before - 1).value());
  EXPECT_EQ(rotate("t1", "t1a"), RotateAnswer::rotated)
      << "whoever looked at another password changes nothing";
  EXPECT_TRUE(store::set_password(cell(), "anna", other_hash, "tester", before).value());
  EXPECT_EQ(store::find_user(cell(), "anna").value().value().password_hash, other_hash);
  EXPECT_GT(generation(), before);
  EXPECT_EQ(rotate("t1a", "t2"), RotateAnswer::ended);
}

TEST_F(UsersTest, WithOtherScopesKeepTheirSessionAndHaveVoidTokens) {
  const auto id = user();
  open(id, "t1");
  const int before = generation();
  EXPECT_TRUE(
      store::set_user_scopes(cell(), "anna", std::vector<std::string>{"work", "admin"}, "tester").value());
  EXPECT_GT(generation(), before);
  const auto rotation = rotate(db(), "t1", "t2");
  EXPECT_EQ(rotation.answer, RotateAnswer::rotated);
  EXPECT_THAT(rotation.scopes, ElementsAre("work", "admin"));
  EXPECT_EQ(rotation.generation, generation());
}

TEST_F(UsersTest, ThatAreDisabledHaveNoWayInUntilTheyAreEnabled) {
  const auto id = user();
  open(id, "t1");
  const int before = generation();
  EXPECT_TRUE(store::disable_user(cell(), "anna", "tester").value());
  EXPECT_TRUE(store::disable_user(cell(), "anna", "tester").value());
  EXPECT_EQ(generation(), before + 1);
  EXPECT_TRUE(store::find_user(cell(), "anna").value().value().disabled);
  EXPECT_TRUE(store::get_user(cell(), id).value().value().disabled_at);
  EXPECT_EQ(rotate("t1", "t2"), RotateAnswer::ended);
  EXPECT_FALSE(store::open_session(cell(), id, generation(), auth::digest("t3"), hours(1)).value());

  EXPECT_TRUE(store::enable_user(cell(), "anna", "tester").value());
  EXPECT_TRUE(store::enable_user(cell(), "anna", "tester").value());
  EXPECT_EQ(rotate("t1", "t2"), RotateAnswer::ended) << "sessions of before stay ended";
  open(id, "t4");
  EXPECT_THAT(audited(), ElementsAre("tester create_user", "user:anna login", "tester disable_user",
                                     "tester enable_user", "user:anna login"));
}

TEST_F(UsersTest, ThatAreUnknownCannotBeChanged) {
  EXPECT_FALSE(store::set_password(cell(), "nobody", a_hash, "tester").value());
  EXPECT_FALSE(store::set_password(cell(), "nobody", a_hash, "tester", 1).value());
  EXPECT_FALSE(store::set_user_scopes(cell(), "nobody", reading, "tester").value());
  EXPECT_FALSE(store::disable_user(cell(), "nobody", "tester").value());
  EXPECT_FALSE(store::enable_user(cell(), "nobody", "tester").value());
  EXPECT_THAT(audited(), IsEmpty());
}

class SessionsTest : public AccessTest {};

TEST_F(SessionsTest, GoOnWithANewTokenAtEachUse) {
  const auto id = user();
  open(id, "t1");
  const auto rotation = rotate(db(), "t1", "t2");
  EXPECT_EQ(rotation.answer, RotateAnswer::rotated);
  EXPECT_EQ(rotation.user, id);
  EXPECT_EQ(rotation.user_name, "anna");
  EXPECT_EQ(rotation.scopes, reading);
  EXPECT_EQ(rotation.generation, generation());
  const auto again = rotate(db(), "t2", "t3");
  EXPECT_EQ(again.answer, RotateAnswer::rotated);
  EXPECT_EQ(again.expires_at, rotation.expires_at) << "using it makes no session longer";
}

TEST_F(SessionsTest, AreRevokedAsAWholeWhenAUsedTokenComesAgain) {
  const auto id = user();
  open(id, "t1");
  open(id, "of another login");
  ASSERT_EQ(rotate("t1", "t2"), RotateAnswer::rotated);
  ASSERT_EQ(rotate("t2", "t3"), RotateAnswer::rotated);
  EXPECT_EQ(rotate("t1", "thief"), RotateAnswer::reused);
  for (const auto* token : {"t1", "t2", "t3"}) EXPECT_EQ(rotate(token, "x"), RotateAnswer::ended) << token;
  EXPECT_EQ(rotate("thief", "x"), RotateAnswer::unknown);
  EXPECT_EQ(rotate("of another login", "x"), RotateAnswer::rotated);
  EXPECT_THAT(audited(), ElementsAre("tester create_user", "user:anna login", "user:anna login",
                                     "user:anna reuse_token"))
      << "once";
}

TEST_F(SessionsTest, OfATokenThatTwoPresentAtOnceAreRotatedOnceAndThenRevoked) {
  open(user(), "t1");
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_EQ(rotate(first, "t1", "of the first").answer, RotateAnswer::rotated);
  auto late = std::async(std::launch::async, [&] { return rotate(second, "t1", "of the second").answer; });
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_EQ(late.get(), RotateAnswer::reused);
  EXPECT_EQ(rotate("of the first", "x"), RotateAnswer::ended);
  EXPECT_EQ(rotate("of the second", "x"), RotateAnswer::unknown);
}

TEST_F(SessionsTest, AreRotatedByTheSecondWhenTheFirstRollsBack) {
  open(user(), "t1");
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_EQ(rotate(first, "t1", "of the first").answer, RotateAnswer::rotated);
  auto late = std::async(std::launch::async, [&] { return rotate(second, "t1", "of the second").answer; });
  wait_until_blocked(db(), second.backend());
  first.run("ROLLBACK");
  EXPECT_EQ(late.get(), RotateAnswer::rotated);
  EXPECT_EQ(rotate("of the second", "x"), RotateAnswer::rotated);
}

TEST_F(SessionsTest, EndWhenTheirUserIsDisabledDuringARotation) {
  open(user(), "t1");
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_EQ(rotate(first, "t1", "t2").answer, RotateAnswer::rotated);
  auto disabled = std::async(std::launch::async,
                             [&] { return store::disable_user(second.cell(), "anna", "tester").value(); });
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_TRUE(disabled.get());
  EXPECT_TRUE(store::enable_user(cell(), "anna", "tester").value());
  EXPECT_EQ(rotate("t2", "x"), RotateAnswer::ended);
}

TEST_F(SessionsTest, DoNotOpenForAPasswordThatIsChangedMeanwhile) {
  const auto id = user();
  const int verified = generation();
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_TRUE(store::set_password(first.cell(), "anna", other_hash, "tester").value());
  auto opened = std::async(std::launch::async, [&] {
    return store::open_session(second.cell(), id, verified, auth::digest("t1"), hours(1)).value();
  });
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_FALSE(opened.get());
  EXPECT_EQ(rotate("t1", "x"), RotateAnswer::unknown);
}

TEST_F(SessionsTest, EndWithTheirTime) {
  const auto id = user();
  open(id, "t1");
  ASSERT_EQ(rotate("t1", "t2"), RotateAnswer::rotated);
  db().run("UPDATE sessions SET expires_at = clock_timestamp()");
  EXPECT_EQ(rotate("t2", "x"), RotateAnswer::ended);
  EXPECT_EQ(rotate("t1", "x"), RotateAnswer::ended);
  EXPECT_THAT(audited(), SizeIs(2)) << "reuse in an expired session harms nobody";
}

TEST_F(SessionsTest, LetTheirUserBeFoundAsLongAsTheyGoOn) {
  const auto id = user();
  const auto opened = store::open_session(cell(), id, generation(), auth::digest("t1"), hours(1)).value();
  const auto found = [&] { return store::get_user(cell(), id, opened->id).value().has_value(); };
  EXPECT_TRUE(found());
  EXPECT_FALSE(store::get_user(cell(), user("bert"), opened->id).value()) << "another's session";
  const auto rotated = rotate(db(), "t1", "t2");
  EXPECT_EQ(rotated.session, opened->id);
  EXPECT_TRUE(found());
  EXPECT_EQ(rotate(db(), "t1", "t3").session, opened->id);
  EXPECT_FALSE(found()) << "reused";
}

TEST_F(SessionsTest, AndOldEntriesOfTheAuditAreForgottenInTime) {
  const auto id = user();
  open(id, "t1");
  ASSERT_EQ(rotate("t1", "t2"), RotateAnswer::rotated);
  open(id, "u1");
  EXPECT_EQ(store::upkeep_access(cell()).value(), 0);
  db().run(
      "UPDATE sessions SET expires_at = clock_timestamp() WHERE token_hash = sha256('t2'); "
      "UPDATE audit SET at = at - interval '366 days' WHERE action = 'create_user'");
  EXPECT_EQ(store::upkeep_access(cell()).value(), 2);
  EXPECT_EQ(rotate("t2", "x"), RotateAnswer::unknown);
  EXPECT_EQ(rotate("t1", "x"), RotateAnswer::unknown);
  EXPECT_EQ(rotate("u1", "u2"), RotateAnswer::rotated);
  EXPECT_THAT(audited(), ElementsAre("user:anna login", "user:anna login"));
}

TEST_F(SessionsTest, AreUsedAtMostTenThousandTimes) {
  open(user(), "t1");
  db().run(
      "INSERT INTO used_tokens SELECT sha256(i::text::bytea), s.id FROM generate_series(1, 9999) i, sessions "
      "s");
  EXPECT_EQ(rotate("t1", "t2"), RotateAnswer::rotated);
  EXPECT_EQ(rotate("t2", "t3"), RotateAnswer::ended);
  EXPECT_EQ(db().number("SELECT count(*) FROM used_tokens"), 10'000);
}

TEST_F(SessionsTest, LastASecondToNinetyDays) {
  const auto id = user();
  for (const auto life :
       {seconds(-1), seconds(0), seconds(90 * 86'400 + 1), seconds(std::int64_t{1} << 40)}) {
    EXPECT_EQ(store::open_session(cell(), id, generation(), auth::digest("t"), life).error().code,
              ErrorCode::invalid_argument)
        << life.count();
  }
  EXPECT_TRUE(store::open_session(cell(), id, generation(), auth::digest("1"), seconds(1)).value());
  EXPECT_TRUE(store::open_session(cell(), id, generation(), auth::digest("2"), seconds(90 * 86'400)).value());
}

TEST_F(SessionsTest, AreClosedByAnyTokenOfTheirs) {
  const auto id = user();
  open(id, "t1");
  EXPECT_TRUE(store::close_session(cell(), auth::digest("t1")).value());
  EXPECT_FALSE(store::close_session(cell(), auth::digest("t1")).value());
  EXPECT_EQ(rotate("t1", "x"), RotateAnswer::ended);
  open(id, "u1");
  ASSERT_EQ(rotate("u1", "u2"), RotateAnswer::rotated);
  EXPECT_TRUE(store::close_session(cell(), auth::digest("u1")).value());
  EXPECT_EQ(rotate("u2", "x"), RotateAnswer::ended);
  EXPECT_FALSE(store::close_session(cell(), auth::digest("never was")).value());
}

TEST_F(SessionsTest, AreClosedAlsoDuringARotation) {
  open(user(), "t1");
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_EQ(rotate(first, "t1", "t2").answer, RotateAnswer::rotated);
  auto closed = std::async(std::launch::async,
                           [&] { return store::close_session(second.cell(), auth::digest("t1")).value(); });
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_TRUE(closed.get());
  EXPECT_EQ(rotate("t2", "x"), RotateAnswer::ended);
}

TEST_F(SessionsTest, OfOneUserAreAtMostAHundredTheNewest) {
  const auto id = user();
  for (int i = 1; i <= 102; ++i) open(id, std::to_string(i));
  EXPECT_EQ(db().number("SELECT count(*) FROM sessions"), 100);
  EXPECT_EQ(rotate("2", "x"), RotateAnswer::unknown);
  EXPECT_EQ(rotate("3", "x"), RotateAnswer::rotated);
  db().run("UPDATE sessions SET expires_at = created_at");
  open(id, "fresh");
  EXPECT_EQ(db().number("SELECT count(*) FROM sessions"), 1) << "those that have ended are forgotten";
  EXPECT_EQ(db().number("SELECT count(*) FROM used_tokens"), 0);
}

class ApiKeysTest : public AccessTest {};

TEST_F(ApiKeysTest, AreFoundAsTheyWereMade) {
  const auto made = auth::make_api_key();
  ASSERT_TRUE(store::create_api_key(cell(), key(made), "tester"));
  const auto found = store::find_api_key(cell(), made.id).value().value();
  EXPECT_TRUE(auth::same(found.secret, auth::digest(made.secret)));
  EXPECT_EQ(found.name, "mailer");
  EXPECT_THAT(found.scopes, ElementsAre("enqueue", "work"));
  EXPECT_THAT(found.queue_patterns, ElementsAre("mail", "video-*"));
  EXPECT_FALSE(found.expires_at);
  const auto listed = store::list_api_keys(cell(), std::nullopt, 10).value();
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].created_by, "tester");
  EXPECT_FALSE(listed[0].last_used_at);
  EXPECT_THAT(store::list_api_keys(cell(), made.id, 10).value(), IsEmpty());
  EXPECT_FALSE(store::find_api_key(cell(), "aaaaaaaa").value());
}

TEST_F(ApiKeysTest, AreNotFoundOnceTheyAreRevoked) {
  const auto made = auth::make_api_key();
  ASSERT_TRUE(store::create_api_key(cell(), key(made), "tester"));
  EXPECT_TRUE(store::revoke_api_key(cell(), made.id, "tester").value());
  EXPECT_TRUE(store::revoke_api_key(cell(), made.id, "tester").value());
  EXPECT_FALSE(store::find_api_key(cell(), made.id).value());
  EXPECT_TRUE(store::list_api_keys(cell(), std::nullopt, 10).value().at(0).revoked_at);
  EXPECT_FALSE(store::revoke_api_key(cell(), "aaaaaaaa", "tester").value());
  EXPECT_THAT(audited(), ElementsAre("tester create_api_key", "tester revoke_api_key"));
}

TEST_F(ApiKeysTest, AreNotFoundOnceTheyHaveExpired) {
  const auto made = auth::make_api_key();
  auto ending = key(made);
  ending.expires_at = TimePoint(std::chrono::sys_days{std::chrono::year{2999} / 1 / 1});
  ASSERT_TRUE(store::create_api_key(cell(), ending, "tester"));
  EXPECT_EQ(store::find_api_key(cell(), made.id).value().value().expires_at, ending.expires_at);
  db().run("UPDATE api_keys SET created_at = '2000-01-01', expires_at = clock_timestamp()");
  EXPECT_FALSE(store::find_api_key(cell(), made.id).value());
}

TEST_F(ApiKeysTest, AreRefusedWhenAValueIsWrong) {
  const auto good = key(auth::make_api_key());
  std::vector<store::ApiKeyRecord> wrong(7, good);
  wrong[0].id = "UPPER234";
  wrong[1].name = "no name";
  wrong[2].scopes = {"root"};
  wrong[3].scopes = {};
  wrong[4].queue_patterns = {};
  wrong[5].queue_patterns = {"mail", "*bad"};
  wrong[6].expires_at = TimePoint(std::chrono::sys_days{std::chrono::year{2000} / 1 / 1});
  for (const auto& each : wrong) {
    const auto refused = store::create_api_key(cell(), each, "tester");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  ASSERT_TRUE(store::create_api_key(cell(), good, "tester"));
  EXPECT_THAT(store::create_api_key(cell(), good, "tester").error().message, HasSubstr(good.id));
  EXPECT_THAT(audited(), ElementsAre("tester create_api_key"));
}

TEST_F(ApiKeysTest, NoteTheirUseAtMostOnceAMinute) {
  const auto made = auth::make_api_key();
  ASSERT_TRUE(store::create_api_key(cell(), key(made), "tester"));
  const auto used = [&] { return store::list_api_keys(cell(), std::nullopt, 1).value().at(0).last_used_at; };
  ASSERT_TRUE(store::find_api_key(cell(), made.id));
  EXPECT_FALSE(used()) << "asking for it is not yet using it";
  ASSERT_TRUE(store::touch_api_key(cell(), made.id));
  ASSERT_TRUE(used());
  const auto set_back = [&](const char* interval) {
    db().run(fmt::format("UPDATE api_keys SET last_used_at = clock_timestamp() - interval '{}'", interval));
    return used();
  };
  const auto lately = set_back("30 s");
  ASSERT_TRUE(store::touch_api_key(cell(), made.id));
  EXPECT_EQ(used(), lately);
  const auto earlier = set_back("61 s");
  ASSERT_TRUE(store::touch_api_key(cell(), made.id));
  EXPECT_GT(used(), earlier);
}

class SigningKeysTest : public AccessTest {
 protected:
  bool rotate_key(Session& session, const std::string& id, seconds older_than = seconds(0),
                  seconds overlap = seconds(960)) {
    return store::rotate_signing_key(session.cell(), id, secret_of(id), older_than, overlap, "server")
        .value();
  }
  bool rotate_key(const std::string& id, seconds older_than = seconds(0), seconds overlap = seconds(960)) {
    return rotate_key(db(), id, older_than, overlap);
  }
  static std::string secret_of(const std::string& id) { return id + '\0' + '\xff' + std::string(32, 's'); }
  std::vector<std::string> live() {
    std::vector<std::string> ids;
    for (const auto& each : store::live_signing_keys(cell()).value()) {
      EXPECT_EQ(each.secret, secret_of(each.id));
      ids.push_back(each.id);
    }
    return ids;
  }
};

TEST_F(SigningKeysTest, AreAtMostTwoTheOneThatSignsFirst) {
  EXPECT_THAT(live(), IsEmpty());
  EXPECT_TRUE(rotate_key("k1"));
  EXPECT_THAT(live(), ElementsAre("k1"));
  EXPECT_TRUE(rotate_key("k2"));
  EXPECT_THAT(live(), ElementsAre("k2", "k1"));
  EXPECT_TRUE(rotate_key("k3"));
  EXPECT_THAT(live(), ElementsAre("k3", "k2"));
  EXPECT_EQ(db().number("SELECT count(*) FROM signing_keys"), 2);
}

TEST_F(SigningKeysTest, RetireWhenWhatTheyHaveSignedIsOver) {
  EXPECT_TRUE(rotate_key("k1"));
  EXPECT_TRUE(rotate_key("k2", seconds(0), seconds(0)));
  EXPECT_THAT(live(), ElementsAre("k2"));
}

TEST_F(SigningKeysTest, StayUntilTheyAreOldEnough) {
  EXPECT_TRUE(rotate_key("k1", hours(1)));
  EXPECT_FALSE(rotate_key("k2", hours(1)));
  EXPECT_THAT(live(), ElementsAre("k1"));
  db().run("UPDATE signing_keys SET created_at = created_at - interval '1 hour'");
  EXPECT_TRUE(rotate_key("k2", hours(1)));
  EXPECT_THAT(live(), ElementsAre("k2", "k1"));
  EXPECT_THAT(audited(), ElementsAre("server rotate_signing_key", "server rotate_signing_key"));
}

TEST_F(SigningKeysTest, AreBroughtByOneOfTwoServersThatFindNone) {
  auto first = another();
  auto second = another();
  first.run("BEGIN");
  ASSERT_TRUE(rotate_key(first, "of the first", hours(1)));
  auto late = std::async(std::launch::async, [&] { return rotate_key(second, "of the second", hours(1)); });
  wait_until_blocked(db(), second.backend());
  first.run("COMMIT");
  EXPECT_FALSE(late.get());
  EXPECT_THAT(live(), ElementsAre("of the first"));
}

TEST_F(SigningKeysTest, AreRefusedWhenTheyAreShortOrKnown) {
  EXPECT_TRUE(rotate_key("k1"));
  const auto refusal = [&](const std::string& id, const std::string& secret, seconds overlap) {
    return store::rotate_signing_key(cell(), id, secret, seconds(0), overlap, "server").error();
  };
  const std::string good(32, 'z');
  for (const auto& refused :
       {refusal("k2", std::string(31, 'z'), seconds(1)), refusal("k2", std::string(65, 'z'), seconds(1)),
        refusal("", good, seconds(1)), refusal("k1", good, seconds(1)), refusal("k2", good, seconds(-1)),
        refusal("k2", good, hours(25))}) {
    EXPECT_EQ(refused.code, ErrorCode::invalid_argument);
    EXPECT_THAT(to_string(refused), Not(HasSubstr("zzz")));
  }
  EXPECT_THAT(live(), ElementsAre("k1"));
}

class AuditTest : public AccessTest {};

TEST_F(AuditTest, IsListedNewestFirstInPages) {
  for (const auto* name : {"anna", "bert", "carl"}) user(name);
  const auto page = store::list_audit(cell(), std::nullopt, 2).value();
  ASSERT_THAT(page, SizeIs(2));
  EXPECT_THAT(page[0].detail, HasSubstr("carl"));
  EXPECT_THAT(page[1].detail, HasSubstr("bert"));
  EXPECT_EQ(page[0].actor, "tester");
  EXPECT_EQ(page[0].action, "create_user");
  EXPECT_GE(page[0].at, page[1].at);
  const auto rest = store::list_audit(cell(), page[1].id, 2).value();
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_THAT(rest[0].detail, HasSubstr("anna"));
  EXPECT_EQ(store::list_audit(cell(), std::nullopt, 0).error().code, ErrorCode::invalid_argument);
}

TEST_F(AuditTest, HoldsNoSecretAndNoHash) {
  const auto id = user();
  const auto made = auth::make_api_key();
  ASSERT_TRUE(store::create_api_key(cell(), key(made), "tester"));
  ASSERT_TRUE(store::revoke_api_key(cell(), made.id, "tester"));
  ASSERT_TRUE(store::set_password(cell(), "anna", other_hash, "tester"));
  ASSERT_TRUE(store::set_user_scopes(cell(), "anna", reading, "tester"));
  open(id, "t1");
  ASSERT_EQ(rotate("t1", "t2"), RotateAnswer::rotated);
  ASSERT_EQ(rotate("t1", "t3"), RotateAnswer::reused);
  ASSERT_TRUE(
      store::rotate_signing_key(cell(), "k1", std::string(32, 'z'), seconds(0), seconds(0), "server"));
  ASSERT_TRUE(store::disable_user(cell(), "anna", "tester"));
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 9);
  // Each secret and each hash, as text and as hex, which is how bytea would show.
  EXPECT_EQ(db().column("WITH secrets AS ("
                        "SELECT password_hash AS secret FROM users UNION SELECT encode(token_hash, 'hex') "
                        "FROM sessions UNION SELECT encode(hash, 'hex') FROM used_tokens UNION SELECT "
                        "encode(secret_hash, 'hex') FROM api_keys UNION SELECT encode(secret, 'hex') FROM "
                        "signing_keys UNION SELECT convert_from(secret, 'UTF8') FROM signing_keys) "
                        "SELECT action FROM audit, secrets WHERE position(secret IN audit::text) > 0"),
            std::vector<std::string>{});
  EXPECT_EQ(db().number("SELECT count(*) FROM audit WHERE position('$2b$' IN audit::text) > 0"), 0);
}

// Which functions may answer something secret is said here, so that no list begins to.
TEST_F(AuditTest, AndListsAnswerNoColumnThatIsSecret) {
  EXPECT_THAT(db().column("SELECT DISTINCT p.proname::text FROM pg_proc p, unnest(p.proargnames, "
                          "p.proargmodes) AS a(name, mode) "
                          "WHERE p.pronamespace = current_schema()::regnamespace AND a.mode = 't' "
                          "AND a.name ~ 'hash|secret|password' ORDER BY 1"),
              ElementsAre("find_api_key", "find_user", "live_signing_keys", "push_plan"));
}

}  // namespace
}  // namespace equeue::tests
