//! Many series of counts on an empty node, for figures of the night run: communities, each with syndromes and years of days.
//!
//! What must stay true: the same numbers give the same counts; packed years are written as telling writes them, without the single
//! counts, which the night does not read. It is done once for a node.
//!
//! Log kinds written: `demo.watch`, besides those of areas and organisations.

use calc::series::Day;
use calc::series::simulate::{Plan, SCENARIOS};
use store::{Entry, Tx, params};

use crate::activities::health::days::{self, Block, Name, One};
use crate::activities::health::{day_of, pack};
use crate::base::area::{self, Area, NewArea};
use crate::base::party;
use crate::kit::error::Kind;
use crate::kit::{App, Result, RoleKind};

/// Communities of a sub-district.
const STREET: usize = 100;
/// Rules that work: of the last weeks, of the same weeks by rank, by regression.
const RULES: [&str; 3] = ["school-weeks", "percentile-80", "years-five"];

/// How much is wanted.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Wanted {
    pub communities: usize,
    pub syndromes: usize,
    pub years: usize,
}

/// Fills an empty node; `tell` is told how many communities there are.
pub fn seed(app: &App, wanted: Wanted, mut tell: impl FnMut(usize)) -> Result<()> {
    if app.db.last().size > 0 {
        return Err(Kind::SetUpDone.into());
    }
    let today = day_of(app.now(), &app.config.zone);
    app.db.write(party::first_start)?;
    let city = app.db.write(above)?.value;
    for (n, from) in (0..wanted.communities).step_by(STREET).enumerate() {
        let many = STREET.min(wanted.communities - from);
        let city = city.clone();
        app.db.write(move |tx| street(tx, &city, n, many, wanted, today))?;
        tell(from + many);
    }
    Ok(())
}

/// The areas above, and the rules that work in all of them.
fn above(tx: &mut Tx) -> Result<Area> {
    let lines =
        [("99", "演示省"), ("9999", "演示市")].map(|(code, name)| area::import::Line { code: code.into(), name: name.into() });
    area::import::apply(tx, lines.to_vec())?;
    let city = area::by_code(tx, "9999")?.ok_or(Kind::NotFound)?;
    let body = party::add_body(tx, RoleKind::City, "演示市治理中心", &city.id, None)?;
    let (now, pack) = (tx.now(), pack::at(&city.code));
    let seq = tx.log(Entry::new("demo.watch", "node", ""))?.index;
    for id in RULES {
        let rule = pack.rule(id).ok_or(Kind::NotFound)?;
        let sql = "insert into health_switch(id, area, path, rule, works, settings, least, why, made_by, changed_at, log_seq) \
                   values ($1,$2,$3,$4,1,$5,$6,'',$7,$8,$9)";
        let key = format!("{}/{id}", city.id);
        tx.exec(sql, params![key, &city.id, &city.path, id, &rule.settings, rule.least, &body.id, now, seq])?;
    }
    Ok(city)
}

fn street(tx: &mut Tx, city: &Area, n: usize, many: usize, wanted: Wanted, today: i32) -> Result<()> {
    let one = |tx: &mut Tx, kind, code: &str, name: &str, parent: &Area| {
        area::add(tx, &NewArea { kind, code, name, parent: Some(parent), ring: &[] })
    };
    let code = format!("99990{}{:03}", n / 1000 + 1, n % 1000);
    let street = one(tx, "street", &code, &format!("演示第{}街道", n + 1), city)?;
    party::add_body(tx, RoleKind::Subdistrict, &format!("{}治理中心", street.name), &street.id, None)?;
    for c in 0..many {
        let place = one(tx, "community", &format!("{code}{:03}", c + 1), &format!("{}{}社区", street.name, c + 1), &street)?;
        for s in 0..wanted.syndromes {
            series(tx, &place, s, (n * STREET + c) * wanted.syndromes + s, wanted.years, today);
        }
    }
    Ok(())
}

/// One series: weeks as they are invented, spread over the days of school.
fn series(tx: &mut Tx, place: &Area, syndrome: usize, number: usize, years: usize, today: i32) {
    let weeks = years * 365 / 7 + 1;
    // Few have an outbreak in these very weeks, as in life.
    let within = usize::from(number.is_multiple_of(50));
    let plan = Plan { weeks, tested: 8, before: 3, within, ..Plan::default() };
    let made = SCENARIOS[number % SCENARIOS.len()].invent(&plan, number as u64);
    let first = today - 7 * weeks as i32 + 1;
    let name = Name {
        whole: true,
        area: place.id.clone(),
        path: place.path.clone(),
        source: "school".into(),
        syndrome: format!("s{:02}", syndrome + 1),
    };
    for year in days::year_of(first)..=days::year_of(today) {
        let start = days::new_year(year);
        let last = today.min(days::new_year(year + 1) - 1);
        let one = |day: i32| match Day(day).weekday() {
            weekday @ 1..=5 if day >= first => {
                let week = made.counts[((day - first) / 7) as usize];
                One { tellers: 1, cases: week / 5 + u32::from(week % 5 >= weekday) }
            }
            _ => One::default(),
        };
        let all: Vec<One> = (start..=last).map(one).collect();
        let told = all.iter().rposition(|d| d.tellers > 0).unwrap_or(0);
        let block = Block {
            id: name.block(year),
            area: name.area.clone(),
            path: name.path.clone(),
            source: name.source.clone(),
            syndrome: name.syndrome.clone(),
            year,
            last_day: start + told as i32,
            days: days::pack(&all[..=told]),
        };
        days::write(tx, &block);
    }
}
