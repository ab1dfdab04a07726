/// C++ values as JSON, and JSON as C++ values, through Boost.Describe.
///
/// | C++                                          | JSON                                              |
/// | bool, std::string, boost::json::value        | the same                                          |
/// | integers up to 64 bits                       | a number, exact                                   |
/// | double                                       | a number                                          |
/// | a described enum                             | the enumerator's name, as a string                |
/// | Uuid (JobId, …)                              | its canonical form, as a string                   |
/// | std::optional                                | the value, or null; left out as a struct's member |
/// | std::vector, std::map with std::string keys  | an array, an object                               |
/// | a described struct, its bases included       | an object with one field a member                 |
#pragma once

#include <array>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <cstdint>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace equeue {

/// The JSON form of a value.
/// Throws Exception (invalid_payload) for what JSON cannot say: a double that is not finite, and an enum
/// value without a described name. Text is taken as it is: what is no UTF-8 is refused when it is enqueued.
template <class T>
[[nodiscard]] boost::json::value to_json(const T& value);

/// Reads a T. Never narrows: a number that does not fit is refused, and 1.0 is no integer. A double takes any
/// number, rounded to the nearest. A missing field is refused unless its member is a std::optional, and so is
/// a field that no member has. On failure invalid_payload with every wrong field in Error::faults. Requires:
/// T, and every described struct in it, has a default constructor.
template <class T>
[[nodiscard]] Result<T> from_json(const boost::json::value& document);

namespace detail {

[[nodiscard]] std::string serialize(const boost::json::value& document);

/// Reads JSON by the rules of RFC 8259, and stricter where PostgreSQL's jsonb or another reader could take it
/// for something else: no key twice in one object, no \u0000, no lone surrogate, no invalid UTF-8, no number
/// that is infinite as a double, at most limits::json_depth_max deep. An integer beyond 64 bits becomes a
/// double. invalid_payload that names the place otherwise.
[[nodiscard]] Result<boost::json::value> parse(std::string_view text);

/// Where in a document a value lies. Each step lives on its reader's stack and refers to the one before.
struct Place {
  const Place* parent = nullptr;
  std::string_view key{};
  std::optional<std::size_t> index{};

  [[nodiscard]] Place field(std::string_view name) const { return {this, name, std::nullopt}; }
  [[nodiscard]] Place element(std::size_t number) const { return {this, {}, number}; }
};

/// The wrong fields that one reading has met. Readers add to it and read on.
class Faults {
 public:
  void add(const Place& place, std::string message);
  void mismatch(const Place& place, std::string_view expected, const boost::json::value& got);
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] Error error() &&;

 private:
  std::vector<Fault> listed_;
  std::size_t count_ = 0;
};

[[noreturn]] void refuse_double(double value);
[[noreturn]] void refuse_enum(std::int64_t value);

// Each answers nothing after it has added to `faults`.
std::optional<bool> read_bool(const boost::json::value& from, const Place& at, Faults& faults);
std::optional<double> read_double(const boost::json::value& from, const Place& at, Faults& faults);
std::optional<std::string> read_string(const boost::json::value& from, const Place& at, Faults& faults);
std::optional<std::int64_t> read_signed(const boost::json::value& from, int bits, const Place& at,
                                        Faults& faults);
std::optional<std::uint64_t> read_unsigned(const boost::json::value& from, int bits, const Place& at,
                                           Faults& faults);
std::optional<std::array<std::uint8_t, 16>> read_uuid(const boost::json::value& from, const Place& at,
                                                      Faults& faults);
std::optional<std::size_t> read_choice(const boost::json::value& from,
                                       std::span<const std::string_view> names, const Place& at,
                                       Faults& faults);
const boost::json::object* read_object(const boost::json::value& from, const Place& at, Faults& faults);
const boost::json::array* read_array(const boost::json::value& from, const Place& at, Faults& faults);
void refuse_unknown_fields(const boost::json::object& from, std::span<const std::string_view> names,
                           const Place& at, Faults& faults);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T, class C, class A>
inline constexpr bool is_map<std::map<std::string, T, C, A>> = true;
template <class T>
inline constexpr bool is_uuid = false;
template <class Kind>
inline constexpr bool is_uuid<Uuid<Kind>> = true;
template <class T>
inline constexpr bool has_no_json_form = false;

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !Character<T>;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
using MembersOf =
    boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

template <DescribedStruct T>
consteval auto field_names() {
  std::array<std::string_view, boost::mp11::mp_size<MembersOf<T>>::value> names{};
  [[maybe_unused]] std::size_t next = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { names[next++] = member.name; });
  return names;
}

template <DescribedEnum T>
consteval auto enumerators() {
  struct Enumerators {
    std::array<std::string_view, boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value>
        names{};
    std::array<T, boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value> values{};
  } all;
  std::size_t next = 0;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
    all.names[next] = enumerator.name;
    all.values[next++] = enumerator.value;
  });
  return all;
}

template <DescribedEnum T>
boost::json::value enum_to_json(T value) {
  static constexpr auto all = enumerators<T>();
  for (std::size_t i = 0; i < all.values.size(); ++i) {
    if (all.values[i] == value) return boost::json::value(boost::json::string(all.names[i]));
  }
  refuse_enum(static_cast<std::int64_t>(value));
}

template <DescribedStruct T>
boost::json::value struct_to_json(const T& value) {
  boost::json::object out;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    const auto& field = value.*member.pointer;
    if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>) {
      if (!field) return;
    }
    out.emplace(member.name, to_json(field));
  });
  return out;
}

template <class T>
std::optional<T> read(const boost::json::value& from, const Place& at, Faults& faults);

