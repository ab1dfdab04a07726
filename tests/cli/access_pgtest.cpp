#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>

#include "auth/password.hpp"
#include "auth/secret.hpp"
#include "tests/cli/person.hpp"
#include "tests/embedded/query.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* good = "correct horse battery";

class Access : public CliTest {
 protected:
  // The first column of the only row, as the database's owner reads it; "" when there is none.
  std::string ask(const std::string& sql) const { return embedded::query(database_->url(), sql); }
  bool logs_in(const std::string& user, const std::string& password) const {
    const auto hash = ask("SELECT password_hash FROM equeue.users WHERE name = '" + user + "'");
    return auth::verify_password(password, hash);
  }
  std::string last_audit() const {
    return ask("SELECT concat_ws(' ', actor, action, detail) FROM equeue.audit ORDER BY id DESC LIMIT 1");
  }
  // Refused, with these words in what it says, and nothing was made.
  void refused(const std::vector<std::string>& words, const std::string& input,
               const std::string& says) const {
    EXPECT_THAT(expect(2, words, input).err, HasSubstr(says)) << fmt::format("{}", fmt::join(words, " "));
    EXPECT_EQ(ask("SELECT (SELECT count(*) FROM equeue.users) + (SELECT count(*) FROM equeue.api_keys)"),
              "0");
  }
};

class Users : public Access {
 protected:
  void add(const std::string& name) const {
    expect(0, {"users", "add", name, "--scope", "read", "--password-stdin"}, good);
  }
};

TEST_F(Users, AreAddedWithAPasswordFromStdin) {
  const auto ran = expect(0, {"users", "add", "anna", "--scope", "work,enqueue", "--password-stdin"},
                          std::string(good) + "\n");
  EXPECT_EQ(ran.out, "user 'anna' added, who may enqueue, work\n");
  EXPECT_TRUE(logs_in("anna", good));
  EXPECT_EQ(last_audit(), R"(tester create_user {"user": "anna", "scopes": ["enqueue", "work"]})");
  expect(0, {"users", "add", "bert", "--scope", "read", "--scope", "work", "--password-stdin"}, good);
  EXPECT_EQ(ask("SELECT scopes FROM equeue.users WHERE name = 'bert'"), "{work,read}");
}

TEST_F(Users, GetAGeneratedPasswordAloneOnStdout) {
  const auto ran = expect(0, {"users", "add", "anna", "--scope", "admin", "--generate"});
  EXPECT_THAT(ran.out, MatchesRegex("[A-Za-z0-9_-]{24}\n"));
  EXPECT_THAT(ran.err, HasSubstr("once"));
  EXPECT_TRUE(logs_in("anna", ran.out.substr(0, 24)));
  const auto made = boost::json::parse(program_.line({"users", "passwd", "anna", "--generate", "--json"}));
  EXPECT_EQ(made.at("name").as_string(), "anna");
  EXPECT_TRUE(logs_in("anna", std::string(made.at("password").as_string())));
  EXPECT_FALSE(logs_in("anna", ran.out.substr(0, 24)));
}

TEST_F(Users, TypeTheirPasswordTwiceAndUnseen) {
  Person person(program_, {"users", "add", "anna", "--scope", "admin"});
  ASSERT_TRUE(person.sees("New password of 'anna'")) << person.screen();
  EXPECT_FALSE(person.has_echo());
  person.types(std::string(good) + "\n");
  ASSERT_TRUE(person.sees("The same again")) << person.screen();
  EXPECT_FALSE(person.has_echo());
  person.types(std::string(good) + "\n");
  ASSERT_TRUE(person.sees("user 'anna' added")) << person.screen();
  EXPECT_EQ(person.end(), 0);
  EXPECT_THAT(person.screen(), Not(HasSubstr("horse")));
  EXPECT_TRUE(logs_in("anna", good));
}

TEST_F(Users, AreNotAddedWithTwoPasswordsThatDiffer) {
  Person person(program_, {"users", "add", "anna", "--scope", "admin"});
  ASSERT_TRUE(person.sees("New password"));
  person.types("correct horse battery\n");
  ASSERT_TRUE(person.sees("The same again"));
  person.types("correct house battery\n");
  ASSERT_TRUE(person.sees("differ")) << person.screen();
  EXPECT_EQ(person.end(), 2);
  EXPECT_EQ(ask("SELECT count(*) FROM equeue.users"), "0");
}

TEST_F(Users, GetTheirTerminalBackWhenTheyInterrupt) {
  Person person(program_, {"users", "add", "anna", "--scope", "admin"});
  ASSERT_TRUE(person.sees("New password"));
  person.types("half a pass\x03");
  EXPECT_EQ(person.end(), -SIGINT);
  EXPECT_TRUE(person.has_echo());
  EXPECT_THAT(person.screen(), Not(HasSubstr("half")));
  EXPECT_EQ(ask("SELECT count(*) FROM equeue.users"), "0");
}

