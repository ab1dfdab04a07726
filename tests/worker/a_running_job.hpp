// A claimed job that no database knows.
#pragma once

#include "worker/running.hpp"

namespace equeue::tests {

inline std::shared_ptr<const Registry> registry_with(std::string task, std::chrono::milliseconds timeout) {
  Registry tasks;
  tasks.add({std::move(task), {.timeout = timeout}, ThreadHandler([](Context&) { return Outcome{}; })});
  return std::make_shared<const Registry>(std::move(tasks));
}

inline worker::RunningPtr a_running_job(JobId id = make_job_id(),
                                        std::chrono::milliseconds timeout = std::chrono::minutes(5),
                                        LeaseId lease = {detail::make_uuid_v4()}) {
  return std::make_shared<worker::Running>(lease,
                                           store::ClaimedJob{.id = id,
                                                             .task = "tests.any",
                                                             .queue = "default",
                                                             .payload = "{}",
                                                             .key = std::nullopt,
                                                             .attempt = 1,
                                                             .max_attempts = 3,
                                                             .timeout = std::nullopt},
                                           registry_with("tests.any", timeout));
}

}  // namespace equeue::tests
