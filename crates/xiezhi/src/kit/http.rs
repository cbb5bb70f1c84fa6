//! Requests, replies, and route tables as data.
//!
//! Every handler is a plain `fn(&Req) -> Result<Reply>` on a blocking thread. A route says who may call it; the edge
//! checks that before the handler runs. Tests walk the tables: every route has a story, every view a schema.

use std::net::IpAddr;

use hyper::HeaderMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use store::{Key, Tx};

use super::app::App;
use super::error::{Error, Kind, Result};
use super::form::Form;
use super::i18n::Lang;
use super::input::Input;
use super::time::Ms;
use super::who::Who;

/// Who may call a route. Finer rules (whose case, which area) are checked by the action itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Anybody.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever works with cases.
    Staff,
    /// The system administrator.
    Admin,
}

/// One line of a route table.
#[derive(Clone, Copy)]
pub struct Route {
    /// `GET` or `POST`; another one only where a foreign standard asks for it.
    pub method: &'static str,
    /// Path with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub may: May,
    /// The handler.
    pub run: fn(&Req) -> Result<Reply>,
    /// One English sentence for `/openapi.json`.
    pub about: &'static str,
    /// Schema of what it gives as JSON.
    pub gives: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The same for every visitor who is not signed in: the edge may give the same answer twice within a moment.
    pub same_for_all: bool,
}

impl Route {
    /// A page or read.
    pub const fn get(path: &'static str, may: May, run: fn(&Req) -> Result<Reply>, about: &'static str) -> Route {
        Route { method: "GET", path, may, run, about, gives: None, same_for_all: false }
    }

    /// An action.
    pub const fn post(path: &'static str, may: May, run: fn(&Req) -> Result<Reply>, about: &'static str) -> Route {
        Route { method: "POST", path, may, run, about, gives: None, same_for_all: false }
    }

    /// What a foreign standard does by another method.
    pub const fn other(
        method: &'static str,
        path: &'static str,
        may: May,
        run: fn(&Req) -> Result<Reply>,
        about: &'static str,
    ) -> Route {
        Route { method, path, may, run, about, gives: None, same_for_all: false }
    }

    /// Whether it brings a body and may write.
    pub fn writes(&self) -> bool {
        matches!(self.method, "POST" | "PATCH" | "DELETE")
    }

    /// Marks a page that is the same for every visitor.
    pub const fn same_for_all(mut self) -> Route {
        self.same_for_all = true;
        self
    }

    /// Names the view it gives.
    pub const fn gives<T: JsonSchema>(mut self) -> Route {
        self.gives = Some(|g| g.subschema_for::<T>());
        self
    }
}

/// A part of the address space that answers every error in a form of its own, because its clients speak a foreign
/// standard and read nothing else: unknown paths, bodies that are too large and a program that is busy included.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Beginning of the paths.
    pub prefix: &'static str,
    /// The answer to an error: path, error, and what it says to the reader.
    pub refuse: fn(&str, &Error, &str) -> Reply,
}

impl Manner {
    /// Answers with an error.
    pub fn error(&self, path: &str, error: &Error, message: &str) -> Reply {
        retry((self.refuse)(path, error, message), error)
    }
}

/// What the header of a page says about the person.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Header {
    /// Name, shown to the person alone.
    pub name: String,
    /// Role kinds.
    pub roles: Vec<String>,
    /// Organisation.
    pub body: Option<String>,
    /// Works with cases.
    pub staff: bool,
    /// Acts for this person, who trusts him.
    pub acting: bool,
    /// Unread notices.
    pub unread: i64,
    /// Where work starts.
    pub home: String,
}

/// What stands on top of every page of those it concerns: an emergency that runs.
#[derive(Clone, Debug, Serialize)]
pub struct Banner {
    /// For which area.
    pub area: String,
    /// By which authority.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: String,
}

/// A request, complete and bounded.
pub struct Req<'a> {
    /// The program.
    pub app: &'a App,
    /// Method.
    pub method: &'a str,
    /// Path without the base path.
    pub path: &'a str,
    /// Values of the path's parameters.
    pub params: Vec<(String, String)>,
    /// The query string.
    pub query: Form,
    /// Form fields and files of the body.
    pub form: Form,
    /// The body as JSON.
    pub json: Option<Json>,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Address of the caller.
    pub ip: IpAddr,
    /// Who acts.
    pub who: Who,
    /// Looks up what the header of a page says; asked only when a page is drawn.
    pub header: fn(&Req) -> Result<Option<Header>>,
    /// Looks up what concerns the reader at once; asked only when a page is drawn.
    pub banner: fn(&Req) -> Result<Vec<Banner>>,
    /// Community chosen by the visitor (code and name).
    pub community: Option<(String, String)>,
    /// Language.
    pub lang: Lang,
    /// Elder mode.
    pub elder: bool,
    /// Time at which the request arrived.
    pub now: Ms,
}

