#include "pg/rows.hpp"

#include <libpq-fe.h>

#include "base/check.hpp"
#include "pg/wire.hpp"

namespace equeue::pg {

std::string_view Field::bytes() const {
  EQUEUE_CHECK(length_ >= 0);
  return {data_, static_cast<std::size_t>(length_)};
}

std::string_view Field::json() const {
  EQUEUE_CHECK(length_ >= 1 && data_[0] == wire::jsonb_version);
  return bytes().substr(1);
}

std::int64_t Field::integer() const {
  switch (length_) {
    case 2:
      return wire::get<std::int16_t>(data_);
    case 4:
      return wire::get<std::int32_t>(data_);
    default:
      EQUEUE_CHECK(length_ == 8);
      return wire::get<std::int64_t>(data_);
  }
}

bool Field::boolean() const {
  EQUEUE_CHECK(length_ == 1);
  return data_[0] != 0;
}

TimePoint Field::time() const {
  EQUEUE_CHECK(length_ == 8);
  return wire::from_wire(wire::get<std::int64_t>(data_));
}

std::array<std::uint8_t, 16> Field::uuid() const {
  std::array<std::uint8_t, 16> id;
  EQUEUE_CHECK(length_ == 16);
  std::memcpy(id.data(), data_, id.size());
  return id;
}

std::optional<std::string> Field::text_or_null() const {
  return is_null() ? std::nullopt : std::optional(text());
}

std::optional<std::string> Field::json_or_null() const {
  return is_null() ? std::nullopt : std::optional(std::string(json()));
}

std::optional<TimePoint> Field::time_or_null() const {
  return is_null() ? std::nullopt : std::optional(time());
}

std::vector<Field> Field::elements() const {
  std::vector<Field> fields;
  const auto all = bytes();
  EQUEUE_CHECK(all.size() >= 12);
  if (wire::get<std::int32_t>(all.data()) == 0) return fields;
  // Header: dimensions, has-null flag, element type; then size and lower bound of the one dimension.
  constexpr std::size_t header = 20;
  EQUEUE_CHECK(wire::get<std::int32_t>(all.data()) == 1 && all.size() >= header);
  const auto count = wire::get<std::int32_t>(all.data() + 12);
  fields.reserve(static_cast<std::size_t>(count));
  std::size_t at = header;
  for (std::int32_t i = 0; i < count; ++i) {
    EQUEUE_CHECK(at + 4 <= all.size());
    const auto length = wire::get<std::int32_t>(all.data() + at);
    at += 4;
    fields.emplace_back(all.data() + at, length);
    if (length > 0) at += static_cast<std::size_t>(length);
    EQUEUE_CHECK(at <= all.size());
  }
  return fields;
}

std::vector<Field> Field::columns() const {
  std::vector<Field> fields;
  const auto all = bytes();
  EQUEUE_CHECK(all.size() >= 4);
  const auto count = wire::get<std::int32_t>(all.data());
  fields.reserve(static_cast<std::size_t>(count));
  std::size_t at = 4;
  for (std::int32_t i = 0; i < count; ++i) {
    EQUEUE_CHECK(at + 8 <= all.size());
    const auto length = wire::get<std::int32_t>(all.data() + at + 4);
    at += 8;
    fields.emplace_back(all.data() + at, length);
    if (length > 0) at += static_cast<std::size_t>(length);
    EQUEUE_CHECK(at <= all.size());
  }
  return fields;
}

Rows::Rows(PGresult* result) : result_(result, PQclear) {}

int Rows::count() const {
  return PQntuples(result_.get());
}

Field Rows::at(int row, int column) const {
  EQUEUE_CHECK(row >= 0 && row < count() && column < PQnfields(result_.get()));
  const bool null = PQgetisnull(result_.get(), row, column) != 0;
  return {PQgetvalue(result_.get(), row, column), null ? -1 : PQgetlength(result_.get(), row, column)};
}

}  // namespace equeue::pg
