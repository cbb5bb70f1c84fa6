//! Rules on single values: by hand, against a look at every single moment, and whatever else may happen to what is said.

use proptest::prelude::*;

use super::{HOUR, MINUTE, above, rule, said};
use crate::alarm::*;

fn number(at: i64, n: f64) -> Observation {
    said(at, Value::Number(n))
}

fn held(test: Test, on: i64, off: i64) -> Rule {
    let when = Box::new(When::Test { input: 0, test });
    Rule { when: When::Held { when, on, off }, late: 10 * MINUTE, ahead: 5_000 }
}

/// Times of raising (positive) and of clearing (negative).
fn times(edges: &[Edge]) -> Vec<i64> {
    edges.iter().map(|e| if e.raised { e.at } else { -e.at }).collect()
}

/// All edges of what was said, with a wake-up whenever one is wanted; what is said at the same moment comes first.
fn edges(rule: &Rule, all: &[Observation], end: i64) -> Vec<Edge> {
    let (mut state, mut edges) = (State::new(rule, 0), Vec::new());
    for one in all {
        while let Some(due) = state.due(rule).filter(|due| *due < one.received) {
            edges.extend(state.tick(rule, due));
        }
        edges.extend(state.observe(rule, one).edges);
    }
    while let Some(due) = state.due(rule).filter(|due| *due <= end) {
        edges.extend(state.tick(rule, due));
    }
    edges
}

#[test]
fn levels_leave_room_between() {
    let rule = rule(above(60.0, 55.0));
    let values = [59.9, 60.0, 58.0, 55.0, 54.9, 59.0, 61.0];
    let all: Vec<Observation> = values.iter().zip(1..).map(|(v, at)| number(at, *v)).collect();
    let found = edges(&rule, &all, 100);
    assert_eq!(times(&found), [2, -5, 7]);
    assert_eq!(found[0].cause, Some(Cause { input: 0, at: 2, seq: None, value: Some(Value::Number(60.0)) }));
    let below = Rule { when: When::Test { input: 0, test: Test::Beyond { side: Side::Below, raise: 5.0, clear: 8.0 } }, ..rule };
    let all: Vec<Observation> = [6.0, 5.0, 8.0, 8.1].iter().zip(1..).map(|(v, at)| number(at, *v)).collect();
    assert_eq!(times(&edges(&below, &all, 100)), [2, -4]);
}

#[test]
fn delays_run_by_the_time_of_events() {
    let rule = held(above(60.0, 60.0), 30_000, 60_000);
    let mut state = State::new(&rule, 0);
    assert_eq!(state.observe(&rule, &number(1_000, 70.0)).edges, []);
    assert_eq!(state.due(&rule), Some(31_000));
    assert_eq!(state.tick(&rule, 30_999), []);
    let edge = &state.tick(&rule, 31_500)[0];
    assert_eq!((edge.at, edge.raised), (31_000, true), "at its time, however late somebody woke it");
    assert_eq!(edge.cause.as_ref().unwrap().at, 1_000);
    // Nobody woke it between: it was over for a minute, all the same.
    state.observe(&rule, &number(40_000, 10.0));
    let taken = state.observe(&rule, &number(101_000, 70.0));
    assert_eq!(times(&taken.edges), [-100_000]);
    assert_eq!(State::parse(&rule, &state.text()).unwrap(), state);
}

