// A task's JSON Schema, sent by whoever declares the task, in the first line, and a payload in the rest.
#include "api/schema/payload_schema.hpp"

#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>

#include "fuzz/fault_pointers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  fuzz::Input input(data, size);
  const auto text = input.line();
  const auto schema = api::PayloadSchema::read(text);
  if (!schema) {
    EQUEUE_CHECK(schema.error().code == ErrorCode::invalid_argument ||
                 schema.error().code == ErrorCode::invalid_payload);
    if (const auto document = detail::parse(text)) fuzz::check_faults(schema.error(), *document);
    return 0;
  }
  const auto payload = detail::parse(input.rest());
  if (!payload) return 0;
  const auto faults = (*schema)->check(*payload);
  EQUEUE_CHECK(faults.size() <= limits::faults_max);
  for (const auto& fault : faults) {
    boost::system::error_code failed;
    EQUEUE_CHECK(payload->find_pointer(fault.pointer, failed) != nullptr);
    fuzz::check_text(fault.message);
  }
  return 0;
}
