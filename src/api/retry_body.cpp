#include "api/retry_body.hpp"

namespace equeue::api {

using std::chrono::milliseconds;

RetryPolicy read_retry(const RetryBody& body, const std::string& pointer, std::vector<Fault>& faults) {
  RetryPolicy retry;
  if (body.backoff == "fixed") {
    retry.backoff = RetryPolicy::Backoff::fixed;
  } else if (body.backoff != "exponential") {
    faults.push_back({pointer + "/backoff", "is fixed or exponential"});
  }
  if (body.delay_ms) retry.delay = milliseconds(*body.delay_ms);
  if (body.cap_ms) retry.cap = milliseconds(*body.cap_ms);
  return retry;
}

}  // namespace equeue::api
