#include "pg/exposure.hpp"

#include <fmt/format.h>

namespace equeue::pg {
namespace {

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

}  // namespace

std::optional<std::string> exposure(const Path& path) {
  if (path.address.empty() || is_loopback(path.address)) return std::nullopt;
  if (path.sslmode != "prefer" && path.sslmode != "allow") return std::nullopt;
  return fmt::format(
      "the connection to the database on {} {}; add sslmode=verify-full to the database URL (or "
      "sslmode=require, or "
      "disable, if that is meant)",
      path.host,
      path.encrypted ? "is encrypted, but nobody has checked who answers there" : "is not encrypted");
}

}  // namespace equeue::pg
