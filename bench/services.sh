# Methods of services beside what others use, each in the same run: `bin/bench services [WORDS]`, all without words.
#   pair     tasks and people beside OR-Tools, on invented towns with much room, with just enough, and with too little
#   directory  finding among many services on both engines: `directory [sqlite|postgres] [SERVICES]`, 100,000 of them when nothing
#            is said; a million take two hours to come in. One client asks one thing after the other, half of it naming an area
#   ledger   hours booked in the time bank, each durable before it is answered, on both engines; all of it must be zero after
# Writes bench/results/services.json, a key for each word.

# keep WORD: puts the figures on standard input under their word.
keep() {
  [ -s bench/results/services.json ] || echo '{}' >bench/results/services.json
  jq --arg word "$1" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
    --slurpfile all bench/results/services.json '$all[0] + { ($word): ({ machine: { $cpu, $cores }, $date } + .) }' >"$SCRATCH/services.json"
  mv "$SCRATCH/services.json" bench/results/services.json
}

# Only what solves is compared: files are read and the problem is laid out before, by both. Ratios are of processor time
# (one thread each), so that neighbours on the machine do not count; beside it stands the time by the clock.
pair() {
  local peers=$TARGET/services
  VENV=$peers/venv
  mkdir -p "$peers"
  need python3 "python3 python3-venv" || die "python3 runs the peers"
  [ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
  "$VENV/bin/pip" install -q ortools==9.15.6755 || die "OR-Tools does not install"
  local name tasks people capacity times wrong
  : >"$SCRATCH/runs.json"
  while read -r name tasks people capacity times; do
    say "pair: $name, $tasks tasks"
    "$BENCH" town --out "$SCRATCH/town" --tasks "$tasks" --people "$people" --capacity "$capacity" >"$SCRATCH/town.json"
    "$BENCH" pair --in "$SCRATCH/town" --times "$times" >"$SCRATCH/ours.json"
    "$VENV/bin/python" bench/services/ortools_run.py "$SCRATCH/town" "$times" >"$SCRATCH/theirs.json" || die "OR-Tools ends with an error"
    "$XIEZHI" calc pair --people "$SCRATCH/town/people.csv" --tasks "$SCRATCH/town/tasks.csv" --edges "$SCRATCH/town/edges.csv" \
      >"$SCRATCH/pairs.csv" 2>"$SCRATCH/cost"
    jq -nc --arg name "$name" --slurpfile town "$SCRATCH/town.json" --slurpfile we "$SCRATCH/ours.json" --slurpfile they "$SCRATCH/theirs.json" \
      --argjson said "$(cat "$SCRATCH/cost")" --argjson rows "$(($(wc -l <"$SCRATCH/pairs.csv") - 1))" '
      ($they[0] | map(select(.solve_ms)) | min_by(.solve_ms)) as $peer
      | { $name, capacity: $town[0].capacity, we: $we[0], they: $peer,
          same: ($peer.cost == $we[0].cost and $peer.filled == $we[0].filled and $said == $peer.cost and $rows == $peer.filled),
          ratio: ($peer.solve_ms / $we[0].solve_ms) }' | tee -a "$SCRATCH/runs.json" >&2
  done <<'TEXT'
community 500 200 4 21
room 2000 1500 3 5
room 20000 15000 3 5
tight 2000 1000 3 5
tight 20000 10000 3 3
short 20000 6000 3 3
room 100000 75000 3 1
TEXT
  jq -n --slurpfile runs "$SCRATCH/runs.json" '{ or_tools: "9.15.6755", $runs }' | keep pair
  jq -r '.pair.runs[] | "\(.name), \(.we.tasks) × \(.we.people), \(.we.edges) edges: \(.we.solve_ms) ms, OR-Tools \(.they.solve_ms) ms (\(.they.way)), same: \(.same)"' \
    bench/results/services.json
  wrong=$(jq '[.pair.runs[] | select(.same | not)] | length' bench/results/services.json)
  [ "$wrong" = 0 ] || die "$wrong towns are paired at another cost"
}

# A desk books minutes of the community to its volunteers: a transfer with two movements and two balances each. Then every
# balance is counted again from every movement.
ledger() {
  local engine database=() clerk paths
  : >"$SCRATCH/ledger.json"
  for engine in sqlite postgres; do
    say "ledger: $engine"
    if [ "$engine" = postgres ]; then
      pg_start durable || continue
      database=(--database-url "$(pg_database ledger)")
    fi
    mkdir -p "$SCRATCH/$engine"
    server_start "$XIEZHI" demo --data "$SCRATCH/$engine" --listen 127.0.0.1:0 "${database[@]}"
    clerk=$(curl -fsS -H 'Accept: application/json' -H 'Content-Type: application/json' "$SERVER_URL/sign-in" \
      -d "$(awk '$1 == "account" && $2 == "committee" { printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token)
    paths=$(curl -fsS -H 'Accept: application/json' -H "Authorization: Bearer $clerk" "$SERVER_URL/volunteers" |
      jq -r '[.items[] | "/volunteers/\(.person)/grant"] | join(",")')
    $BENCH send --url "$SERVER_URL" --token "$clerk" --paths "$paths" --body 'minutes=1&why=x' --clients 256 --seconds 10 >"$SCRATCH/sent.json"
    curl -fsS -H 'Accept: application/json' -H "Authorization: Bearer $clerk" "$SERVER_URL/hours/check?deep=1" |
      jq -c --arg engine "$engine" --slurpfile sent "$SCRATCH/sent.json" '$sent[0] + { $engine, holds, accounts: .minutes.accounts, sum: .minutes.sum, wrong: .minutes.wrong }' |
      tee -a "$SCRATCH/ledger.json" >&2
    server_stop
  done
  jq -n --slurpfile runs "$SCRATCH/ledger.json" '{ $runs }' | keep ledger
  jq -e 'all(.ledger.runs[]; .holds and .sum == 0 and .wrong == 0)' bench/results/services.json >/dev/null || die "the time bank does not add up"
}

# Names are made of few common words, so most pieces of a query are in very many services: the hard case.
directory() {
  local engine services=100000 engines=() each=50000 n=0 from began took database areas=(321002 321003 321012 3210 32)
  for word in "$@"; do
    case $word in
      sqlite | postgres) engines+=("$word") ;;
      *[!0-9]*) die "bin/bench services directory [sqlite|postgres] [SERVICES]" ;;
      *) services=$word ;;
    esac
  done
  [ ${#engines[@]} -gt 0 ] || engines=(sqlite postgres)
  queries >"$SCRATCH/queries"
  for engine in "${engines[@]}"; do
    database=() data=$SCRATCH/directory-$engine
    if [ "$engine" = postgres ]; then
      [ -n "${PG_DATA:-}" ] || pg_start durable || continue
      database=(--database-url "$(pg_database directory)")
    fi
    "$XIEZHI" area import --data "$data" "${database[@]}" "$ROOT/data/demo/areas.csv" 2>/dev/null >/dev/null
    began=$(date +%s)
    for ((from = 0; from < services; from += each)); do
      say "directory: $engine, $from of $services"
      "$BENCH" services --rows $((services - from < each ? services - from : each)) --from "$from" --seed "$((from + 1))" --out "$SCRATCH/services.ndjson" >/dev/null
      "$XIEZHI" service import --data "$data" "${database[@]}" --source bench --area "${areas[n++ % 5]}" "$SCRATCH/services.ndjson" >/dev/null
    done
    took=$(($(date +%s) - began))
    server_start "$XIEZHI" serve --data "$data" --listen 127.0.0.1:0 "${database[@]}"
    "$BENCH" search --url "$SERVER_URL" --in "$SCRATCH/queries" --rounds 10 >"$SCRATCH/search.json"
    server_stop
    # An engine and a size each keep their newest row.
    jq -n --arg engine "$engine" --argjson services "$services" --argjson seconds "$took" --arg date "$(date -u +%F)" \
      --slurpfile now "$SCRATCH/search.json" --slurpfile all bench/results/services.json '
      ($all[0].directory.runs // []) as $runs
      | { runs: ([$runs[] | select(.engine != $engine or .services != $services)]
          + [{ $engine, $services, $date, import_seconds: $seconds } + $now[0]] | sort_by(.services, .engine)) }' | keep directory
  done
  jq -r '.directory.runs[] | "\(.engine), \(.services): p50 \(.p50_ms) ms, p95 \(.p95_ms) ms, slowest \(.slowest)"' bench/results/services.json
}

# queries: what is asked, as it stands in an address.
queries() {
  local text
  for text in 看腰 食堂 骨科 法律援助 修水管 gk shitang 服务 便民 老人 门诊 社区卫生服务站 东门食堂 食糖 法律元助 没人带孩子 量血压 平安里12号 zyfw xyz; do
    jq -rn --arg t "$text" '$t | @uri | "q=\(.)", "q=\(.)&area=321002"'
  done
  printf '%s\n' "term=health" "lat=32.0&lon=120.0" "q=$(jq -rn '"食堂" | @uri')&lat=32.0&lon=120.0" "open=1&area=321002" ""
}

# The words after `directory` are its own.
WORDS=("$@")
[ ${#WORDS[@]} -gt 0 ] || WORDS=(pair ledger directory)
for ((i = 0; i < ${#WORDS[@]}; i++)); do
  case ${WORDS[i]} in
    pair | ledger) "${WORDS[i]}" ;;
    directory)
      directory "${WORDS[@]:i+1}"
      break
      ;;
    *) die "bin/bench services: no part ${WORDS[i]}" ;;
  esac
done
