//! What must hold whatever is asked, beside brute force on small cases.

use proptest::prelude::*;

use super::*;

fn stock(depot: &str, class: &str, quantity: u64) -> Stock {
    Stock { depot: depot.into(), class: class.into(), quantity }
}

fn need(site: &str, class: &str, quantity: Option<u64>, tier: u32, weight: u64) -> Need {
    Need { id: String::new(), site: site.into(), class: class.into(), quantity, got: 0, tier, weight, by: None }
}

fn told(ask: &Ask, outcome: &Outcome) -> Vec<(String, String, u64, Why)> {
    outcome.lines.iter().map(|l| (l.depot.clone(), ask.needs[l.need].site.clone(), l.quantity, l.why)).collect()
}

fn gets(ask: &Ask) -> Vec<u64> {
    allot(ask).unwrap().stands.iter().map(|s| s.got).collect()
}

#[test]
fn urgent_first_then_by_weight_and_nobody_gets_more_than_he_asked() {
    let needs = vec![
        need("c", "water", Some(100), 1, 1),
        need("b", "water", Some(400), 2, 300),
        need("a", "water", Some(400), 2, 100),
        need("d", "water", Some(10), 2, 500),
        need("e", "water", Some(10), 3, 900),
    ];
    let ask = Ask { stocks: vec![stock("x", "water", 310)], needs, ..Ask::default() };
    // 100 to the urgent one, 10 to the one that asks for little, and 1 : 3 of the 200 that are left.
    let outcome = allot(&ask).unwrap();
    assert_eq!(outcome.stands.iter().map(|s| s.got).collect::<Vec<_>>(), [100, 150, 50, 10, 0]);
    let lacks: Vec<_> = outcome.stands.iter().map(|s| s.lack).collect();
    assert_eq!(lacks, [None, Some(Lack::Share), Some(Lack::Share), None, Some(Lack::Tier)]);
    let x = |site: &str, n, why| ("x".to_owned(), site.to_owned(), n, why);
    assert_eq!(
        told(&ask, &outcome),
        [x("a", 50, Why::Share), x("b", 150, Why::Share), x("c", 100, Why::All), x("d", 10, Why::All)]
    );
}

#[test]
fn a_quantity_that_nobody_knows_is_a_base_ration_and_never_one() {
    // Those who know ask for 2, 3 and 9 for one person: the ration is the one in the middle.
    let mut needs: Vec<Need> = [(20, 10), (30, 10), (90, 10)]
        .iter()
        .zip(["a", "b", "c"])
        .map(|((n, weight), site)| need(site, "water", Some(*n), 1, *weight))
        .collect();
    needs.push(need("d", "water", None, 1, 40));
    let mut ask = Ask { stocks: vec![stock("x", "water", 10_000)], needs, ..Ask::default() };
    assert_eq!(gets(&ask), [20, 30, 90, 120]);
    ask.rations.insert("water".into(), Ration { amount: 15, per: 1 });
    assert_eq!(gets(&ask)[3], 600);
    ask.rations.insert("water".into(), Ration { amount: 1, per: 100 });
    assert_eq!(gets(&ask)[3], 1, "one for each hundred, and one for fewer");
    // Nobody knows anything: one for each.
    let alone = Ask { stocks: ask.stocks.clone(), needs: vec![need("d", "water", None, 1, 40)], ..Ask::default() };
    let outcome = allot(&alone).unwrap();
    assert_eq!((outcome.stands[0].got, outcome.lines[0].why), (40, Why::Ration));
}

#[test]
fn what_is_left_stands_in_and_what_was_given_before_counts() {
    let mut needs = vec![need("a", "mask", Some(100), 1, 1), need("b", "n95", Some(30), 2, 1)];
    let stocks = vec![stock("x", "mask", 40), stock("y", "n95", 50)];
    let substitutes = vec![Substitute { class: "mask".into(), instead: "n95".into(), rate: 2 }];
    let ask = Ask { stocks: stocks.clone(), needs: needs.clone(), substitutes: substitutes.clone(), ..Ask::default() };
    let outcome = allot(&ask).unwrap();
    // 40 of its own, and the 20 that are left of the other serve as 40; whoever asks in its own name is first.
    assert_eq!(outcome.stands.iter().map(|s| s.got).collect::<Vec<_>>(), [80, 30]);
    assert_eq!(outcome.lines.iter().map(|l| (l.quantity, l.why)).collect::<Vec<_>>()[1..], [(20, Why::Instead), (30, Why::All)]);
    // Two who are alike, and one has something already: it gets less now.
    needs = vec![need("a", "mask", Some(100), 1, 1), Need { got: 30, ..need("b", "mask", Some(100), 1, 1) }];
    assert_eq!(gets(&Ask { stocks, needs, ..Ask::default() }), [35, 35]);
}

