//! `xiezhi hotline …`: orders in, replies out, without a browser.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xiezhi::base::classes;
use xiezhi::kit::{App, Who};
use xiezhi::records::hotline::map::{self, Map};
use xiezhi::records::hotline::reply::{self, Which};
use xiezhi::records::hotline::take;

use super::Node;

/// What can be done with a hotline's files.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Takes a file of orders in (.xlsx, .csv) and puts its mapping in force.
    Import {
        #[command(flatten)]
        node: Node,
        /// What the columns mean (TOML).
        #[arg(long)]
        map: PathBuf,
        file: PathBuf,
    },
    /// Writes answered orders as the hotline wants them: .xlsx or .csv by the ending of the file, CSV to standard output.
    Export {
        #[command(flatten)]
        node: Node,
        /// Name of the hotline, as its mapping says.
        #[arg(long, default_value = "12345")]
        source: String,
        /// Only what was answered on or after this day.
        #[arg(long)]
        since: Option<String>,
        file: Option<PathBuf>,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Import { node, map, file } => import(&node, &map, &file),
        Command::Export { node, source, since, file } => export(&node, &source, since.as_deref(), file.as_deref()),
    }
}

fn import(node: &Node, map: &Path, file: &Path) -> Result<ExitCode, String> {
    let text = super::methods::read_text(map)?;
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let app = App::open(node.config()?)?;
    let done = take::from_files(&app, &text, &bytes).map_err(|e| format!("{}: {e}", file.display()))?;
    eprintln!("added {}, linked {}, known {}, rejected {}", done.added, done.linked, done.known, done.rejected.len());
    println!("line,reason");
    done.rejected.iter().for_each(|r| println!("{},{}", r.line, r.reason));
    Ok(ExitCode::SUCCESS)
}

fn export(node: &Node, source: &str, since: Option<&str>, file: Option<&Path>) -> Result<ExitCode, String> {
    let app = App::open(node.config()?)?;
    let say = |e: xiezhi::kit::Error| e.to_string();
    let all = app.db.read(|r| map::all(r)).map_err(say)?;
    let text = &all.iter().find(|(s, _)| s == source).ok_or_else(|| format!("no mapping for {source}"))?.1;
    let map = Map::parse(text, &*classes::now(&app).map_err(say)?)?;
    let day = |text: &str| -> Result<i64, String> {
        let day: jiff::civil::Date = text.parse().map_err(|_| format!("--since {text}: write a day like 2026-11-25"))?;
        let at = day.to_zoned_datetime(app.config.zone.clone()).map_err(|e| e.to_string())?;
        Ok(at.timestamp().as_millisecond())
    };
    let which = Which { path: None, since: since.map(day).transpose()?.unwrap_or(0) };
    let rows = reply::table(&app, &Who::system(), &map, &which).map_err(say)?;
    eprintln!("{} replies", rows.len() - 1);
    let csv = file.is_none_or(|f| f.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")));
    let (bytes, _, _) = reply::file(rows, csv).map_err(say)?;
    match file {
        Some(path) => std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))?,
        None => std::io::stdout().write_all(&bytes).map_err(|e| e.to_string())?,
    }
    Ok(ExitCode::SUCCESS)
}