TEST_F(Users, AreRefusedForWhatIsWrong) {
  const auto add = [](const std::string& name, const std::string& scope) {
    return std::vector<std::string>{"users", "add", name, "--scope", scope, "--password-stdin"};
  };
  refused(add("Anna", "read"), good, "'Anna' is not a user's name");
  refused(add("anna", "raed"), good, "did you mean read?");
  refused(add("anna", ","), good, "at least one scope");
  refused({"users", "add", "anna", "--password-stdin"}, good, "--scope");
  refused({"users", "add", "anna", "--scope", "read"}, good, "--password-stdin");
  refused({"users", "add", "anna", "--scope", "read", "--generate", "--password-stdin"}, good, "exclude");
  refused(add("anna", "read"), "", "no password on stdin");
  refused(add("anna", "read"), "\n", "no password on stdin");
  refused(add("anna", "read"), "short", "at least 12 bytes");
  refused(add("anna", "read"), std::string(73, 'a'), "at most 72 bytes");
  refused(add("anna", "read"), std::string(5'000, 'a'), "at most 72 bytes");
  refused(add("anna", "read"), "two lines of\npasswords\n", "more than one line");
  refused(add("anna", "read"), std::string("a NUL byte \0 in it", 18), "NUL");
  refused({"users", "add", "anna", good, "--scope", "read"}, "", "does not take the argument");
}

TEST_F(Users, AreNotAddedTwice) {
  add("anna");
  const auto ran = expect(2, {"users", "add", "anna", "--scope", "admin", "--generate"});
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("there is a user 'anna' already"));
  EXPECT_TRUE(logs_in("anna", good));
}

TEST_F(Users, AreChangedAndListed) {
  add("anna");
  add("bert");
  EXPECT_EQ(expect(0, {"users", "scopes", "anna", "--scope", "admin,work"}).out,
            "user 'anna' may now work, admin\n");
  expect(0, {"users", "disable", "bert"});
  EXPECT_EQ(last_audit(), R"(tester disable_user {"user": "bert"})");
  const auto table = expect(0, {"users", "list"}).out;
  EXPECT_THAT(table, HasSubstr("work,admin"));
  EXPECT_THAT(table, HasSubstr("disabled"));
  const auto listed = boost::json::parse(program_.line({"users", "list", "--json"}));
  EXPECT_EQ(listed.as_array().size(), 2u);
  EXPECT_EQ(listed.at(0).at("name").as_string(), "anna");
  EXPECT_TRUE(listed.at(0).at("disabled_at").is_null());
  EXPECT_TRUE(listed.at(1).at("disabled_at").is_string());
  for (const auto& out : {table, boost::json::serialize(listed)}) EXPECT_THAT(out, Not(HasSubstr("$2b$")));
  EXPECT_EQ(boost::json::parse(program_.line({"users", "enable", "bert", "--json"})).at("name").as_string(),
            "bert");
  EXPECT_EQ(ask("SELECT disabled_at IS NULL FROM equeue.users WHERE name = 'bert'"), "t");
}

TEST_F(Users, ThatDoNotExistAreSaidSo) {
  EXPECT_THAT(expect(0, {"users", "list"}).err, HasSubstr("no users yet"));
  EXPECT_EQ(program_.line({"users", "list", "--json"}), "[]");
  add("anna");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"users", "disable", "ana"},
                                             {"users", "enable", "ana"},
                                             {"users", "scopes", "ana", "--scope", "read"},
                                             {"users", "passwd", "ana", "--generate"}}) {
    const auto ran = expect(4, words);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("there is no user 'ana'"));
    EXPECT_THAT(ran.err, HasSubstr("did you mean anna?"));
  }
  EXPECT_THAT(expect(4, {"users", "disable", "somebody"}).err, HasSubstr("equeue users list"));
}

class Keys : public Access {
 protected:
  auth::ApiKey create(const std::string& name) const {
    const auto text = program_.line({"keys", "create", name, "--scope", "enqueue"});
    const auto key = auth::parse_api_key(text);
    EXPECT_TRUE(key.has_value()) << text;
    return key.value_or(auth::ApiKey{});
  }
  bool is_live(const std::string& id) const {
    return ask("SELECT revoked_at IS NULL FROM equeue.api_keys WHERE id = '" + id + "'") == "t";
  }
};

