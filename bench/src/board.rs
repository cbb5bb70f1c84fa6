//! Boards of a nation: each level and span with its own latencies, one reader, one board after the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::http::Connection;

const SPANS: [u32; 3] = [1, 7, 90];
const GROUPS: [&str; 6] = ["matter", "care", "help", "together", "watch", "rights"];
/// Boards of each level and span.
const EACH: usize = 120;

/// Reads the boards that `xiezhi board invent` names, as data and as pages.
pub fn run(address: &str, told: &Path) -> Result<Value, String> {
    let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", told.display());
    let told: Value = serde_json::from_str(&std::fs::read_to_string(told).map_err(|e| fail(&e))?).map_err(|e| fail(&e))?;
    let token = told["token"].as_str().ok_or("no token")?.to_owned();
    let mut samples: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in told["samples"].as_array().into_iter().flatten() {
        let text = |at: usize| one[at].as_str().unwrap_or_default().to_owned();
        samples.entry(text(0)).or_default().push(text(1));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut connection = Connection::open(address).await.map_err(|e| e.to_string())?;
        let mut kinds = Vec::new();
        for level in ["nation", "province", "city", "county", "street", "community"] {
            let Some(codes) = samples.get(level) else { continue };
            for span in SPANS {
                for accept in ["application/json", "text/html"] {
                    let mut took = Vec::with_capacity(EACH);
                    for n in 0..EACH {
                        let (code, group) = (&codes[n % codes.len()], GROUPS[n % GROUPS.len()]);
                        let request = format!(
                            "GET /board/{code}?span={span}&group={group} HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\nauthorization: Bearer {token}\r\n\r\n"
                        );
                        let begun = Instant::now();
                        let status = connection.ask(request.as_bytes()).await.map_err(|e| e.to_string())?;
                        if status != 200 {
                            return Err(format!("{code}: {status}"));
                        }
                        took.push(begun.elapsed().as_secs_f64() * 1000.0);
                    }
                    // The very first of all reads the program into memory.
                    let first = took[0];
                    took.sort_by(f64::total_cmp);
                    let part = |p: f64| (took[((EACH as f64 * p).ceil() as usize).clamp(1, EACH) - 1] * 10.0).round() / 10.0;
                    kinds.push(json!({
                        "level": level, "span": span, "as": if accept == "text/html" { "page" } else { "data" }, "n": EACH,
                        "p50_ms": part(0.5), "p99_ms": part(0.99), "max_ms": part(1.0), "first_ms": (first * 10.0).round() / 10.0,
                    }));
                }
            }
        }
        Ok(json!({ "kinds": kinds }))
    })
}
