//! The time bank under many hands: whatever happens at once, all of it is zero, nobody spends an hour twice, nobody falls
//! below what he may, and a model that knows nothing of databases says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use xiezhi::activities::volunteer::hours::{self, Account, Holder, Reason, Transfer, Unit};
use xiezhi::activities::volunteer::pack::{self, Hours};
use xiezhi::activities::volunteer::{Book, hours::act};
use xiezhi::kit::error::Kind;
use xiezhi::kit::time::DAY;
use xiezhi::kit::{App, Result, Who};

use super::world::{COMMUNITY, SIBLING, World, on_each_engine};

/// Numbers that are the same at every run.
struct Draw(u64);
impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn places(w: &World) -> Vec<(String, String)> {
    let at = |code| {
        let area = w.app.db.read(|r| xiezhi::base::area::by_code(r, code)).unwrap().unwrap();
        (area.id, area.path)
    };
    vec![at(COMMUNITY), at(SIBLING)]
}

fn strict() -> Hours {
    Hours { least: -100, most: 400, ..pack::at("").hours }
}

fn pay(app: &App, hours: Hours, from: Account, to: Account, n: i64) -> Result<String> {
    let moves = vec![(from, -n), (to, n)];
    Ok(app.db.write(move |tx| hours::transfer(tx, &hours, &Who::system(), &Transfer::minutes(Reason::Gift, "", moves)))?.value)
}

/// Everything that must be zero is, and every balance is the sum of its movements.
fn holds(app: &App) {
    let p = app.db.read(|r| hours::proof(r, Unit::Minutes, true)).unwrap();
    assert_eq!((p.sum, p.uneven, p.wrong), (0, 0, Some(0)));
}

fn balance(app: &App, a: &Account) -> i64 {
    app.db.read(|r| hours::balance(r, Unit::Minutes, a.holder, &a.owner)).unwrap()
}

#[test]
fn eight_hands_at_once_move_hours_and_all_of_it_stays_zero() {
    on_each_engine(|w| {
        let places = places(w);
        let people: Vec<Account> = (0..12).map(|n| Account::person(&format!("person-{n}"), &places[n % 2])).collect();
        let people = Arc::new(people);
        let hands: Vec<_> = (0..8)
            .map(|hand| {
                let (app, people) = (w.app.clone(), people.clone());
                std::thread::spawn(move || {
                    let (mut draw, mut done, mut refused) = (Draw(hand), 0, 0);
                    for _ in 0..60 {
                        let (a, b) = (draw.below(12) as usize, draw.below(12) as usize);
                        let n = draw.below(90) as i64 + 1;
                        if a == b {
                            continue;
                        }
                        match pay(&app, strict(), people[a].clone(), people[b].clone(), n) {
                            Ok(_) => done += 1,
                            Err(e) => {
                                assert!(matches!(e.kind, Kind::HoursShort | Kind::HoursFull), "{e:?}");
                                refused += 1;
                            }
                        }
                    }
                    (done, refused)
                })
            })
            .collect();
        let counts: Vec<(i64, i64)> = hands.into_iter().map(|h| h.join().unwrap()).collect();
        let (done, refused) = counts.iter().fold((0, 0), |a, c| (a.0 + c.0, a.1 + c.1));
        assert!(done > 100 && refused > 10, "both happen: {done}, {refused}");
        holds(&w.app);
        for p in people.iter() {
            assert!((-100..=400).contains(&balance(&w.app, p)));
        }
        use store::Query as _;
        let written = w.app.db.read(|r| r.count("select count(*) from time_transfer", &[])).unwrap();
        assert_eq!(written, done, "what was refused left nothing behind");
        let clearing: i64 = places.iter().map(|p| balance(&w.app, &Account::of(Holder::Clearing, p))).sum();
        assert_eq!(clearing, 0, "what one community owes the other is owed");
    });
}

#[test]
fn an_hour_is_spent_once_however_many_try_at_once() {
    on_each_engine(|w| {
        let places = places(w);
        let (rich, pool) = (Account::person("rich", &places[0]), Account::of(Holder::Pool, &places[0]));
        let hours = Hours { least: 0, ..strict() };
        pay(&w.app, hours, pool, rich.clone(), 60).unwrap();
        let hands: Vec<_> = (0..8)
            .map(|n| {
                let (app, rich, to) = (w.app.clone(), rich.clone(), Account::person(&format!("p{n}"), &places[1]));
                std::thread::spawn(move || pay(&app, hours, rich, to, 60).map_err(|e| e.kind))
            })
            .collect();
        let all: Vec<_> = hands.into_iter().map(|h| h.join().unwrap()).collect();
        assert_eq!(all.iter().filter(|r| r.is_ok()).count(), 1, "{all:?}");
        assert!(all.iter().filter_map(|r| r.as_ref().err()).all(|k| *k == Kind::HoursShort));
        assert_eq!(balance(&w.app, &rich), 0);
        holds(&w.app);
    });
}

