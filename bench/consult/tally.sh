# A million ballots counted: the part `tally` of bench/consult.sh, some seconds. The whole command: start, both files, count, JSON.
# One owner in ten has two units, one unit in fifty is the developer's; two ballots in three say yes; a tenth was cast twice.
# shellcheck shell=bash

tally() {
  local units=1000000 roll=$SCRATCH/roll.csv ballots=$SCRATCH/ballots.csv n began
  say "tally: $units units"
  awk -v n=$units 'BEGIN { print "unit,owner,area,kind,use"; for (i = 1; i <= n; i++) printf "u%d,o%d,%d,%s,home\n", i, i % 10 ? i : i - 1, 6000 + i * 7919 % 9000, i % 50 ? "owner" : "developer" }' >"$roll"
  awk -v n=$units 'BEGIN { print "unit,choice,channel,time"; m = n * 10 / 11
    for (i = 1; i <= m; i++) { u = i * 7 % n + 1; printf "u%d,%s,app,2026-11-%02dT08:00:00+08:00\n", u, i % 3 ? "yes" : "no", 1 + i % 20
      if (i % 10 == 0) printf "u%d,%s,paper,2026-11-25T08:00:00+08:00\n", u, i % 20 ? "no" : "yes" } }' >"$ballots"
  { head -1 "$ballots"; tail -n +2 "$ballots" | tac; } >"$SCRATCH/turned.csv"
  for n in 1 2 3 4 5; do
    began=$(date +%s%N)
    "$XIEZHI" calc tally --pack cn-civil-code --item ordinary --roll "$roll" --ballots "$ballots" >"$SCRATCH/tally-$n.json"
    echo $((($(date +%s%N) - began) / 1000000))
  done | sort -n | sed -n 3p >"$SCRATCH/tally.ms"
  "$XIEZHI" calc tally --pack cn-civil-code --item ordinary --roll "$roll" --ballots "$SCRATCH/turned.csv" | cmp -s - "$SCRATCH/tally-1.json" ||
    die "the order of ballots shows"
  jq -n --argjson units $units --argjson ballots "$(($(wc -l <"$ballots") - 1))" --argjson command_ms "$(cat "$SCRATCH/tally.ms")" \
    --slurpfile out "$SCRATCH/tally-1.json" '{ $units, $ballots, $command_ms, replaced: $out[0].replaced, result: $out[0].result }' | keep tally
  jq -r '.tally | "tally: \(.ballots) ballots of \(.units) units in \(.command_ms) ms"' bench/results/consult.json
}
