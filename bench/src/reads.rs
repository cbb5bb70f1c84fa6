//! What a city's people read all day, against a node that `xiezhi demo --cases N` has filled: each kind of page with its
//! own latencies. Few clients, so that it is the answers that are measured and not a queue.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Connection;
use crate::load::mix;

/// A kind of reading, and the requests of one round.
const KINDS: [&str; 9] = [
    "work list",
    "list of a district desk",
    "filtered list",
    "map box",
    "nearby duplicates",
    "indicators",
    "indicators of a year",
    "cases behind an indicator",
    "one case",
];
/// Classes that are frequent, and such as are rare.
const CLASSES: [&str; 6] = ["lighting", "lift", "noise", "parking", "street-lamp", "bus-stop"];
const STATES: [&str; 6] = ["", "open", "closed", "handling", "received", "merged"];
/// The city of the filled demo: its corner and extent in degrees (west, south, width, height).
const CITY: (f64, f64, f64, f64) = (119.5, 32.45, 0.25, 0.13);

/// What is read.
pub struct Plan {
    pub address: String,
    /// Session of somebody who works at a community, and of somebody at a district.
    pub clerk: String,
    pub above: String,
    pub clients: usize,
    pub seconds: Duration,
}

/// Reads for a while and gives p50, p95 and the worst of each kind.
pub fn run(plan: Plan) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let plan = std::sync::Arc::new(plan);
        let until = Instant::now() + plan.seconds;
        let clients: Vec<_> = (0..plan.clients as u64).map(|n| tokio::spawn(client(plan.clone(), n, until))).collect();
        let mut all: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let mut slowest: BTreeMap<usize, (f64, String)> = BTreeMap::new();
        let mut errors: BTreeMap<String, u64> = BTreeMap::new();
        for one in clients {
            let (seen, wrong) = one.await.map_err(|e| e.to_string())??;
            for (kind, answers) in seen {
                let worst = answers.iter().max_by(|a, b| a.0.total_cmp(&b.0)).cloned();
                let known = slowest.remove(&kind);
                slowest.extend(worst.into_iter().chain(known).max_by(|a, b| a.0.total_cmp(&b.0)).map(|w| (kind, w)));
                all.entry(kind).or_default().extend(answers.into_iter().map(|(ms, _)| ms));
            }
            wrong.into_iter().for_each(|(what, n)| *errors.entry(what).or_default() += n);
        }
        let mut kinds = serde_json::Map::new();
        for (kind, mut ms) in all {
            ms.sort_unstable_by(f64::total_cmp);
            let at = |share: f64| ms[((ms.len() as f64 * share).ceil() as usize).clamp(1, ms.len()) - 1];
            let round = |v: f64| (v * 10.0).round() / 10.0;
            kinds.insert(
                KINDS[kind].to_owned(),
                json!({ "n": ms.len(), "p50_ms": round(at(0.5)), "p95_ms": round(at(0.95)), "max_ms": round(at(1.0)),
                    "slowest": slowest.get(&kind).map(|(_, what)| what) }),
            );
        }
        Ok(json!({ "kinds": kinds, "errors": errors }))
    })
}

/// Milliseconds and the request, of each kind; and what went wrong.
type Seen = (BTreeMap<usize, Vec<(f64, String)>>, BTreeMap<String, u64>);

async fn client(plan: std::sync::Arc<Plan>, n: u64, until: Instant) -> Result<Seen, String> {
    let (mut seen, mut errors) = Seen::default();
    let mut connection = Connection::open(&plan.address).await.map_err(|e| e.to_string())?;
    let mut count = n << 32;
    while Instant::now() < until {
        for (kind, name) in KINDS.iter().enumerate() {
            count += 1;
            let request = request(&plan, kind, count);
            let start = Instant::now();
            let status = connection.ask(request.as_bytes()).await.map_err(|e| format!("{name}: {e}"))?;
            let asked = request.split(' ').nth(1).unwrap_or_default().to_owned();
            seen.entry(kind).or_default().push((start.elapsed().as_secs_f64() * 1000.0, asked));
            if status != 200 && !(kind == 8 && status == 404) {
                *errors.entry(format!("{status} {}", request.lines().next().unwrap_or_default())).or_default() += 1;
            }
        }
    }
    Ok((seen, errors))
}

/// One request of a kind; `count` draws which.
fn request(plan: &Plan, kind: usize, count: u64) -> String {
    let draw = |n: u64, salt: u64| mix(count ^ salt << 56) % n;
    let part = |salt: u64| draw(10_000, salt) as f64 / 10_000.0;
    let district = format!("32109{}", draw(10, 1));
    let street = format!("{district}{:03}", 1 + draw(10, 2));
    let community = format!("{street}{}", 901 + draw(15, 3));
    let area = [&district, &street, &community][draw(3, 4) as usize];
    let (west, south) = (CITY.0 + part(5) * CITY.2, CITY.1 + part(6) * CITY.3);
    let class = CLASSES[draw(6, 7) as usize];
    let (path, who) = match kind {
        0 => {
            let queue = ["new", "dispatch", "look", "checking", "overdue", "all"][draw(6, 8) as usize];
            (format!("/desk?queue={queue}"), &plan.clerk)
        }
        1 => (format!("/desk?queue={}", ["overdue", "all", "new"][draw(3, 8) as usize]), &plan.above),
        2 => {
            let class = if draw(2, 9) == 0 { String::new() } else { format!("&class={class}") };
            let state = match STATES[draw(6, 8) as usize] {
                "" => String::new(),
                state => format!("&state={state}"),
            };
            let sort = if state == "&state=open" && draw(2, 10) == 0 { "&sort=due" } else { "" };
            (format!("/cases?area={area}{class}{state}{sort}"), &plan.above)
        }
        3 => {
            let side = [0.01, 0.03, 0.1, 0.5][draw(4, 8) as usize];
            (format!("/cases/map?box={west},{south},{},{}", west + side, south + side), &plan.above)
        }
        4 => {
            let body =
                json!({ "text": "楼道灯坏了，晚上看不见", "class": class, "place": { "lat": south, "lon": west } }).to_string();
            return format!(
                "POST /reports/alike HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                plan.address,
                body.len()
            );
        }
        5 => (format!("/kpi?area={area}&days=30"), &plan.above),
        6 => (format!("/kpi?area={area}&days=365"), &plan.above),
        7 => {
            let measure = ["received", "closed", "solved"][draw(3, 8) as usize];
            (format!("/kpi/cases?area={area}&measure={measure}&days=30"), &plan.above)
        }
        _ => {
            let (month, day) = (1 + draw(10, 8), 1 + draw(28, 9));
            (format!("/cases/26{month:02}{day:02}-{:04}", 1 + draw(800, 10)), &plan.above)
        }
    };
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {who}\r\nAccept: text/html\r\n\r\n", plan.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_requests_of_its_own() {
        let plan =
            Plan { address: "h:1".into(), clerk: "c".into(), above: "a".into(), clients: 1, seconds: Duration::from_secs(1) };
        let first: std::collections::BTreeSet<String> = (0..KINDS.len())
            .map(|k| request(&plan, k, 1).lines().next().unwrap().split(['?', '-']).next().unwrap().to_owned())
            .collect();
        // The two lists of desks and the two boards differ in whose they are and how far back.
        assert_eq!(first.len(), KINDS.len() - 2, "{first:?}");
        assert_ne!(request(&plan, 2, 1), request(&plan, 2, 2));
    }
}
