// Lets one call of the C library fail, in the thread that asks for it and in whatever library makes the call:
// the program has functions of these names, which libraries find before those of libc.
#pragma once

#include <cstdint>

namespace equeue::tests {

enum class Failing {
  memory,       // malloc, calloc, realloc: there is none
  connection,   // send, recv, poll, connect: the connection is lost, or refused; poll has no memory
  interrupted,  // send, recv, poll: by a signal; nothing is wrong
  piecemeal     // send, recv: one byte only, this time and ever after
};

// From its beginning to its end: the n-th of these calls fails, counted from 1.
class FailNth {
 public:
  FailNth(Failing what, std::int64_t n);
  FailNth(const FailNth&) = delete;
  FailNth& operator=(const FailNth&) = delete;
  ~FailNth();

  // False when there were fewer calls.
  [[nodiscard]] bool has_failed() const;
};

// What this thread has allocated less what it has freed, since it began.
[[nodiscard]] std::int64_t live_allocations();

}  // namespace equeue::tests
