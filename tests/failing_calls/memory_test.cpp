// What reads from outside, when there is no memory for one thing of it: the n-th, for every n.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <equeue/json_codec.hpp>
#include <new>

#include "api/cursor.hpp"
#include "base/payload_check.hpp"
#include "builtin/http_payload.hpp"
#include "tests/failing_calls/fail_nth.hpp"

namespace equeue::tests {
namespace {

// Does `read` with each of its allocations failing in turn, up to the run in which none does; each ends with
// what it answers or with bad_alloc, and leaves nothing behind.
template <class Read>
void without_memory(Read read) {
  read();  // what is made once is made
  OPENSSL_thread_stop();
  int unanswered = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 100'000);
    const auto before = live_allocations();
    bool has_failed = false;
    try {
      const FailNth failing(Failing::memory, n);
      read();
      has_failed = failing.has_failed();
    } catch (const std::bad_alloc&) {
      has_failed = true;
      ++unanswered;
    }
    // OpenSSL keeps a thread's last faults until they are asked for.
    OPENSSL_thread_stop();
    EXPECT_EQ(live_allocations(), before) << "allocation " << n << " failed";
    if (!has_failed) break;
  }
  EXPECT_GT(unanswered, 0);
}

const std::string payload =
    R"({"n":12345678901234567890123.5,"list":[1,2,{"a \u00e9 long enough key to be allocated":"and a text of some length"}],)"
    R"("url":"https://example.com/a/path/that/is/long","headers":{"X-Some-Name":"some value that is long enough"}})";

TEST(WithoutMemory, APayloadIsReadOrNot) {
  without_memory([] { EXPECT_TRUE(check_payload_text(payload)); });
  without_memory([] { EXPECT_TRUE(detail::parse(payload)); });
  without_memory([] { EXPECT_FALSE(detail::parse(payload + "x")); });
  without_memory([] { EXPECT_FALSE(builtin::parse_http_payload(payload)); });
}

TEST(WithoutMemory, ACursorIsReadOrNot) {
  const std::vector<auth::SigningKey> keys{{"new", std::string(43, 'n')}, {"old", std::string(43, 'o')}};
  const auto cursor = api::seal_cursor(keys[1], "jobs", "01890a5d-ac96-774b-bcce-b302099a8057");
  without_memory([&] { EXPECT_TRUE(api::open_cursor(keys, "jobs", cursor)); });
  without_memory([&] { EXPECT_FALSE(api::seal_cursor(keys[0], "jobs", "a").empty()); });
}

}  // namespace
}  // namespace equeue::tests
