#include "api/openapi/document.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "http/problem.hpp"

namespace equeue::api {
namespace {

namespace json = boost::json;

constexpr std::string_view reference_start = "#/components/schemas/";

json::object reference(std::string_view schema) {
  return {{"$ref", fmt::format("{}{}", reference_start, schema)}};
}

json::object content(std::string_view type, json::object schema) {
  return {{json::string_view(type), json::object{{"schema", std::move(schema)}}}};
}

json::object content(const Answer& answer) {
  if (!answer.schema.empty()) return content("application/json", reference(answer.schema));
  return content(answer.content_type, {});
}

// Those of bodies and answers that `value` refers to, however deep.
void collect_references(const json::value& value, std::set<std::string>& names) {
  if (const auto* const object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref" && member.is_string()) {
        const std::string_view target(member.get_string().data(), member.get_string().size());
        names.emplace(target.substr(std::min(reference_start.size(), target.size())));
      }
      collect_references(member, names);
    }
  } else if (const auto* const array = value.if_array()) {
    for (const auto& element : *array) collect_references(element, names);
  }
}

json::array parameters(const Operation& operation) {
  json::array all;
  for (const auto& name : path_parameters(operation.pattern)) {
    all.push_back(json::object{
        {"name", name}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}});
  }
  for (const auto& parameter : operation.parameters) {
    all.push_back(json::object{{"name", parameter.name},
                               {"in", parameter.in == Parameter::In::query ? "query" : "header"},
                               {"description", parameter.description},
                               {"schema", json::parse(parameter.schema)}});
  }
  return all;
}

json::object responses(const Operation& operation) {
  json::object all;
  for (const auto& answer : operation.answers) {
    json::object response{{"description", answer.description.empty()
                                              ? std::string(http::reason(answer.status))
                                              : answer.description}};
    if (!answer.schema.empty() || !answer.content_type.empty()) response["content"] = content(answer);
    all[std::to_string(answer.status)] = std::move(response);
  }
  for (const auto status : problem_statuses(operation)) {
    all.emplace(std::to_string(status),
                json::object{{"description", http::reason(status)},
                             {"content", content("application/problem+json", reference("Problem"))}});
  }
  return all;
}

json::array security(const Policy& policy) {
  json::array any_of;
  if (!policy.needs_credentials()) return any_of;
  for (const auto scope : policy.scopes())
    any_of.push_back(json::object{{"bearer", json::array{to_string(scope)}}});
  if (any_of.empty()) any_of.push_back(json::object{{"bearer", json::array{}}});
  return any_of;
}

json::object describe(const Operation& operation) {
  json::object described{{"operationId", operation.id},
                         {"tags", json::array{operation.tag}},
                         {"summary", operation.summary},
                         {"security", security(operation.policy)}};
  if (auto all = parameters(operation); !all.empty()) described["parameters"] = std::move(all);
  if (!operation.body.empty())
    described["requestBody"] =
        json::object{{"content", content("application/json", reference(operation.body))}};
  described["responses"] = responses(operation);
  return described;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return out;
}

}  // namespace

const json::object& components() {
  static const json::object parsed = json::parse(json::string_view(components_text())).as_object();
  return parsed;
}

std::vector<std::string> path_parameters(std::string_view pattern) {
  std::vector<std::string> names;
  for (auto begin = pattern.find('{'); begin != pattern.npos; begin = pattern.find('{', begin + 1))
    names.emplace_back(pattern.substr(begin + 1, pattern.find('}', begin) - begin - 1));
  return names;
}

std::vector<int> problem_statuses(const Operation& operation) {
  std::set<int> statuses{400, 500, 503};
  statuses.insert(operation.problems.begin(), operation.problems.end());
  if (operation.policy.needs_credentials()) statuses.insert({401, 403, 429});
  if (!operation.body.empty()) statuses.insert({413, 415});
  for (const auto& answer : operation.answers) statuses.erase(answer.status);
  return {statuses.begin(), statuses.end()};
}

json::object openapi_document(const Operations& operations) {
  json::object paths;
  json::array tags;
  for (const auto& operation : operations) {
    auto& path = paths[operation.pattern];
    if (path.is_null()) path = json::object{};
    path.as_object()[lower(to_string(operation.method))] = describe(operation);
    const json::value tag = json::object{{"name", operation.tag}};
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           json::object{{"title", "eQueue"},
                        {"version", EQUEUE_VERSION},
                        {"description",
                         "Jobs on PostgreSQL over HTTP. Problems are RFC 9457 with a stable code; a scope "
                         "named beside a route is what it asks of its caller's key or token."}}},
          {"tags", std::move(tags)},
          {"paths", std::move(paths)},
          {"components",
           json::object{
               {"securitySchemes",
                json::object{{"bearer", json::object{{"type", "http"},
                                                     {"scheme", "bearer"},
                                                     {"description", "An API key, or an access token."}}}}},
               {"schemas", components()}}}};
}

std::vector<std::string> table_faults(const Operations& operations) {
  std::vector<std::string> faults;
  std::set<std::string> ids;
  std::set<std::string> routes;
  std::set<std::string> wanted{"Problem"};
  for (const auto& operation : operations) {
    if (!ids.insert(operation.id).second)
      faults.push_back(fmt::format("two operations have the id {}", operation.id));
    const auto route = fmt::format("{} {}", to_string(operation.method), operation.pattern);
    if (!routes.insert(route).second) faults.push_back(fmt::format("{} stands there twice", route));
    if (operation.summary.empty() || operation.tag.empty())
      faults.push_back(fmt::format("{} has no summary or no tag", operation.id));
    if (operation.answers.empty()) faults.push_back(fmt::format("{} says no answer", operation.id));
    if (!operation.body.empty()) wanted.insert(operation.body);
    for (const auto& answer : operation.answers) {
      if (!answer.schema.empty()) wanted.insert(answer.schema);
    }
    for (const auto& parameter : operation.parameters) {
      json::error_code failed;
      const auto schema = json::parse(parameter.schema, failed);
      if (failed || !schema.is_object())
        faults.push_back(
            fmt::format("the schema of {}'s parameter {} is no JSON object", operation.id, parameter.name));
    }
  }
  collect_references(components(), wanted);
  for (const auto& name : wanted) {
    if (!components().contains(name)) faults.push_back(fmt::format("components.json has no {}", name));
  }
  for (const auto& [name, schema] : components()) {
    if (!wanted.contains(std::string(name)))
      faults.push_back(fmt::format("nothing uses {} of components.json", std::string(name)));
  }
  return faults;
}

}  // namespace equeue::api
