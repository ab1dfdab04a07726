#!/usr/bin/env bash
# check_hardening_is_missed.sh: whether check_hardening.sh refuses a program that has nothing of it, and says each thing.
set -euo pipefail
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
echo 'int main(void) { return 0; }' >"$scratch/soft.c"
gcc -no-pie -fno-stack-protector -z norelro -z lazy -z execstack -Wl,-rpath,/nowhere "$scratch/soft.c" -o "$scratch/soft"
if said="$("$folder/check_hardening.sh" "$scratch/soft" 2>&1)"; then
  echo "nothing was missed" >&2
  exit 1
fi
for what in "no PIE" "no immediate binding" "no RELRO" "no stack without execution" "no stack protector" "no FORTIFY" \
  "folders of the build"; do
  grep -qF "$what" <<<"$said" || { echo "'$what' was not said, but: $said" >&2; exit 1; }
done
