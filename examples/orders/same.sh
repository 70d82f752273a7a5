#!/usr/bin/env bash
# Compares what Afresh prints for the order service in several languages: `same.sh python typescript java go`. Java and
# Go must be built. The variable AFRESH names the program, if not `afresh`.
set -euo pipefail
cd "$(dirname "$0")"

afresh=${AFRESH:-afresh}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a subcommand, and keeps its output and its exit code. All languages write to the same path, because reports name
# their files.
run() {
    local name=$1 code=0
    shift
    "$afresh" "$@" >"$work/run/$name.out" 2>"$work/run/$name.err" || code=$?
    echo "$code" >"$work/run/$name.code"
    # A code above 1 means that the subcommand did not run, so its output compares nothing.
    if [ "$code" -gt 1 ]; then
        echo "same.sh: \`afresh $*\` ended with exit code $code:" >&2
        cat "$work/run/$name.err" >&2
        exit 1
    fi
}

reports() {
    local night=../traces/night.jsonl late=../traces/late-line.jsonl bug=orders+late-line out=$work/run command
    command=$(sed -n 's/^command = "\(.*\)"$/\1/p' afresh.toml)
    run check-night check "$night" --jobs 1
    run check-late check "$late"
    run check-bug check "$late" --system "$bug"
    run check-json check "$late" --system "$bug" --format json
    run show show "$night" --views
    run show-bug show "$late" --views --differences --system "$bug"
    run replay replay "$night"
    run record replay "$late" --policy incremental --record "$out/recorded.jsonl"
    run migrate migrate "$late" --flow reminders --key o-411 --on --dry-run
    run import import ../traces/night.csv --profile night -o "$out/imported.jsonl"
    run imported check "$out/imported.jsonl"
    run shrink shrink "$late" --system "$bug" -o "$out/small.jsonl"
    run small check "$out/small.jsonl" --system "$bug"
    run laws check "$out/small.jsonl" --laws
    run laws-bug check "$out/small.jsonl" --laws --system "$bug"
    run property check "$work/credit.jsonl" --program "orders=$command --properties"
    run explore explore orders --seeds 0..20 -o "$out/explored"
    run explore-bug explore "$bug" --seeds 0..20 -o "$out/explored-bug"
}

# A credit of an order without a state, with which the property of `--properties` does not hold.
cat >"$work/credit.jsonl" <<'END'
{"afresh":{"format":1,"system":"orders","complete":true}}
{"n":1,"in":{"id":"o-9/credit","from":"orders","body":{"account":"c-1","order":"o-9","credit":450}}}
END

first=
for language in "$@"; do
    mkdir "$work/run"
    (cd "$language" && reports)
    # The record of a campaign names the build that ran it, of which the program is a part.
    find "$work/run" -name campaign.jsonl -exec sed -i 's/"build":"[0-9a-f]*",//' {} +
    # The commands that show a bug again name the configuration, which is in the folder of the language.
    find "$work/run" -name commands.txt -exec sed -i 's/ --config .*//' {} +
    mv "$work/run" "$work/$language"
    first=${first:-$language}
    diff -r "$work/$first" "$work/$language"
    echo "$language: the same reports as $first"
done
