#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include "base/check.hpp"
#include "base/duration.hpp"
#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"
#include "cli/settings.hpp"

namespace equeue::cli {

struct Command::Shared {
  struct Entry {
    Action action;
    Needs needs = Needs::settings;
  };
  std::map<const CLI::App*, Entry> entries;
  Invocation invocation;
};

namespace {

std::string refusal(const Error& error) {
  return error.hint.empty() ? error.message : fmt::format("{}; {}", error.message, error.hint);
}

// The words of a command, as "equeue jobs list".
std::string path_of(const CLI::App& app) {
  const auto* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : path_of(*parent) + " " + app.get_name();
}

const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
  }
  return words;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const auto* here = &app; here != nullptr; here = here->get_parent()) {
    for (const auto* option : here->get_options()) {
      for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

Error unexpected(const CLI::App& command, const std::string& word) {
  const bool is_flag = word.starts_with('-');
  const auto known = is_flag ? flags_of(command) : words_of(command);
  const auto meant = nearest(word.substr(0, word.find('=')), known);
  const auto path = path_of(command);
  return {.code = ErrorCode::invalid_argument,
          .message = is_flag         ? fmt::format("`{}` has no option {}", path, word)
                     : known.empty() ? fmt::format("`{}` does not take the argument '{}'", path, word)
                                     : fmt::format("`{}` has no command '{}'", path, word),
          .hint = meant ? fmt::format("did you mean {}?", *meant) : fmt::format("see `{} --help`", path)};
}

CommandOutline outline_of(const CLI::App& app) {
  CommandOutline outline{.name = app.get_name(), .about = app.get_description()};
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      outline.options.push_back(
          {"--" + name, option->get_description(), option->get_items_expected_max() > 0});
    }
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    outline.commands.push_back(outline_of(*command));
  }
  return outline;
}

void style_help(CLI::App& app) {
  constexpr std::size_t first_column = 32;
  app.get_formatter()->column_width(first_column);
  app.get_formatter()->label("REQUIRED", "(required)");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("Positionals", "Arguments");
}

}  // namespace

Command Command::command(const std::string& name, const std::string& about) {
  auto* added = app_->add_subcommand(name, about);
  added->fallthrough();
  added->group("Commands");
  added->footer("Global options: see `equeue --help`.");
  return {*added, *shared_};
}

Command& Command::flag(const std::string& names, bool& into, const std::string& about) {
  app_->add_flag(names, into, about);
  return *this;
}

Command& Command::option(const std::string& name, std::optional<std::string>& into, const std::string& value,
                         const std::string& about) {
  app_->add_option_function<std::string>(
          name, [&into](const std::string& text) { into = text; }, about)
      ->type_name(value)
      ->take_last();
  return *this;
}

Command& Command::option(const std::string& name, std::optional<int>& into, int min, int max,
                         const std::string& about) {
  app_->add_option_function<std::string>(
          name,
          [&into, name, min, max](const std::string& text) {
            const auto value = parse_int(text, min, max);
            if (!value) throw CLI::ValidationError(name, refusal(value.error()));
            into = *value;
          },
          about)
      ->type_name("N")
      ->take_last();
  return *this;
}

Command& Command::option(const std::string& name, std::optional<std::chrono::milliseconds>& into,
                         const std::string& about) {
  app_->add_option_function<std::string>(
          name,
          [&into, name](const std::string& text) {
            const auto value = parse_duration(text);
            if (!value) throw CLI::ValidationError(name, refusal(value.error()));
            into = *value;
          },
          about)
      ->type_name("DURATION")
      ->take_last();
  return *this;
}

Command& Command::option(const std::string& name, std::vector<std::string>& into, const std::string& value,
                         const std::string& about) {
  // Not more than one value a flag, or it would swallow the arguments behind it.
  app_->add_option_function<std::vector<std::string>>(
          name,
          [&into](const std::vector<std::string>& given) {
            into = split_names(fmt::format("{}", fmt::join(given, ",")));
          },
          about)
      ->type_name(value)
      ->allow_extra_args(false);
  return *this;
}