#[test]
fn what_comes_late_twice_or_broken() {
    let rule = rule(above(60.0, 55.0));
    let mut state = State::new(&rule, 0);
    let verdict = |state: &mut State, said: &Observation| {
        let taken = state.observe(&rule, said);
        (taken.verdict, taken.ahead, times(&taken.edges))
    };
    let now = HOUR;
    let late = Observation { received: now, ..number(now - 10 * MINUTE - 1, 99.0) };
    assert_eq!(verdict(&mut state, &late), (Verdict::Late, false, vec![]));
    let in_time = Observation { received: now, ..number(now - 10 * MINUTE, 50.0) };
    assert_eq!(verdict(&mut state, &in_time).0, Verdict::Live);
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(verdict(&mut state, &number(now, bad)).0, Verdict::Nothing);
    }
    assert_eq!(verdict(&mut state, &Observation { input: 1, ..number(now, 99.0) }).0, Verdict::Nothing);
    assert_eq!(verdict(&mut state, &Observation { quality: Quality::Bad, ..number(now, 99.0) }).0, Verdict::Nothing);
    // A clock that is ahead: what is said is taken, when it came.
    let ahead = Observation { at: Some(now + HOUR), ..number(now + 2, 61.0) };
    assert_eq!(verdict(&mut state, &ahead), (Verdict::Live, true, vec![now + 2]));
    assert_eq!(verdict(&mut state, &ahead).0, Verdict::Twice);
    let before = number(now + 1, 10.0);
    assert_eq!(verdict(&mut state, &Observation { received: now + 5, ..before }), (Verdict::Older, false, vec![]));
    // It counts, and its clock was set back a little: newer all the same.
    let seq = |n, at: i64, v| Observation { seq: Some(n), received: now + 10, ..number(at, v) };
    assert_eq!(verdict(&mut state, &seq(5, now + 9, 62.0)).0, Verdict::Live);
    assert_eq!(verdict(&mut state, &seq(6, now - 3_000, 50.0)), (Verdict::Live, false, vec![-(now + 9)]));
    // Two in one millisecond are two when they are counted; without clock and number nothing is a repetition.
    assert_eq!(verdict(&mut state, &seq(7, now - 3_000, 70.0)).0, Verdict::Live);
    let bare = Observation { at: None, ..number(now + 20, 70.0) };
    assert_eq!((verdict(&mut state, &bare).0, verdict(&mut state, &bare).0), (Verdict::Live, Verdict::Live));
}

#[test]
fn again_and_again() {
    let pressed = Box::new(When::Test { input: 0, test: Test::Among { values: vec![Value::Text("按下".into())] } });
    let when = |each| When::Repeats { when: pressed.clone(), times: 3, window: 10_000, each };
    let press = |at| said(at, Value::Text("按下".into()));
    let all = [press(1_000), press(2_000), said(3_000, Value::Text("松开".into())), press(9_000), press(30_000)];
    let rule = |each| Rule { when: when(each), late: HOUR, ahead: 0 };
    assert_eq!(times(&edges(&rule(true), &all, HOUR)), [9_000, -11_000]);
    assert_eq!(times(&edges(&rule(false), &all, HOUR)), [], "it came true twice");
}

#[test]
fn several_streams() {
    let of = |input, test| When::Test { input, test };
    let rule = Rule {
        when: When::All(vec![
            of(0, Test::Among { values: vec![Value::Bool(true)] }),
            When::Any(vec![of(1, above(60.0, 55.0)), of(2, Test::Change { course: Course::Rise, by: 8.0, within: MINUTE })]),
        ]),
        late: HOUR,
        ahead: 0,
    };
    assert_eq!((rule.check(), rule.inputs()), (Ok(()), 3));
    let from = |input, at, v| Observation { input, ..said(at, v) };
    let all = [
        from(0, 1_000, Value::Number(1.0)),
        from(2, 2_000, Value::Number(20.0)),
        from(2, 40_000, Value::Number(27.9)),
        from(2, 50_000, Value::Number(28.0)),
        from(0, 80_000, Value::Bool(true)),
    ];
    let found = edges(&rule, &all, HOUR);
    assert_eq!(times(&found), [50_000, -62_001], "28 is no more than it was a minute before");
    assert_eq!(found[0].cause.as_ref().map(|c| (c.input, c.at)), Some((2, 50_000)));
    let told = facts(&rule, None);
    assert_eq!(
        told.iter().map(|f| (f.key, f.depth)).collect::<Vec<_>>(),
        [("all", 0), ("among", 1), ("any", 1), ("above", 2), ("rises", 2)]
    );
    assert_eq!(told[4].values, [("by", Fact::Number(8.0)), ("within", Fact::Span(MINUTE))]);
}

