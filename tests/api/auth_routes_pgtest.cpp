// Logins, users, keys and the audit over the wire.
#include "auth/access_token.hpp"
#include "auth/password.hpp"
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int cheap = 4;  // of bcrypt
const std::string the_password = "correct horse battery";

// Each test has a user, and by the limit on logins a server, of its own.
class AuthRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (IsSkipped()) return;
    name_ = "user-" + queue_;
    make_user(name_, "admin");
  }
  void make_user(const std::string& name, const std::string& scopes) const {
    query("SELECT equeue.create_user('" + name + "', '" + auth::hash_password(the_password, cheap).value() +
          "', '{" + scopes + "}')");
  }
  tests::HttpAnswer log_in(const std::string& name, const std::string& password = the_password) {
    return post("/v1/login", R"({"name":")" + name + R"(","password":")" + password + "\"}", "");
  }
  tests::HttpAnswer refresh(const std::string& token) {
    return post("/v1/refresh", R"({"refresh_token":")" + token + "\"}", "");
  }
  tests::HttpAnswer call(const std::string& method, const std::string& target, const std::string& body,
                         const std::string& credentials) {
    return client_->call({.method = method, .target = target, .body = body, .credentials = credentials});
  }
  int looks(const std::string& token) { return get("/v1/queues", token).status; }
  // Within what Guard remembers.
  bool is_void_soon(const std::string& token) {
    return tests::eventually([&] { return looks(token) == 401; });
  }
  std::string audited(const std::string& action) {
    return query("SELECT actor FROM equeue.audit WHERE action = '" + action + "' ORDER BY id DESC LIMIT 1");
  }
  // What signs now, and a good token's parts.
  auth::SigningKey signing_key() const {
    auto secret = query("SELECT encode(secret, 'escape') FROM equeue.signing_keys WHERE retires_at IS NULL");
    return {.id = "k", .secret = std::move(secret)};
  }

  std::string name_;
};

TEST_F(AuthRoutes, LogInByPasswordAndTheTokenOpensWhatTheUserMay) {
  const auto answer = log_in(name_);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.text("expires_in"), "900");
  EXPECT_EQ(looks(answer.text("access_token")), 200);
  EXPECT_EQ(audited("login"), "user:" + name_);
}

TEST_F(AuthRoutes, SayTheSameOfAWrongNameAndAWrongPassword) {
  const auto wrong = log_in(name_, "wrong horse battery");
  const auto nobody = log_in("nobody", "wrong horse battery");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(wrong.text("detail"), nobody.text("detail"));
  query("SELECT equeue.disable_user('" + name_ + "')");
  const auto disabled = log_in(name_);
  EXPECT_EQ(disabled.status, 401);
  EXPECT_EQ(disabled.text("detail"), nobody.text("detail"));
}

TEST_F(AuthRoutes, SlowDownWhoGuessesAndNobodyElse) {
  make_user("other-" + name_, "read");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(log_in(name_, "x").status, 401);
  const auto one_more = log_in(name_);
  EXPECT_EQ(one_more.status, 429);
  EXPECT_EQ(one_more.text("code"), "too_many_logins");
  EXPECT_GE(std::stoi(one_more.header("retry-after")), 1);
  EXPECT_EQ(log_in("other-" + name_).status, 200);
}

TEST_F(AuthRoutes, SlowDownAnAddressThatTriesManyNames) {
  for (int i = 0; i < 8; ++i) make_user(fmt::format("{}-{}", name_, i), "read");
  int refused = 0;
  for (int i = 0; i < 64; ++i)
    refused += log_in(fmt::format("{}-{}", name_, i % 8), "x").text("code") == "too_many_logins" ? 1 : 0;
  EXPECT_GE(refused, 1) << "no name was tried ten times";
}

TEST_F(AuthRoutes, CountWhoAsksThroughATrustedProxyByHisOwnAddress) {
  start({.trusted_proxies = {builtin::parse_cidr("127.0.0.1").value()}});
  for (int i = 0; i < 8; ++i) make_user(fmt::format("{}-{}", name_, i), "read");
  const auto from = [&](const std::string& address, int i) {
    return client_->call({.method = "POST",
                          .target = "/v1/login",
                          .body = fmt::format(R"({{"name":"{}-{}","password":"x"}})", name_, i % 8),
                          .headers = {"X-Forwarded-For: 203.0.113.9, " + address}});
  };
  const auto refused_of_64 = [&](auto address) {
    int refused = 0;
    for (int i = 0; i < 64; ++i)
      refused += from(address(i), i).text("detail").find("address") != std::string::npos;
    return refused;
  };
  EXPECT_GE(refused_of_64([](int) { return std::string("198.51.100.7"); }), 1);
  EXPECT_EQ(from("198.51.100.8", 0).text("detail").find("address"), std::string::npos) << "another client";
}

