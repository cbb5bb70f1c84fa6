//! Answers that are the same for every visitor, kept for a moment: a storm of visitors costs one page a second.
//!
//! What must stay true: nothing is kept for anybody who is signed in; data (JSON) are given again only while the log has
//! not grown, so a program reads what it wrote; a page may be one second old, and a little older while one request (not
//! all that wait) makes it anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;

use crate::kit::form::Form;
use crate::kit::http::{cookie, wants_json};
use crate::kit::time::Ms;
use crate::kit::{App, Reply};

/// How old a page may be before it is made anew.
const AGE: Ms = 1000;
/// How old it may be while somebody else is making it anew.
const OLDEST: Ms = 5000;
/// Answers that are kept; when there are more, all are forgotten.
const MOST: usize = 256;
/// Longest answer that is kept, in bytes.
const LONGEST: usize = 64 << 10;

/// The kept answers.
pub struct Kept {
    session: &'static str,
    all: Mutex<HashMap<String, Answer>>,
}

struct Answer {
    at: Ms,
    log_size: u64,
    json: bool,
    /// Since when somebody is making it anew.
    renewed: Option<Ms>,
    reply: Reply,
}

impl Kept {
    /// `session` is the cookie of those for whom nothing is kept.
    pub fn new(session: &'static str) -> Kept {
        Kept { session, all: Mutex::default() }
    }

    /// Everything that an answer depends on; `None` for somebody who is signed in.
    pub fn key(&self, path: &str, query: &Form, headers: &HeaderMap) -> Option<String> {
        if headers.contains_key("authorization") || cookie(headers, self.session).is_some() {
            return None;
        }
        let text = |n: &str| headers.get(n).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut key = format!("{path}\n{}\n{}\n{}", wants_json(headers), text("accept-language"), text("host"));
        for name in ["lang", "elder", "community"] {
            key.push('\n');
            key.push_str(cookie(headers, name).unwrap_or_default());
        }
        for (name, value) in &query.fields {
            // With lengths, so that no value can look like another parameter.
            key.push_str(&format!("\n{}={}:{name}={value}", name.len(), value.len()));
        }
        (key.len() < 1000).then_some(key)
    }

    /// A kept answer that may still be given. Whoever gets none makes a new one.
    pub fn get(&self, app: &App, key: &str) -> Option<Reply> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = all.get_mut(key)?;
        let now = app.now();
        let age = (now - answer.at).abs();
        let unchanged = answer.log_size == app.db.last().size;
        if age < AGE && (unchanged || !(answer.json || app.config.manual_clock || app.config.live)) {
            return Some(answer.reply.clone());
        }
        if !answer.json && age < OLDEST && answer.renewed.is_some_and(|since| now - since < AGE) {
            return Some(answer.reply.clone());
        }
        answer.renewed = Some(now);
        None
    }

    /// Keeps a good answer. `log_size` is that of before it was made.
    pub fn put(&self, app: &App, key: String, log_size: u64, reply: &Reply) {
        if reply.status != 200 || reply.body.len() > LONGEST {
            return;
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        let json = reply.kind.starts_with("application/json");
        all.insert(key, Answer { at: app.now(), log_size, json, renewed: None, reply: reply.clone() });
    }
}
