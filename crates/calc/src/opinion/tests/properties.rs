//! What must hold for any votes: order, sign, odd input; groups of others; roles; the picture.

use proptest::prelude::*;

use super::super::picture::{SIDE, picture};
use super::*;

type Row = (u8, u8, u8, i64);

fn vote(n: u8) -> Vote {
    [Vote::Disagree, Vote::Pass, Vote::Agree][usize::from(n % 3)]
}

fn collect(rows: impl Iterator<Item = Row>, turned: bool) -> Votes {
    let mut intake = Intake::default();
    for (voter, statement, n, at) in rows {
        let n = if turned { 2 - n % 3 } else { n };
        intake.push(&format!("p{voter}"), &format!("s{statement}"), vote(n), Some(at)).unwrap();
    }
    intake.finish()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..30u8, 0..12u8, 0..3u8, 0..4i64), 0..400)
}

/// Every figure of a map is a number.
fn sound(map: &Map) {
    let figures = map.points.iter().flatten().chain(&map.plane.center).chain(map.plane.components.iter().flatten());
    let more =
        map.stats.iter().flatten().flat_map(|s| [s.agree, s.disagree]).flat_map(|s| [s.p, s.p_test, s.ratio, s.ratio_test]);
    let all: Vec<f64> = figures.chain(&map.priority).chain(map.consensus.iter().flatten()).copied().chain(more).collect();
    assert!(all.iter().all(|x| x.is_finite()) && map.grouping.silhouette.is_finite());
    assert_eq!((map.stats.len(), map.people.len()), (map.grouping.k, map.grouping.labels.len()));
    assert!(map.grouping.labels.iter().all(|l| usize::from(*l) < map.grouping.k));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn inv09_the_order_of_the_rows_changes_nothing(mut rows in rows(), turn in any::<prop::sample::Index>(), compat: bool) {
        let asked = Asked { mode: if compat { Mode::Compat } else { Mode::Default }, seed: Some("s".into()), ..Asked::default() };
        let before = collect(rows.iter().copied(), false);
        // In another order, and in two batches of which the second came first.
        rows.reverse();
        if !rows.is_empty() {
            let middle = turn.index(rows.len());
            rows.rotate_left(middle);
        }
        let after = collect(rows.into_iter(), false);
        prop_assert_eq!(&before, &after);
        let (one, other) = (map(&before, &asked), map(&after, &asked));
        sound(&one);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn turning_every_statement_around_turns_the_map(rows in rows()) {
        let asked = Asked::default();
        let (one, other) = (map(&collect(rows.iter().copied(), false), &asked), map(&collect(rows.into_iter(), true), &asked));
        prop_assert_eq!(&one.grouping.labels, &other.grouping.labels);
        prop_assert_eq!(one.grouping.k, other.grouping.k);
        for (a, b) in one.points.iter().flatten().zip(other.points.iter().flatten()) {
            prop_assert!((a + b).abs() < 1e-9);
        }
        for (a, b) in one.stats.iter().flatten().zip(other.stats.iter().flatten()) {
            prop_assert_eq!((a.agree, a.disagree), (b.disagree, b.agree));
        }
    }

    #[test]
    fn groups_count_whatever_made_them(rows in rows()) {
        let votes = collect(rows.into_iter(), false);
        let made = map(&votes, &Asked::default());
        let given = Asked { people: Some(made.people.clone()), groups: Some(made.grouping.labels.clone()), ..Asked::default() };
        let again = map(&votes, &given);
        prop_assert_eq!(&made.stats, &again.stats);
        prop_assert_eq!((made.chosen, made.consensus, made.priority), (again.chosen, again.consensus, again.priority));
    }

    #[test]
    fn a_picture_shows_everybody_within_its_frame(rows in rows()) {
        let map = map(&collect(rows.into_iter(), false), &Asked::default());
        let picture = picture(&map);
        let within = |(x, y): (i32, i32)| (0..=SIDE).contains(&x) && (0..=SIDE).contains(&y);
        prop_assert_eq!(picture.dots.iter().map(|d| d.people as usize).sum::<usize>(), map.people.len());
        prop_assert!(picture.dots.iter().all(|d| within((d.x - d.radius, d.y - d.radius)) && within((d.x + d.radius, d.y + d.radius))));
        prop_assert!(picture.groups.iter().all(|g| g.corners.iter().all(|c| within(*c)) && within(g.label)));
        prop_assert!(map.clear || picture.groups.iter().all(|g| g.corners.is_empty()));
    }
}

#[test]
fn odd_conversations() {
    let both = |votes: &Votes| {
        [Mode::Default, Mode::Compat].map(|mode| {
            let map = map(votes, &Asked { mode, seed: Some("s".into()), ..Asked::default() });
            sound(&map);
            picture(&map);
            (map.grouping.k, map.clear)
        })
    };
    assert_eq!(both(&table("")), [(0, false); 2]);
    assert_eq!(both(&table("a x 1")), [(1, false); 2]);
    assert!(!both(&table("a x 1\nb x -1"))[0].1);
    // Everybody says the same; everybody passes; one statement.
    let same: String = (0..400).map(|i| format!("{} {} 1\n", i / 10, i % 10)).collect();
    assert_eq!(both(&table(&same)), [(1, false); 2]);
    let pass: String = (0..400).map(|i| format!("{} {} 0\n", i / 10, i % 10)).collect();
    assert_eq!(both(&table(&pass)), [(1, false); 2]);
    let one: String = (0..40).map(|i| format!("{i} only {}\n", i % 3 - 1)).collect();
    both(&table(&one));
    // Moderation took everything out.
    let votes = invented(40, 12, 0.8, 1, |p, _| (p % 2) as f64);
    let map = map(&votes, &Asked { out: (0..12).collect(), ..Asked::default() });
    sound(&map);
    assert_eq!((map.grouping.k, map.priority.iter().sum::<f64>()), (1, 0.0));
}

#[test]
fn a_crowd_of_copies_makes_one_group_and_no_consensus() {
    // Forty people with opinions of their own in two camps, and two hundred copies of one voter who agrees with everything.
    let mut rows = String::new();
    let own = invented(40, 20, 1.1, 7, |p, s| if (p % 2 == 0) == (s % 2 == 0) { 0.95 } else { 0.05 });
    for v in 0..40 {
        for (j, vote) in own.row(v) {
            rows += &format!("{} {} {}\n", own.voters()[v], own.statements()[*j as usize], vote.value());
        }
    }
    (0..200 * 20).for_each(|i| rows += &format!("copy{} {} 1\n", i / 20, i % 20));
    let votes = table(&rows);
    let map = map(&votes, &Asked::default());
    let copies: Vec<u8> = map.people.iter().zip(&map.grouping.labels).filter(|(v, _)| **v >= 40).map(|(_, l)| *l).collect();
    assert!(copies.len() == 200 && copies.iter().all(|l| *l == copies[0]));
    // By heads all statements are agreed on; across groups none is, because the camps disagree.
    assert_eq!(map.shared[0].len(), represent::CHOSEN);
    assert!(map.grouping.k == 3 && map.consensus.iter().all(|c| c.unwrap() < 0.5), "{:?}", map.consensus);
}

#[test]
fn bridges_hold_in_every_role_and_every_group() {
    // Residents and the committee; all agree on x, only residents on y, only one camp on z.
    let mut rows = String::new();
    for p in 0..40 {
        let (committee, camp) = (p >= 30, p % 2 == 0);
        let sign = |yes: bool| if yes { 1 } else { -1 };
        rows += &format!("{p} x 1\n{p} y {}\n{p} z {}\n", sign(!committee), sign(camp));
        (0..8).for_each(|s| rows += &format!("{p} t{s} {}\n", sign(camp == (s % 2 == 0))));
    }
    let votes = table(&rows);
    let name = |p: &String| if p.parse::<u32>().unwrap() >= 30 { "committee" } else { "resident" };
    let pairs: Vec<(u32, String)> = (0..).zip(votes.voters()).map(|(v, p)| (v, name(p).to_owned())).collect();
    let roles = Roles::new(&pairs).unwrap();
    assert_eq!(roles.names(), ["committee", "resident"]);
    let map = map(&votes, &Asked { roles: Some(roles), ..Asked::default() });
    let said = map.roles.unwrap();
    let [x, y, z] = ["x", "y", "z"].map(|s| votes.statement(s).unwrap());
    // On y the committee stands apart within each camp.
    assert_eq!((map.grouping.k, said.strongest.as_slice()), (4, [x].as_slice()));
    assert_eq!([x, y, z].map(|j| said.bridges[j].everywhere), [true, false, false]);
    // Ten of ten and thirty of thirty, half a vote added on each side.
    near(said.bridges[x].roles, (10.5f64 / 11.0 * (1.0 - 0.5 / 11.0) * (30.5 / 31.0) * (1.0 - 0.5 / 31.0)).sqrt());
    assert_eq!(said.people, [(10, vec![0, 0, 5, 5]), (30, vec![15, 15, 0, 0])]);
    let many: Vec<(u32, String)> = (0..101).map(|i| (0, format!("r{i}"))).collect();
    assert_eq!(Roles::new(&many), None);
}
