// The signature under a push request, by the Standard Webhooks specification (standardwebhooks.com).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "store/push.hpp"

namespace equeue::push {

// 32 random bytes. Ends the process when there are none to be had.
[[nodiscard]] store::PushSecret make_secret();

// As receivers keep it: whsec_ and base64. To be shown once.
[[nodiscard]] std::string secret_text(const store::PushSecret& secret);

// The header webhook-signature: v1, and the HMAC-SHA256 of "id.timestamp.body" in base64. `secret`: its
// bytes.
[[nodiscard]] std::string sign(std::string_view secret, std::string_view id,
                               std::chrono::sys_seconds timestamp, std::string_view body);

}  // namespace equeue::push
