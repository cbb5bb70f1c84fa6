//! Tables come into the register and lists leave it, on both engines: bad input, doubles, a crash, a second one who allows.

use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::area;
use xiezhi::kit::foreign;
use xiezhi::kit::{App, Error};
use xiezhi::records::register::erase;
use xiezhi::records::register::import::{self, State, job};

use crate::world::{COMMUNITY, Client, World, on_each_engine, send};

/// Two buildings of one street, in two grids.
fn buildings(w: &World) -> Vec<String> {
    let made = w.app.db.write(|tx| {
        let mut ids = Vec::new();
        for (grid, name, address) in [("-1", "1栋", "东关街1栋"), ("-2", "2栋", "东关街2栋"), ("-2", "2栋", "花园里2栋")]
        {
            let grid = area::by_code(tx, &format!("{COMMUNITY}{grid}"))?.unwrap();
            let new = area::NewBuilding { area: &grid.id, name, address, point: None, floors: 6, homes: 24 };
            ids.extend(area::add_buildings(tx, &[new])?);
        }
        Ok::<_, Error>(ids)
    });
    made.unwrap().value
}

fn csv(rows: &[&str]) -> Vec<u8> {
    format!("{}\n", rows.join("\n")).into_bytes()
}

fn count(w: &World, sql: &str) -> i64 {
    w.app.db.read(|r| r.count(sql, &[])).unwrap()
}

const PEOPLE: &str = "select count(*) from resident where kind = 'person' and golden is null";

/// Takes a file in and begins to write it, without a server.
fn begun(w: &World, file: &[u8]) -> String {
    let (who, place) = (w.who("clerk"), w.app.db.read(|r| area::by_code(r, COMMUNITY)).unwrap().unwrap());
    let id = import::begin(&w.app, &who, &place, file).unwrap();
    again(w, &id);
    id
}

fn again(w: &World, id: &str) {
    let (who, id) = (w.who("clerk"), id.to_owned());
    w.app.db.write(move |tx| import::start(tx, &who, &id)).unwrap();
}

fn run(app: &App, id: &str) -> import::Run {
    app.db.read(|r| import::by_id(r, id)).unwrap().unwrap()
}

/// Added, completed, known, refused.
fn sums(app: &App, id: &str) -> [i64; 4] {
    let run = run(app, id);
    [run.added, run.completed, run.known, run.failed]
}

/// What is told of each line.
fn told(app: &App, id: &str) -> Vec<(i64, String)> {
    let sql = "select line, why from register_import_line where run = $1 order by line";
    let rows = app.db.read(|r| r.rows(sql, params![id])).unwrap();
    rows.iter().map(|r| (r.get("line").unwrap(), r.get("why").unwrap())).collect()
}

const HEAD: &str = "姓名,证件号码,出生年月,联系电话,与户主关系,住址,民族";

