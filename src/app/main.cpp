// The program `equeue`: reads the command line and the environment, and runs one command.
#include <pwd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "app/config.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"

extern char** environ;

namespace equeue::app {
namespace {

Environment read_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const auto equals = pair.find('=');
    if (equals != pair.npos) environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return environment;
}

std::string user_name() {
  const auto* entry = getpwuid(geteuid());
  return entry == nullptr ? fmt::format("uid {}", geteuid()) : entry->pw_name;
}

int terminal_columns(const Environment& environment) {
  constexpr int columns_default = 80;
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  const auto found = environment.find("COLUMNS");
  const auto columns = found == environment.end() ? 0 : std::atoi(found->second.c_str());
  return columns > 0 ? columns : columns_default;
}

cli::TerminalFacts terminal_facts(const Environment& environment, bool no_color) {
  cli::TerminalFacts facts{.out_is_terminal = isatty(STDOUT_FILENO) != 0,
                           .err_is_terminal = isatty(STDERR_FILENO) != 0,
                           .columns = terminal_columns(environment)};
  const auto asked_for_none = environment.find("NO_COLOR");
  const auto terminal = environment.find("TERM");
  const bool colors = !no_color && (asked_for_none == environment.end() || asked_for_none->second.empty()) &&
                      (terminal == environment.end() || terminal->second != "dumb");
  facts.color_out = facts.out_is_terminal && colors;
  facts.color_err = facts.err_is_terminal && colors;
  return facts;
}

Result<cli::Settings> load_settings(const cli::Invocation& invocation, Environment environment,
                                    cli::Terminal& terminal) {
  std::error_code gone;
  const auto folder = std::filesystem::current_path(gone);
  auto loaded = load_config({.flags = invocation.settings,
                             .config_file = invocation.config_file,
                             .environment = std::move(environment),
                             .working_folder = folder,
                             .user = user_name()});
  if (!loaded) return loaded.error();
  for (const auto& warning : loaded->warnings) terminal.warning(warning);
  return std::move(loaded->settings);
}

Result<int> perform(const cli::Invocation& invocation, const Environment& environment,
                    cli::Terminal& terminal) {
  if (invocation.text) {
    terminal.print(*invocation.text);
    return 0;
  }
  cli::Settings settings;
  if (invocation.needs == cli::Needs::settings) {
    auto loaded = load_settings(invocation, environment, terminal);
    if (!loaded) return loaded.error();
    settings = std::move(*loaded);
  }
  log::set_level(settings.log_level);
  cli::Session session{settings, terminal, invocation.json};
  return invocation.action(session);
}

int run(const std::vector<std::string>& words) {
  // A reader that goes away is seen by the write that fails, in this program and in its libraries.
  std::signal(SIGPIPE, SIG_IGN);
  const auto environment = read_environment();
  cli::CommandLine line;
  cli::add_commands(line);
  const auto invocation = line.parse(words);
  cli::Terminal terminal(stdout, stderr, terminal_facts(environment, invocation && invocation->no_color));
  auto code = invocation ? perform(*invocation, environment, terminal) : Result<int>(invocation.error());
  if (auto written = terminal.finish(); !written && code) code = written.error();
  if (code) return *code;
  terminal.error(code.error());
  return cli::exit_code_of(code.error().code);
}

}  // namespace
}  // namespace equeue::app

int main(int count, char** words) {
  try {
    return equeue::app::run({words + 1, words + count});
  } catch (const equeue::Exception& fault) {
    fmt::print(stderr, "equeue: {}\n", to_string(fault.error()));
    return equeue::cli::exit_code_of(fault.error().code);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "equeue: a fault of equeue itself: {}\n", fault.what());
    return equeue::cli::exit_code::internal;
  }
}
