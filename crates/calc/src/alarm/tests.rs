//! By hand; at random against a model of the machine ([`reference`]) and of the rules ([`rules`]).

mod reference;
mod rules;
mod usage;

use super::*;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 3_600_000;

pub(super) fn rule(test: Test) -> Rule {
    Rule { when: When::Test { input: 0, test }, late: 10 * MINUTE, ahead: 5_000 }
}

pub(super) fn said(at: i64, value: Value) -> Observation {
    Observation { input: 0, at: Some(at), received: at, seq: None, value, quality: Quality::Good }
}

pub(super) fn above(raise: f64, clear: f64) -> Test {
    Test::Beyond { side: Side::Above, raise, clear }
}

fn who() -> String {
    "who".into()
}

#[test]
fn a_sensor_that_flutters_for_an_hour_is_one_alarm_and_two_notices() {
    let rule = rule(Test::Among { values: vec![Value::Bool(true)] });
    for seen in [None, Some(90)] {
        let (mut state, mut machine, policy) = (State::new(&rule, 0), Machine::default(), Policy::default());
        let ladder = Ladder { rungs: vec![Rung { within: 2 * HOUR, sleeps: false }; 3], quiet: None };
        let (mut climb, mut effects, mut calls) = (Climb::default(), Vec::new(), 0);
        let now = |second: i64| second * 1000;
        for second in 0..3600 {
            let taken = state.observe(&rule, &said(now(second), Value::Bool(second % 2 == 0)));
            let mut events: Vec<Event> = taken.edges.iter().map(|e| if e.raised { Event::Raise } else { Event::Clear }).collect();
            events.extend((Some(second) == seen).then(|| Event::See(who())));
            for event in events {
                let new = machine.step(&policy, now(second), event);
                for effect in &new {
                    match effect {
                        Effect::Open => climb = Climb::begin(now(second)),
                        Effect::Again => climb.again(&ladder, now(second)),
                        Effect::Quiet => climb.seen(),
                        _ => {}
                    }
                }
                effects.extend(new);
            }
            let moment = Moment { now: now(second), offset: 0, severity: 1 };
            calls += usize::from(climb.call(&ladder, moment).is_some());
            machine = Machine::parse(&machine.text()).unwrap();
        }
        let count = |what: Effect| effects.iter().filter(|e| **e == what).count();
        assert_eq!((count(Effect::Open), count(Effect::Again), count(Effect::Repair)), (1, 0, 1), "{effects:?}");
        assert_eq!(calls + count(Effect::Repair), 2);
        assert_eq!(machine.settle, policy.most);
        // The device was mended: it is over for as long as it takes, then it is closed.
        assert_eq!(
            machine.step(&policy, now(3600), Event::Close(Disposition::FalseDevice, who())),
            [Effect::Refused(Refusal::StillRaised)]
        );
        assert_eq!(machine.step(&policy, now(3600) + policy.most, Event::Tick), [Effect::Over]);
        assert_eq!(
            machine.step(&policy, now(7200), Event::Close(Disposition::FalseDevice, who())),
            [Effect::Close(Disposition::FalseDevice)]
        );
        machine.step(&policy, now(7300), Event::Tick);
        assert_eq!((machine.chatters, machine.settle, machine.open), (None, 0, None));
    }
}

#[test]
fn a_call_for_help_is_over_when_somebody_says_so() {
    let policy = Policy { latched: true, ..Policy::default() };
    let mut machine = Machine::default();
    assert_eq!(machine.step(&policy, 1, Event::Raise), [Effect::Open]);
    assert_eq!(machine.step(&policy, 2, Event::Reset(who())), [Effect::Refused(Refusal::StillRaised)]);
    assert_eq!(machine.step(&policy, 3, Event::Clear), []);
    assert_eq!((machine.phase, machine.due()), (Phase::Raised, None));
    assert_eq!(machine.step(&policy, 4, Event::See(who())), [Effect::Quiet]);
    assert_eq!(machine.step(&policy, 5, Event::Close(Disposition::True, who())), [Effect::Refused(Refusal::StillRaised)]);
    assert_eq!(machine.step(&policy, 6, Event::Reset(who())), [Effect::Over]);
    assert_eq!(machine.step(&policy, 7, Event::Reset(who())), [Effect::Refused(Refusal::Already)]);
    assert_eq!(machine.step(&policy, 8, Event::Close(Disposition::True, String::new())), [Effect::Refused(Refusal::Unnamed)]);
    assert_eq!(machine.step(&policy, 9, Event::Close(Disposition::True, who())), [Effect::Close(Disposition::True)]);
    assert_eq!(machine.step(&policy, 9, Event::Close(Disposition::True, who())), [Effect::Refused(Refusal::NotOpen)]);
    // Pressed and let go while it was hidden: not lost.
    let shelve = |until| Event::Shelve { until, who: who(), why: "battery is changed".into() };
    assert_eq!(machine.step(&policy, 10, shelve(100)), []);
    assert_eq!(machine.step(&policy, 20, Event::Raise), []);
    assert_eq!(machine.step(&policy, 30, Event::Clear), []);
    assert_eq!(machine.step(&policy, 40, shelve(40)), [Effect::Refused(Refusal::Past)]);
    assert_eq!(machine.step(&policy, 100, Event::Tick), [Effect::Open]);
}

