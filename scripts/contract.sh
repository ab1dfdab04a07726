#!/usr/bin/env bash
# contract.sh PROGRAM FOLDER [ARGS]: serves a database of its own and lets Schemathesis, installed into FOLDER from PyPI, make
# requests out of /openapi.json, good and bad ones. Ends with 0 when no answer is a server's error or other than the
# document says, and with 77 when Schemathesis cannot be had.
set -euo pipefail
program="$1"
venv="$2"
shift 2
if [[ ! -x "$venv/bin/schemathesis" ]]; then
  python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check schemathesis==4.32.5 ||
    { echo "contract: absent: Schemathesis cannot be installed from PyPI"; rm -rf "$venv"; exit 77; }
fi

folder="$(mktemp -d)"
chmod 755 "$folder" # so that the server, which does not run as root, may enter
"$program" dev --data "$folder/data" --http-port 0 >"$folder/log" 2>&1 &
server=$!
trap 'kill "$server" && wait "$server" || true; rm -rf "$folder"' EXIT
until grep -q 'equeue keys create' "$folder/log"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log"; exit 1; }
  sleep 0.1
done
EQUEUE_DATABASE_URL="$(grep -o "postgresql://[^']*" "$folder/log" | head -n 1)"
export EQUEUE_DATABASE_URL
base="$(grep -o 'http://127[^/]*' "$folder/log" | head -n 1)"
key="$("$program" keys create contract --scope admin 2>/dev/null)"

# It leaves a cache where it runs.
cd "$folder"
# Events never end, and the end of one's own key or session would end the run.
"$venv/bin/schemathesis" run "$base/openapi.json" -H "Authorization: Bearer $key" --workers 8 --request-timeout 90 --seed 1 --max-examples 30 \
  --phases examples,coverage,fuzzing --continue-on-failure --no-color --warnings off \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --exclude-path /v1/events "$@"