TEST_F(AuthRoutes, BelieveNobodyElseWhoHeIs) {
  for (int i = 0; i < 8; ++i) make_user(fmt::format("{}-{}", name_, i), "read");
  int refused = 0;
  for (int i = 0; i < 64; ++i) {
    const auto answer =
        client_->call({.method = "POST",
                       .target = "/v1/login",
                       .body = fmt::format(R"({{"name":"{}-{}","password":"x"}})", name_, i % 8),
                       .headers = {fmt::format("X-Forwarded-For: 198.51.100.{}", i)}});
    refused += answer.text("code") == "too_many_logins" ? 1 : 0;
  }
  EXPECT_GE(refused, 1) << "a header of his own does not make him another";
}

TEST_F(AuthRoutes, LetAUserChangeHisOwnPasswordAndEndAllOtherSessions) {
  const auto lost = log_in(name_);
  const auto own = log_in(name_);
  const std::string another = "another horse battery";
  const auto change = [&](const std::string& present, const std::string& next, const std::string& token) {
    return call("PUT", "/v1/password",
                R"({"current_password":")" + present + R"(","password":")" + next + "\"}", token);
  };
  const auto wrong = change("wrong horse battery", another, own.text("access_token"));
  EXPECT_EQ(wrong.status, 403) << wrong.body;
  EXPECT_EQ(wrong.text("code"), "wrong_password");
  EXPECT_EQ(change(the_password, "short", own.text("access_token")).status, 400);
  EXPECT_EQ(change(the_password, another, key("admin")).status, 403) << "a key is nobody";
  EXPECT_EQ(change(the_password, another, "").status, 401);
  EXPECT_EQ(looks(lost.text("access_token")), 200) << "nothing has changed so far";

  const auto changed = change(the_password, another, own.text("access_token"));
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.header("cache-control"), "no-store");
  EXPECT_EQ(audited("set_password"), "user:" + name_);
  EXPECT_EQ(looks(lost.text("access_token")), 401);
  EXPECT_EQ(refresh(lost.text("refresh_token")).status, 401);
  EXPECT_EQ(looks(own.text("access_token")), 401);
  EXPECT_EQ(looks(changed.text("access_token")), 200);
  EXPECT_EQ(refresh(changed.text("refresh_token")).status, 200);
  EXPECT_EQ(log_in(name_).status, 401);
  EXPECT_EQ(log_in(name_, another).status, 200);
}

TEST_F(AuthRoutes, SlowDownWhoGuessesThePresentPassword) {
  const auto token = log_in(name_).text("access_token");
  const auto guess = [&] {
    return call("PUT", "/v1/password", R"({"current_password":"x","password":"long enough to be good"})",
                token);
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(guess().status, 403);
  EXPECT_EQ(guess().text("code"), "too_many_logins");
}

TEST_F(AuthRoutes, RotateARefreshTokenAndRevokeAllWhenAnOldOneComesAgain) {
  const auto first = log_in(name_);
  const auto second = refresh(first.text("refresh_token"));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.header("cache-control"), "no-store");
  EXPECT_NE(second.text("refresh_token"), first.text("refresh_token"));
  EXPECT_EQ(looks(second.text("access_token")), 200);

  EXPECT_EQ(refresh(first.text("refresh_token")).status, 401) << "used before";
  EXPECT_EQ(audited("reuse_token"), "user:" + name_);
  EXPECT_EQ(looks(second.text("access_token")), 401) << "felt at once here";
  EXPECT_EQ(looks(first.text("access_token")), 401);
  EXPECT_EQ(refresh(second.text("refresh_token")).status, 401);
}

TEST_F(AuthRoutes, EndASessionByLogout) {
  const auto ended = log_in(name_);
  const auto other = log_in(name_);
  EXPECT_EQ(looks(ended.text("access_token")), 200);
  const auto body = R"({"refresh_token":")" + ended.text("refresh_token") + "\"}";
  EXPECT_EQ(post("/v1/logout", body, "").status, 204);
  EXPECT_EQ(looks(ended.text("access_token")), 401);
  EXPECT_EQ(refresh(ended.text("refresh_token")).status, 401);
  EXPECT_EQ(looks(other.text("access_token")), 200);
  EXPECT_EQ(post("/v1/logout", body, "").status, 204) << "it is over already";
}

TEST_F(AuthRoutes, FeelARevocationThatWasMadeElsewhere) {
  const auto session = log_in(name_);
  EXPECT_EQ(looks(session.text("access_token")), 200);
  query("UPDATE equeue.sessions SET revoked_at = now()");
  EXPECT_TRUE(is_void_soon(session.text("access_token")));
}