#[test]
fn what_hides_an_alarm() {
    let policy = Policy::default();
    let mut machine = Machine::default();
    // The gateway is down: what hangs on it opens nothing. Then it is up, and the smoke is still there.
    machine.step(&policy, 1, Event::Suppress("gateway 七".into()));
    assert_eq!(machine.step(&policy, 2, Event::Raise), []);
    assert_eq!(Machine::parse(&machine.text()).unwrap(), machine);
    assert_eq!(machine.step(&policy, 3, Event::Release), [Effect::Open]);
    assert_eq!(machine.step(&policy, 4, Event::Service(false)), [Effect::Hide]);
    assert_eq!(machine.step(&policy, 5, Event::Suppress("x".into())), []);
    assert_eq!(machine.step(&policy, 6, Event::Service(true)), []);
    assert_eq!(machine.step(&policy, 7, Event::Release), [Effect::Show]);
    assert_eq!(machine.step(&policy, 8, Event::See(who())), [Effect::Quiet]);
    assert_eq!(machine.step(&policy, 9, Event::Clear), [Effect::Over]);
    assert_eq!(machine.step(&policy, 10, Event::Raise), [Effect::Again]);
    assert_eq!(machine.step(&policy, 11, Event::See(who())), [Effect::Quiet]);
}

#[test]
fn the_ladder() {
    let rung = |within, sleeps| Rung { within, sleeps };
    let quiet = Some(Quiet { from: 22 * 60, to: 7 * 60, unless: 3 });
    let ladder = Ladder { rungs: vec![rung(5 * MINUTE, true), rung(10 * MINUTE, true), rung(0, false)], quiet };
    let at = |now, severity| Moment { now, offset: 8 * HOUR, severity };
    // Noon there: one after another, each once.
    let noon = 4 * HOUR;
    let mut climb = Climb::begin(noon);
    assert_eq!((climb.call(&ladder, at(noon, 1)), climb.call(&ladder, at(noon, 1))), (Some(0), None));
    assert_eq!(climb.due, Some(noon + 5 * MINUTE));
    climb = Climb::parse(&climb.text()).unwrap();
    assert_eq!(climb.call(&ladder, at(noon + 5 * MINUTE, 1)), Some(1));
    // Seen, over, raised again: the second has his time anew, and is not called a second time.
    climb.seen();
    assert_eq!(climb.call(&ladder, at(noon + HOUR, 1)), None);
    climb.again(&ladder, noon + HOUR);
    assert_eq!(climb.call(&ladder, at(noon + HOUR + 9 * MINUTE, 1)), None);
    // Hidden for a while with a minute left.
    climb.hide(noon + HOUR + 9 * MINUTE);
    assert_eq!((climb.due, climb.call(&ladder, at(noon + 2 * HOUR, 1))), (None, None));
    climb.show(noon + 3 * HOUR);
    assert_eq!(climb.due, Some(noon + 3 * HOUR + MINUTE));
    assert_eq!(climb.call(&ladder, at(noon + 3 * HOUR + MINUTE, 1)), Some(2));
    assert_eq!((climb.call(&ladder, at(noon + 9 * HOUR, 1)), climb.due), (None, None), "nobody is left");
    // Eleven at night: what is not grave waits until seven, what is does not, and a duty desk does not sleep.
    let night = 15 * HOUR + 1;
    let mut climb = Climb::begin(night);
    assert_eq!((climb.call(&ladder, at(night, 2)), climb.due), (None, Some(23 * HOUR)));
    assert_eq!(climb.call(&ladder, at(23 * HOUR, 2)), Some(0));
    let mut climb = Climb::begin(night);
    assert_eq!((climb.call(&ladder, at(night, 3)), climb.call(&ladder, at(night + 5 * MINUTE, 3))), (Some(0), Some(1)));
    assert_eq!(climb.call(&ladder, at(night + 15 * MINUTE, 3)), Some(2));
}

#[test]
fn names_are_stable() {
    for name in ["true", "prevented", "false-device", "false-behaviour", "test", "away"] {
        assert_eq!(Disposition::parse(name).unwrap().as_str(), name);
    }
    assert_eq!(Disposition::parse("other"), None);
    assert_eq!(Phase::parse("returned"), Some(Phase::Returned));
}
