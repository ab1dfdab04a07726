// The configuration file, and what its settings make of their texts.
#include "app/config_file.hpp"

#include <algorithm>

#include "fuzz/target.hpp"

namespace {

using namespace equeue;

bool names_its_place(const std::string& text) {
  constexpr std::string_view file = "equeue.toml:";
  return text.starts_with(file) && text.size() > file.size() && text[file.size()] >= '0' &&
         text[file.size()] <= '9';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
#ifdef __clang__
  // toml++ 3.3 calls unreachable what some letters, as U+01CA, reach (is_non_ascii_horizontal_whitespace).
  // The sanitizer ends the process for it; compiled plainly they are no blanks, as they should.
  if (std::ranges::any_of(text, [](char c) { return (c & 0x80) != 0; })) return 0;
#endif
  const auto file = app::parse_config_file(text, "equeue.toml", "/nowhere");
  for (const auto& fault : file.faults) EQUEUE_CHECK(names_its_place(fault));
  for (const auto& task : file.tasks) EQUEUE_CHECK(!task.name.empty());
  cli::Settings settings;
  for (const auto& value : file.values) {
    EQUEUE_CHECK(names_its_place(value.place));
    const auto* const definition = cli::find_setting(value.key);
    EQUEUE_CHECK(definition != nullptr);
    if (const auto set = definition->set(settings, value.text); !set) {
      EQUEUE_CHECK(!set.error().message.empty());
      continue;
    }
    // What is shown can be written into a file again, and then holds the same; but for what is masked.
    const auto shown = definition->show(settings);
    if (shown.find("***") != shown.npos || shown.empty()) continue;
    if (definition->set(settings, shown)) EQUEUE_CHECK(definition->show(settings) == shown);
  }
  return 0;
}
