#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "auth/password.hpp"
#include "embedded/cluster.hpp"
#include "tests/cli/program.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

// A PostgreSQL that `equeue dev` started; this test uses it as well, and so can look into it.
class FirstLogin : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* shared = std::getenv("EQUEUE_TEST_CLUSTER");
        shared && std::string(shared).ends_with("newer_cluster")) {
      GTEST_SKIP() << "runs once, with the machine's own PostgreSQL";
    }
    auto cluster = embedded::Cluster::start({.data_folder = data_, .search_path = std::getenv("PATH")});
    ASSERT_TRUE(cluster) << to_string(cluster.error());
    cluster_.emplace(std::move(*cluster));
    ASSERT_TRUE(cluster_->create_database("equeue"));
  }
  void TearDown() override {
    cluster_.reset();
    if (auto removed = embedded::Cluster::remove(data_); !removed)
      ADD_FAILURE() << to_string(removed.error());
  }

  // The first column of the first row; "" when there is none, or it cannot be asked yet.
  std::string ask(const char* sql) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> reader{PQconnectdb(cluster_->url("equeue").c_str()),
                                                              &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> rows{PQexec(reader.get(), sql), &PQclear};
    return PQntuples(rows.get()) == 0 ? "" : PQgetvalue(rows.get(), 0, 0);
  }

  // `equeue dev` until its worker is there; from then on it says all that it has to say.
  Ran dev(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"dev", "--data", "data"};
    words.insert(words.end(), more.begin(), more.end());
    std::stop_source stop;
    Ran ran;
    {
      const std::jthread running([&] { ran = program_.run(words, "", stop.get_token()); });
      EXPECT_TRUE(eventually([&] { return ask("SELECT count(*) FROM equeue.workers") == "1"; }));
      stop.request_stop();
    }
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    EXPECT_EQ(ask("SELECT count(*) FROM equeue.workers"), "0");
    return ran;
  }

  Program program_;
  std::filesystem::path data_ = program_.folder() / "data";
  std::optional<embedded::Cluster> cluster_;
};

TEST_F(FirstLogin, IsMadeAndShownByTheFirstStartAlone) {
  const auto ran = dev();
  std::smatch found;
  const std::regex login("user +admin\n +password +([A-Za-z0-9_-]{24})\n");
  ASSERT_TRUE(std::regex_search(ran.out, found, login)) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("equeue users passwd admin --generate"));
  const auto hash = ask("SELECT password_hash FROM equeue.users WHERE name = 'admin' AND scopes = '{admin}'");
  EXPECT_TRUE(auth::verify_password(found[1].str(), hash));
  EXPECT_THAT(ran.err, Not(HasSubstr(found[1].str())));

  const auto again = dev();
  EXPECT_THAT(again.out, HasSubstr("The worker and the HTTP API go on"));
  EXPECT_THAT(again.out, Not(HasSubstr("password")));
  EXPECT_EQ(ask("SELECT password_hash FROM equeue.users"), hash);
}

TEST_F(FirstLogin, IsNotMadeByARunThatEnds) {
  const auto ran = program_.run({"dev", "--once", "--data", "data"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("password")));
  EXPECT_EQ(ask("SELECT count(*) FROM equeue.users"), "0");
}

TEST_F(FirstLogin, IsNotMadeInADatabaseOfSomebodyElse) {
  const auto ran = dev({"--database-url", cluster_->url("equeue")});
  EXPECT_THAT(ran.out, Not(HasSubstr("password")));
  EXPECT_EQ(ask("SELECT count(*) FROM equeue.users"), "0");
}

TEST_F(FirstLogin, LeavesStdoutToJson) {
  const auto ran = dev({"--json"});
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("password"));
}

}  // namespace
}  // namespace equeue::tests