#[test]
fn a_model_without_a_database_says_the_same() {
    on_each_engine(|w| {
        let places = places(w);
        let book = Book::now(&w.app, "").unwrap();
        for seed in 0..6 {
            let mut draw = Draw(100 + seed);
            let account = |n: u64| match n {
                0 => Account::of(Holder::Pool, &places[0]),
                1 => Account::of(Holder::Held, &places[0]),
                _ => Account::person(&format!("m{seed}-{n}"), &places[n as usize % 2]),
            };
            let all: Vec<Account> = (0..6).map(account).collect();
            let mut model: BTreeMap<&Account, i64> = all.iter().map(|a| (a, balance(&w.app, a))).collect();
            let mut written: Vec<(String, usize, usize, i64, bool)> = Vec::new();
            for _ in 0..40 {
                if draw.below(5) == 0 && !written.is_empty() {
                    let at = draw.below(written.len() as u64) as usize;
                    let (id, from, to, n, undone) = written[at].clone();
                    let (b, own) = (book.clone(), id.clone());
                    let done = w.app.db.write(move |tx| act::undo(tx, &b, &Who::system(), &own, None));
                    assert_eq!(done.is_ok(), !undone, "once");
                    if !undone {
                        *model.get_mut(&all[from]).unwrap() += n;
                        *model.get_mut(&all[to]).unwrap() -= n;
                        written[at].4 = true;
                    }
                    continue;
                }
                let (from, to, n) = (draw.below(6) as usize, draw.below(6) as usize, draw.below(200) as i64 + 1);
                if from == to {
                    continue;
                }
                let least = |a: &Account| match a.holder {
                    Holder::Pool => strict().pool_least,
                    Holder::Held => 0,
                    _ => strict().least,
                };
                let most = if all[to].holder == Holder::Person { strict().most } else { i64::MAX };
                let may = model[&all[from]] - n >= least(&all[from]) && model[&all[to]] + n <= most;
                let moved = pay(&w.app, strict(), all[from].clone(), all[to].clone(), n);
                assert_eq!(moved.is_ok(), may, "{from} to {to}: {n}, {model:?}");
                if let Ok(id) = moved {
                    *model.get_mut(&all[from]).unwrap() -= n;
                    *model.get_mut(&all[to]).unwrap() += n;
                    written.push((id, from, to, n, false));
                }
            }
            for a in &all {
                assert_eq!(balance(&w.app, a), model[a]);
            }
        }
        holds(&w.app);
    });
}

#[test]
fn hours_that_nobody_used_in_their_time_become_the_communitys() {
    on_each_engine(|w| {
        let places = places(w);
        let (me, other) = (Account::person("me", &places[0]), Account::person("other", &places[0]));
        let pool = Account::of(Holder::Pool, &places[0]);
        let hours = Hours { expire_days: 365, ..strict() };
        let sweep = |w: &World| {
            let place = places[0].clone();
            w.app
                .db
                .write(move |tx| {
                    let n = hours::expire(tx, &hours, &place)?;
                    tx.log(store::Entry::new("test", "x", "x"))?;
                    Ok::<_, xiezhi::kit::Error>(n)
                })
                .unwrap()
                .value
        };
        pay(&w.app, hours, pool.clone(), me.clone(), 100).unwrap();
        w.app.ambience.advance(300 * DAY);
        pay(&w.app, hours, pool.clone(), me.clone(), 50).unwrap();
        // The oldest are used first.
        pay(&w.app, hours, me.clone(), other.clone(), 30).unwrap();
        assert_eq!(sweep(w), 0, "not yet");
        w.app.ambience.advance(66 * DAY);
        assert_eq!(sweep(w), 70);
        assert_eq!((balance(&w.app, &me), sweep(w)), (50, 0), "once");
        w.app.ambience.advance(300 * DAY);
        assert_eq!((sweep(w), balance(&w.app, &me), balance(&w.app, &other)), (80, 0, 0));
        holds(&w.app);
    });
}
