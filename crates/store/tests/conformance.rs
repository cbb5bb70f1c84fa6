//! What the store promises, once for both engines.
//!
//! PostgreSQL joins when `XIEZHI_TEST_PG` names a server (`bin/test` starts one); otherwise its half says SKIPPED.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use serde_json::json;
use store::{Ambient, Db, Entry, Error, Key, Migration, Options, Place, Query, Secret, Suite, Tx, params, verify};

/// A clock that ticks by hand and a generator that repeats itself: tests are deterministic.
pub struct Fixed {
    now: AtomicI64,
    state: AtomicU64,
}

impl Ambient for Fixed {
    fn now_ms(&self) -> i64 {
        self.now.fetch_add(1, Ordering::Relaxed)
    }
    fn fill(&self, bytes: &mut [u8]) {
        for b in bytes {
            let s = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mut z = (s ^ s >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            *b = (z >> 56) as u8;
        }
    }
}

struct World {
    place: Place,
    dir: tempfile::TempDir,
}

const MIGRATION: Migration = Migration {
    version: 1,
    name: "things",
    sql: "create table thing (\n  id text primary key,\n  n {int} not null,\n  x {real},\n  raw {bytes}\n);\ncreate table kept (id text primary key, n {int} not null);",
};

impl World {
    fn open_with(&self, batch: usize, migrations: Vec<Migration>) -> store::Result<Db> {
        Db::open(Options {
            data: self.dir.path().to_owned(),
            place: self.place.clone(),
            migrations,
            log_key: [5; 32],
            node_key: Secret::new([6; 32]),
            suite: Suite::default(),
            ambient: Arc::new(Fixed { now: AtomicI64::new(1_700_000_000_000), state: AtomicU64::new(1) }),
            batch,
            queue: 1024,
            readers: 4,
            min_free: 0,
            cache: 8 << 20,
            on_commit: Box::new(|_| {}),
        })
    }
    fn open(&self) -> Db {
        self.open_with(128, vec![MIGRATION]).unwrap()
    }
    fn sql(&self, text: &str) {
        match &self.place {
            Place::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(text).unwrap(),
            Place::Postgres(url) => postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(text).unwrap(),
        }
    }
}

/// Runs a story on each engine, each time in an empty database.
fn on_each_engine(story: impl Fn(&World)) {
    let dir = tempfile::tempdir().unwrap();
    story(&World { place: Place::Sqlite(dir.path().join("xiezhi.db")), dir });
    let Ok(server) = std::env::var("XIEZHI_TEST_PG") else {
        assert!(std::env::var("XIEZHI_REQUIRE_PG").is_err(), "PostgreSQL is required here");
        eprintln!("SKIPPED: no PostgreSQL (XIEZHI_TEST_PG is not set)");
        return;
    };
    static N: AtomicU64 = AtomicU64::new(0);
    let name = format!("store_{}_{}", std::process::id(), N.fetch_add(1, Ordering::Relaxed));
    let mut admin = postgres::Client::connect(&server, postgres::NoTls).unwrap();
    admin.batch_execute(&format!("create database {name}")).unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    story(&World { place: Place::Postgres(url), dir: tempfile::tempdir().unwrap() });
    let _ = admin.batch_execute(&format!("drop database {name} with (force)"));
}

fn add(tx: &mut Tx, id: &str, n: i64) -> store::Result<(String, Option<store::Logged>)> {
    tx.exec("insert into thing(id, n) values ($1, $2)", params![id, n])?;
    let entry = Entry { owner: Some(id), ..Entry::new("thing.add", "thing", id) }.element("n", Some(n)).fact("state", "new");
    Ok((json!({ "id": id }).to_string(), Some(tx.log(entry)?)))
}

fn count(db: &Db) -> i64 {
    db.read(|r| r.count("select count(*) from thing", &[])).unwrap()
}

#[test]
fn values_come_back_as_they_went_in() {
    on_each_engine(|w| {
        let db = w.open();
        db.write(|tx| {
            // $2 before $1 on purpose: SQLite would number them by appearance.
            tx.exec("insert into thing(n, id, x, raw) values ($2, $1, $3, $4)", params!["甲", 7, 0.5, vec![0u8, 255]])?;
            tx.log(Entry::new("thing.add", "thing", "甲")).map(drop)
        })
        .unwrap();
        let row = db.read(|r| r.row("select id, n, x, raw from thing where id = $1", params!["甲"])).unwrap().unwrap();
        assert_eq!(row.get::<String>("id").unwrap(), "甲");
        assert_eq!(row.get::<i64>("n").unwrap(), 7);
        assert_eq!(row.get::<Option<f64>>("x").unwrap(), Some(0.5));
        assert_eq!(row.get::<Vec<u8>>("raw").unwrap(), vec![0, 255]);
        assert!(row.get::<String>("n").is_err(), "a kind is never guessed");
        // A column that no index shall be chosen for compares as any other.
        let sql =
            "select id from thing where {+}id >= $1 and {+}n = $2 and {+}n >= 0 and ({+}x < $3 or {+}raw = $4) order by {+}n";
        let ask = |n: i64, x: f64| db.read(|r| r.rows(sql, params!["甲", n, x, vec![0u8, 255]])).unwrap().len();
        assert_eq!([ask(7, 1.0), ask(7, 0.0), ask(8, 1.0)], [1, 1, 0]);
    });
}

#[test]
fn a_failing_write_fails_alone_and_the_log_stays_dense() {
    on_each_engine(|w| {
        let db = Arc::new(w.open());
        let handles: Vec<_> = (0..64i64)
            .map(|i| {
                let db = db.clone();
                std::thread::spawn(move || {
                    db.write(move |tx| {
                        add(tx, &format!("t{i}"), i)?;
                        if i % 3 == 0 {
                            // The second insert breaks the primary key after the first was logged.
                            add(tx, &format!("t{i}"), i)?;
                        }
                        Ok::<_, Error>(())
                    })
                    .is_ok()
                })
            })
            .collect();
        let ok = handles.into_iter().filter(|_| true).map(|h| h.join().unwrap()).filter(|ok| *ok).count();
        assert_eq!(ok, 42);
        assert_eq!(count(&db), 42);
        let report = db.read(|r| verify::log(r)).unwrap();
        assert!(report.ok && report.size == 42, "{report:?}");
    });
}

#[test]
fn inv02_a_write_without_a_log_entry_is_refused() {
    on_each_engine(|w| {
        let db = w.open();
        // To insert no rows is to write nothing: a list that holds nothing new.
        db.write(|tx| tx.insert_many("thing", &["id", "n"], &[])).unwrap();
        let end = db.write(|tx| tx.exec("insert into thing(id, n) values ('x', 1)", &[]));
        assert!(matches!(end, Err(Error::Shape(m)) if m.contains("inv02")));
        assert_eq!(count(&db), 0);
        db.write(|tx| {
            tx.exec("insert into thing(id, n) values ('x', 1)", &[])?;
            tx.follow("counter", 3)
        })
        .unwrap();
        assert_eq!(db.read(|r| r.cursor("counter")).unwrap(), 3);
    });
}

#[test]
fn a_panicking_write_does_not_take_the_writer_along() {
    on_each_engine(|w| {
        let db = w.open();
        let end = db.write(|tx| -> store::Result<()> {
            add(tx, "a", 1)?;
            panic!("on purpose")
        });
        assert!(end.is_err());
        db.write(|tx| add(tx, "b", 2).map(drop)).unwrap();
        assert_eq!(count(&db), 1);
    });
}

#[test]
fn same_key_same_answer_same_receipt_even_after_a_restart() {
    on_each_engine(|w| {
        let key = || Key::new("somebody", "k1", b"body");
        let db = w.open();
        let first = db.write_once(key(), |tx| add(tx, "a", 1)).unwrap();
        assert!(first.fresh);
        for i in 0..40 {
            db.write(move |tx| add(tx, &format!("n{i}"), i).map(drop)).unwrap();
        }
        let again = db.write_once(key(), |_| -> store::Result<_> { panic!("must not run") }).unwrap();
        assert!(!again.fresh);
        assert_eq!(again.answer, first.answer);
        assert_eq!(again.receipt, first.receipt);
        drop(db);
        let db = w.open();
        let later = db.write_once(key(), |_| -> store::Result<_> { panic!("must not run") }).unwrap();
        assert_eq!((later.answer, later.receipt), (first.answer, first.receipt));
        let other = db.write_once(Key::new("somebody", "k1", b"other"), |tx| add(tx, "z", 1));
        assert!(matches!(other, Err(Error::KeyReused)));
        let else_ = db.write_once(Key::new("somebody else", "k1", b"other"), |tx| add(tx, "z", 1)).unwrap();
        assert!(else_.fresh, "keys of two people never meet");
    });
}

#[test]
fn a_key_that_comes_many_times_at_once_works_once() {
    on_each_engine(|w| {
        let db = Arc::new(w.open());
        let handles: Vec<_> = (0..32)
            .map(|_| {
                let db = db.clone();
                std::thread::spawn(move || db.write_once(Key::new("p", "k", b"b"), |tx| add(tx, "only", 1)).unwrap())
            })
            .collect();
        let all: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
        assert_eq!(all.iter().filter(|o| o.fresh).count(), 1);
        assert!(all.iter().all(|o| o.answer == all[0].answer));
        for o in &all {
            assert_eq!(o.receipt.as_ref().unwrap().faults(None), Vec::<&str>::new());
        }
        assert_eq!(count(&db), 1);
    });
}

#[test]
fn receipts_prove_and_every_flipped_character_is_found() {
    on_each_engine(|w| {
        let db = w.open();
        for i in 0..9 {
            db.write(move |tx| add(tx, &format!("n{i}"), i).map(drop)).unwrap();
        }
        let receipt = db.write_once(Key::new("p", "k", b"b"), |tx| add(tx, "mine", 3)).unwrap().receipt.unwrap();
        let (_, key) = store::note::parse_key(&db.public_key()).unwrap();
        assert_eq!(receipt.faults(Some(&key)), Vec::<&str>::new());
        let text = serde_json::to_string(&receipt).unwrap();
        for (i, c) in text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()) {
            let mut bad = text.clone().into_bytes();
            bad[i] = if c == 'b' { b'c' } else { b'b' };
            let parsed = String::from_utf8(bad).ok().and_then(|t| serde_json::from_str::<store::Receipt>(&t).ok());
            assert!(parsed.is_none_or(|r| !r.faults(Some(&key)).is_empty()), "byte {i} of the receipt");
        }
    });
}

