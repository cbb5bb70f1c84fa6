//! Invented services as HSDS, a line for each, the same for the same seed; and how long a search takes.
//!
//! Names are put together of few common words, so that most pieces of a query are in very many of them: the hard case.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::http::Connection;

/// What to invent.
pub struct Plan {
    pub services: usize,
    /// Number of the first: other numbers are other services.
    pub from: usize,
    pub seed: u64,
    pub out: PathBuf,
}

const PLACES: [&str; 12] = ["东门", "西苑", "南湖", "北城", "新村", "平安里", "花园", "柳林", "石桥", "长堤", "青藤", "麦香"];
const KINDS: [&str; 20] = [
    "长者食堂",
    "卫生服务站",
    "骨科门诊",
    "法律援助站",
    "便民维修点",
    "托育中心",
    "图书室",
    "健身房",
    "理发店",
    "缝补铺",
    "助浴服务",
    "养老驿站",
    "残疾人之家",
    "就业服务站",
    "心理咨询室",
    "口腔门诊",
    "眼科门诊",
    "康复中心",
    "调解室",
    "回收站",
];
const WORDS: [&str; 16] = [
    "为老人提供",
    "上门服务",
    "免费咨询",
    "预约登记",
    "量血压",
    "测血糖",
    "修水管",
    "换灯泡",
    "中午供餐",
    "可以送到家",
    "周末开放",
    "残疾人优先",
    "志愿者陪同",
    "按月登记",
    "凭证办理",
    "当天办结",
];

fn id(a: usize, b: usize) -> String {
    format!("{a:08x}-0000-4000-8000-{b:012x}")
}

/// Writes them.
pub fn invent(plan: &Plan) -> Result<Value, String> {
    let mut chance = Chance::new(plan.seed);
    let fail = |e: std::io::Error| format!("{}: {e}", plan.out.display());
    let mut out = std::io::BufWriter::new(std::fs::File::create(&plan.out).map_err(fail)?);
    for n in plan.from..plan.from + plan.services {
        let pick = |c: &mut Chance, from: &[&str]| from[c.below(from.len())].to_owned();
        let (place, kind) = (pick(&mut chance, &PLACES), pick(&mut chance, &KINDS));
        let about: Vec<String> = (0..4).map(|_| pick(&mut chance, &WORDS)).collect();
        let org = n / 8;
        let (lat, lon) = (31.0 + chance.part() * 2.0, 119.0 + chance.part() * 2.0);
        let one = json!({
            "id": id(1, n), "name": format!("{place}{}号{kind}", n % 977), "status": "active", "description": about.join("，"),
            "organization": { "id": id(2, org), "name": format!("{place}第{org}服务社"), "description": "" },
            "schedules": [{ "id": id(3, n), "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00" }],
            "phones": [{ "id": id(4, n), "number": format!("0514-{:08}", n) }],
            "service_at_locations": [{ "id": id(5, n), "location": { "id": id(6, n), "location_type": "physical", "latitude": lat, "longitude": lon } }],
        });
        writeln!(out, "{one}").map_err(fail)?;
    }
    out.flush().map_err(fail)?;
    Ok(json!({ "services": plan.services }))
}

/// Asks for each line of a file (queries as they stand in an address), some rounds, one after the other, and says how long it took.
pub fn run(address: &str, queries: &Path, rounds: usize) -> Result<Value, String> {
    let text = std::fs::read_to_string(queries).map_err(|e| format!("{}: {e}", queries.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut connection = Connection::open(address).await.map_err(|e| e.to_string())?;
        let mut all = Vec::new();
        let mut slowest = (0.0, String::new());
        for round in 0..=rounds {
            for query in text.lines().filter(|l| !l.is_empty()) {
                // Another name each time: an answer that was kept would say nothing about the work.
                let request = format!(
                    "GET /services?{query}&round={round} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n\r\n"
                );
                let begun = Instant::now();
                let status = connection.ask(request.as_bytes()).await.map_err(|e| e.to_string())?;
                let took = begun.elapsed().as_secs_f64() * 1000.0;
                if status != 200 {
                    return Err(format!("{query}: {status}"));
                }
                // The first round warms up.
                if round > 0 {
                    all.push(took);
                    if took > slowest.0 {
                        slowest = (took, query.to_owned());
                    }
                }
            }
        }
        all.sort_by(f64::total_cmp);
        let part =
            |p: f64| all.get(((all.len() as f64 * p) as usize).min(all.len().saturating_sub(1))).copied().unwrap_or_default();
        Ok(json!({ "queries": all.len(), "p50_ms": part(0.5), "p95_ms": part(0.95), "p99_ms": part(0.99), "slowest": slowest }))
    })
}
