//! Working time and the catalogue: what is in force, who may change it, and what a change means for clocks.

use std::process::Command;

use serde_json::{Value as Json, json};
use xiezhi::base::classes::{self, Stage, read, xlsx};
use xiezhi::base::{party, worktime};
use xiezhi::kit::i18n::Lang;
use xiezhi::kit::time::{self, DAY};
use xiezhi::kit::{Error, RoleKind};

use crate::world::{COMMUNITY, Client, PASSWORD, on_each_engine, send};

const CALENDAR: &str = "# name: 测试历\n# years: 2026-2027\nday,kind,name\n2026-12-01,off,社区日\n2026-12-05,work,社区日\n";

fn xiezhi(args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_xiezhi")).args(args).output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn an_administrator_changes_calendar_and_office_hours() {
    on_each_engine(|world| {
        let start = time::parse("2026-11-30T10:00:00+08:00").unwrap();
        let one_day = "1wd".parse().unwrap();
        let due = |app: &xiezhi::kit::App| worktime::now(app).unwrap().due(start, one_day);
        assert_eq!((due(&world.app).at, worktime::now(&world.app).unwrap().version), (start + DAY, 0));
        let (admin, clerk) = (world.client(Some("admin")), world.client(Some("clerk")));
        assert_eq!(clerk.post("/admin/calendar", &json!({ "text": CALENDAR })).error().1, "denied");
        let bad =
            admin.post("/admin/calendar", &json!({ "text": "# name: x\n# years: 2026\nday,kind,name\n2026-02-30,off,x\n" }));
        assert_eq!(bad.error(), (422, "bad-calendar".into()));
        assert!(bad.json()["message"].as_str().unwrap().contains('4'), "{}", bad.text);
        assert_eq!(admin.post("/admin/calendar", &json!({})).error(), (422, "missing".into()));
        assert_eq!(admin.post("/admin/calendar", &json!({ "text": CALENDAR })).status, 201);
        // The first of December is off now; the fifth, a Saturday, is worked.
        assert_eq!(due(&world.app).at, start + 2 * DAY);
        assert_eq!(
            admin.post("/admin/hours", &json!({ "hours": "9-12", "rounding": "day-end" })).error(),
            (422, "wrong-type".into())
        );
        assert_eq!(admin.post("/admin/hours", &json!({ "hours": "08:30-12:00,13:30-17:30", "rounding": "x" })).error().0, 422);
        assert_eq!(admin.post("/admin/hours", &json!({ "hours": "08:30-12:00,13:30-17:30", "rounding": "day-end" })).status, 201);
        assert_eq!(world.app.time(due(&world.app).at), "2026-12-02T17:30:00+08:00");
        let view = admin.get("/admin/calendar").json();
        assert_eq!((&view["name"], &view["hours"]), (&json!("测试历"), &json!("08:30-12:00,13:30-17:30")));
        assert_eq!(view["version"], 2);
        let page = admin.get_as("/admin/calendar", "text/html").text;
        assert!(page.contains("测试历") && page.contains("社区日"), "{page}");
    });
}

#[test]
fn a_limit_on_the_command_line() {
    let due = |args: &[&str]| xiezhi(&[&["calc", "due"], args].concat());
    let (code, out, _) = due(&["--start", "2026-09-30T16:00:00+08:00", "--limit", "5wh"]);
    let want = json!({ "start": "2026-09-30T16:00:00+08:00", "limit": "5wh", "due": "2026-10-08T12:00:00+08:00", "calendar": "cn-2026" });
    assert_eq!((code, serde_json::from_str::<Json>(&out).unwrap()), (0, want));
    let (_, out, _) = due(&["--start", "2026-11-27T08:00:00Z", "--limit", "1wd"]);
    assert!(out.contains("2026-11-30T16:00:00+08:00"), "{out}");
    let (_, out, _) = due(&["--start", "2026-11-27T23:00:00+08:00", "--limit", "24uh", "--hours", "08:00-12:00"]);
    assert!(out.contains("2026-11-28T23:00:00+08:00"), "{out}");
    for (args, say) in [
        (vec!["--start", "2026-12-31T17:00:00+08:00", "--limit", "5wh"], "2027"),
        (vec!["--start", "yesterday", "--limit", "5wh"], "--start"),
        (vec!["--start", "2026-12-31T17:00:00+08:00", "--limit", "5h"], "--limit"),
        (vec!["--start", "2026-12-31T17:00:00+08:00", "--limit", "5wh", "--hours", "9-5"], "--hours"),
    ] {
        let (code, out, err) = due(&args);
        assert!(code == 2 && out.is_empty() && err.contains(say), "{args:?}: {code} {err}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cal.csv");
    std::fs::write(&file, CALENDAR).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, _) = due(&["--start", "2026-11-30T10:00:00+08:00", "--limit", "1wd", "--calendar", path]);
    assert!(code == 0 && out.contains("2026-12-02T10:00:00+08:00") && out.contains("测试历"), "{out}");
    let data = dir.path().join("node");
    let (code, _, err) = xiezhi(&["calendar", "import", "--data", data.to_str().unwrap(), path]);
    assert!(code == 0 && err.contains("version 1"), "{code} {err}");
    std::fs::write(&file, format!("{CALENDAR}2026-13-01,off,x\n")).unwrap();
    let (code, _, err) = xiezhi(&["calendar", "import", "--data", data.to_str().unwrap(), path]);
    assert!(code == 2 && err.contains("cal.csv:6:1:"), "{code} {err}");
}

