// A parser of what comes from outside, to be fed with anything. Each target is one file; what it demands of
// the parser it checks with EQUEUE_CHECK (base/check.hpp), which ends the process. libFuzzer runs it by the
// compiler's guidance (`./dev fuzz`), replay.cpp over its corpus and mutants of that in every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace equeue::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Cuts an input that stands for more than one thing.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(text_of(data, size)) {}

  // Up to the next line end, which is taken away; all that is left when there is none.
  std::string_view line() {
    const auto end = rest_.find('\n');
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return taken;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace equeue::fuzz
