// Parameters of one statement, in PostgreSQL's binary format.
#pragma once

#include <cstdint>
#include <equeue/id.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::pg {

// Appended in order: $1, $2, … Owns its bytes. An array without elements that are set may be given as null()
// to say "absent".
class Params {
 public:
  Params& text(std::string_view value);
  Params& text_or_null(const std::optional<std::string>& value);
  Params& jsonb(std::string_view text);
  Params& int4(std::int32_t value);
  Params& boolean(bool value);
  Params& uuid(const std::array<std::uint8_t, 16>& value);
  Params& null_text();
  Params& bytea(std::string_view bytes);
  Params& bytea(const std::array<std::uint8_t, 32>& digest);
  Params& time_or_null(const std::optional<TimePoint>& value);

  // Elements that are nullopt become NULL. With `null_when_empty`, an array whose elements are all
  // NULL is sent as NULL itself, which the protocol functions read as "not given".
  Params& texts(std::span<const std::optional<std::string_view>> values, bool null_when_empty = true);
  Params& jsonbs(std::span<const std::optional<std::string_view>> values, bool null_when_empty = true);
  Params& uuids(std::span<const std::array<std::uint8_t, 16>> values);
  Params& int2s(std::span<const std::optional<std::int16_t>> values);
  Params& int4s(std::span<const std::optional<std::int32_t>> values);
  Params& int8s(std::span<const std::optional<std::int64_t>> values);
  Params& bools(std::span<const std::optional<bool>> values);
  Params& times(std::span<const std::optional<TimePoint>> values);

  [[nodiscard]] int size() const { return static_cast<int>(types_.size()); }
  [[nodiscard]] const unsigned* types() const { return types_.data(); }
  // Valid until the next append.
  [[nodiscard]] std::vector<const char*> values() const;
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  void begin(unsigned type);
  void end();
  void null(unsigned type);
  template <class T, class Write>
  Params& array(unsigned array_type, unsigned element_type, std::span<const std::optional<T>> values,
                bool null_when_empty, Write write);

  std::string bytes_;
  std::vector<std::ptrdiff_t> starts_;  // -1: NULL
  std::vector<unsigned> types_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace equeue::pg
