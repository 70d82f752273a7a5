#!/usr/bin/env bash
# Tests the order service in each language that is installed: its own tests, the conformance suite, and a comparison of
# everything that Afresh prints. Builds nothing in Rust: the variable AFRESH names the program, if not the debug build.
set -euo pipefail
cd "$(dirname "$0")/.."

AFRESH=$(realpath -m "${AFRESH:-target/debug/afresh}")
export AFRESH
if [ ! -x "$AFRESH" ]; then
    echo "tests/languages.sh: there is no $AFRESH: run \`cargo build\`, or name another with AFRESH" >&2
    exit 2
fi
if ! command -v python3 >/dev/null; then
    echo "tests/languages.sh: there is no python3, which runs the conformance suite: install it" >&2
    exit 2
fi
cd examples/orders

step() {
    printf -- '-- %s\n' "$*"
    "$@"
}
# Each builds and tests the service in one language, in its folder. Git ignores the folder `target`.
test_python() {
    step python3 -m unittest
    step python3 ../conformance/conformance.py python3 orders.py
}
test_node() {
    step node --test
    step python3 ../conformance/conformance.py node orders.mjs
}
test_java() {
    step javac -Xlint:all -Werror -d target ./*.java
    step java -cp target OrdersTest
    step python3 ../conformance/conformance.py java -cp target Orders
}
test_go() {
    step go build -o target/orders .
    step go vet .
    step go test -count=1 .
    step python3 ../conformance/conformance.py target/orders
}

tested=()
skipped=()
for language in python:python3 node:node java:javac go:go; do
    if command -v "${language#*:}" >/dev/null; then
        language=${language%:*}
        cd "$language"
        "test_$language"
        cd ..
        tested+=("$language")
    else
        skipped+=("${language%:*}, because ${language#*:} is not installed")
    fi
done
step ./same.sh "${tested[@]}"
echo "tested: ${tested[*]}"
for language in "${skipped[@]}"; do
    echo "skipped: $language"
done