#[test]
fn inv01_tampering_with_the_log_is_named() {
    let tampers: [(&str, u64, &str); 5] = [
        ("update log set leaf = replace(leaf, 'thing.add', 'thing.bad') where seq = 300", 300, "changed leaf"),
        ("delete from log where seq = 17", 17, "deleted row"),
        ("delete from log where seq >= 590", 590, "truncated"),
        (
            "update log set seq = 100000 where seq = 5; update log set seq = 5 where seq = 6; update log set seq = 6 where seq = 100000",
            5,
            "reordered",
        ),
        ("update log_node set hash = (select hash from log where seq = 1) where level = 8 and idx = 1", 256, "changed node"),
    ];
    for (sql, place, what) in tampers {
        on_each_engine(|w| {
            let db = w.open();
            for chunk in 0..6 {
                db.write(move |tx| (0..100).try_for_each(|i| add(tx, &format!("{chunk}-{i}"), i).map(drop))).unwrap();
            }
            let good = db.read(|r| verify::log(r)).unwrap();
            assert!(good.ok && good.size == 600);
            w.sql(sql);
            let bad = db.read(|r| verify::log(r)).unwrap();
            assert_eq!((bad.ok, bad.first_bad), (false, Some(place)), "{what}");
        });
    }
}

#[test]
fn a_proof_sees_one_moment_of_a_log_that_grows() {
    on_each_engine(|w| {
        let db = w.open();
        let add = |i: i64| drop(db.write(move |tx| add(tx, &format!("t{i}"), i)).unwrap());
        (0..5).for_each(add);
        let viewer = store::Viewer::new(w.place.clone());
        let report = viewer.read(|r| {
            let before = r.log_size()?;
            (5..9).for_each(add);
            let report = verify::log(r)?;
            assert_eq!((before, report.size), (5, 5));
            Ok::<_, Error>(report)
        });
        assert!(report.unwrap().ok);
        assert_eq!(viewer.read(|r| verify::log(r)).unwrap().size, 9);
    });
}