Command& Command::setting(std::string_view key, const std::string& value, const std::string& about) {
  const auto* definition = find_setting(key);
  EQUEUE_CHECK(definition != nullptr && !definition->flag.empty());
  auto& texts = shared_->invocation.settings;
  const std::string name(key);
  if (definition->kind == SettingKind::names) {
    // Not more than one value a flag, or it would swallow the arguments behind it.
    app_->add_option_function<std::vector<std::string>>(
            std::string(definition->flag),
            [&texts, name](const std::vector<std::string>& given) {
              texts[name] = fmt::format("{}", fmt::join(given, ","));
            },
            about)
        ->type_name(value)
        ->allow_extra_args(false);
    return *this;
  }
  app_->add_option_function<std::string>(
          std::string(definition->flag), [&texts, name](const std::string& text) { texts[name] = text; },
          about)
      ->type_name(value)
      ->take_last();
  return *this;
}

Command& Command::argument(const std::string& name, std::optional<std::string>& into,
                           const std::string& about) {
  app_->add_option_function<std::string>(
          name, [&into](const std::string& text) { into = text; }, about)
      ->type_name("");
  return *this;
}

Command& Command::required_argument(const std::string& name, std::string& into, const std::string& about) {
  app_->add_option(name, into, about)->type_name("")->required();
  return *this;
}

Command& Command::arguments(const std::string& name, std::vector<std::string>& into,
                            const std::string& about) {
  app_->add_option(name, into, about)->type_name("")->required();
  return *this;
}

Command& Command::examples(const std::vector<std::string>& lines) {
  app_->footer(fmt::format("Examples:\n  {}\n\n{}", fmt::join(lines, "\n  "), app_->get_footer()));
  return *this;
}

Command& Command::action(Action action, Needs needs) {
  shared_->entries[app_] = {std::move(action), needs};
  return *this;
}

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>("Background jobs on PostgreSQL.", "equeue")),
      shared_(std::make_unique<Command::Shared>()) {
  style_help(*app_);
  auto& asked = shared_->invocation;
  Command global = root();
  global.option("--config", asked.config_file, "FILE",
                "Configuration file (default: ./equeue.toml if there is one)");
  global.setting("database_url", "URL", "PostgreSQL to use, as postgresql://user@host/database");
  global.setting("schema", "NAME", "Schema that holds the queue (default: equeue)");
  global.setting("log_level", "LEVEL", "debug, info (default), warning, error or off");
  global.flag("--json", asked.json, "Print one JSON document instead of text");
  global.flag("--no-color", asked.no_color, "Print without colors, as with NO_COLOR set");
  app_->footer("Exit codes:\n" + describe_exit_codes());
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() {
  return {*app_, *shared_};
}

CommandOutline CommandLine::outline() const {
  return outline_of(*app_);
}

Result<Invocation> CommandLine::parse(const std::vector<std::string>& words) {
  auto& asked = shared_->invocation;
  if (words.empty()) {
    asked.text = app_->help();
    return asked;
  }
  try {
    // CLI11 takes the words from the back.
    app_->parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    asked.text = app_->help();
    return asked;
  } catch (const CLI::ExtrasError&) {
    return unexpected(innermost(*app_), app_->remaining(true).front());
  } catch (const CLI::ParseError& fault) {
    const auto& command = innermost(*app_);
    // A command that asks for arguments complains of those first, although a wrong flag may be the cause.
    for (const auto& word : app_->remaining(true)) {
      if (word.starts_with("--")) return unexpected(command, word);
    }
    return Error{.code = ErrorCode::invalid_argument,
                 .message = fault.what(),
                 .hint = fmt::format("see `{} --help`", path_of(command))};
  }
  const auto& command = innermost(*app_);
  const auto entry = shared_->entries.find(&command);
  if (entry == shared_->entries.end()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = fmt::format("`{}` needs a command: {}", path_of(command),
                                        fmt::join(words_of(command), ", ")),
                 .hint = fmt::format("see `{} --help`", path_of(command))};
  }
  asked.action = entry->second.action;
  asked.needs = entry->second.needs;
  return asked;
}

}  // namespace equeue::cli
