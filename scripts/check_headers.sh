#!/usr/bin/env bash
# Each public header compiles alone, so that a user may include any one of them first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
find include -name '*.hpp' -printf '%P\0' |
  xargs -0 -r -P "$(nproc)" -n 1 "${CXX:-c++}" -std=c++20 -Wall -Wextra -fsyntax-only -Iinclude -x c++ /dev/null -include
