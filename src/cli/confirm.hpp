// The question before something that cannot be undone.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.hpp"

namespace equeue::cli {

// Whether the user says yes. invalid_argument when nobody can be asked; `command` is named then.
[[nodiscard]] Result<bool> confirmed(Session& session, std::string_view command, const std::string& question);

}  // namespace equeue::cli
