//! The count against the published example, both sums by themselves, and properties that hold for every vote.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn share(text: &str) -> Share {
    text.parse().unwrap()
}

/// Civil Code art. 278 and 279.
fn code() -> Pack {
    let rule =
        |majority: &str| Rule { quorum: Some(share(">=2/3")), majority: share(majority), of: Of::Participating, spoken: None };
    let all = Rule { quorum: None, majority: share(">=1/1"), of: Of::All, spoken: None };
    Pack::new(What::HeadsAndArea, [rule(">1/2"), rule(">=3/4"), all])
}

/// A roll of owners with their areas; unit `n` is the n-th.
fn roll(owners: &[(&str, i64)]) -> Roll {
    let mut roll = Roll::default();
    for (at, (owner, area)) in owners.iter().enumerate() {
        roll.add(&at.to_string(), owner, *area, Kind::Owner, Use::Home).unwrap();
    }
    roll
}

fn cast(roll: &Roll, choices: &[(usize, Choice)]) -> Outcome {
    let mut ballots = Ballots::new(roll);
    for (at, choice) in choices {
        ballots.add(&at.to_string(), *choice, Channel::App, 0).unwrap();
    }
    tally(&code(), Item::Ordinary, roll, &ballots)
}

/// The published example of Dongguan's e-voting page: 280 heads and 24,838.57 m².
#[test]
fn the_example_of_dongguan() {
    // 187 heads with 16,559.05 m² take part exactly; the rest stays away.
    let mut owners: Vec<(String, i64)> = (0..186).map(|i| (format!("owner {i}"), 8_855)).collect();
    owners.push(("owner 186".into(), 1_655_905 - 186 * 8_855));
    owners.extend((187..279).map(|i| (format!("owner {i}"), 8_900)));
    owners.push(("owner 279".into(), 2_483_857 - 1_655_905 - 92 * 8_900));
    let owners: Vec<(&str, i64)> = owners.iter().map(|(o, a)| (o.as_str(), *a)).collect();
    let roll = roll(&owners);
    let took_part: Vec<(usize, Choice)> = (0..187).map(|i| (i, Choice::No)).collect();
    let out = cast(&roll, &took_part);
    assert_eq!(out.total, Sum { heads: 280, area: 2_483_857 });
    let quorum = out.tally.quorum.unwrap();
    assert_eq!(quorum.least, Sum { heads: 187, area: 1_655_905 });
    assert!(quorum.met());
    assert_eq!(out.tally.majority.least, Sum { heads: 94, area: 827_953 });
    let mut ballots = Ballots::new(&roll);
    took_part.iter().for_each(|(i, c)| ballots.add(&i.to_string(), *c, Channel::Paper, 1).unwrap());
    let special = tally(&code(), Item::Special, &roll, &ballots);
    assert_eq!(special.tally.majority.least, Sum { heads: 141, area: 1_241_929 });
    // One less: no quorum.
    assert!(!cast(&roll, &took_part[..186]).tally.quorum.unwrap().met());
}

#[test]
fn half_is_not_more_than_half_and_two_thirds_are_enough() {
    assert!(!share(">1/2").met(50, 100) && share(">1/2").met(51, 100));
    assert!(share(">=2/3").met(66, 99) && !share(">=2/3").met(66, 100));
    assert_eq!((share(">1/2").least(100), share(">=2/3").least(100), share(">=3/4").least(0)), (51, 67, 0));
    assert!(!share(">=2/3").met(0, 0), "of nothing nothing is enough");
    for bad in ["1/2", ">=", ">=0/0", ">1/1", ">=3/2", "> 1/2", ">=a/b", ">=1/1001"] {
        assert!(bad.parse::<Share>().is_err(), "{bad}");
    }
}

#[test]
fn heads_and_area_must_both_be_enough() {
    use Choice::{No, Yes};
    // One owner of most of the area against three small ones.
    let roll = roll(&[("大", 90_000), ("甲", 5_000), ("乙", 5_000), ("丙", 5_000)]);
    let area_only = cast(&roll, &[(0, Yes), (1, No), (2, No), (3, No)]);
    assert!(area_only.tally.majority.area_met && !area_only.tally.majority.heads_met && !area_only.tally.passes());
    let heads_only = cast(&roll, &[(0, No), (1, Yes), (2, Yes), (3, Yes)]);
    assert!(!heads_only.tally.majority.area_met && heads_only.tally.majority.heads_met && !heads_only.tally.passes());
    assert!(cast(&roll, &[(0, Yes), (1, Yes), (2, Yes), (3, No)]).tally.passes());
}

