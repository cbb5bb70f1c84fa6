# Between nodes: `bin/bench exchange [WORDS]`, all without words.
#   board [sqlite|postgres]   a nation's board: 620,573 communities for 7 days, all areas above them for 90, 30 measures: size on disk,
#            how long each level takes to read, and how fast batches of nodes beneath are folded, to 30 million events a day.
#            The divisions come from DIVISIONS (a folder; CSV files with `code` and `name`, also gzipped). EVENTS are folded: 6 million
#   chain [sqlite|postgres]   three nodes above one another, each a process: what the one above takes in of all that waited while it was
#            away (signed batches over HTTP, each checked against the tree), then reports at the lowest while all three run: how many a
#            second reach the top, and how long after the commit
# Writes bench/results/exchange.json, a key for each word.

# keep WORD: puts the figures on standard input under their word.
keep() {
  [ -s bench/results/exchange.json ] || echo '{}' >bench/results/exchange.json
  jq --arg word "$1" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
    --arg load "$(cut -d' ' -f1 /proc/loadavg)" --slurpfile all bench/results/exchange.json \
    '$all[0] + { ($word): ({ machine: { $cpu, $cores, $load }, $date } + .) }' >"$SCRATCH/exchange.json"
  mv "$SCRATCH/exchange.json" bench/results/exchange.json
}

# Bytes that the days of the boards take with their index.
board_bytes() { # board_bytes ENGINE FOLDER
  if [ "$1" = sqlite ]; then
    stat -c %s "$2/xiezhi.db"
  else
    pg_as "$PG_BIN/psql" -q -X -A -t "$DATABASE_URL" -c "select pg_total_relation_size('board_day')"
  fi
}

board() {
  local engine data before folder=${DIVISIONS:-data/admin-divisions} file
  local -a files=() database=()
  for file in "$folder"/{provinces,cities,areas}.csv "$folder"/{streets,villages}.csv.gz; do
    [ -s "$file" ] && files+=("$file")
  done
  if [ ${#files[@]} -lt 5 ]; then
    say "board: SKIPPED, there are no divisions in $folder: set DIVISIONS to a folder with provinces.csv, cities.csv, areas.csv, streets.csv.gz, villages.csv.gz"
    return 0
  fi
  printf '[store]\ncache_mb = 1024\n[board]\nnear_days = 7\n' >"$SCRATCH/config.toml"
  : >"$SCRATCH/board.json"
  for engine in ${ENGINES[*]:-sqlite postgres}; do
    database=() DATABASE_URL='' data="$SCRATCH/board-$engine"
    mkdir -p "$data"
    if [ "$engine" = postgres ]; then
      pg_start durable '-c shared_buffers=2GB -c max_wal_size=8GB -c maintenance_work_mem=1GB' || continue
      DATABASE_URL=$(pg_database board)
      database=(--database-url "$DATABASE_URL")
    fi
    say "board: $engine"
    "$XIEZHI" area import --data "$data" "${database[@]}" "${files[@]}" >"$SCRATCH/rejected" || die "the divisions were not imported"
    before=$(board_bytes "$engine" "$data")
    "$XIEZHI" board invent --data "$data" "${database[@]}" --config "$SCRATCH/config.toml" >"$SCRATCH/invented.json"
    [ "$engine" = sqlite ] || pg_as "$PG_BIN/psql" -q -X "$DATABASE_URL" -c 'vacuum analyze' >/dev/null
    jq -c --argjson bytes $(($(board_bytes "$engine" "$data") - before)) '{ rows, ms, bytes: $bytes }' "$SCRATCH/invented.json" | tee "$SCRATCH/filled.json" >&2
    SERVER_PATIENCE=6000 server_start "$XIEZHI" serve --data "$data" --config "$SCRATCH/config.toml" --listen 127.0.0.1:0 "${database[@]}"
    "$BENCH" board --url "$SERVER_URL" --in "$SCRATCH/invented.json" >"$SCRATCH/read.json"
    server_stop
    jq -r '.kinds[] | select(.as == "page") | "\(.level) \(.span): p50 \(.p50_ms), p99 \(.p99_ms) ms"' "$SCRATCH/read.json" >&2
    "$XIEZHI" board fold --data "$data" "${database[@]}" --config "$SCRATCH/config.toml" --events "${EVENTS:-6000000}" | tee "$SCRATCH/fold.json" >&2
    jq -n -c --arg engine "$engine" --slurpfile filled "$SCRATCH/filled.json" --slurpfile read "$SCRATCH/read.json" --slurpfile fold "$SCRATCH/fold.json" \
      '{ $engine, filled: $filled[0], kinds: $read[0].kinds, fold: $fold[0] }' >>"$SCRATCH/board.json"
    rm -rf "$data"
    [ "$engine" = sqlite ] || pg_stop
  done
  [ -s "$SCRATCH/board.json" ] || return 0
  # An engine that was not asked for keeps what was measured of it.
  [ -s bench/results/exchange.json ] || echo '{}' >bench/results/exchange.json
  jq --slurpfile new "$SCRATCH/board.json" '{ runs: ($new + [.board.runs[]? | select(.engine as $e | all($new[]; .engine != $e))] | sort_by(.engine != "sqlite")) }' \
    bench/results/exchange.json >"$SCRATCH/runs.json"
  keep board <"$SCRATCH/runs.json"
  jq -r '.board.runs[] | "\(.engine): \(.filled.rows) rows, \(.filled.bytes / 1048576 | round) MB; slowest board p99 \([.kinds[].p99_ms] | max) ms; \(.fold.per_second) events/s folded, 30 million in \(.fold.minutes_of_30_million * 10 | round / 10) min"' bench/results/exchange.json
}

# The generator and the three nodes share the cores.
chain() {
  local engine urls
  : >"$SCRATCH/chain.json"
  for engine in ${ENGINES[*]:-sqlite postgres}; do
    urls=()
    if [ "$engine" = postgres ]; then
      pg_start durable || continue
      urls=("$(pg_database leaf)" "$(pg_database middle)" "$(pg_database top)")
    fi
    say "chain: $engine"
    mkdir -p "$SCRATCH/chain-$engine"/{leaf,middle,top}
    python3 bench/exchange/chain.py "$XIEZHI" "$BENCH" "$SCRATCH/chain-$engine" "${urls[@]}" | tee -a "$SCRATCH/chain.json" >&2
    [ "$engine" = sqlite ] || pg_stop
  done
  jq -n --slurpfile runs "$SCRATCH/chain.json" '{ $runs }' | keep chain
  jq -e 'all(.chain.runs[]; .missing == 0)' bench/results/exchange.json >/dev/null || die "the top did not count every report"
}

WORDS=() ENGINES=()
for word in "$@"; do
  case $word in
    board | chain) WORDS+=("$word") ;;
    sqlite | postgres) ENGINES+=("$word") ;;
    *) die "usage: bin/bench exchange [board] [chain] [sqlite|postgres]" ;;
  esac
done
[ ${#WORDS[@]} -gt 0 ] || WORDS=(board chain)
for word in "${WORDS[@]}"; do "$word"; done
