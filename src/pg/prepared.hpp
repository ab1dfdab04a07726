// Which statements a session keeps prepared.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "pg/params.hpp"

namespace equeue::pg {

// A statement that comes again is prepared, which spares the server its parsing and planning each time: about
// a tenth of what a lone job's calls take. Not thread-safe.
class Prepared {
 public:
  struct Plan {
    std::string name;     // empty: send the text itself
    bool is_new = false;  // to be made known to the server under this name first
  };

  // How to send this text with parameters of these types.
  [[nodiscard]] Plan plan(std::string_view sql, const Params& params);

  // The server does not know what was planned, or not any more: each text begins anew, under another name.
  void forget();

 private:
  std::unordered_map<std::string, std::string> names_;  // by text and types; empty until the text comes again
  int named_ = 0;
};

// Whether a refusal with this SQLSTATE may be that of a prepared statement, and not of what it says: it is
// gone (26000), or the functions under it have changed their answers (0A000).
[[nodiscard]] bool is_stale_plan(std::string_view sqlstate);

}  // namespace equeue::pg
