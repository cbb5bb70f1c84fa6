# The opinion map beside red-dwarf on the same files in one run: the part `opinion` of bench/consult.sh, a minute or two.
#   invented   2,000 people, 200 statements, 50,000 votes and a thousand changed ones (bench/src/opinion.rs)
#   large      10,000 people, 500 statements, 500,000 votes; ours alone
#   vtaiwan    1,921 people, 197 statements, 49,997 rows, when it lies beside the repository
# Ours twice: the whole command (start, file, map, JSON), and the map alone. Theirs is the pipeline alone, without imports and
# reading: so the map alone is what compares with it, and the whole command is what somebody waits for.
# shellcheck shell=bash

# ours_ms FILE: the median of eleven runs of the command, in milliseconds.
ours_ms() {
  local n began
  for n in 1 2 3 4 5 6 7 8 9 10 11; do
    began=$(date +%s%N)
    "$XIEZHI" calc opinion --votes "$1" >"$SCRATCH/map-$n.json" 2>/dev/null
    echo $((($(date +%s%N) - began) / 10000))
  done | sort -n | sed -n 6p | jq '. / 100'
  cmp -s "$SCRATCH/map-1.json" "$SCRATCH/map-11.json" || die "two runs differ: $1"
}

# opinion_beside NAME FILE [RED_DWARF_ROUNDS]: both on one file; the same rows in another order must give the same bytes.
opinion_beside() {
  local ours theirs=null
  say "opinion map: $1"
  ours=$(ours_ms "$2")
  { head -1 "$2"; tail -n +2 "$2" | tac; } >"$SCRATCH/turned.csv"
  "$XIEZHI" calc opinion --votes "$SCRATCH/turned.csv" 2>/dev/null | cmp -s - "$SCRATCH/map-1.json" || die "the order of rows shows: $1"
  [ -z "${3:-}" ] || theirs=$("$VENV/bin/python" bench/consult/red_dwarf.py "$2" "$3" 2>/dev/null) || die "red-dwarf ends with an error on $1"
  jq -nc --arg what "$1" --argjson command_ms "$ours" --argjson inside "$("$BENCH" opinion --in "$2" --rounds 11)" --argjson theirs "$theirs" \
    --slurpfile map "$SCRATCH/map-1.json" '{ $what, voters: $map[0].voters, statements: $map[0].statements, votes: $map[0].votes, replaced: $map[0].replaced,
      ours: ({ $command_ms } + $inside + ($map[0] | { k, clear, gap, silhouette })), red_dwarf: $theirs }
      + if $theirs then { ratio: ($theirs.map_ms / $command_ms * 10 | round / 10), map_ratio: ($theirs.map_ms / $inside.map_ms * 10 | round / 10) } else {} end'
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
  jq -r '.opinion.runs[] | "\(.what): \(.voters) × \(.statements), \(.votes) votes: \(.ours.command_ms) ms, the map alone \(.ours.map_ms) ms; red-dwarf \(.red_dwarf.map_ms // "-") ms, \(.ratio // "-") × and \(.map_ratio // "-") ×"' bench/results/consult.json
}
