// `equeue enqueue --batch`: many jobs from lines of JSON.
#pragma once

#include <string>

#include "cli/session.hpp"

namespace equeue::cli {

// Reads the file ("-": standard input) and enqueues a job for each line that is not blank, a thousand in one
// transaction. At the first fault it stops: the error names the line, and says how many jobs before it are
// in.
[[nodiscard]] Result<int> enqueue_batch(Session& session, const std::string& file);

}  // namespace equeue::cli
