// The first user of a fresh cell, so that nobody is locked out and nothing has a default password.
#pragma once

#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace equeue::cli {

struct FirstLogin {
  std::string name;
  std::string password;  // generated, and from now on known to nobody but its reader
};

// Makes the user `admin`, with all scopes and a password of its own, in a cell that never had a user; nothing
// in any other, also when two try it at once. `actor` goes to the audit. Takes about a quarter of a second
// when it makes one.
[[nodiscard]] Result<std::optional<FirstLogin>> make_first_login(const Database& database,
                                                                 std::string_view actor);

// What to print, once: the login, and how to get another. Lines, each with its end.
[[nodiscard]] std::string describe(const FirstLogin& login);

}  // namespace equeue::cli
