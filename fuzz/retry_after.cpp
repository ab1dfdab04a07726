// A Retry-After header, and an answer that carries it.
#include "builtin/http_outcome.hpp"
#include "fuzz/fault_pointers.hpp"
#include "push/answer.hpp"

namespace {

using namespace equeue;

constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};

void check_delay(const std::optional<std::chrono::milliseconds>& delay) {
  if (delay) EQUEUE_CHECK(delay->count() >= 0 && *delay <= builtin::retry_after_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto header = input.line();
  check_delay(builtin::retry_after(header, now));
  const builtin::TransferResult answer{.end = builtin::TransferEnd::answered,
                                       .status = 503,
                                       .headers = {{"retry-after", std::string(header)}},
                                       .body = std::string(input.rest())};
  const auto url = std::string("https://example.com/?secret");
  const auto called = builtin::outcome_of({.url = url}, answer, url, std::chrono::milliseconds(1), now);
  check_delay(called.delay);
  if (called.log) fuzz::check_text(*called.log);
  store::PushRoute route;
  route.url = url;
  const auto pushed = push::verdict_of(route, answer, std::chrono::milliseconds(1), now);
  check_delay(pushed.outcome.delay);
  EQUEUE_CHECK(pushed.outcome.kind != Outcome::Kind::snoozed ||
               pushed.outcome.delay >= std::chrono::seconds(1));
  EQUEUE_CHECK(called.error.find("secret") == std::string::npos);
  EQUEUE_CHECK(pushed.outcome.error.find("secret") == std::string::npos);
  return 0;
}
