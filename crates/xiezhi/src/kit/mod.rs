//! Floor 0: what every room needs and no room owns. Knows `store` and `calc`, nothing above.

/// The running program: database, clock, texts.
pub mod app;
/// Files for the browser.
pub mod assets;
/// How often keys are used.
pub mod calls;
/// Settings.
pub mod config;
/// The one error type.
pub mod error;
/// Texts from the settings with values in them.
pub mod fill;
/// What is derived from the log.
pub mod follow;
/// Tables of other offices.
pub mod foreign;
/// Bodies of requests.
pub mod form;
/// Files in GB 18030.
pub mod gb18030;
/// Other systems for which somebody waits.
pub mod hosts;
/// Requests, replies, route tables.
pub mod http;
/// Texts in two languages.
pub mod i18n;
/// Typed access to what a client sent.
pub mod input;
/// Codes that are about to leave.
pub mod letters;
/// Enums with stable names.
pub(crate) mod names;
/// Calls to other systems.
pub mod outbound;
/// Packs of rules by place.
pub mod pack;
/// HTML and JSON from one view.
pub mod page;
/// Uploads of which not all has come yet.
pub mod pieces;
/// QR codes.
pub mod qr;
/// Rows of our own tables.
pub(crate) mod row;
/// Tables of others as a stream of rows.
pub mod rows;
/// Tables that clerks edit as workbooks.
pub mod sheet;
/// Work that may run in a few places at once.
pub mod slots;
/// Nonsense of devices, and addresses that nobody knows.
pub mod strange;
/// Tables that come in.
pub mod table;
/// Lines for whoever looks after the program.
pub mod tell;
/// Dates and durations as people read them.
pub mod time;
/// Slowing down whoever guesses.
pub mod tries;
/// What is kept while a version stays.
pub mod versioned;
/// Who acts.
pub mod who;
/// Who witnessed our log.
pub mod witness;

pub use app::App;
pub use error::{Error, Result};
pub use http::{Reply, Req, Route};
pub use who::{Role, RoleKind, Who};

/// SHA-256 of lines, in hex: what the log commits to of things that are public.
pub(crate) fn digest(lines: &[String]) -> String {
    use sha2::Digest;
    store::hex(sha2::Sha256::digest(lines.join("\n").as_bytes()))
}

/// By which mark somebody stands among those who said something of a matter: a keyed digest, so that without the key of the
/// node nobody knows who it is, and another one in every matter.
pub(crate) fn voter(digest: impl Fn(&str, &str) -> [u8; 32], matter: &str, person: &str) -> String {
    store::hex(&digest("voter", &format!("{matter} {person}"))[..16])
}
