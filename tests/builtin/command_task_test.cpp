#include "builtin/command_task.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json/parse.hpp>

namespace equeue::builtin {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;

Context::Facts facts() {
  return {.job = make_job_id(),
          .task = "reports.render",
          .queue = "reports",
          .payload = R"({"report_id":7})",
          .key = "report-7",
          .attempt = 2,
          .max_attempts = 5,
          .timeout = milliseconds(1500)};
}

Outcome sh(std::string script, const CommandOptions& options = {}) {
  return run_command({"sh", "-c", std::move(script)}, facts(), options, {});
}

TEST(CommandTask, GetsThePayloadAndGivesTheResult) {
  const auto outcome = sh("cat; echo noise >&2");
  EXPECT_EQ(outcome.kind, Kind::succeeded);
  EXPECT_EQ(outcome.result, R"({"report_id":7})");
  EXPECT_EQ(outcome.log, "noise\n");
}

TEST(CommandTask, SucceedsWithNullWhenItPrintsNothing) {
  for (const char* script : {"true", "echo", "printf ' \\n\\t '"}) {
    const auto outcome = sh(script);
    EXPECT_EQ(outcome.kind, Kind::succeeded);
    EXPECT_EQ(outcome.result, "null");
    EXPECT_EQ(outcome.log, std::nullopt);
  }
}

TEST(CommandTask, KeepsLargeNumbersAsTheyWerePrinted) {
  EXPECT_EQ(sh("echo ' 12345678901234567890.125 '").result, "12345678901234567890.125");
}

TEST(CommandTask, IsToldOfItsAttempt) {
  const auto job = facts();
  const auto outcome = run_command(
      {"sh", "-c",
       R"sh(printf '["%s","%s","%s","%s","%s","%s","%s"]' "$EQUEUE_JOB_ID" "$EQUEUE_TASK" "$EQUEUE_QUEUE" )sh"
       R"sh("$EQUEUE_ATTEMPT" "$EQUEUE_MAX_ATTEMPTS" "$EQUEUE_KEY" "$EQUEUE_TIMEOUT_MS")sh"},
      job, {.environment = {{"EQUEUE_TASK", "forged"}}}, {});
  EXPECT_EQ(outcome.result,
            "[\"" + to_string(job.job) + R"(","reports.render","reports","2","5","report-7","1500"])");
}

TEST(CommandTask, GetsItsEnvironmentAndFolder) {
  const auto outcome =
      sh(R"(printf '"%s %s"' "$PWD" "$COLOUR")", {.environment = {{"COLOUR", "red"}}, .folder = "/"});
  EXPECT_EQ(outcome.result, R"("/ red")");
}

TEST(CommandTask, FailsWhenStdoutIsNoResult) {
  struct Case {
    std::string script;
    std::string error;
  };
  const Case cases[] = {
      {"echo rendered 7 pages", "it begins with: rendered 7 pages"},
      {"echo '{\"a\":1'", "ends too early"},
      {R"(printf '"\\u0000"')", "\\u0000"},
      {R"(printf '"\377"')", "UTF-8"},
      {"head -c 300000 /dev/zero", "more than 266240 bytes"},
      {R"(printf '"'; head -c 263000 /dev/zero | tr '\0' x; printf '"')", "the limit is 262144"},
  };
  for (const auto& [script, error] : cases) {
    const auto outcome = sh(script);
    EXPECT_EQ(outcome.kind, Kind::failed) << script;
    EXPECT_FALSE(outcome.permanent) << script;
    EXPECT_NE(outcome.error.find(error), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.error.find('\n'), std::string::npos);
    EXPECT_LT(outcome.error.size(), 500u);
  }
}

