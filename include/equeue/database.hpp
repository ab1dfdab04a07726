/// Which PostgreSQL, and which equeue schema ("cell") in it.
#pragma once

#include <string>

namespace equeue {

/// A value; copying it opens nothing.
struct Database {
  std::string url;                ///< a libpq connection string or URI, as `postgresql://localhost/app`
  std::string schema = "equeue";  ///< the schema that holds the queue
};

}  // namespace equeue
