#include "model/names.hpp"

#include <equeue/limits.hpp>

namespace equeue::model {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view letters_and_digits = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr std::string_view first_of_name = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view rest_of_name = "abcdefghijklmnopqrstuvwxyz0123456789._-";

// A wrong name may be anything, so its quotation is short and holds only printable characters.
std::string quote(std::string_view name) {
  constexpr std::size_t shown_max = 80;
  std::string shown;
  for (const char c : name.substr(0, shown_max)) shown += c >= ' ' && c <= '~' ? c : '?';
  return fmt::format("'{}{}'", shown, name.size() > shown_max ? "…" : "");
}

bool follows(std::string_view name, std::string_view first, std::string_view rest, std::size_t chars_max) {
  return !name.empty() && name.size() <= chars_max && first.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(rest) == std::string_view::npos;
}

bool has_parts(std::string_view name) {
  return name.find('.') != std::string_view::npos && !name.ends_with('.') &&
         name.find("..") == std::string_view::npos;
}

Error refuse(std::string_view thing, std::string_view name, std::string_view rule) {
  return {.code = ErrorCode::invalid_argument,
          .message = name.empty() ? fmt::format("a {} name is empty", thing)
                                  : fmt::format("{} is not a {} name", quote(name), thing),
          .hint = std::string(rule)};
}

}  // namespace

Result<void> check_queue_name(std::string_view name) {
  if (follows(name, first_of_name, rest_of_name, limits::name_chars_max)) return {};
  return refuse("queue", name, "use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit");
}

Result<void> check_task_name(std::string_view name) {
  if (follows(name, first_of_name, rest_of_name, limits::name_chars_max) && has_parts(name)) return {};
  return refuse(
      "task", name,
      "write it as area.verb, as puzzles.solve: up to 64 of a-z 0-9 . _ -, first a letter or digit");
}

Result<void> check_schema_name(std::string_view name) {
  if (follows(name, letters, letters_and_digits, limits::schema_chars_max)) return {};
  return refuse("schema", name, "use 1 to 63 of a-z 0-9 _ and begin with a letter or _");
}

}  // namespace equeue::model
