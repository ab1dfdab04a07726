// Queue patterns of keys and users, scopes and names: a pattern in the first line, another, and a queue.
#include "auth/principal.hpp"
#include "fuzz/target.hpp"
#include "model/names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  fuzz::Input input(data, size);
  const std::vector<std::string> one{std::string(input.line())};
  const std::vector<std::string> other{std::string(input.line())};
  const auto queue = input.line();
  if (const auto scopes = auth::parse_scopes(one))
    EQUEUE_CHECK(auth::parse_scopes(scopes->names()).value() == *scopes);
  if (!auth::check_queue_pattern(one[0]) || !auth::check_queue_pattern(other[0])) return 0;
  EQUEUE_CHECK(auth::covers(one, one[0]));
  if (!model::check_queue_name(queue)) return 0;
  // What is covered takes nothing that the cover does not.
  if (auth::covers(one, other[0]) && auth::matches(other, queue)) EQUEUE_CHECK(auth::matches(one, queue));
  return 0;
}
