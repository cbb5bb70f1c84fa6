//! The method step by step, on examples that were worked out by hand.

mod properties;

use super::kmeans::{Effort, square, tightest};
use super::plane::Point;
use super::represent::{self, stats};
use super::silhouette::silhouettes;
use super::stable::adjusted_rand;
use super::*;
use crate::draw::Splitmix;

/// Rows `voter statement vote`, in lines.
pub(super) fn table(rows: &str) -> Votes {
    let mut intake = Intake::default();
    for row in rows.lines().filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        intake.push(cells[0], cells[1], Vote::parse(cells[2]).unwrap(), cells.get(3).map(|t| t.parse().unwrap())).unwrap();
    }
    intake.finish()
}

/// Rows of votes by people who see some of the statements: `say` gives the chance of agreement, by person and statement.
pub(super) fn invented(people: usize, statements: usize, seen: f64, seed: u64, say: impl Fn(usize, usize) -> f64) -> Votes {
    let (mut intake, mut draws) = (Intake::default(), Splitmix::new(seed));
    for person in 0..people {
        for statement in 0..statements {
            let (sees, passes, chance) = (draws.part() < seen, draws.part() < 0.1, draws.part());
            let vote = if passes {
                Vote::Pass
            } else if chance < say(person, statement) {
                Vote::Agree
            } else {
                Vote::Disagree
            };
            if sees {
                intake.push(&person.to_string(), &statement.to_string(), vote, Some(0)).unwrap();
            }
        }
    }
    intake.finish()
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn the_last_word_counts_and_ids_stand_in_order() {
    let votes = table("10 2 1 5\n9 2 -1 1\n10 2 0 4\nb 1 1 1\n10 2 -1 3\n9 1 1 7\n9 1 -1 7\n007 1 1 1\n7 1 1 1");
    assert_eq!(votes.voters(), ["007", "7", "9", "10", "b"]);
    assert_eq!(votes.statements(), ["1", "2"]);
    assert_eq!(votes.row(3), [(1, Vote::Agree)]);
    // Two different votes of one moment: nobody knows the last, so it is a pass.
    assert_eq!(votes.row(2), [(0, Vote::Pass), (1, Vote::Disagree)]);
    assert_eq!((votes.len(), votes.replaced()), (6, 3));
    assert_eq!((votes.voter("10"), votes.voter("8"), votes.statement("2")), (Some(3), None, Some(1)));
    // Without times the later row is the last word.
    assert_eq!(table("a x 1\na x -1").row(0), [(0, Vote::Disagree)]);
}

#[test]
fn what_is_no_vote_is_refused() {
    let mut intake = Intake::default();
    assert_eq!(intake.push("", "1", Vote::Pass, None), Err(Refused::NoVoter));
    assert_eq!(intake.push("1", "", Vote::Pass, None), Err(Refused::NoStatement));
    assert_eq!(intake.push(&"x".repeat(201), "1", Vote::Pass, None), Err(Refused::LongId));
    (0..votes::STATEMENTS).for_each(|j| intake.push("1", &j.to_string(), Vote::Pass, None).unwrap());
    assert_eq!(intake.push("1", "more", Vote::Pass, None), Err(Refused::Statements));
    (1..votes::VOTERS).for_each(|v| intake.push(&(v + 1).to_string(), "0", Vote::Pass, None).unwrap());
    assert_eq!(intake.push("more", "0", Vote::Pass, None), Err(Refused::Voters));
    assert_eq!(Vote::parse("2"), None);
}

#[test]
fn a_plane_by_hand() {
    // All agree with the second statement, which therefore says nothing; the first parts them. d has not seen the second.
    let votes = table("a 1 1\na 2 1\nb 1 1\nb 2 1\nc 1 -1\nc 2 1\nd 1 -1");
    let plane = Plane::of(&votes, &[false, false], &[0, 1, 2, 3]);
    assert_eq!((plane.center.as_slice(), plane.explained), ([0.0, 1.0].as_slice(), [1.0, 0.0]));
    assert_eq!(plane.components, [vec![1.0, 0.0], vec![0.0, 0.0]]);
    let at = |v| plane.place(&votes, &[false, false], v);
    assert_eq!((at(0), at(2)), ([1.0, 0.0], [-1.0, 0.0]));
    near(at(3)[0], -(2f64.sqrt()));
    assert_eq!(plane.statement(0), [2f64.sqrt(), 0.0]);
    assert_eq!(plane.statement(1), [0.0, 0.0]);
    // Taken out by moderation, the second counts as seen by everybody.
    near(plane.place(&votes, &[false, true], 3)[0], -1.0);
}

#[test]
fn directions_are_found_even_when_they_are_alike() {
    // Eigenvalues 4, 4, 1: any two directions of the first two will do, at right angles.
    let apply = |x: &[f64], y: &mut [f64]| y.iter_mut().zip(x).zip([4.0, 1.0, 4.0]).for_each(|((y, x), l)| *y = l * x);
    let (first, a) = eigen::leading(3, &[], eigen::EXACT, &apply).unwrap();
    let (second, b) = eigen::leading(3, std::slice::from_ref(&a), eigen::EXACT, &apply).unwrap();
    let (third, c) = eigen::leading(3, &[a.clone(), b.clone()], eigen::EXACT, &apply).unwrap();
    [(first, 4.0), (second, 4.0), (third, 1.0)].into_iter().for_each(|(x, y)| near(x, y));
    near(eigen::dot(&a, &b), 0.0);
    near(c[1].abs(), 1.0);
    assert_eq!(eigen::leading(3, &[a, b, c], eigen::EXACT, &apply), None);
    assert_eq!(eigen::leading(2, &[], eigen::EXACT, &|_: &[f64], y: &mut [f64]| y.fill(0.0)), None);
    // On a table of votes both directions are what they should be: the table takes each to itself, and they are the two longest.
    let votes = invented(80, 30, 0.6, 3, |p, s| if (p + s) % 3 == 0 { 0.8 } else { 0.3 });
    let plane = Plane::of(&votes, &[false; 30], &(0..80).collect::<Vec<u32>>());
    let length = |c: &Vec<f64>| eigen::dot(c, c);
    plane.components.iter().for_each(|c| near(length(c), 1.0));
    near(eigen::dot(&plane.components[0], &plane.components[1]), 0.0);
    assert!(plane.explained[0] > plane.explained[1] && plane.explained[1] > 1.0 / 30.0);
}

#[test]
fn heaps_are_as_tight_as_can_be() {
    let mut draws = Splitmix::new(5);
    for _ in 0..20 {
        let points: Vec<Point> = (0..11).map(|_| [draws.part(), draws.part()]).collect();
        // All ways to part eleven points in two.
        let inertia = |way: u32| {
            [0, 1].map(|side| {
                let own: Vec<Point> = (0..11).filter(|i| way >> i & 1 == side).map(|i| points[i as usize]).collect();
                let mean = [0, 1].map(|a: usize| own.iter().map(|p| p[a]).sum::<f64>() / own.len() as f64);
                own.iter().map(|p| square(*p, mean)).sum::<f64>()
            })
        };
        let best = (1..1 << 10).map(|way| inertia(way).iter().sum()).fold(f64::INFINITY, f64::min);
        near(tightest(&points, 2, Effort::Full).unwrap().inertia, best);
    }
    assert_eq!(tightest(&[[1.0, 0.0], [1.0, 0.0]], 2, Effort::Full), None);
}

#[test]
fn silhouettes_by_hand() {
    let points = [[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [11.0, 0.0]];
    let found = silhouettes(&points, &[&[0, 0, 1, 1], &[0, 1, 2, 2], &[0, 0, 0, 0]]);
    near(found[0], (9.5 / 10.5 + 8.5 / 9.5) / 2.0);
    // Who is alone counts 0; then the nearest other heap is the one of the second point.
    near(found[1], (8.0 / 9.0 + 9.0 / 10.0) / 4.0);
    assert_eq!(found[2], 0.0);
    assert_eq!(silhouettes(&[], &[&[]]), [0.0]);
}

#[test]
fn figures_by_hand() {
    let count = |agree, disagree, seen| Count { agree, disagree, seen };
    let found = stats(&[vec![count(3, 1, 4)], vec![count(1, 2, 5)]], 1);
    let side = found[0][0].agree;
    near(side.p, 4.0 / 6.0);
    near(side.p_test, 2.0 * 5f64.sqrt() * 0.3);
    near(side.ratio, 4.0 / 6.0 / (2.0 / 7.0));
    near(side.ratio_test, (0.8 - 1.0 / 3.0) / (6f64 / 11.0 * (5.0 / 11.0) * (0.2 + 1.0 / 6.0)).sqrt());
    assert!(found[0][0].agrees() && !found[1][0].agrees());
    // Everybody agrees: nobody differs.
    assert_eq!(stats(&[vec![count(3, 0, 3)], vec![count(2, 0, 2)]], 1)[0][0].agree.ratio_test, 0.0);
    // Three of three in a group, half a vote added: 7/8 agree, 1/8 disagree.
    let one = || [count(3, 0, 3)].into_iter();
    near(common::across(one(), Mode::Default).unwrap(), 49.0 / 64.0);
    near(common::across(one().chain(one()), Mode::Default).unwrap(), 49.0 / 64.0);
    near(common::across(one().chain(one()), Mode::Compat).unwrap(), 16.0 / 25.0);
    near(common::across_against([count(0, 3, 3)].into_iter(), Mode::Default).unwrap(), 49.0 / 64.0);
    assert_eq!(common::across(std::iter::empty(), Mode::Default), None);
    // Nobody has seen it: ½ · (0 + 1) · ½ · 9, squared.
    near(next::priority(&count(0, 0, 0), 0.0), 2.25 * 2.25);
    // Five votes: two agree, one passes; 5/7 · 2 · 3/7 · 5, squared.
    near(next::priority(&count(2, 2, 5), 1.0), (5.0 / 7.0 * 2.0 * (3.0 / 7.0) * 5.0f64).powi(2));
}

#[test]
fn the_next_statement_is_drawn_in_proportion() {
    let weights = [1.0, 0.0, 3.0, 4.0];
    let at = |part| next::draw(&weights, |j| j != 3, part);
    assert_eq!([0.0, 0.2, 0.25, 0.9999].map(at), [Some(0), Some(0), Some(2), Some(2)]);
    assert_eq!(next::draw(&weights, |_| false, 0.5), None);
    assert_eq!(next::draw(&[], |_| true, 0.5), None);
}

#[test]
fn what_speaks_for_a_group() {
    let count = |agree, disagree, seen| Count { agree, disagree, seen };
    // Ten people here, ten there: they differ on 0 and 2, agree on 1, and 3 was taken out.
    let here = vec![count(9, 0, 10), count(9, 1, 10), count(0, 10, 10), count(10, 0, 10)];
    let there = vec![count(1, 8, 10), count(9, 1, 10), count(6, 2, 10), count(0, 10, 10)];
    let stats = stats(&[here, there], 4);
    let list = represent::chosen(&stats[0], &[false, false, false, true]);
    let plain: Vec<(usize, bool, bool)> = list.iter().map(|c| (c.statement, c.agrees, c.best_agree)).collect();
    assert_eq!(plain, [(0, true, true), (2, false, false)]);
    assert!(represent::chosen(&stats[0], &[true; 4]).is_empty());
}

#[test]
fn clear_groups_are_clear_and_a_cloud_is_not() {
    // Two camps of unequal size, each of one mind on what parts them.
    let camps = invented(150, 40, 0.5, 1, |p, s| if (p % 5 < 2) == (s % 2 == 0) { 0.9 } else { 0.15 });
    let found = map(&camps, &Asked { seed: Some("seed".into()), ..Asked::default() });
    assert_eq!((found.grouping.k, found.clear, found.gap), (2, true, true));
    let truth: Vec<u8> = found.people.iter().map(|v| u8::from(v % 5 < 2)).collect();
    assert_eq!(adjusted_rand(&truth, &found.grouping.labels), 1.0);
    // The larger camp is the first.
    assert_eq!(found.grouping.labels, truth);
    let stability = found.stability.unwrap();
    assert!(stability.agreement > 0.95 && stability.groups.iter().all(|g| *g > 0.95), "{stability:?}");
    // Everybody tosses coins; everybody is of one mind but for a few: whatever is cut out of that is no group. (Of a hundred seeds
    // three are called clear at most.)
    for seed in 0..4 {
        for chance in [0.5, 0.9, 1.0] {
            let one = map(&invented(60, 20, 0.7, seed, |_, _| chance), &Asked::default());
            assert!(!one.clear, "{seed} {chance} {}", one.grouping.silhouette);
        }
    }
    // A line of opinion without a gap, cut in two, has a high silhouette: groups, with no gap between them.
    let line = invented(120, 40, 1.1, 1, |p, s| if s * 3 < p { 0.95 } else { 0.05 });
    let line = map(&line, &Asked::default());
    assert!(line.grouping.silhouette > 0.5 && line.clear && !line.gap, "{}", line.grouping.silhouette);
}

#[test]
fn ways_to_group_are_compared() {
    near(adjusted_rand(&[0, 0, 1, 1], &[1, 1, 0, 0]), 1.0);
    // Hubert & Arabie by hand: 2 of 6 pairs agree in both, chance 4/3, most 3.
    near(adjusted_rand(&[0, 0, 1, 1], &[0, 0, 1, 2]), (1.0 - 2.0 / 6.0) / (1.5 - 2.0 / 6.0));
    near(adjusted_rand(&[0, 0, 0], &[0, 0, 0]), 1.0);
}