impl Req<'_> {
    /// A parameter of the path.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v)
    }

    /// A header as text.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie(self.headers, name)
    }

    /// True when the client wants data rather than a page.
    pub fn wants_json(&self) -> bool {
        wants_json(self.headers)
    }

    /// The body as input, whichever way it came.
    pub fn input(&self) -> Result<Input> {
        match &self.json {
            Some(Json::Object(map)) => Ok(Input(map.clone())),
            Some(_) => Err(Kind::BadJson.into()),
            None => Ok(form_input(&self.form)),
        }
    }

    /// The idempotency key of a POST: header, or hidden field of a form. Without one, nothing is repeated.
    pub fn key(&self) -> Option<&str> {
        self.header_text("idempotency-key").or(self.form.get("_key"))
    }

    /// What makes this request what it is, for comparing repetitions. A multipart body has a new boundary at each try,
    /// so fields and files are compared, not raw bytes.
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut out = format!("{} {}\n", self.method, self.path).into_bytes();
        if let Some(json) = &self.json {
            out.extend(json.to_string().into_bytes());
        }
        for (k, v) in self.form.fields.iter().filter(|(k, _)| k != "_key") {
            out.extend(format!("{}={}{k}{v}\n", k.len(), v.len()).into_bytes());
        }
        for f in &self.form.files {
            out.extend(format!("{}:{}\n", f.field, f.bytes.len()).into_bytes());
            out.extend(&f.bytes);
        }
        out
    }

    /// Runs a write, once for each idempotency key of this person: a repetition gets the text that the first one gave.
    pub fn once(&self, write: impl FnOnce(&mut Tx) -> Result<String> + Send + 'static) -> Result<String> {
        match self.key() {
            Some(key) => {
                let key = Key::new(self.who.key_space(), key, &self.fingerprint());
                Ok(self.app.db.write_once(key, move |tx| Ok::<_, Error>((write(tx)?, None)))?.answer)
            }
            None => Ok(self.app.db.write(write)?.value),
        }
    }

    /// The person who is signed in for himself: an account is nobody else's to change, whoever acts for its owner.
    pub fn myself(&self) -> Result<&str> {
        if self.who.by.is_some() { Err(Kind::Denied.into()) } else { self.person() }
    }

    /// The person who must be signed in.
    pub fn person(&self) -> Result<&str> {
        self.who.person.as_deref().ok_or_else(|| Kind::SignIn.into())
    }

    /// Path with the base path in front, for redirects.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.config.base)
    }

    /// The address that people type, for QR codes and links on paper.
    pub fn absolute(&self, path: &str) -> String {
        let host = self.header_text("host").unwrap_or("localhost");
        let root = self.app.config.file.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        format!("{}{}{path}", root.trim_end_matches('/'), self.app.config.base)
    }
}

/// Says when to try again, where an error is one that passes.
pub(super) fn retry(reply: Reply, error: &Error) -> Reply {
    let passes = matches!(error.kind.status(), 429 | 503 | 507);
    if passes { reply.header("retry-after", error.limit.unwrap_or(2).to_string()) } else { reply }
}

/// A cookie from the headers.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get("cookie")?.to_str().ok()?;
    all.split(';').filter_map(|c| c.trim().split_once('=')).find(|(k, _)| *k == name).map(|(_, v)| v)
}

/// True when the client wants data: it says so, or it sent JSON and did not ask for a page.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let text = |n: &str| headers.get(n).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let accept = text("accept");
    if accept.contains("text/html") {
        return false;
    }
    accept.contains("application/json") || text("content-type").starts_with("application/json")
}

fn form_input(form: &Form) -> Input {
    let mut map = Map::new();
    for (k, v) in &form.fields {
        match map.get_mut(k) {
            None => {
                map.insert(k.clone(), v.clone().into());
            }
            Some(Json::Array(items)) => items.push(v.clone().into()),
            Some(one) => *one = Json::Array(vec![one.take(), v.clone().into()]),
        }
    }
    Input(map)
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub kind: &'static str,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// Bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer of some media type.
    pub fn of(kind: &'static str, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status: 200, kind, headers: Vec::new(), body: body.into() }
    }

    /// JSON.
    pub fn json(value: &impl Serialize) -> Result<Reply> {
        Ok(Reply::of("application/json; charset=utf-8", serde_json::to_vec(value).map_err(Error::internal)?))
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Reply {
        Reply::of("text/plain; charset=utf-8", text.into())
    }

    /// Sends a browser on after a POST.
    pub fn see_other(url: impl Into<String>) -> Reply {
        Reply::text("").status(303).header("location", url.into())
    }

    /// Another status.
    pub fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// One more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}
