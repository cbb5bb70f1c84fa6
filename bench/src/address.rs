//! How fast addresses are read and found among the buildings of a community, on one core, and how many are found.
//!
//! Homes are invented and each is written in one of the ways people write them; what it means is known, so that what is found
//! can be judged.

use std::time::Instant;

use calc::address::{Dictionary, Entry, Found, parse};
use serde_json::{Value, json};

use crate::chance::Chance;

const BUILDINGS: usize = 30;
const UNITS: usize = 4;
const FLOORS: usize = 18;
const ROOMS: usize = 4;
/// Ways to write a home; each names all of it.
const WAYS: usize = 12;
const ESTATES: [&str; 4] = ["佳和国小区", "翠湖花园", "广陵区汶河南路12号文昌花园", ""];
const NUMERALS: [&str; 31] = [
    "〇",
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "十一",
    "十二",
    "十三",
    "十四",
    "十五",
    "十六",
    "十七",
    "十八",
    "十九",
    "二十",
    "二十一",
    "二十二",
    "二十三",
    "二十四",
    "二十五",
    "二十六",
    "二十七",
    "二十八",
    "二十九",
    "三十",
];

fn written(way: usize, estate: &str, b: usize, u: usize, room: usize) -> String {
    let wide = |n: usize| n.to_string().bytes().filter_map(|d| char::from_u32(u32::from(d) + 0xfee0)).collect::<String>();
    match way {
        0 => format!("{estate}{b}号楼{u}单元{room}室"),
        1 => format!("{estate}{b}栋{u}单元{room}"),
        2 => format!("{estate}{b}-{u}-{room}"),
        3 => format!("{estate}{b}幢{u}单元{room}号"),
        4 => format!("{estate}{}号楼{}单元{room}室", NUMERALS[b], NUMERALS[u]),
        5 => format!("{estate}{b}#楼{u}门{room}"),
        6 => format!("{estate} {b} 栋 {u} 单元 {room} 室"),
        7 => format!("{estate}{}－{}－{}", wide(b), wide(u), wide(room)),
        8 => format!("{estate}{b}座{u}单元{}层{room}房", room / 100),
        9 => format!("{estate}{b}#{u}-{room}"),
        10 => format!("{estate}{b}号楼{u}单元{}楼{room}（租户）", room / 100),
        _ => format!("{estate}{b}—{u}—{room}室"),
    }
}

/// Measures.
pub fn run(count: usize) -> Result<Value, String> {
    let rooms = || (1..=FLOORS).flat_map(|f| (1..=ROOMS).map(move |r| f * 100 + r));
    let homes: Vec<(String, String)> =
        (1..=UNITS).flat_map(|u| rooms().map(move |room| (u.to_string(), room.to_string()))).collect();
    let entry = |b: usize| Entry { name: format!("{b}号楼"), homes: homes.clone(), ..Entry::default() };
    let dictionary = Dictionary::new((1..=BUILDINGS).map(entry));
    let mut chance = Chance::new(1);
    let mut truth = Vec::with_capacity(count);
    let texts: Vec<String> = (0..count)
        .map(|_| {
            let (b, u) = (1 + chance.below(BUILDINGS), 1 + chance.below(UNITS));
            let room = (1 + chance.below(FLOORS)) * 100 + 1 + chance.below(ROOMS);
            truth.push((b - 1, u.to_string(), room.to_string()));
            written(chance.below(WAYS), ESTATES[chance.below(ESTATES.len())], b, u, room)
        })
        .collect();
    let rate = |began: Instant| (count as f64 / began.elapsed().as_secs_f64()) as u64;
    let began = Instant::now();
    let read = texts.iter().filter(|text| !parse(text).room.is_empty()).count();
    let parsed = rate(began);
    let began = Instant::now();
    let found: Vec<Found> = texts.iter().map(|text| dictionary.find(&parse(text))).collect();
    let both = rate(began);
    let right = |(found, (b, u, room)): (&Found, &(usize, String, String))| matches!(found, Found::Exact(p) if p.building == *b && *p.unit == **u && *p.room == **room);
    let right = found.iter().zip(&truth).filter(|both| right(*both)).count();
    Ok(json!({
        "addresses": count, "buildings": BUILDINGS, "homes": BUILDINGS * homes.len(), "read": read, "found_right": right,
        "parse_per_second": parsed, "parse_and_find_per_second": both,
    }))
}
