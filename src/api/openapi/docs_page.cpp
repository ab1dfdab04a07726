#include "api/openapi/docs_page.hpp"

#include <openssl/evp.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/call.hpp"
#include "api/openapi/docs_style.hpp"
#include "api/openapi/document.hpp"
#include "auth/secret.hpp"
#include "http/problem.hpp"

namespace equeue::api {
namespace {

namespace json = boost::json;

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += letter;
    }
  }
  return out;
}

std::string_view text_of(const json::value& value) {
  return value.is_string() ? std::string_view(value.get_string().data(), value.get_string().size())
                           : std::string_view{};
}

std::string_view member(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(json::string_view(name));
  return value == nullptr ? std::string_view{} : text_of(*value);
}

std::string schema_link(std::string_view name) {
  return fmt::format(R"(<a href="#schema-{0}">{0}</a>)", escaped(name));
}

// What a schema asks for, in a few words of HTML.
std::string type_of(const json::object& schema) {
  if (const auto target = member(schema, "$ref"); !target.empty())
    return schema_link(target.substr(target.rfind('/') + 1));
  const auto joined = [](const json::array& parts, std::string_view between, auto word) {
    std::string all;
    for (const auto& part : parts) all.append(all.empty() ? "" : between).append(word(part));
    return all;
  };
  if (const auto* const any_of = schema.if_contains("anyOf")) {
    return joined(any_of->as_array(), " or ",
                  [](const json::value& each) { return type_of(each.as_object()); });
  }
  if (const auto* const words = schema.if_contains("enum")) {
    return joined(words->as_array(), " | ", [](const json::value& each) {
      return escaped(each.is_string() ? std::string(text_of(each)) : json::serialize(each));
    });
  }
  std::string type = "any JSON";
  if (const auto* const types = schema.if_contains("type")) {
    type = types->is_array() ? joined(types->as_array(), " or ",
                                      [](const json::value& each) { return escaped(text_of(each)); })
                             : escaped(text_of(*types));
  }
  if (const auto* const items = schema.if_contains("items")) {
    type = type_of(items->as_object()) + "[]";
  } else if (const auto format = member(schema, "format"); !format.empty()) {
    type += ", " + escaped(format);
  }
  const auto* const least = schema.if_contains("minimum");
  const auto* const most = schema.if_contains("maximum");
  if (least != nullptr && most != nullptr) {
    type += fmt::format(", {} to {}", json::serialize(*least), json::serialize(*most));
  } else if (least != nullptr) {
    type += fmt::format(", at least {}", json::serialize(*least));
  }
  if (const auto* const usual = schema.if_contains("default"))
    type += "; " + escaped(json::serialize(*usual));
  return type;
}

std::string row(std::string_view name, bool is_needed, std::string_view type, std::string_view says) {
  return fmt::format("<tr><td><code>{}</code>{}</td><td class=\"type\">{}</td><td>{}</td></tr>\n",
                     escaped(name), is_needed ? R"(<span class="needed">required</span>)" : "", type,
                     escaped(says));
}

std::string properties(const json::object& schema) {
  const auto* const members = schema.if_contains("properties");
  if (members == nullptr) return {};
  const auto* const required = schema.if_contains("required");
  // Answers have all their members; only of what a caller sends it matters which.
  const bool is_sent = schema.contains("additionalProperties");
  std::string rows;
  for (const auto& [name, each] : members->as_object()) {
    const bool is_needed =
        is_sent && required != nullptr &&
        std::ranges::find(required->as_array(), json::value(name)) != required->as_array().end();
    rows += row(name, is_needed, type_of(each.as_object()), member(each.as_object(), "description"));
  }
  return "<table>" + rows + "</table>";
}

std::string schema_section(std::string_view name, const json::object& schema) {
  std::string out = fmt::format(
      "<article id=\"schema-{0}\"><header><h3>{0}</h3></header><div class=\"inside\">\n", escaped(name));
  if (const auto says = member(schema, "description"); !says.empty())
    out += fmt::format("<p>{}</p>\n", escaped(says));
  if (const auto* const any_of = schema.if_contains("anyOf")) {
    for (const auto& each : any_of->as_array()) {
      const auto& one = each.as_object();
      out += one.contains("$ref") ? fmt::format("<h4>one of: {}</h4>", type_of(one))
                                  : "<h4>one of: an object</h4>" + properties(one);
    }
  }
  return out + properties(schema) + "</div></article>\n";
}

std::string policy_text(const Policy& policy) {
  if (!policy.needs_credentials()) return "open to all";
  if (policy.scopes().empty()) return "any credentials";
  std::string scopes;
  for (const auto scope : policy.scopes())
    scopes.append(scopes.empty() ? "" : " or ").append(to_string(scope));
  return scopes;
}

std::string_view class_of(http::Method method) {
  switch (method) {
    case http::Method::post:
      return "post";
    case http::Method::put:
      return "put";
    case http::Method::patch:
      return "patch";
    case http::Method::del:
      return "delete";
    default:
      return "get";
  }
}

std::string parameters(const Operation& operation) {
  std::string rows;
  for (const auto& name : path_parameters(operation.pattern)) rows += row(name, true, "in the path", "");
  for (const auto& parameter : operation.parameters) {
    const auto type = type_of(json::parse(parameter.schema).as_object());
    rows += row(parameter.name, false, parameter.in == Parameter::In::header ? type + ", a header" : type,
                parameter.description);
  }
  return rows.empty() ? "" : "<h4>Parameters</h4><table>" + rows + "</table>\n";
}

std::string answers(const Operation& operation) {
  std::string rows;
  for (const auto& answer : operation.answers) {
    const auto content = answer.schema.empty() ? escaped(answer.content_type) : schema_link(answer.schema);
    const auto says =
        answer.description.empty() ? std::string(http::reason(answer.status)) : answer.description;
    rows += fmt::format("<tr><td>{}</td><td>{} <span class=\"type\">{}</span></td></tr>\n", answer.status,
                        escaped(says), content);
  }
  std::string problems;
  for (const auto status : problem_statuses(operation))
    problems.append(problems.empty() ? "" : ", ").append(std::to_string(status));
  return fmt::format(
      "<h4>Answers</h4><table class=\"answers\">{}</table>\n<p class=\"problems\">{}: {}</p>\n", rows,
      schema_link("Problem"), problems);
}

std::string section(const Operation& operation) {
  std::string out = fmt::format(
      "<article id=\"{0}\"><header><span class=\"method {1}\">{2}</span><span class=\"path\">{3}</span>{4}"
      "<span class=\"scope\">{5}</span></header><div class=\"inside\">\n<p>{6}</p>\n",
      escaped(operation.id), class_of(operation.method), to_string(operation.method),
      escaped(operation.pattern), operation.waits ? "<span class=\"waits\">may wait</span>" : "",
      escaped(policy_text(operation.policy)), escaped(operation.summary));
  out += parameters(operation);
  if (!operation.body.empty()) out += fmt::format("<h4>Body</h4>{}\n", schema_link(operation.body));
  return out + answers(operation) + "</div></article>\n";
}

std::vector<std::string> tags_of(const Operations& operations) {
  std::vector<std::string> tags;
  for (const auto& operation : operations) {
    if (std::ranges::find(tags, operation.tag) == tags.end()) tags.push_back(operation.tag);
  }
  return tags;
}

std::string navigation(const Operations& operations) {
  std::string out = fmt::format(
      "<nav><a class=\"brand\" href=\"#top\">eQueue</a><span class=\"version\">{}</span>\n", EQUEUE_VERSION);
  for (const auto& tag : tags_of(operations)) {
    out += fmt::format("<h2>{}</h2><ul>\n", escaped(tag));
    for (const auto& operation : operations) {
      if (operation.tag != tag) continue;
      out += fmt::format("<li><a href=\"#{0}\" title=\"{1}\">{1}</a></li>\n", escaped(operation.id),
                         escaped(operation.summary));
    }
    out += "</ul>\n";
  }
  return out + "<h2>Schemas</h2><ul><li><a href=\"#schemas\">All schemas</a></li></ul></nav>\n";
}

std::string style_digest() {
  const auto digest = auth::digest(docs_style());
  std::string text(45, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                                     static_cast<int>(digest.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

http::Response docs_page(const Operations& operations) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>eQueue: the HTTP "
      "API</title>\n<style>";
  page.append(docs_style()).append("</style></head><body>\n").append(navigation(operations));
  page +=
      "<main id=\"top\"><h1>The HTTP API</h1>\n<p>Send an API key or an access token as <code>Authorization: "
      "Bearer …</code>. Beside each route stands the scope that it asks for; admin has them all. Bodies are "
      "JSON, and a field that is not known is refused. The same for programs: <a "
      "href=\"/openapi.json\">openapi.json</a>.</p>\n";
  for (const auto& tag : tags_of(operations)) {
    page += fmt::format("<h2>{}</h2>\n", escaped(tag));
    for (const auto& operation : operations) {
      if (operation.tag == tag) page += section(operation);
    }
  }
  page += "<h2 id=\"schemas\">Schemas</h2>\n";
  for (const auto& [name, schema] : components()) page += schema_section(name, schema.as_object());
  page += "</main></body></html>\n";
  http::Response response{.status = 200, .body = std::move(page), .content_type = "text/html; charset=utf-8"};
  response.headers = {
      {"Content-Security-Policy",
       fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'",
                   style_digest())},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  return response;
}

}  // namespace equeue::api
