#include "push/answer.hpp"

#include <gtest/gtest.h>

namespace equeue::push {
namespace {

using builtin::TransferEnd;
using Destination = Verdict::Destination;
using Kind = Outcome::Kind;
using std::chrono::milliseconds;

const store::PushRoute a_route{.id = {},
                               .queue = "mail",
                               .task = {},
                               .url = "https://a.example/jobs?token=hush",
                               .secret = {},
                               .dead_statuses = {422, 429}};

Verdict verdict(const builtin::TransferResult& transfer) {
  return verdict_of(a_route, transfer, milliseconds(12),
                    std::chrono::sys_seconds(std::chrono::seconds(784'111'000)));
}

Verdict of_status(int status, std::string retry_after = "", std::string body = "") {
  builtin::TransferResult transfer{.end = TransferEnd::answered, .status = status, .body = std::move(body)};
  if (!retry_after.empty()) transfer.headers.emplace_back("retry-after", std::move(retry_after));
  return verdict(transfer);
}

TEST(Answer, ASuccessHasTheBodyAsResult) {
  const auto result = [](std::string body) {
    const auto answer = of_status(200, "", std::move(body));
    EXPECT_EQ(answer.outcome.kind, Kind::succeeded);
    EXPECT_EQ(answer.destination, Destination::answered);
    return answer.outcome.result;
  };
  EXPECT_EQ(result(""), "null");
  EXPECT_EQ(result(R"({"n": 1.10})"), R"({"n": 1.10})");
  EXPECT_EQ(result("done"), R"("done")");
  EXPECT_EQ(result("a \"b\"\n"), R"("a \"b\"\n")");
  EXPECT_EQ(result("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(result(std::string(1, '\0')), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(result(std::string(100, '[') + std::string(100, ']')),
            '"' + std::string(100, '[') + std::string(100, ']') + '"');
  EXPECT_EQ(result(std::string(10'000, 'x')), '"' + std::string(text_bytes_max, 'x') + '"');
  EXPECT_EQ(of_status(204).outcome.result, "null");
  EXPECT_EQ(of_status(299).outcome.kind, Kind::succeeded);
}

TEST(Answer, OneThatIsTooLargeIsASuccessAllTheSame) {
  const builtin::TransferResult endless{.end = TransferEnd::too_large,
                                        .detail = "…",
                                        .status = 200,
                                        .body = '"' + std::string(answer_bytes_max, 'x')};
  EXPECT_EQ(verdict(endless).outcome.kind, Kind::succeeded);
  EXPECT_EQ(verdict(endless).outcome.result.size(), text_bytes_max + 3);  // two quotes, and the escape of one
  const builtin::TransferResult headers{
      .end = TransferEnd::too_large, .detail = "headers of more than 65536 bytes", .status = 200};
  EXPECT_EQ(verdict(headers).outcome.kind, Kind::failed);
  EXPECT_EQ(verdict(headers).destination, Destination::failed);
}

TEST(Answer, GoneAndListedStatusesEndTheJob) {
  for (const int status : {410, 422, 429}) {
    const auto answer = of_status(status, "5");
    EXPECT_EQ(answer.outcome.kind, Kind::failed) << status;
    EXPECT_TRUE(answer.outcome.permanent) << status;
    EXPECT_EQ(answer.destination, Destination::answered) << status;
    EXPECT_EQ(answer.outcome.error,
              fmt::format("https://a.example/jobs answered {}, which ends the job", status));
  }
}

TEST(Answer, RetryAfterPutsTheJobOffWithoutAnAttempt) {
  for (const auto& [header, wait] : std::vector<std::pair<std::string, milliseconds>>{
           {"120", std::chrono::minutes(2)},
           {"0", milliseconds(1'000)},
           {"99999999999999999999", std::chrono::hours(1)},
           {"Sun, 06 Nov 1994 08:49:37 GMT", std::chrono::seconds(777)},
           {"Sun, 06 Nov 1993 08:49:37 GMT", milliseconds(1'000)}}) {
    const auto answer = of_status(503, header);
    EXPECT_EQ(answer.outcome.kind, Kind::snoozed) << header;
    EXPECT_EQ(answer.outcome.delay, wait) << header;
    EXPECT_EQ(answer.destination, Destination::holds) << header;
  }
  EXPECT_EQ(of_status(503, "soon").outcome.kind, Kind::failed);
  EXPECT_EQ(of_status(503).destination, Destination::failed);
  EXPECT_EQ(of_status(500, "5").outcome.kind, Kind::failed) << "only 429 and 503 have it";
}

TEST(Answer, AnythingElseIsAFailedAttempt) {
  for (const auto& [status, destination] :
       std::vector<std::pair<int, Destination>>{{302, Destination::answered},
                                                {400, Destination::answered},
                                                {404, Destination::answered},
                                                {500, Destination::failed},
                                                {599, Destination::failed},
                                                {999, Destination::failed}}) {
    const auto answer = of_status(status, "", "why\xff");
    EXPECT_EQ(answer.outcome.kind, Kind::failed) << status;
    EXPECT_FALSE(answer.outcome.permanent) << status;
    EXPECT_EQ(answer.destination, destination) << status;
    EXPECT_EQ(answer.outcome.log, "why\xef\xbf\xbd");
    EXPECT_EQ(answer.outcome.error.find("token"), std::string::npos) << "a query may hold keys";
  }
  EXPECT_EQ(of_status(302).outcome.error,
            "https://a.example/jobs answered 302, a redirect, which is not followed");
}

TEST(Answer, NoAnswerIsAFailedAttemptToo) {
  for (const auto end :
       {TransferEnd::unreachable, TransferEnd::untrusted, TransferEnd::timed_out, TransferEnd::malformed}) {
    const auto answer = verdict({.end = end, .detail = "why"});
    EXPECT_EQ(answer.outcome.kind, Kind::failed);
    EXPECT_FALSE(answer.outcome.permanent);
    EXPECT_EQ(answer.destination, Destination::failed);
  }
  const auto refused = verdict({.end = TransferEnd::refused, .detail = "a private address"});
  EXPECT_TRUE(refused.outcome.permanent);
  EXPECT_EQ(refused.destination, Destination::untold);
}

TEST(Answer, ARequestThatWasBrokenOffCostsNoAttempt) {
  const auto stopped = verdict({.end = TransferEnd::stopped});
  EXPECT_EQ(stopped.outcome.kind, Kind::snoozed);
  EXPECT_EQ(stopped.outcome.delay, milliseconds(0));
  EXPECT_EQ(stopped.destination, Destination::untold);
}

}  // namespace
}  // namespace equeue::push
