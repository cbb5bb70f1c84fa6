//! The machine told another way: two marks instead of four phases, the whole history instead of what is left of it. Both must agree.

use proptest::prelude::*;

use crate::alarm::machine::{CALM, FLUTTER};
use crate::alarm::*;

/// An open alarm: raised or not, seen or not.
#[derive(Clone, Debug)]
struct Open {
    raised: bool,
    seen: bool,
    told: bool,
}

/// The reference.
#[derive(Clone, Debug, Default)]
struct Model {
    holds: bool,
    alarm: Option<Open>,
    shelved_until: Option<i64>,
    parent: bool,
    out: bool,
    waiting: Option<i64>,
    missed: bool,
    /// All changes of the rule there ever were, and from where on they count.
    changes: Vec<(i64, bool)>,
    from: usize,
    level: u32,
}

impl Model {
    fn hidden(&self) -> bool {
        self.shelved_until.is_some() || self.parent || self.out
    }

    fn settle(&self, policy: &Policy) -> i64 {
        if self.level == 0 { 0 } else { (policy.settle << (self.level - 1).min(20)).min(policy.most) }
    }

    /// The next thing that time does: when, and which (shelf, over, calm).
    fn next(&self) -> Option<(i64, u8)> {
        let calm = (self.level > 0).then(|| self.changes.last().unwrap().0 + CALM);
        [(self.shelved_until, 0), (self.waiting, 1), (calm, 2)].into_iter().filter_map(|(at, n)| at.map(|at| (at, n))).min()
    }

    fn become_raised(&mut self, out: &mut Vec<Effect>) {
        let (hidden, chatters) = (self.hidden(), self.level > 0);
        match &mut self.alarm {
            None if !hidden => {
                self.alarm = Some(Open { raised: true, seen: false, told: false });
                self.missed = false;
                out.push(Effect::Open);
            }
            None => {}
            Some(open) if !open.raised && open.seen => {
                open.raised = true;
                if !chatters && !hidden {
                    open.seen = false;
                    out.push(Effect::Again);
                }
            }
            Some(open) => open.raised = true,
        }
    }

    fn become_over(&mut self, out: &mut Vec<Effect>) {
        self.waiting = None;
        if let Some(open) = self.alarm.as_mut().filter(|o| o.raised) {
            open.raised = false;
            out.push(Effect::Over);
        }
    }

    fn hide(&mut self, out: &mut Vec<Effect>, change: impl FnOnce(&mut Model)) {
        let before = self.hidden();
        change(self);
        if before == self.hidden() {
            return;
        }
        if self.alarm.is_some() {
            out.push(if before { Effect::Show } else { Effect::Hide });
        } else if before && (self.holds || self.missed) {
            self.become_raised(out);
        }
    }

    fn changed(&mut self, now: i64, raise: bool) {
        self.changes.push((now, raise));
        let counted = &self.changes[self.from..];
        let raises = counted.iter().filter(|(at, r)| *r && now - at < FLUTTER).count();
        let steps = counted.iter().filter(|(at, _)| now - at < CALM).count();
        if raises >= 3 || steps >= 6 {
            self.level += 1;
            self.from = self.changes.len() - 1;
        }
    }

    fn step(&mut self, policy: &Policy, now: i64, event: &Event) -> Vec<Effect> {
        let mut out = Vec::new();
        while let Some((_, which)) = self.next().filter(|(at, _)| *at <= now) {
            match which {
                0 => self.hide(&mut out, |m| m.shelved_until = None),
                1 => self.become_over(&mut out),
                _ => (self.level, self.from) = (0, self.changes.len()),
            }
            self.mend(&mut out);
        }
        let mut refused = None;
        match event {
            Event::Tick => {}
            Event::Raise => {
                if !self.holds {
                    self.changed(now, true);
                }
                (self.holds, self.waiting) = (true, None);
                if policy.latched && self.alarm.is_none() && self.hidden() && !self.out {
                    self.missed = true;
                }
                self.become_raised(&mut out);
            }
            Event::Clear if self.holds => {
                self.changed(now, false);
                self.holds = false;
                if !policy.latched {
                    match self.settle(policy) {
                        0 => self.become_over(&mut out),
                        wait => self.waiting = Some(now + wait),
                    }
                }
            }
            Event::Clear => {}
            Event::See(_) => match &mut self.alarm {
                None => refused = Some(Refusal::NotOpen),
                Some(open) if open.seen => refused = Some(Refusal::Already),
                Some(open) => {
                    open.seen = true;
                    out.push(Effect::Quiet);
                }
            },
            Event::Reset(_) => match &self.alarm {
                None => refused = Some(Refusal::NotOpen),
                Some(_) if self.holds => refused = Some(Refusal::StillRaised),
                Some(open) if open.raised && policy.latched => self.become_over(&mut out),
                Some(_) => refused = Some(Refusal::Already),
            },
            Event::Shelve { until, .. } if *until <= now => refused = Some(Refusal::Past),
            Event::Shelve { until, .. } => self.hide(&mut out, |m| m.shelved_until = Some(*until)),
            Event::Unshelve => self.hide(&mut out, |m| m.shelved_until = None),
            Event::Suppress(_) => self.hide(&mut out, |m| m.parent = true),
            Event::Release => self.hide(&mut out, |m| m.parent = false),
            Event::Service(on) => self.hide(&mut out, |m| m.out = !on),
            Event::Close(what, _) => match &self.alarm {
                None => refused = Some(Refusal::NotOpen),
                Some(open) if open.raised => refused = Some(Refusal::StillRaised),
                Some(_) => {
                    self.alarm = None;
                    out.push(Effect::Close(*what));
                }
            },
        }
        self.mend(&mut out);
        out.extend(refused.map(Effect::Refused));
        out
    }

