#include "chaos/faults/obstacles.hpp"

#include <unistd.h>

#include "chaos/place/pooler.hpp"
#include "chaos/place/small_disk.hpp"
#include "chaos/processes/shifted_clock.hpp"

namespace equeue::chaos {

std::optional<std::string> obstacle_to(FaultKind kind) {
  switch (kind) {
    case FaultKind::disk_full:
      return SmallDisk::obstacle();
    case FaultKind::pgbouncer_restart:
      if (!Pooler::find()) return "PgBouncer is not installed; Debian has it in the package pgbouncer";
      return std::nullopt;
    case FaultKind::clock_shift:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
      return "a sanitizer suffers no other library before it";
#else
      if (!ShiftedClock::find_library())
        return "libfaketime is not installed; Debian has it in the package libfaketime";
      if (!ShiftedClock::works(std::filesystem::temp_directory_path() /
                               fmt::format("equeue-chaos-clock-{}", getpid())))
        return "libfaketime does not shift the clock of `date`";
      return std::nullopt;
#endif
    default:
      return std::nullopt;
  }
}

}  // namespace equeue::chaos
