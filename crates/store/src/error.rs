//! What can go wrong beneath the domains. The web edge turns each kind into a stable code and an HTTP status.

use thiserror::Error;

/// Errors of the store.
#[derive(Clone, Debug, Error)]
pub enum Error {
    /// The write queue is full: try again in a moment.
    #[error("the write queue is full")]
    Busy,
    /// The commit failed or its outcome is unknown: retry with the same key.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// No space left for writing. Reading goes on.
    #[error("the disk is full")]
    Full,
    /// The database cannot be reached, or the connection to it broke before anything was committed: try again.
    #[error("the database is away: {0}")]
    Away(String),
    /// A uniqueness or foreign-key rule of the schema refused the row.
    #[error("constraint: {0}")]
    Constraint(String),
    /// The same idempotency key came with another body.
    #[error("the key was used for another request")]
    KeyReused,
    /// A read ran longer than its limit.
    #[error("the query took too long")]
    Timeout,
    /// Stored data contradict themselves: never continue on them.
    #[error("stored data are damaged: {0}")]
    Corrupt(String),
    /// The schema in the database is not one this program can use.
    #[error("schema: {0}")]
    Schema(String),
    /// The program asked for a column or kind that the answer does not have.
    #[error("shape: {0}")]
    Shape(String),
    /// Anything else the engine reported.
    #[error("sql: {0}")]
    Sql(String),
    /// A file could not be read or written.
    #[error("file: {0}")]
    Io(String),
}

/// Result of the store.
pub type Result<T> = std::result::Result<T, Error>;

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Error {
        if e.kind() == std::io::ErrorKind::StorageFull { Error::Full } else { Error::Io(e.to_string()) }
    }
}
