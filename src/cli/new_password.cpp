#include "cli/new_password.hpp"

#include <iostream>

#include "auth/password.hpp"
#include "auth/secret.hpp"
#include "cli/hidden_input.hpp"

namespace equeue::cli {
namespace {

// More than any password may have; no more is read.
constexpr std::size_t stdin_bytes_max = 1'024;
constexpr std::size_t generated_bytes = 18;

Error wrong(std::string message, std::string hint = {}) {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)};
}

// All of stdin but the end of its line.
Result<std::string> read_stdin() {
  std::string text(stdin_bytes_max, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return wrong("there is no password on stdin", "pipe it in as one line");
  if (text.find_first_of("\r\n") != text.npos) {
    return wrong("stdin holds more than one line", "pipe in the password alone");
  }
  return text;
}

Result<std::string> ask(Terminal& terminal, std::string_view user) {
  auto first = read_hidden(terminal, fmt::format("New password of '{}' (not shown): ", user));
  if (!first) return first;
  const auto second = read_hidden(terminal, "The same again: ");
  if (!second) return second;
  if (*first != *second) {
    return wrong("the two passwords differ, and nothing was changed", "run the command again");
  }
  return first;
}

}  // namespace

void add_password_options(Command& command, PasswordOptions& options) {
  command
      .flag("--password-stdin", options.from_stdin, "Read the password from stdin instead of asking for it")
      .flag("--generate", options.generate, "Make a password and print it, once, alone on stdout");
}

Result<void> check(const PasswordOptions& options, const Session& session) {
  if (options.from_stdin && options.generate) {
    return wrong("--password-stdin and --generate exclude each other",
                 "choose where the password comes from");
  }
  if (options.from_stdin || options.generate || can_ask(session.terminal)) return {};
  return wrong("nobody is there to be asked for a password",
               "pipe it in and say --password-stdin, or say --generate");
}

Result<NewPassword> obtain_password(const PasswordOptions& options, Session& session, std::string_view user) {
  auto password = options.generate     ? Result<std::string>(generate_password())
                  : options.from_stdin ? read_stdin()
                                       : ask(session.terminal, user);
  if (!password) return password.error();
  auto hash = auth::hash_password(*password);
  if (!hash) return hash.error();
  NewPassword made{.hash = std::move(*hash)};
  if (options.generate) made.generated = std::move(*password);
  return made;
}

std::string generate_password() {
  return auth::random_text(generated_bytes);
}

}  // namespace equeue::cli
