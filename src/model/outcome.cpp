#include <equeue/outcome.hpp>

namespace equeue {

Outcome Outcome::succeeded(std::string result_json) {
  return {.kind = Kind::succeeded, .result = std::move(result_json)};
}

Outcome Outcome::failed(std::string error) {
  return {.kind = Kind::failed, .error = std::move(error)};
}

Outcome Outcome::failed_for_good(std::string error) {
  return {.kind = Kind::failed, .error = std::move(error), .permanent = true};
}

Outcome Outcome::retry_after(std::chrono::milliseconds delay, std::string error) {
  return {.kind = Kind::failed, .error = std::move(error), .delay = delay};
}

Outcome Outcome::snoozed(std::chrono::milliseconds delay) {
  return {.kind = Kind::snoozed, .delay = delay};
}

Outcome Outcome::cancelled(std::string error) {
  return {.kind = Kind::cancelled, .error = std::move(error)};
}

const char* to_string(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::succeeded:
      return "succeeded";
    case Outcome::Kind::failed:
      return "failed";
    case Outcome::Kind::timed_out:
      return "timed_out";
    case Outcome::Kind::cancelled:
      return "cancelled";
    case Outcome::Kind::crashed:
      return "crashed";
    case Outcome::Kind::snoozed:
      return "snoozed";
    case Outcome::Kind::released:
      return "released";
  }
  return "unknown";
}

}  // namespace equeue
