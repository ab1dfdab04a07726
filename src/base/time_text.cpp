#include "base/time_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace equeue {
namespace {

using namespace std::chrono;

// Reads a text from left to right; after the first mismatch `failed` stays.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    const auto part = rest_.substr(0, digits);
    const bool all_digits = part.size() == digits && part.find_first_not_of("0123456789") == part.npos;
    if (!all_digits) return fail();
    std::from_chars(part.data(), part.data() + part.size(), value);
    rest_.remove_prefix(digits);
    return value;
  }

  char one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == choices.npos) return static_cast<char>(fail());
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }

  // ".5" and the like, cut to microseconds; nothing is zero.
  microseconds fraction() {
    if (rest_.empty() || rest_.front() != '.') return {};
    rest_.remove_prefix(1);
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000;
    const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (digits == 0) fail();
    for (std::size_t i = 0; i < digits && unit > 1; ++i) value += (rest_[i] - '0') * (unit /= 10);
    rest_.remove_prefix(digits);
    return microseconds(value);
  }

  [[nodiscard]] bool succeeded() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::optional<TimePoint> read_time(std::string_view text) {
  Reader in(text);
  const int y = in.number(4);
  in.one_of("-");
  const auto month_number = static_cast<unsigned>(in.number(2));
  in.one_of("-");
  const year_month_day date{year(y), month(month_number), day(static_cast<unsigned>(in.number(2)))};
  in.one_of("Tt ");
  const int hour = in.number(2);
  in.one_of(":");
  const int minute = in.number(2);
  in.one_of(":");
  const int second = in.number(2);
  const auto fraction = in.fraction();
  const char zone = in.one_of("Zz+-");
  minutes offset{};
  if (zone == '+' || zone == '-') {
    const int offset_hours = in.number(2);
    in.one_of(":");
    const int offset_minutes = in.number(2);
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = (hours(offset_hours) + minutes(offset_minutes)) * (zone == '-' ? -1 : 1);
  }
  // 60 is a leap second, which system time does not have: it is the next minute's first.
  if (!in.succeeded() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const TimePoint at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
  // An offset or a leap second can lead out of the years that can be written.
  if (at < sys_days(year(0) / 1 / 1) || at >= sys_days(year(10'000) / 1 / 1)) return std::nullopt;
  return at;
}

}  // namespace

std::string relative_time(TimePoint at, TimePoint now) {
  const auto distance = round<seconds>(now > at ? now - at : at - now).count();
  if (distance == 0) return "now";
  std::string amount;
  if (distance < 60) {
    amount = fmt::format("{} s", distance);
  } else if (distance < 3'600) {
    amount = fmt::format("{} m", distance / 60);
  } else if (distance < 48 * 3'600) {
    amount = fmt::format("{} h", distance / 3'600);
  } else {
    amount = fmt::format("{} d", distance / 86'400);
  }
  return now > at ? amount + " ago" : "in " + amount;
}

std::string format_time(TimePoint at) {
  const auto midnight = floor<days>(at);
  const year_month_day date(midnight);
  const hh_mm_ss time(at - midnight);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          time.hours().count(), time.minutes().count(), time.seconds().count());
  if (const auto micros = time.subseconds().count()) text += fmt::format(".{:06}", micros);
  return text + "Z";
}

Result<TimePoint> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("'{}' is not a time", text),
               .hint = "write it as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00"};
}

}  // namespace equeue
