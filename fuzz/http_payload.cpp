// The payload of http.request.
#include "builtin/http_payload.hpp"

#include <boost/json/value.hpp>
#include <equeue/json_codec.hpp>

#include "builtin/http_url.hpp"
#include "fuzz/fault_pointers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace equeue;
  using namespace equeue::builtin;
  const auto text = fuzz::text_of(data, size);
  const auto request = parse_http_payload(text);
  if (!request) {
    const auto document = detail::parse(text);
    if (document) fuzz::check_faults(request.error(), *document);
    EQUEUE_CHECK(!document || !request.error().faults.empty());
    return 0;
  }
  EQUEUE_CHECK(!url_fault(request->url));
  EQUEUE_CHECK(request->timeout.count() >= 1 && request->timeout <= http_limits::timeout_max);
  EQUEUE_CHECK(request->response_bytes_max <= http_limits::response_bytes_max);
  EQUEUE_CHECK(request->headers.size() <= http_limits::headers_max);
  for (const auto& [name, value] : request->headers)
    EQUEUE_CHECK((name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  return 0;
}