#[test]
fn one_owner_is_one_head_and_the_developer_is_one() {
    let mut roll = Roll::default();
    for (unit, owner, kind) in
        [("a", "甲", Kind::Owner), ("b", " 甲 ", Kind::Owner), ("c", "", Kind::Developer), ("d", "乙（未交付）", Kind::Developer)]
    {
        roll.add(unit, owner, 100, kind, Use::Home).unwrap();
    }
    let mut ballots = Ballots::new(&roll);
    for (unit, choice) in [("a", Choice::Yes), ("b", Choice::No), ("c", Choice::Yes)] {
        ballots.add(unit, choice, Channel::Door, 0).unwrap();
    }
    let out = tally(&code(), Item::Ordinary, &roll, &ballots);
    assert_eq!(out.total, Sum { heads: 2, area: 400 });
    assert_eq!(out.tally.participating, Sum { heads: 2, area: 300 });
    // The owner of two units was of two minds: half his area agrees, his head does not.
    assert_eq!((out.tally.agree, out.divided), (Sum { heads: 1, area: 200 }, 1));
}

#[test]
fn the_latest_ballot_counts_and_two_of_one_moment_count_as_invalid() {
    let roll = roll(&[("甲", 100)]);
    let with = |slips: &[(Choice, i64)]| {
        let mut ballots = Ballots::new(&roll);
        slips.iter().for_each(|(c, t)| ballots.add("0", *c, Channel::App, *t).unwrap());
        (ballots.of(0).unwrap(), ballots.conflicts(), ballots.replaced())
    };
    use Choice::{Invalid, No, Yes};
    assert_eq!(with(&[(Yes, 1), (No, 2)]), (No, 0, 1));
    assert_eq!(with(&[(No, 2), (Yes, 1)]), (No, 0, 1));
    assert_eq!(with(&[(Yes, 2), (No, 2), (Yes, 2)]), (Invalid, 1, 2));
    assert_eq!(with(&[(Yes, 2), (No, 2), (Yes, 3)]), (Yes, 0, 2));
}

#[test]
fn a_no_can_complete_the_quorum() {
    let roll = roll(&[("甲", 100), ("乙", 100), ("丙", 100)]);
    let one = cast(&roll, &[(0, Choice::Yes)]);
    assert!(!one.tally.passes());
    let roll = self::roll(&[("甲", 100), ("乙", 100), ("丙", 100), ("丁", 100), ("戊", 100)]);
    let three = [(0, Choice::Yes), (1, Choice::Yes), (2, Choice::Yes)];
    assert!(!cast(&roll, &three).tally.passes());
    assert!(cast(&roll, &[three[0], three[1], three[2], (3, Choice::No)]).tally.passes());
}

#[test]
fn disputed_rules_give_both_results() {
    let mut pack = code();
    (pack.invalid, pack.silent) = (Count::Open, Count::Open);
    let roll = roll(&[("甲", 100), ("乙", 100), ("丙", 100), ("丁", 100), ("戊", 100), ("己", 100)]);
    let mut ballots = Ballots::new(&roll);
    for (unit, choice) in [("0", Choice::Yes), ("1", Choice::Yes), ("2", Choice::Yes), ("3", Choice::Invalid)] {
        ballots.add(unit, choice, Channel::Paper, 0).unwrap();
    }
    let out = tally(&pack, Item::Ordinary, &roll, &ballots);
    assert!(!out.tally.passes());
    let by: Vec<(Open, bool, i128)> = out.other.iter().map(|(o, t)| (*o, t.passes(), t.agree.heads)).collect();
    assert_eq!(by, [(Open::Invalid, true, 3), (Open::Silent, true, 5)]);
}

#[test]
fn parking_counts_only_where_the_pack_counts_it() {
    let mut roll = Roll::default();
    roll.add("home", "甲", 100, Kind::Owner, Use::Home).unwrap();
    roll.add("place", "乙", 30, Kind::Owner, Use::Parking).unwrap();
    let ballots = Ballots::new(&roll);
    let mut pack = code();
    assert_eq!(tally(&pack, Item::Ordinary, &roll, &ballots).total, Sum { heads: 2, area: 130 });
    pack.leaves_out.push(Use::Parking);
    assert_eq!(tally(&pack, Item::Ordinary, &roll, &ballots).total, Sum { heads: 1, area: 100 });
}

