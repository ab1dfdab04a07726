// Administration of queues (sql/functions/65_queues.sql), in the manner of store.hpp. `actor` goes to the
// audit.
#pragma once

#include <optional>
#include <string_view>

#include "store/store.hpp"

namespace equeue::store {

// Whether it was changed by this; unknown_queue. Resuming does not wake anybody: announce() does.
[[nodiscard]] Result<bool> pause_queue(Cell cell, std::string_view queue, std::string_view actor);
[[nodiscard]] Result<bool> resume_queue(Cell cell, std::string_view queue, std::string_view actor);

// How many jobs may wait; nothing takes the limit away. An enqueue beyond it is refused with queue_full.
[[nodiscard]] Result<bool> set_queue_limit(Cell cell, std::string_view queue, std::optional<int> limit,
                                           std::string_view actor);

// Cancels up to `limit` (1 to 10,000) waiting jobs and answers how many; 0 when none is left.
[[nodiscard]] Result<int> purge_queue(Cell cell, std::string_view queue, int limit, std::string_view actor);

}  // namespace equeue::store
