// One operation on several jobs.
#pragma once

#include <equeue/client.hpp>
#include <functional>
#include <span>
#include <string>

#include "cli/session.hpp"

namespace equeue::cli {

// Answers what became of the job, in one word.
using JobOperation = std::function<Result<std::string>(Client&, const JobId&)>;

// Performs it on each job in turn, and prints what became of it. One that fails does not keep the others from
// it: its error is printed, and the first one's exit code is the answer. Nothing happens when an id is wrong.
[[nodiscard]] Result<int> for_each_job(Session& session, std::span<const std::string> ids,
                                       const JobOperation& operation);

}  // namespace equeue::cli
