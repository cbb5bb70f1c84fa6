//! Reports that may be the same: suggested with the reason, never with what is private, and how often the true original is
//! among them.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use calc::alike::{self, Report};
use calc::geo::{Point, distance_m};
use serde_json::{Value as Json, json};

use super::world::{COMMUNITY, on_each_engine};

#[test]
fn whoever_reports_sees_what_was_reported_nearby_and_why() {
    on_each_engine(|w| {
        let (anyone, clerk) = (w.client(None), w.client(Some("clerk")));
        let report = |text: &str, class: &str, lat: f64, lon: f64| -> String {
            let made = anyone.post("/reports", &json!({ "text": text, "class": class, "place": { "lat": lat, "lon": lon } }));
            made.json()["number"].as_str().unwrap().to_owned()
        };
        let lamp = report("东门口路灯不亮了，打13812345678", "lighting", 32.3941, 119.4409);
        report("东门口垃圾没人清", "rubbish", 32.3941, 119.4409);
        report("路灯不亮", "lighting", 32.5, 119.6);
        report("路灯下晕倒的老人要人照顾", "help", 32.3941, 119.4409);
        let ask = |text: &str, class: Option<&str>| -> Vec<Json> {
            let body = json!({ "text": text, "class": class, "place": { "lat": 32.3942, "lon": 119.4410 } });
            let answer = anyone.post("/reports/alike", &body);
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert!(!answer.text.contains("13812345678") && !answer.text.contains("老人"), "{}", answer.text);
            answer.json()["items"].as_array().unwrap().clone()
        };
        let found = ask("门口的路灯不亮 13812345678", Some("lighting"));
        assert_eq!(found[0]["number"], json!(lamp));
        let why = &found[0]["why"];
        assert!(why["metres"].as_u64().unwrap() < 50 && why["same_class"] == true && why["days"] == 0);
        assert!(why["words"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().contains("路灯")), "{why}");
        assert!(!why["words"].to_string().contains("138"), "a number is no word in common");
        assert!(ask("电梯困人", Some("lift")).is_empty());
        assert_eq!(anyone.post("/reports/alike", &json!({})).error().1, "empty-report");

        // The desk is offered the same for merging.
        let again = report("东门路灯还是不亮", "lighting", 32.3942, 119.4410);
        let seen = clerk.get(&format!("/cases/{again}")).json();
        assert_eq!(seen["alike"][0]["number"], json!(lamp));
        assert_eq!(clerk.act(&again, "merge", json!({ "pick": lamp })).json()["merged_into"], json!(lamp));
        assert!(clerk.get(&format!("/cases/{again}")).json()["alike"].as_array().unwrap().is_empty());
        // Without a place, the same area is looked at.
        let made = anyone.post("/reports", &json!({ "text": "楼道堆满纸箱", "place": { "area": COMMUNITY } }));
        let here = anyone.post("/reports/alike", &json!({ "text": "楼道堆满纸箱了", "place": { "area": COMMUNITY } }));
        assert_eq!(here.json()["items"][0]["number"], made.json()["number"]);
    });
}

/// On a year of real requests, with the pairs that a city's staff named: the true original among the first five, beside
/// the naive rule "same type, within 100 m, within 30 days, the nearest first". Only text, place, type and time are read.
#[test]
fn the_true_original_is_among_the_first_five() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/requests-boston-text");
    let Ok(file) = std::fs::File::open(data.join("boston_open311_2016.csv.gz")) else {
        eprintln!("SKIPPED: no requests-boston-text beside the repository");
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let head = table.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let columns = ["service_request_id", "service_code", "description", "requested_datetime", "lat", "long"].map(column);
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let place = |r: &csv::StringRecord| Point::from_degrees(r[columns[4]].parse().ok()?, r[columns[5]].parse().ok()?);
    let mut all: Vec<(&str, Report)> = rows
        .iter()
        .map(|r| {
            let at = xiezhi::kit::time::parse(&r[columns[3]]).unwrap();
            (&r[columns[0]], Report { text: &r[columns[2]], class: Some(&r[columns[1]]), place: place(r), at })
        })
        .collect();
    all.sort_by_key(|(_, r)| r.at);
    let at: HashMap<&str, usize> = all.iter().enumerate().map(|(i, (id, _))| (*id, i)).collect();
    let square = |p: Point| (p.lat / 20_000, p.lon / 20_000);
    let mut squares: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
    for (i, (_, r)) in all.iter().enumerate() {
        squares.entry(square(r.place.unwrap())).or_default().push(i);
    }
    let (mut pairs, mut ours, mut naive) = (0, 0, 0);
    let mut named = csv::Reader::from_path(data.join("duplicate_pairs_2016.csv")).unwrap();
    for pair in named.records().map(Result::unwrap) {
        let (Some(&a), Some(&b)) = (at.get(&pair[0]), at.get(&pair[1])) else { continue };
        // The later one asks; the earlier one is what it should find.
        let (asks, original) = (a.max(b), a.min(b));
        let new = &all[asks].1;
        let (y, x) = square(new.place.unwrap());
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (y + dy, x + dx)));
        let before = |i: &usize| *i < asks && new.at - all[*i].1.at <= 90 * 86_400_000;
        let squares: Vec<&Vec<usize>> = around.filter_map(|key| squares.get(&key)).collect();
        let mut near: Vec<usize> = squares.iter().flat_map(|s| s.iter().copied().filter(before)).collect();
        near.sort_unstable();
        // As the program does it: the newest of each square, and the words of the most promising.
        let mut ids: Vec<usize> = squares.iter().flat_map(|s| s.iter().rev().copied().filter(before).take(20)).collect();
        ids.sort_unstable();
        let mut candidates: Vec<Report> = ids.iter().map(|i| all[*i].1.clone()).collect();
        let kept = alike::promising(new, &candidates, 30);
        let ids: Vec<usize> = kept.iter().map(|i| ids[*i]).collect();
        candidates = ids.iter().map(|i| all[*i].1.clone()).collect();
        let found = alike::rank(new, &candidates);
        let by_rule = |i: &usize| {
            let r = &all[*i].1;
            let metres = distance_m(new.place.unwrap(), r.place.unwrap());
            (r.class == new.class && new.at - r.at <= 30 * 86_400_000 && metres <= 100).then_some((metres, *i))
        };
        let mut rule: Vec<(u32, usize)> = near.iter().filter_map(by_rule).collect();
        rule.sort_unstable();
        pairs += 1;
        ours += usize::from(found.iter().take(5).any(|m| ids[m.index] == original));
        naive += usize::from(rule.iter().take(5).any(|(_, i)| *i == original));
    }
    eprintln!("of {pairs} named pairs: the original among the first five {ours}, by the naive rule {naive}");
    assert!(pairs == 852 && ours * 100 >= pairs * 91 && ours > naive, "{ours} and {naive} of {pairs}");
}
