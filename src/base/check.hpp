// Assertions that stay on in release: a broken invariant of our own ends the process, and leases recover the
// rest.
#pragma once

namespace equeue {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define EQUEUE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::equeue::check_failed(#condition, __FILE__, __LINE__))
