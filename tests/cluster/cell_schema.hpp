// The schema in which the tests' queues lie: `equeue`, or in the variant "schema" another name.
#pragma once

#include <regex>
#include <string>

#include "tests/cluster/scratch_database.hpp"

namespace equeue::tests {

inline std::string cell_schema() {
  return cluster_variant() == "schema" ? "jobs_2" : "equeue";
}

// SQL that is written for `equeue`, in the schema of these tests. What stays names a task or queues of
// webhooks.
inline std::string in_cell_schema(const std::string& sql) {
  static const std::regex usual(R"(\bequeue\.(?!webhook\b|webhooks\.))");
  return std::regex_replace(sql, usual, cell_schema() + ".");
}

}  // namespace equeue::tests
