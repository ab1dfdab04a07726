#include "base/duration.hpp"

#include <charconv>

namespace equeue {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t milliseconds_max = 3'650LL * 86'400'000;

Error refuse(std::string_view text) {
  return {.code = ErrorCode::invalid_argument,
          .message = fmt::format("'{}' is not a duration", text),
          .hint = "write it as 250ms, 15s, 1h30m or 7d"};
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  if (rest.empty()) return refuse(text);
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (fault != std::errc{} || rest.front() == '-' || count > milliseconds_max) return refuse(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto letters = rest.substr(0, rest.find_first_of("0123456789"));
    const auto unit = std::find_if(units.begin() + static_cast<std::ptrdiff_t>(next_unit), units.end(),
                                   [&](const Unit& candidate) { return candidate.name == letters; });
    if (unit == units.end() || count > milliseconds_max / unit->milliseconds) return refuse(text);
    total += count * unit->milliseconds;
    if (total > milliseconds_max) return refuse(text);
    next_unit = static_cast<std::size_t>(unit - units.begin()) + 1;
    rest.remove_prefix(letters.size());
  }
  return std::chrono::milliseconds(total);
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::string text;
  auto rest = duration.count();
  for (const auto& unit : units) {
    if (const auto count = rest / unit.milliseconds) text += fmt::format("{}{}", count, unit.name);
    rest %= unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

std::string describe_duration(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 1e-3) return fmt::format("{:.0f} µs", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3'600) return fmt::format("{} m {} s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{} h {} m", whole / 3'600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86'400, whole / 3'600 % 24);
}

}  // namespace equeue
