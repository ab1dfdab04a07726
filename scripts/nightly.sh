#!/usr/bin/env bash
# nightly.sh [STEP…]: what is too long for every change, one step after the other, and what came of each. A step that
# fails does not keep the next from running. What each said is in build/nightly/STEP.log.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
logs="$root/build/nightly"
known=(suite variants asan tsan fuzz canaries chaos load)

sanitized() { # KIND
  "$root/dev" build "$1"
  (cd "$root/build/$1" && ctest --output-on-failure -j "$(nproc)")
}

suite() { EQUEUE_TEST_OPERATIONS=110000 "$root/dev" test; }
variants() { "$root/dev" variants; }
asan() { sanitized asan; }
tsan() { sanitized tsan; }
fuzz() { "$root/dev" fuzz 300; }
canaries() { "$root/dev" chaos --canaries; }
# Each night another seed, which the log begins with.
chaos() { "$root/dev" chaos --minutes 30; }
load() { "$root/dev" load; }

steps=("$@")
(($#)) || steps=("${known[@]}")
for step in "${steps[@]}"; do
  [[ " ${known[*]} " == *" $step "* ]] || { echo "nightly: no step is called '$step'; there are: ${known[*]}" >&2; exit 1; }
done

mkdir -p "$logs"
failed=0
for step in "${steps[@]}"; do
  SECONDS=0
  # Not in a condition, where set -e would not hold.
  set +e
  (set -e; "$step") >"$logs/$step.log" 2>&1
  result=$?
  set -e
  if ((result == 0)); then said=ok; else said="FAILED, see $logs/$step.log"; failed=1; fi
  printf '%-9s %4d min  %s\n' "$step" "$(((SECONDS + 30) / 60))" "$said"
done
exit "$failed"
