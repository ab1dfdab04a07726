// Big-endian integers, type numbers and the epoch of PostgreSQL's binary format (PostgreSQL documentation,
// "Message Formats"; pg_type.dat; timestamps count microseconds from 2000-01-01 UTC).
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <equeue/id.hpp>
#include <limits>
#include <string>

namespace equeue::pg::wire {

inline constexpr unsigned bool_type = 16, bytea_type = 17, int8_type = 20, int2_type = 21, int4_type = 23,
                          text_type = 25, uuid_type = 2950, timestamptz_type = 1184, jsonb_type = 3802;
inline constexpr unsigned bool_array = 1000, int2_array = 1005, int4_array = 1007, text_array = 1009,
                          int8_array = 1016, timestamptz_array = 1185, uuid_array = 2951, jsonb_array = 3807;
inline constexpr char jsonb_version = 1;
inline constexpr TimePoint epoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};

template <class Integer>
Integer swap_to_network(Integer value) {
  static_assert(std::endian::native == std::endian::little, "byte order of the wire format");
  if constexpr (sizeof(Integer) == 2)
    return static_cast<Integer>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  if constexpr (sizeof(Integer) == 4)
    return static_cast<Integer>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  if constexpr (sizeof(Integer) == 8)
    return static_cast<Integer>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  return value;
}

template <class Integer>
void put(std::string& out, Integer value) {
  value = swap_to_network(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Integer>
Integer get(const char* at) {
  Integer value;
  std::memcpy(&value, at, sizeof value);
  return swap_to_network(value);
}

// Beyond what a TimePoint can hold lies infinity, on both sides: min() is PostgreSQL's -infinity.
inline std::int64_t to_wire(TimePoint time) {
  using Limits = std::numeric_limits<std::int64_t>;
  const auto count = time.time_since_epoch().count();
  const auto shift = epoch.time_since_epoch().count();
  return count < Limits::min() + shift ? Limits::min()
         : time == TimePoint::max()    ? Limits::max()
                                       : count - shift;
}
inline TimePoint from_wire(std::int64_t microseconds) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (microseconds == Limits::min()) return TimePoint::min();
  if (microseconds > Limits::max() - epoch.time_since_epoch().count()) return TimePoint::max();
  return epoch + std::chrono::microseconds(microseconds);
}

}  // namespace equeue::pg::wire
