//! Counts of symptoms in the demo: two years of a school and a pharmacy, a signal that was closed, one that is open.
//!
//! What must stay true: everything goes through the real actions, each table in one entry of the log; counts are of nobody.

use std::f64::consts::TAU;

use calc::draw;
use calc::series::Day;

use super::people::People;
use super::place::Places;
use crate::activities::health::act;
use crate::activities::health::count::{self, Spot, Told};
use crate::activities::health::rules::{self, Wish, Work};
use crate::activities::health::{self, Book, Disposition, Level, day_of, night, trial};
use crate::base::area::Area;
use crate::kit::{App, Result, RoleKind, Who};

/// Weeks of the past.
const WEEKS: i32 = 110;
/// What a school tells: syndrome, usual a day, swing of the year.
pub const SCHOOL: [(&str, f64, f64); 4] = [("absent", 6.0, 2.5), ("fever", 2.2, 1.2), ("gastro", 1.0, 0.4), ("rash", 0.5, 0.2)];
/// What a pharmacy tells.
pub const PHARMACY: [(&str, f64, f64); 1] = [("respiratory", 9.0, 4.0)];
/// Rules that work in the demo.
const RULES: [&str; 2] = ["school-weeks", "school-years"];

/// Counts of days, the same at every start: `more` adds cases on some.
pub fn counts(
    kinds: &[(&str, f64, f64)],
    days: std::ops::RangeInclusive<i32>,
    daily: bool,
    more: &[(&str, i32, u32)],
) -> Vec<Told> {
    let mut out = Vec::new();
    for day in days {
        if !daily && Day(day).weekday() > 5 {
            continue;
        }
        for (syndrome, usual, swing) in kinds {
            // The most in January.
            let season = (TAU * f64::from(day % 365 - 10) / 365.25).cos();
            let chance = (draw::number("demo health", &format!("{syndrome} {day}")) >> 11) as f64 / (1u64 << 53) as f64;
            let cases = ((usual + swing * season) * (0.4 + 1.2 * chance)).round().max(0.0) as u32;
            let extra: u32 = more.iter().filter(|(s, d, _)| s == syndrome && *d == day).map(|m| m.2).sum();
            out.push(Told { syndrome: (*syndrome).to_owned(), day, cases: cases + extra });
        }
    }
    out
}

/// Tells counts, and looks at what they touch.
pub fn tell(app: &App, book: &Book, who: &Who, source: &'static str, place: &Area, told: Vec<Told>) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let (who, spot, rules) = (who.clone(), Spot { area: place.clone(), community: place.clone() }, book.clone());
    let touched = app.db.write(move |tx| count::tell(tx, &rules, &who, source, &spot, &told))?.value;
    night::touch(app, book, place, &touched)
}

fn clerk(people: &People) -> Option<Who> {
    people.crew(RoleKind::Committee, 0, "").and_then(|c| c.people.first()).cloned()
}

/// Plays what lies two weeks back, at that time: the past, two rules that were tried, a signal that turned out to be expected.
pub fn before(app: &App, people: &People, places: &Places) -> Result<()> {
    let place = places.communities[0].area.clone();
    let Some(clerk) = clerk(people) else { return Ok(()) };
    let book = Book::now(app, &place.code)?;
    let today = day_of(app.now(), &book.zone);
    let past = today - 7 * WEEKS..=today - 1;
    tell(app, &book, &clerk, "school", &place, counts(&SCHOOL, past.clone(), false, &[]))?;
    tell(app, &book, &clerk, "pharmacy", &place, counts(&PHARMACY, past, true, &[]))?;
    for id in RULES {
        let Some(rule) = book.pack.rule(id) else { continue };
        let pasts = app.db.read(|r| trial::pasts(r, book.pack, rule, &place, today))?;
        let Some(mut work) = Work::new(rule, &rule.settings, rule.least) else { continue };
        let out = trial::run(book.pack, &mut work, &pasts, 1);
        let (book, who, at) = (book.clone(), clerk.clone(), place.clone());
        app.db.write(move |tx| {
            trial::keep(tx, &book, &who, &at, (&rule.id, &rule.settings, rule.least), 1, &out)?;
            let why = "试算过，响得不多，聚集大多能发现".into();
            let wish = Wish { rule: rule.id.clone(), works: true, settings: rule.settings.clone(), least: rule.least, why };
            rules::switch(tx, &book, &who, &at, &wish)
        })?;
    }
    // The last day of school that there was: in a weekend there is none to tell of.
    let last = (today - 2..=today).rev().find(|d| Day(*d).weekday() <= 5).unwrap_or(today);
    tell(app, &book, &clerk, "school", &place, counts(&SCHOOL, last..=last, false, &[("gastro", last, 16)]))?;
    let open = app.db.read(|r| health::beneath(r, &place.path, true, i64::MAX, 1))?;
    let Some(number) = open.first().map(|s| s.number.clone()) else { return Ok(()) };
    app.db.write(move |tx| {
        act::verify(tx, &book, &clerk, &number, "打电话问了校医：四年级秋游，午饭后 16 人呕吐，都已回家休息。")?;
        act::assess(tx, &book, &clerk, &number, Level::Low, "同一餐引起，没有新增，没有住院。")?;
        act::respond(tx, &book, &clerk, &number, "请市场监管所查了供餐单位，学校连续三天晨检。", None)?;
        act::close(tx, &book, &clerk, &number, Disposition::True, "连续五天没有新增。")
    })?;
    Ok(())
}

/// Plays the two weeks since, now: as usual, until fever in one class.
pub fn settle(app: &App, people: &People, places: &Places) -> Result<()> {
    let place = places.communities[0].area.clone();
    let Some(clerk) = clerk(people) else { return Ok(()) };
    let book = Book::now(app, &place.code)?;
    let today = day_of(app.now(), &book.zone);
    let more: Vec<(&str, i32, u32)> = (today - 6..=today).map(|d| ("fever", d, 9)).collect();
    tell(app, &book, &clerk, "school", &place, counts(&SCHOOL, today - 13..=today, false, &more))?;
    tell(app, &book, &clerk, "pharmacy", &place, counts(&PHARMACY, today - 14..=today, true, &[]))?;
    // Grid workers tell of what they saw, each of his own grid.
    for (n, (worker, grid)) in people.grid_workers[0].iter().zip(&places.communities[0].grids).enumerate() {
        let told = (today - 9..=today).filter(|d| d % 3 == 0 || n == 0);
        let told = told.map(|day| Told { syndrome: "fever".into(), day, cases: if n == 0 { 2 } else { 1 } }).collect::<Vec<_>>();
        let (who, book) = (worker.clone(), book.clone());
        let spot = Spot { area: grid.clone(), community: place.clone() };
        app.db.write(move |tx| count::tell(tx, &book, &who, "visit", &spot, &told))?;
    }
    if let (Some(street), Some(area)) = (people.crew(RoleKind::Subdistrict, 0, ""), places.line.last()) {
        let (book, at) = (book.clone(), area.clone());
        let who = street.people.first().cloned().unwrap_or_default();
        let new = count::Notice {
            title: "近期流感活动增多".into(),
            words: "请学校、托幼机构加强晨午检和通风，发热的孩子不带病上学。".into(),
            syndrome: "fever".into(),
        };
        if health::over(&who, &at.path).is_some() {
            app.db.write(move |tx| count::notify(tx, &book, &who, &at, &new))?;
        }
    }
    night::run(app).map(drop)
}
