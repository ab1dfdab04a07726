#pragma once

#include <fmt/format.h>

#include <fstream>

namespace equeue::embedded {

// A zombie, which has no command line, does not live: whoever has become its parent reaps it when it likes.
inline bool process_lives(int pid) {
  return std::ifstream(fmt::format("/proc/{}/cmdline", pid)).peek() > 0;
}

}  // namespace equeue::embedded
