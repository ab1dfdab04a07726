#!/usr/bin/env bash
# check_model.sh: checks the model of the lease protocol with spin in every state that it can come to, and then that each
# mutant is refuted. EQUEUE_MODEL_FAULTS=N allows N more faults in a run, for a longer check.
set -euo pipefail
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
model="$folder/lease_protocol.pml"
more="${EQUEUE_MODEL_FAULTS:-0}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for program in spin "${CC:=gcc}"; do
  command -v "$program" >/dev/null || { echo "$program is missing: ./dev setup installs it"; exit 1; }
done

# A program that checks the model under these definitions: build KIND OPTIMISATION DEFINITION…
build() {
  local kind="$1" optimisation="$2"
  shift 2
  if ! (cd "$work" && spin -a "$@" "$model" >spin.log 2>&1); then
    cat "$work/spin.log"
    echo "spin does not take $*"
    exit 1
  fi
  local options=("$optimisation" -w -DMEMLIM=8000)
  [[ "$kind" != safety ]] || options+=(-DSAFETY)
  (cd "$work" && "$CC" "${options[@]}" -o pan pan.c)
}

# Whether the model holds; true or false, and never when the search was not complete: holds PROPERTY
holds() {
  local options=(-m1000000 -w22 -n)
  [[ "$1" == safety ]] || options+=(-a -N "$1")
  (cd "$work" && rm -f ./*.trail && ./pan "${options[@]}" >result 2>&1) || true
  if grep -qE 'out of memory|max search depth too small|Search not completed|Interrupt' "$work/result" &&
    ! grep -qE 'errors: [1-9]' "$work/result"; then
    cat "$work/result"
    echo "the search was not complete"
    exit 1
  fi
  grep -qE 'errors: [0-9]+' "$work/result" || { cat "$work/result"; echo "no result"; exit 1; }
  grep -q 'errors: 0$' "$work/result"
}

states() { sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' "$work/result"; }

prove() { # PROPERTY DEFINITION…
  local property="$1" began=$SECONDS
  build "$property" -O1 "${@:2}"
  if ! holds "$property"; then
    cat "$work/result"
    (cd "$work" && cp "$model" . && spin -t -p -g "${@:2}" lease_protocol.pml | tail -n 100)
    echo "$property does not hold: ${*:2}"
    exit 1
  fi
  printf '%-24s holds    %9d states %4d s  %s\n' "$property" "$(states)" $((SECONDS - began)) "${*:2}"
}

refute() { # MUTANT PROPERTY DEFINITION…
  local mutant="$1" property="$2"
  build "$property" -O0 "-DMUTANT_$mutant" "${@:3}"
  if holds "$property"; then
    echo "nothing is found wrong with the mutant $mutant: ${*:3}"
    exit 1
  fi
  grep -qE 'assertion violated|acceptance cycle' "$work/result" || { cat "$work/result"; echo "$mutant: no verdict"; exit 1; }
  printf '%-24s refuted  %9d states  %s\n' "$property" "$(states)" "$mutant"
}

two=(-DWORKERS=2 -DJOBS=2 -DATTEMPTS=3)
three=(-DWORKERS=3 -DJOBS=1 -DATTEMPTS=3)

prove safety "${two[@]}" -DFAULTS=$((2 + more))
prove safety "${three[@]}" -DFAULTS=$((3 + more))
prove safety "${two[@]}" -DFAULTS=$((2 + more)) -DFAILOVER
prove safety "${three[@]}" -DFAULTS=$((2 + more)) -DFAILOVER
for property in every_job_ends leases_of_the_gone_end; do
  prove "$property" "${two[@]}" -DFAULTS=$((1 + more))
  prove "$property" "${three[@]}" -DFAULTS=$((2 + more))
  prove "$property" "${two[@]}" -DFAULTS=$((1 + more)) -DFAILOVER
  prove "$property" "${three[@]}" -DFAULTS=$((2 + more)) -DFAILOVER
done

small=(-DWORKERS=2 -DJOBS=1 -DATTEMPTS=2 -DFAULTS=2)
pair=(-DWORKERS=2 -DJOBS=2 -DATTEMPTS=2 -DFAULTS=1)
refute no_fence safety "${small[@]}"
refute attempt_as_fence safety -DWORKERS=2 -DJOBS=1 -DATTEMPTS=2 -DFAULTS=3
refute settle_without_bit safety "${pair[@]}"
refute settle_looks_before_it_locks safety "${small[@]}"
refute lease_ends_with_its_first_job safety "${pair[@]}"
refute replay_moves_again safety "${small[@]}"
refute attempts_without_an_end safety "${small[@]}"
refute claim_without_delete safety "${small[@]}"
refute claim_without_looking_at_the_worker safety "${small[@]}"
refute counter_as_lease_id safety "${small[@]}" -DFAILOVER
refute release_of_a_started_job safety "${small[@]}"
refute release_unknown_of_known safety "${pair[@]}"
refute no_release_unknown every_job_ends "${small[@]}"
refute cancel_lost_on_retry safety "${small[@]}"
refute cancel_of_the_ended safety "${small[@]}"
refute redrive_of_a_running_job safety "${small[@]}"
refute redrive_of_the_cancelled safety "${small[@]}"
refute enqueue_forgets_the_key safety "${small[@]}"
refute upkeep_takes_of_the_living safety "${small[@]}"
refute reap_without_recheck safety "${small[@]}"
refute expiry_counts_no_attempt safety -DWORKERS=2 -DJOBS=1 -DATTEMPTS=2 -DFAULTS=3
refute upkeep_leaves_a_worker_half_taken safety -DWORKERS=2 -DJOBS=2 -DATTEMPTS=2 -DFAULTS=1
refute heartbeat_revives_the_dead safety "${small[@]}"
refute worker_clock_decides leases_of_the_gone_end "${small[@]}"
refute no_upkeep leases_of_the_gone_end "${small[@]}"