#[test]
fn tried_before_it_is_switched_on() {
    let rule = held(above(60.0, 55.0), 1_000, 0);
    let all: Vec<Observation> =
        [(1_000, 70.0), (5_000, 10.0), (6_000, 70.0), (6_500, 10.0), (9_000, 70.0)].map(|(at, v)| number(at, v)).into();
    let tried = try_on(&rule, &all, 0, 20_000, 1);
    assert_eq!((tried.raises, tried.raised, tried.live, tried.other), (2, 3_000 + 10_000, 5, 0));
    assert_eq!(tried.spells.iter().map(|s| (s.from, s.to)).collect::<Vec<_>>(), [(2_000, Some(5_000))]);
    let silent = super::rule(Test::Silent { after: 2_600 });
    let tried = try_on(&silent, &all, 0, 20_000, 9);
    assert_eq!(tried.spells.iter().map(|s| (s.from, s.to)).collect::<Vec<_>>(), [(3_600, Some(5_000)), (11_600, None)]);
}

#[test]
fn what_is_no_rule() {
    let wrong = |test| rule(test).check().unwrap_err();
    assert_eq!(wrong(above(5.0, 6.0)), Wrong::Level);
    assert_eq!(wrong(above(f64::NAN, 6.0)), Wrong::Level);
    assert_eq!(wrong(Test::Silent { after: 0 }), Wrong::Time);
    assert_eq!(wrong(Test::Among { values: vec![] }), Wrong::Conditions);
    let little = |slot, slots, gaps| Test::Little { of: Use::Amount, slot, slots, least: Least::Fixed(1.0), gaps };
    assert_eq!(rule(little(HOUR, 24, Some(3))).check(), Ok(()));
    assert_eq!(wrong(little(HOUR, 0, None)), Wrong::Number);
    assert_eq!(wrong(little(HOUR, 24, Some(24))), Wrong::Number);
    assert_eq!(wrong(little(i64::MAX, 24, None)), Wrong::Time);
    assert_eq!(Rule { late: 25 * HOUR, ..rule(little(HOUR, 24, None)) }.check(), Err(Wrong::Late));
    let own = Least::Own { quantile: 1.5, part: 0.5, windows: 7 };
    assert_eq!(wrong(Test::Little { of: Use::Amount, slot: HOUR, slots: 24, least: own, gaps: None }), Wrong::Level);
    let test = When::Test { input: 0, test: above(1.0, 1.0) };
    let of = |when| Rule { when, late: 0, ahead: 0 }.check();
    assert_eq!(of(When::Any(vec![])), Err(Wrong::Conditions));
    assert_eq!(of(When::Any(vec![test.clone(); 32])), Err(Wrong::Conditions));
    assert_eq!(of(When::Any(vec![test; 31])), Ok(()));
    assert_eq!(of(When::Test { input: 8, test: above(1.0, 1.0) }), Err(Wrong::Input));
}

