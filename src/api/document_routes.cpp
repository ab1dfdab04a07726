#include <boost/json/serialize.hpp>

#include "api/call.hpp"
#include "api/openapi/docs_page.hpp"
#include "api/openapi/document.hpp"
#include "api/routes.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

// Both are made once, when they are first asked for, and then hold all operations of the server.
template <class Make>
Handler made_once(Service& service, Make make) {
  return [&service, make,
          made = std::make_shared<std::optional<http::Response>>()](Call&) -> net::awaitable<http::Response> {
    if (!*made) *made = make(all_operations(service));
    co_return **made;
  };
}

http::Response openapi(const Operations& operations) {
  return json(200, boost::json::serialize(openapi_document(operations)));
}

}  // namespace

Operations document_operations(Service& service) {
  return {
      {.method = http::Method::get,
       .pattern = "/openapi.json",
       .id = "get_openapi",
       .tag = "about",
       .summary = "This document, for programs",
       .policy = open_to_all(),
       .answers = {{.status = 200, .content_type = "application/json"}},
       .handler = made_once(service, openapi)},
      {.method = http::Method::get,
       .pattern = "/docs",
       .id = "get_docs",
       .tag = "about",
       .summary = "This document, for people",
       .policy = open_to_all(),
       .answers = {{.status = 200, .content_type = "text/html"}},
       .handler = made_once(service, docs_page)},
  };
}

}  // namespace equeue::api
