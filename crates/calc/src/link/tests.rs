//! The method as a whole: worked examples, learning on invented rows, and what must hold for any rows.

use proptest::prelude::*;

use super::em::{Known, Patterns};
use super::index::Index;
use super::levels::{Compared, pattern};
use super::model::Weights;
use super::*;
use crate::draw::mix;

pub(super) fn batch(rows: &[(String, [String; 7])]) -> Batch {
    let mut batch = Batch::new(Schema::residents());
    for (key, cells) in rows {
        batch.push(false, key, &cells.each_ref().map(String::as_str)).unwrap();
    }
    batch.finish().unwrap();
    batch
}

pub(super) fn id_of(birth: &str, order: u32) -> String {
    let first = format!("321002{}{order:03}", birth.replace('-', ""));
    let check = crate::codes::id_check(&first).unwrap();
    format!("{first}{check}")
}

/// Invented people; every third has a second row, with a slip.
fn people(many: usize, seed: u64) -> Vec<(String, [String; 7])> {
    let mut rows = Vec::new();
    let given: Vec<char> = "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建国文".chars().collect();
    let family: Vec<char> = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗".chars().collect();
    for n in 0..many {
        let mut state = seed ^ (n as u64) << 20;
        let mut below = |most: usize| {
            state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            (state % most as u64) as usize
        };
        let name: String = [family[below(20)], given[below(30)], given[below(30)]].iter().collect();
        let birth = format!("{}-{:02}-{:02}", 1940 + below(75), 1 + below(12), 1 + below(28));
        let man = below(2);
        let id = if below(2) == 0 { id_of(&birth, below(400) as u32 * 2 + man as u32) } else { String::new() };
        let phone = (13_000_000_000 + below(1_000_000_000)).to_string();
        let home = format!("{}栋{}室", 1 + below(9), 101 + below(300));
        let mut row = [name, ["女", "男"][man].into(), birth, id, phone, format!("社区{}", below(9)), home];
        rows.push((format!("p{n:05}"), row.clone()));
        if n % 3 == 0 {
            match n % 5 {
                0 => row[0] = row[0].replace('伟', "玮").replace('丽', "莉"),
                1 => row[4] = String::new(),
                2 => row[6] = "搬走了".into(),
                _ => row[3] = String::new(),
            }
            rows.push((format!("q{n:05}"), row));
        }
    }
    rows
}

#[test]
fn a_worked_example() {
    // Two comparisons by hand: m/u of .9/.1 and .2/.8 on a prior of 1 in 1,000:
    // log2(1/999) + log2(9) + log2(1/4) = -9.9644 + 3.1699 - 2 = -8.7945, a probability of .002248.
    let sex = Weights::new(Compared::Sex(0), vec![0.0, 0.9, 0.1], vec![0.0, 0.1, 0.9], vec![0.0, 0.5, 0.5]);
    let other = Weights::new(Compared::Sex(1), vec![0.0, 0.8, 0.2], vec![0.0, 0.2, 0.8], vec![0.0, 0.5, 0.5]);
    let model = Model::new(0.001, 0.0, vec![sex, other]);
    let bits = model.mean_bits(0x21);
    assert!((bits + 8.7945).abs() < 1e-4, "{bits}");
    assert!((probability(bits) - 0.002248).abs() < 1e-6);
    assert_eq!(model.mean_bits(0), model.prior_bits(), "what nobody says weighs nothing");
}

#[test]
fn learning_finds_the_shares_that_made_the_pairs() {
    // Three texts agree with m = .9 .8 .7 in one pair of a hundred, with u = .05 .1 .02 in the others: counts as expected.
    let schema = Schema::new(["a", "b", "c"].map(|n| (n.to_owned(), Kind::Text)).into()).unwrap();
    let records = Records::new(schema);
    let (m, u, pairs, prior) = ([0.9, 0.8, 0.7], [0.05, 0.1, 0.02], 1e7, 0.01);
    let mut random = Vec::new();
    for mask in 0..8u64 {
        let share = |p: [f64; 3]| (0..3).map(|i| if mask >> i & 1 == 1 { p[i] } else { 1.0 - p[i] }).product::<f64>();
        let pattern = (0..3).fold(0, |p, i| p | (if mask >> i & 1 == 1 { 1 } else { 4 }) << (4 * i));
        random.push((pattern, pairs * (prior * share(m) + (1.0 - prior) * share(u))));
    }
    let known = Known { pairs, met: random.clone(), random };
    let model = em::learn(&records, &known);
    assert!((model.prior - prior).abs() < 0.0005, "{}", model.prior);
    for (w, (m, u)) in model.weights.iter().zip(m.iter().zip(u)) {
        assert!((w.m[1] - m).abs() < 0.01 && (w.u[1] - u).abs() < 0.001, "{w:?}");
    }
}

