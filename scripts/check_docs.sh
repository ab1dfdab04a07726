#!/usr/bin/env bash
# check_docs.sh [FOLDER]: what the pages below FOLDER (default: the repository) name exists: tests, files that they
# link to, and commands of ./dev. The README's C++ is that of examples/quickstart.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
folder="$(cd "${1:-$root}" && pwd)"
failed=0
fault() { printf 'docs: %s\n' "$*" >&2; failed=1; }

mapfile -d '' pages < <(find "$folder" -mindepth 1 \( -path "$folder/build" -o -path "$folder/.deps" -o -name '.?*' -o -name node_modules \) -prune \
  -o -name '*.md' -print0 | sort -z)
((${#pages[@]})) || { echo "docs: no page below $folder" >&2; exit 1; }

# Suite.Name of all tests in the sources.
tests() {
  find "$root/tests" -name '*.cpp' -exec sed -nE \
    's/^(TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\(([A-Za-z0-9]+), *([A-Za-z0-9]+).*/\2.\3/p' {} +
}
known_tests="$(tests | sort -u)"
known_commands="$("$root/dev" help | sed -n 's/^\.\/dev \([a-z]*\).*/\1/p')"
[[ -n "$known_tests" && -n "$known_commands" ]] || { echo "docs: found no tests or no commands to compare with" >&2; exit 1; }

without_code_blocks() { awk '/^ *```/ { inside = !inside; next } !inside' "$1"; }

for page in "${pages[@]}"; do
  name="${page#"$folder"/}"
  while read -r test; do
    grep -qxF "$test" <<<"$known_tests" || fault "$name: there is no test $test"
  done < <(grep -oE '`[A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]+`' "$page" | tr -d '`' | sort -u)

  while read -r command; do
    grep -qxF "$command" <<<"$known_commands" || fault "$name: ./dev has no command '$command'"
  done < <(grep -oE '\./dev [a-z]+' "$page" | cut -d ' ' -f 2 | sort -u)

  while read -r link; do
    [[ "$link" =~ ^([a-z]+:|#) ]] && continue
    [[ -e "$(dirname "$page")/${link%%#*}" ]] || fault "$name: the link $link leads nowhere"
  done < <(without_code_blocks "$page" | sed 's/`[^`]*`//g' | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | sort -u)
done

if [[ "$folder" == "$root" ]]; then
  shown="$(awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md")"
  [[ -n "$shown" && "$(<"$root/examples/quickstart/main.cpp")" == *"$shown"* ]] ||
    fault "README.md: its C++ is not that of examples/quickstart/main.cpp"
fi
exit "$failed"
