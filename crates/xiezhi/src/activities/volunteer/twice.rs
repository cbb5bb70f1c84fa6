//! Nobody is in two places, and hours that only go round in a small circle are looked at (时间银行防作假).
//!
//! What must stay true: hours that overlap are never written down twice, be it two requests, two events or one of each; a
//! circle is no verdict: it is shown to whoever looks after volunteers, and nothing follows from it by itself.

use std::collections::{BTreeMap, BTreeSet};

use store::{Query, Row, params};

use super::pack::Circle;
use crate::base::area;
use crate::kit::Result;
use crate::kit::time::{DAY, MINUTE, Ms};

/// Help that is looked at for circles.
const MOST: i64 = 5_000;

/// Which of somebody's times count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// What he did.
    Done,
    /// What he promised, too.
    Promised,
}

/// Whether somebody is elsewhere in a span of time; `but` is the request or event that asks.
pub fn elsewhere(q: &mut dyn Query, person: &str, span: (Ms, Ms), but: &str, times: Times) -> Result<bool> {
    let said = params![person, but, span.0, span.1];
    let helped = "select count(*) from help_by where person = $1 and help <> $2 and state in ('done', 'settled') \
                  and began_at < $4 and began_at + minutes * 60000 > $3";
    // How long somebody was at an event is known when hours are booked; before, it is all of it.
    let came = "select count(*) from event_by b join event e on e.id = b.event where b.person = $1 and b.event <> $2 \
                and b.state in ('came', 'named', 'booked') and e.state <> 'void' and e.starts_at < $4 \
                and coalesce(e.starts_at + b.minutes * 60000, e.ends_at) > $3";
    let agreed = "select count(*) from help_by b join help h on h.id = b.help where b.person = $1 and b.help <> $2 \
                  and b.state = 'agreed' and h.state = 'agreed' and h.starts_at < $4 and h.ends_at > $3";
    let coming = "select count(*) from event_by b join event e on e.id = b.event where b.person = $1 and b.event <> $2 \
                  and b.state in ('coming', 'waiting') and e.state = 'open' and e.starts_at < $4 and e.ends_at > $3";
    for (sql, counts) in [(helped, Times::Done), (came, Times::Done), (agreed, Times::Promised), (coming, Times::Promised)] {
        if (counts == Times::Done || times == Times::Promised) && q.count(sql, said)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Minutes that one gave another, and in how many requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Requests.
    pub times: i64,
    /// Minutes.
    pub minutes: i64,
}

/// People each of whom gave most of his time to the next, and the last to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// In that order, beginning with the first by id.
    pub people: Vec<String>,
    /// What went round.
    pub given: Given,
}

/// Rounds of a place in the last days of the rule, the most minutes first.
pub fn rounds(q: &mut dyn Query, path: &str, circle: Circle, now: Ms) -> Result<Vec<Round>> {
    let sql = "select b.person, h.asked_by, b.minutes from help h join help_by b on b.help = h.id and b.state = 'settled' \
               where h.path >= $1 and h.path < $2 and h.state = 'settled' and h.starts_at > $3 and h.asked_by is not null \
               and h.hours = 1 order by h.starts_at desc, h.id, b.person limit $4";
    let rows = q.rows(sql, params![path, area::end_of(path), now - circle.days * DAY, MOST])?;
    let one = |r: &Row| Ok((r.get("person")?, r.get("asked_by")?, r.get::<Option<i64>>("minutes")?.unwrap_or_default()));
    Ok(found(&rows.iter().map(one).collect::<store::Result<Vec<_>>>()?, circle))
}

/// Who gave whom how many minutes → rounds. Everybody has at most one to whom he gave more than half, so each round is met
/// by going from one to the next.
fn found(gave: &[(String, String, i64)], circle: Circle) -> Vec<Round> {
    let mut by: BTreeMap<&str, BTreeMap<&str, Given>> = BTreeMap::new();
    for (from, to, minutes) in gave.iter().filter(|(from, to, _)| from != to) {
        let one = by.entry(from).or_default().entry(to).or_default();
        *one = Given { times: one.times + 1, minutes: one.minutes + minutes };
    }
    let mut next: BTreeMap<&str, (&str, Given)> = BTreeMap::new();
    for (from, all) in &by {
        let sum: i64 = all.values().map(|g| g.minutes).sum();
        let most = all.iter().find(|(_, g)| g.minutes * 100 > sum * circle.percent && g.times >= circle.times);
        if let Some((to, given)) = most {
            next.insert(from, (to, *given));
        }
    }
    let (mut out, mut met) = (Vec::new(), BTreeSet::new());
    for first in next.keys() {
        let (mut people, mut given, mut at) = (vec![*first], Given::default(), *first);
        while let Some((to, one)) = next.get(at).filter(|_| people.len() <= circle.people) {
            given = Given { times: given.times + one.times, minutes: given.minutes + one.minutes };
            if to == first {
                if people.iter().all(|p| met.insert(*p)) {
                    out.push(Round { people: people.iter().map(|p| (*p).to_owned()).collect(), given });
                }
                break;
            }
            if people.contains(to) {
                break;
            }
            people.push(to);
            at = to;
        }
    }
    out.sort_by(|a, b| (-a.given.minutes, &a.people).cmp(&(-b.given.minutes, &b.people)));
    out
}

/// The span of so many minutes from a moment on.
pub fn span(from: Ms, minutes: i64) -> (Ms, Ms) {
    (from, from + minutes * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCLE: Circle = Circle { days: 90, times: 3, percent: 60, people: 4 };

    fn gave(from: &str, to: &str, minutes: i64, times: usize) -> Vec<(String, String, i64)> {
        vec![(from.to_owned(), to.to_owned(), minutes); times]
    }

    #[test]
    fn two_who_only_help_each_other_are_a_round_and_so_are_three() {
        let mut all = gave("a", "b", 60, 3);
        all.extend(gave("b", "a", 90, 4));
        for (from, to) in [("x", "y"), ("y", "z"), ("z", "x")] {
            all.extend(gave(from, to, 100, 3));
        }
        let found = found(&all, CIRCLE);
        assert_eq!(found[0], Round { people: vec!["x".into(), "y".into(), "z".into()], given: Given { times: 9, minutes: 900 } });
        assert_eq!(found[1], Round { people: vec!["a".into(), "b".into()], given: Given { times: 7, minutes: 540 } });
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn whoever_helps_others_too_or_seldom_is_in_none() {
        let mut all = gave("a", "b", 60, 3);
        all.extend(gave("b", "a", 60, 3));
        all.extend(gave("a", "c", 150, 1));
        assert!(found(&all, CIRCLE).is_empty(), "more than 40 of 100 minutes went to somebody else");
        let mut seldom = gave("a", "b", 60, 2);
        seldom.extend(gave("b", "a", 60, 9));
        assert!(found(&seldom, CIRCLE).is_empty());
        // A line that ends in a round, and one that is too long.
        let mut line = gave("l", "a", 60, 3);
        line.extend(gave("a", "b", 60, 3));
        line.extend(gave("b", "a", 60, 3));
        assert_eq!(found(&line, CIRCLE)[0].people, ["a", "b"]);
        let long: Vec<_> = (0..5).flat_map(|n| gave(&n.to_string(), &((n + 1) % 5).to_string(), 60, 3)).collect();
        assert!(found(&long, CIRCLE).is_empty());
    }
}
