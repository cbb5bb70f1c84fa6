# What was measured last, beside what was asked, in one page: `bin/bench results` writes bench/RESULTS.md from the files of
# bench/results/; every other part ends with it. Nothing is measured here, and no figure is typed by hand.

report() { # report NAME PROGRAM: rows of one file, or nothing when that part never ran
  [ -s "bench/results/$1.json" ] || return 0
  jq -r "$JQ $2" "bench/results/$1.json"
}
# shellcheck disable=SC2016 # these are jq's own variables
JQ='
def shown: if type != "number" then . elif . >= 1000 then round | tostring | [match("^(\\d{1,3})((\\d{3})*)$").captures[0:2][].string] | .[0] + (.[1] | gsub("(?<t>\\d{3})"; ",\(.t)"))
  elif . >= 100 then round | tostring elif . >= 10 then . * 10 | round / 10 | tostring else . * 10000 | round / 10000 | tostring end;
def row($what; $got; $unit; $how; $aim):
  "| \($what) | \($got | shown)\($unit) | " +
  (if $aim == null then "–" else "\(if $how == "least" then "≥" else "≤" end) \($aim | shown)\($unit)" end) + " | " +
  (if $aim == null then "" elif $how == "least" then (if $got >= $aim then "yes" else "**no**" end) else (if $got <= $aim then "yes" else "**no**" end) end) + " |";
def head($title; $command; $date; $machine):
  "\n## \($title)\n\n`bin/bench \($command)` · \($date) · \($machine)\n\n| What | Measured | Asked | |\n|---|---:|---:|---|";
'

