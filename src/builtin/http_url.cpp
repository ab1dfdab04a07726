#include "builtin/http_url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <new>

#include "base/check.hpp"

namespace equeue::builtin {
namespace {

// What servers commonly take.
constexpr std::size_t url_bytes_max = 8 * 1024;

class Url {
 public:
  explicit Url(const std::string& text) : handle_(curl_url(), &curl_url_cleanup) {
    if (handle_ == nullptr) throw std::bad_alloc();
    set(text);
  }

  // A relative reference is resolved against what is held already.
  void set(const std::string& text) {
    code_ = curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(), 0);
    if (code_ == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  }

  [[nodiscard]] bool is_valid() const { return code_ == CURLUE_OK; }

  [[nodiscard]] std::string get(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    const auto code = curl_url_get(handle_.get(), part, &text, flags);
    if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
    if (code != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
    return text;
  }

 private:
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle_;
  CURLUcode code_ = CURLUE_OK;
};

}  // namespace

std::optional<std::string> url_fault(const std::string& url) {
  if (url.size() > url_bytes_max) return fmt::format("longer than {} bytes", url_bytes_max);
  if (url.find('\0') != std::string::npos) return "expected a URL, got a text with NUL";
  const Url parsed(url);
  if (!parsed.is_valid()) return "expected a URL, as https://example.com/path";
  const auto scheme = parsed.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "expected a URL that begins with http:// or https://";
  if (parsed.get(CURLUPART_HOST).empty()) return "the URL names no host";
  return std::nullopt;
}

std::string origin_of(const std::string& url) {
  const Url parsed(url);
  EQUEUE_CHECK(parsed.is_valid());
  std::string origin = fmt::format("{}://{}:{}", parsed.get(CURLUPART_SCHEME), parsed.get(CURLUPART_HOST),
                                   parsed.get(CURLUPART_PORT, CURLU_DEFAULT_PORT));
  for (char& c : origin) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return origin;
}

std::string url_for_people(const std::string& url) {
  const Url parsed(url);
  if (!parsed.is_valid()) return "the URL";
  const auto port = parsed.get(CURLUPART_PORT);
  return fmt::format("{}://{}{}{}{}", parsed.get(CURLUPART_SCHEME), parsed.get(CURLUPART_HOST),
                     port.empty() ? "" : ":", port, parsed.get(CURLUPART_PATH));
}

std::optional<std::string> resolve_location(const std::string& url, const std::string& location) {
  Url parsed(url);
  if (!parsed.is_valid() || location.empty()) return std::nullopt;
  parsed.set(location);
  if (!parsed.is_valid()) return std::nullopt;
  return parsed.get(CURLUPART_URL);
}

}  // namespace equeue::builtin
