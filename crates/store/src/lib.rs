//! The store: the only crate that knows SQLite and PostgreSQL.
//!
//! It gives the program one serial history for each node: [`Db::write`] joins the next batch of the single writer, and
//! returns after the batch is durable; [`Db::read`] uses a pool of read-only connections. Every change is logged in the
//! same transaction; the log is a Merkle tree with a signed checkpoint for each batch, so that a [`Receipt`] proves an
//! entry offline. What it promises is written down, once for both engines, in `tests/conformance.rs`.

mod blob;
mod caller;
mod db;
mod engine;
mod error;
mod gather;
mod jobs;
mod log;
mod migrate;
/// Signed checkpoints.
pub mod note;
mod once;
mod query;
mod reader;
mod receipt;
mod seal;
mod shared;
/// The Merkle tree.
pub mod tree;
mod tx;
mod value;
/// Proof of the whole log.
pub mod verify;
mod writer;

pub use blob::Blobs;
pub use caller::with_key;
pub use db::{Db, Done, Once, Options};
pub use engine::Place;
pub use error::{Error, Result};
pub use log::{Element, Entry, Logged, Written, canonical};
pub use migrate::Migration;
pub use once::{KEEP_MS, Key};
pub use query::Query;
pub use reader::{Read, Viewer};
pub use receipt::Receipt;
pub use seal::{Secret, Suite};
pub use shared::Health;
pub use tx::{Tx, uuid_v7};
pub use value::{Fields, FromValue, Row, Value};
pub use writer::Commit;

/// Time and randomness, given by the program: nothing in this crate reads a clock or draws a random number.
pub trait Ambient: Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64;
    /// Fills a buffer with random bytes fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// Bytes as hex digits, small letters.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    bytes.as_ref().iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
