// URLs as libcurl reads them, so that what is checked is what is called.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace equeue::builtin {

// What is wrong with a URL of a job, as "expected http or https"; nothing if it can be called.
[[nodiscard]] std::optional<std::string> url_fault(const std::string& url);

// Scheme, host and port, all that a server is. Requires a URL without fault.
[[nodiscard]] std::string origin_of(const std::string& url);

// For errors and logs: without user, password, query and fragment, where secrets lie. "the URL" if it is
// malformed.
[[nodiscard]] std::string url_for_people(const std::string& url);

// Where a Location header leads from `url`; nothing if it is malformed.
[[nodiscard]] std::optional<std::string> resolve_location(const std::string& url,
                                                          const std::string& location);

}  // namespace equeue::builtin
