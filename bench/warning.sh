# Early warning beside what others use, each in the same run: `bin/bench warning [WORDS]`, all without words.
#   detect   Farrington's flexible method beside the package surveillance of R: every bound and alarm, and points a second; a night of
#            60,000 series
#   ingest   1,000 devices over MQTT, each message confirmed when it is on the disk, on both engines; 10,000 that are silent
#   night    3,000 communities with 20 syndromes and 6 years of days, 3 rules: the night run from the database and back, on both engines
#   timers   a million timers of rules: set, rung after an outage, rung in time (SQLite)
#   scan     space-time scan with 999 repetitions over invented towns
# Writes bench/results/warning.json, a key for each word.

# keep WORD: puts the figures on standard input under their word.
keep() {
  [ -s bench/results/warning.json ] || echo '{}' >bench/results/warning.json
  jq --arg word "$1" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
    --arg load "$(cut -d' ' -f1 /proc/loadavg)" --slurpfile all bench/results/warning.json \
    '$all[0] + { ($word): ({ machine: { $cpu, $cores, load: ($load | tonumber) }, $date } + .) }' >"$SCRATCH/warning.json"
  mv "$SCRATCH/warning.json" bench/results/warning.json
}

# Figures a second are of processor time of one thread, so that neighbours on the machine do not count. R is asked for all series in one
# call; the same series go through `xiezhi calc detect --compat r`, and the two are compared row by row.
detect() {
  say "detect: ours in memory"
  "$BENCH" detect >"$SCRATCH/ours.json"
  : >"$SCRATCH/runs.json"
  if need Rscript r-base-core r-cran-surveillance && Rscript -e 'library(surveillance)' >/dev/null 2>&1; then
    local name series last settings
    while read -r name series last settings; do
      say "detect: $name, $series series, $last weeks"
      "$BENCH" series --series "$series" --out "$SCRATCH/series.csv" >/dev/null
      [ "$name" = people ] || cut -d, -f1-3 "$SCRATCH/series.csv" >"$SCRATCH/counts.csv"
      [ "$name" != people ] || cp "$SCRATCH/series.csv" "$SCRATCH/counts.csv"
      # shellcheck disable=SC2086 # settings are words
      "$XIEZHI" calc detect --method farrington-flexible --compat r $settings "$SCRATCH/counts.csv" >"$SCRATCH/said.csv" 2>/dev/null
      Rscript bench/warning/detect.R "$SCRATCH/series.csv" "$name" "$last" "$SCRATCH/said.csv" | tee -a "$SCRATCH/runs.json" >&2
    done <<'TEXT'
default 60 45
noufaily 40 45 --param noPeriods=10 --param pastWeeksNotIncluded=26 --param alpha=0.005 --param pThresholdTrend=1 --param thresholdMethod=nbPlugin
muan 20 45 --param noPeriods=10 --param pastWeeksNotIncluded=26 --param alpha=0.005 --param pThresholdTrend=1 --param thresholdMethod=muan
people 40 45
TEXT
  else
    say "R with surveillance is not here, comparison SKIPPED"
  fi
  jq -n --slurpfile ours "$SCRATCH/ours.json" --slurpfile runs "$SCRATCH/runs.json" '{ ours: $ours[0], $runs }' | keep detect
  jq -r '.detect | "default \(.ours.default.per_second)/s, Noufaily \(.ours.noufaily.per_second)/s, \(.ours.nightly.series) series × 3: \(.ours.nightly.one_core_ms) ms",
    (.runs[] | "\(.settings): R \(.per_second)/s, bounds apart by \(.upper), \(.alarms_differ) alarms and \(.na_differ) gaps differ")' bench/results/warning.json
  jq -e 'all(.detect.runs[]; .upper <= 1e-9 and .alarms_differ == 0 and .na_differ == 0 and .missing == 0)' bench/results/warning.json >/dev/null ||
    die "the detectors differ from R's"
}

# asked PATH [DATA]: asks the server for data as the clerk, or sends some.
asked() {
  curl -fsS -H 'Accept: application/json' -H 'Content-Type: application/json' -H "Authorization: Bearer $CLERK" "$SERVER_URL$1" ${2:+-d "$2"}
}

# devices FROM TO: adds devices and prints `name password stream` for each.
devices() {
  local n
  for ((n = $1; n < $2; n++)); do
    asked /devices "{\"kind\":\"air\",\"title\":\"bench\",\"name\":\"bench-$n\"}" | jq -r '"\(.name) \(.password) pm25"'
  done
}

# Two rules besides the one that ships for each device (nothing is heard of it): too much for ten minutes, and a wrong zero.
ruled() {
  local area rule id
  area=$(asked /alarms | jq -r .area)
  for rule in '"test":"above","n":"900","minutes":10' '"test":"below","n":"-1"'; do
    id=$(asked /alarms/rules "{\"area\":\"$area\",\"kind\":\"air\",\"title\":\"bench\",\"class\":\"other\",\"of\":\"pm25\",$rule}" | jq -r .id)
    asked "/alarms/rules/$id/switch" "{\"area\":\"$area\",\"on\":true}" >/dev/null
  done
}

