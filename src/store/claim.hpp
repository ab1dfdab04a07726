// What a claim says and answers on the wire, for the claims of workers and of remote leases.
#pragma once

#include <span>
#include <vector>

#include "pg/connection.hpp"
#include "store/store.hpp"

namespace equeue::store {

// Appends the four arrays of marks with which claim_batch and claim_remote end.
void add_marks(pg::Params& params, std::span<const model::LaneMark> marks);

// A call of either of them, for read_claim.
[[nodiscard]] pg::Statement claim_call(std::string_view schema, std::string_view function, pg::Params params);

// Requires the answer to a claim_call.
[[nodiscard]] Claim read_claim(const pg::Rows& rows);

// Up to where a claim has come in each of its lanes: what model::Watermarks::claimed is told.
[[nodiscard]] std::vector<model::Watermarks::Claimed> places_of(const Claim& claim);

}  // namespace equeue::store
