// The one place that reads valijson's headers.

// Else a schema that it cannot read ends the process.
#define VALIJSON_USE_EXCEPTIONS 1

#include "api/schema/payload_schema.hpp"

#include <re2/re2.h>

#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>
#include <limits>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "api/schema/prepare.hpp"
#include "base/json_pointer.hpp"

namespace equeue::api {
namespace {

namespace json = boost::json;
using valijson::adapters::BoostJsonAdapter;

// All faults of a payload are found only when it has no more values than these: each fault takes memory.
constexpr std::size_t explained_values_max = 5'000;

// uniqueItems compares each item with each; this bounds the comparisons.
constexpr std::size_t comparisons_max = 1'000'000;

// std::regex, which valijson would use, needs time and stack without bound for some patterns and texts.
class LinearPattern : public valijson::constraints::PolyConstraint {
 public:
  explicit LinearPattern(std::shared_ptr<const RE2> pattern) : pattern_(std::move(pattern)) {}

  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    if (!target.maybeString()) return true;
    const auto text = target.asString();
    if (RE2::PartialMatch(text, *pattern_)) return true;
    if (results != nullptr) results->pushError(context, "does not match " + pattern_->pattern());
    return false;
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* place) const override {
    return new (place) LinearPattern(pattern_);
  }
  std::size_t sizeOf() const override { return sizeof(LinearPattern); }

  std::shared_ptr<const RE2> pattern_;
};

class LinearPatternBuilder : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& value) const override {
    return new LinearPattern(std::make_shared<const RE2>(value.asString()));
  }
};

struct Extent {
  std::size_t values = 0;
  std::size_t comparisons = 0;
};

// Also brings integers beyond int64 to its end, which valijson would take for no integers at all.
void measure(json::value& value, Extent& extent) {
  ++extent.values;
  if (auto* const array = value.if_array()) {
    extent.comparisons += array->size() * array->size() / 2;
    for (auto& each : *array) measure(each, extent);
  } else if (auto* const object = value.if_object()) {
    for (auto& member : *object) measure(member.value(), extent);
  } else if (value.is_uint64()) {
    value = std::numeric_limits<std::int64_t>::max();
  }
}

// valijson's "<root>", "[name]", "[0]".
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    pointer += '/' + pointer_step(std::string_view(context[i]).substr(1, context[i].size() - 2));
  }
  return pointer;
}

// What valijson says of a value because of a fault further inside.
bool is_echo(std::string_view description) {
  return description.starts_with("Failed to validate against schema associated with property") ||
         description.starts_with("Failed to validate item");
}

}  // namespace

struct PayloadSchema::Compiled {
  valijson::Schema schema;
  bool compares_items = false;
};

PayloadSchema::PayloadSchema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
PayloadSchema::~PayloadSchema() = default;

Result<std::shared_ptr<const PayloadSchema>> PayloadSchema::read(std::string_view text) {
  const auto refuse = [](std::string message) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "this is no JSON Schema that can be used",
                 .faults = {{"", std::move(message)}}};
  };
  if (text.size() > schema_bytes_max) return refuse(fmt::format("has more than {} bytes", schema_bytes_max));
  auto parsed = detail::parse(text);
  if (!parsed) return parsed.error();
  auto prepared = prepare_schema(*parsed);
  if (!prepared) return prepared.error();
  auto compiled = std::make_unique<Compiled>();
  compiled->compares_items = prepared->compares_items;
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.addConstraintBuilder(std::string(pattern_keyword), new LinearPatternBuilder);
    parser.populateSchema(BoostJsonAdapter(prepared->schema), compiled->schema);
  } catch (const std::exception& fault) {
    return refuse(fault.what());
  }
  return std::shared_ptr<const PayloadSchema>(new PayloadSchema(std::move(compiled)));
}

std::vector<Fault> PayloadSchema::check(json::value payload) const {
  Extent extent;
  measure(payload, extent);
  if (compiled_->compares_items && extent.comparisons > comparisons_max)
    return {{"", "has too many array elements for a schema with uniqueItems"}};
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  const BoostJsonAdapter adapter(payload);
  if (validator.validate(compiled_->schema, adapter, nullptr)) return {};
  if (extent.values > explained_values_max)
    return {{"", fmt::format("does not fit the schema; where is not said of more than {} values",
                             explained_values_max)}};
  valijson::ValidationResults results;
  validator.validate(compiled_->schema, adapter, &results);
  std::vector<Fault> faults;
  for (const auto& result : results) {
    if (is_echo(result.description)) continue;
    if (faults.size() == limits::faults_max) break;
    faults.push_back({pointer_of(result.context), result.description});
  }
  if (faults.empty()) faults.push_back({"", "does not fit the schema"});
  return faults;
}

}  // namespace equeue::api
