//! Calls to other systems: partner systems, message gateways, group robots.
//!
//! What must stay true: no redirect is followed and no proxy of the environment is used; a call ends after [`PATIENCE`],
//! an answer is cut off at [`MOST`] bytes; whether the other side may have taken what was sent although we heard of a
//! failure is told apart from failures before anything was sent, because only the latter may be tried again by those who
//! must not say a thing twice.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::config::share::ShareFile;
use super::time::{MINUTE, Ms};

/// Longest time of one call in all.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest time of one call for which somebody looks at an empty page.
pub const WAITED_FOR: Duration = Duration::from_secs(6);
/// Longest answer, in bytes.
const MOST: u64 = 4 << 20;

/// Why a call did not bring what it should.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// It may work later.
    pub passes: bool,
    /// The other side may have taken it all the same.
    pub perhaps: bool,
    /// Short word for the log: never a text of the other side.
    pub code: String,
    /// What people read about it.
    pub text: String,
}

impl Trouble {
    /// Something that trying again does not mend.
    pub fn lasting(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { passes: false, perhaps: false, code: code.into(), text: text.into() }
    }

    /// Something that may pass, and for certain nothing was taken.
    pub fn passing(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { passes: true, ..Trouble::lasting(code, text) }
    }

    /// Something that may pass; nobody knows whether it was taken.
    pub fn unclear(code: &str, text: impl Into<String>) -> Trouble {
        Trouble { passes: true, perhaps: true, ..Trouble::lasting(code, text) }
    }

    /// How it is kept: the code, and what people read about it.
    pub fn line(&self) -> String {
        format!("{} {}", self.code, self.text).chars().take(300).collect()
    }
}

/// The pause after a number of failed tries: twice as long each time up to `longest`, and up to a quarter shorter by
/// chance, so that what failed together does not come back together.
pub fn pause(tries: i64, longest: Ms, chance: u8) -> Ms {
    let whole = (MINUTE << tries.clamp(0, 20)).min(longest);
    whole - whole / 4 * i64::from(chance) / 256
}

fn settings(patience: Duration) -> Config {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(patience))
        .user_agent(concat!("xiezhi/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn agent(patience: Duration) -> ureq::Agent {
    settings(patience).into()
}

/// Looks names up, and gives no address that may not be called: whatever a name says at the moment of the call.
struct Guard {
    inner: DefaultResolver,
    reach: ShareFile,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let found = self.inner.resolve(uri, config, timeout)?;
        if self.reach.allows_host(host) && found.iter().all(|a| self.reach.allows(a.ip())) {
            return Ok(found);
        }
        Err(ureq::Error::Io(std::io::Error::new(ErrorKind::PermissionDenied, "this address may not be called")))
    }
}

type Sent = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn trouble(e: &ureq::Error) -> Trouble {
    use ureq::{Error as E, Timeout as T};
    let nothing_left = match e {
        E::Io(io) if io.kind() == ErrorKind::PermissionDenied => return Trouble::lasting("closed", e.to_string()),
        E::BadUri(_) | E::Http(_) => return Trouble::lasting("address", e.to_string()),
        E::HostNotFound | E::ConnectionFailed | E::Tls(_) | E::Rustls(_) => true,
        E::Timeout(when) => matches!(when, T::Resolve | T::Connect),
        E::Io(io) => matches!(
            io.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable
        ),
        _ => false,
    };
    if nothing_left { Trouble::passing("network", e.to_string()) } else { Trouble::unclear("network", e.to_string()) }
}

fn answer(sent: Sent) -> Result<Vec<u8>, Trouble> {
    let mut answer = sent.map_err(|e| trouble(&e))?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
    let code = format!("http-{status}");
    match status {
        200..=299 => body.map_err(|e| Trouble::unclear("answer", e.to_string())),
        300..=399 => Err(Trouble::lasting("redirect", format!("HTTP {status}"))),
        408 | 425 | 429 | 503 => Err(Trouble::passing(&code, said(status, body))),
        500..=599 => Err(Trouble::unclear(&code, said(status, body))),
        _ => Err(Trouble::lasting(&code, said(status, body))),
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
    answer(agent(PATIENCE).get(url).query_pairs(query.iter().map(|(k, v)| (*k, v.as_str()))).call())
}

/// Sends a body.
pub fn post(url: &str, kind: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<u8>, Trouble> {
    send(PATIENCE, url, headers, Some((kind, body)))
}

/// Reads, or sends a body of some media type, and waits only so long for the answer.
pub fn send(patience: Duration, url: &str, headers: &[(&str, &str)], body: Option<(&str, &[u8])>) -> Result<Vec<u8>, Trouble> {
    let agent = agent(patience);
    match body {
        None => answer(headers.iter().fold(agent.get(url), |call, (name, value)| call.header(*name, *value)).call()),
        Some((kind, body)) => {
            let call = agent.post(url).header("content-type", kind);
            answer(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value)).send(body))
        }
    }
}

/// Like [`send`], to an address that somebody entered here: only where `reach` lets a call go.
pub fn guarded(
    reach: &ShareFile,
    url: &str,
    query: &[(String, String)],
    headers: &[(&str, &str)],
    body: Option<(&str, &[u8])>,
) -> Result<Vec<u8>, Trouble> {
    let guard = Guard { inner: DefaultResolver::default(), reach: reach.clone() };
    let agent = ureq::Agent::with_parts(settings(PATIENCE), DefaultConnector::default(), guard);
    match body {
        None => {
            let call = agent.get(url).query_pairs(query.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            answer(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value)).call())
        }
        Some((kind, body)) => {
            let call = agent.post(url).header("content-type", kind);
            answer(headers.iter().fold(call, |call, (name, value)| call.header(*name, *value)).send(body))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_to_their_end_and_chance_takes_at_most_a_quarter(tries in 0..100_i64, chance in any::<u8>()) {
            let longest = 6 * 60 * MINUTE;
            let (now, next) = (pause(tries, longest, chance), pause(tries + 1, longest, chance));
            prop_assert!(now >= MINUTE * 3 / 4 && next >= now && next <= longest);
            prop_assert!(now * 4 >= pause(tries, longest, 0) * 3);
        }
    }

    #[test]
    fn what_is_not_listed_is_not_called_under_any_name() {
        let home = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = home.local_addr().unwrap().port();
        let closed = ShareFile::default();
        for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "169.254.169.254"] {
            let told = guarded(&closed, &format!("http://{host}:{port}/"), &[], &[], None).unwrap_err();
            assert!(!told.perhaps, "{host}: {told:?}");
            assert!(told.code == "closed" || told.code == "network" || told.code == "address", "{host}: {told:?}");
        }
        home.set_nonblocking(true).unwrap();
        assert!(home.accept().is_err(), "nobody called");
        let other = ShareFile { networks: vec!["127.0.0.0/8".into()], hosts: vec!["data.example.cn".into()] };
        assert_eq!(guarded(&other, &format!("http://127.0.0.1:{port}/"), &[], &[], None).unwrap_err().code, "closed");
    }

    #[test]
    fn nobody_at_home_is_known_to_have_taken_nothing() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let told = post(&format!("http://{free}/"), "text/plain", &[], b"x").unwrap_err();
        assert!(told.passes && !told.perhaps, "{told:?}");
        assert!(!get("no address", &[]).unwrap_err().passes);
    }
}
