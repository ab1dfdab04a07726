#include "cli/completion.hpp"

#include <fmt/format.h>

namespace equeue::cli {
namespace {

// What may follow after a command's words.
struct Place {
  std::string path;  // "equeue jobs list"
  const CommandOutline* command;
};

void collect(const CommandOutline& command, const std::string& path, std::vector<Place>& places) {
  places.push_back({path, &command});
  for (const auto& below : command.commands) collect(below, path + " " + below.name, places);
}

std::vector<Place> places_of(const CommandOutline& program) {
  std::vector<Place> places;
  collect(program, program.name, places);
  return places;
}

// The options that a command takes: its own, and those of the program.
std::vector<OptionOutline> options_of(const Place& place, const CommandOutline& program) {
  auto options = place.command->options;
  if (place.command == &program) return options;
  for (const auto& global : program.options) {
    const bool own =
        std::any_of(options.begin(), options.end(), [&](const auto& o) { return o.name == global.name; });
    if (!own) options.push_back(global);
  }
  return options;
}

// A word in single quotes for a POSIX shell and fish.
std::string in_quotes(std::string_view text, std::string_view quote_inside) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += quote_inside;
    } else {
      out += c;
    }
  }
  return out + "'";
}

// Joined with "|" for a case pattern: every path below the program's.
std::string paths_pattern(const std::vector<Place>& places) {
  std::string pattern;
  for (const auto& place : places) {
    if (place.path.find(' ') == place.path.npos) continue;
    pattern += fmt::format("{}\"{}\"", pattern.empty() ? "" : "|", place.path);
  }
  return pattern;
}

std::string bash(const CommandOutline& program) {
  const auto places = places_of(program);
  std::string cases;
  for (const auto& place : places) {
    std::string words;
    for (const auto& below : place.command->commands) words += below.name + " ";
    for (const auto& option : options_of(place, program)) words += option.name + " ";
    words.pop_back();
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", place.path, words);
  }
  return fmt::format(R"(# bash completion for equeue: source it, or put it into /etc/bash_completion.d/
_equeue() {{
  local path="{0}" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${{COMP_WORDS[i]}}" in
      {1}) path="$path ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$path" in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _equeue {0}
)",
                     program.name, paths_pattern(places), cases);
}

std::string zsh(const CommandOutline& program) {
  const auto places = places_of(program);
  const auto described = [](std::string_view name, std::string_view about) {
    return fmt::format("      {}\n", in_quotes(fmt::format("{}:{}", name, about), R"('\'')"));
  };
  std::string cases;
  for (const auto& place : places) {
    cases += fmt::format("    \"{}\") words_here=(\n", place.path);
    for (const auto& below : place.command->commands) cases += described(below.name, below.about);
    for (const auto& option : options_of(place, program)) cases += described(option.name, option.about);
    cases += "    ) ;;\n";
  }
  return fmt::format(R"(#compdef {0}
# zsh completion for equeue: save it as _equeue in a folder of $fpath
_equeue() {{
  local place="{0}" i
  local -a words_here
  for ((i = 2; i < CURRENT; i++)); do
    case "$place ${{words[i]}}" in
      {1}) place="$place ${{words[i]}}" ;;
    esac
  done
  case "$place" in
{2}  esac
  _describe -o command words_here || _files
}}
if [ "$funcstack[1]" = "_equeue" ]; then _equeue "$@"; else compdef _equeue {0}; fi
)",
                     program.name, paths_pattern(places), cases);
}

std::string fish(const CommandOutline& program) {
  const auto places = places_of(program);
  std::string known;
  std::string lines;
  for (const auto& place : places) {
    if (place.command != &program) known += fmt::format(" '{}'", place.path);
    const auto when = fmt::format("complete -c {} -n \"__equeue_at '{}'\"", program.name, place.path);
    for (const auto& below : place.command->commands) {
      lines += fmt::format("{} -f -a {} -d {}\n", when, below.name, in_quotes(below.about, R"(\')"));
    }
    for (const auto& option : options_of(place, program)) {
      lines += fmt::format("{} {}-l {} -d {}\n", when, option.takes_value ? "-r " : "", option.name.substr(2),
                           in_quotes(option.about, R"(\')"));
    }
  }
  return fmt::format(R"(# fish completion for equeue: save it as ~/.config/fish/completions/equeue.fish
function __equeue_at
  set -l known{1}
  set -l place {0}
  for word in (commandline -opc)[2..-1]
    contains -- "$place $word" $known; and set place "$place $word"
  end
  test "$place" = "$argv[1]"
end
{2})",
                     program.name, known, lines);
}

}  // namespace

Result<std::string> completion_script(std::string_view shell, const CommandOutline& program) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("there is no completion for '{}'", shell),
               .hint = "use bash, zsh or fish"};
}

}  // namespace equeue::cli