TEST_F(Keys, ArePrintedOnceAndAloneOnStdout) {
  const auto ran =
      expect(0, {"keys", "create", "mailer", "--scope", "enqueue", "--queue", "mail*", "--expires", "90d"});
  ASSERT_TRUE(ran.out.ends_with('\n'));
  const auto key = auth::parse_api_key(ran.out.substr(0, ran.out.size() - 1));
  ASSERT_TRUE(key.has_value()) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("once"));
  EXPECT_THAT(ran.err, Not(HasSubstr(key->secret)));
  std::string hash;
  for (const auto byte : auth::digest(key->secret)) hash += fmt::format("{:02x}", byte);
  EXPECT_EQ(ask("SELECT encode(secret_hash, 'hex') FROM equeue.api_keys"), hash);
  EXPECT_EQ(ask("SELECT concat_ws(' ', id, name, scopes, queue_patterns, created_by, "
                "expires_at BETWEEN now() + interval '89 days' AND now() + interval '91 days') "
                "FROM equeue.api_keys"),
            key->id + " mailer {enqueue} {mail*} tester t");
  EXPECT_THAT(ask("SELECT detail FROM equeue.audit"), Not(HasSubstr(key->secret)));
  for (const auto& list : {expect(0, {"keys", "list"}).out, expect(0, {"keys", "list", "--json"}).out}) {
    EXPECT_THAT(list, HasSubstr(key->id));
    EXPECT_THAT(list, HasSubstr("mail*"));
    EXPECT_THAT(list, Not(HasSubstr(key->secret)));
    EXPECT_THAT(list, Not(HasSubstr(hash)));
  }
}

TEST_F(Keys, ComeAsAnObjectWhenAsked) {
  const auto made = boost::json::parse(program_.line(
      {"keys", "create", "all", "--scope", "work,read", "--queue", "a", "--queue", "b,c", "--json"}));
  EXPECT_TRUE(auth::parse_api_key(std::string(made.at("key").as_string())).has_value());
  EXPECT_EQ(made.at("queues"), boost::json::parse(R"(["a", "b", "c"])"));
  EXPECT_EQ(made.at("scopes"), boost::json::parse(R"(["work", "read"])"));
  EXPECT_TRUE(made.at("expires_at").is_null());
  const auto listed = boost::json::parse(program_.line({"keys", "list", "--json"}));
  EXPECT_EQ(listed.at(0).at("id"), made.at("id"));
  EXPECT_FALSE(listed.at(0).as_object().contains("key"));
}

TEST_F(Keys, AreRefusedForWhatIsWrong) {
  const auto create = [](std::vector<std::string> more) {
    std::vector<std::string> words = {"keys", "create"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  refused(create({"No Name", "--scope", "read"}), "", "'No Name' is not a key's name");
  refused(create({"mailer"}), "", "--scope");
  refused(create({"mailer", "--scope", "enqeue"}), "", "did you mean enqueue?");
  refused(create({"mailer", "--scope", "read", "--queue", "ma*il"}), "", "'ma*il' is not a queue pattern");
  refused(create({"mailer", "--scope", "read", "--expires", "0s"}), "", "cannot expire at once");
  refused(create({"mailer", "--scope", "read", "--expires", "soon"}), "", "--expires");
  refused(create({"mailer", "--scope", "read", "--expires", "-90d"}), "", "");
}

TEST_F(Keys, AreRevokedByIdNameOrThemselves) {
  const auto by_id = create("one");
  const auto by_name = create("two");
  const auto by_itself = create("three");
  EXPECT_THAT(expect(0, {"keys", "revoke", by_id.id}).out, HasSubstr("is revoked"));
  EXPECT_FALSE(is_live(by_id.id));
  EXPECT_TRUE(is_live(by_name.id));
  EXPECT_EQ(last_audit(), fmt::format(R"(tester revoke_api_key {{"key": "{}", "name": "one"}})", by_id.id));
  EXPECT_EQ(boost::json::parse(program_.line({"keys", "revoke", "two", "--json"})).at("id").as_string(),
            by_name.id);
  EXPECT_FALSE(is_live(by_name.id));
  const auto ran = expect(0, {"keys", "revoke", to_string(by_itself)});
  EXPECT_FALSE(is_live(by_itself.id));
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr(by_itself.secret)));
  EXPECT_THAT(expect(0, {"keys", "list"}).out, HasSubstr("revoked"));
}

TEST_F(Keys, AreNotRevokedByANameThatSeveralHave) {
  const auto first = create("mailer");
  const auto second = create("mailer");
  const auto ran = expect(2, {"keys", "revoke", "mailer"});
  EXPECT_THAT(ran.err, HasSubstr(first.id));
  EXPECT_THAT(ran.err, HasSubstr(second.id));
  EXPECT_TRUE(is_live(first.id) && is_live(second.id));
  expect(0, {"keys", "revoke", first.id});
  // Now it is the only one that is still good.
  expect(0, {"keys", "revoke", "mailer"});
  EXPECT_FALSE(is_live(second.id));
  EXPECT_THAT(expect(0, {"keys", "revoke", "mailer"}).out, HasSubstr("before"));
}

TEST_F(Keys, ThatDoNotExistAreSaidSo) {
  EXPECT_THAT(expect(0, {"keys", "list"}).err, HasSubstr("no API keys yet"));
  create("mailer");
  EXPECT_THAT(expect(4, {"keys", "revoke", "mailr"}).err, HasSubstr("did you mean mailer?"));
  const auto unknown = auth::make_api_key();
  const auto ran = expect(4, {"keys", "revoke", to_string(unknown)});
  EXPECT_THAT(ran.err, HasSubstr(unknown.id));
  EXPECT_THAT(ran.err, Not(HasSubstr(unknown.secret)));
}

}  // namespace
}  // namespace equeue::tests
