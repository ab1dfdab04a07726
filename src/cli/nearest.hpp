// "Did you mean …?"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace equeue::cli {

// The known word that `text` was most likely meant to be; nothing when none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view text, std::span<const std::string> known);

}  // namespace equeue::cli
