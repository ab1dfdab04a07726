#include "push/check_url.hpp"

#include "builtin/http_url.hpp"

namespace equeue::push {

Result<void> check_url(const std::string& url) {
  constexpr std::size_t url_chars_max = 2'048;
  const auto refuse = [](std::string what) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "the URL cannot be called: " + std::move(what),
                 .hint = "as https://example.com/jobs"};
  };
  if (url.size() > url_chars_max) return refuse(fmt::format("longer than {} characters", url_chars_max));
  if (const auto fault = builtin::url_fault(url)) return refuse(*fault);
  // libcurl also takes one slash or three, behind which the host stands elsewhere.
  const auto host = url.find("://") + 3;
  if (host != url.find(':') + 3 || url.find_first_of("/?", host) == host)
    return refuse("expected two slashes and a host behind http: or https:");
  if (url.substr(host, url.find_first_of("/?", host) - host).find_first_of("@#\\") != std::string::npos)
    return refuse("it holds a user or password, which everybody would see who lists the targets");
  if (url.find('#') != std::string::npos) return refuse("it has a fragment, which no server gets to see");
  return {};
}

}  // namespace equeue::push