#[test]
fn every_row_becomes_what_it_should_and_a_second_time_nothing_changes() {
    on_each_engine(|w| {
        buildings(w);
        let file = csv(&[
            "东关街社区居民登记表,,,,,,",
            HEAD,
            "王建国,11010519491231002X,,13800000001,户主,东关街1栋2单元602,汉",
            "李秀英,,1951年3月4日,13800000002,妻子,1栋2-602,汉族",
            "王小明,110105197501010016,1975/1/1,,儿子,一号楼二单元602室,火星族",
            "赵一,110105194912310021,32874,12,户主,东关街2栋101,",
            "钱二,,,,,2栋102,",
            ",,,,,1栋101,",
            "孙三,,,,,9栋101,",
            "王建国,11010519491231002x,,,户主,东关街1栋2单元602,",
            "周五,,,,户主,东关街1栋2单元602,",
            "吴六,3.21002E+17,,,,,",
        ]);
        let id = begun(w, &file);
        assert!(job::work(&w.app, &id, usize::MAX).unwrap());
        assert_eq!(run(&w.app, &id).state, State::Done);
        assert_eq!(sums(&w.app, &id), [5, 0, 1, 4]);
        let told = told(&w.app, &id);
        let want = [
            (5, "unknown-word:register.ethnic check-digit:register.id_number"),
            (6, "check-digit:register.id_number no-phone:register.phone"),
            (7, "which-building:address"),
            (8, "no-name:register.name"),
            (9, "no-building:address"),
            (12, "rounded:register.id_number name-alone:register.name"),
        ];
        assert_eq!(told, want.map(|(line, why)| (line, why.to_owned())));
        // One home for three spellings; in it one family and another head beside it.
        assert_eq!(count(w, "select count(*) from dwelling"), 2);
        let sizes =
            "select count(*) from household h join dwelling d on d.id = h.dwelling where d.door = '2单元602室' and h.size = 3";
        assert_eq!((count(w, sizes), count(w, "select count(*) from household")), (1, 3));
        let log = "select count(*) from log where act in ('register.add', 'register.change')";
        let (people, entries) = (count(w, PEOPLE), count(w, log));
        // The same file is the same import; the same rows in another file are the same people.
        let place = w.app.db.read(|r| area::by_code(r, COMMUNITY)).unwrap().unwrap();
        assert_eq!(import::begin(&w.app, &w.who("clerk"), &place, &file).unwrap(), id);
        again(w, &id);
        assert!(job::work(&w.app, &id, usize::MAX).unwrap());
        assert_eq!(sums(&w.app, &id), [5, 0, 1, 4], "only what was refused is tried, and refused again");
        let other = begun(w, &[&file[..], "\n".as_bytes()].concat());
        assert_ne!(other, id);
        assert!(job::work(&w.app, &other, usize::MAX).unwrap());
        assert_eq!((sums(&w.app, &other), count(w, PEOPLE), count(w, log)), ([0, 0, 6, 4], people, entries));
    });
}

#[test]
fn whoever_is_held_is_completed_and_never_overwritten() {
    on_each_engine(|w| {
        let house = buildings(w)[0].clone();
        let clerk = w.client(Some("clerk"));
        clerk.post("/register/purpose", &json!({"purpose": "register-keep"}));
        let held = json!({"place": house, "door": "2单元602", "name": "王丽", "id_number": "11010519491231002X", "phone": "13900000000", "source": "department"});
        let id = clerk.post("/register/people", &held).json()["id"].as_str().unwrap().to_owned();
        let file = csv(&[HEAD, "王丽,11010519491231002X,,13800000001,,东关街1栋301,汉"]);
        let made = send(&clerk, "/register/import", &[("area", COMMUNITY)], &file);
        assert_eq!(made.status, 201, "{}", made.text);
        let run = made.json()["id"].as_str().unwrap().to_owned();
        let page = clerk.get(&format!("/register/import/{run}")).json();
        assert_eq!((&page["run"]["state"], &page["columns"][1]["target"]), (&json!("draft"), &json!("register.id_number")));
        assert_eq!(page["columns"][0]["first"], json!(["王丽"]));
        let page = clerk.post(&format!("/register/import/{run}/start"), &json!({}));
        assert_eq!(page.status, 200, "{}", page.text);
        finished(w, &clerk, &run);
        assert_eq!(sums(&w.app, &run), [0, 1, 0, 0]);
        assert_eq!(told(&w.app, &run)[0].1, "differs:register.phone lives-elsewhere:address");
        let one = clerk.get(&format!("/register/people/{id}")).json();
        let value = |field: &str| one["values"].as_array().unwrap().iter().find(|v| v["field"] == field).unwrap().clone();
        assert_eq!((&value("phone")["value"], &value("ethnic")["source"]), (&json!("13900000000"), &json!("file")));
        // The workbook that goes back tells the row and holds nothing of the register.
        let back = clerk.get(&format!("/register/import/{run}/problems"));
        let rows = foreign::read(&back.body).unwrap();
        assert_eq!((rows[0].1[0].as_str(), rows[1].1[1].as_str()), ("错误原因", "王丽"));
        assert!(rows[1].1[0].contains("电话") && !rows[1].1[0].contains("13900000000"), "{:?}", rows[1]);
        assert_eq!(rows[1].1[2], "11010519491231002X");
        // Held by another community: not touched, not doubled.
        let stranger = w.client(Some("stranger"));
        stranger.post("/register/purpose", &json!({"purpose": "register-keep"}));
        let made = send(&stranger, "/register/import", &[("area", "321002001002")], &file);
        let theirs = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(stranger.get(&format!("/register/import/{run}")).status, 404);
        stranger.post(&format!("/register/import/{theirs}/start"), &json!({}));
        finished(w, &stranger, &theirs);
        assert_eq!((sums(&w.app, &theirs), count(w, PEOPLE)), ([0, 0, 0, 1], 1));
        assert_eq!(told(&w.app, &theirs)[0].1, "held-elsewhere:register.name");
    });
}

