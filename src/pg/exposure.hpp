// Whether others could listen on the way to the database, or answer in its place.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace equeue::pg {

// How a connection was made, in libpq's words.
struct Path {
  std::string_view host;     // as the URL names it
  std::string_view address;  // of the peer; empty for a Unix socket
  std::string_view sslmode;
  bool encrypted = false;
};

// A warning for a person, with what to write in place of it. Nothing when the path stays on this machine, and
// nothing when the sslmode shows that somebody has decided: libpq's own choices, prefer and allow, take
// whatever answers.
[[nodiscard]] std::optional<std::string> exposure(const Path& path);

}  // namespace equeue::pg
