//! Floor 6: the command line. Results go to standard output, talk to standard error; exit 0 done, 1 checked and false,
//! 2 bad input.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use serde_json::json;
use store::{Receipt, note};
use xiezhi::base::{area, classes, party, worktime};
use xiezhi::demo;
use xiezhi::edge::{backup, serve};
use xiezhi::kit::config::Config;
use xiezhi::kit::{App, tell};
use xiezhi::records::case::import;

#[path = "main/account.rs"]
mod account;
#[path = "main/allot.rs"]
mod allot;
#[path = "main/board.rs"]
mod board;
#[path = "main/budget.rs"]
mod budget;
#[path = "main/detect.rs"]
mod detect;
#[path = "main/exchange.rs"]
mod exchange;
#[path = "main/health.rs"]
mod health;
#[path = "main/hotline.rs"]
mod hotline;
#[path = "main/levels.rs"]
mod levels;
#[path = "main/link.rs"]
mod link;
#[path = "main/calc.rs"]
mod methods;
#[path = "main/opinion.rs"]
mod opinion;
#[path = "main/pair.rs"]
mod pair;
#[path = "main/recut.rs"]
mod recut;
#[path = "main/scan.rs"]
mod scan;
#[path = "main/service.rs"]
mod service;
#[path = "main/table.rs"]
mod table;
#[path = "main/tally.rs"]
mod tally;

