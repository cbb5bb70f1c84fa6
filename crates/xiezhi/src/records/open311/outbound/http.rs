//! Calls to other systems.
//!
//! What must stay true: only addresses that begin with a configured endpoint are called; no redirect is followed, no
//! proxy of the environment is used; a call ends after [`PATIENCE`], an answer is cut off at [`MOST`] bytes.

use std::time::Duration;

/// Longest time of one call in all.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest answer, in bytes.
const MOST: u64 = 4 << 20;

/// Why a call did not bring what it should.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// It may work later.
    pub passes: bool,
    /// Short word for the log: never a text of the other side.
    pub code: String,
    /// What people read about it.
    pub text: String,
}

impl Trouble {
    /// Something that trying again does not mend.
    pub fn lasting(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { passes: false, code: code.into(), text: text.into() }
    }

    /// How it is kept: the code, and what people read about it.
    pub fn line(&self) -> String {
        format!("{} {}", self.code, self.text).chars().take(300).collect()
    }

    /// Something that may pass.
    pub fn passing(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { passes: true, code: code.into(), text: text.into() }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("xiezhi/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

type Sent = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn answer(sent: Sent) -> Result<Vec<u8>, Trouble> {
    let mut answer = sent.map_err(|e| match e {
        ureq::Error::BadUri(_) => Trouble::lasting("address", e.to_string()),
        _ => Trouble::passing("network", e.to_string()),
    })?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
    match status {
        200..=299 => body.map_err(|e| Trouble::passing("answer", e.to_string())),
        300..=399 => Err(Trouble::lasting("redirect", format!("HTTP {status}"))),
        408 | 425 | 429 | 500..=599 => Err(Trouble::passing(&format!("http-{status}"), said(status, body))),
        _ => Err(Trouble::lasting(&format!("http-{status}"), said(status, body))),
    }
}

/// The beginning of what the other side says, for people.
fn said(status: u16, body: Result<Vec<u8>, ureq::Error>) -> String {
    let text = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("HTTP {status} {text}")
}

/// Reads.
pub fn get(url: &str, query: &[(&str, String)]) -> Result<Vec<u8>, Trouble> {
    answer(agent().get(url).query_pairs(query.iter().map(|(k, v)| (*k, v.as_str()))).call())
}

/// Sends a form; with files as multipart.
pub fn post(url: &str, once: &str, fields: &[(String, String)], files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Trouble> {
    let (kind, body) = if files.is_empty() {
        let pair = |(k, v): &(String, String)| format!("{}={}", encode(k), encode(v));
        let body = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        ("application/x-www-form-urlencoded; charset=utf-8".to_owned(), body.into_bytes())
    } else {
        multipart(once, fields, files)
    };
    answer(agent().post(url).header("content-type", kind).header("idempotency-key", once).send(&body[..]))
}

fn encode(text: &str) -> String {
    crate::kit::form::encode(text).replace('/', "%2F")
}

/// `once` is an id that is in no text.
fn multipart(once: &str, fields: &[(String, String)], files: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let boundary = format!("xiezhi-{once}");
    let mut out = Vec::new();
    let clean = |t: &str| t.replace(['"', '\r', '\n'], "_");
    for (name, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n", clean(name));
        out.extend(head.into_bytes());
    }
    for (i, (kind, bytes)) in files.iter().enumerate() {
        let name = format!("photo{}", i + 1);
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.jpg\"\r\nContent-Type: {kind}\r\n\r\n"
        );
        out.extend(head.into_bytes());
        out.extend(bytes);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}"), out)
}
