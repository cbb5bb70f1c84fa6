# The opinion map beside red-dwarf on the same files in one run: the part `opinion` of bench/consult.sh, a minute or two.
#   invented   2,000 people, 200 statements, 50,000 votes and a thousand changed ones (bench/src/opinion.rs)
#   large      10,000 people, 500 statements, 500,000 votes; ours alone
#   vtaiwan    1,921 people, 197 statements, 49,997 rows, when it lies beside the repository
# Like beside like, each twice: the map alone and the pipeline alone, both in memory and warm; and the whole command and the whole
# process, which is what somebody waits for (start, imports, the same file, the map, JSON).
# shellcheck shell=bash

# median_ms ROUNDS COMMAND…: of a whole process, in milliseconds; what round N prints is $SCRATCH/map-N.json.
median_ms() {
  local rounds=$1 n began
  shift
  for ((n = 1; n <= rounds; n++)); do
    began=$(date +%s%N)
    "$@" >"$SCRATCH/map-$n.json" 2>/dev/null || die "ends with an error: $*"
    echo $((($(date +%s%N) - began) / 10000))
  done | sort -n | sed -n $(((rounds + 1) / 2))p | jq '. / 100'
}

# opinion_beside NAME FILE [RED_DWARF_ROUNDS]: both on one file; the same rows in another order must give the same bytes.
opinion_beside() {
  local ours theirs=null process
  say "opinion map: $1"
  if [ -n "${3:-}" ]; then
    theirs=$("$VENV/bin/python" bench/consult/red_dwarf.py "$2" "$3" 2>/dev/null) || die "red-dwarf ends with an error on $1"
    process=$(median_ms "$3" "$VENV/bin/python" bench/consult/red_dwarf.py "$2")
    theirs=$(jq -c --argjson process_ms "$process" '. + { $process_ms }' <<<"$theirs")
  fi
  ours=$(median_ms 11 "$XIEZHI" calc opinion --votes "$2")
  cmp -s "$SCRATCH/map-1.json" "$SCRATCH/map-11.json" || die "two runs differ: $2"
  { head -1 "$2"; tail -n +2 "$2" | tac; } >"$SCRATCH/turned.csv"
  "$XIEZHI" calc opinion --votes "$SCRATCH/turned.csv" 2>/dev/null | cmp -s - "$SCRATCH/map-1.json" || die "the order of rows shows: $1"
  jq -nc --arg what "$1" --argjson command_ms "$ours" --argjson inside "$("$BENCH" opinion --in "$2" --rounds 11)" --argjson theirs "$theirs" \
    --slurpfile map "$SCRATCH/map-1.json" 'def times($by): . / $by * 10 | round / 10;
    { $what, voters: $map[0].voters, statements: $map[0].statements, votes: $map[0].votes, replaced: $map[0].replaced,
      ours: ({ $command_ms } + $inside + ($map[0] | { k, clear, gap, silhouette })), red_dwarf: $theirs }
      + if $theirs then { ratio: { map: ($theirs.map_ms | times($inside.map_ms)), process: ($theirs.process_ms | times($command_ms)),
        pipeline_to_command: ($theirs.map_ms | times($command_ms)) } } else {} end'
}

opinion() {
  local polis=$SHARED/data/polis/vtaiwan.uberx/votes.csv.gz
  "$VENV/bin/pip" install -q red-dwarf==0.4.0 >&2 || die "red-dwarf does not install"
  {
    "$BENCH" votes --out "$SCRATCH/invented.csv" >&2
    opinion_beside invented "$SCRATCH/invented.csv" 3
    "$BENCH" votes --voters 10000 --statements 500 --votes 500000 --out "$SCRATCH/large.csv" >&2
    opinion_beside large "$SCRATCH/large.csv"
    if [ -f "$polis" ]; then
      gzip -dc "$polis" | awk -F, 'NR == 1 { print "voter,statement,vote,timestamp"; next } { print $4 "," $3 "," $5 "," $1 }' >"$SCRATCH/vtaiwan.csv"
      opinion_beside vtaiwan "$SCRATCH/vtaiwan.csv" 3
    else
      say "vtaiwan SKIPPED: no $polis (XIEZHI_SHARED says where else to look)"
    fi
  } | jq -sc '{ red_dwarf: "0.4.0", runs: . }' | keep opinion
  jq -r '.opinion.runs[] | "\(.what): \(.voters) × \(.statements), \(.votes) votes: \(.ours.command_ms) ms, the map alone \(.ours.map_ms) ms; red-dwarf \(.red_dwarf.process_ms // "-") ms and \(.red_dwarf.map_ms // "-") ms, \(.ratio.process // "-") × and \(.ratio.map // "-") ×"' bench/results/consult.json
}