TEST_F(AuthRoutes, TakeNoTokenButTheirOwn) {
  const auto login = log_in(name_);
  const auto session =
      query("SELECT id FROM equeue.sessions WHERE user_id = (SELECT id FROM equeue.users WHERE name = '" +
            name_ + "')");
  const auth::AccessToken good{.user_id = query("SELECT id FROM equeue.users WHERE name = '" + name_ + "'"),
                               .user_name = name_,
                               .session_id = session,
                               .scopes = {auth::Scope::admin},
                               .generation = 1};
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const auto key = signing_key();
  EXPECT_EQ(looks(issue(good, key, now)), 200) << "else the rest would prove nothing";
  EXPECT_EQ(looks(issue(good, key, now - std::chrono::minutes(16))), 401) << "expired";
  EXPECT_EQ(looks(issue(good, key, now + std::chrono::minutes(5))), 401) << "not valid yet";
  EXPECT_EQ(looks(issue(good, {"k", std::string(43, 'x')}, now)), 401) << "another key";
  auto other = good;
  other.session_id = to_string(make_job_id());
  EXPECT_EQ(looks(issue(other, key, now)), 401) << "no session";
  other = good;
  other.generation = 2;
  EXPECT_EQ(looks(issue(other, key, now)), 401) << "another generation";
  other = good;
  make_user("second-" + name_, "read");
  other.user_id = query("SELECT id FROM equeue.users WHERE name = 'second-" + name_ + "'");
  EXPECT_EQ(looks(issue(other, key, now)), 401) << "another's session";

  const auto token = login.text("access_token");
  const auto claims = token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
  // {"alg":"none","typ":"JWT"} and {"alg":"none"}, without a signature and with one.
  for (const std::string header : {"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJub25lIn0"}) {
    EXPECT_EQ(looks(header + "." + claims + "."), 401);
    EXPECT_EQ(looks(header + "." + claims + token.substr(token.rfind('.'))), 401);
  }
  for (const auto* bad : {"x", "..", "eq_aaaaaaaa_b", "eq_"}) EXPECT_EQ(looks(bad), 401) << bad;
  EXPECT_EQ(looks(token), 200);
}

TEST_F(AuthRoutes, ManageUsersAndFeelEachChangeAtOnce) {
  const auto admin = log_in(name_).text("access_token");
  const auto made = "new-" + name_;
  const auto created =
      post("/v1/users",
           R"({"name":")" + made + R"(","password":")" + the_password + R"(","scopes":["read"]})", admin);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(audited("create_user"), "user:" + name_);
  const auto again =
      post("/v1/users",
           R"({"name":")" + made + R"(","password":")" + the_password + R"(","scopes":["read"]})", admin);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.text("code"), "user_exists");

  const auto reader = log_in(made);
  EXPECT_EQ(looks(reader.text("access_token")), 200);
  EXPECT_EQ(call("PUT", "/v1/users/" + made + "/scopes", R"({"scopes":["enqueue"]})", admin).status, 204);
  EXPECT_EQ(looks(reader.text("access_token")), 401) << "void by another generation";
  const auto changed = refresh(reader.text("refresh_token"));
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(looks(changed.text("access_token")), 403);

  EXPECT_EQ(
      call("PUT", "/v1/users/" + made + "/password", R"({"password":"another horse battery"})", admin).status,
      204);
  EXPECT_EQ(refresh(changed.text("refresh_token")).status, 401) << "all sessions end";
  EXPECT_EQ(log_in(made).status, 401);
  const auto renewed = log_in(made, "another horse battery");
  EXPECT_EQ(renewed.status, 200);

  EXPECT_EQ(call("POST", "/v1/users/" + made + "/disable", "", admin).status, 204);
  EXPECT_EQ(looks(renewed.text("access_token")), 401);
  EXPECT_EQ(log_in(made, "another horse battery").status, 401);
  EXPECT_EQ(call("POST", "/v1/users/" + made + "/enable", "", admin).status, 204);
  EXPECT_EQ(log_in(made, "another horse battery").status, 200);
  EXPECT_EQ(call("POST", "/v1/users/nobody-here/disable", "", admin).status, 404);

  const auto listed = get("/v1/users?limit=500", admin);
  EXPECT_THAT(listed.body, HasSubstr("\"" + made + "\""));
  EXPECT_THAT(listed.body, Not(HasSubstr("$2b$")));
}

