#!/usr/bin/env bash
# clean_clone.sh SOURCE: clones the repository and does there what the README tells a newcomer to do.
set -euo pipefail
source="$1"
# A checkout of another user's is one all the same: git refuses it, and so must this.
if ! said="$(git -C "$source" rev-parse --verify -q HEAD 2>&1)"; then
  [[ "$said" != *"dubious ownership"* ]] || { echo "$said"; exit 1; }
  echo "skipped: $source is no git checkout"
  exit 77
fi

folder="$(mktemp -d)"
chmod 755 "$folder" # so that the server, which does not run as root, may enter
trap 'rm -rf "$folder"' EXIT
clone="$folder/a clone"
git clone -q "$source" "$clone"
cd "$clone"

# Twice: the second time everything is there already, the data of the first included.
for round in first second; do
  SECONDS=0
  ./dev run --once --jobs 300 >"$folder/output" 2>&1 || { cat "$folder/output"; echo "the $round ./dev run --once failed"; exit 1; }
  grep -q 'The demo ended as it should' "$folder/output" || { cat "$folder/output"; echo "no word of success"; exit 1; }
  echo "the $round ./dev run --once took $SECONDS s"
done

[[ -z "$(git status --porcelain)" ]] || { git status; echo "running leaves files that git does not ignore"; exit 1; }
./dev | grep -q '^./dev test' || { echo "./dev does not print its commands"; exit 1; }
