#include "pg/params.hpp"

#include "pg/wire.hpp"

namespace equeue::pg {

void Params::begin(unsigned type) {
  types_.push_back(type);
  formats_.push_back(1);
  starts_.push_back(static_cast<std::ptrdiff_t>(bytes_.size()));
}

void Params::end() {
  lengths_.push_back(static_cast<int>(bytes_.size()) - static_cast<int>(starts_.back()));
}

void Params::null(unsigned type) {
  types_.push_back(type);
  formats_.push_back(1);
  starts_.push_back(-1);
  lengths_.push_back(0);
}

std::vector<const char*> Params::values() const {
  std::vector<const char*> values;
  values.reserve(starts_.size());
  for (const auto start : starts_) values.push_back(start < 0 ? nullptr : bytes_.data() + start);
  return values;
}

Params& Params::text(std::string_view value) {
  begin(wire::text_type);
  bytes_ += value;
  end();
  return *this;
}

Params& Params::text_or_null(const std::optional<std::string>& value) {
  return value ? text(*value) : null_text();
}

Params& Params::null_text() {
  null(wire::text_type);
  return *this;
}

Params& Params::bytea(std::string_view bytes) {
  begin(wire::bytea_type);
  bytes_ += bytes;
  end();
  return *this;
}

Params& Params::bytea(const std::array<std::uint8_t, 32>& digest) {
  return bytea(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Params& Params::time_or_null(const std::optional<TimePoint>& value) {
  if (!value) {
    null(wire::timestamptz_type);
    return *this;
  }
  begin(wire::timestamptz_type);
  wire::put(bytes_, wire::to_wire(*value));
  end();
  return *this;
}

Params& Params::jsonb(std::string_view text) {
  begin(wire::jsonb_type);
  bytes_ += wire::jsonb_version;
  bytes_ += text;
  end();
  return *this;
}

Params& Params::int4(std::int32_t value) {
  begin(wire::int4_type);
  wire::put(bytes_, value);
  end();
  return *this;
}

Params& Params::boolean(bool value) {
  begin(wire::bool_type);
  bytes_.push_back(value ? '\1' : '\0');
  end();
  return *this;
}

Params& Params::uuid(const std::array<std::uint8_t, 16>& value) {
  begin(wire::uuid_type);
  bytes_.append(reinterpret_cast<const char*>(value.data()), value.size());
  end();
  return *this;
}

template <class T, class Write>
Params& Params::array(unsigned array_type, unsigned element_type, std::span<const std::optional<T>> values,
                      bool null_when_empty, Write write) {
  const bool has_null = std::any_of(values.begin(), values.end(), [](const auto& value) { return !value; });
  if (null_when_empty &&
      std::none_of(values.begin(), values.end(), [](const auto& value) { return value.has_value(); })) {
    null(array_type);
    return *this;
  }
  begin(array_type);
  wire::put<std::int32_t>(bytes_, values.empty() ? 0 : 1);
  wire::put<std::int32_t>(bytes_, has_null ? 1 : 0);
  wire::put<std::uint32_t>(bytes_, element_type);
  if (!values.empty()) {
    wire::put(bytes_, static_cast<std::int32_t>(values.size()));
    wire::put<std::int32_t>(bytes_, 1);
  }
  for (const auto& value : values) {
    if (value)
      write(bytes_, *value);
    else
      wire::put<std::int32_t>(bytes_, -1);
  }
  end();
  return *this;
}

Params& Params::texts(std::span<const std::optional<std::string_view>> values, bool null_when_empty) {
  return array(wire::text_array, wire::text_type, values, null_when_empty,
               [](std::string& out, std::string_view value) {
                 wire::put(out, static_cast<std::int32_t>(value.size()));
                 out += value;
               });
}

Params& Params::jsonbs(std::span<const std::optional<std::string_view>> values, bool null_when_empty) {
  return array(wire::jsonb_array, wire::jsonb_type, values, null_when_empty,
               [](std::string& out, std::string_view value) {
                 wire::put(out, static_cast<std::int32_t>(value.size() + 1));
                 out += wire::jsonb_version;
                 out += value;
               });
}

Params& Params::uuids(std::span<const std::array<std::uint8_t, 16>> values) {
  begin(wire::uuid_array);
  wire::put<std::int32_t>(bytes_, values.empty() ? 0 : 1);
  wire::put<std::int32_t>(bytes_, 0);
  wire::put<std::uint32_t>(bytes_, wire::uuid_type);
  if (!values.empty()) {
    wire::put(bytes_, static_cast<std::int32_t>(values.size()));
    wire::put<std::int32_t>(bytes_, 1);
  }
  for (const auto& value : values) {
    wire::put<std::int32_t>(bytes_, 16);
    bytes_.append(reinterpret_cast<const char*>(value.data()), value.size());
  }
  end();
  return *this;
}

namespace {

template <class Integer>
void put_element(std::string& out, Integer value) {
  wire::put(out, static_cast<std::int32_t>(sizeof value));
  wire::put(out, value);
}

}  // namespace

Params& Params::int2s(std::span<const std::optional<std::int16_t>> values) {
  return array(wire::int2_array, wire::int2_type, values, true, put_element<std::int16_t>);
}

Params& Params::int4s(std::span<const std::optional<std::int32_t>> values) {
  return array(wire::int4_array, wire::int4_type, values, true, put_element<std::int32_t>);
}

Params& Params::int8s(std::span<const std::optional<std::int64_t>> values) {
  return array(wire::int8_array, wire::int8_type, values, true, put_element<std::int64_t>);
}

Params& Params::bools(std::span<const std::optional<bool>> values) {
  return array(wire::bool_array, wire::bool_type, values, true,
               [](std::string& out, bool value) { put_element<std::int8_t>(out, value ? 1 : 0); });
}

Params& Params::times(std::span<const std::optional<TimePoint>> values) {
  return array(wire::timestamptz_array, wire::timestamptz_type, values, true,
               [](std::string& out, TimePoint value) { put_element(out, wire::to_wire(value)); });
}

}  // namespace equeue::pg