#[test]
fn the_same_person_is_found_and_the_reason_told() {
    let rows = people(3000, 7);
    let batch = batch(&rows);
    let out = batch.link(Wanted { least: 0.5, join: 0.8 });
    let truth = |key: &str| key[1..].to_owned();
    let right = out.pairs.iter().filter(|p| truth(&batch.key(p.a as usize)) == truth(&batch.key(p.b as usize))).count();
    assert!(right >= 990 && out.pairs.len() - right <= 5, "{right} of {}", out.pairs.len());
    let moved = rows.iter().find(|(key, cells)| key.starts_with('q') && cells[6] == "搬走了").unwrap();
    let row = (0..batch.len()).find(|i| batch.key(*i) == moved.0).unwrap();
    let first = (0..batch.len()).find(|i| batch.key(*i) == moved.0.replace('q', "p")).unwrap();
    let told = out.model.explain(batch.records(), batch.records().row(row), batch.records().row(first));
    let level = |what: &str| told.iter().find(|e| e.what == what).unwrap().level;
    assert_eq!((level("name"), level("birth"), level("phone"), level("place")), ("same", "same", "same", "near"));
    let sum: f64 = told.iter().map(|e| e.bits).sum::<f64>() + out.model.prior_bits();
    let weight = out.pairs.iter().find(|p| (p.a as usize, p.b as usize) == (first, row)).unwrap().bits;
    assert!((sum - weight).abs() < 1e-9);
}

#[test]
fn levels_of_chinese_names() {
    let compare = |a: &str, b: &str| {
        let mut records = Records::new(Schema::new(vec![("name".into(), Kind::Name)]).unwrap());
        records.push(&[a]).unwrap();
        records.push(&[b]).unwrap();
        let there = pattern(&[Compared::Name(0)], &records, records.row(0), records.row(1));
        let back = pattern(&[Compared::Name(0)], &records, records.row(1), records.row(0));
        assert_eq!(there, back);
        levels::NAME[there as usize]
    };
    for (a, b, level) in [
        ("王丽", "王丽", "same"),
        ("張偉", "张伟", "same"),
        ("王丽", "王莉", "sound"),
        ("单小明", "山小明", "sound"),
        ("王伟明", "王玮铭", "sounds"),
        ("李未", "李末", "sound"),
        ("王建国", "王建强", "one"),
        ("王伟", "王强", "half"),
        ("王伟", "王伟强", "half"),
        ("王建国", "陈建国", "given"),
        ("王建国", "王丽华", "family"),
        ("欧阳建国", "欧阳建强", "one"),
        ("王建国", "陈丽华", "other"),
        ("Jonathan", "Jonathon", "near"),
        ("mary", "peter", "other"),
        ("", "王伟", "unknown"),
    ] {
        assert_eq!(compare(a, b), level, "{a} {b}");
    }
}

#[test]
fn keys_come_once_and_two_files_are_only_linked_with_each_other() {
    let mut twice = Batch::new(Schema::residents());
    twice.push(false, "a", &["王伟"]).unwrap();
    twice.push(false, "b", &[]).unwrap();
    twice.push(true, "a", &[]).unwrap();
    assert_eq!(twice.finish(), Err((0, 2)));
    assert_eq!(Batch::new(Schema::residents()).push(false, "", &[]), Err(Refused::NoKey));
    let mut two = Batch::new(Schema::residents());
    for (i, (key, cells)) in people(600, 3).iter().enumerate() {
        two.push(i % 2 == 1, key, &cells.each_ref().map(String::as_str)).unwrap();
    }
    two.finish().unwrap();
    let out = two.link(Wanted::default());
    assert!(!out.pairs.is_empty() && out.pairs.iter().all(|p| two.second(p.a as usize) != two.second(p.b as usize)));
    let empty = Batch::new(Schema::residents());
    assert!(empty.link(Wanted::default()).pairs.is_empty());
}

