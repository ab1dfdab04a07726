// What becomes of a job by what its receiver does.
#include "base/time_text.hpp"
#include "tests/push/push_fixture.hpp"

namespace equeue::push {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PushAnswers : public PushTest {
 protected:
  // A job of a task of its own, with one attempt, that is sent to this receiver.
  JobId sent_to(const Receiver& receiver, int max_attempts = 1, store::PushTarget target = {}) {
    const auto task = "push.case_" + std::to_string(++cases_);
    const auto queue = queue_ + "_" + std::to_string(cases_);
    store::declare_task(cell(), task, {.queue = queue, .max_attempts = max_attempts, .retry = tests::at_once})
        .value();
    push_task_to(task, receiver.url("/case"), std::move(target));
    return enqueue(task);
  }
  // Until when a queued job is put off, from now on.
  [[nodiscard]] seconds put_off(const JobId& id) {
    if (!tests::eventually([&] {
          const auto found = job(id);
          return found.state == State::queued && found.run_at > found.enqueued_at;
        })) {
      ADD_FAILURE() << "it was never put off";
    }
    return seconds(
        std::stoll(query("SELECT extract(epoch FROM run_at - clock_timestamp())::bigint FROM equeue.jobs "
                         "WHERE id = '" +
                         to_string(id) + "'")));
  }
  std::string result(const JobId& id) {
    const auto done = ended(id);
    EXPECT_EQ(done.state, State::succeeded) << done.error.value_or("");
    return done.result.value_or("none");
  }
  std::string error(const JobId& id) {
    const auto done = ended(id);
    EXPECT_EQ(done.state, State::dead);
    return done.error.value_or("none");
  }

