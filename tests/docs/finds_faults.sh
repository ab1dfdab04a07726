#!/usr/bin/env bash
# finds_faults.sh SOURCE: a check that finds nothing anywhere would be green for ever, so here is a page full of faults.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/page.md" <<'PAGE'
`Settle.NeverWritten` holds this; see [there](nowhere.md) and run `./dev fly`.
PAGE
if "$1/scripts/check_docs.sh" "$folder" 2>"$folder/faults"; then
  echo "the check passes a page of faults"
  exit 1
fi
for fault in 'no test Settle.NeverWritten' 'nowhere.md leads nowhere' "no command 'fly'"; do
  grep -qF "$fault" "$folder/faults" || { cat "$folder/faults"; echo "not found: $fault"; exit 1; }
done
