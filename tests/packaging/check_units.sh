#!/usr/bin/env bash
# check_units.sh PROGRAM FOLDER: whether systemd accepts the units of FOLDER, with PROGRAM in the place of the installed
# one, and whether their sandbox leaves little open. Ends with 77 where there is no systemd to ask.
set -euo pipefail
program="$1" folder="$2"
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is missing; Debian has it in the package systemd"; exit 77; }
# systemd's own measure of what a unit may still do, from 0 to 100 (its "exposure level" times ten).
exposure_max=20
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
sed "s|/usr/bin/equeue|$program|" "$folder/equeue-serve.service" >"$scratch/equeue-serve.service"
sed "s|/usr/bin/equeue|$program|" "$folder/equeue-work@.service" >"$scratch/equeue-work@default.service"
for unit in equeue-serve.service equeue-work@default.service; do
  systemd-analyze verify --man=no "$scratch/$unit"
  systemd-analyze security --offline=true --no-pager --threshold="$exposure_max" "$scratch/$unit"
done
