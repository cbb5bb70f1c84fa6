//! Load generator of Xiezhi. `bench intake` files reports, `bench pages` reads a page, `bench probe` measures what the
//! disk gives; `bench people` invents residents, `bench score` compares clusters with the truth, `bench entry` times the check
//! while somebody types, `bench address` the reading of addresses; `bench election` invents a participatory budget, `bench
//! budget` times deciding one; `bench votes` invents a conversation, `bench opinion` times its map; `bench town` invents tasks and people,
//! `bench pair` times pairing them; `bench scan` times looking for clusters; `bench series` invents weekly counts with outbreaks,
//! `bench detect` times finding them; `bench mqtt` speaks as many devices do; `bench services` invents a directory, `bench search` times finding in one; `bench board` reads the boards of a nation;
//! each prints one line of JSON.
//! `bin/bench` starts the servers and compares.
//!
//! It is meant to run on the same machine as the server it measures, so it is cheap: one thread, one small buffer per
//! connection, no HTTP library.

mod address;
mod board;
mod budget;
mod chance;
mod detect;
mod directory;
mod entry;
mod http;
mod load;
mod mqtt;
mod opinion;
mod pair;
mod people;
mod probe;
mod reads;
mod scan;
mod score;

use std::process::ExitCode;
use std::time::Duration;

use load::{Plan, Work};

