//! `xiezhi health`: the night run by hand, and many invented series to time it on.

use xiezhi::activities::health::night;
use xiezhi::demo::watch;
use xiezhi::kit::App;

use super::Node;

/// Early warning on counts.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Looks at all series now, as the night run does; says how long its parts took.
    Night {
        #[command(flatten)]
        node: Node,
    },
    /// Fills an empty node with invented series, to time the night run on.
    Invent {
        #[command(flatten)]
        node: Node,
        /// Communities.
        #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        communities: u32,
        /// Syndromes of each.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=99))]
        syndromes: u32,
        /// Years of days.
        #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=20))]
        years: u32,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Night { node } => {
            let app = App::open(node.config()?)?;
            let began = app.now();
            let run = night::run(&app).map_err(|e| e.to_string())?;
            let took = app.now() - began;
            let (read, compute, write) = (run.read, run.compute, run.write);
            println!(
                "{}",
                serde_json::json!({
                    "series": run.series, "judged": run.judged, "found": run.found, "new": run.new,
                    "read_ms": read, "compute_ms": compute, "write_ms": write, "ms": took,
                })
            );
        }
        Command::Invent { node, communities, syndromes, years } => {
            let app = App::open(node.config()?)?;
            let wanted =
                watch::Wanted { communities: communities as usize, syndromes: syndromes as usize, years: years as usize };
            watch::seed(&app, wanted, |n| eprint!("\r{n} of {communities} communities")).map_err(|e| e.to_string())?;
            eprintln!();
        }
    }
    Ok(())
}