# Messages are the generator's and the program's on the same cores: trust the ratios. Afterwards as many readings stand there as were
# confirmed. The silent ones are let in and say nothing; what the program needs more then is theirs.
ingest() {
  local engine database mqtt before after idle n sql readings
  : >"$SCRATCH/ingest.json"
  ulimit -n 65536 2>/dev/null || true
  for engine in sqlite postgres; do
    database=()
    if [ "$engine" = postgres ]; then
      pg_start durable || continue
      database=(--database-url "$(pg_database ingest)")
    fi
    say "ingest: $engine"
    mkdir -p "$SCRATCH/ingest-$engine"
    server_start "$XIEZHI" demo --data "$SCRATCH/ingest-$engine" --listen 127.0.0.1:0 --mqtt 127.0.0.1:0 "${database[@]}"
    until mqtt=$(awk '$1 == "MQTT" { print $2 }' "$SCRATCH/server.out") && [ -n "$mqtt" ]; do sleep 0.1; done
    CLERK=$(curl -fsS -H 'Accept: application/json' -H 'Content-Type: application/json' "$SERVER_URL/sign-in" \
      -d "$(awk '$1 == "account" && $2 == "committee" { printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token)
    ruled
    devices 0 1000 >"$SCRATCH/devices"
    "$BENCH" mqtt --address "$mqtt" --in "$SCRATCH/devices" --seconds 10 --window 16 >"$SCRATCH/spoken.json"
    "$BENCH" mqtt --address "$mqtt" --in "$SCRATCH/devices" --seconds 8 --window 1 --every 100 >"$SCRATCH/paced.json"
    before=$(awk '/VmRSS/ { print $2 }' "/proc/$SERVER_PID/status")
    # One device may have many connections: what is measured is what a connection needs.
    for ((n = 0; n < 10; n++)); do cat "$SCRATCH/devices"; done >"$SCRATCH/many"
    "$BENCH" mqtt --address "$mqtt" --in "$SCRATCH/many" --idle 20 >"$SCRATCH/idle.json" &
    idle=$!
    sleep 15
    after=$(awk '/VmRSS/ { print $2 }' "/proc/$SERVER_PID/status")
    wait "$idle"
    sql="select cast(sum(s.told) as bigint) from stream s join device d on d.id = s.device where d.name like 'bench-%'"
    if [ "$engine" = postgres ]; then
      readings=$(pg_as "$PG_BIN/psql" -q -X -t -A "${database[1]}" -c "$sql")
    else
      readings=$(python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' "$SCRATCH/ingest-$engine/xiezhi.db" "$sql")
    fi
    jq -nc --arg engine "$engine" --argjson readings "$readings" --argjson before "$before" --argjson after "$after" --slurpfile spoken "$SCRATCH/spoken.json" \
      --slurpfile paced "$SCRATCH/paced.json" --slurpfile idle "$SCRATCH/idle.json" \
      '{ $engine, spoken: $spoken[0], paced: $paced[0], readings: $readings, idle: ($idle[0] + { before_kb: $before, after_kb: $after }) }' | tee -a "$SCRATCH/ingest.json" >&2
    server_stop
  done
  jq -n --slurpfile runs "$SCRATCH/ingest.json" '{ $runs }' | keep ingest
  jq -e 'all(.ingest.runs[]; .readings == .spoken.confirmed + .paced.confirmed)' bench/results/warning.json >/dev/null || die "other readings stand there than were confirmed"
}

# The first night finds what there is; the second, on the same day, finds the same and writes nothing.
night() {
  local engine database n
  : >"$SCRATCH/night.json"
  for engine in sqlite postgres; do
    database=()
    if [ "$engine" = postgres ]; then
      pg_start durable || continue
      database=(--database-url "$(pg_database night)")
    fi
    say "night: $engine"
    mkdir -p "$SCRATCH/night-$engine"
    "$XIEZHI" health invent --data "$SCRATCH/night-$engine" "${database[@]}" --communities "${COMMUNITIES:-3000}" --syndromes 20 --years 6
    for n in 1 2; do
      "$XIEZHI" health night --data "$SCRATCH/night-$engine" "${database[@]}" |
        jq -c --arg engine "$engine" --argjson n "$n" '{ $engine, night: $n } + .' | tee -a "$SCRATCH/night.json" >&2
    done
  done
  jq -n --slurpfile runs "$SCRATCH/night.json" '{ $runs }' | keep night
  jq -e 'all(.night.runs[]; .judged == 3 * .series and (.night == 1 or .new == 0))' bench/results/warning.json >/dev/null ||
    die "the second night found something else"
}

timers() {
  say "timers"
  mkdir -p "$SCRATCH/timers"
  python3 bench/warning/timers.py "$XIEZHI" "$SCRATCH/timers" "${TIMERS:-1000000}" >"$SCRATCH/timers.json"
  cat "$SCRATCH/timers.json" >&2
  keep timers <"$SCRATCH/timers.json"
}

# Towns of two sizes, nothing stopped early: every repetition is looked through.
scan() {
  local cells
  : >"$SCRATCH/scan.json"
  for cells in 300 1000; do
    "$BENCH" scan --cells "$cells" --cases 1000 | jq -c '.' | tee -a "$SCRATCH/scan.json" >&2
  done
  jq -n --slurpfile runs "$SCRATCH/scan.json" '{ $runs }' | keep scan
}

WORDS=("$@")
[ ${#WORDS[@]} -gt 0 ] || WORDS=(detect ingest night timers scan)
for word in "${WORDS[@]}"; do
  case $word in
    detect | ingest | night | timers | scan) "$word" ;;
    *) die "bin/bench warning: no part $word" ;;
  esac
done