    fn mend(&mut self, out: &mut Vec<Effect>) {
        let (hidden, chatters) = (self.hidden(), self.level > 0);
        if let Some(open) = self.alarm.as_mut().filter(|open| chatters && !hidden && !open.told) {
            open.told = true;
            out.push(Effect::Repair);
        }
    }

    fn phase(&self) -> Phase {
        match &self.alarm {
            Some(Open { raised: true, seen: false, .. }) => Phase::Raised,
            Some(Open { raised: true, seen: true, .. }) => Phase::Seen,
            Some(Open { raised: false, seen: false, .. }) => Phase::Returned,
            _ => Phase::Normal,
        }
    }
}

/// What may happen, and how long after what was before.
fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let who = || "李 %20四".to_owned();
    let event = prop_oneof![
        6 => Just(Event::Raise),
        6 => Just(Event::Clear),
        3 => Just(Event::See(who())),
        2 => Just(Event::Reset(who())),
        2 => (-5i64..4_000_000).prop_map(move |until| Event::Shelve { until, who: who(), why: "清洗".into() }),
        1 => Just(Event::Unshelve),
        1 => Just(Event::Suppress("网关 ".into())),
        1 => Just(Event::Release),
        1 => any::<bool>().prop_map(Event::Service),
        3 => Just(Event::Close(Disposition::FalseBehaviour, "王".into())),
        2 => Just(Event::Tick),
    ];
    let gap = prop_oneof![Just(0i64), 1i64..3_000, 1i64..70_000, 1i64..4_500_000];
    proptest::collection::vec((gap, event), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_is_the_model(events in events(), latched: bool, settle in 0i64..100_000) {
        let policy = Policy { latched, settle, most: 400_000 };
        let (mut machine, mut model, mut now) = (Machine::default(), Model::default(), 1_000);
        // Another one that is woken whenever it wants to be.
        let mut woken = Machine::default();
        let (mut open, mut once, mut often) = (false, Vec::new(), Vec::new());
        for (gap, event) in events {
            now += gap;
            let event = match event {
                Event::Shelve { until, who, why } => Event::Shelve { until: until + now, who, why },
                other => other,
            };
            let effects = machine.step(&policy, now, event.clone());
            prop_assert_eq!(&effects, &model.step(&policy, now, &event), "{} {:?}", now, event);
            prop_assert_eq!(machine.phase, model.phase());
            prop_assert_eq!(machine.open.is_some(), model.alarm.is_some());
            prop_assert_eq!((machine.hidden(), machine.chatters.is_some()), (model.hidden(), model.level > 0));
            prop_assert_eq!(machine.due(), model.next().map(|(at, _)| at));
            // A restart at every step.
            let kept = Machine::parse(&machine.text());
            prop_assert_eq!(kept.as_ref(), Some(&machine));
            machine = kept.unwrap();
            while let Some(due) = woken.due().filter(|due| *due <= now) {
                often.extend(woken.step(&policy, due, Event::Tick));
            }
            often.extend(woken.step(&policy, now, event));
            for effect in &effects {
                match effect {
                    Effect::Open => prop_assert!(!std::mem::replace(&mut open, true), "opened twice"),
                    Effect::Close(_) => prop_assert!(std::mem::replace(&mut open, false), "closed twice"),
                    Effect::Refused(_) => {}
                    _ => prop_assert!(open, "{:?} without an alarm", effect),
                }
            }
            once.extend(effects);
        }
        prop_assert_eq!(once, often);
    }

    #[test]
    fn whatever_is_read_is_read_or_refused(text in "[-+'0-9a-z ]{0,60}", at in 0usize..200, put in "[-+'0-9 ]") {
        let _ = Machine::parse(&text).map(|mut m| m.step(&Policy::default(), 5, Event::Raise));
        let mut machine = Machine::default();
        machine.step(&Policy::default(), 5, Event::Shelve { until: 9, who: "a".into(), why: "b".into() });
        let mut text: Vec<char> = machine.text().chars().collect();
        let place = at % text.len();
        text[place] = put.chars().next().unwrap();
        if let Some(mut read) = Machine::parse(&text.into_iter().collect::<String>()) {
            for event in [Event::Raise, Event::Clear, Event::Tick] {
                read.step(&Policy::default(), 50, event);
            }
        }
    }
}