/// The workbook in force with one cell of one class changed.
fn edited(world: &crate::world::World, code: &str, column: usize, value: &str) -> Vec<u8> {
    let bytes = xlsx::export(&classes::now(&world.app).unwrap(), &world.app.texts).unwrap();
    let (mut tables, _) = xlsx::import(&bytes).unwrap();
    tables.classes.iter_mut().find(|r| r[0] == code).unwrap()[column] = value.into();
    xlsx::mark(&tables, &[], &world.app.texts, Lang::Zh).unwrap()
}

#[test]
fn a_clerk_edits_the_catalogue_in_a_workbook() {
    on_each_engine(|world| {
        let (admin, clerk, anyone) = (world.client(Some("admin")), world.client(Some("clerk")), world.client(None));
        let handle = |world: &crate::world::World| classes::now(&world.app).unwrap().get("road").unwrap().limit(Stage::Handle);
        assert_eq!((handle(world).to_string(), admin.get("/admin/classes").json()["version"].as_i64()), ("5wd".into(), Some(0)));
        assert_eq!(clerk.get("/admin/classes/workbook").error().1, "denied");
        assert_eq!(admin.get("/admin/classes/workbook").header("content-type"), Some(xlsx::MIME));
        assert_eq!(admin.get("/admin/classes/workbook?version=9").error().1, "not-found");

        // Mistakes: everything is told, nothing changes.
        let wrong = send(&admin, "/admin/classes", &[], &edited(world, "road", 10, "五天"));
        assert_eq!((wrong.status, &wrong.json()["code"], &wrong.json()["count"]), (422, &json!("bad-pack"), &json!(1)));
        let problem = &wrong.json()["problems"][0];
        assert_eq!((&problem["sheet"], &problem["row"], &problem["code"]), (&json!("类别"), &json!(3), &json!("bad-limit")));
        assert!(wrong.json()["marked"].as_str().unwrap().starts_with("data:application/vnd.openxml"));
        assert_eq!(send(&admin, "/admin/classes", &[], b"no workbook").error(), (422, "bad-workbook".into()));
        assert_eq!(
            send(&admin, "/admin/classes", &[("from", "2099-01-01")], &edited(world, "road", 10, "3wd")).error().1,
            "out-of-range"
        );
        assert_eq!(send(&clerk, "/admin/classes", &[], &edited(world, "road", 10, "3wd")).error().1, "denied");
        assert_eq!(handle(world).to_string(), "5wd");

        // In force at once, and one for later.
        assert_eq!(send(&admin, "/admin/classes", &[], &edited(world, "road", 10, "3wd")).json()["version"], 1);
        assert_eq!(handle(world).to_string(), "3wd");
        assert_eq!(
            send(&admin, "/admin/classes", &[("from", "2026-03-10")], &edited(world, "road", 10, "4wd")).json()["version"],
            2
        );
        let states = |admin: &Client| -> Vec<String> {
            let list = admin.get("/admin/classes").json()["versions"].clone();
            list.as_array().unwrap().iter().map(|v| v["state"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(
            (handle(world).to_string(), states(&admin)),
            ("3wd".into(), vec!["later".into(), "in-force".into(), "past".into()])
        );
        world.app.ambience.advance(6 * DAY);
        let admin = world.client(Some("admin"));
        assert_eq!((handle(world).to_string(), states(&admin)[0].as_str()), ("4wd".into(), "in-force"));
        // Old versions stay as they were, and residents see the present one.
        assert_eq!(classes::version(&world.app, 1).unwrap().get("road").unwrap().limit(Stage::Handle).to_string(), "3wd");
        assert_eq!(classes::version(&world.app, 0).unwrap().get("road").unwrap().limit(Stage::Handle).to_string(), "5wd");
        let seen = anyone.get("/classes/road").json();
        assert_eq!((&seen["limits"][2]["limit"]["text"], &seen["version"]), (&json!("4wd"), &json!(2)));
        let page = admin.get_as("/admin/classes?q=路灯&made=2", "text/html").text;
        assert!(page.contains("street-lamp") && page.contains("第 2 版"), "{page}");
    });
}

#[test]
fn a_class_that_is_gone_still_has_a_name() {
    on_each_engine(|world| {
        let anyone = world.client(None);
        let made = anyone.post("/reports", &json!({ "text": "狗叫", "class": "pets", "place": { "area": COMMUNITY } })).json();
        let own = classes::embedded();
        let mut tables = classes::tables::write(&own, classes::tables::Hand::Program);
        tables.classes.retain(|r| r[0] != "pets");
        tables.questions.retain(|r| r[0] != "pets");
        let smaller = read::read(&tables).unwrap();
        world.app.db.write(move |tx| classes::adopt(tx, None, &smaller, 0)).unwrap();
        assert_eq!(anyone.post("/reports", &json!({ "text": "猫叫", "class": "pets" })).error(), (422, "unknown-value".into()));
        let path = format!("/reports/{}?code={}", made["number"].as_str().unwrap(), made["code"].as_str().unwrap());
        assert_eq!(anyone.get(&path).json()["class_name"], "宠物");
        assert_eq!(anyone.get("/classes/pets").status, 404);
    });
}

#[test]
fn a_clerk_sorts_by_every_class_also_at_the_desk() {
    on_each_engine(|world| {
        let (anyone, clerk) = (world.client(None), world.client(Some("clerk")));
        let (number, _) = anyone.report("楼下的铁箱子门开着");
        for path in [format!("/cases/{number}"), format!("/desk?open={number}")] {
            let page = clerk.get_as(&path, "text/html").text;
            assert!(page.contains("<optgroup label=\"公用设施\">") && page.contains("value=\"telecom-box\""), "{path}: {page}");
        }
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "nonsense" })).error().1, "unknown-value");
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "telecom-box" })).json()["class_name"], "通信交接箱");
        let page = clerk.get_as(&format!("/desk?open={number}"), "text/html").text;
        assert!(page.contains("value=\"telecom-box\" selected"), "{page}");
    });
}