/// A rule of some depth, on two streams.
fn any_rule() -> impl Strategy<Value = Rule> {
    let slots = (1i64..5).prop_map(|n| n * 2_000);
    let test = prop_oneof![
        (0.0f64..5.0, 0.0f64..3.0).prop_map(|(raise, room)| above(raise, raise - room)),
        Just(Test::Among { values: vec![Value::Bool(true), Value::Number(3.0), Value::Text("x y%".into())] }),
        (1i64..9_000).prop_map(|after| Test::Silent { after }),
        (1.0f64..4.0, 1i64..9_000).prop_map(|(by, within)| Test::Change { course: Course::Either, by, within }),
        slots.clone().prop_map(|slot| Test::Regular { of: Use::Events, slot, slots: 3, over: 0.0 }),
        (slots, any::<bool>()).prop_map(|(slot, own)| Test::Little {
            of: Use::Counter,
            slot,
            slots: 3,
            least: if own { Least::Own { quantile: 0.5, part: 0.6, windows: 2 } } else { Least::Fixed(2.0) },
            gaps: own.then_some(1),
        }),
    ];
    let leaf = (0u8..2, test).prop_map(|(input, test)| When::Test { input, test });
    let when = leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0i64..4_000, 0i64..4_000).prop_map(|(w, on, off)| When::Held { when: Box::new(w), on, off }),
            (inner.clone(), 1u32..4, 1i64..9_000, any::<bool>()).prop_map(|(w, times, window, each)| When::Repeats {
                when: Box::new(w),
                times,
                window,
                each
            }),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(When::Any),
            proptest::collection::vec(inner, 1..4).prop_map(When::All),
        ]
    });
    (when, 0i64..2_000).prop_map(|(when, late)| Rule { when, late, ahead: 100 })
}

