// Steps of JSON pointers (RFC 6901).
#pragma once

#include <string>
#include <string_view>

namespace equeue {

// A field's name as a pointer has it between its slashes.
[[nodiscard]] inline std::string pointer_step(std::string_view name) {
  std::string step;
  for (const char c : name) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

}  // namespace equeue
