# A directory of many services and how long finding takes: `bin/bench directory [sqlite|postgres] [SERVICES]`. A million take an hour
# to come in; 100,000 (the default) a few minutes. One client asks one thing after the other; half of the queries name an area.
# Writes bench/results/directory.json.

ENGINES=() SERVICES=100000 EACH=50000
for word in "$@"; do
  case $word in
    sqlite | postgres) ENGINES+=("$word") ;;
    *[!0-9]*) die "usage: bin/bench directory [sqlite|postgres] [SERVICES]" ;;
    *) SERVICES=$word ;;
  esac
done
[ ${#ENGINES[@]} -gt 0 ] || ENGINES=(sqlite postgres)
encoded() { jq -rn --arg t "$1" '$t | @uri'; }
: >"$SCRATCH/queries"
for text in 看腰 食堂 骨科 法律援助 修水管 gk shitang 服务 便民 老人 门诊 社区卫生服务站 东门食堂 食糖 法律元助 没人带孩子 量血压 平安里12号 zyfw xyz; do
  echo "q=$(encoded "$text")" >>"$SCRATCH/queries"
  echo "q=$(encoded "$text")&area=321002" >>"$SCRATCH/queries"
done
printf '%s\n' "term=health" "lat=32.0&lon=120.0" "q=$(encoded 食堂)&lat=32.0&lon=120.0" "open=1&area=321002" "" >>"$SCRATCH/queries"

for engine in "${ENGINES[@]}"; do
  DATABASE=() DATA="$SCRATCH/directory-$engine"
  if [ "$engine" = postgres ]; then
    pg_start durable || die "PostgreSQL is not here"
    DATABASE=(--database-url "$(pg_database directory)")
  fi
  "$XIEZHI" area import --data "$DATA" "${DATABASE[@]}" "$ROOT/data/demo/areas.csv" 2>/dev/null >/dev/null
  AREAS=(321002 321003 321012 3210 32) n=0
  began=$(date +%s)
  for ((from = 0; from < SERVICES; from += EACH)); do
    "$BENCH" services --rows $((SERVICES - from < EACH ? SERVICES - from : EACH)) --from "$from" --seed "$((from + 1))" --out "$SCRATCH/services.ndjson" >/dev/null
    "$XIEZHI" service import --data "$DATA" "${DATABASE[@]}" --source bench --area "${AREAS[n++ % 5]}" "$SCRATCH/services.ndjson" >/dev/null
  done
  took=$(($(date +%s) - began))
  server_start "$XIEZHI" serve --data "$DATA" --listen 127.0.0.1:0 "${DATABASE[@]}"
  "$BENCH" search --url "$SERVER_URL" --in "$SCRATCH/queries" --rounds 10 |
    jq -c --arg engine "$engine" --argjson services "$SERVICES" --argjson seconds "$took" '{engine: $engine, services: $services, import_seconds: $seconds} + .' |
    tee -a "$SCRATCH/directory.ndjson"
  server_stop
done
jq -s --arg date "$(date +%F)" '{date: $date, rows: .}' "$SCRATCH/directory.ndjson" >bench/results/directory.json
