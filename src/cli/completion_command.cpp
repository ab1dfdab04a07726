#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

void add_completion(Command root, const CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  root.command("completion", "Print a completion script for bash, zsh or fish")
      .required_argument("SHELL", *shell, "bash, zsh or fish")
      .examples({"source <(equeue completion bash)", "equeue completion zsh >~/.zfunc/_equeue",
                 "equeue completion fish >~/.config/fish/completions/equeue.fish"})
      .action(
          [shell, &line](Session& session) -> Result<int> {
            auto script = completion_script(*shell, line.outline());
            if (!script) return script.error();
            session.terminal.print(*script);
            return 0;
          },
          Needs::nothing);
}

}  // namespace equeue::cli
