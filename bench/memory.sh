# What stays in memory when the work goes on: `bin/bench memory [ROUNDS]`, ten rounds of about a hundred thousand mixed requests:
# reports, steps of cases, lists and maps and indicators, public pages. After each round the server rests for two seconds and its
# memory is read. A leak would grow from round to round; what is kept on purpose (prepared statements, page caches) is full early.
# Writes bench/results/memory.json.

ROUNDS=${1:-10}
SERVER_PATIENCE=600 server_start "$XIEZHI" demo --data "$SCRATCH/memory" --listen 127.0.0.1:0 --cases 10000
server_stop
server_start "$XIEZHI" demo --data "$SCRATCH/memory" --listen 127.0.0.1:0

ask() { # ask PATH [CURL OPTION…]
  curl -fsS -H 'Accept: application/json' "$SERVER_URL$1" "${@:2}"
}
token() { # token ROLE
  ask /sign-in -H 'Content-Type: application/json' -d "$(awk -v role="$1" \
    '$1 == "account" && $2 == role { printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token
}
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$SERVER_PID/status"; }

CLERK=$(token committee) HANDLER=$(token property) ABOVE=$(token city)
AREA=$(ask / | jq -r '.communities[0].code')
NUMBER=$(ask /reports -H 'Content-Type: application/json' -d "{\"text\":\"灯坏了\",\"place\":{\"area\":\"$AREA\"}}" | jq -r .number)
ask "/cases/$NUMBER/accept" -H "Authorization: Bearer $CLERK" -H 'Content-Type: application/json' -d '{"class":"lighting"}' >/dev/null
TO=$(ask "/cases/$NUMBER" -H "Authorization: Bearer $CLERK" | jq -r '[.parties[] | select(.kind == "property")][0].id')
sleep 2
jq -nc --argjson kb "$(memory)" '{ round: 0, requests: 0, $kb }' >"$SCRATCH/rounds.json"
for round in $(seq "$ROUNDS"); do
  {
    "$BENCH" intake --url "$SERVER_URL" --seconds 3 --warm-up 0 --area "$AREA"
    "$BENCH" steps --url "$SERVER_URL" --area "$AREA" --clerk "$CLERK" --handler "$HANDLER" --to "$TO" --seconds 3 --warm-up 0
    "$BENCH" reads --url "$SERVER_URL" --clerk "$CLERK" --above "$ABOVE" --seconds 3
    for path in / /equation "/cases?area=$AREA"; do
      "$BENCH" pages --url "$SERVER_URL" --path "$path" --seconds 1 --warm-up 0
    done
  } >"$SCRATCH/round.json"
  sleep 2
  jq -sc --argjson round "$round" --argjson kb "$(memory)" \
    '{ $round, requests: (map(.ok // ([.kinds[].n] | add)) | add), errors: (map(if .kinds then ([.errors[]] | add // 0) else .errors + .broken end) | add), $kb }' \
    "$SCRATCH/round.json" | tee -a "$SCRATCH/rounds.json" >&2
done
PEAK=$(awk '/^VmHWM/ { print $2 }' "/proc/$SERVER_PID/status")
server_stop
jq -s --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" --argjson peak "$PEAK" \
  '{ machine: { $cpu, $cores }, $date, requests: (map(.requests) | add), errors: (map(.errors // 0) | add), peak_kb: $peak, rounds: . }' \
  "$SCRATCH/rounds.json" >bench/results/memory.json
jq -r '"\(.requests) requests, \(.errors) errors; at rest \(.rounds[0].kb) kB, after the first round \(.rounds[1].kb) kB, after the last \(.rounds[-1].kb) kB; peak \(.peak_kb) kB"' bench/results/memory.json
