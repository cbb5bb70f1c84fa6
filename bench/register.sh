# A table of residents comes into the register of a community: `bin/bench register [sqlite|postgres] [ROWS]`, a minute or two.
#   a  rows read, checked and found among the buildings a second, without being written (what a page tells before the work)
#   b  residents written a second: keys, digests, checks, homes, households, log, and each looked up among all before him
#   c  the same people in another file: nothing changes
#   d  statistics of a city of ten million people by each of its 6,000 grids (SQLite; counters are invented, people are not)
# Writes bench/results/register.json, where what was measured takes the place of what stood there of the same engine.

ENGINE=sqlite ROWS=100000
for word in "$@"; do
  case $word in
    sqlite | postgres) ENGINE=$word ;;
    *[!0-9]*) die "usage: bin/bench register [sqlite|postgres] [ROWS]" ;;
    *) ROWS=$word ;;
  esac
done
DATABASE=()
if [ "$ENGINE" = postgres ]; then
  pg_start durable || die "PostgreSQL is not here"
  DATABASE=(--database-url "$(pg_database register)")
fi
SERVER_PATIENCE=600 server_start "$XIEZHI" demo --data "$SCRATCH/register" --listen 127.0.0.1:0 "${DATABASE[@]}"

JSON=(-H 'Accept: application/json')
ask() { # ask PATH [CURL OPTION…]
  curl -fsS "${JSON[@]}" "$SERVER_URL$1" "${@:2}"
}
since() { # since BEGUN: seconds
  awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }'
}

TOKEN=$(ask /sign-in -H 'Content-Type: application/json' -d "$(awk '$1 == "account" && $2 == "committee" {
  printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token)
JSON+=(-H "Authorization: Bearer $TOKEN")
ask /register/purpose -H 'Content-Type: application/json' -d '{"purpose":"register-keep"}' >/dev/null
ask /register | jq -r '.areas[0].buildings[].address' | tr -d ' ' >"$SCRATCH/buildings"
AREA=$(ask /register | jq -r '.areas[0].code')
"$BENCH" people --rows "$ROWS" --seed 1 --out "$SCRATCH/people.csv" --truth "$SCRATCH/truth.csv" >/dev/null
# The invented buildings become units of those that the community has.
awk -F, -v OFS=, 'NR == FNR { own[n++] = $0; next } FNR > 1 {
  split($8, part, "栋"); split(part[2], unit, "单元"); b = part[1] + 0
  $8 = own[b % n] (int(b / n) * 10 + unit[1]) "单元" unit[2] } 1' "$SCRATCH/buildings" "$SCRATCH/people.csv" >"$SCRATCH/rows.csv"

# take FILE NAME: brings a file in and waits until it is done.
take() {
  local id began state
  gzip -c "$1" >"$1.gz"
  id=$(ask /register/import -F "area=$AREA" -F "file=@$1.gz" | jq -r .id)
  began=$(date +%s.%N)
  checked=$(ask "/register/import/$id" | jq .checked)
  plain=$(since "$began")
  ask "/register/import/$id/start" -H 'Content-Type: application/json' -d '{}' >/dev/null
  began=$(date +%s.%N)
  state=running
  while [ "$state" = running ]; do
    sleep 0.2
    state=$(ask "/register/import/$id" | jq -r .run.state)
  done
  ask "/register/import/$id" | jq -c --arg name "$2" --arg seconds "$(since "$began")" --arg plain "$plain" --argjson checked "$checked" \
    '{ ($name): (.run | {lines, added, completed, known, failed, doubted} + { seconds: ($seconds | tonumber),
       rows_per_second: (.lines / ($seconds | tonumber) | floor), plain_rows_per_second: ($checked / ($plain | tonumber) | floor) }) }'
}
{
  take "$SCRATCH/rows.csv" first
  sed '1s/^key/no/' "$SCRATCH/rows.csv" >"$SCRATCH/again.csv"
  take "$SCRATCH/again.csv" again
} | tee "$SCRATCH/register.jsonl" >&2
server_stop

# A city around the demo; its counters are drawn for each grid and added up for all above it.
if [ "$ENGINE" = sqlite ]; then
  need sqlite3 sqlite3 || die "sqlite3 draws the counters"
  CITY=$SCRATCH/city
  SERVER_PATIENCE=600 server_start "$XIEZHI" demo --data "$CITY" --listen 127.0.0.1:0 --people 0 --cases 10
  server_stop
  sqlite3 "$CITY/xiezhi.db" <<'SQL'
create temp table grid as select path from area where kind = 'grid' and valid_to is null;
create temp table drawn as
  with recursive year(y) as (select 1936 union all select y + 1 from year where y < 2025)
  select path, 'born:' || y || ':' || s what, 4 + abs(random()) % 11 n from grid, year, (select 1 s union all select 2);
insert into drawn select path, 'people', sum(n) from drawn group by path;
insert into drawn select path, w, 10 + abs(random()) % 500 from grid,
  (select 'households' w union all select 'homes' union all select 'tag:alone' union all select 'size:1' union all select 'home:own');
create temp table above as select g.path grid, a.path from grid g join area a on g.path >= a.path and g.path < rtrim(a.path, '/') || '0'
  where a.valid_to is null;
insert or replace into resident_count(path, what, n) select a.path, d.what, sum(d.n) from drawn d join above a on a.grid = d.path group by 1, 2;
analyze;
SQL
  server_start "$XIEZHI" demo --data "$CITY" --listen 127.0.0.1:0
  JSON=(-H 'Accept: application/json')
  TOKEN=$(ask /sign-in -H 'Content-Type: application/json' -d "$(awk '$1 == "account" && $2 == "city" {
    printf "{\"name\":\"%s\",\"password\":\"%s\"}", $3, $4 }' "$SCRATCH/server.out")" | jq -r .token)
  JSON+=(-H "Authorization: Bearer $TOKEN")
  CODE=$(ask /register/statistics | jq -r .area)
  for _ in $(seq 41); do ask "/register/statistics?area=$CODE&by=grid" -o "$SCRATCH/city.json" -w '%{time_total}\n'; done | sort -n >"$SCRATCH/times"
  jq -c --arg median "$(sed -n 21p "$SCRATCH/times")" --arg worst "$(tail -1 "$SCRATCH/times")" \
    '{ city: { people: .totals[0].n, grids: (.beneath | length), median_ms: ($median | tonumber * 1000), worst_ms: ($worst | tonumber * 1000) } }' \
    "$SCRATCH/city.json" | tee -a "$SCRATCH/register.jsonl" >&2
  server_stop
fi
[ -s bench/results/register.json ] || echo '{}' >bench/results/register.json
jq -s --arg engine "$ENGINE" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --arg date "$(date -u +%F)" \
  --slurpfile old bench/results/register.json '$old[0] + { ($engine): (add + { machine: $cpu, $date }) }' \
  "$SCRATCH/register.jsonl" >"$SCRATCH/register.json"
mv "$SCRATCH/register.json" bench/results/register.json
jq -r 'to_entries[] | "\(.key): \(.value.first.rows_per_second) residents/s written, \(.value.first.plain_rows_per_second) plain rows/s, \(.value.again.rows_per_second) a second time; \(.value.city // {})"' bench/results/register.json
