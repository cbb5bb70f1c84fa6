# Functions that the scripts in bin/ share: tools that must be there, servers for a while, figures at the end.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
TARGET=${CARGO_TARGET_DIR:-target}
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/xiezhi.XXXXXX")
chmod 711 "$SCRATCH"
PG_BIN='' PG_DATA='' SERVER_PID='' SERVER_URL=''

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Whatever was started is stopped, and only that.
clean_up() {
  local code=$?
  trap - EXIT
  server_stop
  pg_stop
  rm -rf "$SCRATCH"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# need COMMAND PACKAGE…: installs Debian packages when root and the command is missing; else says what to install.
need() {
  local command=$1; shift
  command -v "$command" >/dev/null && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$SCRATCH/apt.log" 2>&1 ||
      { tail -5 "$SCRATCH/apt.log" >&2; return 1; }
  else
    say "$command is missing: install $* (Debian: sudo apt-get install $*)"
    return 1
  fi
}

need_rust() {
  command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
  command -v cargo >/dev/null || die "Rust is missing: install it from https://rustup.rs"
  need cc build-essential || die "no C compiler (SQLite is built from source)"
  need make build-essential || die "make is missing (the allocator is built from source)"
}

# Map, charts and htmx for the browser; optional, islands fall back to lists and tables without them.
vendor_browser_files() {
  [ -d web/vendor ] && [ ! web/package-lock.json -nt web/vendor ] && return 0
  command -v npm >/dev/null || { say "npm is not here: maps and charts will be lists and tables"; return 0; }
  (cd web && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent vendor) >&2 ||
    say "npm ci failed: maps and charts will be lists and tables"
}

# --- PostgreSQL for a while -------------------------------------------------------------------------------------------

pg_as() { # its own user when we are root, for it refuses to run as root
  (cd / && if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi)
}

# pg_start [durable [SETTINGS]]: a throw-away server; exports XIEZHI_TEST_PG. Without `durable` it does not wait for the disk.
pg_start() {
  local settings='-c fsync=off -c synchronous_commit=off -c full_page_writes=off'
  [ "${1:-}" = durable ] && settings=${2:-}
  PG_BIN=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
  if [ ! -x "$PG_BIN/initdb" ]; then
    [ "${XIEZHI_REQUIRE_PG:-}" = 1 ] && die "PostgreSQL not found, and XIEZHI_REQUIRE_PG=1"
    say "PostgreSQL not found, suite SKIPPED"
    return 1
  fi
  local dir="$SCRATCH/pg" port try
  mkdir "$dir"
  [ "$(id -u)" = 0 ] && chown postgres "$dir"
  pg_as "$PG_BIN/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$SCRATCH/initdb.log" 2>&1 ||
    die "initdb: $(tail -3 "$SCRATCH/initdb.log")"
  for try in 1 2 3 4 5; do
    port=$((20000 + (RANDOM + $$ * try) % 20000))
    pg_as "$PG_BIN/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-c listen_addresses=127.0.0.1 -p $port -c unix_socket_directories=$dir \
      -c max_connections=600 $settings" start >/dev/null 2>&1 && break
    [ "$try" = 5 ] && die "PostgreSQL does not start: $(tail -3 "$dir/log")"
  done
  PG_DATA="$dir/data"
  export XIEZHI_TEST_PG="postgres://postgres@127.0.0.1:$port/postgres"
}

pg_stop() {
  [ -n "$PG_DATA" ] || return 0
  pg_as "$PG_BIN/pg_ctl" -D "$PG_DATA" -m immediate stop >/dev/null 2>&1 || true
  PG_DATA=''
}

# pg_database NAME: makes an empty database and prints its URL.
pg_database() {
  pg_as "$PG_BIN/psql" -q -X "$XIEZHI_TEST_PG" -c "create database $1" >/dev/null
  printf '%s\n' "${XIEZHI_TEST_PG%/*}/$1"
}

# --- A browser --------------------------------------------------------------------------------------------------------

# browser_ready: browser, packages and files that stories need. Without them stories are skipped at home and fail in CI.
browser_ready() {
  local lacks=''
  if ! need "${CHROMIUM:-chromium}" chromium fonts-noto-cjk; then
    lacks="no Chromium"
  elif ! need npm nodejs npm; then
    lacks="no Node.js (20 or newer)"
  elif ! step "npm ci" npm --prefix e2e ci --ignore-scripts --no-audit --no-fund --silent; then
    lacks="stories need their packages"
  else
    vendor_browser_files
    return
  fi
  [ "${XIEZHI_REQUIRE_PG:-}" = 1 ] && die "$lacks"
  say "$lacks: suite SKIPPED"
  return 1
}

# --- Xiezhi for a while -----------------------------------------------------------------------------------------------

# server_start BINARY ARGUMENT…: waits for its first line (SERVER_PATIENCE tenths of a second) and sets SERVER_URL and SERVER_PID.
server_start() {
  local out="$SCRATCH/server.out"
  : >"$out"
  "$@" >"$out" 2>"$SCRATCH/server.err" &
  SERVER_PID=$!
  for _ in $(seq "${SERVER_PATIENCE:-600}"); do
    SERVER_URL=$(sed -n 's/^listening \(http:[^ ]*\).*/\1/p' "$out" | head -1)
    [ -n "$SERVER_URL" ] && return 0
    kill -0 "$SERVER_PID" 2>/dev/null || die "the server stopped: $(tail -5 "$SCRATCH/server.err")"
    sleep 0.1
  done
  die "the server says nothing: $(tail -5 "$SCRATCH/server.err")"
}

server_stop() {
  [ -n "$SERVER_PID" ] || return 0
  kill "$SERVER_PID" 2>/dev/null || true
  wait "$SERVER_PID" 2>/dev/null || true
  SERVER_PID=''
}

# --- Steps and their sum ----------------------------------------------------------------------------------------------

PASSED=0 FAILED=0

# step NAME COMMAND…: runs, shows, and counts what cargo and node say about their tests; any other failure counts as one.
step() {
  local name=$1 log="$SCRATCH/step.log" ok=1 passed failed
  shift
  say "== $name"
  "$@" 2>&1 | tee "$log" >&2 || ok=0
  passed=$(awk '/^test result:/ {n += $4} /^(ℹ|#) pass [0-9]/ {n += $3} END {print n + 0}' "$log")
  failed=$(awk '/^test result:/ {n += $6} /^(ℹ|#) (fail|cancelled) [0-9]/ {n += $3} END {print n + 0}' "$log")
  [ "$ok" = 0 ] && [ "$failed" = 0 ] && failed=1
  [ "$ok" = 1 ] && [ "$passed" = 0 ] && passed=1
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  [ "$ok" = 1 ]
}

finish() {
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
  [ "$FAILED" = 0 ]
}
