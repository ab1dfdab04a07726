#include <sys/random.h>

#include <equeue/id.hpp>

#include "base/check.hpp"

namespace equeue::detail {
namespace {

// Random bytes from the kernel, fetched a page at a time: one system call for 256 ids.
void fill_random(std::span<std::uint8_t> out) {
  thread_local std::array<std::uint8_t, 4096> pool;
  thread_local std::size_t used = pool.size();
  if (pool.size() - used < out.size()) {
    std::size_t filled = 0;
    while (filled < pool.size()) {
      const auto count = getrandom(pool.data() + filled, pool.size() - filled, 0);
      if (count > 0) filled += static_cast<std::size_t>(count);
      EQUEUE_CHECK(count > 0 || errno == EINTR);
    }
    used = 0;
  }
  std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(used), out.size(), out.begin());
  used += out.size();
}

void set_version(std::array<std::uint8_t, 16>& bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
}

}  // namespace

std::array<std::uint8_t, 16> make_uuid_v4() {
  std::array<std::uint8_t, 16> bytes;
  fill_random(bytes);
  set_version(bytes, 4);
  return bytes;
}

// RFC 9562, 5.7 and 6.2 method 1: 48 bits of milliseconds, then a counter in rand_a that keeps the ids of one
// thread in order within a millisecond, then 62 random bits. A full counter borrows the next millisecond.
std::array<std::uint8_t, 16> make_uuid_v7() {
  thread_local std::uint64_t last_ms = 0;
  thread_local std::uint32_t counter = 0;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const auto now_ms = static_cast<std::uint64_t>(now.count());
  if (now_ms > last_ms) {
    last_ms = now_ms;
    counter = 0;
  } else if (++counter > 0xfff) {
    ++last_ms;
    counter = 0;
  }
  std::array<std::uint8_t, 16> bytes;
  fill_random(std::span(bytes).subspan(8));
  for (int i = 0; i < 6; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(last_ms >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(counter >> 8);
  bytes[7] = static_cast<std::uint8_t>(counter);
  set_version(bytes, 7);
  return bytes;
}

std::string format_uuid(const std::array<std::uint8_t, 16>& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 0xf];
  }
  return text;
}

std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::array<std::uint8_t, 16> bytes;
  std::size_t at = 0;
  for (auto& byte : bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = nibble(text[at]);
    const int low = nibble(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return bytes;
}

}  // namespace equeue::detail
