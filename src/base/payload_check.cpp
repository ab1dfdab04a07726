#include "base/payload_check.hpp"

#include "base/json_rules.hpp"

namespace equeue {
namespace {

struct NoSink {
  using View = boost::json::string_view;
  void array(std::size_t) {}
  void object(std::size_t) {}
  void key_part(View) {}
  void key(View) {}
  void string_part(View) {}
  void string(View) {}
  void int64(std::int64_t) {}
  void uint64(std::uint64_t) {}
  void real(std::string_view) {}
  void boolean(bool) {}
  void null() {}
};

}  // namespace

Result<void> check_payload_text(std::string_view text) {
  if (text.size() > limits::payload_bytes_max) {
    return Error{.code = ErrorCode::invalid_payload,
                 .message = fmt::format("the JSON text has {} bytes, the limit is {}", text.size(),
                                        limits::payload_bytes_max),
                 .hint = "keep the data in a table or a file and name it by its id"};
  }
  boost::json::basic_parser<json_rules::Handler<NoSink>> parser(json_rules::options(), text);
  return json_rules::read(parser, text);
}

}  // namespace equeue
