// A retry policy as bodies give it.
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <equeue/error.hpp>
#include <equeue/retry_policy.hpp>
#include <optional>
#include <string>
#include <vector>

namespace equeue::api {

struct RetryBody {
  std::string backoff;
  std::optional<std::int64_t> delay_ms;
  std::optional<std::int64_t> cap_ms;
};
BOOST_DESCRIBE_STRUCT(RetryBody, (), (backoff, delay_ms, cap_ms))

// `pointer`: where it stands in the body. What it does not say is as RetryPolicy has it.
[[nodiscard]] RetryPolicy read_retry(const RetryBody& body, const std::string& pointer,
                                     std::vector<Fault>& faults);

}  // namespace equeue::api
