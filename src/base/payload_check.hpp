// What a payload or result must be before it is sent to the database.
#pragma once

#include <equeue/error.hpp>
#include <string_view>

namespace equeue {

// At most limits::payload_bytes_max of JSON that detail::parse (json_codec.hpp) would read and that jsonb can
// hold, so that one bad text is refused alone instead of failing the batch that it travels in. Builds
// nothing: hundreds of megabytes a second. invalid_payload otherwise. Thread-safe.
[[nodiscard]] Result<void> check_payload_text(std::string_view text);

}  // namespace equeue
