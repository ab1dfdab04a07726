#include "tests/api/http_client.hpp"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace equeue::tests {
namespace {

std::size_t on_body(char* data, std::size_t, std::size_t size, void* into) {
  static_cast<HttpAnswer*>(into)->body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* into) {
  const std::string_view line(data, size);
  const auto colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  auto value = line.substr(std::min(line.size(), line.find_first_not_of(' ', colon + 1)));
  value = value.substr(0, value.find_last_not_of("\r\n") + 1);
  static_cast<HttpAnswer*>(into)->headers.emplace_back(std::move(name), value);
  return size;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, [](const auto& header) { return header.first; });
  return found == headers.end() ? "" : found->second;
}

boost::json::value HttpAnswer::json() const {
  boost::json::error_code failed;
  auto value = boost::json::parse(body, failed);
  EXPECT_FALSE(failed) << "no JSON: " << body;
  return failed ? nullptr : value;
}

std::string HttpAnswer::text(std::string_view member) const {
  const auto document = json();
  const auto* const value =
      document.is_object() ? document.get_object().if_contains(boost::json::string_view(member)) : nullptr;
  if (value == nullptr) {
    ADD_FAILURE() << "no '" << member << "' in " << status << " " << body;
    return "";
  }
  return value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
}

void HttpClient::Close::operator()(void* handle) const {
  curl_easy_cleanup(handle);
}

HttpClient::HttpClient(std::string base) : base_(std::move(base)), handle_(curl_easy_init()) {}

HttpAnswer HttpClient::call(const HttpCall& call) {
  auto* const curl = handle_.get();
  curl_easy_reset(curl);
  HttpAnswer answer;
  curl_slist* headers = nullptr;
  for (const auto& header : call.headers) headers = curl_slist_append(headers, header.c_str());
  if (!call.body.empty() && std::ranges::none_of(call.headers, [](const std::string& header) {
        return header.starts_with("Content-Type:");
      })) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
  }
  if (!call.credentials.empty())
    headers = curl_slist_append(headers, ("Authorization: Bearer " + call.credentials).c_str());
  curl_easy_setopt(curl, CURLOPT_URL, (base_ + call.target).c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.patience.count()));
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (!call.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
  } else if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  const auto failed = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  if (failed != CURLE_OK) return {.status = 0, .body = curl_easy_strerror(failed), .headers = {}};
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace equeue::tests
