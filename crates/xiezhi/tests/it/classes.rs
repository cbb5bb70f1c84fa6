//! Working time and the catalogue: what is in force, who may change it, and what a change means for clocks.

use std::process::Command;

use serde_json::{Value as Json, json};
use xiezhi::base::worktime;
use xiezhi::kit::time::{self, DAY};

use crate::world::on_each_engine;

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
