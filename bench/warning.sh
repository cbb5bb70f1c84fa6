# Early warning beside what others use, each in the same run: `bin/bench warning [WORDS]`, all without words.
#   detect   Farrington's flexible method beside the package surveillance of R: every bound and alarm, and points a second; a night of
#            60,000 series
# Writes bench/results/warning.json, a key for each word.

# keep WORD: puts the figures on standard input under their word.
keep() {
  [ -s bench/results/warning.json ] || echo '{}' >bench/results/warning.json
  jq --arg word "$1" --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson cores "$(nproc)" --arg date "$(date -u +%F)" \
    --arg load "$(cut -d' ' -f1 /proc/loadavg)" --slurpfile all bench/results/warning.json \
    '$all[0] + { ($word): ({ machine: { $cpu, $cores, load: ($load | tonumber) }, $date } + .) }' >"$SCRATCH/warning.json"
  mv "$SCRATCH/warning.json" bench/results/warning.json
}

# Figures a second are of processor time of one thread, so that neighbours on the machine do not count. R is asked for all series in one
# call; the same series go through `xiezhi calc detect --compat r`, and the two are compared row by row.
detect() {
  say "detect: ours in memory"
  "$BENCH" detect >"$SCRATCH/ours.json"
  : >"$SCRATCH/runs.json"
  if need Rscript r-base-core r-cran-surveillance && Rscript -e 'library(surveillance)' >/dev/null 2>&1; then
    local name series last settings
    while read -r name series last settings; do
      say "detect: $name, $series series, $last weeks"
      "$BENCH" series --series "$series" --out "$SCRATCH/series.csv" >/dev/null
      [ "$name" = people ] || cut -d, -f1-3 "$SCRATCH/series.csv" >"$SCRATCH/counts.csv"
      [ "$name" != people ] || cp "$SCRATCH/series.csv" "$SCRATCH/counts.csv"
      # shellcheck disable=SC2086 # settings are words
      "$XIEZHI" calc detect --method farrington-flexible --compat r $settings "$SCRATCH/counts.csv" >"$SCRATCH/said.csv" 2>/dev/null
      Rscript bench/warning/detect.R "$SCRATCH/series.csv" "$name" "$last" "$SCRATCH/said.csv" | tee -a "$SCRATCH/runs.json" >&2
    done <<'TEXT'
default 60 45
noufaily 40 45 --param noPeriods=10 --param pastWeeksNotIncluded=26 --param alpha=0.005 --param pThresholdTrend=1 --param thresholdMethod=nbPlugin
muan 20 45 --param noPeriods=10 --param pastWeeksNotIncluded=26 --param alpha=0.005 --param pThresholdTrend=1 --param thresholdMethod=muan
people 40 45
TEXT
  else
    say "R with surveillance is not here, comparison SKIPPED"
  fi
  jq -n --slurpfile ours "$SCRATCH/ours.json" --slurpfile runs "$SCRATCH/runs.json" '{ ours: $ours[0], $runs }' | keep detect
  jq -r '.detect | "default \(.ours.default.per_second)/s, Noufaily \(.ours.noufaily.per_second)/s, \(.ours.nightly.series) series × 3: \(.ours.nightly.one_core_ms) ms",
    (.runs[] | "\(.settings): R \(.per_second)/s, bounds apart by \(.upper), \(.alarms_differ) alarms and \(.na_differ) gaps differ")' bench/results/warning.json
  jq -e 'all(.detect.runs[]; .upper <= 1e-9 and .alarms_differ == 0 and .na_differ == 0 and .missing == 0)' bench/results/warning.json >/dev/null ||
    die "the detectors differ from R's"
}

WORDS=("$@")
[ ${#WORDS[@]} -gt 0 ] || WORDS=(detect)
for word in "${WORDS[@]}"; do
  case $word in
    detect) "$word" ;;
    *) die "bin/bench warning: no part $word" ;;
  esac
done