{
  cat <<'TEXT'
# Figures

What `bin/bench` measured last, beside what was asked. Written by `bin/bench results` from `bench/results/*.json`; do not edit.
The load generator runs on the same cores as the program, so ratios say more than figures a second. Machines are shared:
the same program may differ by a fifth from one hour to the next.
TEXT
  report intake 'head("Reports coming in, public pages"; "intake"; .date; "\(.machine.cpu), \(.machine.cores) cores, \(.machine.fdatasync_per_second[0] | shown) fdatasync/s"),
    row("durable reports, SQLite, \(.clients) clients"; .sqlite_grouped.per_second; "/s"; "least"; 4000),
    row("the same, 99 of 100 answered within"; .sqlite_grouped.p99_ms; " ms"; "most"; 100),
    row("one commit for each, SQLite"; .sqlite_single.per_second; "/s"; ""; null),
    row("grouped to one by one, SQLite"; .grouped_to_single.sqlite; " ×"; "least"; 6),
    row("durable reports, PostgreSQL"; .postgres_grouped.per_second; "/s"; ""; null),
    row("grouped to one by one, PostgreSQL"; .grouped_to_single.postgres; " ×"; ""; null),
    row("public page `/equation`"; .page_equation.per_second; "/s"; "least"; 5000),
    row("public page `/`"; .page_home.per_second; "/s"; "least"; 5000),
    row("memory at rest"; .rss_at_rest_kb / 1000; " MB"; "most"; 60),
    row("memory at its highest, under this load"; .rss_peak_kb / 1000; " MB"; ""; null),
    row("first page with all it loads"; .first_page_bytes / 1000; " kB"; "most"; 50)'
  report cases 'head("Cases in great number"; "cases"; ([.reads[].date, .steps[].date] | max); "\(.machine.cpu), \(.machine.cores) cores"),
    (.steps[] | row("steps of whole lives of cases, \(.engine)"; .per_second; "/s"; "least"; if .engine == "sqlite" then 4000 else 2500 end)),
    (.deadlines[] | row("\(.armed | shown) deadlines armed, killed, \(.rang | shown) due after a day, \(.engine)"; .seconds; " s"; "most"; 60)),
    (.reads as $all | $all[] | . as $r | ([$all[] | select(.engine == $r.engine and .size < $r.size)] | last) as $less | select($less)
      | [.kinds | to_entries[] | { key, growth: (.value.p95_ms / $less.kinds[.key].p95_ms) }] | max_by(.growth)
      | row("most growth from \($less.size | shown) to \($r.size | shown), \($r.engine): \(.key)"; (.growth * 100 | round / 100); " ×"; "most"; 2)),
    ([.reads[].kinds[].p95_ms] | max | row("slowest of all reading below, 95 of 100"; .; " ms"; "most"; 100)),
    "\n| 95 of 100 within, ms | " + ([.reads[] | "\(.engine), \(.size | shown)"] | join(" | ")) + " |\n|---|" + (.reads | map("---:|") | add),
    (.reads as $all | $all[0].kinds | keys[] | . as $kind | "| \($kind) | " + ([$all[].kinds[$kind].p95_ms | shown] | join(" | ")) + " |")'
  report memory 'head("Memory over mixed requests"; "memory"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    row("\(.requests | shown) requests: at rest before them"; .rounds[0].kb / 1000; " MB"; "most"; 60),
    row("at rest after the first \(.rounds[1].requests | shown)"; .rounds[1].kb / 1000; " MB"; ""; null),
    row("at rest after the last"; .rounds[-1].kb / 1000; " MB"; ""; null),
    row("at its highest"; .peak_kb / 1000; " MB"; ""; null)'
  report phone 'head("A weak phone, a thin line"; "phone"; .date; "\(.machine.cpu), \(.machine.cores) cores, \(.machine.webgl)"),
    (.figures[] | row(.what; .figure; " \(.unit)"; "most"; .goal))'
  report link '(.runs | map(select(.engine == "xiezhi" and .what == "residents" and .seed == "1"))[0]) as $we
    | (.runs | map(select(.engine == "splink" and .what == "residents"))[0]) as $they
    | head("Record linkage beside Splink \(.splink)"; "link"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    row("processor, \(.rows | shown) residents: \($we.cpu_s) s of \($they.cpu_s) s"; ($we.cpu_s / $they.cpu_s * 100 | round); " %"; "most"; 50),
    row("memory: \($we.peak_mb) MB of \($they.peak_mb) MB"; ($we.peak_mb / $they.peak_mb * 100 | round); " %"; "most"; 50),
    row("F1 of clusters (Splink \($they.clusters.f1))"; $we.clusters.f1; ""; "least"; 0.998),
    (.runs[] | select(.engine == "xiezhi" and .what != "residents") | . as $r
      | row("F1 of clusters, \(.what)"; .clusters.f1; ""; "least"; null)),
    (.runs[] | select(.engine == "splink" and .what != "residents") | if .failed then "| the same by Splink, \(.what) | ends with an error | – | |" else row("the same by Splink, \(.what)"; .clusters.f1; ""; ""; null) end),
    row("check while somebody types, against \(.entry.rows | shown), 99 of 100"; .entry.p99_ms; " ms"; "most"; 5)'
  report register 'to_entries[] | .value as $r | head("Residents come in, \(.key)"; "register \(.key)"; .value.date; .value.machine),
    row("residents written, \($r.first.lines | shown) rows"; $r.first.rows_per_second; "/s"; "least"; 2000),
    row("rows read and checked"; $r.first.plain_rows_per_second; "/s"; "least"; 20000),
    row("the same file again"; $r.again.rows_per_second; "/s"; ""; null),
    (if $r.city then row("statistics of \($r.city.people | shown) people by \($r.city.grids | shown) grids, median"; $r.city.median_ms; " ms"; "most"; 100),
      row("the slowest of them"; $r.city.worst_ms; " ms"; "most"; 100) else empty end)'
  report consult 'select(.budget) | .budget | head("Participatory budgets beside pabutools \(.pabutools)"; "consult budget"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    row("other winners than pabutools, of \(.compared) outcomes on \(.files) votes"; .differ | length; ""; "most"; 0),
    (.large | select(.) | row("read and decide \(.we.voters | shown) ballots: \((.we.load_ms + .we.cost.ms) | shown) ms of \((.they.load_s + .they.seconds.cost) * 1000 | shown) ms"; .ratio.plain | round; " ×"; "least"; 100),
      row("the same with Add1: \((.we.load_ms + .we.add1.ms) | shown) ms of \((.they.load_s + .they.seconds.add1) * 1000 | shown) ms"; .ratio.add1 | round; " ×"; "least"; 100),
      row("deciding alone"; .ratio.plain_deciding | round; " ×"; ""; null),
      row("deciding alone with Add1"; .ratio.add1_deciding | round; " ×"; ""; null)),
    (.towns[] | row("equal shares, \(.voters | shown) × \(.projects), invented"; .cost.ms; " ms"; "most"; 50),
      row("the same read from its file"; .load_ms; " ms"; ""; null),
      row("read and decided, to pabutools, \(if .same then "the same" else "other" end) winners"; (.they.load_s + .they.plain_s) * 1000 / (.load_ms + .cost.ms) | round; " ×"; ""; null),
      row("the same with Add1, \(.add1.raised) steps, exact"; .add1.ms; " ms"; "most"; 1000))'
  report consult 'select(.tally) | .tally | head("Ballots of owners"; "consult tally"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    row("\(.ballots | shown) ballots of \(.units | shown) units counted, the whole command"; .command_ms; " ms"; "most"; 1000)'
  report consult 'select(.opinion) | .opinion | head("Opinion map beside red-dwarf \(.red_dwarf)"; "consult opinion"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    (.runs[] | row("\(.voters | shown) × \(.statements | shown), \(.votes | shown) votes, \(.what): the whole command"; .ours.command_ms; " ms"; "most"; if .what == "large" then 2000 else 100 end),
      (select(.red_dwarf) | row("the map alone, \(.ours.map_ms) ms, to the pipeline of red-dwarf alone, \(.red_dwarf.map_ms | shown) ms"; .ratio.map; " ×"; "least"; 20),
        (select(.ratio.process) | row("the whole command to its whole process, \(.red_dwarf.process_ms | shown) ms (start, imports, file, map, JSON)"; .ratio.process; " ×"; "least"; 20)),
        row("the whole command to its pipeline alone (not like for like)"; .ratio.pipeline_to_command; " ×"; ""; null)))'
  report services 'select(.pair) | .pair | head("Tasks and people beside OR-Tools \(.or_tools)"; "services pair"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    row("towns paired at another cost than by SimpleMinCostFlow, of \(.runs | length)"; [.runs[] | select(.same | not)] | length; ""; "most"; 0),
    (.runs[] | row("\(.name): \(.we.tasks | shown) tasks, \(.capacity | shown) places of \(.we.people | shown) people, \(.we.edges | shown) edges"; .we.wall_ms; " ms"; "most"; if .name == "community" then 10 else null end),
      (select(.name != "community") | row("the same, processor time \(.we.solve_ms | shown) ms, of SimpleMinCostFlow \(.they.solve_ms | shown) ms"; .ratio; " ×"; "least"; if .we.tasks == 20000 then 1 else null end)))'
  report services 'select(.ledger) | .ledger | head("Hours booked in the time bank"; "services ledger"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    (.runs[] | row("durable transfers, \(.engine), 256 clients"; .per_second; "/s"; "least"; 1000),
      row("the same, 99 of 100 answered within"; .p99_ms; " ms"; ""; null),
      row("all balances together, \(.engine), after \(.ok | shown) transfers"; .sum; ""; "most"; 0),
      row("accounts whose balance is not the sum of their movements, \(.engine)"; .wrong; ""; "most"; 0))'
  report services 'select(.directory) | .directory | head("Finding among many services"; "services directory"; .date; "\(.machine.cpu), \(.machine.cores) cores"),
    (.runs[] | row("\(.services | shown) services, \(.engine): 95 of 100 answered within"; .p95_ms; " ms"; "most"; 50),
      row("the same, the middle one"; .p50_ms; " ms"; ""; null),
      row("the same, seconds until all had come in"; .import_seconds; " s"; ""; null))'
  report warning 'select(.detect) | .detect | head("Early warning beside surveillance 1.20.3 of R"; "warning detect"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    row("points, Farrington flexible as it comes, one core"; .ours.default.per_second; "/s"; "least"; 15000),
    row("points, Farrington flexible as Noufaily has it, one core"; .ours.noufaily.per_second; "/s"; "least"; 4000),
    (.ours.nightly | row("a night: \(.series | shown) series, 3 methods, in memory, one core"; .one_core_ms; " ms"; "most"; 30000),
      row("the same on all cores, by the clock"; .all_cores_ms; " ms"; ""; null)),
    (.ours.worth.noufaily | row("Noufaily on 1,000 invented series, outbreaks of 3 to 12 deviations: quiet weeks that alarm"; .fpr; " %"; "most"; 0.6),
      row("outbreaks found"; .pod; " %"; "least"; 55), row("alarms that are one"; .ppv; " %"; "least"; 55)),
    (.ours as $we | .runs[] | row("\(.settings): bounds apart from those of R, of \(.points | shown) points"; if .upper == 0 then 0 else "\(.upper)" end; ""; ""; null),
      row("the same: alarms or gaps that differ"; .alarms_differ + .na_differ; ""; "most"; 0),
      (if $we[.settings] then row("the same: to R, \(.per_second | shown)/s"; $we[.settings].per_second / .per_second; " ×"; "least"; if .settings == "default" then 87 else 32 end) else empty end))'
  report warning 'select(.ingest) | .ingest | head("Devices over MQTT, confirmed when on the disk (three rules each)"; "warning ingest"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    (.runs[] | row("messages, \(.engine), \(.spoken.connections | shown) connections, \(.spoken.window) on their way each"; .spoken.per_second; "/s"; "least"; 8000),
      row("the same, 99 of 100 confirmed within"; .spoken.p99_ms; " ms"; ""; null),
      row("ten a second of each device"; .paced.per_second; "/s"; "least"; 8000),
      row("the same, 99 of 100 confirmed within"; .paced.p99_ms; " ms"; "most"; 100),
      row("memory with \(.idle.connections | shown) silent connections"; .idle.after_kb / 1000; " MB"; "most"; 250))'
  report warning 'select(.night) | .night | head("A night of early warning, from the database and back"; "warning night"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    (.runs[] | row("\(.engine), night \(.night): \(.series | shown) series, 3 rules, \(.new | shown) new signals"; .ms; " ms"; "most"; 30000),
      row("the same: read \(.read_ms | shown) ms, written \(.write_ms | shown) ms, computed (both cores together)"; .compute_ms; " ms"; ""; null))'
  report warning 'select(.timers) | .timers | head("Timers of rules"; "warning timers"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    row("\(.timers | shown) timers set, SQLite"; .set_per_second; "/s"; "least"; 20000),
    row("the same, rung after an outage"; .rung_per_second; "/s"; "least"; 20000),
    row("\(.pace | shown) a second fall due: the latest rings after"; .latest_ms; " ms"; "most"; 1000),
    row("alarms of devices that were heard of"; .alarms; ""; "most"; 0)'
  report warning 'select(.scan) | .scan | head("Space-time scan, 999 repetitions"; "warning scan"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    (.runs[] | . as $run | ("permutation", "poisson") | $run[.] as $one |
      row("\($run.cells | shown) cells, \($run.periods) periods, \(.): zones and durations, one core"; $one.zone_durations_a_core_second; "/s"; "least"; 30000000),
      row("the same, by the clock"; $one.seconds * 1000; " ms"; "most"; 20000))'
  report exchange 'select(.board) | .board | head("Boards of a nation"; "exchange board"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    (.runs[] | . as $run | row("\(.filled.rows | shown) rows of 30 measures on disk, \(.engine)"; .filled.bytes / 1048576; " MB"; ""; null),
      (["nation", "province", "city", "county", "street", "community"][] | . as $level
        | ([$run.kinds[] | select(.level == $level)] | max_by(.p99_ms)) as $worst
        | row("board of a \($level), the slowest span (\($worst.span) days) as \($worst.as), p50"; $worst.p50_ms; " ms"; ""; null),
          row("the same, 99 of 100"; $worst.p99_ms; " ms"; "most"; 100)),
      row("\(.fold.events | shown) events folded, \(.fold.deltas | shown) sums in \(.fold.entries | shown) batches"; .fold.per_second; "/s"; "least"; 50000),
      row("30 million events of a day, by that"; .fold.minutes_of_30_million; " min"; "most"; 10))'
  report exchange 'select(.chain) | .chain | head("Three nodes above one another"; "exchange chain"; .date; "\(.machine.cpu), \(.machine.cores) cores, load \(.machine.load)"),
    (.runs[] | row("\(.waited | shown) events that waited, taken in by the one above, \(.engine)"; .taken_per_second; "/s"; "least"; (if .engine == "sqlite" then 5000 else 2500 end)),
      row("all three at once: reports a second that reach the top, \(.engine)"; .live_per_second; "/s"; "least"; 1000),
      row("from the commit to the top, 99 of 100"; .p99_s * 1000; " ms"; "most"; 2000),
      row("of \(.reports | shown) not counted at the top"; .missing; ""; "most"; 0))'
  report address 'head("Addresses"; "address"; .date; .machine.cpu),
    row("read, one core"; .parse_per_second; "/s"; "least"; 500000),
    row("read, and found among \(.homes | shown) homes"; .parse_and_find_per_second; "/s"; ""; null)'
} >bench/RESULTS.md