#[test]
fn looking_leaves_nothing_behind_and_taking_out_undoes_putting_in() {
    let rows = people(800, 11);
    let batch = batch(&rows);
    let out = batch.link(Wanted::default());
    let mut index = Index::new(batch.into_records(), out.model, out.passes);
    let cells = |i: usize| rows[i].1.each_ref().map(String::as_str);
    let look = |index: &mut Index| (0..40).map(|i| index.look(&cells(i * 20), 5, 0.01)).collect::<Vec<_>>();
    let before = look(&mut index);
    assert!(before.iter().all(|found| !found.is_empty() && found[0].probability > 0.9), "each finds itself");
    assert_eq!(before, look(&mut index));
    let new = index.insert(&["诸葛孔明", "男", "1950-01-01", "", "13900000001", "社区1", "1栋1室"]).unwrap();
    let again = index.insert(&cells(0)).unwrap();
    assert_ne!(before, look(&mut index));
    assert!(index.update(new, &cells(20)) && index.remove(new) && index.remove(again) && !index.remove(again));
    assert_eq!((before, index.len()), (look(&mut index), rows.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_rows_changes_nothing(seed in 0u64..1000, turn in 1usize..300) {
        let mut rows = people(300, seed);
        let result = |rows: &[(String, [String; 7])]| {
            let batch = batch(rows);
            let out = batch.link(Wanted { least: 0.2, join: 0.8 });
            let pairs: Vec<(u32, u32, u64)> = out.pairs.iter().map(|p| (p.a, p.b, p.bits.to_bits())).collect();
            (pairs, out.clusters)
        };
        let straight = result(&rows);
        rows.rotate_left(turn);
        rows.reverse();
        prop_assert_eq!(straight, result(&rows));
    }

    #[test]
    fn two_different_valid_ids_never_are_one_person(seed in 0u64..1000) {
        // Twins with one name, at one home, with one telephone, each with an own number.
        let mut rows = people(200, seed);
        let mut twins = rows.clone();
        for (n, (key, cells)) in twins.iter_mut().enumerate() {
            key.insert(0, 't');
            cells[3] = id_of(&cells[2], 900 + (n % 50) as u32 * 2);
        }
        rows.extend(twins);
        let batch = batch(&rows);
        let out = batch.link(Wanted { least: 0.01, join: 0.02 });
        let mut seen = std::collections::HashMap::new();
        for (row, head) in out.clusters.iter().enumerate() {
            let id = batch.valid_id(row);
            prop_assert!(id == 0 || *seen.entry(*head).or_insert(id) == id);
        }
    }

    #[test]
    fn comparing_is_symmetric(a in "[王李张欧阳伟玮丽莉单山a-c0-9X-]{0,9}", b in "[王李张欧阳伟玮丽莉单山a-c0-9X-]{0,9}", d in 0u32..99_999_999, e in 0u32..99_999_999) {
        let mut records = Records::new(Schema::residents());
        let cells = |t: &str, d: u32| [t.to_owned(), "男".into(), format!("{d:08}"), t.into(), format!("138{d:08}"), "一".into(), t.into()];
        for row in [cells(&a, d), cells(&b, e)] {
            records.push(&row.each_ref().map(String::as_str)).unwrap();
        }
        let all = Compared::all(&records);
        let (x, y) = (records.row(0), records.row(1));
        prop_assert_eq!(pattern(&all, &records, x, y), pattern(&all, &records, y, x));
        let mut random = Patterns::default();
        random.add(pattern(&all, &records, x, y));
        let model = em::rough(&records, &Known { pairs: 1.0, random: random.sorted(), met: Vec::new() });
        prop_assert_eq!(model.weigh(&records, x, y).to_bits(), model.weigh(&records, y, x).to_bits());
    }
}

/// A register begins with its first row: how frequent values are says nothing yet.
#[test]
fn a_register_of_one_knows_its_person() {
    for rows in [1, 3, 12] {
        let at = |home: &str, name: &str, birth: &str, phone: &str| [name, "", birth, "", phone, "c", home].map(str::to_owned);
        let cells = |name: &str, birth: &str, phone: &str| at("3栋602", name, birth, phone);
        let mut all = vec![("0".to_owned(), cells("欧阳慧", "1949-12-31", "13900001234"))];
        for n in 1..rows {
            let (name, birth) =
                (format!("{}某", ['赵', '钱', '孙'][n % 3]), format!("19{}-{:02}-{:02}", 50 + n * 3, 1 + n % 9, 10 + n));
            all.push((n.to_string(), at(&format!("1栋{n}01"), &name, &birth, "")));
        }
        let batch = batch(&all);
        let learnt = batch.link(Wanted::default());
        let mut index = Index::new(batch.into_records(), learnt.model, learnt.passes);
        let mut found = |name: &str, birth: &str, phone: &str| {
            index.look(&cells(name, birth, phone).each_ref().map(String::as_str), 5, GREY).len()
        };
        assert_eq!(found("欧阳惠", "1949-12-31", "13900001234"), 1, "{rows} rows");
        assert_eq!(found("欧阳慧", "1949-12-31", ""), 1, "{rows} rows");
        assert_eq!(found("李强", "1982-03-04", "13700001111"), 0, "{rows} rows");
    }
}
