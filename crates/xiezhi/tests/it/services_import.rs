//! The directory comes in: packages of others and tables of clerks, broken and hostile ones too.

use serde_json::{Value as Json, json};
use xiezhi::kit::foreign;

use super::services::{line, names, shared};
use super::world::{Client, on_each_engine};

/// A zip of tables.
fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn import(clerk: &Client, source: &str, file: &[u8]) -> super::world::Answer {
    super::world::send(clerk, "/services/import", &[("source", source)], file)
}

fn counts(answer: &super::world::Answer) -> [i64; 4] {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    ["added", "changed", "same", "rejected"].map(|k| json[k].as_i64().unwrap())
}

#[test]
fn a_package_comes_in_once_and_bad_ones_change_nothing() {
    on_each_engine(|w| {
        let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
        assert_eq!(import(&resident, "x", b"{}").error(), (403, "denied".into()));
        assert_eq!(clerk.get("/services/import").status, 200);
        assert!(clerk.get("/services/import/table").text.contains("服务名称"));
        let services = [
            "id,organization_id,name,status,description,url,fees_description,minimum_age",
            "11111111-1111-4111-8111-111111111111,o1,<b>Soup</b> kitchen,active,\"<script>alert(1)</script>\",javascript:alert(1),free,60",
            "s2,o1,Night shelter,temporarily closed,Beds,https://example.org/bed,,",
            "s3,o1,,active,no name,,,",
            "s4,o9,Nobody's,active,no organisation,,,",
            "s5,o1,Odd,sleeping,bad state,,,",
        ]
        .join("\n");
        let files = [
            ("pack/services.csv", services.as_str()),
            ("pack/organizations.csv", "id,name,description\no1,Good people,They help\n"),
            ("pack/locations.csv", "id,location_type,name,latitude,longitude\nl1,physical,Hall,32.3932,119.4412\n"),
            ("pack/service_at_locations.csv", "id,service_id,location_id\na1,11111111-1111-4111-8111-111111111111,l1\n"),
            (
                "pack/addresses.csv",
                "id,location_id,address_1,city,state_province,postal_code,country,address_type\nd1,l1,1 Main St,X,Y,225000,CN,physical\n",
            ),
            ("pack/phones.csv", "id,service_id,contact_id,number\np1,s2,,0514 8000\np2,s2,c1,13800000000\n"),
            ("pack/contacts.csv", "id,service_id,name\nc1,s2,Somebody\n"),
            (
                "pack/schedules.csv",
                "id,service_id,freq,byday,opens_at,closes_at\nt1,s2,WEEKLY,\"MO,TU\",20:00,08:00\nt2,s2,DAILY,,1,2\n",
            ),
            ("pack/taxonomy_terms.csv", "id,code,name,description,taxonomy\nt-1,,Food,Eating,Local\n"),
            (
                "pack/attributes.csv",
                "id,link_id,link_entity,taxonomy_term_id\nx1,11111111-1111-4111-8111-111111111111,service,t-1\n",
            ),
        ];
        let first = import(&clerk, "partner", &zipped(&files));
        assert_eq!(counts(&first), [2, 0, 0, 3]);
        let refused: Vec<(i64, String)> = first.json()["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| (l["line"].as_i64().unwrap(), l["reason"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(refused, [(4, "no-name".into()), (5, "no-organisation".into()), (6, "bad-status".into())]);
        assert!(first.json()["report"].as_str().unwrap().starts_with("data:text/csv;base64,"));
        let size = w.app.db.last().size;
        assert_eq!(counts(&import(&clerk, "partner", &zipped(&files))), [0, 0, 2, 3], "the same again");
        assert_eq!(w.app.db.last().size, size, "and nothing was written");
        let food = resident.get("/hsds/taxonomy_terms?search=food").json()["contents"]
            .as_array()
            .unwrap()
            .iter()
            .find(|t| t["name"] == "Food")
            .unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(resident.get(&format!("/hsds/services?taxonomy_term_id={food}")).json()["total_items"], 1);
        assert_eq!(counts(&import(&clerk, "rival", &zipped(&files)))[3], 4, "another source does not take its entry over");
        // What a partner sends is a text.
        let page = w.client(None).get_as("/services/11111111-1111-4111-8111-111111111111", "text/html").text;
        assert!(
            page.contains("&lt;b&gt;Soup")
                && !page.contains("<b>Soup")
                && !page.contains("<script>alert")
                && !page.contains("javascript:"),
            "{page}"
        );
        let one = resident.get("/services/11111111-1111-4111-8111-111111111111").json();
        assert_eq!((&one["web"], &one["address"]), (&Json::Null, &json!("1 Main St")));
        assert_eq!(names(&resident, "q=shelter").len(), 2, "of both sources");
        let text = resident.get("/hsds/services?format=ndjson&full=true").text;
        assert!(!text.contains("13800000000") && !text.contains("Somebody"), "no contacts");
        // It comes back as JSON, and is the same.
        let (before, lines) =
            (names(&resident, "q=soup"), text.lines().filter(|l| l.contains("Soup")).collect::<Vec<_>>().join("\n"));
        assert_eq!(counts(&import(&clerk, "partner", lines.as_bytes())), [0, 1, 0, 0], "said in other words");
        assert_eq!(names(&resident, "q=soup"), before);
        let changed = services.replace("Night shelter", "Winter shelter");
        let mut other = files;
        other[0].1 = &changed;
        assert_eq!(counts(&import(&clerk, "partner", &zipped(&other)))[1], 2);
        assert_eq!(names(&resident, "q=winter"), ["Winter shelter"]);
        // Broken ones: clear, and nothing of them is kept.
        let size = w.app.db.last().size;
        let cut = format!("{}\n{}\n{{\"id\":", json!({ "id": "a", "name": "A", "status": "active" }), json!({ "id": "b" }));
        let latin: Vec<u8> = b"id,name\n1,\xff\xfe\n".to_vec();
        for (name, file) in [
            ("cut JSON", b"{\"contents\":[{\"id\"".to_vec()),
            ("cut line", cut.into_bytes()),
            ("a list of numbers", b"[1,2]".to_vec()),
            ("no table of a package", zipped(&[("readme.csv", "a,b\n1,2\n")])),
            ("no ids", zipped(&[("services.csv", "name,status\nX,active\n")])),
            ("nothing", b"{\"contents\":[]}".to_vec()),
            ("a table without names", b"a,b\n1,2\n".to_vec()),
        ] {
            assert_eq!(import(&clerk, "partner", &file).error(), (422, "bad-package".into()), "{name}");
        }
        let broken = zipped(&[("services.csv", "id,name\n1,x\n")]);
        let half = import(&clerk, "partner", &broken[..broken.len() / 2]);
        assert_eq!(half.status, 422, "{}", half.text);
        assert_eq!(import(&clerk, "partner", &latin).status, 422);
        assert_eq!(w.app.db.last().size, size, "nothing was written");
    });
}

#[test]
fn a_clerk_brings_a_table() {
    on_each_engine(|w| {
        let (clerk, resident) = (w.client(Some("clerk")), w.client(Some("resident")));
        let table = "服务名称,提供单位,类别,开门时间,公开电话,价格,要带的材料,特殊情况,网页\n\
            图书角,committee,culture-read、老年大学,周一至周五 9:00-17:00；周六 9:00-12:00,0514-80000000,免费,身份证号 | 我们有,残疾人,https://example.org\n\
            没有单位,,culture-read,,,,,,\n\
            坏时间,外来单位,,随便,,,,,\n\
            坏网页,外来单位,,,,,,,javascript:x\n";
        let done = import(&clerk, "表", table.as_bytes());
        assert_eq!(counts(&done), [1, 0, 0, 3]);
        let lines: Vec<i64> = done.json()["lines"].as_array().unwrap().iter().map(|l| l["line"].as_i64().unwrap()).collect();
        assert_eq!(lines, [3, 4, 5]);
        assert_eq!(counts(&import(&clerk, "表", table.as_bytes())), [0, 0, 1, 3]);
        // A workbook says the same: nothing changes, and the same lines cannot be read.
        let rows: Vec<Vec<String>> = table.lines().map(|l| l.trim().split(',').map(str::to_owned).collect()).collect();
        let book = |rows: Vec<Vec<String>>| foreign::write_xlsx(&[("服务", rows)]).unwrap();
        let again = import(&clerk, "表", &book(rows.clone()));
        assert_eq!(counts(&again), [0, 0, 1, 3], "{}", again.text);
        let mut more = rows.clone();
        more.push(["棋牌室", "committee", "", "每天 9:00-17:00"].map(str::to_owned).to_vec());
        more[1][3] = "周日 9:00-12:00".into();
        assert_eq!(counts(&import(&clerk, "表", &book(more))), [1, 1, 0, 3]);
        assert_eq!(counts(&import(&clerk, "表", &book(rows)))[1], 1, "as it was");
        let cut = book(vec![vec!["甲".into(), "乙".into()]]);
        assert_eq!(import(&clerk, "表", &cut).error(), (422, "bad-package".into()), "no names in it");
        assert_eq!(import(&clerk, "表", &cut[..cut.len() / 2]).status, 422);
        let one = resident.get(&line("/services?q=图书")).json()["items"][0].clone();
        assert_eq!((&one["org"], &one["hours"]), (&json!("committee"), &json!(["周一至周五 09:00-17:00", "周六 09:00-12:00"])));
        let later = table.replace("周六 9:00-12:00", "周日 9:00-12:00");
        assert_eq!(counts(&import(&clerk, "表", later.as_bytes()))[1], 1);
        assert_eq!(resident.get(&line("/services?q=图书")).json()["total"], 1);
    });
}

#[test]
fn the_command_takes_the_older_tables_of_open_referral() {
    let folder = shared().join("data/hsds-ohana-sample");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no data/hsds-ohana-sample beside the repository (XIEZHI_SHARED says where else to look)");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["service", "import", "--source", "ohana", "--data"]).arg(dir.path()).arg(&folder);
        let out = command.output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let mut start = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    let areas = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/demo/areas.csv");
    assert!(start.args(["area", "import", "--data"]).arg(dir.path()).arg(areas).output().unwrap().status.success());
    let (code, report, said) = run();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(" 23 added"), "{said} {report}");
    assert_eq!(report, "line,reason\n");
    let (_, _, again) = run();
    assert!(again.contains(" 0 added, 0 changed, 23 the same"), "{again}");
    let mut broken = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi"));
    let file = dir.path().join("broken.json");
    std::fs::write(&file, "{\"contents\": [").unwrap();
    let out = broken.args(["service", "import", "--data"]).arg(dir.path()).arg(&file).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("bad-package"), "{out:?}");
}
