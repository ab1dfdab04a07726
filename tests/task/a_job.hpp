// A context for a handler that no worker runs.
#pragma once

#include <equeue/context.hpp>

namespace equeue::tests {

inline Context a_job(std::string task = "tests.any", std::string payload = "{}", std::stop_token stop = {}) {
  return Context({.job = make_job_id(),
                  .task = std::move(task),
                  .queue = "default",
                  .payload = std::move(payload),
                  .key = std::nullopt,
                  .attempt = 1,
                  .max_attempts = 3,
                  .timeout = std::nullopt},
                 std::move(stop));
}

}  // namespace equeue::tests
