//! Closed-loop load: each client sends, waits for the answer, and sends again. What happens while warming up is not
//! counted.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::http::Connection;

/// Pause after a connection failed, so that a dead server is not asked in a busy loop.
const PAUSE: Duration = Duration::from_millis(50);
/// A client that waits longer for one answer counts it as an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a run does.
pub struct Plan {
    pub address: String,
    pub clients: usize,
    pub seconds: Duration,
    pub warm_up: Duration,
    pub work: Work,
}

/// What each client does.
#[derive(Clone)]
pub enum Work {
    /// Files a report.
    Report { area: Option<String> },
    /// Reads a page.
    Page { path: String },
    /// Takes cases through their whole life: report, accept, dispatch, accept, feedback, check, close.
    Steps { area: String, clerk: String, handler: String, to: String },
    /// Sends the same form to these paths in turn.
    Send { paths: Vec<String>, token: String, body: String },
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    broken: u64,
}

/// Runs the plan and gives its figures.
pub fn run(plan: Plan) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        Connection::open(&plan.address).await.map_err(|e| format!("{}: {e}", plan.address))?;
        let from = Instant::now() + plan.warm_up;
        let until = from + plan.seconds;
        let millis = now_ms();
        let clients: Vec<_> = (0..plan.clients as u64)
            .map(|n| {
                let request = Request::new(&plan.address, plan.work.clone(), n, millis);
                tokio::spawn(client(plan.address.clone(), request, from, until))
            })
            .collect();
        let mut all = Seen::default();
        for one in clients {
            let one = one.await.map_err(|e| e.to_string())?;
            all.micros.extend(one.micros);
            all.broken += one.broken;
            one.statuses.into_iter().for_each(|(status, n)| *all.statuses.entry(status).or_default() += n);
        }
        Ok(figures(all, plan.seconds))
    })
}