TEST(CommandTask, IsJudgedByItsExitCode) {
  struct Case {
    int code;
    bool permanent;
  };
  for (const auto& [code, permanent] : {Case{1, false},
                                        {2, false},
                                        {64, true},
                                        {65, true},
                                        {66, false},
                                        {74, false},
                                        {75, false},
                                        {78, true},
                                        {79, false},
                                        {126, false},
                                        {127, false},
                                        {255, false}}) {
    const auto outcome = sh("exit " + std::to_string(code));
    EXPECT_EQ(outcome.kind, Kind::failed) << code;
    EXPECT_EQ(outcome.permanent, permanent) << code;
    EXPECT_EQ(outcome.delay, std::nullopt) << code;
    EXPECT_TRUE(outcome.error.starts_with("'sh' exited with code " + std::to_string(code))) << outcome.error;
  }
}

TEST(CommandTask, QuotesTheLastLineOfStderr) {
  const auto outcome = sh("echo starting >&2; echo 'disk is full' >&2; exit 3");
  EXPECT_EQ(outcome.error, "'sh' exited with code 3: disk is full");
  EXPECT_EQ(outcome.log, "starting\ndisk is full\n");
}

TEST(CommandTask, MayAskForALaterAttempt) {
  const auto outcome = sh(R"(echo waiting; echo '{"retry_after_ms": 5000}'; exit 75)");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.delay, milliseconds(5000));
}

TEST(CommandTask, WaitsByThePolicyWhenItAsksForNonsense) {
  for (const char* line : {"{}", "5000", "[]", "{\"retry_after_ms\":-1}", "{\"retry_after_ms\":\"5\"}",
                           "{\"retry_after_ms\":1e3}", "{\"retry_after_ms\":604800001}", "later"}) {
    EXPECT_EQ(sh(std::string("echo '") + line + "'; exit 75").delay, std::nullopt) << line;
  }
  EXPECT_EQ(sh(R"(echo '{"retry_after_ms": 5000}'; exit 1)").delay, std::nullopt) << "only 75 asks";
}

TEST(CommandTask, CrashesWhenASignalEndsIt) {
  const auto outcome = sh("ulimit -c 0; echo 'bad pointer' >&2; kill -SEGV $$");
  EXPECT_EQ(outcome.kind, Kind::crashed);
  EXPECT_EQ(outcome.error, "'sh' died of SIGSEGV: bad pointer");
}

TEST(CommandTask, FailsWhenItCannotStart) {
  const auto outcome = run_command({"no-such-program-here"}, facts(), {}, {});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.permanent) << "it may be installed by the next attempt";
  EXPECT_TRUE(outcome.error.starts_with("cannot run 'no-such-program-here': No such file or directory"))
      << outcome.error;
  EXPECT_EQ(run_command({}, facts(), {}, {}).kind, Kind::failed);
}

TEST(CommandTask, IsNotStartedWhenItIsStoppedAlready) {
  std::stop_source stop;
  stop.request_stop();
  const auto outcome = run_command({"true"}, facts(), {}, stop.get_token());
  EXPECT_EQ(outcome.kind, Kind::cancelled);
}

TEST(CommandOutcome, FollowsTheReasonOfTheStopWhateverTheExit) {
  struct Case {
    StopReason reason;
    Kind kind;
  };
  for (const auto& [reason, kind] : {Case{StopReason::timeout, Kind::timed_out},
                                     {StopReason::cancel, Kind::cancelled},
                                     {StopReason::shutdown, Kind::failed}}) {
    for (const bool killed : {false, true}) {
      process::ProcessReport report{.end = process::Exited{0}, .stop_requested = true, .killed = killed};
      if (killed) report.end = process::Signalled{SIGKILL};
      const auto outcome = outcome_of(report, "sh", reason);
      EXPECT_EQ(outcome.kind, kind);
      EXPECT_FALSE(outcome.permanent);
      EXPECT_NE(outcome.error.find(killed ? "was killed" : "was stopped"), std::string::npos)
          << outcome.error;
    }
  }
}

TEST(CommandTask, AsksWhyItWasStopped) {
  std::stop_source stop;
  stop.request_stop();
  const CommandOptions options{.why_stopped = [] { return StopReason::timeout; }};
  EXPECT_EQ(run_command({"true"}, facts(), options, stop.get_token()).kind, Kind::timed_out);
}

}  // namespace
}  // namespace equeue::builtin
