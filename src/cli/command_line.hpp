// The program's commands and options, declared once: parsing, --help and completion all come from this tree.
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace equeue::cli {

struct Session;

// Runs a command; its answer is the exit code. An Error is printed and decides the code (exit_code.hpp).
using Action = std::function<Result<int>(Session&)>;

// What a command needs before it can run.
enum class Needs { nothing, settings };

// One option as completion sees it.
struct OptionOutline {
  std::string name;  // "--queue"
  std::string about;
  bool takes_value = false;
};

// One command as completion sees it.
struct CommandOutline {
  std::string name;
  std::string about;
  std::vector<OptionOutline> options;
  std::vector<CommandOutline> commands;
};

// A command that is being declared. A cheap handle: valid as long as its CommandLine. What options are read
// into must live until the action has run; keep it in what the action captures.
class Command {
 public:
  [[nodiscard]] Command command(const std::string& name, const std::string& about);

  Command& flag(const std::string& names, bool& into, const std::string& about);
  Command& option(const std::string& name, std::optional<std::string>& into, const std::string& value,
                  const std::string& about);
  Command& option(const std::string& name, std::optional<int>& into, int min, int max,
                  const std::string& about);
  Command& option(const std::string& name, std::optional<std::chrono::milliseconds>& into,
                  const std::string& about);
  // May be repeated, and each value may be several, separated by commas.
  Command& option(const std::string& name, std::vector<std::string>& into, const std::string& value,
                  const std::string& about);
  // A flag that sets a setting (settings.hpp) by its key.
  Command& setting(std::string_view key, const std::string& value, const std::string& about);

  Command& argument(const std::string& name, std::optional<std::string>& into, const std::string& about);
  Command& required_argument(const std::string& name, std::string& into, const std::string& about);
  // One or more.
  Command& arguments(const std::string& name, std::vector<std::string>& into, const std::string& about);

  // Command lines that are shown below --help.
  Command& examples(const std::vector<std::string>& lines);

  Command& action(Action action, Needs needs = Needs::settings);

 private:
  friend class CommandLine;
  struct Shared;
  Command(CLI::App& app, Shared& shared) : app_(&app), shared_(&shared) {}
  CLI::App* app_;
  Shared* shared_;
};

// What the command line asks for.
struct Invocation {
  std::optional<std::string> text{};  // to print, and nothing else to do: --help
  Action action{};
  Needs needs = Needs::settings;
  std::map<std::string, std::string, std::less<>> settings{};  // key of a setting → what its flag says
  std::optional<std::string> config_file{};
  bool json = false;
  bool no_color = false;
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  [[nodiscard]] Command root();

  // Reads the words behind the program's name. invalid_argument that names the wrong word, and the nearest
  // right one, otherwise. Call once.
  [[nodiscard]] Result<Invocation> parse(const std::vector<std::string>& words);

  [[nodiscard]] CommandOutline outline() const;

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command::Shared> shared_;
};

}  // namespace equeue::cli