async fn client(address: String, mut request: Request, from: Instant, until: Instant) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    let good = request.good();
    while Instant::now() < until {
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(&address).await,
        };
        let bytes = request.next();
        let start = Instant::now();
        let answer = match open {
            Ok(mut open) => {
                let answer = tokio::time::timeout(PATIENCE, open.ask(bytes)).await;
                connection = Some(open);
                answer.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
            }
            Err(e) => Err(e),
        };
        let end = Instant::now();
        // Only what both began and ended inside the measured time counts.
        let counts = start >= from && end <= until;
        if let (Ok(_), Some(open)) = (&answer, &connection) {
            request.heard(open.location.as_deref());
        }
        match answer {
            Ok(status) if status == good && counts => seen.micros.push((end - start).as_micros() as u32),
            Ok(status) if counts => *seen.statuses.entry(status).or_default() += 1,
            Ok(_) => {}
            Err(_) => {
                connection = None;
                seen.broken += u64::from(counts);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    seen
}

fn figures(mut all: Seen, seconds: Duration) -> Value {
    all.micros.sort_unstable();
    let at = |share: f64| {
        let place = ((all.micros.len() as f64 * share).ceil() as usize).saturating_sub(1);
        all.micros.get(place).map_or(0.0, |m| f64::from(*m) / 1000.0)
    };
    let others: u64 = all.statuses.values().sum();
    let per_second = (all.micros.len() as f64 / seconds.as_secs_f64()).round() as u64;
    let statuses: BTreeMap<String, u64> = all.statuses.iter().map(|(s, n)| (s.to_string(), *n)).collect();
    json!({
        "ok": all.micros.len(), "errors": others + all.broken, "per_second": per_second,
        "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0), "other_statuses": statuses, "broken": all.broken,
    })
}

/// The bytes of one client's requests; only key and text change from one to the next.
struct Request {
    bytes: Vec<u8>,
    work: Work,
    host: String,
    client: u64,
    count: u64,
    millis: u64,
    /// The case that is worked on, and how far it is.
    case: Option<(String, usize)>,
}

/// What is done with a case after it was reported: action, who (the clerk, else the handler), fields.
const LIFE: [(&str, bool, &str); 6] = [
    ("accept", true, "class=lighting"),
    ("dispatch", true, "to="),
    ("accept", false, ""),
    ("feedback", false, "text=%E6%8D%A2%E5%A5%BD%E4%BA%86"),
    ("check", true, ""),
    ("close", true, "text=%E7%9C%8B%E8%BF%87%E4%BA%86"),
];

impl Request {
    fn new(host: &str, work: Work, client: u64, millis: u64) -> Request {
        Request { bytes: Vec::with_capacity(512), work, host: host.to_owned(), client, count: 0, millis, case: None }
    }

    /// The status that counts as done.
    fn good(&self) -> u16 {
        match self.work {
            Work::Report { .. } => 201,
            Work::Page { .. } => 200,
            Work::Steps { .. } | Work::Send { .. } => 303,
        }
    }

    /// Goes on with a case from where an answer led.
    fn heard(&mut self, location: Option<&str>) {
        let Work::Steps { .. } = self.work else { return };
        self.case = match (self.case.take(), location) {
            (Some((number, step)), Some(_)) if step + 1 < LIFE.len() => Some((number, step + 1)),
            (None, Some(to)) => to.split("/reports/").nth(1).and_then(|t| t.split('/').next()).map(|n| (n.to_owned(), 0)),
            // Closed, or refused: another one.
            _ => None,
        };
    }

    fn next(&mut self) -> &[u8] {
        self.count += 1;
        let (host, key) = (&self.host, self.key());
        self.bytes.clear();
        // Writing into a Vec cannot fail.
        let _ = match &self.work {
            Work::Steps { area, clerk, handler, to } => {
                let (path, body, token) = match &self.case {
                    None => ("/reports".to_owned(), format!("text=%E7%81%AF%E5%9D%8F%E4%BA%86&area={area}"), String::new()),
                    Some((number, step)) => {
                        let (action, by_clerk, fields) = LIFE[*step];
                        let body = if action == "dispatch" { format!("{fields}{to}") } else { fields.to_owned() };
                        let token = if by_clerk { clerk } else { handler };
                        (format!("/cases/{number}/{action}"), body, format!("Authorization: Bearer {token}\r\n"))
                    }
                };
                write!(
                    self.bytes,
                    "POST {path} HTTP/1.1\r\nHost: {host}\r\n{token}Content-Type: application/x-www-form-urlencoded\r\n\
                     Accept: text/html\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
            Work::Send { paths, token, body } => {
                let path = &paths[(self.client + self.count) as usize % paths.len()];
                write!(
                    self.bytes,
                    "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: text/html\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
            Work::Page { path } => write!(self.bytes, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n"),
            Work::Report { area } => {
                let place = area.as_ref().map_or(json!({}), |a| json!({ "area": a }));
                let text = format!("楼道灯坏了，第{}位居民的第{}件", self.client, self.count);
                let body = json!({ "text": text, "place": place }).to_string();
                write!(
                    self.bytes,
                    "POST /reports HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
                     Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            }
        };
        &self.bytes
    }

    /// Shaped like a UUIDv7: time, then what makes it unique.
    fn key(&self) -> String {
        let t = self.millis + self.count;
        let n = mix(self.client << 40 ^ self.count);
        let m = mix(n ^ self.millis);
        format!("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", t >> 16, t & 0xffff, n & 0xfff, 0x8000 | n >> 12 & 0x3fff, m >> 16)
    }
}

/// The mixing step of splitmix64: a one-to-one map, so different counts give different keys.
pub fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[expect(clippy::disallowed_methods, reason = "keys of two runs against one database must differ, readings have a time")]
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_shaped() {
        let mut keys = std::collections::BTreeSet::new();
        for client in 0..64 {
            let mut request = Request::new("h", Work::Report { area: None }, client, 1_790_000_000_000);
            for _ in 0..100 {
                request.next();
                let key = request.key();
                assert_eq!((key.len(), key.as_bytes()[14]), (36, b'7'));
                assert!("89ab".contains(key.as_bytes()[19] as char));
                assert!(keys.insert(key));
            }
        }
    }

    #[test]
    fn a_request_says_its_length() {
        let mut request = Request::new("h:1", Work::Report { area: Some("321002001001".into()) }, 1, 1);
        let text = String::from_utf8(request.next().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
        assert_eq!(serde_json::from_str::<Value>(body).unwrap()["place"]["area"], "321002001001");
    }

    #[test]
    fn percentiles() {
        let seen = Seen { micros: (1..=100).map(|n| n * 1000).rev().collect(), broken: 2, ..Seen::default() };
        let f = figures(seen, Duration::from_secs(10));
        assert_eq!((&f["p50_ms"], &f["p99_ms"], &f["max_ms"]), (&json!(50.0), &json!(99.0), &json!(100.0)));
        assert_eq!((&f["ok"], &f["errors"], &f["per_second"]), (&json!(100), &json!(2), &json!(10)));
    }
}
