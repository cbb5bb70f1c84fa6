//! Counts of symptoms in the year that is played: a school and a pharmacy tell each day, outbreaks are put in, signals are verified,
//! assessed, answered and closed.
//!
//! What must stay true: outbreaks are a function of the day alone; a signal is true when there was one.

use store::Tx;

use crate::activities::health::{self, Book, Disposition, Level, Signal, State, act, day_of};
use crate::base::area::Area;
use crate::demo::health::{PHARMACY, SCHOOL, counts, tell};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, Who};

/// Days from one outbreak to the next, and how long one is told.
const EVERY: i32 = 55;
const LONG: i32 = 7;
/// What breaks out, in turn, and how many more a day there are.
const KINDS: [(&str, u32); 3] = [("fever", 8), ("gastro", 7), ("rash", 5)];
/// Signals that are looked at in a day.
const MANY: i64 = 50;

/// What broke out on a day: symptom, cases besides the usual, the day of the outbreak.
pub fn outbreak(day: i32) -> Option<(&'static str, u32, i32)> {
    let (n, since) = (day.div_euclid(EVERY), day.rem_euclid(EVERY));
    let (syndrome, more) = KINDS[n.rem_euclid(KINDS.len() as i32) as usize];
    (since < LONG).then_some((syndrome, more, since))
}

/// A day: what is told, and what is done about signals.
pub fn day(app: &App, place: &Area, clerk: &Who) -> Result<()> {
    let book = Book::now(app, &place.code)?;
    let today = day_of(app.now(), &book.zone);
    let more: Vec<(&str, i32, u32)> = outbreak(today).map(|(s, n, _)| (s, today, n)).into_iter().collect();
    tell(app, &book, clerk, "school", place, counts(&SCHOOL, today..=today, false, &more))?;
    tell(app, &book, clerk, "pharmacy", place, counts(&PHARMACY, today..=today, true, &[]))?;
    for signal in app.db.read(|r| health::beneath(r, &place.path, true, i64::MAX, MANY))? {
        let (book, who, now) = (book.clone(), clerk.clone(), app.now());
        app.db.write(move |tx| step(tx, &book, &who, &signal, now))?;
    }
    Ok(())
}

/// A signal is done with in a week: asked about the next day, answered the day after, closed when nothing is added.
fn step(tx: &mut Tx, book: &Book, who: &Who, signal: &Signal, now: Ms) -> Result<()> {
    let (number, age) = (signal.number.as_str(), (now - signal.opened_at) / DAY);
    let was = was(&signal.syndrome, day_of(signal.opened_at, &book.zone));
    match signal.state {
        State::Raised if age >= 1 => act::verify(tx, book, who, number, "打电话问了学校，情况属实。"),
        State::Verified => {
            let level = if was == Disposition::True { Level::Moderate } else { Level::Low };
            act::assess(tx, book, who, number, level, "没有重症，集中在一个年级。")
        }
        State::Assessed => act::respond(tx, book, who, number, "加强晨午检，通知家长，教室通风消毒。", None).map(drop),
        State::Responding if age >= 7 => act::close(tx, book, who, number, was, "一周没有新增。"),
        _ => Ok(()),
    }
}

/// What a signal of a symptom was that was opened on a day.
fn was(syndrome: &str, opened: i32) -> Disposition {
    let broke =
        (opened - LONG..=opened).filter_map(outbreak).any(|(s, ..)| s == syndrome || s == "fever" && syndrome == "absent");
    if broke { Disposition::True } else { Disposition::Expected }
}

/// Outbreaks that began between two moments, and in how many days each was found, if it was: by the signals of its symptom.
pub fn found(app: &App, place: &Area, from: Ms, to: Ms) -> Result<Vec<Option<i32>>> {
    let zone = &app.config.zone;
    let mut signals = app.db.read(|r| health::beneath(r, &place.path, true, i64::MAX, 1_000))?;
    signals.extend(app.db.read(|r| health::beneath(r, &place.path, false, i64::MAX, 1_000))?);
    let days = day_of(from, zone)..=day_of(to, zone) - LONG;
    let begun = days.filter_map(|d| outbreak(d).filter(|(_, _, since)| *since == 0).map(|(s, ..)| (s, d)));
    let first = |(syndrome, day): (&str, i32)| {
        let of = signals.iter().filter(|s| s.syndrome == syndrome).map(|s| day_of(s.opened_at, zone) - day);
        of.filter(|late| (0..=2 * LONG).contains(late)).min()
    };
    Ok(begun.map(first).collect())
}

#[cfg(test)]
mod tests {
    use calc::series::Day;

    use super::*;

    #[test]
    fn every_symptom_breaks_out_in_a_year_and_schools_tell_of_it() {
        for (syndrome, _) in KINDS {
            let days: Vec<i32> = (20_000..20_365).filter(|d| outbreak(*d).is_some_and(|(s, ..)| s == syndrome)).collect();
            assert!(days.len() >= LONG as usize && days.iter().filter(|d| Day(**d).weekday() <= 5).count() >= 5, "{syndrome}");
        }
    }
}
