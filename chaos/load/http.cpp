#include "chaos/load/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>

namespace equeue::chaos {
namespace {

constexpr long connect_ms_max = 1'000;
constexpr long reply_ms_max = 10'000;

std::size_t append(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

}  // namespace

Seen seen_of(const HttpReply& reply) {
  if (reply.status / 100 == 2) return Seen::ok;
  if (reply.status == 503)
    return boost::json::parse(reply.body).at("code") == "outcome_unknown" ? Seen::unknown : Seen::failed;
  return reply.status >= 400 && reply.status < 500 ? Seen::failed : Seen::unknown;
}

void HttpClient::Close::operator()(CURL* handle) const {
  curl_easy_cleanup(handle);
}

HttpClient::HttpClient(std::vector<int> ports, std::string api_key)
    : ports_(std::move(ports)), api_key_(std::move(api_key)), handle_(curl_easy_init()) {}

HttpReply HttpClient::post(const std::string& target, const std::string& body, const std::string& key,
                           Resend resend) {
  const auto url = fmt::format("http://127.0.0.1:{}{}", ports_[next_++ % ports_.size()], target);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, ("Authorization: Bearer " + api_key_).c_str()), &curl_slist_free_all);
  curl_slist_append(headers.get(), "Content-Type: application/json");
  if (!key.empty()) curl_slist_append(headers.get(), ("Idempotency-Key: " + key).c_str());
  HttpReply reply;
  auto* curl = handle_.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms_max);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, reply_ms_max);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, resend == Resend::forbidden ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  if (curl_easy_perform(curl) != CURLE_OK) return {};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

}  // namespace equeue::chaos
