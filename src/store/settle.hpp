// What a settlement says and answers on the wire, for those of workers and of remote leases.
#pragma once

#include <span>
#include <vector>

#include "pg/params.hpp"
#include "store/store.hpp"

namespace equeue::store {

// Appends the eight arrays of settle, in its order.
void add_settlements(pg::Params& params, std::span<const Settlement> settlements);

// Requires the rows of settle, release or their remote forms: (job, answer), one for each of `expected` jobs.
[[nodiscard]] std::vector<Answer> read_answers(const pg::Rows& rows, std::size_t expected);

}  // namespace equeue::store