#[test]
fn whole_lots_and_the_last_one_goes_to_whoever_needs_it_first() {
    let later = Need { by: Some(9), ..need("a", "quilt", Some(50), 1, 1) };
    let sooner = Need { by: Some(5), ..need("b", "quilt", Some(50), 1, 1) };
    let little = need("c", "quilt", Some(9), 1, 1);
    let mut ask = Ask { stocks: vec![stock("x", "quilt", 59)], needs: vec![later, sooner, little], ..Ask::default() };
    ask.lots.insert("quilt".into(), 10);
    let outcome = allot(&ask).unwrap();
    assert_eq!(
        outcome.stands.iter().map(|s| (s.got, s.lack)).collect::<Vec<_>>(),
        [(20, Some(Lack::Share)), (30, Some(Lack::Share)), (0, Some(Lack::Lot))]
    );
    let none = Ask { needs: vec![need("a", "tent", Some(1), 1, 1)], ..Ask::default() };
    assert_eq!(allot(&none).unwrap().stands[0].lack, Some(Lack::None));
}

#[test]
fn from_the_nearest_depot_and_a_way_that_nobody_measured_last() {
    let far = |depot: &str, site: &str, cost| Distance { depot: depot.into(), site: site.into(), cost };
    let ask = Ask {
        stocks: vec![stock("x", "w", 10), stock("y", "w", 10), stock("z", "w", 99)],
        needs: vec![need("a", "w", Some(10), 1, 1), need("b", "w", Some(10), 1, 1)],
        distances: vec![far("x", "a", 1), far("x", "b", 2), far("y", "a", 3), far("y", "b", 9)],
        ..Ask::default()
    };
    let outcome = allot(&ask).unwrap();
    // The nearest for each would be dearer: x to a leaves y to b.
    assert_eq!(told(&ask, &outcome), [("x".into(), "b".into(), 10, Why::All), ("y".into(), "a".into(), 10, Why::All)]);
    assert_eq!(outcome.cost, 50);
}

#[test]
fn what_is_wrong_is_named() {
    let one = |n: Need| Ask { needs: vec![n], ..Ask::default() };
    assert_eq!(allot(&one(need("a", "w", Some(QUANTITY + 1), 1, 1))), Err(Fault::Need(0, What::Range)));
    assert_eq!(allot(&one(need("a", "w", Some(1), 1, 0))), Err(Fault::Need(0, What::Range)));
    let twice = Ask { stocks: vec![stock("x", "w", 1), stock("x", "w", 2)], ..Ask::default() };
    assert_eq!(allot(&twice), Err(Fault::Stock(1, What::Twice)));
    let itself = Substitute { class: "w".into(), instead: "w".into(), rate: 1 };
    assert_eq!(allot(&Ask { substitutes: vec![itself], ..Ask::default() }), Err(Fault::Substitute(0, What::Itself)));
    // The largest numbers there may be are added up without harm.
    let most = Need { got: QUANTITY / 2, ..need("a", "w", Some(QUANTITY), u32::MAX, WEIGHT) };
    let all = (0..300).map(|n| stock(&format!("x{n}"), "w", QUANTITY)).collect();
    let needs = vec![most.clone(), Need { site: "b".into(), ..most.clone() }, Need { site: "c".into(), quantity: None, ..most }];
    assert_eq!(gets(&Ask { stocks: all, needs, ..Ask::default() }), [QUANTITY; 3]);
}

