# Cases in great number: `bin/bench cases [steps|deadlines|reads] [sqlite|postgres] [N…]`; without words all of it. One
# engine after the other, each size in a fresh database that is deleted again. Ten million cases need about 40 GB of disk
# and an hour; without numbers it is a million and ten million.
#   a  p50 and p95 of what people read all day, and how it grows with the number of cases
#   b  steps of whole lives of cases a second, each durable before it is answered
#   c  a million deadlines: killed, and a tenth of them falls due in an outage of a day
# Prints tables and writes bench/results/cases.json, where what was measured takes the place of what stood there of the
# same engine and size.

SIZES=() PARTS=() ENGINES=()
for word in "$@"; do
  case $word in
    steps | deadlines | reads) PARTS+=("$word") ;;
    sqlite | postgres) ENGINES+=("$word") ;;
    *[!0-9]*) die "usage: bin/bench cases [steps|deadlines|reads] [sqlite|postgres] [N…]" ;;
    *) SIZES+=("$word") ;;
  esac
done
[ ${#SIZES[@]} -gt 0 ] || SIZES=(1000000 10000000)
[ ${#PARTS[@]} -gt 0 ] || PARTS=(steps deadlines reads)
[ ${#ENGINES[@]} -gt 0 ] || ENGINES=(sqlite postgres)
# A node that has just been filled is not what people read all day: a while of reading goes before.
WARM_SECONDS=30
READ_SECONDS=30
touch "$SCRATCH/reads.json" "$SCRATCH/steps.json" "$SCRATCH/deadlines.json"
printf '[store]\ncache_mb = 1024\n' >"$SCRATCH/config.toml"

# demo FOLDER [OPTION…]: serves a demo and waits for it; the accounts are in its first lines.
demo() {
  mkdir -p "$SCRATCH/$1"
  SERVER_PATIENCE=36000 server_start "$XIEZHI" demo --data "$SCRATCH/$1" --config "$SCRATCH/config.toml" --listen 127.0.0.1:0 "${@:2}"
}

ask() { # ask PATH [CURL OPTION…]
  curl -fsS -H 'Accept: application/json' "$SERVER_URL$1" "${@:2}"
}

token() { # token ROLE
  ask /sign-in -H 'Content-Type: application/json' -d "$(awk -v role="$1" \
    '$1 == "account" && $2 == role { printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token
}

entries() { # size of the log
  curl -fsS "$SERVER_URL/log/checkpoint" | sed -n 2p
}

read_for() { # read_for SECONDS
  $BENCH reads --url "$SERVER_URL" --clerk "$(token committee)" --above "$(token city)" --seconds "$1"
}

# reads ENGINE: seeds each size and reads it.
reads() {
  local engine=$1 size began seeded
  for size in "${SIZES[@]}"; do
    say "a  $engine, $size cases"
    began=$SECONDS
    new_database "$engine" "reads$size"
    demo "$engine$size" --cases "$size" "${DATABASE[@]}"
    seeded=$((SECONDS - began))
    [ "$engine" = sqlite ] || pg_as "$PG_BIN/psql" -q -X "$DATABASE_URL" -c 'vacuum analyze' >/dev/null
    read_for $WARM_SECONDS >/dev/null
    read_for $READ_SECONDS |
      jq -c --arg engine "$engine" --argjson size "$size" --argjson seeded "$seeded" '. + {$engine, $size, $seeded}' | tee -a "$SCRATCH/reads.json" >&2
    server_stop
    drop_database "$engine$size"
  done
}

# steps ENGINE: whole lives of cases.
steps() {
  say "b  $1, steps"
  new_database "$1" steps
  demo "steps$1" "${DATABASE[@]}"
  local clerk handler area number to
  clerk=$(token committee) handler=$(token property)
  area=$(ask / | jq -r '.communities[0].code')
  number=$(ask /reports -H 'Content-Type: application/json' -d "{\"text\":\"灯坏了\",\"place\":{\"area\":\"$area\"}}" | jq -r .number)
  ask "/cases/$number/accept" -H "Authorization: Bearer $clerk" -H 'Content-Type: application/json' -d '{"class":"lighting"}' >/dev/null
  to=$(ask "/cases/$number" -H "Authorization: Bearer $clerk" | jq -r '[.parties[] | select(.kind == "property")][0].id')
  $BENCH steps --url "$SERVER_URL" --area "$area" --clerk "$clerk" --handler "$handler" --to "$to" --seconds 10 |
    jq -c --arg engine "$1" '. + {$engine}' | tee -a "$SCRATCH/steps.json" >&2
  server_stop
  drop_database "steps$1"
}

# deadlines ENGINE: armed, killed, and a day later.
deadlines() {
  local many=1000000 before after open began
  say "c  $1, $many deadlines"
  new_database "$1" deadlines
  demo "deadlines$1" --cases $many --open 100 "${DATABASE[@]}"
  open=$(ask /equation | jq .open)
  kill -9 "$SERVER_PID" && wait "$SERVER_PID" 2>/dev/null || true
  demo "deadlines$1" --clock manual "${DATABASE[@]}"
  before=$(entries)
  began=$(date +%s.%N)
  ask /demo/clock -H 'Content-Type: application/json' -d '{"advance":"P1D"}' >/dev/null
  after=$(entries)
  ask /equation | jq -c --arg engine "$1" --argjson armed "$open" --argjson rang $((after - before)) \
    --arg took "$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')" \
    '{$engine, $armed, open, holds, $rang, seconds: ($took | tonumber)}' | tee -a "$SCRATCH/deadlines.json" >&2
  server_stop
  drop_database "deadlines$1"
}

new_database() { # new_database ENGINE NAME: sets DATABASE and DATABASE_URL
  DATABASE=() DATABASE_URL=''
  [ "$1" = sqlite ] && return
  DATABASE_URL=$(pg_database "$2")
  DATABASE=(--database-url "$DATABASE_URL")
}

drop_database() { # drop_database FOLDER
  rm -rf "${SCRATCH:?}/$1"
  [ -z "$DATABASE_URL" ] || pg_as "$PG_BIN/psql" -q -X "$XIEZHI_TEST_PG" -c "drop database ${DATABASE_URL##*/}" >/dev/null
}

for engine in "${ENGINES[@]}"; do
  [ "$engine" = sqlite ] || pg_start durable '-c shared_buffers=2GB -c max_wal_size=8GB -c maintenance_work_mem=1GB' || continue
  for part in "${PARTS[@]}"; do "$part" "$engine"; done
done

[ -s bench/results/cases.json ] || echo '{}' >bench/results/cases.json
jq --slurpfile reads "$SCRATCH/reads.json" --slurpfile steps "$SCRATCH/steps.json" --slurpfile deadlines "$SCRATCH/deadlines.json" \
  --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
  'def anew($news): [(. // [])[] | select([.engine, .size] as $k | any($news[]; [.engine, .size] == $k) | not)] + ($news | map(. + {$date}))
     | sort_by(.engine != "sqlite", .size);
   { machine: { $cpu, $cores }, reads: .reads | anew($reads), steps: .steps | anew($steps), deadlines: .deadlines | anew($deadlines) }' \
  bench/results/cases.json >"$SCRATCH/cases.json"
cp "$SCRATCH/cases.json" bench/results/cases.json

{
  printf 'what\tengine\tcases\tp50 ms\tp95 ms\tmax ms\tp95 to the smaller\n'
  jq -r '.reads as $all | $all[] | . as $r | .kinds | to_entries[] | .key as $k
    | ([$all[] | select(.engine == $r.engine and .size < $r.size)] | last) as $less
    | [$k, $r.engine, $r.size, .value.p50_ms, .value.p95_ms, .value.max_ms,
       (if $less then (.value.p95_ms / $less.kinds[$k].p95_ms * 10 | round / 10) else "-" end)] | @tsv' bench/results/cases.json | sort
} | column -t -s "$(printf '\t')"
jq -r '.steps[] | "b  \(.engine): \(.per_second) steps/s, p50 \(.p50_ms) ms, p99 \(.p99_ms) ms, \(.errors) errors"' bench/results/cases.json
jq -r '.deadlines[] | "c  \(.engine): \(.armed) open with a deadline; after kill -9 and a day \(.rang) rang in \(.seconds) s, \(.open) open, the equation \(if .holds then "holds" else "DOES NOT HOLD" end)"' bench/results/cases.json
jq -r '.reads[] | select(.errors != {}) | "errors: \(.engine) \(.size) \(.errors | tojson)"' bench/results/cases.json
