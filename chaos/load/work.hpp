// The jobs of a run: their one task, and what their payload tells a handler to do.
#pragma once

#include <chrono>
#include <equeue/registry.hpp>
#include <random>
#include <string>

#include "chaos/checker/history.hpp"

namespace equeue::chaos {

inline constexpr const char* task_name = "chaos.work";
inline constexpr const char* queue_name = "chaos";

enum class Fate {
  succeed,
  fail_always,
  fail_at_first,
  die_at_first,  // for good; one that is redriven succeeds
  snooze         // at times; else it succeeds
};

struct Work {
  std::string op;
  Fate fate = Fate::succeed;
  int lasts_ms = 0;  // but a cancel ends it early
};

[[nodiscard]] Work any_work(std::string op, std::mt19937_64& random);
[[nodiscard]] std::string to_payload(const Work& work);
[[nodiscard]] Work from_payload(std::string_view payload);
// What a handler makes of an attempt. Snoozes end by chance.
[[nodiscard]] Outcome outcome_of(const Work& work, int attempt, std::mt19937_64& random);
inline constexpr int max_attempts = 8;
// What the contract of Client says of an error: nothing happened, but for two of them.
[[nodiscard]] Seen seen_of(const Error& error);
// Whether a producer whose enqueue was told so does not try it again. Only what has never been unknown can
// show that a failure was one.
[[nodiscard]] bool gives_up(Seen seen, std::mt19937_64& random);

[[nodiscard]] TaskOptions task_options();

// What main does for `child worker URL RUNS NAME`: works until SIGTERM.
int worker_child(const std::vector<std::string>& arguments);

}  // namespace equeue::chaos
