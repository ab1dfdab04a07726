// A URL to be called: that of a job, a push target or a webhook in the first line; a Location in the second.
#include <curl/curl.h>

#include <memory>

#include "builtin/http_url.hpp"
#include "fuzz/target.hpp"
#include "push/check_url.hpp"

namespace {

using namespace equeue;

// What libcurl reads of a URL.
std::string part_of(const std::string& url, CURLUPart part) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  EQUEUE_CHECK(curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK);
  char* text = nullptr;
  if (curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return text;
}

void check_shown(const std::string& url) {
  const auto shown = builtin::url_for_people(url);
  EQUEUE_CHECK(!builtin::url_fault(shown));
  for (const auto part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    EQUEUE_CHECK(part_of(shown, part).empty());
  const auto origin = builtin::origin_of(url);
  EQUEUE_CHECK(builtin::origin_of(shown) == origin && builtin::origin_of(origin) == origin);
}

// Whom a target's URL reaches is plain to see for who lists the targets.
void check_target(const std::string& url) {
  if (!push::check_url(url)) return;
  for (const auto part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT})
    EQUEUE_CHECK(part_of(url, part).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string url(input.line());
  const std::string location(input.line());
  EQUEUE_CHECK(!builtin::url_for_people(url).empty());
  if (!builtin::url_fault(url)) {
    check_shown(url);
    check_target(url);
    if (const auto target = builtin::resolve_location(url, location)) {
      if (!builtin::url_fault(*target)) check_shown(*target);
    }
  } else {
    EQUEUE_CHECK(!push::check_url(url));
  }
  return 0;
}
