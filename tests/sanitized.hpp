// Whether a sanitizer is built in, whose own memory says nothing about ours.
#pragma once

namespace equeue::tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

}  // namespace equeue::tests