/// Waits for the jobs of the node.
fn finished(w: &World, client: &Client, id: &str) {
    while client.get(&format!("/register/import/{id}")).json()["run"]["state"] == "running" {
        // The server's own thread does it; this one does its part as well, so that nobody only waits.
        drop(job::round(&w.app));
    }
}

/// Many families: 3 behind each door, every tenth person without a number.
fn many(n: usize) -> Vec<u8> {
    let mut rows = vec!["姓名,证件号码,出生日期,电话,与户主关系,楼栋,单元,房号".to_owned()];
    for i in 0..n {
        let birth = format!("19{:02}{:02}{:02}", 40 + i / 90 % 60, 1 + i % 12, 1 + i / 12 % 28);
        let first = format!("320102{birth}{:03}", i % 1000);
        let number = if i % 10 == 9 { String::new() } else { format!("{first}{}", calc::codes::id_check(&first).unwrap()) };
        let name: String = [char::from_u32(0x4e00 + (i * 37 % 2000) as u32), char::from_u32(0x5e00 + (i * 101 % 3000) as u32)]
            .into_iter()
            .flatten()
            .collect();
        let relation = ["户主", "配偶", "子"][i % 3];
        rows.push(format!("{name},{number},{birth},,{relation},{},{},{}", 1, 1 + i / 3 % 4, 100 + i / 12));
    }
    csv(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn inv03_a_crash_loses_no_row_and_writes_none_twice() {
    on_each_engine(|w| {
        buildings(w);
        let file = many(job::PIECE * 2 + 50);
        let id = begun(w, &file);
        assert!(!job::work(&w.app, &id, 1).unwrap());
        assert_eq!(run(&w.app, &id).added, job::PIECE as i64);
        w.restart();
        assert!(!job::work(&w.app, &id, 1).unwrap());
        w.restart();
        // Somebody stops it, and lets it go on; nobody writes while it is stopped.
        let (who, given) = (w.who("clerk"), id.clone());
        w.app.db.write(move |tx| import::stop(tx, &who, &given)).unwrap();
        assert!(job::work(&w.app, &id, 9).is_err());
        again(w, &id);
        assert!(job::work(&w.app, &id, 9).unwrap());
        let all = job::PIECE as i64 * 2 + 50;
        assert_eq!((sums(&w.app, &id), count(w, PEOPLE)), ([all, 0, 0, 0], all));
        assert_eq!(count(w, "select count(*) from household"), (all + 2) / 3, "also where a piece ends within a family");
        // Kept for a week, then neither key nor file is left.
        w.app.ambience.advance(import::KEPT + 1);
        assert_eq!(import::sweep(&w.app).unwrap(), 1);
        assert_eq!(count(w, &format!("select count(*) from subject_key where owner = '{id}'")), 0);
        assert_eq!((run(&w.app, &id).blob, run(&w.app, &id).added), (None, all));
        assert_eq!(import::sweep(&w.app).unwrap(), 0);
    });
}

#[test]
fn whoever_had_his_data_destroyed_stands_in_no_table_that_came_in_either() {
    on_each_engine(|w| {
        buildings(w);
        let keys = |w: &World, id: &str| count(w, &format!("select count(*) from subject_key where owner = '{id}'"));
        let (file, other) = (many(30), many(job::PIECE + 10));
        let (done, going) = (begun(w, &file), begun(w, &other));
        assert!(job::work(&w.app, &done, 9).unwrap());
        assert!(!job::work(&w.app, &going, 1).unwrap(), "one is in the middle of its work");
        let first = "select id from resident where kind = 'person' and golden is null order by id limit 1";
        let person: String = w.app.db.read(|r| r.row(first, &[])).unwrap().unwrap().get("id").unwrap();
        let who = w.who("clerk");
        w.app.db.write(move |tx| erase::erase(tx, &who, &person)).unwrap();
        // Nobody can read it any more, though its bytes still lie there until they are swept.
        assert_eq!((keys(w, &done), run(&w.app, &done).blob), (0, None));
        // What is being written ends, for the others in it; then it goes as well.
        assert!(job::work(&w.app, &going, 9).unwrap());
        assert_eq!(run(&w.app, &going).blob, None);
        assert_eq!(import::sweep(&w.app).unwrap(), 2);
        assert_eq!((keys(w, &going), import::sweep(&w.app).unwrap()), (0, 0));
        assert_eq!(count(w, "select count(*) from register_import where file is not null"), 0);
        // The same table may come again, as a new one.
        assert_ne!(begun(w, &file), done);
    });
}

#[test]
fn what_a_committee_says_of_its_columns_is_remembered() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let file = csv(&["称呼,编号,电话", "王丽,A1,13800000001"]);
        let upload = |file: &[u8]| send(&clerk, "/register/import", &[("area", COMMUNITY)], file);
        assert_eq!(upload(&file).error(), (409, "purpose".into()));
        clerk.post("/register/purpose", &json!({"purpose": "register-keep"}));
        let id = upload(&file).json()["id"].as_str().unwrap().to_owned();
        let at = |id: &str, action: &str| format!("/register/import/{id}/{action}");
        assert_eq!(clerk.post(&at(&id, "start"), &json!({})).error().1, "missing", "nobody knows which column is the name");
        let said = json!({"c0": "register.name", "c2": "register.phone"});
        let page = clerk.post(&at(&id, "columns"), &said).json();
        assert_eq!((&page["columns"][0]["target"], page["problems"].as_array().unwrap().len()), (&json!("register.name"), 0));
        assert_eq!(clerk.post(&at(&id, "columns"), &json!({"c0": "register.org_name"})).status, 422);
        let next = upload(&csv(&["称呼,编号,电话", "李明,A2,"])).json()["id"].as_str().unwrap().to_owned();
        let page = clerk.get(&format!("/register/import/{next}")).json();
        assert_eq!(page["columns"][0]["target"], "register.name");
        assert_eq!(clerk.post(&at(&next, "forget"), &json!({})).status, 200);
        assert_eq!(clerk.get("/register/import").json()["items"].as_array().unwrap().len(), 2);
        for (file, code) in [
            (&b"PK\x03\x04 no zip"[..], "bad-workbook"),
            (b"", "missing"),
            (b"\xff\xff,\xff\n", "bad-table"),
            (&bomb(), "too-large"),
        ] {
            assert_eq!(upload(file).error().1, code);
        }
        for login in ["grid", "property", "street", "resident"] {
            let client = w.client(Some(login));
            client.post("/register/purpose", &json!({"purpose": "register-keep"}));
            assert_ne!(send(&client, "/register/import", &[("area", COMMUNITY)], &file).status, 201, "{login}");
            assert_ne!(client.get(&format!("/register/import/{id}")).status, 200, "{login}");
        }
    });
}

