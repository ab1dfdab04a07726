/// Identifiers: 128-bit UUIDs, one type for each kind of thing so that they cannot be mixed up.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace equeue {

/// An instant with the database's resolution.
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

/// A UUID (RFC 9562) that names one kind of thing. A value; the default one is all zero ("none").
template <class Kind>
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
};

using JobId = Uuid<struct JobKind>;
using LeaseId = Uuid<struct LeaseKind>;
using WorkerId = Uuid<struct WorkerKind>;

namespace detail {
std::array<std::uint8_t, 16> make_uuid_v7();
std::array<std::uint8_t, 16> make_uuid_v4();
std::string format_uuid(const std::array<std::uint8_t, 16>& bytes);
std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text);
}  // namespace detail

/// A new UUIDv7: ordered by time (milliseconds, then a per-thread counter), 62 random bits at most.
/// Thread-safe; needs no round trip. Never repeats, also not after a failover of the database.
[[nodiscard]] inline JobId make_job_id() {
  return {detail::make_uuid_v7()};
}

/// A new unguessable worker id (UUIDv4 from the system's random source). Thread-safe.
[[nodiscard]] inline WorkerId make_worker_id() {
  return {detail::make_uuid_v4()};
}

/// The canonical lower-case form, 36 characters.
template <class Kind>
[[nodiscard]] std::string to_string(const Uuid<Kind>& id) {
  return detail::format_uuid(id.bytes);
}

/// Reads the canonical form, upper or lower case; nothing else is accepted.
template <class Id>
[[nodiscard]] std::optional<Id> parse_id(std::string_view text) {
  if (auto bytes = detail::parse_uuid(text)) return Id{*bytes};
  return std::nullopt;
}

}  // namespace equeue

template <class Kind>
struct std::hash<equeue::Uuid<Kind>> {
  std::size_t operator()(const equeue::Uuid<Kind>& id) const noexcept {
    std::size_t value = 0;
    // The last eight bytes of a v4 or v7 UUID are random, so they are a hash already.
    for (std::size_t i = 8; i < 16; ++i) value = value << 8 | id.bytes[i];
    return value;
  }
};
