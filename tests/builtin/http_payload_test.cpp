#include "builtin/http_payload.hpp"

#include <gtest/gtest.h>

namespace equeue::builtin {
namespace {

using std::chrono::milliseconds;

// The pointers of the wrong fields, in their order.
std::vector<std::string> faulty_fields(std::string_view payload) {
  const auto request = parse_http_payload(payload);
  std::vector<std::string> pointers;
  if (request) return pointers;
  EXPECT_EQ(request.error().code, ErrorCode::invalid_payload);
  for (const auto& fault : request.error().faults) pointers.push_back(fault.pointer);
  return pointers;
}

TEST(HttpPayload, NeedsOnlyAUrl) {
  const auto request = parse_http_payload(R"({"url":"https://example.com/a?b=c"})").value();
  EXPECT_EQ(request.url, "https://example.com/a?b=c");
  EXPECT_EQ(request.method, HttpMethod::GET);
  EXPECT_EQ(request.body, std::nullopt);
  EXPECT_EQ(request.timeout, milliseconds(30'000));
  EXPECT_EQ(request.response_bytes_max, 65'536u);
  EXPECT_FALSE(request.follow_redirects);
}

TEST(HttpPayload, TakesEveryField) {
  const auto request =
      parse_http_payload(R"({"url":"http://example.com","method":"DELETE","headers":{"X-A":"b"},
      "body":{"n":12345678901},"timeout_ms":10,"response_bytes_max":0,"expect":[204,404],"follow_redirects":true})")
          .value();
  EXPECT_EQ(request.method, HttpMethod::DELETE);
  EXPECT_EQ(request.headers.at("X-A"), "b");
  EXPECT_EQ(request.body, R"({"n":12345678901})");
  EXPECT_TRUE(request.body_is_json);
  EXPECT_EQ(request.timeout, milliseconds(10));
  EXPECT_EQ(request.response_bytes_max, 0u);
  EXPECT_EQ(request.expect, (std::vector<int>{204, 404}));
  EXPECT_TRUE(request.follow_redirects);
}

TEST(HttpPayload, TakesTextAsItIs) {
  const auto request =
      parse_http_payload(R"({"url":"http://a.b","method":"POST","body_text":"a=b"})").value();
  EXPECT_EQ(request.body, "a=b");
  EXPECT_FALSE(request.body_is_json);
}

TEST(HttpPayload, NamesTheWrongField) {
  struct Case {
    std::string_view fields;  // besides a valid url
    std::string_view pointer;
  };
  const Case cases[] = {
      {R"("method":"get")", "/method"},
      {R"("method":"CONNECT")", "/method"},
      {R"("method":7)", "/method"},
      {R"("headers":[])", "/headers"},
      {R"("headers":{"X-A":7})", "/headers/X-A"},
      {R"("headers":{"X-A":"a\r\nX-B: c"})", "/headers/X-A"},
      {R"("headers":{"X-A":"a\nb"})", "/headers/X-A"},
      {R"("headers":{"X-A\r\nX-B":"c"})", "/headers/X-A\r\nX-B"},
      {R"("headers":{"X A":"b"})", "/headers/X A"},
      {R"("headers":{"":"b"})", "/headers/"},
      {R"("headers":{"X-A:":"b"})", "/headers/X-A:"},
      {R"("headers":{"hOsT":"b"})", "/headers/hOsT"},
      {R"("headers":{"Connection":"close"})", "/headers/Connection"},
      {R"("headers":{"Transfer-Encoding":"chunked"})", "/headers/Transfer-Encoding"},
      {R"("headers":{"Content-Length":"1"})", "/headers/Content-Length"},
      {R"("headers":{"TE":"trailers"})", "/headers/TE"},
      {R"("headers":{"Upgrade":"h2c"})", "/headers/Upgrade"},
      {R"("headers":{"Equeue-Job-Id":"forged"})", "/headers/Equeue-Job-Id"},
      {R"("headers":{"X-a":"1","x-A":"2"})", "/headers/x-A"},
      {R"("body":{})", "/body"},
      {R"("body_text":"x")", "/body_text"},
      {R"("method":"HEAD","body":{})", "/body"},
      {R"("method":"POST","body":{},"body_text":"x")", "/body_text"},
      {R"("timeout_ms":0)", "/timeout_ms"},
      {R"("timeout_ms":86400001)", "/timeout_ms"},
      {R"("timeout_ms":"10s")", "/timeout_ms"},
      {R"("timeout_ms":1.5)", "/timeout_ms"},
      {R"("response_bytes_max":262145)", "/response_bytes_max"},
      {R"("response_bytes_max":-1)", "/response_bytes_max"},
      {R"("expect":[])", "/expect"},
      {R"("expect":[200,99])", "/expect/1"},
      {R"("expect":["200"])", "/expect/0"},
      {R"("follow_redirects":"yes")", "/follow_redirects"},
      {R"("retries":3)", "/retries"},
  };
  for (const auto& [fields, pointer] : cases) {
    const auto payload = R"({"url":"http://example.com",)" + std::string(fields) + "}";
    EXPECT_EQ(faulty_fields(payload), std::vector<std::string>{std::string(pointer)}) << payload;
  }
}

TEST(HttpPayload, RefusesUrlsThatItCannotCall) {
  for (const auto* url : {"", "example.com", "/path", "ftp://example.com", "file:///etc/passwd",
                          "gopher://a/", "http://", "http:///", "http://exa mple.com", "http://a.b:99999/",
                          "javascript:alert(1)", "http://a.b/\\r\\nX: y", "http://a.b/\\u007f"}) {
    const auto payload = R"({"url":")" + std::string(url) + "\"}";
    EXPECT_EQ(faulty_fields(payload), std::vector<std::string>{"/url"}) << payload;
  }
  EXPECT_EQ(faulty_fields(R"({"url":"http://a.b/)" + std::string(8200, 'x') + "\"}"),
            std::vector<std::string>{"/url"});
}

TEST(HttpPayload, NamesAllFaultsAtOnce) {
  EXPECT_EQ(faulty_fields(R"({"method":"get","timeout_ms":0,"extra":1})").size(), 4u)
      << "and the missing url";
}

TEST(HttpPayload, MustBeAnObject) {
  for (const auto* payload : {"[]", "null", "\"http://a.b\"", "", "{"}) {
    const auto request = parse_http_payload(payload);
    ASSERT_FALSE(request) << payload;
    EXPECT_EQ(request.error().code, ErrorCode::invalid_payload);
  }
}

}  // namespace
}  // namespace equeue::builtin
