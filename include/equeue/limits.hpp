/// Every limit of a job and of a worker. A value outside of its limit is refused where it enters, never cut.
#pragma once

#include <chrono>
#include <cstddef>

namespace equeue::limits {

/// A payload or result as JSON text. A claim of 500 jobs holds them all at once, in memory and in one row.
inline constexpr std::size_t payload_bytes_max = 256 * 1024;

/// Arrays and objects inside each other, so that no reader runs out of stack.
inline constexpr std::size_t json_depth_max = 64;

/// Digits behind the decimal point of one JSON number: what PostgreSQL's numeric, and so jsonb, can hold.
inline constexpr std::size_t json_decimal_places_max = 16'383;

/// Wrong fields that one error lists; it counts them all.
inline constexpr std::size_t faults_max = 100;

/// Names of queues and tasks.
inline constexpr std::size_t name_chars_max = 64;

/// The name of the schema that holds a queue: PostgreSQL cuts longer identifiers.
inline constexpr std::size_t schema_chars_max = 63;

/// An idempotency key, in characters.
inline constexpr std::size_t key_chars_max = 255;

/// Jobs in one transaction: keeps it short, and with it the locks of keys.
inline constexpr std::size_t batch_jobs_max = 1'000;

inline constexpr int priority_first = 0;
inline constexpr int priority_last = 9;

/// Attempts of one job.
inline constexpr int attempts_max = 1'000;

/// Of one attempt, and of any wait between two attempts.
inline constexpr std::chrono::milliseconds timeout_max = std::chrono::hours(7 * 24);

/// How far a job may be put off: 100 years.
inline constexpr std::chrono::milliseconds wait_max = std::chrono::hours(36'525 * 24);

/// Threads of one worker: more in one process is a mistake in a number; several workers are the way.
inline constexpr int concurrency_max = 1'000;

/// Coroutines of one worker at once, each with its job in memory.
inline constexpr int coroutines_max = 100'000;

/// A shorter lease runs out between two heartbeats of a busy machine, a longer one hides a dead worker.
inline constexpr std::chrono::milliseconds lease_min{100};
inline constexpr std::chrono::milliseconds lease_max = std::chrono::hours(24);

/// Between two looks at an idle queue.
inline constexpr std::chrono::milliseconds poll_min{1};
inline constexpr std::chrono::milliseconds poll_max = std::chrono::minutes(1);

}  // namespace equeue::limits