const USAGE: &str = "usage:
  bench intake --url http://HOST:PORT [--clients 256] [--seconds 10] [--warm-up 2] [--area CODE]
  bench pages  --url http://HOST:PORT [--path /] [--clients 64] [--seconds 5] [--warm-up 1]
  bench steps  --url http://HOST:PORT --area CODE --clerk TOKEN --handler TOKEN --to BODY [--clients 256] [--seconds 10]
  bench send   --url http://HOST:PORT --token TOKEN --paths P,P… --body FORM [--clients 256] [--seconds 10]
  bench reads  --url http://HOST:PORT --clerk TOKEN --above TOKEN [--clients 2] [--seconds 30]
  bench probe  --dir DIR [--seconds 2]
  bench people --rows N --seed S --out ROWS.csv --truth TRUTH.csv [--margins census]
  bench score  --truth TRUTH.csv --clusters CLUSTERS.csv | --pairs PAIRS.csv [--from PROBABILITY | --join PROBABILITY]
  bench entry  --in ROWS.csv [--queries 20000]
  bench address [--count 1000000]
  bench election --voters N --projects N --seed S --out FILE.pb
  bench budget --in FILE.pb [--times 5] [--free IDS]
  bench votes  --out VOTES.csv [--voters 2000] [--statements 200] [--votes 50000] [--seed 1]
  bench opinion --in VOTES.csv [--rounds 20]
  bench town   --out DIR [--tasks 20000] [--people 8000] [--edges 40] [--capacity 3] [--shape near|far] [--seed 1]
  bench pair   --in DIR [--times 5]
  bench scan   [--cells 1000] [--periods 28] [--neighbours 30] [--replicates 999] [--cases 1000] [--stop N] [--seed 1]
  bench series --out SERIES.csv [--series 120] [--weeks 416] [--seed 1]
  bench detect [--series 60000] [--weeks 312]
  bench mqtt   --address HOST:PORT --in DEVICES.txt [--seconds 10] [--warm-up 2] [--window 16] [--every MS] [--idle SECONDS]
  bench services --rows N [--from N] [--seed S] --out SERVICES.ndjson
  bench search --url http://HOST:PORT --in QUERIES.txt [--rounds 10]
  bench board --url http://HOST:PORT --in INVENTED.json";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("bench: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[String]) -> Result<serde_json::Value, String> {
    let (command, options) = args.split_first().ok_or("what is to be measured?")?;
    let options = Options::read(options)?;
    let plan = |clients, seconds, warm_up, work| -> Result<Plan, String> {
        Ok(Plan {
            address: options.address()?,
            clients: options.number("clients", clients)? as usize,
            seconds: Duration::from_secs(options.number("seconds", seconds)?),
            warm_up: Duration::from_secs(options.number("warm-up", warm_up)?),
            work,
        })
    };
    match command.as_str() {
        "intake" => load::run(plan(256, 10, 2, Work::Report { area: options.text("area").map(str::to_owned) })?),
        "pages" => load::run(plan(64, 5, 1, Work::Page { path: options.text("path").unwrap_or("/").to_owned() })?),
        "steps" => {
            let text = |name: &str| options.text(name).map(str::to_owned).ok_or(format!("--{name} is missing"));
            let work = Work::Steps { area: text("area")?, clerk: text("clerk")?, handler: text("handler")?, to: text("to")? };
            load::run(plan(256, 10, 2, work)?)
        }
        "send" => {
            let text = |name: &str| options.text(name).map(str::to_owned).ok_or(format!("--{name} is missing"));
            let paths = text("paths")?.split(',').map(str::to_owned).collect();
            load::run(plan(256, 10, 2, Work::Send { paths, token: text("token")?, body: text("body")? })?)
        }
        "reads" => {
            let text = |name: &str| options.text(name).map(str::to_owned).ok_or(format!("--{name} is missing"));
            reads::run(reads::Plan {
                address: options.address()?,
                clerk: text("clerk")?,
                above: text("above")?,
                clients: options.number("clients", 2)? as usize,
                seconds: Duration::from_secs(options.number("seconds", 30)?),
            })
        }
        "probe" => {
            let seconds = Duration::from_secs(options.number("seconds", 2)?);
            probe::run(options.text("dir").ok_or("--dir is missing")?.as_ref(), seconds).map_err(|e| e.to_string())
        }
        "people" => people::run(&people::Plan {
            rows: options.number("rows", 1_000_000)? as usize,
            seed: options.number("seed", 1)?,
            census: options.text("margins") == Some("census"),
            out: options.path("out")?,
            truth: options.path("truth")?,
        }),
        "score" => {
            let part =
                |name| options.text(name).map(|t| t.parse().map_err(|_| format!("--{name} {t}: not a number"))).transpose();
            let (from, join): (Option<f64>, Option<f64>) = (part("from")?, part("join")?);
            let (truth, clusters, pairs) = (options.path("truth")?, options.path("clusters").ok(), options.path("pairs").ok());
            let told = match (&clusters, &pairs, join) {
                (Some(clusters), _, _) => score::Told::Clusters(clusters),
                (None, Some(pairs), Some(join)) => score::Told::Joined(pairs, join),
                (None, Some(pairs), None) => score::Told::Pairs(pairs, from.unwrap_or(0.0)),
                (None, None, _) => return Err("--clusters or --pairs".into()),
            };
            score::run(&truth, &told)
        }
        "entry" => entry::run(&options.path("in")?, options.number("queries", 20_000)? as usize),
        "address" => address::run(options.number("count", 1_000_000)? as usize),
        "election" => budget::invent(&budget::Plan {
            voters: options.number("voters", 90_000)? as usize,
            projects: options.number("projects", 160)? as usize,
            seed: options.number("seed", 1)?,
            out: options.path("out")?,
        }),
        "budget" => {
            let times = options.number("times", 5)?.max(1) as usize;
            budget::run(&options.path("in")?, times, options.text("free").unwrap_or_default())
        }
        "votes" => opinion::invent(&opinion::Plan {
            voters: options.number("voters", 2000)? as usize,
            statements: options.number("statements", 200)? as usize,
            votes: options.number("votes", 50_000)? as usize,
            seed: options.number("seed", 1)?,
            out: options.path("out")?,
        }),
        "town" => pair::invent(&pair::Plan {
            tasks: options.number("tasks", 20_000)? as usize,
            people: options.number("people", 8000)? as usize,
            edges: options.number("edges", 40)? as usize,
            capacity: options.number("capacity", 3)? as usize,
            near: options.text("shape") != Some("far"),
            seed: options.number("seed", 1)?,
            out: options.path("out")?,
        }),
        "pair" => pair::run(&options.path("in")?, options.number("times", 5)? as usize),
        "scan" => scan::run(&scan::Plan {
            cells: options.number("cells", 1000)?.max(1) as usize,
            periods: options.number("periods", 28)?.max(1) as usize,
            neighbours: options.number("neighbours", 30)? as usize,
            replicates: options.number("replicates", 999)? as u32,
            cases: options.number("cases", 1000)? as usize,
            stop: options.text("stop").map(|_| options.number("stop", 0)).transpose()?.map(|n| n as u32),
            seed: options.number("seed", 1)?,
        }),
        "opinion" => opinion::run(&options.path("in")?, options.number("rounds", 20)? as usize),
        "series" => {
            let (many, weeks) = (options.number("series", 120)? as usize, options.number("weeks", 416)? as usize);
            detect::invent(many, weeks, options.number("seed", 1)?, &options.path("out")?)
        }
        "detect" => detect::run(options.number("series", 60_000)? as usize, options.number("weeks", 312)?.max(1) as usize),
        "services" => directory::invent(&directory::Plan {
            services: options.number("rows", 100_000)? as usize,
            from: options.number("from", 0)? as usize,
            seed: options.number("seed", 1)?,
            out: options.path("out")?,
        }),
        "mqtt" => mqtt::run(&mqtt::Plan {
            address: options.text("address").ok_or("--address is missing")?.to_owned(),
            devices: options.path("in")?,
            seconds: Duration::from_secs(options.number("seconds", 10)?),
            warm_up: Duration::from_secs(options.number("warm-up", 2)?),
            window: options.number("window", 16)?.clamp(1, 512) as usize,
            every: options.text("every").map(|_| options.number("every", 0)).transpose()?.map(Duration::from_millis),
            idle: options.text("idle").map(|_| options.number("idle", 0)).transpose()?.map(Duration::from_secs),
        }),
        "board" => board::run(&options.address()?, &options.path("in")?),
        "search" => directory::run(&options.address()?, &options.path("in")?, options.number("rounds", 10)? as usize),
        other => Err(format!("no command {other}")),
    }
}

/// `--name value` pairs.
struct Options(Vec<(String, String)>);

impl Options {
    fn read(args: &[String]) -> Result<Options, String> {
        let pair = |two: &[String]| match two {
            [name, value] if name.starts_with("--") => Ok((name[2..].to_owned(), value.clone())),
            _ => Err(format!("{}: not an option with a value", two.join(" "))),
        };
        args.chunks(2).map(pair).collect::<Result<_, _>>().map(Options)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn path(&self, name: &str) -> Result<std::path::PathBuf, String> {
        self.text(name).map(Into::into).ok_or_else(|| format!("--{name} is missing"))
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        self.text(name).map_or(Ok(default), |t| t.parse().map_err(|_| format!("--{name} {t}: not a number")))
    }

    fn address(&self) -> Result<String, String> {
        let url = self.text("url").ok_or("--url is missing")?;
        let address = url.strip_prefix("http://").ok_or("--url must begin with http://")?;
        Ok(address.trim_end_matches('/').to_owned())
    }
}