/// Small towns in which everything happens.
fn asks() -> impl Strategy<Value = Ask> {
    let class = || (0u8..3).prop_map(|c| ["mask", "n95", "water"][c as usize].to_owned());
    let stocks = proptest::collection::vec(((0u8..4), class(), 0u64..40), 0..8);
    let row =
        ((0u8..6), class(), proptest::option::weighted(0.8, 0u64..30), 0u64..6, 1u32..4, 1u64..6, proptest::option::of(0i64..3));
    let needs = proptest::collection::vec(row, 0..10);
    let distances = proptest::collection::vec(((0u8..4), (0u8..6), 0u64..9), 0..16);
    let lots = proptest::collection::btree_map(class(), 1u64..5, 0..2);
    let rates = proptest::collection::vec(1u64..4, 0..2);
    (stocks, needs, distances, lots, rates).prop_map(|(stocks, needs, distances, lots, rates)| {
        let mut ask = Ask { lots, ..Ask::default() };
        for (depot, class, quantity) in stocks {
            ask.stocks.push(stock(&format!("d{depot}"), &class, quantity));
        }
        for (n, (site, class, quantity, got, tier, weight, by)) in needs.into_iter().enumerate() {
            let need = need(&format!("s{site}"), &class, quantity, tier, weight);
            ask.needs.push(Need { id: n.to_string(), got, by, ..need });
        }
        for (depot, site, cost) in distances {
            ask.distances.push(Distance { depot: format!("d{depot}"), site: format!("s{site}"), cost });
        }
        for (rate, instead) in rates.into_iter().zip(["n95", "water"]) {
            ask.substitutes.push(Substitute { class: "mask".into(), instead: instead.into(), rate });
        }
        ask.stocks.sort_by(|a, b| (&a.depot, &a.class).cmp(&(&b.depot, &b.class)));
        ask.stocks.dedup_by(|a, b| (&a.depot, &a.class) == (&b.depot, &b.class));
        ask.distances.sort_by(|a, b| (&a.depot, &a.site).cmp(&(&b.depot, &b.site)));
        ask.distances.dedup_by(|a, b| (&a.depot, &a.site) == (&b.depot, &b.site));
        ask
    })
}

/// The least that carrying so much costs, by every way of doing it.
fn least(have: &mut [u64], wants: &[u64], far: &[Vec<u64>]) -> Option<u64> {
    fn go(have: &mut [u64], wants: &mut [u64], want: usize, depot: usize, far: &[Vec<u64>]) -> Option<u64> {
        if want == wants.len() {
            return Some(0);
        }
        if wants[want] == 0 {
            return go(have, wants, want + 1, 0, far);
        }
        if depot == have.len() {
            return None;
        }
        let mut best: Option<u64> = None;
        for n in 0..=have[depot].min(wants[want]) {
            (have[depot], wants[want]) = (have[depot] - n, wants[want] - n);
            let rest = go(have, wants, want, depot + 1, far).map(|c| c + n * far[want][depot]);
            (have[depot], wants[want]) = (have[depot] + n, wants[want] + n);
            best = [best, rest].into_iter().flatten().min();
        }
        best
    }
    go(have, &mut wants.to_vec(), 0, 0, far)
}