#[test]
fn all_concerned_must_agree_to_a_shop_in_a_home() {
    let roll = roll(&[("甲", 100), ("乙", 100)]);
    let with = |second: Option<Choice>| {
        let mut ballots = Ballots::new(&roll);
        ballots.add("0", Choice::Yes, Channel::App, 0).unwrap();
        if let Some(choice) = second {
            ballots.add("1", choice, Channel::App, 0).unwrap();
        }
        tally(&code(), Item::Unanimous, &roll, &ballots).tally.passes()
    };
    assert!(with(Some(Choice::Yes)) && !with(Some(Choice::Abstain)) && !with(None));
}

#[test]
fn bad_rows_are_named() {
    let mut roll = Roll::default();
    let mut add = |unit: &str, owner: &str, area| roll.add(unit, owner, area, Kind::Owner, Use::Home);
    assert_eq!(add(" ", "甲", 1), Err(Fault::NoUnit));
    assert_eq!(add("1", "", 1), Err(Fault::NoOwner));
    assert_eq!(add("1", "甲", 0), Err(Fault::Area));
    assert_eq!(add("1", "甲", i64::MAX), Err(Fault::Area));
    assert_eq!(add("1", "甲", 1), Ok(()));
    assert_eq!(add("1", "乙", 1), Err(Fault::Twice));
    assert_eq!(Ballots::new(&roll).add("2", Choice::Yes, Channel::App, 0), Err(Fault::Unknown));
}

prop_compose! {
    /// Units of a few owners, and ballots for some of them, some several times.
    fn vote()(owners in prop::collection::vec((0u8..12, 1i64..20_000, prop::bool::weighted(0.2)), 1..40))(
        ballots in prop::collection::vec((0..owners.len(), 0usize..4, 0i64..4), 0..80),
        owners in Just(owners),
    ) -> (Vec<(u8, i64, bool)>, Vec<(usize, usize, i64)>) {
        (owners, ballots)
    }
}

fn count(owners: &[(usize, (u8, i64, bool))], ballots: &[(usize, usize, i64)], item: Item) -> Outcome {
    let mut pack = code();
    (pack.invalid, pack.silent) = (Count::Open, Count::Open);
    let mut roll = Roll::default();
    for (unit, (owner, area, developer)) in owners {
        let kind = if *developer { Kind::Developer } else { Kind::Owner };
        roll.add(&unit.to_string(), &owner.to_string(), *area, kind, Use::Home).unwrap();
    }
    let mut cast = Ballots::new(&roll);
    for (unit, choice, time) in ballots {
        cast.add(&unit.to_string(), Choice::ALL[*choice].1, Channel::App, *time).unwrap();
    }
    tally(&pack, item, &roll, &cast)
}

