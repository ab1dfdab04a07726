#!/usr/bin/env bash
# check_hardening.sh PROGRAM: whether a release build is a position-independent program whose relocations are read-only
# once it runs, whose stack cannot be executed, with stack protector and checked string functions.
set -euo pipefail
program="$1"
failed=0
expect() { # WHAT PATTERN OPTIONS…
  local what="$1" pattern="$2" found
  shift 2
  found="$(readelf -W "$@" "$program")"
  grep -Eq -- "$pattern" <<<"$found" || { echo "$program has no $what" >&2; failed=1; }
}
expect "PIE" 'FLAGS_1.*PIE' -d
expect "immediate binding" 'FLAGS_1.*NOW' -d
expect "RELRO" 'GNU_RELRO' -l
expect "stack without execution" 'GNU_STACK.* RW +0x' -l
expect "stack protector" '__stack_chk_fail' --dyn-syms
expect "FORTIFY" '__[a-z]+_chk@' --dyn-syms
if readelf -Wd "$program" | grep -Eq 'R(UN)?PATH'; then
  echo "$program looks for libraries in folders of the build" >&2
  failed=1
fi
exit "$failed"
