#!/usr/bin/env bash
# Runs the tests of the store in Postgres, and of a service whose server restarts, on a server that this script starts in
# a temporary folder and stops again.
# Needs the programs of Postgres: install the package `postgresql`.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$(pg_config --bindir 2>/dev/null || true)
for folder in "$programs" /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
        programs=$folder
    fi
done
if [ ! -x "$programs/initdb" ]; then
    echo "tests/postgres.sh: there is no initdb: install the package postgresql" >&2
    exit 2
fi

folder=$(mktemp -d)
# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
# The server listens on a socket in the folder, and on no port.
run() { (cd "$folder" && "${as[@]}" "$programs/$1" "${@:2}"); }
stop() {
    run pg_ctl -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
run initdb -D "$folder/data" -U afresh -A trust --no-sync -E UTF8 --locale=C >/dev/null
run pg_ctl -D "$folder/data" -w -l "$folder/log" -o "-c listen_addresses='' -k $folder" start >/dev/null

export AFRESH_POSTGRES="postgres:///postgres?host=$folder&user=afresh"
cargo test --package afresh-host --features postgres --lib --locked store::suite::postgres "$@"

# The test of a restart calls this with the mode in which the server is stopped.
cat >"$folder/restart" <<END
#!/bin/sh
cd "$folder" && exec ${as[@]} "$programs/pg_ctl" -D "$folder/data" -m "\$1" -w -l "$folder/log" restart
END
chmod +x "$folder/restart"
AFRESH_POSTGRES_RESTART="$folder/restart" \
    cargo test --package afresh-host --features postgres --test service --locked postgres "$@"