proptest! {
    #[test]
    fn the_order_of_units_and_ballots_changes_nothing((owners, ballots) in vote(), turn in 0usize..100, item in 0usize..3) {
        let owners: Vec<_> = owners.into_iter().enumerate().collect();
        let item = Item::ALL[item].1;
        let straight = count(&owners, &ballots, item);
        let (mut others, mut turned) = (owners, ballots);
        others.reverse();
        let by = turn % turned.len().max(1);
        turned.rotate_left(by);
        prop_assert_eq!(straight, count(&others, &turned, item));
    }

    /// Many at once are as many one by one, also in what is wrong and where.
    #[test]
    fn at_once_or_one_by_one(
        rows in proptest::collection::vec((0u32..4000, 0u32..300, prop_oneof![99 => 1i64..9, 1 => Just(0)], any::<bool>()), 0..300),
        cast in proptest::collection::vec((0u32..4000, 0usize..4, 0i64..3), 0..300),
    ) {
        let all: Vec<_> = rows
            .into_iter()
            .map(|(unit, owner, area, developer)| {
                (format!("室{unit}"), format!(" {owner}"), area, if developer { Kind::Developer } else { Kind::Owner })
            })
            .collect();
        let (mut single, mut together) = (Roll::default(), Roll::for_about(10));
        let wrong = all.iter().enumerate().find_map(|(at, (unit, owner, area, kind))| {
            single.add(unit, owner, *area, *kind, Use::Home).err().map(|fault| (at, fault))
        });
        let entries: Vec<_> =
            all.iter().map(|(unit, owner, area, kind)| Entry { unit, owner, area: *area, kind: *kind, usage: Use::Home }).collect();
        prop_assert_eq!(together.add_all(&entries).err(), wrong);
        let heads = |roll: &Roll| roll.units().iter().map(|u| (u.head, u.area)).collect::<Vec<_>>();
        prop_assert_eq!((heads(&single), single.heads()), (heads(&together), together.heads()));

        // Mostly units that are there.
        let unit = |n: u32| all.get(n as usize % (all.len() + 1)).map_or("none", |(unit, ..)| unit.as_str());
        let ballot = |(n, choice, time): &(u32, usize, i64)| {
            Ballot { unit: unit(*n), choice: Choice::ALL[*choice].1, channel: Channel::App, time: *time }
        };
        let ballots: Vec<_> = cast.iter().map(ballot).collect();
        let (mut one, mut many) = (Ballots::new(&single), Ballots::new(&together));
        let wrong = ballots.iter().enumerate().find_map(|(at, b)| one.add(b.unit, b.choice, b.channel, b.time).err().map(|f| (at, f)));
        prop_assert_eq!(many.add_all(&ballots).err(), wrong);
        prop_assert_eq!(tally(&code(), Item::Ordinary, &single, &one), tally(&code(), Item::Ordinary, &together, &many));
    }

    /// What is told never contradicts itself, and agrees with counting by hand.
    #[test]
    fn parts_are_never_more_than_the_whole((owners, ballots) in vote(), item in 0usize..3) {
        let owners: Vec<_> = owners.into_iter().enumerate().collect();
        let out = count(&owners, &ballots, Item::ALL[item].1);
        let mut latest: HashMap<usize, (i64, Vec<usize>)> = HashMap::new();
        for (unit, choice, time) in &ballots {
            let slot = latest.entry(*unit).or_insert((i64::MIN, Vec::new()));
            match time.cmp(&slot.0) {
                std::cmp::Ordering::Greater => *slot = (*time, vec![*choice]),
                std::cmp::Ordering::Equal => slot.1.push(*choice),
                std::cmp::Ordering::Less => {}
            }
        }
        let yes = |u: &usize| latest.get(u).is_some_and(|(_, c)| c.iter().all(|c| *c == 0));
        let area: i64 = owners.iter().filter(|(u, _)| yes(u)).map(|(_, (_, a, _))| a).sum();
        prop_assert_eq!(out.tally.agree.area, i128::from(area));
        for tally in std::iter::once(&out.tally).chain(out.other.iter().map(|(_, t)| t)) {
            prop_assert!(tally.agree.heads <= tally.participating.heads && tally.participating.heads <= out.total.heads);
            prop_assert!(tally.agree.area <= tally.participating.area && tally.participating.area <= out.total.area);
            let enough = |b: &Bar, s: Sum| (b.heads_met, b.area_met) == (s.heads >= b.least.heads, s.area >= b.least.area);
            prop_assert!(out.total.heads == 0 || tally.participating.heads == 0 || enough(&tally.majority, tally.agree));
        }
    }

    /// One more "no" never makes a proposal pass, but by completing the quorum.
    #[test]
    fn a_further_no_helps_only_through_the_quorum((owners, ballots) in vote()) {
        let mut owners: Vec<_> = owners.into_iter().enumerate().collect();
        let new = owners.len();
        owners.push((new, (200, 100, false)));
        let before = count(&owners, &ballots, Item::Ordinary);
        let mut more = ballots;
        more.push((new, 1, 0));
        let after = count(&owners, &more, Item::Ordinary);
        if after.tally.passes() && !before.tally.passes() {
            prop_assert!(!before.tally.quorum.unwrap().met() && before.tally.majority.met());
        }
    }
}

#[test]
fn sums_from_elsewhere_are_measured_by_the_same_rules() {
    let pack = code();
    let sum = |heads, area| Sum { heads, area };
    let total = sum(280, 2_483_857);
    let passes = |part: Sum, agree: Sum| judged(&pack, Item::Ordinary, total, part, agree).unwrap().tally.passes();
    assert!(passes(sum(187, 1_655_905), sum(94, 827_953)));
    assert!(!passes(sum(186, 1_655_905), sum(94, 827_953)), "one head too few");
    assert!(!passes(sum(187, 1_655_905), sum(94, 827_952)), "half is not more than half");
    assert_eq!(judged(&pack, Item::Ordinary, total, sum(281, 1), sum(1, 1)), None);
    assert_eq!(judged(&pack, Item::Ordinary, total, sum(5, 100), sum(5, 101)), None);
    assert_eq!(judged(&pack, Item::Ordinary, total, sum(5, 100), sum(-1, 0)), None);
}
