#!/usr/bin/env bash
# fetch_peers.sh FOLDER: installs the queues that the bench compares with, each from its registry, into FOLDER. One that
# cannot be installed leaves its reason in FOLDER/NAME.absent, which the bench prints; the others go on.
set -euo pipefail
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
mkdir -p "$1"
folder="$(cd "$1" && pwd)"

with_npm() {
  command -v npm >/dev/null || { echo "npm is not installed"; return 1; }
  npm install --silent --no-audit --no-fund
}

with_go() {
  command -v go >/dev/null || { echo "go is not installed"; return 1; }
  go build -o peer .
}

with_pip() {
  command -v python3 >/dev/null || { echo "python3 is not installed"; return 1; }
  [[ -x venv/bin/python ]] || python3 -m venv venv
  venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
}

# Unpacked, not installed: the package would start a server for all.
with_pip_and_redis() {
  with_pip
  local packages=(redis-server redis-tools libjemalloc2 liblzf1 liblua5.1-0 lua-bitop lua-cjson libhiredis0.14)
  [[ -x redis/usr/bin/redis-server ]] && return
  apt-get download -qq "${packages[@]}" || { echo "apt-get does not have Redis"; return 1; }
  for package in ./*.deb; do dpkg -x "$package" redis; done
  rm -f ./*.deb
}

fetch() { # NAME HOW
  cp -r "$root/bench/peers/$1" "$folder/"
  if (cd "$folder/$1" && "$2") >"$folder/$1.log" 2>&1; then
    rm -f "$folder/$1.absent"
  else
    tail -n 1 "$folder/$1.log" >"$folder/$1.absent"
    printf 'fetch_peers: %s: %s\n' "$1" "$(cat "$folder/$1.absent")" >&2
  fi
}

fetch graphile with_npm
fetch pgboss with_npm
fetch river with_go
fetch pgqueuer with_pip
fetch celery with_pip_and_redis
