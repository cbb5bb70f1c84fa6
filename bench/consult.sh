# Methods of deciding together beside what others use, each in the same run: `bin/bench consult [WORDS]`, all without words.
#   budget   winners beside pabutools on every approval vote of data/pabulib, time on its largest, and on invented towns
#   tally    a million ballots of owners
#   opinion  the opinion map beside red-dwarf, on an invented conversation and on those of data/polis
# Writes bench/results/consult.json, a key for each word.

PEERS=$TARGET/consult
VENV=$PEERS/venv
SHARED=${XIEZHI_SHARED:-../shared}
mkdir -p "$PEERS"
need python3 "python3 python3-venv" || die "python3 runs the peers"
[ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"

# keep WORD: puts the figures on standard input under their word.
keep() {
  [ -s bench/results/consult.json ] || echo '{}' >bench/results/consult.json
  jq --arg word "$1" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
    --slurpfile all bench/results/consult.json '$all[0] + { ($word): ({ machine: { $cpu, $cores }, $date } + .) }' >"$SCRATCH/consult.json"
  mv "$SCRATCH/consult.json" bench/results/consult.json
}

# theirs FILE.pb METHOD…: one line of JSON from pabutools.
theirs() { "$VENV/bin/python" bench/consult/pabutools_run.py "$@"; }

# ours FILE.pb: the same line from us; the one project of data/pabulib that costs nothing is taken as pabutools takes it.
ours() {
  local free=()
  [[ $1 == *grabowek-large.pb ]] && free=(--free 5)
  while read -r method options; do
    # shellcheck disable=SC2086 # options are words
    "$XIEZHI" calc budget --rule $options "${free[@]}" "$1" | jq -c --arg method "$method" '{ ($method): .winners }'
  done <<'TEXT' | jq -sc --arg file "$(basename "$1" .pb)" '{ $file, winners: add }'
greedy-cost greedy
greedy-cardinality greedy --utility cardinality
cost equal-shares
cardinality equal-shares --utility cardinality
add1 equal-shares --completion add1
add1-overspend equal-shares --completion add1-overspend
TEXT
}

budget() {
  local pb="$SCRATCH/pb" file large methods voters projects seed town wrong
  "$VENV/bin/pip" install -q pabutools==1.2.3 gmpy2==2.3.2 || die "pabutools does not install"
  mkdir "$pb"
  : >"$SCRATCH/theirs.json"
  : >"$SCRATCH/ours.json"
  if [ -d "$SHARED/data/pabulib" ]; then
    for file in "$SHARED"/data/pabulib/*.pb.gz; do gzip -dc "$file" >"$pb/$(basename "$file" .gz)"; done
    say "a  winners beside pabutools, some minutes"
    for file in "$pb"/*.pb; do
      voters=$(sed -n 's/^num_votes;//p' "$file")
      grep -q '^vote_type;approval' "$file" || continue
      # The last of the methods takes pabutools long on the two largest.
      if [ "$voters" -le 5000 ]; then methods=(); else methods=(greedy-cost greedy-cardinality cost cardinality add1); fi
      theirs "$file" "${methods[@]}" >>"$SCRATCH/theirs.json"
      ours "$file" >>"$SCRATCH/ours.json"
    done
    jq -rs '"# Written by bin/bench consult budget: what pabutools 1.2.3 (PyPI) decides on the votes of pabulib.org that its tests hold.",
      (.[] | .file as $file | .winners | to_entries[] | "\($file)\t\(.key)\t\(.value | join(","))")' "$SCRATCH/theirs.json" >"$PEERS/pabutools.txt"
    diff -q "$PEERS/pabutools.txt" crates/xiezhi/tests/it/pabutools.txt >&2 || say "a  $PEERS/pabutools.txt differs from the list of our tests"
    say "b  time on the largest"
    large=$pb/poland_gdynia_2020_.pb
    jq -c 'select(.file == "poland_gdynia_2020_")' "$SCRATCH/theirs.json" >"$SCRATCH/large-theirs.json"
    "$BENCH" budget --in "$large" --times 21 >"$SCRATCH/large-ours.json"
  else
    say "a, b  SKIPPED: no $SHARED/data/pabulib (XIEZHI_SHARED says where else to look)"
    echo null | tee "$SCRATCH/large-theirs.json" >"$SCRATCH/large-ours.json"
  fi
  say "c  invented towns, pabutools once without Add1"
  for town in "90000 160 1" "7300 183 2"; do
    read -r voters projects seed <<<"$town"
    "$BENCH" election --voters "$voters" --projects "$projects" --seed "$seed" --out "$pb/town.pb" >&2
    theirs "$pb/town.pb" cost >"$SCRATCH/town-theirs.json"
    "$XIEZHI" calc budget --rule equal-shares "$pb/town.pb" >"$SCRATCH/town-ours.json"
    "$BENCH" budget --in "$pb/town.pb" --times 5 | jq -c --slurpfile they "$SCRATCH/town-theirs.json" --slurpfile ours "$SCRATCH/town-ours.json" \
      '. + { they: ($they[0] | { load_s, plain_s: .seconds.cost }), same: (($they[0].winners.cost | sort) == ($ours[0].winners | sort)) }'
  done >"$SCRATCH/towns.json"
  jq -n --slurpfile theirs "$SCRATCH/theirs.json" --slurpfile ours "$SCRATCH/ours.json" --slurpfile large_theirs "$SCRATCH/large-theirs.json" \
    --slurpfile large_ours "$SCRATCH/large-ours.json" --slurpfile towns "$SCRATCH/towns.json" '
    def set: to_entries | map("\(.key): \(.value | sort)");
    ([$theirs, $ours] | transpose | map(select((.[0].winners | set) - (.[1].winners | set) != []) | .[0].file)) as $differ
    | $large_ours[0] as $we | $large_theirs[0] as $they
    | { pabutools: "1.2.3", files: ($theirs | length), compared: ([$theirs[].winners | length] | add), $differ,
        large: (if $we then { $we, $they,
          ratio: { plain: (($they.load_s + $they.seconds.cost) * 1000 / ($we.load_ms + $we.cost.ms)),
                   add1: (($they.load_s + $they.seconds.add1) * 1000 / ($we.load_ms + $we.add1.ms)),
                   plain_deciding: ($they.seconds.cost * 1000 / $we.cost.ms), add1_deciding: ($they.seconds.add1 * 1000 / $we.add1.ms) } } else null end),
        $towns }' | keep budget
  jq -r '.budget | "\(.compared) outcomes on \(.files) votes, different: \(.differ | length) \(.differ | join(" "))",
    (.large | select(.) | "largest: read and decide \(.they.load_s + .they.seconds.cost) s and \(.we.load_ms + .we.cost.ms) ms (\(.ratio.plain | round) ×), Add1 \(.they.load_s + .they.seconds.add1) s and \(.we.load_ms + .we.add1.ms) ms (\(.ratio.add1 | round) ×)"),
    (.towns[] | "\(.voters) × \(.projects): read \(.load_ms) ms, plain \(.cost.ms) ms, Add1 \(.add1.ms) ms (\(.add1.raised) steps); pabutools reads \(.they.load_s) s, plain \(.they.plain_s) s, same winners: \(.same)")' bench/results/consult.json
  wrong=$(jq '[.budget.differ[], (.budget.towns[] | select(.same | not))] | length' bench/results/consult.json)
  [ "$wrong" = 0 ] || die "$wrong votes are decided otherwise"
}

# shellcheck source=/dev/null
. "$ROOT/bench/consult/opinion.sh"
# shellcheck source=/dev/null
. "$ROOT/bench/consult/tally.sh"

WORDS=("$@")
[ ${#WORDS[@]} -gt 0 ] || WORDS=(budget opinion tally)
for word in "${WORDS[@]}"; do
  case $word in
    budget | opinion | tally) "$word" ;;
    *) die "bin/bench consult: no part $word" ;;
  esac
done
