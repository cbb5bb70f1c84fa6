//! The stories of the demo: what is reported where, and when who does what about it.
//!
//! What must stay true: a story is drawn until its times fit its end — a case that shall be in time is, one that shall be
//! overdue is — so that every state is there at whatever hour of the day the demo starts. Times follow people: reports
//! peak in the morning and the evening, offices work from 8 to 20, and what is urgent does not wait for them.

use jiff::tz::TimeZone;

use super::draw::Draw;
use super::place::{Community, House};
use super::words::{Told, words};
use crate::base::classes::Stage;
use crate::kit::time::{DAY, HOUR, MINUTE, Ms, day_start};
use crate::records::case::Rulebook;

/// How far back the demo goes.
pub const PAST: Ms = 14 * DAY;
/// Share of reports in each hour of the day.
const PEAKS: [usize; 24] = [2, 1, 1, 1, 1, 2, 4, 8, 9, 6, 4, 4, 4, 3, 3, 3, 4, 5, 8, 9, 9, 8, 6, 3];
/// Classes by how often they are reported.
const CLASSES: [(&str, u32); 14] = [
    ("lighting", 14),
    ("rubbish", 14),
    ("water", 12),
    ("parking", 10),
    ("road", 8),
    ("lift", 7),
    ("noise", 7),
    ("fire", 6),
    ("green", 6),
    ("building", 6),
    ("help", 6),
    ("pets", 4),
    ("complaint", 4),
    ("other", 4),
];
/// Tries before a story is given up.
const TRIES: usize = 4000;

/// One step of a story: the actions of a case; `Wanting` is the check that finds it not done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Do {
    Accept,
    Send,
    Take,
    Answer,
    Look,
    Close,
    Rate,
    Reopen,
    Reject,
    Back,
    Wanting,
    Extend,
    Merge,
    Note,
}

/// How a story ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// Open, and in time.
    InTime,
    /// Open, and overdue.
    Late,
    /// Settled.
    Settled,
}

use Do::*;

/// Steps, end, how many in the first community and in the others together.
const COURSES: &[(&[Do], End, usize, usize)] = &[
    (&[], End::InTime, 5, 4),
    (&[Accept], End::InTime, 4, 2),
    (&[Accept, Send], End::InTime, 5, 3),
    (&[Accept, Send, Take, Note], End::InTime, 4, 3),
    (&[Accept, Send, Take, Answer], End::InTime, 3, 2),
    (&[Accept, Send, Take, Answer, Look], End::InTime, 2, 1),
    (&[Accept, Send, Take, Extend], End::InTime, 1, 1),
    (&[Accept, Send, Back], End::InTime, 2, 1),
    (&[Accept, Send, Take, Answer, Look, Close, Reopen], End::InTime, 2, 1),
    (&[Reject, Reopen], End::InTime, 1, 0),
    (&[], End::Late, 2, 1),
    (&[Accept, Send, Take], End::Late, 2, 1),
    (&[Accept, Send, Take, Answer, Look, Close, Rate], End::Settled, 15, 30),
    (&[Accept, Send, Take, Answer, Look, Close], End::Settled, 13, 26),
    (&[Accept, Send, Take, Answer, Wanting, Answer, Look, Close, Rate], End::Settled, 2, 3),
    (&[Accept, Send, Take, Answer, Look, Close, Reopen, Send, Take, Answer, Look, Close, Rate], End::Settled, 2, 2),
    (&[Reject], End::Settled, 3, 4),
    (&[Merge], End::Settled, 2, 3),
];
/// Share of the others that each of them gets.
const OTHERS: [u32; 3] = [5, 3, 2];

/// Who reports, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Resident(usize),
    Visitor,
    Counter,
    Phone,
    Patrol,
}

/// A story.
#[derive(Clone, Debug)]
pub struct Story {
    /// Index of the community.
    pub community: usize,
    /// Index of the building.
    pub building: usize,
    /// Class.
    pub class: &'static str,
    /// Who reports, and how.
    pub by: By,
    /// What, and what will be said of it.
    pub told: Told,
    /// When.
    pub at: Ms,
    /// What happens then.
    pub steps: Vec<(Ms, Do)>,
    /// The story that it is merged into.
    pub into: Option<usize>,
}

/// Draws all stories; `now` is the present.
pub fn write(
    draw: &mut Draw,
    book: &Rulebook,
    communities: &[Community],
    residents: &[usize],
    now: Ms,
    zone: &TimeZone,
) -> Vec<Story> {
    let mut out = Vec::new();
    for (steps, end, first, others) in COURSES {
        for n in 0..first + others {
            let community = if n < *first { 0 } else { 1 + draw.weighted(OTHERS.into_iter()) };
            let Some((class, at, times)) = timing(draw, book, steps, *end, now, zone) else { continue };
            let printed = community == 0 && n == 0 && *first > 2;
            let by = if printed { By::Resident(0) } else { by(draw, residents[community], words().of(class).is_seen()) };
            // The printed grid worker has the first grid: of each course one story happens there.
            let all = &communities[community].buildings;
            let near = if community == 0 && n == 1 { all.iter().filter(|h| h.grid == 0).count() } else { all.len() };
            let building = draw.below(near);
            let told = tell(draw, class, by, &communities[community].buildings[building]);
            let steps = times.into_iter().zip(steps.iter().copied()).collect();
            out.push(Story { community, building, class, by, told, at, steps, into: None });
        }
    }
    pair_up(draw, communities, &mut out);
    out
}

fn tell(draw: &mut Draw, class: &str, by: By, house: &House) -> Told {
    words().of(class).report(draw, by == By::Patrol, house)
}

