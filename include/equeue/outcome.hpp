/// What a handler reports of one attempt.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace equeue {

/// What became of one run of a handler; the worker settles the job with it.
struct Outcome {
  enum class Kind {
    succeeded,  ///< `result` holds the JSON result
    failed,     ///< retried by the task's policy, or dead when out of attempts or `permanent`
    timed_out,  ///< as failed; the attempt ran into its timeout
    cancelled,  ///< stopped because a cancel was requested
    crashed,    ///< as failed; the handler's process died
    snoozed,    ///< back to queued after `delay`, costs no attempt
    released    ///< given back unstarted, costs no attempt
  };
  Kind kind = Kind::succeeded;
  std::string result = "null";                       ///< JSON text, only read when succeeded
  std::string error{};                               ///< one line for a person, for all but succeeded
  std::optional<std::string> log{};                  ///< tail of the handler's log or stderr
  std::optional<std::chrono::milliseconds> delay{};  ///< retry_after or snooze time; unset: the retry policy
  bool permanent = false;                            ///< do not retry: dead at once

  [[nodiscard]] static Outcome succeeded(std::string result_json = "null");
  [[nodiscard]] static Outcome failed(std::string error);
  [[nodiscard]] static Outcome failed_for_good(std::string error);
  [[nodiscard]] static Outcome retry_after(std::chrono::milliseconds delay, std::string error);
  [[nodiscard]] static Outcome snoozed(std::chrono::milliseconds delay);
  [[nodiscard]] static Outcome cancelled(std::string error);
};

[[nodiscard]] const char* to_string(Outcome::Kind kind);

}  // namespace equeue
