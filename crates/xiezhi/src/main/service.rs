//! The directory of services, from files.

use std::path::PathBuf;

use clap::Subcommand;
use xiezhi::activities::service::{import, terms};
use xiezhi::base::area;
use xiezhi::kit::{App, Error, Who};

use super::Node;

#[derive(Subcommand)]
pub enum Command {
    /// Imports packages (HSDS as JSON, ndjson, a zip or a folder of CSV files) and tables (.xlsx, CSV). Refused lines go to
    /// standard output as `line,reason`.
    Import {
        #[command(flatten)]
        node: Node,
        /// Name of the source: the same at every delivery.
        #[arg(long, default_value = "import")]
        source: String,
        /// Code of the area that the services are for; everything without it.
        #[arg(long)]
        area: Option<String>,
        /// Files or folders.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Why it went wrong, in the words of the command line.
fn say(file: &std::path::Path, e: &Error) -> String {
    let line = e.limit.filter(|n| *n > 0).map(|n| format!(" line {n}")).unwrap_or_default();
    format!("{}:{line} {}", file.display(), e.kind.code())
}

pub fn run(command: Command) -> Result<(), String> {
    let Command::Import { node, source, area: code, files } = command;
    let app = App::open(node.config()?)?;
    let place = app
        .db
        .read(|r| match &code {
            Some(code) => area::by_code(r, code),
            None => area::top(r),
        })
        .map_err(|e| e.to_string())?
        .ok_or_else(|| format!("there is no area {}", code.unwrap_or_default()))?;
    for file in files {
        let fail = |e: Error| say(&file, &e);
        let known = app.db.read(|r| terms::read(r, &app)).map_err(fail)?;
        let target = import::Target { source: &source, area: &place, terms: &known, app: &app };
        let mut read = if file.is_dir() {
            import::read_folder(&target, &file).map_err(fail)?
        } else {
            let bytes = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            import::read(&target, &bytes).map_err(fail)?
        };
        app.db.read(|r| import::sort_out(r, &source, &mut read)).map_err(fail)?;
        print!("{}", import::report(&read.rejected));
        let rejected = read.rejected.len();
        let done = import::write(&app, &Who::system(), &place, read).map_err(fail)?;
        eprintln!(
            "{}: {} added, {} changed, {} the same, {rejected} rejected",
            file.display(),
            done.added,
            done.changed,
            done.same
        );
    }
    Ok(())
}
