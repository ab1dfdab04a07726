// Durations, times and sizes as people write them.
#include "base/duration.hpp"
#include "base/time_text.hpp"
#include "cli/settings.hpp"
#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  const auto text = fuzz::text_of(data, size);
  if (const auto duration = parse_duration(text)) {
    EQUEUE_CHECK(duration->count() >= 0 && *duration <= std::chrono::days(3'650));
    const auto again = parse_duration(format_duration(*duration));
    EQUEUE_CHECK(again.has_value() && *again == *duration);
    EQUEUE_CHECK(!describe_duration(*duration).empty());
  }
  if (const auto time = parse_time(text)) {
    const auto again = parse_time(format_time(*time));
    EQUEUE_CHECK(again.has_value() && *again == *time);
  }
  if (const auto bytes = cli::parse_bytes(text)) {
    const auto again = cli::parse_bytes(std::to_string(*bytes));
    EQUEUE_CHECK(again.has_value() && *again == *bytes && *bytes <= std::uint64_t{1} << 62);
  }
  if (const auto number = cli::parse_int(text, -10, 1'000)) EQUEUE_CHECK(*number >= -10 && *number <= 1'000);
  return 0;
}
