// JSON documents as text. A payload goes in as the text that it is, so that no number in it is rounded.
#pragma once

#include <cstdint>
#include <equeue/id.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace equeue {

[[nodiscard]] std::string json_quoted(std::string_view text);

// An object, field by field in the order in which they are added. Null for an empty optional.
class JsonObject {
 public:
  JsonObject& raw(std::string_view name, std::string_view json);
  JsonObject& text(std::string_view name, std::optional<std::string_view> value);
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& real(std::string_view name, double value);  // must be finite
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& time(std::string_view name, const std::optional<TimePoint>& value);

  [[nodiscard]] std::string str() const { return fields_ + "}"; }

 private:
  std::string fields_ = "{";
};

[[nodiscard]] std::string json_array(const std::vector<std::string>& elements);

// An array of strings.
[[nodiscard]] std::string json_texts(const std::vector<std::string>& texts);

}  // namespace equeue
