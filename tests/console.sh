#!/usr/bin/env bash
# Drives the console of a service in a real browser. Needs the programs `chromium`, `chromedriver` and `curl`: install
# the packages `chromium`, `chromium-driver` and `curl`. If AFRESH_SCREENSHOTS names a folder, the pages are drawn there.
# The variable AFRESH names the program, if not the debug build, which is built first.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in chromium chromedriver curl; do
    if ! command -v "$program" >/dev/null; then
        echo "tests/console.sh: there is no $program: install the packages chromium, chromium-driver and curl" >&2
        exit 2
    fi
done
if [ -z "${AFRESH:-}" ]; then
    cargo build --package afresh-bin --locked
    AFRESH=target/debug/afresh
fi
cargo build --manifest-path tests/console/Cargo.toml --target-dir target/apart --locked

folder=$(mktemp -d)
started=()
stop() {
    for process in "${started[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap stop EXIT

# Waits until a program that was started last has written a line, and prints what a pattern finds in it.
said() {
    for _ in $(seq 600); do
        found=$(sed -nE "s/$2/\1/p" "$1" | head -n 1)
        if [ -n "$found" ]; then
            echo "$found"
            return
        fi
        if ! kill -0 "${started[-1]}" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    cat "$1" >&2
    return 1
}

# Both programs take a free port, and say which.
"$AFRESH" serve ledger+late-capture --store "sqlite:$folder/ledger.db" --listen 127.0.0.1:0 --no-scrub \
    >"$folder/service" 2>"$folder/log" &
started+=($!)
service=$(said "$folder/service" '.*listening on (.*)')
chromedriver --port=0 >"$folder/driver" 2>&1 &
started+=($!)
driver=http://127.0.0.1:$(said "$folder/driver" '.*started successfully on port ([0-9]+).*')

curl --silent --fail --noproxy '*' --output /dev/null -H 'Content-Type: application/x-ndjson' \
    --data-binary @docs/data/messages.jsonl "$service/messages"
NO_PROXY='*' no_proxy='*' target/apart/debug/afresh-console "$driver" "$service"
