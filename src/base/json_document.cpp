#include "base/json_document.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/time_text.hpp"

namespace equeue {

std::string json_quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  if (fields_.size() > 1) fields_ += ',';
  fields_ += json_quoted(name);
  fields_ += ':';
  fields_ += json;
  return *this;
}

JsonObject& JsonObject::text(std::string_view name, std::optional<std::string_view> value) {
  return raw(name, value ? json_quoted(*value) : "null");
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) {
  return raw(name, std::to_string(value));
}

JsonObject& JsonObject::real(std::string_view name, double value) {
  return raw(name, fmt::format("{:.6g}", value));
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

JsonObject& JsonObject::time(std::string_view name, const std::optional<TimePoint>& value) {
  return raw(name, value ? json_quoted(format_time(*value)) : "null");
}

std::string json_array(const std::vector<std::string>& elements) {
  return fmt::format("[{}]", fmt::join(elements, ","));
}

std::string json_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const auto& text : texts) elements.push_back(json_quoted(text));
  return json_array(elements);
}

}  // namespace equeue