#[test]
fn residents_look_up_what_is_taken_up() {
    on_each_engine(|world| {
        let anyone = world.client(None);
        let all = anyone.get("/classes").json();
        let count =
            |v: &Json| v["groups"].as_array().unwrap().iter().map(|g| g["classes"].as_array().unwrap().len()).sum::<usize>();
        assert!(count(&all) >= 150, "{}", count(&all));
        assert_eq!(all["groups"][0]["classes"].as_array().unwrap().len(), 14);
        let found = anyone.get("/classes?q=%E8%B7%AF%E7%81%AF").json();
        assert!((1..20).contains(&count(&found)), "{found}");
        let lift = anyone.get("/classes/lift").json();
        assert_eq!(
            (&lift["questions"][0]["datatype"], &lift["questions"][0]["required"]),
            (&json!("singlevaluelist"), &json!(true))
        );
        let page = anyone.get_as("/classes/tax", "text/html").text;
        assert!(page.contains("12366") && !page.contains("/report?class=tax"), "{page}");
        // Whoever comes from a class that is no plain choice keeps it.
        let page = anyone.get_as("/report?class=telecom-box", "text/html").text;
        assert!(page.contains("value=\"telecom-box\" checked"), "{page}");
        for (path, say) in [("/classes", "常见的事"), ("/classes/road", "5 个工作日"), ("/classes?q=zzzz", "没有找到")]
        {
            let page = anyone.get_as(path, "text/html").text;
            assert!(page.contains(say) && !page.contains('⟦'), "{path}: {page}");
        }
    });
}

#[test]
fn whoever_administers_a_part_does_not_change_the_whole() {
    on_each_engine(|world| {
        let hash = party::session::hash(&world.app, PASSWORD).unwrap();
        let add = move |tx: &mut store::Tx| {
            let place = xiezhi::base::area::by_code(tx, COMMUNITY)?.unwrap();
            let new = party::NewPerson { name: "小管", phone: None, home: None, login: "part", hash: &hash };
            let person = party::add_person(tx, &new)?;
            party::add_role(tx, &person, RoleKind::SystemAdmin, &place.id, None)?;
            Ok::<_, Error>(())
        };
        world.app.db.write(add).unwrap();
        let part = world.client(Some("part"));
        assert_eq!(part.get("/admin/classes").status, 200);
        assert_eq!(send(&part, "/admin/classes", &[], &edited(world, "road", 10, "3wd")).error().1, "denied");
        assert_eq!(part.post("/admin/calendar", &json!({ "text": CALENDAR })).error().1, "denied");
        assert_eq!(part.post("/admin/hours", &json!({ "hours": "09:00-17:00", "rounding": "day-end" })).error().1, "denied");
    });
}