/// A few kilobytes that unpack to a gigabyte.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let piece = vec![b'a'; 1 << 20];
    (0..600).for_each(|_| out.write_all(&piece).unwrap());
    out.finish().unwrap()
}

#[test]
fn inv07_a_long_list_needs_a_second_one_and_each_read_is_logged() {
    on_each_engine(|w| {
        buildings(w);
        let id = begun(w, &many(210));
        job::work(&w.app, &id, usize::MAX).unwrap();
        let (clerk, second) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        for client in [&clerk, &second] {
            client.post("/register/purpose", &json!({"purpose": "register-keep"}));
        }
        let ask = |area: &str, elements: Json| clerk.post("/register/export", &json!({"area": area, "element": elements}));
        assert_eq!(ask(COMMUNITY, json!(["register.tag"])).error().1, "unknown-value", "nobody takes away who needs what");
        let asked = ask(COMMUNITY, json!(["register.name", "register.id_number", "register.home"])).json();
        assert_eq!(asked["state"], "asked");
        let list = asked["id"].as_str().unwrap().to_owned();
        let path = |action: &str| format!("/register/export/{list}/{action}");
        assert_eq!(clerk.get(&path("file")).error().1, "state");
        assert_eq!(clerk.post(&path("allow"), &json!({})).error().1, "denied", "nobody allows his own");
        let stranger = w.client(Some("stranger"));
        stranger.post("/register/purpose", &json!({"purpose": "register-keep"}));
        assert_eq!(stranger.post(&path("allow"), &json!({})).error().1, "denied");
        assert_eq!(second.post(&path("allow"), &json!({})).json()["state"], "open");
        assert_eq!(second.get(&path("file")).error().1, "denied", "the stamp names who asked");
        let reads = "select count(*) from read_log where elements like '%register.id_number%'";
        let before = count(w, reads);
        let file = clerk.get(&path("file"));
        assert_eq!(file.status, 200, "{}", file.text);
        let numbers = "select count(*) from log where act = 'register.export-fetch'";
        assert_eq!((count(w, reads) - before, count(w, numbers)), (189, 1), "each one who has a number can see that it was read");
        let rows = foreign::read(&file.body).unwrap();
        assert_eq!(rows.len(), 212);
        assert!(rows[0].1[0].contains("某某clerk") && rows[0].1[0].contains("登记"), "{:?}", rows[0]);
        assert_eq!(rows[1].1, ["姓名", "公民身份号码", "现住址"]);
        assert!(rows[2..].iter().all(|(_, r)| r[1].is_empty() || r[1].len() == 18));
        w.app.ambience.advance(24 * 3_600_000 + 1);
        clerk.post("/register/purpose", &json!({"purpose": "register-keep"}));
        assert_eq!(clerk.get(&path("file")).error().1, "too-late");
        // A short list is nobody else's matter; refused is refused.
        assert_eq!(ask(&format!("{COMMUNITY}-2"), json!("register.name")).json()["state"], "open");
        let other = ask(COMMUNITY, json!(["register.name"])).json()["id"].as_str().unwrap().to_owned();
        second.post("/register/purpose", &json!({"purpose": "register-keep"}));
        assert_eq!(second.post(&format!("/register/export/{other}/refuse"), &json!({})).json()["state"], "refused");
        assert_eq!(clerk.get(&format!("/register/export/{other}/file")).error().1, "state");
        assert_eq!(clerk.get("/register/export").json()["items"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn many_short_lists_are_a_long_one() {
    use xiezhi::records::register::export::{ALONE, LASTS};
    use xiezhi::records::register::{Living, New, Of, Source, act};
    on_each_engine(|w| {
        let who = w.who("clerk");
        let grids = [1, 2].map(|n| format!("{COMMUNITY}-{n}"));
        let codes = grids.clone();
        let write = move |tx: &mut store::Tx| {
            for (n, code) in (0..ALONE / 2 + 1).flat_map(|n| codes.iter().map(move |code| (n, code))) {
                let living = Living::Area(area::by_code(tx, code)?.unwrap().id);
                let values = vec![("register.name", format!("某某{n}"))];
                act::add(tx, &who, &New { kind: Of::Person, living, values, source: Source::Visit })?;
            }
            Ok::<_, Error>(())
        };
        w.app.db.write(write).unwrap();
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.post("/register/purpose", &json!({"purpose": "register-keep"})).status, 200);
        let ask = |grid: &str| clerk.post("/register/export", &json!({"area": grid, "element": ["register.name"]})).json();
        assert_eq!(ask(&grids[0])["state"], "open");
        let second = ask(&grids[1]);
        assert_eq!(second["state"], "asked", "more than {ALONE} people in all");
        let other = w.client(Some("clerk2"));
        assert_eq!(other.post("/register/purpose", &json!({"purpose": "register-keep"})).status, 200);
        let allow = format!("/register/export/{}/allow", second["id"].as_str().unwrap());
        assert_eq!(other.post(&allow, &json!({})).json()["state"], "open");
        w.app.ambience.advance(LASTS);
        assert_eq!(clerk.post("/register/purpose", &json!({"purpose": "register-keep"})).status, 200);
        assert_eq!(ask(&grids[1])["state"], "open", "another day");
    });
}
