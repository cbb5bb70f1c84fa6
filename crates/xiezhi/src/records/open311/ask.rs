//! One call, as far as all calls are alike: the form asked for, the key, the jurisdiction, the parameters.
//!
//! What must stay true: an empty parameter is an absent one; unknown parameters are never an error; whoever guesses keys
//! is slowed down; a key that only reads what is public needs to be no key at all.

use super::fault::{Fault, Faults};
use super::format::{self, Format, Value};
use super::jurisdiction::{self, Jurisdiction};
use super::keys::{self, ApiKey};
use crate::kit::error::Kind;
use crate::kit::time::{self, Ms};
use crate::kit::{Reply, Req, Result, tries};

/// A call that may go on.
pub struct Ask<'a> {
    /// The request.
    pub req: &'a Req<'a>,
    /// The key it came with.
    pub key: Option<ApiKey>,
    /// Where; the whole node when absent.
    pub place: Option<Jurisdiction>,
}

/// Whether a call works without a key.
#[derive(Clone, Copy, PartialEq)]
pub enum Key {
    /// It must have one.
    Needed,
    /// It may have one.
    Optional,
}

/// Answers a call in the form its path asks for, mistakes included.
pub fn answer(req: &Req, root: &str, need: Key, run: impl FnOnce(&Ask) -> std::result::Result<Value, Faults>) -> Result<Reply> {
    let format = Format::of_path(req.path);
    let end = Ask::begin(req, need).and_then(|ask| run(&ask));
    let reply = match end {
        Ok(value) => format::document(format, root, &value).status(if req.method == "POST" { 201 } else { 200 }),
        Err(faults) => faults.reply(req, format),
    };
    // Reads are for pages of other sites too.
    Ok(if req.method == "GET" { reply.header("access-control-allow-origin", "*") } else { reply })
}

impl<'a> Ask<'a> {
    /// Checks key and jurisdiction.
    pub fn begin(req: &'a Req<'a>, need: Key) -> std::result::Result<Ask<'a>, Faults> {
        if req.json.is_some() {
            return Err(Kind::ContentType.into());
        }
        let ask = Ask { req, key: None, place: None };
        let key = match (ask.text("api_key"), need) {
            (Some(text), _) => ask.key(text, need)?,
            (None, Key::Needed) => return Err(Fault::key("key-missing").into()),
            (None, Key::Optional) => None,
        };
        if let Some(key) = &key {
            req.app.tries.pace(&key.id, u32::try_from(key.per_minute).unwrap_or(0), req.now)?;
        }
        let all = req.app.db.read(|r| jurisdiction::all(r))?;
        let place = jurisdiction::choose(all, ask.text("jurisdiction_id"))?;
        let bound = key.as_ref().and_then(|k| k.jurisdiction.as_deref());
        if need == Key::Needed && bound.is_some() && bound != place.as_ref().map(|j| j.id.as_str()) {
            return Err(Fault::key("key-elsewhere").into());
        }
        Ok(Ask { req, key, place })
    }

    fn key(&self, text: &str, need: Key) -> std::result::Result<Option<ApiKey>, Faults> {
        let guess = &tries::keys("open311 key", "", self.req.ip)[1..];
        if need == Key::Needed {
            self.req.app.tries.check(guess, self.req.now)?;
        }
        let found = self.req.app.db.read(|r| keys::find(r, text))?;
        if found.is_none() && need == Key::Needed {
            self.req.app.tries.failed(guess, self.req.now);
            return Err(Fault::key("key-wrong").into());
        }
        Ok(found)
    }

    /// A parameter without blanks around it: of the body, else of the query.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.req.form.get(name).or_else(|| self.req.query.get(name))
    }

    /// All values of a parameter.
    pub fn all<'s>(&'s self, name: &'s str) -> Vec<&'s str> {
        self.req.form.all(name).chain(self.req.query.all(name)).collect()
    }

    /// A list with commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let Some(text) = self.text(name) else { return Vec::new() };
        text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
    }

    /// A time.
    pub fn time(&self, name: &'static str) -> std::result::Result<Option<Ms>, Fault> {
        self.text(name).map(|t| read_time(t).ok_or_else(|| Fault::bad("date", name))).transpose()
    }

    /// A whole number within bounds.
    pub fn number(&self, name: &'static str, min: i64, max: i64) -> std::result::Result<Option<i64>, Fault> {
        let read = |t: &str| t.parse().ok().filter(|n| (min..=max).contains(n));
        self.text(name).map(|t| read(t).ok_or_else(|| Fault::bad("number", format!("{name} ({min}–{max})")))).transpose()
    }

    /// A text of ours.
    pub fn say(&self, key: &str, args: &[(&'static str, &str)]) -> String {
        let mut fluent = fluent_bundle::FluentArgs::new();
        args.iter().for_each(|(k, v)| fluent.set(*k, *v));
        // A value that is not known leaves no blank at the end.
        self.req.app.texts.get(self.req.lang, key, Some(&fluent)).trim().to_owned()
    }
}

/// Reads a time with zone. A `+` that was not encoded arrives as a blank.
pub fn read_time(text: &str) -> Option<Ms> {
    let text = text.trim();
    let shaped = text.len() >= 20 && text.as_bytes()[10].eq_ignore_ascii_case(&b'T');
    let text = match text.rfind(' ') {
        Some(at) if at >= 19 => format!("{}+{}", &text[..at], &text[at + 1..]),
        _ => text.to_owned(),
    };
    time::parse(&text).filter(|_| shaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_zone_or_are_none() {
        let at = time::parse("2026-11-25T08:00:00Z");
        for same in ["2026-11-25T08:00:00Z", "2026-11-25T16:00:00+08:00", "2026-11-25T16:00:00 08:00", "2026-11-25T08:00:00.000Z"]
        {
            assert_eq!(read_time(same), at, "{same}");
        }
        for bad in ["2026-11-25", "2026-11-25T08:00:00", "yesterday", "2026-13-25T08:00:00Z", "", "2026-11-25 08:00:00Z"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
    }
}
