#!/usr/bin/env bash
# check_units.sh PROGRAM FOLDER: whether systemd accepts the units of FOLDER, with PROGRAM in the place of the installed
# one, and whether their sandbox leaves little open.
set -euo pipefail
program="$1" folder="$2"
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