template <Integer T>
std::optional<T> read_integer(const boost::json::value& from, const Place& at, Faults& faults) {
  constexpr int bits = std::numeric_limits<T>::digits + (std::signed_integral<T> ? 1 : 0);
  if constexpr (std::signed_integral<T>) {
    const auto value = read_signed(from, bits, at, faults);
    return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
  } else {
    const auto value = read_unsigned(from, bits, at, faults);
    return value ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
}

template <class T>
std::optional<T> read_vector(const boost::json::value& from, const Place& at, Faults& faults) {
  const auto* const array = read_array(from, at, faults);
  if (!array) return std::nullopt;
  T out;
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    if (auto element = read<typename T::value_type>((*array)[i], at.element(i), faults)) {
      out.push_back(std::move(*element));
    }
  }
  return out;
}

template <class T>
std::optional<T> read_map(const boost::json::value& from, const Place& at, Faults& faults) {
  const auto* const object = read_object(from, at, faults);
  if (!object) return std::nullopt;
  T out;
  for (const auto& [key, value] : *object) {
    const std::string_view name(key.data(), key.size());
    if (auto mapped = read<typename T::mapped_type>(value, at.field(name), faults)) {
      out.emplace(std::string(name), std::move(*mapped));
    }
  }
  return out;
}

template <DescribedStruct T>
std::optional<T> read_struct(const boost::json::value& from, const Place& at, Faults& faults) {
  static constexpr auto names = field_names<T>();
  const auto* const object = read_object(from, at, faults);
  if (!object) return std::nullopt;
  T out{};
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    using Field = std::remove_cvref_t<decltype(out.*member.pointer)>;
    const Place here = at.field(member.name);
    const auto* const value = object->if_contains(member.name);
    if (value) {
      if (auto field = read<Field>(*value, here, faults)) out.*member.pointer = std::move(*field);
    } else if constexpr (!is_optional<Field>) {
      faults.add(here, "missing");
    }
  });
  refuse_unknown_fields(*object, names, at, faults);
  return out;
}

// After a fault the value is of no use (but still a valid T): from_json looks at the faults, not at it.
template <class T>
std::optional<T> read(const boost::json::value& from, const Place& at, Faults& faults) {
  if constexpr (std::same_as<T, boost::json::value>) {
    return from;
  } else if constexpr (std::same_as<T, bool>) {
    return read_bool(from, at, faults);
  } else if constexpr (Integer<T>) {
    return read_integer<T>(from, at, faults);
  } else if constexpr (std::same_as<T, double>) {
    return read_double(from, at, faults);
  } else if constexpr (std::same_as<T, std::string>) {
    return read_string(from, at, faults);
  } else if constexpr (is_uuid<T>) {
    const auto bytes = read_uuid(from, at, faults);
    return bytes ? std::optional(T{*bytes}) : std::nullopt;
  } else if constexpr (DescribedEnum<T>) {
    static constexpr auto all = enumerators<T>();
    const auto chosen = read_choice(from, all.names, at, faults);
    return chosen ? std::optional(all.values[*chosen]) : std::nullopt;
  } else if constexpr (is_optional<T>) {
    if (from.is_null()) return std::optional<T>(std::in_place);
    return std::optional<T>(std::in_place, read<typename T::value_type>(from, at, faults));
  } else if constexpr (is_vector<T>) {
    return read_vector<T>(from, at, faults);
  } else if constexpr (is_map<T>) {
    return read_map<T>(from, at, faults);
  } else if constexpr (DescribedStruct<T>) {
    return read_struct<T>(from, at, faults);
  } else {
    static_assert(has_no_json_form<T>,
                  "no JSON form: see the table in json_codec.hpp; describe structs and enums");
  }
}

}  // namespace detail

template <class T>
boost::json::value to_json(const T& value) {
  using namespace detail;
  if constexpr (std::same_as<T, boost::json::value>) {
    return value;
  } else if constexpr (std::same_as<T, bool>) {
    return boost::json::value(value);
  } else if constexpr (Integer<T>) {
    using Wide = std::conditional_t<std::signed_integral<T>, std::int64_t, std::uint64_t>;
    return boost::json::value(static_cast<Wide>(value));
  } else if constexpr (std::same_as<T, double>) {
    // A value minus itself is zero unless it is infinite or not a number.
    if (!(value - value == 0)) refuse_double(value);
    return boost::json::value(value);
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
    return boost::json::value(boost::json::string(value));
  } else if constexpr (is_uuid<T>) {
    return boost::json::value(boost::json::string(format_uuid(value.bytes)));
  } else if constexpr (DescribedEnum<T>) {
    return enum_to_json(value);
  } else if constexpr (is_optional<T>) {
    return value ? to_json(*value) : boost::json::value(nullptr);
  } else if constexpr (is_vector<T>) {
    boost::json::array out;
    out.reserve(value.size());
    // By type, because the elements of vector<bool> are proxies.
    for (const typename T::value_type& element : value) out.push_back(to_json(element));
    return out;
  } else if constexpr (is_map<T>) {
    boost::json::object out;
    out.reserve(value.size());
    for (const auto& [key, mapped] : value) out.emplace(key, to_json(mapped));
    return out;
  } else if constexpr (DescribedStruct<T>) {
    return struct_to_json(value);
  } else {
    static_assert(has_no_json_form<T>,
                  "no JSON form: see the table in json_codec.hpp; describe structs and enums");
  }
}

template <class T>
Result<T> from_json(const boost::json::value& document) {
  detail::Faults faults;
  auto value = detail::read<T>(document, {}, faults);
  if (faults.count() > 0) return std::move(faults).error();
  return std::move(*value);
}

}  // namespace equeue
