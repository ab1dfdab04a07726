// Jobs and what belongs to them as JSON, the same on every face. Payloads and results stand there as they
// were written.
#pragma once

#include <equeue/client.hpp>
#include <equeue/job.hpp>
#include <string>

#include "base/json_document.hpp"

namespace equeue {

[[nodiscard]] JsonObject document(const Job& job);
[[nodiscard]] JsonObject document(const Attempt& attempt);
[[nodiscard]] JsonObject document(const QueueStatus& queue);

}  // namespace equeue
