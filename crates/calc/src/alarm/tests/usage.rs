//! Rules on use over time: a tap that is not opened, one that is never closed, a device that says nothing.

use super::{HOUR, MINUTE, rule, said};
use crate::alarm::*;

const DAY: i64 = 24 * HOUR;

fn water(least: Least) -> Rule {
    rule(Test::Little { of: Use::Counter, slot: HOUR, slots: 12, least, gaps: Some(2) })
}

/// A home with a water meter that is read every half hour, in litres.
struct Home {
    rule: Rule,
    state: State,
    reading: f64,
    now: i64,
    edges: Vec<Edge>,
}

impl Home {
    fn new(rule: Rule) -> Home {
        assert_eq!(rule.check(), Ok(()));
        Home { state: State::new(&rule, 0), rule, reading: 1000.0, now: 0, edges: Vec::new() }
    }

    /// So many hours with so much use in each.
    fn live(&mut self, hours: i64, litres: f64) {
        for _ in 0..2 * hours {
            self.quiet(MINUTE * 30);
            self.reading += litres / 2.0;
            let taken = self.state.observe(&self.rule, &said(self.now, Value::Number(self.reading)));
            assert_eq!(taken.verdict, Verdict::Live);
            self.edges.extend(taken.edges);
        }
    }

    /// Nothing is heard.
    fn quiet(&mut self, ms: i64) {
        let until = self.now + ms;
        while let Some(due) = self.state.due(&self.rule).filter(|due| *due <= until) {
            self.edges.extend(self.state.tick(&self.rule, due));
        }
        self.now = until;
        self.state = State::parse(&self.rule, &self.state.text()).unwrap();
    }

    fn times(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.edges).iter().map(|e| if e.raised { e.at / MINUTE } else { -e.at / MINUTE }).collect()
    }
}

#[test]
fn too_little_water() {
    let mut home = Home::new(water(Least::Fixed(10.0)));
    home.live(30, 2.0);
    assert_eq!(home.times(), []);
    // 10 litres in 12 hours are no longer used after eight hours without; told when the slot is complete, ten minutes after it.
    home.live(20, 0.0);
    assert_eq!(home.times(), [(30 + 8) * 60 + 10]);
    let told = facts(&home.rule, Some(&home.state));
    assert_eq!((told[0].key, told[0].holds), ("little", Some(true)));
    assert!(told[0].values.contains(&("least", Fact::Number(10.0))) && told[0].values.contains(&("used", Fact::Number(0.0))));
    // Somebody washes: over at once.
    home.live(1, 30.0);
    assert_eq!(home.times(), [-(50 * 60 + 30)]);
}

#[test]
fn what_is_not_known_is_not_little() {
    let mut home = Home::new(water(Least::Fixed(10.0)));
    home.live(5, 0.0);
    assert_eq!(home.times(), [], "half a window is none");
    home.quiet(DAY);
    assert_eq!(home.times(), [], "the meter is silent");
    // It is back, and was read on the way: what came late is history.
    let late = Observation { received: home.now, ..said(home.now - HOUR, Value::Number(home.reading)) };
    assert_eq!(home.state.observe(&home.rule, &late).verdict, Verdict::Late);
    home.live(9, 0.0);
    assert_eq!(home.times(), [], "more than two hours are missing");
    home.live(3, 0.0);
    assert_eq!(home.times().len(), 1);
}

#[test]
fn nobody_is_at_home() {
    let mut home = Home::new(water(Least::Fixed(10.0)));
    home.live(24, 2.0);
    home.state.away(home.now, home.now + 3 * DAY);
    home.live(60, 0.0);
    assert_eq!(home.times(), []);
    // Back earlier than said: windows begin anew.
    home.state.away(home.now, home.now);
    home.live(12, 0.0);
    assert_eq!(home.times(), []);
    home.live(1, 0.0);
    assert_eq!(home.times().len(), 1);
    // Raised, and only then somebody says that nobody is at home.
    home.state.away(home.now, home.now + DAY);
    let now = home.now;
    home.edges.extend(home.state.tick(&home.rule, now));
    assert_eq!(home.times(), [-now / MINUTE]);
}

#[test]
fn as_it_is_used_here() {
    // Half of what is used in most windows here, once four are known.
    let mut home = Home::new(water(Least::Own { quantile: 0.5, part: 0.5, windows: 4 }));
    home.live(36, 0.1);
    assert_eq!(home.times(), [], "nobody knows yet what is usual");
    home.live(24, 0.1);
    home.live(12, 0.06);
    assert_eq!(home.times(), [], "who uses little is not missed for it");
    home.live(12, 0.01);
    assert_eq!(home.times().len(), 1);
    let told = facts(&home.rule, Some(&home.state));
    let enough = told[0].values.iter().find(|(name, _)| *name == "enough");
    assert!(matches!(enough, Some((_, Fact::Number(n))) if (0.4..0.7).contains(n)), "{enough:?}");
}

#[test]
fn a_tap_that_is_never_closed() {
    let mut home = Home::new(rule(Test::Regular { of: Use::Counter, slot: HOUR, slots: 24, over: 0.0 }));
    home.live(20, 5.0);
    home.live(2, 0.0);
    home.live(23, 0.2);
    assert_eq!(home.times(), []);
    home.live(3, 0.2);
    assert_eq!(home.times(), [46 * 60 + 10]);
    home.live(3, 0.0);
    assert_eq!(home.times().len(), 1);
    // A day of use that came all at once and late: no alarm about now.
    let mut late = Home::new(rule(Test::Regular { of: Use::Amount, slot: HOUR, slots: 3, over: 0.0 }));
    late.now = 5 * HOUR;
    for hour in 1..5 {
        let one = Observation { received: late.now + 30 * MINUTE, ..said(hour * HOUR, Value::Number(1.0)) };
        assert_eq!(late.state.observe(&late.rule, &one).verdict, Verdict::Late);
    }
    late.quiet(3 * HOUR);
    assert_eq!(late.times(), []);
}

#[test]
fn a_door_that_is_not_opened() {
    // Nothing comes when nothing happens: the window is known all the same.
    let mut home = Home::new(rule(Test::Little { of: Use::Events, slot: HOUR, slots: 24, least: Least::Fixed(1.0), gaps: None }));
    home.quiet(10 * HOUR);
    home.state.observe(&home.rule, &said(home.now, Value::Bool(true)));
    home.state.observe(&home.rule, &said(home.now + 1, Value::Bool(false)));
    home.quiet(2 * DAY);
    assert_eq!(home.times(), [(11 + 24) * 60 + 10]);
}

#[test]
fn no_data() {
    let mut home = Home::new(rule(Test::Silent { after: HOUR }));
    home.quiet(29 * MINUTE);
    home.live(1, 0.0);
    home.quiet(59 * MINUTE);
    assert_eq!(home.times(), []);
    home.quiet(DAY);
    assert_eq!(home.times(), [89 + 60]);
    // By the clock of the server: what a device says late shows that it is there.
    let late = Observation { received: home.now, ..said(2 * HOUR, Value::Number(1.0)) };
    let taken = home.state.observe(&home.rule, &late);
    assert_eq!((taken.verdict, taken.edges.len(), home.state.raised()), (Verdict::Late, 1, false));
}
