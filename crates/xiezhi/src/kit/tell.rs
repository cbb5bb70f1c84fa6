//! Lines for whoever looks after the program, on standard error and, when it starts, on standard output.
//!
//! What must stay true: telling never stops anything. Where the disk behind standard error is full, or nobody reads any
//! more, the line is lost and the work goes on (`eprintln!` would end the thread).

use std::io::Write as _;

/// Tells what went wrong, as one line of JSON.
pub fn trouble(line: &serde_json::Value) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Says one line to whoever started the program.
pub fn started(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
