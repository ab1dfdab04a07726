// A body as a described struct, by the reader of all bodies of the API; and a retry policy in it.
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/value.hpp>
#include <equeue/json_codec.hpp>

#include "api/call.hpp"
#include "api/retry_body.hpp"
#include "fuzz/fault_pointers.hpp"

namespace {

using namespace equeue;

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)

struct Item {
  std::int64_t count = 0;
  std::optional<std::uint8_t> small;
  std::optional<JobId> id;
  std::optional<boost::json::value> anything;
};
BOOST_DESCRIBE_STRUCT(Item, (), (count, small, id, anything))

// Every kind of field that json_codec.hpp knows.
struct Body {
  std::string name;
  std::optional<bool> flag;
  std::optional<double> real;
  std::optional<Color> color;
  std::optional<std::vector<Item>> items;
  std::optional<std::map<std::string, std::uint64_t>> counts;
  std::optional<api::RetryBody> retry;
};
BOOST_DESCRIBE_STRUCT(Body, (), (name, flag, real, color, items, counts, retry))

void check_retry(const api::RetryBody& body, const boost::json::value& document) {
  std::vector<Fault> faults;
  const auto policy = api::read_retry(body, "/retry", faults);
  fuzz::check_faults({.faults = faults}, document);
  if (body.delay_ms) EQUEUE_CHECK(policy.delay.count() == *body.delay_ms);
  if (body.cap_ms) EQUEUE_CHECK(policy.cap.count() == *body.cap_ms);
}

void check_refused(const api::Refused& refused) {
  EQUEUE_CHECK(refused.response().status == 400);
  EQUEUE_CHECK(detail::parse(refused.response().body).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::Request request;
  request.body = fuzz::text_of(data, size);
  const api::Call call(request, {});
  try {
    const auto& document = call.document();
    if (const auto read = from_json<Body>(document); !read) fuzz::check_faults(read.error(), document);
    const auto body = call.body<Body>();
    const auto again = from_json<Body>(to_json(body));
    EQUEUE_CHECK(again.has_value() && to_json(*again) == to_json(body));
    if (body.retry) check_retry(*body.retry, document);
  } catch (const api::Refused& refused) {
    check_refused(refused);
  }
  return 0;
}
