#!/usr/bin/env bash
# run.sh SOURCE BUILD SANITIZERS TEST…: builds the tests named with SANITIZERS into BUILD, and runs them.
set -euo pipefail
source="$1" build="$2" sanitizers="$3"
shift 3
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DEQUEUE_SANITIZE=$sanitizers"
ninja -C "$build" -j 1 test_cluster "$@"
cd "$build"
pattern="^($(IFS='|'; echo "$*"))\$"
known="$(ctest -N -R "$pattern")"
for test in "$@"; do
  grep -q ": $test\$" <<<"$known" || { echo "there is no test $test" >&2; exit 1; }
done
ctest --output-on-failure -R "$pattern"
