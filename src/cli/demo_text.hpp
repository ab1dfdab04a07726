// What became of a demo, for people and for programs.
#pragma once

#include <string>

#include "cli/demo.hpp"

namespace equeue::cli {

[[nodiscard]] std::string demo_text(const DemoReport& report, const DemoOptions& options,
                                    const TerminalFacts& facts);
[[nodiscard]] std::string demo_json(const DemoReport& report, const DemoOptions& options);

}  // namespace equeue::cli
