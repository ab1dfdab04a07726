// Where a new password comes from: typed twice, read from stdin, or made. Never from the command line, where
// other users of the machine could read it.
#pragma once

#include <equeue/error.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command_line.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

struct PasswordOptions {
  bool from_stdin = false;
  bool generate = false;
};
void add_password_options(Command& command, PasswordOptions& options);

// invalid_argument when both ways were chosen, or none and nobody is there to be asked. To be called before
// anything else is.
[[nodiscard]] Result<void> check(const PasswordOptions& options, const Session& session);

struct NewPassword {
  std::string hash;
  std::optional<std::string> generated{};  // to be shown, once
};
// Asks for it, reads it, or makes it. invalid_argument for one that breaks the rules of auth/password.hpp, or
// was typed differently the second time. Requires: check.
[[nodiscard]] Result<NewPassword> obtain_password(const PasswordOptions& options, Session& session,
                                                  std::string_view user);

// One that nobody can guess: 144 random bits.
[[nodiscard]] std::string generate_password();

}  // namespace equeue::cli
