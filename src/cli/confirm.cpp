#include "cli/confirm.hpp"

#include <unistd.h>

#include <iostream>

namespace equeue::cli {

Result<bool> confirmed(Session& session, std::string_view command, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0 || !session.terminal.facts().err_is_terminal) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = fmt::format("{} removes jobs for good and nobody is there to be asked", command),
                 .hint = "say --yes"};
  }
  session.terminal.note(question + " [y/N]");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace equeue::cli
