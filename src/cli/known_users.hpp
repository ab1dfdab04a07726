// Users by their names.
#pragma once

#include <equeue/error.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.hpp"
#include "store/access.hpp"

namespace equeue::cli {

// By name.
[[nodiscard]] Result<std::vector<store::User>> all_users(store::Cell cell);

// Says that there is no such user, and which one may have been meant. The exit code.
int no_such_user(Session& session, store::Cell cell, std::string_view name);

// Changes one user (false: there is none) and says `done`.
[[nodiscard]] Result<int> change_user(Session& session, const std::string& name, const std::string& done,
                                      const std::function<Result<bool>(store::Cell)>& change);

// {"name": …} of one that was changed.
void print_changed(Session& session, const std::string& name, const std::string& done);

}  // namespace equeue::cli
