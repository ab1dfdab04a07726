#include "cli/scope_options.hpp"

#include "auth/principal.hpp"
#include "cli/nearest.hpp"

namespace equeue::cli {

void add_scope_option(Command& command, std::vector<std::string>& into) {
  command.option("--scope", into, "SCOPE",
                 "enqueue, work, read or admin, which includes the others; repeated or with commas");
}

Result<std::vector<std::string>> read_scopes(const std::vector<std::string>& words) {
  const std::vector<std::string> known = {"enqueue", "work", "read", "admin"};
  auto scopes = auth::parse_scopes(words);
  if (scopes) return scopes->names();
  auto error = scopes.error();
  if (words.empty()) error.message += ": --scope";
  for (const auto& word : words) {
    if (std::ranges::find(known, word) != known.end()) continue;
    if (const auto meant = nearest(word, known)) error.hint = fmt::format("did you mean {}?", *meant);
    break;
  }
  return error;
}

}  // namespace equeue::cli
