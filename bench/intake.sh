# Reports coming in, side by side on this machine in one run: `bin/bench intake [SECONDS]`, about a minute and a half.
#   a  SQLite, writes grouped into one commit        b  the same binary, one commit for each write
#   c  PostgreSQL, grouped, fsync on                 d  public pages      e  memory at rest      f  weight of the first page
# Prints a table and writes bench/results/intake.json. Trust the ratios: the generator runs on the same cores.

SECONDS_EACH=${1:-10}
CLIENTS=256

# seed FOLDER [--database-url URL]: a demo district to report into, then stopped.
seed() {
  mkdir -p "$SCRATCH/$1"
  server_start $XIEZHI demo --data "$SCRATCH/$1" --listen 127.0.0.1:0 "${@:2}"
  AREA=$(curl -fsS -H 'Accept: application/json' "$SERVER_URL/" | jq -r '[.communities[]?.code][0] // empty')
  server_stop
}

# serve FOLDER [OPTION…]
serve() {
  server_start $XIEZHI serve --data "$SCRATCH/$1" --listen 127.0.0.1:0 "${@:2}"
}

intake() {
  $BENCH intake --url "$SERVER_URL" --clients $CLIENTS --seconds "$SECONDS_EACH" ${AREA:+--area "$AREA"}
}

pages() {
  $BENCH pages --url "$SERVER_URL" --path "$1" --clients 64 --seconds 5
}

# Bytes of a page with the style sheets and scripts it names and the modules these import at once.
weight() {
  local page="$SCRATCH/page.html" one="$SCRATCH/one" bytes link seen=' ' queue
  curl -fsS "$SERVER_URL$1" >"$page"
  bytes=$(stat -c %s "$page")
  mapfile -t queue < <(grep -oE '(href|src)="[^"]+\.(css|m?js)(\?[^"]*)?"' "$page" | cut -d'"' -f2)
  while [ ${#queue[@]} -gt 0 ]; do
    link=${queue[0]} queue=("${queue[@]:1}")
    case $seen in *" ${link%%\?*} "*) continue ;; esac
    seen="$seen${link%%\?*} "
    curl -fsS "$SERVER_URL$link" >"$one"
    bytes=$((bytes + $(stat -c %s "$one")))
    # `import` and `export … from` at the beginning of a line are fetched at once, `import()` is not.
    mapfile -t -O ${#queue[@]} queue < <(grep -E '^(import|export) .*["'\'']\./' "$one" |
      sed -E "s|.*[\"']\./([^\"']+)[\"'].*|$(dirname "$link")/\1|")
  done
  echo "$bytes"
}

figure() { jq -r "$2" <<<"$1"; }

say "seeding"
printf '[store]\nbatch = 1\n' >"$SCRATCH/single.toml"
seed grouped
seed single
DISK=$($BENCH probe --dir "$SCRATCH" | jq .fdatasync_per_second)

say "a  SQLite, grouped"
serve grouped
sleep 2
REST=$(awk '/^VmRSS/ {print $2}' "/proc/$SERVER_PID/status")
WEIGHT=$(weight /)
A=$(intake)
say "d  public pages"
EQUATION=$(pages /equation)
HOME_PAGE=$(pages /)
BUSY=$(awk '/^VmHWM/ {print $2}' "/proc/$SERVER_PID/status")
server_stop

say "b  SQLite, one commit for each write"
serve single --config "$SCRATCH/single.toml"
B=$(intake)
server_stop

C=null C_SINGLE=null
if pg_start durable; then
  say "c  PostgreSQL, grouped"
  url=$(pg_database bench)
  seed pg --database-url "$url"
  serve pg --database-url "$url"
  C=$(intake)
  server_stop
  serve pg --database-url "$url" --config "$SCRATCH/single.toml"
  C_SINGLE=$(intake)
  server_stop
fi
DISK_AFTER=$($BENCH probe --dir "$SCRATCH" | jq .fdatasync_per_second)

mkdir -p bench/results
jq -n --argjson a "$A" --argjson b "$B" --argjson c "$C" --argjson c1 "$C_SINGLE" --argjson equation "$EQUATION" \
  --argjson home "$HOME_PAGE" --argjson disk "$DISK" --argjson disk_after "$DISK_AFTER" --argjson rest "$REST" \
  --argjson busy "$BUSY" --argjson weight "$WEIGHT" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
  --argjson cores "$(nproc)" --arg date "$(date -u +%F)" --argjson clients $CLIENTS '
  def ratio(x; y): if x == null or y == null or y.per_second == 0 then null else (x.per_second / y.per_second * 10 | round / 10) end;
  { date: $date, machine: { cpu: $cpu, cores: $cores, fdatasync_per_second: [$disk, $disk_after] }, clients: $clients,
    sqlite_grouped: $a, sqlite_single: $b, postgres_grouped: $c, postgres_single: $c1,
    page_equation: $equation, page_home: $home,
    grouped_to_single: { sqlite: ratio($a; $b), postgres: ratio($c; $c1) },
    rss_at_rest_kb: $rest, rss_peak_kb: $busy, first_page_bytes: $weight }' >bench/results/intake.json

row() { # row LABEL FIGURES BASE
  [ "$2" = null ] && return
  jq -r --arg what "$1" --argjson base "$3" '[$what, .per_second, .p50_ms, .p99_ms, .max_ms, .errors,
    (if $base.per_second > 0 then (.per_second / $base.per_second * 10 | round / 10) else "-" end)] | @tsv' <<<"$2"
}
{
  printf 'what\tper s\tp50 ms\tp99 ms\tmax ms\terrors\tratio\n'
  row "b SQLite, one commit each" "$B" "$B"
  row "a SQLite, grouped" "$A" "$B"
  row "c PostgreSQL, one commit each" "$C_SINGLE" "$B"
  row "c PostgreSQL, grouped" "$C" "$B"
  row "d GET /equation" "$EQUATION" "$EQUATION"
  row "d GET /" "$HOME_PAGE" "$EQUATION"
} | column -t -s "$(printf '\t')"
printf 'disk: %s fdatasync/s before, %s after; %s clients on %s cores\n' "$DISK" "$DISK_AFTER" "$CLIENTS" "$(nproc)"
printf 'e memory at rest %s kB, peak %s kB\nf first page with its css and js: %s bytes\n' "$REST" "$BUSY" "$WEIGHT"
for figures in "$A" "$B" "$C"; do
  [ "$figures" = null ] || [ "$(figure "$figures" .errors)" = 0 ] || say "errors: $(figure "$figures" '{other_statuses, broken} | tojson')"
done
