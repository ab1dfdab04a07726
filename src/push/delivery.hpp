// The request that carries a job, or a webhook's message, to its receiver.
#pragma once

#include <chrono>
#include <equeue/context.hpp>
#include <string>

#include "builtin/http_transfer.hpp"
#include "store/push.hpp"

namespace equeue::push {

// A POST of application/json with the headers webhook-id (the job's id, the same in each attempt),
// webhook-timestamp, webhook-signature, equeue-attempt and equeue-deadline (`now` and `timeout`, RFC 3339).
// The body of a job is
//   {"id","task","queue","key","attempt","max_attempts","deadline","payload"}
// with the payload's text as the queue holds it; that of a webhook's message is the payload alone. Requires
// route.url.
[[nodiscard]] builtin::Transfer request_for(const store::PushRoute& route, const Context::Facts& job,
                                            std::chrono::milliseconds timeout, TimePoint now);

}  // namespace equeue::push