/// What two devices say one after another; `lag` between event and receipt.
fn story(lag: i64) -> impl Strategy<Value = Vec<Observation>> {
    let value = prop_oneof![
        (0.0f64..6.0).prop_map(|n| Value::Number(n.round())),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Text("x y%".into())),
    ];
    proptest::collection::vec((1i64..3_000, 0..=lag, 0u8..2, value), 0..40).prop_map(|all| {
        let mut now = 0;
        let said = all.into_iter().zip(0..).map(|((gap, lag, input, value), seq)| {
            now += gap;
            Observation { input, at: Some(now - lag), received: now, seq: Some(seq), value, quality: Quality::Good }
        });
        said.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Looked at in every single moment.
    #[test]
    fn a_delay_is_what_it_says(on in 0i64..6, off in 0i64..6, all in proptest::collection::vec((1i64..5, any::<bool>()), 0..25)) {
        let mut now = 0;
        let all: Vec<Observation> = all.into_iter().map(|(gap, yes)| { now += gap; said(now, Value::Bool(yes)) }).collect();
        let rule = held(Test::Among { values: vec![Value::Bool(true)] }, on, off);
        let (mut inner, mut counts, mut since, mut slow) = (false, false, 0, Vec::new());
        for t in 0..=now + 10 {
            let new = all.iter().find(|o| o.received == t).map_or(inner, |o| o.value == Value::Bool(true));
            if new != inner {
                (inner, since) = (new, t);
            }
            if inner != counts && t - since >= if inner { on } else { off } {
                counts = inner;
                slow.push(if counts { t } else { -t });
            }
        }
        prop_assert_eq!(times(&edges(&rule, &all, now + 10)), slow);
    }

    #[test]
    fn a_restart_a_repetition_and_waking_more_often_change_nothing(rule in any_rule(), all in story(0), wake in 1i64..900) {
        prop_assert_eq!(rule.check(), Ok(()));
        let end = all.last().map_or(0, |o| o.received) + 10_000;
        let plain = edges(&rule, &all, end);
        prop_assert!(plain.windows(2).all(|w| w[0].raised != w[1].raised && w[0].at <= w[1].at));
        let (mut state, mut found, mut now) = (State::new(&rule, 0), Vec::new(), 0);
        for one in &all {
            while now < one.received {
                now = (now + wake).min(one.received - 1).max(now + 1).min(one.received);
                if now < one.received {
                    found.extend(state.tick(&rule, now));
                }
            }
            found.extend(state.observe(&rule, one).edges);
            let known = usize::from(one.input) < rule.inputs();
            prop_assert_eq!(state.observe(&rule, one).verdict, if known { Verdict::Twice } else { Verdict::Nothing });
            let kept = State::parse(&rule, &state.text());
            prop_assert_eq!(kept.as_ref(), Some(&state));
            state = kept.unwrap();
            prop_assert!(state.text().len() < 6_000);
        }
        found.extend(state.tick(&rule, end));
        prop_assert_eq!(times(&found), times(&plain));
    }

    #[test]
    fn what_changed_no_condition_need_not_be_kept(rule in any_rule(), all in story(0)) {
        let end = all.last().map_or(0, |o| o.received) + 10_000;
        let plain = edges(&rule, &all, end);
        let (mut found, first) = (Vec::new(), State::new(&rule, 0));
        let (mut kept, mut nodes, mut heard) = (first.text(), first.nodes().to_vec(), [None; 2]);
        // Restarted before everything that happens.
        let restart = |kept: &str, heard: &[Option<&Observation>; 2]| {
            let mut state = State::parse(&rule, kept).unwrap();
            for one in heard.iter().flatten() {
                state.resume(one.input, one.at.unwrap(), one.received, one.seq);
            }
            state
        };
        let mut keep = |state: &State, edges: &[Edge], kept: &mut String| {
            if !edges.is_empty() || state.nodes() != nodes {
                (*kept, nodes) = (state.text(), state.nodes().to_vec());
            }
            found.extend_from_slice(edges);
        };
        for one in &all {
            loop {
                let mut state = restart(&kept, &heard);
                let Some(due) = state.due(&rule).filter(|due| *due < one.received) else { break };
                let edges = state.tick(&rule, due);
                // Whoever was woken is kept.
                kept = state.text();
                keep(&state, &edges, &mut kept);
            }
            let mut state = restart(&kept, &heard);
            let edges = state.observe(&rule, one).edges;
            heard[usize::from(one.input)] = Some(one);
            keep(&state, &edges, &mut kept);
        }
        let edges = restart(&kept, &heard).tick(&rule, end);
        found.extend(edges);
        prop_assert_eq!(times(&found), times(&plain));
    }

    #[test]
    fn what_is_late_never_raises(rule in any_rule(), mut all in story(0), lag in 2_000i64..100_000) {
        // Whatever is received now happened long before.
        all.iter_mut().for_each(|o| o.at = Some(o.received - lag - 1));
        let (mut state, mut raised) = (State::new(&rule, 0), false);
        for one in &all {
            let taken = state.observe(&rule, one);
            prop_assert_eq!(taken.verdict == Verdict::Late, usize::from(one.input) < rule.inputs());
            raised |= taken.edges.iter().any(|e| e.raised && e.cause.as_ref().is_some_and(|c| c.value.is_some()));
        }
        prop_assert!(!raised);
    }

    #[test]
    fn any_order_is_borne(rule in any_rule(), all in story(5_000), turn in 0usize..40, jump in -1_000_000i64..1_000_000, text in "[-+'nbpsrhg0-9. ]{0,80}") {
        let mut all = all;
        let n = all.len();
        if n > 0 {
            all.rotate_left(turn % n);
            all[0].received = all[0].received.saturating_add(jump);
            all[n - 1].at = Some([i64::MIN, i64::MAX, 0, jump][turn % 4]);
            all[n / 2].received = [i64::MIN, i64::MAX, 0, jump][(turn / 4) % 4];
        }
        let mut state = State::new(&rule, 0);
        for one in &all {
            let taken = state.observe(&rule, one);
            prop_assert!(taken.edges.windows(2).all(|w| w[0].raised != w[1].raised));
            prop_assert_eq!(State::parse(&rule, &state.text()), Some(state.clone()));
            state.tick(&rule, one.received);
        }
        prop_assert!(facts(&rule, Some(&state)).iter().all(|f| !f.key.is_empty()));
        if let Some(mut read) = State::parse(&rule, &text) {
            read.tick(&rule, 5);
        }
        // One letter of what was kept is another one.
        let mut kept: Vec<char> = state.text().chars().collect();
        let place = turn % kept.len();
        kept[place] = '9';
        if let Some(mut read) = State::parse(&rule, &kept.into_iter().collect::<String>()) {
            read.tick(&rule, 5);
            all.iter().for_each(|one| { read.observe(&rule, one); });
        }
    }
}
