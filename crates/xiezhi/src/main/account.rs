//! `xiezhi account`: what only whoever has the machine may do with an account.

use std::process::ExitCode;

use clap::Subcommand;
use store::{Query as _, params};
use xiezhi::base::party::reset;
use xiezhi::kit::App;

use super::Node;

/// What can be done.
#[derive(Subcommand)]
pub enum Command {
    /// Gives a code with which its owner sets a new password, once: for the last administrator, and for those who watch over
    /// administrators. Nobody else can.
    Reset {
        #[command(flatten)]
        node: Node,
        /// Name to sign in with.
        login: String,
    },
}

/// Does it.
pub fn run(command: Command) -> Result<ExitCode, String> {
    let Command::Reset { node, login } = command;
    // Opening a folder makes a node of it: a slip of the hand must not.
    if node.database_url.is_none() && !node.data.join("xiezhi.db").exists() {
        return Err(format!("{}: there is no node", node.data.display()));
    }
    let app = App::open(node.config()?)?;
    let sql = "select person from account where login = $1";
    let found = app.db.read(|r| r.row(sql, params![&login])).map_err(|e| e.to_string())?;
    let person: String = found.ok_or(format!("{login}: there is no such account"))?.get("person").map_err(|e| e.to_string())?;
    let (code, _, until) = reset::issue(&app, None, &person, |_| Ok(())).map_err(|e| match e.kind {
        xiezhi::kit::error::Kind::NotFound => format!("{login}: this account has no password, or was stopped"),
        _ => e.to_string(),
    })?;
    println!("one-time code {code}, until {} (open /new-password)", app.time(until));
    Ok(ExitCode::SUCCESS)
}
