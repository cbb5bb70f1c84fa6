//! `xiezhi board`: an invented nation on a node that has its divisions, to time boards on.

use xiezhi::demo::nation;
use xiezhi::kit::App;

use super::Node;

/// Boards.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Fills a node that has areas with invented days of all of them; says who may look and at which areas.
    Invent {
        #[command(flatten)]
        node: Node,
    },
    /// Logs invented batches of nodes beneath and times how they are folded.
    Fold {
        #[command(flatten)]
        node: Node,
        /// Events.
        #[arg(long, default_value_t = 3_000_000)]
        events: usize,
        /// Events of one batch.
        #[arg(long, default_value_t = 1000)]
        batch: usize,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<(), String> {
    let line = match command {
        Command::Invent { node } => {
            let app = App::open(node.config()?)?;
            let begun = app.now();
            let done = nation::fill(&app, |n| eprint!("\r{n} rows")).map_err(|e| e.to_string())?;
            eprintln!();
            let ms = app.now() - begun;
            serde_json::json!({ "rows": done.rows, "ms": ms, "token": done.token, "samples": done.samples })
        }
        Command::Fold { node, events, batch } => {
            let app = App::open(node.config()?)?;
            let done = nation::fold(&app, events, batch.max(1)).map_err(|e| e.to_string())?;
            let per_second = done.events as i64 * 1000 / done.ms.max(1);
            serde_json::json!({
                "events": done.events, "deltas": done.deltas, "entries": done.entries, "ms": done.ms, "per_second": per_second,
                "minutes_of_30_million": 30_000_000.0 / (per_second.max(1) as f64) / 60.0,
            })
        }
    };
    println!("{line}");
    Ok(())
}
