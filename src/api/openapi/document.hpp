// The OpenAPI 3.1 document of the operations.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/operation.hpp"

namespace equeue::api {

// The schemas of bodies and answers, by name: components.json.
[[nodiscard]] std::string_view components_text();
[[nodiscard]] const boost::json::object& components();

// The names of the {…} of a pattern, in their order.
[[nodiscard]] std::vector<std::string> path_parameters(std::string_view pattern);

// The statuses of problems that an operation may answer, ascending: its own, and those that the checks at
// the door and the server bring with them.
[[nodiscard]] std::vector<int> problem_statuses(const Operation& operation);

[[nodiscard]] boost::json::object openapi_document(const Operations& operations);

// What is wrong with the table, a sentence each: an id or a route that stands there twice, a schema that
// components.json lacks or that nothing uses, a parameter whose schema is no JSON, an operation without an
// answer.
[[nodiscard]] std::vector<std::string> table_faults(const Operations& operations);

}  // namespace equeue::api
