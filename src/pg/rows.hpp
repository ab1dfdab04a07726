// The rows of one answer, in PostgreSQL's binary format.
#pragma once

#include <cstdint>
#include <equeue/id.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

typedef struct pg_result PGresult;

namespace equeue::pg {

// A field as it came over the wire, valid as long as its Rows. Reading it as a type that it is not breaks an
// invariant of ours (each caller knows the columns of its own statement) and ends the process.
class Field {
 public:
  Field(const char* data, int length) : data_(data), length_(length) {}

  [[nodiscard]] bool is_null() const { return length_ < 0; }
  [[nodiscard]] std::string_view bytes() const;
  [[nodiscard]] std::string text() const { return std::string(bytes()); }
  [[nodiscard]] std::string_view json() const;  // a jsonb value's text
  [[nodiscard]] std::int64_t integer() const;   // int2, int4 or int8
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] TimePoint time() const;
  [[nodiscard]] std::array<std::uint8_t, 16> uuid() const;

  [[nodiscard]] std::optional<std::string> text_or_null() const;
  [[nodiscard]] std::optional<std::string> json_or_null() const;
  [[nodiscard]] std::optional<TimePoint> time_or_null() const;

  // The elements of a one-dimensional array, and the columns of a composite value.
  [[nodiscard]] std::vector<Field> elements() const;
  [[nodiscard]] std::vector<Field> columns() const;

 private:
  const char* data_;
  int length_;  // -1: NULL
};

class Rows {
 public:
  explicit Rows(PGresult* result);  // takes it over

  [[nodiscard]] int count() const;
  [[nodiscard]] Field at(int row, int column) const;

 private:
  std::shared_ptr<PGresult> result_;
};

}  // namespace equeue::pg
