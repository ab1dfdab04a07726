#include "http/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace equeue::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Problem, HoldsACodeAStatusAndEachFaultWithItsPointer) {
  const auto response =
      problem(Error{.code = ErrorCode::invalid_payload,
                    .message = "the payload does not fit",
                    .hint = "look at the task's schema",
                    .faults = {{"/puzzle_id", "expected an integer, got a string"}, {"", "missing"}}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto document = boost::json::parse(response.body).as_object();
  EXPECT_EQ(document.at("code").as_string(), "invalid_payload");
  EXPECT_EQ(document.at("status").as_int64(), 422);
  EXPECT_EQ(document.at("detail").as_string(), "the payload does not fit (look at the task's schema)");
  ASSERT_EQ(document.at("errors").as_array().size(), 2U);
  EXPECT_EQ(document.at("errors").as_array()[0].at("pointer").as_string(), "/puzzle_id");
}

TEST(Problem, TellsAClientNothingOfTheServersInside) {
  for (const auto code :
       {ErrorCode::database_error, ErrorCode::database_away, ErrorCode::schema_missing,
        ErrorCode::configuration, ErrorCode::permission_denied, ErrorCode::io, ErrorCode::outcome_unknown}) {
    const auto response = problem(Error{.code = code, .message = "SELECT secret FROM hidden"});
    EXPECT_GE(response.status, 500) << to_string(code);
    EXPECT_THAT(response.body, Not(HasSubstr("secret"))) << to_string(code);
  }
}

TEST(Problem, SaysWhenToComeAgainIfItWillPass) {
  const auto away = problem(Error{.code = ErrorCode::database_away, .transient = true});
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.headers.at(0).first, "Retry-After");
  EXPECT_EQ(problem(Error{.code = ErrorCode::locked}).status, 503);
  EXPECT_EQ(problem(Error{.code = ErrorCode::database_error, .transient = true}).status, 503);
  EXPECT_EQ(problem(Error{.code = ErrorCode::database_error}).status, 500);
}

TEST(Problem, GivesEachCodeOfACallersMistakeAStatusBelow500) {
  const std::map<ErrorCode, int> expected = {
      {ErrorCode::invalid_argument, 400}, {ErrorCode::invalid_payload, 422}, {ErrorCode::unknown_task, 422},
      {ErrorCode::unknown_job, 404},      {ErrorCode::unknown_queue, 404},   {ErrorCode::wrong_state, 409},
      {ErrorCode::key_conflict, 409},     {ErrorCode::worker_lost, 409},     {ErrorCode::queue_full, 429}};
  for (const auto& [code, status] : expected)
    EXPECT_EQ(problem(Error{.code = code}).status, status) << to_string(code);
}

}  // namespace
}  // namespace equeue::http
