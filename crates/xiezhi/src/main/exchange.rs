//! `xiezhi exchange`: joining and sealed files by hand, for a machine that nobody opens a browser on.

use std::path::PathBuf;

use serde_json::json;
use store::Query as _;
use xiezhi::kit::App;
use xiezhi::oversight::exchange::carry::{self, file};
use xiezhi::oversight::exchange::mark::{self, Way};
use xiezhi::oversight::exchange::{join, node, peer};

use super::Node;

/// Who acts, as the log names whoever has the machine.
const ACTOR: &str = "console";

/// Other nodes.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Says which area this node serves and what it is called.
    Name {
        #[command(flatten)]
        node: Node,
        /// Area code.
        code: String,
        /// Name.
        name: String,
    },
    /// Invites a level beneath, or a department: prints the line to pass on.
    Invite {
        #[command(flatten)]
        node: Node,
        /// Its area code.
        code: String,
        /// Its name.
        name: String,
        /// Where this node is called by others.
        #[arg(long)]
        url: Option<String>,
        /// A department, not a level beneath.
        #[arg(long)]
        department: bool,
        /// Highest grade of a value that goes to it.
        #[arg(long, default_value_t = join::GRADE, value_parser = clap::value_parser!(i64).range(1..=4))]
        grade: i64,
    },
    /// Accepts the invitation of the level above: prints the answer to carry back.
    Accept {
        #[command(flatten)]
        node: Node,
        /// The line.
        invitation: String,
        /// Highest grade of a value that goes to it.
        #[arg(long, default_value_t = join::GRADE, value_parser = clap::value_parser!(i64).range(1..=4))]
        grade: i64,
    },
    /// Takes in the answer to an invitation.
    Answer {
        #[command(flatten)]
        node: Node,
        /// The line.
        answer: String,
    },
    /// Writes a sealed file with what a peer lacks.
    Write {
        #[command(flatten)]
        node: Node,
        /// Its log, or the beginning of its name; the level above when nothing is said.
        #[arg(long)]
        to: Option<String>,
        out: PathBuf,
    },
    /// Takes sealed files in, in their order.
    Take {
        #[command(flatten)]
        node: Node,
        files: Vec<PathBuf>,
    },
    /// Prints how far each stream is, as JSON.
    Status {
        #[command(flatten)]
        node: Node,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<(), String> {
    let say = |e: xiezhi::kit::Error| e.to_string();
    match command {
        Command::Name { node, code, name } => {
            let app = App::open(node.config()?)?;
            app.db.write(move |tx| node::name(tx, ACTOR, &code, &name)).map_err(say)?;
        }
        Command::Invite { node, code, name, url, department, grade } => {
            let app = App::open(node.config()?)?;
            let relation = if department { peer::Relation::Department } else { peer::Relation::Child };
            let new = join::New { code, name, relation, body: None, grade, url };
            println!("{}", join::invite(&app, ACTOR, new).map_err(say)?);
        }
        Command::Accept { node, invitation, grade } => {
            let app = App::open(node.config()?)?;
            println!("{}", join::accept(&app, ACTOR, &invitation, grade, None).map_err(say)?);
        }
        Command::Answer { node, answer } => {
            let app = App::open(node.config()?)?;
            let peer = join::welcome(&app, &answer).map_err(say)?;
            println!("{}", json!({ "id": peer.id, "name": peer.name, "code": peer.code }));
        }
        Command::Write { node, to, out } => {
            let app = App::open(node.config()?)?;
            let all = app.db.read(|r| peer::all(r)).map_err(|e| e.to_string())?;
            let found = all.iter().find(|p| match &to {
                Some(to) => p.origin.contains(to) || p.name == *to,
                None => p.relation == peer::Relation::Parent,
            });
            let found = found.ok_or("there is no such peer")?;
            carry::prepare(&app).map_err(say)?;
            let bytes = file::write(&app, found).map_err(say)?;
            std::fs::write(&out, bytes).map_err(|e| format!("{}: {e}", out.display()))?;
        }
        Command::Take { node, files } => {
            let app = App::open(node.config()?)?;
            for path in files {
                let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                let brought = file::read(&app, &bytes).map_err(say)?;
                println!(
                    "{}",
                    json!({ "file": path, "batches": brought.batches, "from": brought.from, "missing": brought.missing })
                );
            }
        }
        Command::Status { node } => {
            let app = App::open(node.config()?)?;
            let streams = app.db.read(|r| {
                let mut streams = Vec::new();
                for p in peer::all(r)? {
                    let (went, came) = (mark::of(r, &p.id, Way::Out)?, mark::of(r, &p.id, Way::In)?);
                    streams.push(json!({
                        "name": p.name, "relation": p.relation.as_str(), "code": p.code, "state": p.state.as_str(),
                        "confirmed": went.size, "came": came.size, "events": came.n,
                    }));
                }
                Ok::<_, store::Error>(json!({ "origin": app.db.origin(), "size": r.log_size()?, "peers": streams }))
            });
            println!("{}", streams.map_err(|e| e.to_string())?);
        }
    }
    Ok(())
}
