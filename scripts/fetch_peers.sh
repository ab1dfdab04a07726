#!/usr/bin/env bash
# fetch_peers.sh FOLDER: installs the queues that the bench compares with, each from its registry, into FOLDER.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
folder="$1"
command -v npm >/dev/null || { echo "fetch_peers: npm is not installed" >&2; exit 1; }
mkdir -p "$folder"
cp -r "$root/bench/peers/graphile" "$folder/"
cd "$folder/graphile"
npm install --silent --no-audit --no-fund >&2
