// A cell of the bench's own in a database that is not.
#pragma once

#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <string>

#include "pg/connection.hpp"

namespace equeue::measure {

inline constexpr const char* schema_default = "equeue_bench";

// Made, migrated and marked as the bench's; dropped by the destructor, with all that was measured in it. What
// a bench that was killed has left behind is replaced. Move-only.
class ScratchCell {
 public:
  // wrong_state when a schema of that name is there that no bench made, or another bench works in it.
  [[nodiscard]] static Result<ScratchCell> make(const std::string& url,
                                                const std::string& schema = schema_default);

  ScratchCell(ScratchCell&&) noexcept = default;
  ScratchCell& operator=(ScratchCell&&) = delete;
  ~ScratchCell();

  [[nodiscard]] const Database& database() const { return database_; }

 private:
  ScratchCell(Database database, pg::Connection connection)
      : database_(std::move(database)), connection_(std::move(connection)) {}

  Database database_;
  pg::Connection connection_;  // holds the lock that says that somebody works here
};

}  // namespace equeue::measure