  int cases_ = 0;
};

TEST_F(PushAnswers, ASuccessIsTheJobsWithTheBodyAsResult) {
  Receiver receiver(answer("200 OK", "", R"({"sent": 1.50})"));
  declare("push.mail");
  push_to(receiver.url("/jobs"));
  const auto id = enqueue("push.mail", R"({"n": 1.10, "big": 12345678901234567890})", {.key = "k-" + queue_});
  const auto pusher = serve();
  EXPECT_EQ(result(id), R"({"sent": 1.50})");
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_TRUE(is_signed(requests[0])) << requests[0];
  EXPECT_THAT(requests[0], HasSubstr("POST /jobs HTTP/1.1"));
  EXPECT_EQ(header_of(requests[0], "webhook-id"), to_string(id));
  EXPECT_EQ(header_of(requests[0], "equeue-attempt"), "1");
  EXPECT_EQ(header_of(requests[0], "Content-Type"), "application/json");
  EXPECT_TRUE(parse_time(header_of(requests[0], "equeue-deadline")));
  EXPECT_THAT(body_of(requests[0]),
              AllOf(HasSubstr(R"("id":")" + to_string(id)), HasSubstr(R"("key":"k-)" + queue_),
                    HasSubstr(R"("payload":{"n": 1.10, "big": 12345678901234567890}})")));
}

TEST_F(PushAnswers, OddSuccessesAreSuccessesToo) {
  Receiver text(answer("200 OK", "", "done"));
  Receiver nothing("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  Receiver bytes(answer("201 Created", "", "\xff\xfe"));
  Receiver endless([](const std::string&, const Receiver::Send& send) {
    const std::string piece(64 * 1024, 'x');
    for (bool taken = send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"); taken;) taken = send(piece);
  });
  const auto of_text = sent_to(text), of_nothing = sent_to(nothing), of_bytes = sent_to(bytes),
             of_endless = sent_to(endless);
  const auto pusher = serve();
  EXPECT_EQ(result(of_text), R"("done")");
  EXPECT_EQ(result(of_nothing), "null");
  EXPECT_EQ(result(of_bytes), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(result(of_endless), '"' + std::string(text_bytes_max, 'x') + '"');
}

TEST_F(PushAnswers, HostileOnesAreFailedAttempts) {
  Receiver trap(answer("200 OK"));
  Receiver redirect(answer("302 Found", "Location: " + trap.url() + "\r\n"));
  Receiver slow([](const std::string&, const Receiver::Send& send) {
    // A little every now and then, until the sender has gone.
    for (bool taken = send("HTTP/1.1 200 OK\r\n"); taken;) {
      taken = send("x: y\r\n");
      (void)tests::eventually([] { return false; }, milliseconds(50));
    }
  });
  Receiver cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  Receiver hangs_up([](const std::string&, const Receiver::Send&) {});
  Receiver heavy("HTTP/1.1 200 OK\r\nx: " + std::string(70'000, 'h') + "\r\n\r\n");
  Receiver garbage("HTTP/1.1 2x0 what\r\n\r\n");
  Receiver no_http("SSH-2.0-OpenSSH_9\r\n");
  Receiver broken(answer("500 Internal Server Error", "", "a stack trace"));
  Receiver wrong(answer("404 Not Found"));
  const auto of_redirect = sent_to(redirect), of_cut = sent_to(cut), of_hang_up = sent_to(hangs_up),
             of_heavy = sent_to(heavy), of_garbage = sent_to(garbage), of_no_http = sent_to(no_http),
             of_broken = sent_to(broken), of_wrong = sent_to(wrong);
  const auto of_slow = sent_to(slow, 1, {.timeout = seconds(1)});
  const auto pusher = serve();
  EXPECT_EQ(error(of_redirect), redirect.url("/case") + " answered 302, a redirect, which is not followed");
  EXPECT_THAT(trap.requests(), IsEmpty());
  EXPECT_THAT(error(of_slow), HasSubstr("no complete answer within"));
  EXPECT_THAT(error(of_cut), HasSubstr(cut.url("/case") + ": "));
  EXPECT_THAT(error(of_hang_up), HasSubstr(hangs_up.url("/case") + ": "));
  EXPECT_THAT(error(of_heavy), HasSubstr(heavy.url("/case") + ": "));
  EXPECT_THAT(error(of_garbage), HasSubstr(garbage.url("/case")));
  EXPECT_THAT(error(of_no_http), HasSubstr(no_http.url("/case") + ": "));
  EXPECT_EQ(error(of_broken), broken.url("/case") + " answered 500");
  EXPECT_EQ(attempts(of_broken).at(0).log, "a stack trace");
  EXPECT_EQ(error(of_wrong), wrong.url("/case") + " answered 404");
}

TEST_F(PushAnswers, GoneAndListedStatusesEndTheJobAtOnce) {
  Receiver gone(answer("410 Gone"));
  Receiver unfit(answer("422 Unprocessable Entity"));
  const auto of_gone = sent_to(gone, 5);
  const auto of_unfit = sent_to(unfit, 5, {.dead_statuses = {422}});
  const auto pusher = serve();
  EXPECT_EQ(error(of_gone), gone.url("/case") + " answered 410, which ends the job");
  EXPECT_EQ(error(of_unfit), unfit.url("/case") + " answered 422, which ends the job");
  EXPECT_THAT(gone.requests(), SizeIs(1));
  EXPECT_THAT(unfit.requests(), SizeIs(1));
}

TEST_F(PushAnswers, AFailedAttemptIsRepeated) {
  std::atomic<int> calls = 0;
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    send(++calls == 1 ? answer("500 Internal Server Error") : answer("200 OK", "", "2"));
  });
  const auto id = sent_to(receiver, 2);
  const auto pusher = serve();
  EXPECT_EQ(result(id), "2");
  EXPECT_EQ(job(id).attempt, 2);
  ASSERT_THAT(attempts(id), SizeIs(1));
  EXPECT_EQ(attempts(id)[0].error, receiver.url("/case") + " answered 500");
  const auto requests = receiver.requests();
  EXPECT_EQ(header_of(requests.at(1), "equeue-attempt"), "2");
  EXPECT_EQ(header_of(requests.at(0), "webhook-id"), header_of(requests.at(1), "webhook-id"));
}

TEST_F(PushAnswers, RetryAfterPutsAJobOffAndCostsNoAttempt) {
  Receiver by_seconds(answer("429 Too Many Requests", "Retry-After: 600\r\n"));
  Receiver too_long(answer("503 Service Unavailable", "Retry-After: 86400\r\n"));
  const auto date = std::chrono::floor<seconds>(std::chrono::system_clock::now()) + std::chrono::minutes(30);
  const std::time_t at = std::chrono::system_clock::to_time_t(date);
  char text[64] = "";
  std::tm utc{};
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &utc));
  Receiver by_date(answer("503 Service Unavailable", fmt::format("Retry-After: {}\r\n", text)));
  const auto of_seconds = sent_to(by_seconds), of_date = sent_to(by_date), of_too_long = sent_to(too_long);
  const auto pusher = serve();
  const auto near = [](seconds wait, seconds expected) {
    return wait <= expected && wait > expected - seconds(60);
  };
  EXPECT_PRED2(near, put_off(of_seconds), seconds(600));
  EXPECT_PRED2(near, put_off(of_date), seconds(1'800));
  EXPECT_PRED2(near, put_off(of_too_long), seconds(3'600));
  for (const auto& id : {of_seconds, of_date, of_too_long}) {
    EXPECT_EQ(job(id).attempt, 0);
    EXPECT_THAT(attempts(id), IsEmpty());
  }
}

TEST_F(PushAnswers, AJobIsSentAgainWhenItsWaitIsOver) {
  std::atomic<int> calls = 0;
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    send(++calls == 1 ? answer("503 Service Unavailable", "Retry-After: 0\r\n") : answer("200 OK"));
  });
  const auto id = sent_to(receiver);
  const auto pusher = serve();
  EXPECT_EQ(result(id), "null");
  EXPECT_EQ(job(id).attempt, 1);
}

TEST_F(PushAnswers, AJobsOwnTimeoutEndsTheRequest) {
  std::latch go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send&) { go.wait(); });
  declare("push.hurried", 1);
  push_to(receiver.url());
  const auto id = enqueue("push.hurried", "{}", {.timeout = seconds(1)});
  const auto pusher = serve();
  // By whichever of the request and the attempt came to its end first.
  EXPECT_THAT(error(id),
              ::testing::AnyOf(HasSubstr("no complete answer within"), HasSubstr("longer than its timeout")));
  go.count_down();
}

TEST_F(PushAnswers, APrivateAddressIsRefusedUnlessItIsAllowed) {
  Receiver receiver(answer("200 OK"));
  const auto id = sent_to(receiver, 5);
  {
    const auto pusher = serve(builtin::HttpGuard{});
    EXPECT_THAT(error(id), HasSubstr("which this server may not call"));
    EXPECT_EQ(job(id).attempt, 1);
  }
  EXPECT_THAT(receiver.requests(), IsEmpty());
  store::redrive(cell(), id, "test").value();
  const auto pusher = serve();
  EXPECT_EQ(result(id), "null");
}

TEST_F(PushAnswers, NeitherSecretNorPayloadComesIntoErrorsOrLogs) {
  std::atomic<int> calls = 0;
  Receiver receiver([&](const std::string& request, const Receiver::Send& send) {
    // One that tells all it knows.
    if (++calls <= Breaker::failures_max + 1)
      send(answer("500 " + header_of(request, "webhook-signature")));
    else
      send(answer("410 Gone"));
  });
  declare("push.quiet", 10);
  push_to(receiver.url("/path?token=hush-hush"));
  ::testing::internal::CaptureStderr();
  const auto id = enqueue("push.quiet", R"({"card": "4111-1111"})");
  {
    const auto pusher = serve();
    EXPECT_EQ(ended(id).state, State::dead);
  }
  auto all = ::testing::internal::GetCapturedStderr() + ended(id).error.value_or("");
  for (const auto& attempt : attempts(id)) all += attempt.error + attempt.log.value_or("");
  EXPECT_THAT(all, HasSubstr("does not answer as it should"));
  EXPECT_THAT(all, AllOf(Not(HasSubstr(secret_text(secret_).substr(6))), Not(HasSubstr(secret())),
                         Not(HasSubstr("hush-hush")), Not(HasSubstr("4111"))));
}

}  // namespace
}  // namespace equeue::push
