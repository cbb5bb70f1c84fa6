//! What is wrong with a call: each mistake is an entry of its own in the list that the partner gets.

use fluent_bundle::FluentArgs;

use super::format::{self, Format};
use crate::kit::error::Kind;
use crate::kit::{Error, Reply, Req, tell};

/// One mistake.
#[derive(Clone, Debug)]
pub struct Fault {
    status: u16,
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    /// A text `open311-<key>` about something.
    Said(&'static str, String),
    /// An error of the program at large.
    Error(Error),
}

impl Fault {
    /// Something is missing or wrong.
    pub fn bad(key: &'static str, what: impl Into<String>) -> Fault {
        Fault { status: 400, why: Why::Said(key, what.into()) }
    }

    /// There is no such thing.
    pub fn unknown(key: &'static str, what: impl Into<String>) -> Fault {
        Fault { status: 404, why: Why::Said(key, what.into()) }
    }

    /// The key is missing, or does not open this.
    pub fn key(key: &'static str) -> Fault {
        Fault { status: 403, why: Why::Said(key, String::new()) }
    }
}

/// All that is wrong with a call.
#[derive(Clone, Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Faults {
        Faults(vec![fault])
    }
}

impl From<Error> for Faults {
    fn from(error: Error) -> Faults {
        Fault { status: status_of(error.kind), why: Why::Error(error) }.into()
    }
}

impl From<Kind> for Faults {
    fn from(kind: Kind) -> Faults {
        Error::from(kind).into()
    }
}

impl From<store::Error> for Faults {
    fn from(e: store::Error) -> Faults {
        Error::from(e).into()
    }
}

impl Faults {
    /// Nothing is wrong, or everything that is.
    pub fn check(self) -> Result<(), Faults> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The answer. One status stands for all: that of the mistakes when they agree, else 400.
    pub fn reply(&self, req: &Req, format: Format) -> Reply {
        let status = self.0.first().map_or(400, |f| f.status);
        let status = if self.0.iter().all(|f| f.status == status) { status } else { 400 };
        let mut retry = None;
        let lines: Vec<(u16, String)> = self
            .0
            .iter()
            .map(|f| match &f.why {
                Why::Said(key, what) => {
                    let mut args = FluentArgs::new();
                    args.set("what", what.as_str());
                    (f.status, req.app.texts.get(req.lang, &format!("open311-{key}"), Some(&args)))
                }
                Why::Error(e) => {
                    if let Some(detail) = &e.detail {
                        let line =
                            serde_json::json!({ "level": "error", "code": e.kind.code(), "detail": detail, "path": req.path });
                        tell::trouble(&line);
                    }
                    retry = retry.or(e.limit.filter(|_| matches!(f.status, 429 | 503 | 507)));
                    let field = e.field.as_deref().map(|f| format!(" ({f})")).unwrap_or_default();
                    (f.status, format!("{}{field}", req.error_text(e)))
                }
            })
            .collect();
        let reply = format::errors(format, &lines).status(status);
        match retry {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

/// The standard knows 404 (no such thing), 403 (key), and 400 for everything else a client can do wrong; what stands
/// in the way of reading at all keeps the status that HTTP has for it.
pub fn status_of(kind: Kind) -> u16 {
    match kind.status() {
        401 => 403,
        409 | 422 => 400,
        other => other,
    }
}