/// Shares by brute force: every choice of who is full and who gets nothing, until one fits the level that follows from it.
fn brute(vessels: &[Vessel], steps: u64, step: u64) -> Option<Vec<(u64, bool)>> {
    let n = vessels.len();
    for choice in 0..3usize.pow(n as u32) {
        let how = |at: usize| choice / 3usize.pow(at as u32) % 3;
        let full: u64 = (0..n).filter(|a| how(*a) == 1).map(|a| vessels[a].most).sum();
        let (width, got) = (0..n).filter(|a| how(*a) == 0).fold((0, 0), |s, a| (s.0 + vessels[a].weight, s.1 + vessels[a].got));
        if width == 0 || full > steps {
            continue;
        }
        // The level is `over / width`.
        let over = step * (steps - full) + got;
        let fits = (0..n).all(|a| {
            let (v, here) = (&vessels[a], vessels[a].weight * over);
            let top = (v.got + step * v.most) * width;
            match how(a) {
                0 => here >= v.got * width && here <= top,
                1 => here >= top,
                _ => here <= v.got * width,
            }
        });
        if fits {
            return Some(
                (0..n)
                    .map(|a| match how(a) {
                        0 => (
                            (vessels[a].weight * over - vessels[a].got * width) / (step * width),
                            !(vessels[a].weight * over - vessels[a].got * width).is_multiple_of(step * width),
                        ),
                        1 => (vessels[a].most, false),
                        _ => (0, false),
                    })
                    .collect(),
            );
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_those_of_brute_force(
        rows in proptest::collection::vec((0u64..9, 0u64..9, 1u64..6, 0i64..2), 1..5), steps in 1u64..30, step in 1u64..4,
    ) {
        let vessels: Vec<Vessel> = rows.into_iter().map(|(got, most, weight, by)| Vessel { got, most, weight, by }).collect();
        let room: u64 = vessels.iter().map(|v| v.most).sum();
        let given = fill(&vessels, steps, step);
        prop_assert_eq!(given.iter().sum::<u64>(), room.min(steps));
        if room > steps {
            let exact = brute(&vessels, steps, step).unwrap();
            for (n, (whole, more)) in given.iter().zip(exact) {
                prop_assert!(*n == whole || (more && *n == whole + 1), "{:?} {:?}", vessels, given);
            }
        }
        // Nobody could have a step more without one who would then be lower having one less.
        for (a, x) in vessels.iter().zip(&given) {
            for (b, y) in vessels.iter().zip(&given) {
                if *x < a.most && *y > 0 {
                    prop_assert!((b.got + (y - 1) * step) * a.weight <= (a.got + (x + 1) * step) * b.weight);
                }
            }
        }
    }

    #[test]
    fn what_holds_whatever_is_asked(ask in asks()) {
        let outcome = allot(&ask).unwrap();
        let lot = |class: &str| ask.lots.get(class).copied().unwrap_or(1);
        // Never more than a depot has, in whole lots.
        for s in &ask.stocks {
            let out: u64 = outcome.lines.iter().filter(|l| l.depot == s.depot && l.class == s.class).map(|l| l.quantity).sum();
            prop_assert!(out <= s.quantity);
        }
        prop_assert!(outcome.lines.iter().all(|l| l.quantity > 0 && l.quantity % lot(&l.class) == 0));
        // What needs have is what the lines brought, and never more than they asked.
        for (at, need) in ask.needs.iter().enumerate() {
            let rate = |l: &Line| match l.class == need.class {
                true => 1,
                false => ask.substitutes.iter().find(|s| s.class == need.class && s.instead == l.class).unwrap().rate,
            };
            let got: u64 = outcome.lines.iter().filter(|l| l.need == at).map(|l| l.quantity * rate(l)).sum();
            let stand = &outcome.stands[at];
            prop_assert_eq!(stand.got, need.got + got);
            prop_assert!(got == 0 || stand.got <= stand.asked);
            prop_assert!(need.quantity.is_none_or(|q| q == stand.asked));
            prop_assert_eq!(stand.lack.is_some(), stand.got < stand.asked);
        }
        // Nobody less urgent gets any of a class while somebody is short of it by a lot.
        for (a, short) in ask.needs.iter().zip(&outcome.stands) {
            if short.got + lot(&a.class) <= short.asked {
                for l in outcome.lines.iter().filter(|l| ask.needs[l.need].class == a.class && l.class == a.class) {
                    prop_assert!(ask.needs[l.need].tier <= a.tier);
                }
                // And nothing of it is left anywhere.
                for s in ask.stocks.iter().filter(|s| s.class == a.class) {
                    let out: u64 =
                        outcome.lines.iter().filter(|l| l.depot == s.depot && l.class == s.class).map(|l| l.quantity).sum();
                    prop_assert!(s.quantity - out < lot(&s.class));
                }
            }
        }
    }

    #[test]
    fn the_order_of_rows_changes_nothing(ask in asks(), turn in 0usize..7) {
        let mut other = ask.clone();
        other.stocks.rotate_left(turn % ask.stocks.len().max(1));
        other.needs.reverse();
        other.distances.reverse();
        other.substitutes.reverse();
        let plain = |ask: &Ask| {
            let out = allot(ask).unwrap();
            let lines: Vec<_> = out.lines.iter().map(|l| (l.depot.clone(), l.class.clone(), ask.needs[l.need].id.clone(), l.quantity, l.why)).collect();
            let mut stands: Vec<_> = ask.needs.iter().zip(out.stands).map(|(n, s)| (n.id.clone(), s.got, s.lack)).collect();
            stands.sort_unstable();
            (lines, stands, out.cost)
        };
        prop_assert_eq!(plain(&ask), plain(&other));
    }

    #[test]
    fn nothing_is_carried_cheaper(ask in asks()) {
        let ask = Ask { lots: BTreeMap::new(), ..ask };
        let outcome = allot(&ask).unwrap();
        let most = ask.distances.iter().map(|d| d.cost).max().unwrap_or(0) + 1;
        for class in ["mask", "n95", "water"] {
            let depots: Vec<&Stock> = ask.stocks.iter().filter(|s| s.class == class).collect();
            let mut wants = BTreeMap::new();
            for l in outcome.lines.iter().filter(|l| l.class == class) {
                *wants.entry(l.need).or_insert(0) += l.quantity;
            }
            if ask.distances.is_empty() || wants.len() > 3 || wants.values().sum::<u64>() > 24 {
                continue;
            }
            let far: Vec<Vec<u64>> = wants.keys().map(|n| depots.iter().map(|s| {
                let way = ask.distances.iter().find(|d| d.depot == s.depot && d.site == ask.needs[*n].site);
                way.map_or(most, |d| d.cost)
            }).collect()).collect();
            let mut have: Vec<u64> = depots.iter().map(|s| s.quantity).collect();
            let wants: Vec<u64> = wants.into_values().collect();
            let cost: u64 = outcome.lines.iter().filter(|l| l.class == class).map(|l| l.quantity * l.cost.unwrap_or(most)).sum();
            prop_assert_eq!(Some(cost), least(&mut have, &wants, &far));
        }
    }
}
