#include "push/delivery.hpp"

#include <gtest/gtest.h>

#include "base/time_text.hpp"
#include "push/signature.hpp"

namespace equeue::push {
namespace {

const store::PushRoute a_route{.id = {},
                               .queue = "mail",
                               .task = {},
                               .url = "https://a.example/jobs?k=v",
                               .secret = std::string(32, 's'),
                               .dead_statuses = {}};

Context::Facts a_job() {
  return {.job = make_job_id(),
          .task = "mail.send",
          .queue = "mail",
          .payload = R"({"n": 1.10, "big": 12345678901234567890})",
          .key = R"(a "key")",
          .attempt = 2,
          .max_attempts = 5,
          .timeout = {}};
}

std::string header(const builtin::Transfer& transfer, std::string_view name) {
  for (const auto& [key, value] : transfer.headers) {
    if (key == name) return value;
  }
  return "none";
}

TEST(Delivery, CarriesTheJobWithItsPayloadToTheLetter) {
  const auto job = a_job();
  const auto at = parse_time("2026-01-02T03:04:05.5Z").value();
  const auto transfer = request_for(a_route, job, std::chrono::seconds(30), at);
  EXPECT_EQ(transfer.url, "https://a.example/jobs?k=v");
  EXPECT_EQ(transfer.method, builtin::HttpMethod::POST);
  EXPECT_EQ(transfer.body,
            fmt::format(R"({{"id":"{}","task":"mail.send","queue":"mail","key":"a \"key\"","attempt":2,)"
                        R"("max_attempts":5,"deadline":"2026-01-02T03:04:35.500000Z","payload":{}}})",
                        to_string(job.job), job.payload));
  EXPECT_EQ(header(transfer, "Content-Type"), "application/json");
  EXPECT_EQ(header(transfer, "webhook-id"), to_string(job.job));
  EXPECT_EQ(header(transfer, "webhook-timestamp"), "1767323045");
  EXPECT_EQ(
      header(transfer, "webhook-signature"),
      sign(a_route.secret, to_string(job.job), std::chrono::floor<std::chrono::seconds>(at), *transfer.body));
  EXPECT_EQ(header(transfer, "equeue-attempt"), "2");
  EXPECT_EQ(header(transfer, "equeue-deadline"), "2026-01-02T03:04:35.500000Z");
  EXPECT_EQ(transfer.timeout, std::chrono::seconds(30));
}

TEST(Delivery, SendsAWebhooksMessageAsItIs) {
  auto route = a_route;
  route.webhook = true;
  const auto job = a_job();
  const auto transfer = request_for(route, job, std::chrono::seconds(1), now());
  EXPECT_EQ(transfer.body, job.payload);
  EXPECT_EQ(header(transfer, "webhook-id"), to_string(job.job));
}

TEST(Delivery, SaysThatThereIsNoKey) {
  auto job = a_job();
  job.key.reset();
  EXPECT_NE(request_for(a_route, job, std::chrono::seconds(1), now()).body->find(R"("key":null,)"),
            std::string::npos);
}

}  // namespace
}  // namespace equeue::push