TEST_F(AuthRoutes, RefuseUsersThatBreakARuleInWordsOfTheirOwn) {
  const auto admin = key("admin");
  const auto bodies = {R"({"name":"Bad Name","password":"long enough to be good","scopes":["read"]})",
                       R"({"name":"good","password":"short","scopes":["read"]})",
                       R"({"name":"good","password":"long enough to be good","scopes":[]})",
                       R"({"name":"good","password":"long enough to be good","scopes":["root"]})",
                       R"({"name":"good","password":"long enough to be good"})"};
  for (const auto* body : bodies) {
    const auto answer = post("/v1/users", body, admin);
    EXPECT_EQ(answer.status, 400) << body << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(R"("pointer":"/)")) << body;
    EXPECT_THAT(answer.body, Not(HasSubstr("constraint"))) << body;
    EXPECT_THAT(answer.body, Not(HasSubstr("long enough"))) << body;
  }
}

TEST_F(AuthRoutes, MakeAKeyThatIsShownOnceAndWorksUntilItIsRevoked) {
  const auto admin = key("admin");
  const auto made = post(
      "/v1/keys",
      R"({"name":"mailer","scopes":["read"],"queues":["mail*"],"expires_at":"2099-01-01T00:00:00Z"})", admin);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.header("cache-control"), "no-store");
  EXPECT_EQ(audited("create_api_key"), "key:" + admin.substr(3, 8));
  const auto secret = made.text("key");
  EXPECT_EQ(looks(secret), 200);
  std::string listed;
  for (std::string target = "/v1/keys?limit=2"; !target.empty();) {
    const auto page = get(target, admin);
    ASSERT_EQ(page.status, 200) << page.body;
    listed += page.body;
    const auto next = page.text("next");
    target = next == "null" ? "" : "/v1/keys?limit=2&cursor=" + next;
  }
  EXPECT_THAT(listed, HasSubstr("\"" + made.text("id") + "\""));
  EXPECT_THAT(listed, Not(HasSubstr(secret.substr(12))));
  EXPECT_EQ(call("DELETE", "/v1/keys/" + made.text("id"), "", admin).status, 204);
  EXPECT_EQ(looks(secret), 401) << "felt at once here";
  EXPECT_EQ(call("DELETE", "/v1/keys/aaaaaaaa", "", admin).status, 404);
}

TEST_F(AuthRoutes, LetNobodyGiveMoreThanHeHas) {
  const auto narrow = key("admin", "mail*");
  const auto keys = [&](const std::string& queues) {
    return post("/v1/keys", R"({"name":"k","scopes":["admin"],"queues":)" + queues + "}", narrow);
  };
  EXPECT_EQ(keys(R"(["mail-out","mail-in*"])").status, 201);
  for (const auto* more : {R"(["*"])", R"(["mai*"])", R"(["video"])", R"(["mail-out","*"])"})
    EXPECT_EQ(keys(more).status, 403) << more;
  const auto own = post("/v1/keys", R"({"name":"k","scopes":["admin"]})", narrow);
  ASSERT_EQ(own.status, 201) << own.body;
  EXPECT_THAT(own.body, HasSubstr(R"("queues":["mail*"])")) << "unless it says otherwise, his own";

  const auto wide = key("read");
  EXPECT_EQ(call("DELETE", "/v1/keys/" + wide.substr(3, 8), "", narrow).status, 404);
  EXPECT_EQ(looks(wide), 200);
  EXPECT_THAT(get("/v1/keys?limit=500", narrow).body, Not(HasSubstr(wide.substr(3, 8))));
  // Users have all queues.
  EXPECT_EQ(post("/v1/users", R"({"name":"u","password":"long enough to be good","scopes":["read"]})", narrow)
                .status,
            403);
  EXPECT_EQ(
      call("PUT", "/v1/users/" + name_ + "/password", R"({"password":"long enough to be good"})", narrow)
          .status,
      403);
  EXPECT_EQ(call("POST", "/v1/users/" + name_ + "/disable", "", narrow).status, 403);
  EXPECT_EQ(get("/v1/users", narrow).status, 403);
  EXPECT_EQ(get("/v1/audit", narrow).status, 403);
}

TEST_F(AuthRoutes, ShowTheAuditPageByPage) {
  const auto admin = key("admin");
  const auto before = query("SELECT count(*) FROM equeue.audit");
  std::vector<std::int64_t> ids;
  for (std::string target = "/v1/audit?limit=3"; !target.empty();) {
    const auto page = get(target, admin);
    ASSERT_EQ(page.status, 200) << page.body;
    const auto document = page.json();
    for (const auto& entry : document.at("entries").as_array()) ids.push_back(entry.at("id").as_int64());
    const auto next = page.text("next");
    target = next == "null" ? "" : "/v1/audit?limit=3&cursor=" + next;
  }
  EXPECT_EQ(std::to_string(ids.size()), before);
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::greater{}));
  EXPECT_EQ(get("/v1/audit?cursor=" + get("/v1/keys?limit=1", admin).text("next"), admin).status, 400)
      << "a cursor of another list";
}

}  // namespace
}  // namespace equeue
