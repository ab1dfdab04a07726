#include "api/schema/prepare.hpp"

#include <re2/re2.h>

#include <boost/json/serialize.hpp>
#include <equeue/limits.hpp>
#include <map>

#include "base/json_pointer.hpp"

namespace equeue::api {
namespace {

namespace json = boost::json;

enum class Keyword {
  schema,           // its value is a schema
  schemas,          // an array of them
  schema_or_array,  // either
  named_schemas,    // an object of them
  dependencies,     // an object of schemas and of arrays of names
  pattern,
  unique,
  divisor,
  kept,        // checked by the validator
  annotation,  // says nothing about whether a value is valid
  refused
};

const std::map<std::string_view, Keyword>& keywords() {
  using enum Keyword;
  static const std::map<std::string_view, Keyword> all{
      {"$comment", annotation},
      {"$id", annotation},
      {"$ref", annotation},
      {"$schema", annotation},
      {"additionalItems", schema},
      {"additionalProperties", schema},
      {"allOf", schemas},
      {"anyOf", schemas},
      {"const", kept},
      {"contains", schema},
      {"contentEncoding", annotation},
      {"contentMediaType", annotation},
      {"default", annotation},
      {"definitions", annotation},
      {"dependencies", dependencies},
      {"description", annotation},
      {"else", schema},
      {"enum", kept},
      {"examples", annotation},
      {"exclusiveMaximum", kept},
      {"exclusiveMinimum", kept},
      {"format", annotation},
      {"if", schema},
      {"items", schema_or_array},
      {"maxItems", kept},
      {"maxLength", kept},
      {"maxProperties", kept},
      {"maximum", kept},
      {"minItems", kept},
      {"minLength", kept},
      {"minProperties", kept},
      {"minimum", kept},
      {"multipleOf", divisor},
      {"not", schema},
      {"oneOf", schemas},
      {"pattern", pattern},
      {"patternProperties", refused},
      {"properties", named_schemas},
      {"propertyNames", schema},
      {"readOnly", annotation},
      {"required", kept},
      {"then", schema},
      {"title", annotation},
      {"type", kept},
      {"uniqueItems", unique},
      {"writeOnly", annotation},
  };
  return all;
}

std::string_view view_of(const json::string& text) {
  return {text.data(), text.size()};
}

bool is_positive(const json::value& value) {
  if (value.is_double()) return value.get_double() > 0;
  return value.is_uint64() || (value.is_int64() && value.get_int64() > 0);
}

class Preparation {
 public:
  explicit Preparation(const json::value& root) : root_(root) {}

  json::value schema(const json::value& value, const std::string& pointer) {
    const Deeper deeper(*this);
    if (value.is_bool()) return value;
    const auto* const object = value.if_object();
    if (object == nullptr) return fault(pointer, "a schema is an object, true or false");
    if (++parts_ > schema_parts_max || depth_ > schema_depth_max) {
      // A $ref that leads back to itself comes here as well.
      is_too_large_ = true;
      return true;
    }
    if (const auto* const reference = object->if_contains("$ref"))
      return referred(*reference, pointer + "/$ref");
    json::object out;
    for (const auto& [name, member] : *object) keyword(out, {name.data(), name.size()}, member, pointer);
    return out;
  }

  std::vector<Fault> faults() && {
    if (is_too_large_) {
      faults_.insert(
          faults_.begin(),
          {"", fmt::format("is too large: with each $ref as what it names it has at most {} subschemas, {} "
                           "deep, and a $ref may not lead back to itself",
                           schema_parts_max, schema_depth_max)});
    }
    return std::move(faults_);
  }
  [[nodiscard]] bool compares_items() const { return compares_items_; }

 private:
  struct Deeper {
    explicit Deeper(Preparation& of) : preparation(of) { ++preparation.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    ~Deeper() { --preparation.depth_; }
    Preparation& preparation;
  };

  json::value fault(const std::string& pointer, std::string message) {
    if (faults_.size() < limits::faults_max) faults_.push_back({pointer, std::move(message)});
    return true;
  }

