// Claims and settlements without handlers around them, each timed.
#pragma once

#include <cstddef>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <vector>

#include "measure/percentile.hpp"
#include "model/watermark.hpp"
#include "store/store.hpp"

namespace equeue::measure {

struct ClaimTimes {
  std::vector<double> claims_ms;
  std::size_t jobs = 0;
  double seconds = 0;  // of claims and settlements together
};

// One claimer on one connection, which remembers its watermarks as a worker does. Not thread-safe.
class ClaimLoop {
 public:
  [[nodiscard]] static Result<ClaimLoop> begin(const Database& database);

  // Claims up to `size` jobs and settles them as succeeded, so many times, or until nothing is due.
  [[nodiscard]] Result<ClaimTimes> run(std::size_t claims, int size = 500);

  [[nodiscard]] Result<void> end();

 private:
  ClaimLoop(Database database, pg::Connection connection)
      : database_(std::move(database)), connection_(std::move(connection)) {}
  [[nodiscard]] store::Cell cell() { return {connection_, database_.schema}; }
  [[nodiscard]] Result<store::Claim> claim(int size);

  Database database_;
  pg::Connection connection_;
  WorkerId worker_;
  model::Watermarks watermarks_;
};

}  // namespace equeue::measure