#[test]
fn a_database_rolled_back_to_yesterday_is_refused() {
    on_each_engine(|w| {
        let db = w.open();
        for i in 0..5 {
            db.write(move |tx| add(tx, &format!("n{i}"), i).map(drop)).unwrap();
        }
        drop(db);
        w.sql("delete from log where seq >= 3; update log_head set size = 2, edge = (select hash from log where seq = 0)");
        assert!(matches!(w.open_with(1, vec![MIGRATION]), Err(Error::Corrupt(_))));
    });
}

#[test]
fn old_proofs_hold_in_a_grown_log() {
    on_each_engine(|w| {
        let db = w.open();
        let receipt = db.write_once(Key::new("p", "k", b"b"), |tx| add(tx, "mine", 3)).unwrap().receipt.unwrap();
        db.write(|tx| (0..1500).try_for_each(|i| add(tx, &format!("{i}"), i).map(drop))).unwrap();
        let (size, root) = (db.last().size, db.last().root);
        db.read(|r| {
            assert_eq!(r.root(size)?, root);
            let proof = r.consistency(receipt.size, size)?;
            let old = r.root(receipt.size)?;
            assert!(store::tree::verify_consistency(receipt.size, size, &old, &root, &proof));
            for index in [0, 1, 255, 256, 257, 1000, size - 1] {
                let leaf = store::tree::leaf_hash(
                    r.row("select leaf from log where seq = $1", params![index])?.unwrap().get::<String>("leaf")?.as_bytes(),
                );
                assert!(store::tree::verify_inclusion(leaf, index, size, &r.inclusion(index, size)?, &root));
            }
            assert!(r.inclusion(size, size).is_err());
            Ok::<_, Error>(())
        })
        .unwrap();
        assert_eq!(db.receipt(receipt.index, receipt.size).unwrap(), receipt);
    });
}