/// The printed resident has the first story of several courses. Of the others, a third of the homes have somebody over
/// 65 (census of 2020), and half of those phone or come by.
fn by(draw: &mut Draw, residents: usize, seen: bool) -> By {
    if draw.percent(super::homes_with_old_people() / 2) {
        return if draw.percent(60) { By::Phone } else { By::Counter };
    }
    match draw.below(100) {
        0..15 if seen => By::Patrol,
        0..40 => By::Visitor,
        _ => By::Resident(draw.below(residents - 1) + 1),
    }
}

/// Gives each merged story the one it repeats: of the same community, reported before it.
fn pair_up(draw: &mut Draw, communities: &[Community], all: &mut [Story]) {
    for i in 0..all.len() {
        if !all[i].steps.iter().any(|(_, step)| *step == Merge) {
            continue;
        }
        let (community, at) = (all[i].community, all[i].at);
        let fits = |s: &Story| s.community == community && s.at < at && !s.steps.iter().any(|(_, d)| matches!(d, Merge | Reject));
        let main = (0..all.len()).filter(|j| fits(&all[*j])).max_by_key(|j| all[*j].at);
        match main {
            Some(main) => {
                let (building, class) = (all[main].building, all[main].class);
                let told = tell(draw, class, By::Visitor, &communities[community].buildings[building]);
                all[i] = Story { building, class, told, by: By::Visitor, into: Some(main), ..all[i].clone() };
            }
            // Nothing was reported before it that it could repeat.
            None => all[i].steps.iter_mut().for_each(|(_, step)| *step = Reject),
        }
    }
}

/// A class, the time of the report and the times of the steps, such that the story ends as it shall.
fn timing(
    draw: &mut Draw,
    book: &Rulebook,
    steps: &[Do],
    end: End,
    now: Ms,
    zone: &TimeZone,
) -> Option<(&'static str, Ms, Vec<Ms>)> {
    let past = if end == End::Settled { PAST - HOUR } else { PAST / 2 };
    for _ in 0..TRIES {
        let class = CLASSES[draw.weighted(CLASSES.iter().map(|(_, w)| *w))].0;
        // Cases in time are young: longer ago than twice all their limits together they could not be, over most weekends.
        let all = Stage::ALL.iter().map(|s| book.classes.get(class).map_or(0, |c| c.limit(*s).ms())).sum::<Ms>();
        let back = if end == End::InTime { past.min(2 * all) } else { past };
        let at = now - draw.between(3 * MINUTE, back);
        let hour = (at - day_start(at, zone)) / HOUR;
        if draw.below(9) >= PEAKS[(hour as usize).min(23)] {
            continue;
        }
        if let Some(times) = run(draw, book, steps, class, end, at, now, zone) {
            return Some((class, at, times));
        }
    }
    None
}

/// Plays the clocks of a case: the times of its steps, or nothing when it would not end as it shall.
#[expect(clippy::too_many_arguments, reason = "the whole course and its moment")]
fn run(
    draw: &mut Draw,
    book: &Rulebook,
    steps: &[Do],
    class: &str,
    end: End,
    at: Ms,
    now: Ms,
    zone: &TimeZone,
) -> Option<Vec<Ms>> {
    let after = |t, stage| book.due(stage, Some(class), t);
    let urgent = book.classes.or_other(Some(class)).urgent;
    let (mut t, mut due, mut times) = (at, after(at, Stage::Receive), Vec::new());
    for step in steps {
        let by_reporter = matches!(step, Rate | Reopen);
        let room = if by_reporter { DAY } else { due - t };
        let wait = ((room as f64 * (0.02 + 0.4 * draw.part())) as Ms).max(2 * MINUTE);
        t = if urgent && !by_reporter { t + wait } else { in_hours(draw, t + wait, zone) };
        if t > now - MINUTE || (!by_reporter && t >= due) {
            return None;
        }
        times.push(t);
        due = match step {
            Accept | Reopen if steps.first() == Some(&Reject) => after(t, Stage::Receive),
            Accept | Reopen => after(t, Stage::Dispatch),
            Send | Wanting => after(t, Stage::Handle),
            Back => due.min(after(t, Stage::Dispatch)),
            Answer => after(t, Stage::Check),
            Extend => after(due, Stage::Handle),
            Take | Look | Close | Rate | Reject | Merge | Note => due,
        };
    }
    let fits = match end {
        End::InTime => due > now + 10 * MINUTE,
        End::Late => due < now - 20 * MINUTE,
        End::Settled => true,
    };
    fits.then_some(times)
}

/// The same time, or the next morning when offices are closed.
fn in_hours(draw: &mut Draw, t: Ms, zone: &TimeZone) -> Ms {
    let midnight = day_start(t, zone);
    match (t - midnight) / HOUR {
        0..8 => midnight + 8 * HOUR + draw.between(0, 100) * MINUTE,
        8..20 => t,
        _ => midnight + DAY + 8 * HOUR + draw.between(0, 100) * MINUTE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_course_fits_at_every_hour_of_the_day() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let book = Rulebook::embedded(zone.clone());
        // A year beyond the calendar; an ordinary Monday; the end of the longest holidays, when only what is urgent moved.
        let days = ["2027-01-15", "2026-11-23", "2026-02-23"].map(|d| crate::kit::time::parse(&format!("{d}T00:00:00+08:00")));
        for (hour, day) in (0..24).flat_map(|h| days.map(|d| (h, d.unwrap()))) {
            let now = day + hour * HOUR;
            let mut draw = Draw::new(hour as u64);
            for (steps, end, _, _) in COURSES {
                let found = (0..3).filter_map(|_| timing(&mut draw, &book, steps, *end, now, &zone)).count();
                assert_eq!(found, 3, "{steps:?} {end:?} at {now}");
            }
        }
    }
}