/// What one thread takes from memory another gives back (a request, its write, its answer), on hundreds of threads: of four
/// allocators this one is fast at it and returns what rests (`.cargo/config.toml` has its settings, docs/dependencies.md why).
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Xiezhi 协治: community grid collaborative governance.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where a node is.
#[derive(clap::Args)]
struct Node {
    /// Folder of the node.
    #[arg(long)]
    data: PathBuf,
    /// PostgreSQL URL; SQLite in the folder without it.
    #[arg(long)]
    database_url: Option<String>,
    /// Settings (TOML).
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Node {
    fn config(&self) -> Result<Config, String> {
        let mut config = Config::new(&self.data);
        if let Some(file) = &self.config {
            config = config.with_file(file)?;
        }
        config.database_url.clone_from(&self.database_url);
        Ok(config)
    }
}

/// How a node is reached.
#[derive(clap::Args)]
struct Listen {
    /// Address; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Address for devices that speak MQTT (3.1.1 and 5); port 0 picks a free one.
    #[arg(long, value_name = "ADDR")]
    mqtt: Option<String>,
    /// Address for fire alarm panels (GB/T 26875.3); port 0 picks a free one. Only networks of the settings may call.
    #[arg(long, value_name = "ADDR")]
    gb26875: Option<String>,
    /// Path under which it is mounted, like /p/app.
    #[arg(long, default_value = "")]
    base_path: String,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a node.
    Serve {
        #[command(flatten)]
        node: Node,
        #[command(flatten)]
        listen: Listen,
    },
    /// Serves a node with an invented district in it.
    Demo {
        #[command(flatten)]
        node: Node,
        #[command(flatten)]
        listen: Listen,
        /// `manual`: time stands still until POST /demo/clock.
        #[arg(long)]
        clock: Option<String>,
        /// Nodes above one another: 3 starts a district and a city above the demo, in folders of their own beneath its.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
        levels: u8,
        /// Plays a year, quickly, in which devices tell and people come, and goes on from there.
        #[arg(long, conflicts_with = "clock")]
        live: bool,
        /// People in the register of the first community.
        #[arg(long, value_name = "N", default_value_t = demo::PEOPLE, value_parser = clap::value_parser!(u16).range(0..=5000))]
        people: u16,
        /// Adds a city with so many cases, to try how the program behaves with them.
        #[arg(long, value_name = "N")]
        cases: Option<usize>,
        /// So many in a hundred of these are open; as in life when absent.
        #[arg(long, value_name = "PERCENT", requires = "cases", value_parser = clap::value_parser!(u8).range(0..=100))]
        open: Option<u8>,
    },
    /// Accounts.
    #[command(subcommand)]
    Account(account::Command),
    /// Other nodes: joining, sealed files.
    #[command(subcommand)]
    Exchange(exchange::Command),
    /// Divisions.
    #[command(subcommand)]
    Area(AreaCommand),
    /// Boards.
    #[command(subcommand)]
    Board(board::Command),
    /// Cases.
    #[command(subcommand)]
    Case(CaseCommand),
    /// Early warning on counts.
    #[command(subcommand)]
    Health(health::Command),
    /// Work orders of a hotline.
    #[command(subcommand)]
    Hotline(hotline::Command),
    /// The directory of services.
    #[command(subcommand)]
    Service(service::Command),
    /// Working days.
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// The pure methods, without a database.
    #[command(subcommand)]
    Calc(methods::Calc),
    /// Checks a receipt, without a server.
    Verify {
        receipt: PathBuf,
        /// The log's public key, as /log/key gives it.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// The log.
    #[command(subcommand)]
    Log(LogCommand),
    /// A consistent copy of a running node, into a new folder.
    Backup {
        #[command(flatten)]
        node: Node,
        out: PathBuf,
    },
    /// Puts a copy back into an empty folder and proves its log.
    Restore {
        /// The copy.
        #[arg(long)]
        verify: PathBuf,
        #[arg(long)]
        data: PathBuf,
    },
    /// Checks settings, keys, database and log of a node.
    Check {
        #[command(flatten)]
        node: Node,
    },
}

#[derive(Subcommand)]
enum AreaCommand {
    /// Reads division lists: CSV with `code` and `name`, also gzipped.
    Import {
        #[command(flatten)]
        node: Node,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Cuts the grids of a community anew: GeoJSON polygons with `code` and `name`.
    Recut {
        #[command(flatten)]
        node: Node,
        /// Code of the community.
        #[arg(long)]
        community: String,
        /// The day from which they hold, like 2026-12-01; now without it.
        #[arg(long)]
        from: Option<String>,
        /// Only says what it means.
        #[arg(long)]
        dry_run: bool,
        /// What the file's places are measured against: wgs84 cgcs2000 gcj02 bd09.
        #[arg(long)]
        datum: Option<String>,
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum CaseCommand {
    /// Reads a foreign request file through a mapping.
    Import {
        #[command(flatten)]
        node: Node,
        /// What the columns mean (TOML).
        #[arg(long)]
        map: PathBuf,
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum CalendarCommand {
    /// Puts a calendar in force: CSV `day,kind,name`.
    Import {
        #[command(flatten)]
        node: Node,
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum LogCommand {
    /// Hashes every entry again and rebuilds the tree.
    Verify {
        #[arg(long, required_unless_present = "database_url")]
        data: Option<PathBuf>,
        #[arg(long)]
        database_url: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("xiezhi: {why}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve { node, listen } => {
            let app = open(node.config()?, &listen, None)?;
            let token = party::web::set_up_token(&app).map_err(|e| e.to_string())?;
            serve::run(app, |bound| {
                tell::started(&format!("listening http://{}", bound.http));
                if let Some(mqtt) = bound.mqtt {
                    tell::started(&format!("MQTT {mqtt}"));
                }
                if let Some(panels) = bound.gb26875 {
                    tell::started(&format!("GB26875 {panels}"));
                }
                if let Some(token) = token {
                    tell::started(&format!("set-up token {token} (open /set-up and make the first account)"));
                }
            })?;
        }
        Command::Demo { node, mut listen, clock, levels, live, people, cases, open: share } => {
            listen.mqtt.get_or_insert_with(|| "127.0.0.1:0".into());
            let mut config = node.config()?;
            config.demo = true;
            config.manual_clock = match clock.as_deref() {
                None => false,
                Some("manual") => true,
                Some(other) => return Err(format!("--clock {other}: only manual is known")),
            };
            config.live = live;
            let app = open(config, &listen, Some(people.into()))?;
            if live {
                demo::live::start(app.clone()).map_err(|e| e.to_string())?;
            }
            let accounts = demo::accounts(&app).map_err(|e| e.to_string())?;
            if let Some(cases) = cases {
                let wanted = demo::crowd::Wanted { cases, open: share.map(usize::from) };
                demo::crowd::seed(&app, wanted, |n| eprint!("\r{n} of {cases} cases")).map_err(|e| e.to_string())?;
                eprintln!();
            }
            let key = demo::open311_key(&app).map_err(|e| e.to_string())?;
            let program = demo::api_key(&app).map_err(|e| e.to_string())?;
            let device = demo::device(&app).map_err(|e| e.to_string())?;
            let above = levels::start(&app, &node, levels)?;
            serve::run(app, |bound| {
                tell::started(&format!("listening http://{}", bound.http));
                above.iter().for_each(|line| tell::started(line));
                for (role, name, password) in accounts {
                    tell::started(&format!("account {role} {name} {password}"));
                }
                tell::started(&format!("Open311 key: {key}"));
                if let Some((body, key)) = program {
                    tell::started(&format!("API key: {body} {key}"));
                }
                if let (Some(mqtt), Some((name, password))) = (bound.mqtt, device) {
                    tell::started(&format!("MQTT {mqtt} {name} {password}"));
                }
            })?;
        }
        Command::Account(command) => return account::run(command),
        Command::Area(AreaCommand::Import { node, files }) => return import_areas(&node, &files),
        Command::Area(AreaCommand::Recut { node, community, from, dry_run, datum, file }) => {
            let app = App::open(node.config()?)?;
            return recut::run(&app, &community, from.as_deref(), dry_run, datum.as_deref(), &file);
        }
        Command::Case(CaseCommand::Import { node, map, file }) => return import_cases(&node, &map, &file),
        Command::Board(command) => return board::run(command).map(|()| ExitCode::SUCCESS),
        Command::Exchange(command) => return exchange::run(command).map(|()| ExitCode::SUCCESS),
        Command::Health(command) => return health::run(command).map(|()| ExitCode::SUCCESS),
        Command::Hotline(command) => return hotline::run(command),
        Command::Service(command) => return service::run(command).map(|()| ExitCode::SUCCESS),
        Command::Calendar(CalendarCommand::Import { node, file }) => return import_calendar(&node, &file),
        Command::Calc(method) => return methods::run(method),
        Command::Verify { receipt, key } => return verify_receipt(&receipt, key.as_deref()),
        Command::Log(LogCommand::Verify { data, database_url }) => {
            let report = backup::prove(&backup::viewer(data.as_deref(), database_url.as_deref())?)?;
            println!("{report}");
            return Ok(yes(report["ok"] == true));
        }
        Command::Backup { node, out } => println!("{}", backup::backup(&node.config()?, &out)?),
        Command::Restore { verify, data } => println!("{}", backup::restore(&verify, &data)?),
        Command::Check { node } => {
            let (ok, report) = backup::check(&node.config()?);
            println!("{report}");
            return Ok(yes(ok));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn yes(ok: bool) -> ExitCode {
    if ok { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn open(config: Config, listen: &Listen, demo: Option<usize>) -> Result<Arc<App>, String> {
    let mut config = config.with_base(&listen.base_path)?;
    config.listen.clone_from(&listen.listen);
    config.mqtt.clone_from(&listen.mqtt);
    config.gb26875.clone_from(&listen.gb26875);
    let app = App::open(config)?;
    if let Some(people) = demo {
        if app.config.live {
            demo::live::set_clock(&app).map_err(|e| e.to_string())?;
        }
        // Before anything else is written: the demo begins two weeks ago, and the log does not run backwards.
        demo::seed(&app, people).map_err(|e| e.to_string())?;
    }
    // Only what is missing is written: with a full disk, too, a node starts and shows what it has.
    if !app.db.read(|r| party::was_started(r)).map_err(|e| e.to_string())? {
        app.db.write(party::first_start).map_err(|e| e.to_string())?;
    }
    Ok(Arc::new(app))
}

fn import_areas(node: &Node, files: &[PathBuf]) -> Result<ExitCode, String> {
    let mut lines = Vec::new();
    println!("line,reason");
    let mut rejected = 0;
    for path in files {
        let file = std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let (mut good, bad) = area::import::read(file).map_err(|e| format!("{}: {e}", path.display()))?;
        eprintln!("{}: {} rows", path.display(), good.len());
        lines.append(&mut good);
        rejected += bad.len();
        bad.iter().for_each(|b| println!("{},{}", b.line, b.reason));
    }
    let app = App::open(node.config()?)?;
    app.db.write(party::first_start).map_err(|e| e.to_string())?;
    let (done, orphans) = app.db.write(move |tx| area::import::apply(tx, lines)).map_err(|e| e.to_string())?.value;
    orphans.iter().for_each(|code| println!("{code},no-area-above"));
    eprintln!(
        "added {}, renamed {}, ended {}, unchanged {}, rejected {}",
        done.added,
        done.renamed,
        done.ended,
        done.same,
        rejected + orphans.len()
    );
    Ok(ExitCode::SUCCESS)
}

fn import_calendar(node: &Node, file: &Path) -> Result<ExitCode, String> {
    let calendar = methods::read_calendar(file)?;
    let text = methods::read_text(file)?;
    let app = App::open(node.config()?)?;
    app.db.write(party::first_start).map_err(|e| e.to_string())?;
    let version = app.db.write(move |tx| worktime::set_calendar(tx, None, &text)).map_err(|e| e.to_string())?.value;
    let (from, to) = calendar.years();
    eprintln!("version {version}: {}, {from} to {to}", calendar.name());
    Ok(ExitCode::SUCCESS)
}

fn import_cases(node: &Node, map: &Path, file: &Path) -> Result<ExitCode, String> {
    let text = std::fs::read_to_string(map).map_err(|e| format!("{}: {e}", map.display()))?;
    let input = std::fs::File::open(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let app = App::open(node.config()?)?;
    app.db.write(party::first_start).map_err(|e| e.to_string())?;
    let catalogue = classes::now(&app).map_err(|e| e.to_string())?;
    let map = import::Map::parse(&text, &catalogue).map_err(|e| format!("{}: {e}", map.display()))?;
    let done = import::run(&app, &map, input, |n| eprint!("\r{n} rows")).map_err(|e| format!("{}: {e}", file.display()))?;
    eprintln!("\rimported {}, known {}, rejected {}", done.added, done.known, done.rejected.len());
    println!("line,reason");
    done.rejected.iter().for_each(|r| println!("{},{}", r.line, r.reason));
    Ok(ExitCode::SUCCESS)
}

fn verify_receipt(file: &Path, key: Option<&Path>) -> Result<ExitCode, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let receipt: Receipt = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    let key = match key {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            Some(note::parse_key(&text).ok_or_else(|| format!("{}: not a log key", path.display()))?.1)
        }
        None => None,
    };
    let faults = receipt.faults(key.as_ref());
    println!(
        "{}",
        json!({ "ok": faults.is_empty(), "origin": receipt.origin, "index": receipt.index, "size": receipt.size, "faults": faults })
    );
    Ok(yes(faults.is_empty()))
}
