#include "builtin/http_outcome.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace equeue::builtin {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;

// Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::chrono::sys_seconds now{std::chrono::seconds(784'111'777)};
constexpr auto url = "https://user:secret@example.com:8443/hook?token=secret#part";

Outcome judge(const TransferResult& transfer, const HttpRequest& request = {}) {
  return outcome_of(request, transfer, url, milliseconds(12), now);
}

TransferResult answer(int status, std::vector<std::pair<std::string, std::string>> headers = {},
                      std::string body = "") {
  return {
      .end = TransferEnd::answered, .status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(RetryAfter, IsReadAsSecondsOrDate) {
  struct Case {
    std::string_view header;
    std::optional<milliseconds> wait;
  };
  const Case cases[] = {
      {"", std::nullopt},
      {"0", milliseconds(0)},
      {"120", milliseconds(120'000)},
      {"3600", milliseconds(3'600'000)},
      {"3601", retry_after_max},
      {"99999999999999999999999", retry_after_max},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"Sun, 06 Nov 1994 08:50:07 GMT", milliseconds(30'000)},
      {"Sun, 06 Nov 1994 08:00:00 GMT", milliseconds(0)},
      {"Mon, 07 Nov 1994 08:49:37 GMT", retry_after_max},
      {"Thu, 31 Dec 9999 23:59:59 GMT", retry_after_max},
  };
  for (const auto& [header, wait] : cases) EXPECT_EQ(retry_after(header, now), wait) << header;
}

TEST(HttpOutcome, FollowsTheStatus) {
  struct Case {
    int status;
    Kind kind;
    bool permanent;
  };
  const Case cases[] = {
      {200, Kind::succeeded, false}, {204, Kind::succeeded, false}, {299, Kind::succeeded, false},
      {302, Kind::failed, true},     {304, Kind::failed, true},     {400, Kind::failed, true},
      {401, Kind::failed, true},     {404, Kind::failed, true},     {408, Kind::failed, false},
      {409, Kind::failed, true},     {422, Kind::failed, true},     {425, Kind::failed, false},
      {429, Kind::failed, false},    {500, Kind::failed, false},    {503, Kind::failed, false},
      {599, Kind::failed, false},
  };
  for (const auto& [status, kind, permanent] : cases) {
    const auto outcome = judge(answer(status));
    EXPECT_EQ(outcome.kind, kind) << status;
    EXPECT_EQ(outcome.permanent, permanent) << status;
    EXPECT_EQ(outcome.delay, std::nullopt) << status;
  }
}

TEST(HttpOutcome, GoesByTheExpectedCodesWhenThereAreAny) {
  const HttpRequest request{.url = url, .expect = {404, 302}};
  EXPECT_EQ(judge(answer(404), request).kind, Kind::succeeded);
  EXPECT_EQ(judge(answer(302), request).kind, Kind::succeeded);
  EXPECT_TRUE(judge(answer(200), request).permanent);
}

TEST(HttpOutcome, WaitsAsLongAsTheServerAsks) {
  EXPECT_EQ(judge(answer(429, {{"retry-after", "7"}})).delay, milliseconds(7000));
  EXPECT_EQ(judge(answer(503, {{"retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"}})).delay,
            milliseconds(30'000));
  EXPECT_EQ(judge(answer(500, {{"retry-after", "7"}})).delay, std::nullopt);
}

TEST(HttpOutcome, FollowsTheEndOfTheTransfer) {
  struct Case {
    TransferEnd end;
    Kind kind;
    bool permanent;
  };
  const Case cases[] = {
      {TransferEnd::stopped, Kind::cancelled, false},  {TransferEnd::timed_out, Kind::failed, false},
      {TransferEnd::unreachable, Kind::failed, false}, {TransferEnd::untrusted, Kind::failed, false},
      {TransferEnd::refused, Kind::failed, true},      {TransferEnd::malformed, Kind::failed, true},
      {TransferEnd::too_large, Kind::failed, true},
  };
  for (const auto& [end, kind, permanent] : cases) {
    const auto outcome = judge({.end = end, .detail = "the detail"});
    EXPECT_EQ(outcome.kind, kind) << outcome.error;
    EXPECT_EQ(outcome.permanent, permanent) << outcome.error;
    EXPECT_NE(outcome.error.find("https://example.com:8443/hook"), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.error.find("secret"), std::string::npos) << outcome.error;
  }
}

TEST(HttpOutcome, KeepsTheBeginningOfAnUnexpectedAnswerInTheLog) {
  const auto outcome = judge(answer(400, {}, "amount is missing\xFF" + std::string(5000, 'x')));
  EXPECT_EQ(outcome.error, "GET https://example.com:8443/hook answered 400");
  ASSERT_TRUE(outcome.log);
  EXPECT_TRUE(outcome.log->starts_with("amount is missing\uFFFD"));
  EXPECT_LE(outcome.log->size(), 2048u);
}

TEST(HttpOutcome, SaysWhereARedirectWouldLead) {
  const auto outcome = judge(answer(301, {{"location", "/new?token=secret"}}));
  EXPECT_EQ(outcome.error,
            "GET https://example.com:8443/hook answered 301, a redirect to https://example.com:8443/new (set "
            "follow_redirects to follow it)");
}

TEST(HttpResult, HoldsJsonAsTheServerWroteIt) {
  const auto outcome = judge(answer(201,
                                    {{"content-type", "application/json; charset=utf-8"},
                                     {"etag", "\"a\""},
                                     {"set-cookie", "session=secret"}},
                                    R"({"n": 12345678901234567890.125})"));
  EXPECT_EQ(outcome.result,
            R"({"status":201,"headers":{"content-type":"application/json; charset=utf-8","etag":"\"a\""},)"
            R"("json":{"n": 12345678901234567890.125},"bytes":31,"elapsed_ms":12})");
}

TEST(HttpResult, HoldsAnythingElseAsText) {
  struct Case {
    std::string type;
    std::string body;
    std::string text;
  };
  const Case cases[] = {
      {"text/plain", "[1]", "[1]"},
      {"", "hello", "hello"},
      {"application/json", "{oops", "{oops"},
      {"application/json", "", ""},
      {"application/problem+json", R"(["\u0000"])", R"(["\u0000"])"},  // jsonb has no NUL
      {"image/png", std::string("\x89PNG\0", 5), "\uFFFDPNG\uFFFD"},
      {"application/json", std::string(64, '[') + std::string(64, ']'),
       std::string(64, '[') + std::string(64, ']')},  // too deep inside of the result
  };
  for (const auto& [type, body, text] : cases) {
    const auto outcome = judge(answer(200, {{"content-type", type}}, body));
    ASSERT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
    const auto result = boost::json::parse(outcome.result);
    EXPECT_EQ(result.at("body").as_string(), text) << type;
    EXPECT_EQ(result.at("bytes").as_int64(), static_cast<std::int64_t>(body.size()));
  }
}

TEST(HttpResult, ThatCannotBeStoredFailsForGood) {
  // 128 KiB of line ends become 256 KiB of \n.
  const auto outcome = judge(answer(200, {}, std::string(128 * 1024, '\n')));
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.error.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace equeue::builtin
