// The files of sql/, embedded at build (cmake/embed_sql.cmake).
#pragma once

#include <span>
#include <string_view>

namespace equeue::store {

struct SqlFile {
  std::string_view path;  // below sql/, as "functions/30_claim.sql"
  std::string_view text;
};

// In the order of their paths, which is the order in which they are run.
[[nodiscard]] std::span<const SqlFile> sql_files();

}  // namespace equeue::store
