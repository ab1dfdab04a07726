// FNV-1a: the same on every machine and in every build, which std::hash is not.
#pragma once

#include <cstdint>
#include <string_view>

namespace equeue::embedded {

[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

}  // namespace equeue::embedded
