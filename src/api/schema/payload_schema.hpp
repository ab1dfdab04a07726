// A JSON Schema (draft 7) that payloads are checked by.
#pragma once

#include <boost/json/value.hpp>
#include <equeue/error.hpp>
#include <memory>
#include <string_view>
#include <vector>

namespace equeue::api {

// Const and without state: many threads may check by the same one.
class PayloadSchema {
 public:
  // invalid_argument, with every fault and its pointer into the schema; see prepare_schema.
  [[nodiscard]] static Result<std::shared_ptr<const PayloadSchema>> read(std::string_view text);
  ~PayloadSchema();
  PayloadSchema(const PayloadSchema&) = delete;
  PayloadSchema& operator=(const PayloadSchema&) = delete;

  // Each fault and its pointer into the payload, limits::faults_max at most; empty when it is valid. Of a
  // payload with very many values only whether it is valid is said. Numbers are compared as 64-bit integers
  // and doubles.
  [[nodiscard]] std::vector<Fault> check(boost::json::value payload) const;

 private:
  struct Compiled;
  explicit PayloadSchema(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace equeue::api