#[test]
fn erasing_a_key_erases_the_person_and_keeps_the_proof() {
    on_each_engine(|w| {
        let db = w.open();
        db.write(|tx| add(tx, "p", 42).map(drop)).unwrap();
        assert_eq!(db.read(|r| r.history("p")).unwrap()[0].elements[0].1, json!(42));
        db.write(|tx| {
            tx.exec("delete from subject_key where owner = 'p'", &[])?;
            tx.log(Entry::new("thing.erase", "thing", "p")).map(drop)
        })
        .unwrap();
        assert!(db.read(|r| r.history("p")).unwrap()[0].elements.is_empty());
        assert!(db.read(|r| verify::log(r)).unwrap().ok);
    });
}

#[test]
fn several_first_starts_at_once_all_come_up() {
    on_each_engine(|w| {
        std::thread::scope(|s| {
            let all: Vec<_> = (0..4).map(|_| s.spawn(|| w.open_with(128, vec![MIGRATION]).map(drop))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
        assert_eq!(w.open().read(|r| r.count("select count(*) from schema_version", &[])).unwrap(), 2);
    });
}

#[test]
fn migrations_are_whole_ordered_and_never_edited() {
    on_each_engine(|w| {
        let broken = Migration {
            version: 2,
            name: "broken",
            sql: "create table half (\n  a {int}\n);\ncreate table half (\n  a {int}\n);",
        };
        assert!(matches!(w.open_with(1, vec![MIGRATION, broken]), Err(Error::Schema(_))));
        let db = w.open();
        assert!(db.read(|r| r.rows("select * from half", &[])).is_err(), "the broken step left nothing behind");
        drop(db);
        let edited = Migration { sql: "create table thing2 (\n  id text\n);", ..MIGRATION };
        assert!(matches!(w.open_with(1, vec![edited]), Err(Error::Schema(m)) if m.contains("changed")));
        assert!(matches!(w.open_with(1, vec![]), Err(Error::Schema(m)) if m.contains("knows")), "newer database, older program");
    });
}

#[test]
fn appended_rows_are_there_for_whoever_asks_and_gone_with_the_write_that_failed() {
    on_each_engine(|w| {
        let db = w.open();
        let append = |tx: &mut Tx, id: &str| tx.append("thing", &["id", "n"], params![id, 1]);
        db.write(move |tx| {
            append(tx, "a");
            assert_eq!(tx.count("select count(*) from thing", &[])?, 1, "a statement that names the table finds the row");
            append(tx, "b");
            tx.log(Entry::new("thing.add", "thing", "a")).map(drop)
        })
        .unwrap();
        assert_eq!(count(&db), 2);
        // Many at once, so that several share a batch: every third fails after its row was written for a look.
        std::thread::scope(|s| {
            for i in 0..60 {
                let db = &db;
                s.spawn(move || {
                    let done = db.write(move |tx| {
                        append(tx, &format!("n{i}"));
                        if i % 3 == 0 {
                            tx.count("select count(*) from thing", &[])?;
                            append(tx, &format!("m{i}"));
                            return Err(Error::Shape("no".into()));
                        }
                        tx.log(Entry::new("thing.add", "thing", "n")).map(drop)
                    });
                    assert_eq!(done.is_ok(), i % 3 != 0);
                });
            }
        });
        assert_eq!(count(&db), 2 + 40);
        // A row that is there already stays, in the same batch and later.
        for n in [7, 8] {
            db.write(move |tx| {
                for n in [n, n + 1] {
                    tx.keep("kept", &["id", "n"], params!["k", n]);
                }
                tx.log(Entry::new("thing.add", "thing", "k")).map(drop)
            })
            .unwrap();
        }
        assert_eq!(db.read(|r| r.rows("select n from kept", &[])).unwrap()[0].get::<i64>("n").unwrap(), 7);
        let lost = db.read(|r| r.count("select count(*) from thing where id like 'm%'", &[])).unwrap();
        assert_eq!(lost, 0);
    });
}

/// Rows written by what changed in them: whatever is put, fetched, changed by statements and undone, in batches of many
/// writes, each row ends as its own writes left it.
#[test]
fn rows_that_are_put_end_as_their_writes_left_them() {
    const COLUMNS: [&str; 4] = ["id", "n", "x", "raw"];
    on_each_engine(|w| {
        let db = Arc::new(w.open());
        let writers: Vec<_> = (0..8u64)
            .map(|thread| {
                let db = db.clone();
                std::thread::spawn(move || {
                    let mut state = thread;
                    let mut draw = move |n: u64| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        (state >> 33) % n
                    };
                    let mut model: std::collections::BTreeMap<String, (i64, Option<f64>)> = Default::default();
                    for _ in 0..60 {
                        let (steps, fails) = (1 + draw(4), draw(4) == 0);
                        let plan: Vec<(String, u64, i64)> =
                            (0..steps).map(|_| (format!("{thread}-{}", draw(3)), draw(4), draw(100) as i64)).collect();
                        let before = model.clone();
                        let mut after = model.clone();
                        let end = db.write(move |tx| {
                            for (id, what, n) in plan {
                                // Read before with others, or not: it makes no difference.
                                if n % 2 == 0 {
                                    tx.expect("thing", &COLUMNS, &[id.clone(), "nobody".into(), format!("{thread}-1")])?;
                                }
                                let known = tx.fetch("thing", &COLUMNS, &id)?;
                                let (was, x) = known.map_or(Ok((0, None)), |r| Ok::<_, Error>((r.get("n")?, r.get("x")?)))?;
                                assert_eq!((was, x), after.get(&id).copied().unwrap_or((0, None)), "{id}");
                                match what {
                                    0 if after.contains_key(&id) => {
                                        tx.exec("update thing set x = $2 where id = $1", params![&id, 0.5])?;
                                        after.insert(id, (was, Some(0.5)));
                                    }
                                    1 => {
                                        let held = tx.count("select count(*) from thing where id = $1", params![&id])?;
                                        assert_eq!(held == 1, after.contains_key(&id));
                                    }
                                    _ => {
                                        tx.put("thing", &COLUMNS, 1, params![&id, n, x, None::<Vec<u8>>].to_vec());
                                        after.insert(id, (n, x));
                                    }
                                }
                            }
                            tx.log(Entry::new("thing.put", "thing", ""))?;
                            if fails { Err(Error::Timeout) } else { Ok(after) }
                        });
                        model = end.map_or(before, |done| done.value);
                    }
                    model
                })
            })
            .collect();
        for writer in writers {
            for (id, (n, x)) in writer.join().unwrap() {
                let row = db.read(|r| r.row("select n, x from thing where id = $1", params![&id])).unwrap().unwrap();
                assert_eq!((row.get::<i64>("n").unwrap(), row.get::<Option<f64>>("x").unwrap()), (n, x), "{id}");
            }
        }
    });
}

#[test]
fn rows_of_counters_add_up_and_keep_what_is_fixed() {
    const TABLE: Migration = Migration {
        version: 1,
        name: "counters",
        sql: "create table counter (\n  a {int} not null,\n  b {int} not null,\n  sort {int} not null,\n  m {int} not null,\n  n {int} not null,\n  primary key (a, b)\n){clustered};",
    };
    const COLUMNS: [&str; 5] = ["a", "b", "sort", "m", "n"];
    on_each_engine(|w| {
        let db = w.open_with(128, vec![TABLE]).unwrap();
        // More than fit into one statement, and a rest.
        let many: Vec<i64> = (0..1100).flat_map(|i| [i / 10, i % 10, 7, i, -1]).collect();
        let again = [3, 3, 9, 1000, 5, 500, 0, 1, 1, 1];
        for rows in [many, again.to_vec()] {
            let write = move |tx: &mut Tx| {
                tx.add_counts("counter", &COLUMNS, 2, 3, &rows)?;
                tx.log(Entry::new("test", "counter", ""))
            };
            db.write(write).unwrap();
        }
        let failing = |tx: &mut Tx| {
            tx.add_counts("counter", &COLUMNS, 2, 3, &[3, 3, 9, 1, 1])?;
            Err::<(), _>(Error::Shape("no".into()))
        };
        assert!(db.write(failing).is_err());
        let read = |a: i64, b: i64| {
            let row =
                db.read(|r| r.row("select sort, m, n from counter where a = $1 and b = $2", params![a, b])).unwrap().unwrap();
            (row.get::<i64>("sort").unwrap(), row.get::<i64>("m").unwrap(), row.get::<i64>("n").unwrap())
        };
        assert_eq!((read(3, 3), read(109, 9), read(500, 0)), ((7, 1033, 4), (7, 1099, -1), (1, 1, 1)));
        assert_eq!(db.read(|r| r.count("select count(*) from counter", &[])).unwrap(), 1101);
        let unlogged = |tx: &mut Tx| tx.add_counts("counter", &COLUMNS, 2, 3, &[3, 3, 9, 1, 1]);
        assert!(!cfg!(debug_assertions) || db.write(unlogged).is_err(), "inv02");
    });
}

#[test]
fn long_leaves_are_read_some_at_a_time() {
    on_each_engine(|w| {
        let db = w.open();
        let long = "x".repeat(100_000);
        for _ in 0..3 {
            let long = long.clone();
            db.write(move |tx: &mut Tx| {
                (0..50).try_for_each(|_| tx.log(Entry::new("test", "thing", "").fact("long", long.as_str())).map(drop))
            })
            .unwrap();
        }
        let (mut from, mut steps) = (0, 0);
        loop {
            let some = db.read(|r| r.leaves(from, 500)).unwrap();
            let Some(last) = some.last() else { break };
            assert_eq!((some[0].index, last.index + 1 - from), (from, some.len() as u64), "none is missing");
            (from, steps) = (last.index + 1, steps + 1);
        }
        assert_eq!((from, steps > 1), (150, true));
        assert_eq!(db.read(|r| r.leaves(0, 7)).unwrap().len(), 7);
    });
}
