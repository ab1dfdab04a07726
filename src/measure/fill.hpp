// The jobs that are measured with, and how fast they go in.
#pragma once

#include <cstddef>
#include <equeue/database.hpp>
#include <equeue/enqueue.hpp>
#include <equeue/error.hpp>
#include <equeue/registry.hpp>
#include <string>

namespace equeue::measure {

inline constexpr const char* queue = "bench";
inline constexpr const char* noop_task = "bench.noop";
// Of about a hundred bytes.
inline constexpr const char* payload =
    R"({"user_id": 12345, "note": "a payload of about one hundred bytes, which is what people put into a job"})";

// The task bench.noop, which does nothing on a thread.
[[nodiscard]] Registry noop_tasks();

// Enqueues that many bench.noop in batches of 1,000 by one Client, and answers how many a second. Declares
// the task first, which is not counted.
[[nodiscard]] Result<double> fill(const Database& database, std::size_t jobs,
                                  const EnqueueOptions& options = {});

}  // namespace equeue::measure