  json::value referred(const json::value& reference, const std::string& pointer) {
    const auto target = reference.is_string() ? view_of(reference.get_string()) : std::string_view{};
    if (!target.starts_with('#'))
      return fault(pointer, "names nothing in this schema: only '#/…' is followed, and nothing is fetched");
    json::error_code failed;
    const auto* const named = root_.find_pointer(json::string_view(target.substr(1)), failed);
    if (named == nullptr) return fault(pointer, "names nothing in this schema");
    return schema(*named, std::string(target.substr(1)));
  }

  void keyword(json::object& out, std::string_view name, const json::value& value,
               const std::string& pointer) {
    const auto here = fmt::format("{}/{}", pointer, pointer_step(name));
    const auto found = keywords().find(name);
    if (found == keywords().end()) {
      if (!name.starts_with("x-")) fault(here, "is no keyword of draft 7; names of your own begin with x-");
      return;
    }
    const json::string_view key(name);
    switch (found->second) {
      case Keyword::schema:
        out[key] = schema(value, here);
        break;
      case Keyword::schemas:
        out[key] = schemas(value, here);
        break;
      case Keyword::schema_or_array:
        out[key] = value.is_array() ? schemas(value, here) : schema(value, here);
        break;
      case Keyword::named_schemas:
      case Keyword::dependencies:
        out[key] = named(value, here, found->second == Keyword::dependencies);
        break;
      case Keyword::pattern:
        add_pattern(out, value, here);
        break;
      case Keyword::unique:
        compares_items_ = compares_items_ || (value.is_bool() && value.get_bool());
        out[key] = value;
        break;
      case Keyword::divisor:
        // The validator divides by it as it is; by zero, that ends the process.
        if (!is_positive(value)) fault(here, "is a number above 0");
        out[key] = value;
        break;
      case Keyword::kept:
        out[key] = value;
        break;
      case Keyword::annotation:
        if (name == "$schema") check_dialect(value, here);
        break;
      case Keyword::refused:
        fault(here, "is not supported");
        break;
    }
  }

  json::value schemas(const json::value& value, const std::string& pointer) {
    if (!value.is_array()) return fault(pointer, "is an array of schemas");
    json::array out;
    for (const auto& each : value.get_array())
      out.push_back(schema(each, fmt::format("{}/{}", pointer, out.size())));
    return out;
  }

  json::value named(const json::value& value, const std::string& pointer, bool may_be_names) {
    if (!value.is_object()) return fault(pointer, "is an object of schemas");
    json::object out;
    for (const auto& [name, each] : value.get_object()) {
      const auto here = fmt::format("{}/{}", pointer, pointer_step({name.data(), name.size()}));
      out[name] = may_be_names && each.is_array() ? each : schema(each, here);
    }
    return out;
  }

  void add_pattern(json::object& out, const json::value& value, const std::string& pointer) {
    if (!value.is_string() || value.get_string().size() > pattern_bytes_max) {
      fault(pointer, fmt::format("is a text of at most {} bytes", pattern_bytes_max));
      return;
    }
    RE2::Options options;
    options.set_log_errors(false);
    const auto text = view_of(value.get_string());
    const RE2 pattern(re2::StringPiece(text.data(), text.size()), options);
    if (pattern.ok())
      out[json::string_view(pattern_keyword)] = value;
    else
      fault(pointer, fmt::format("is no pattern that can be matched in linear time: {}", pattern.error()));
  }

  void check_dialect(const json::value& value, const std::string& pointer) {
    const auto name = value.is_string() ? view_of(value.get_string()) : std::string_view{};
    if (name.find("json-schema.org/draft-07/") == name.npos)
      fault(pointer, "is another dialect than draft 7");
  }

  const json::value& root_;
  std::size_t parts_ = 0;
  std::size_t depth_ = 0;
  bool is_too_large_ = false;
  bool compares_items_ = false;
  std::vector<Fault> faults_;
};

}  // namespace

Result<PreparedSchema> prepare_schema(const json::value& schema) {
  Preparation preparation(schema);
  auto prepared = preparation.schema(schema, "");
  const bool compares_items = preparation.compares_items();
  auto faults = std::move(preparation).faults();
  if (faults.empty()) return PreparedSchema{std::move(prepared), compares_items};
  return Error{.code = ErrorCode::invalid_argument,
               .message = "this is no JSON Schema that can be used",
               .hint = "draft 7, with the bounds of docs/http.md",
               .faults = std::move(faults)};
}

}  // namespace equeue::api
