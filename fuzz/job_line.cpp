// A line of `equeue enqueue --batch`, and text from elsewhere on a terminal.
#include "cli/job_line.hpp"

#include <algorithm>
#include <equeue/limits.hpp>

#include "base/payload_check.hpp"
#include "cli/printable.hpp"
#include "fuzz/fault_pointers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  const std::string text(fuzz::text_of(data, size));
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  const auto line = cli::one_line(text);
  EQUEUE_CHECK(std::ranges::none_of(line, is_control));
  EQUEUE_CHECK(cli::one_line(line) == line);
  EQUEUE_CHECK(cli::width_of(cli::shortened(line, 20)) <= 20);
  for (const char c : cli::printable(text))
    EQUEUE_CHECK(c == '\n' || c == '\t' || !is_control(static_cast<unsigned char>(c)));
  if (size > limits::payload_bytes_max) return 0;
  const auto job = cli::parse_job_line(text);
  if (job) EQUEUE_CHECK(check_payload_text(job->payload).has_value());
  return 0;
}
