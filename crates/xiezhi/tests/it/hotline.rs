//! Work orders of a hotline, as the clerks of a sub-district live with them: in as a file, through our cases, out as a file.

use serde_json::{Value as Json, json};
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::kit::{Error, foreign};
use xiezhi::records::hotline;

use super::world::{Answer, Client, World, on_each_engine};

const SAMPLE: &[u8] = include_bytes!("../../../../data/demo/12345-sample.csv");
const MAP: &str = include_str!("../../../../data/maps/12345.toml");

/// A form with a file, as a browser sends it.
pub fn send(client: &Client, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
    body.extend(file);
    body.extend(b"\r\n--b--\r\n");
    client.post_raw(path, &[("content-type", "multipart/form-data; boundary=b")], &body)
}

/// The orders of a tab by number.
fn tab(client: &Client, name: &str) -> Vec<Json> {
    client.get(&format!("/hotline?tab={name}")).json()["items"].as_array().unwrap().clone()
}

fn order(client: &Client, end: &str) -> Json {
    let found = client.get(&format!("/hotline?q=YZ260304{end}")).json();
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    client.get(&format!("/hotline/orders/{id}")).json()
}

fn act(client: &Client, order: &Json, action: &str, body: Json) -> Answer {
    client.post(&format!("/hotline/orders/{}/{action}", order["id"].as_str().unwrap()), &body)
}

fn done(client: &Client, order: &Json, action: &str, body: Json) -> Json {
    let answer = act(client, order, action, body);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text);
    answer.json()
}

fn follow(w: &World) {
    hotline::follow::follow(&w.app).unwrap();
}

fn taken(w: &mut World) -> (Client, Client) {
    let (street, clerk) = (w.client(Some("street")), w.client(Some("clerk")));
    let answer = send(&street, "/hotline/import", &[("source", "12345")], SAMPLE);
    assert_eq!(answer.status, 200, "{}", answer.text);
    (street, clerk)
}

/// Takes a case of the first community to its end.
fn close(clerk: &Client, clerk2: &Client, number: &str, body: &str, again: bool) {
    for (who, action, said) in [
        (clerk, "accept", json!({ "class": "rubbish" })),
        (clerk, "dispatch", json!({ "to": body })),
        (clerk, "accept", json!({})),
        (clerk, "feedback", json!({ "text": "垃圾已清走，联系人 13812345678" })),
        (clerk2, "check", json!({})),
        (clerk2, "close", json!({ "text": "现场看过" })),
    ] {
        if action == "accept" && again && who.get(&format!("/cases/{number}")).json()["state"] == "accepted" {
            continue;
        }
        let answer = who.act(number, action, said);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text);
    }
}

#[test]
fn a_file_comes_in_once_and_every_row_is_accounted_for() {
    on_each_engine(|w| {
        let (street, clerk, property) = (w.client(Some("street")), w.client(Some("clerk")), w.client(Some("property")));
        assert_eq!(send(&property, "/hotline/import", &[], SAMPLE).error(), (403, "denied".into()));
        assert_eq!(property.get("/hotline").error(), (403, "denied".into()));
        let answer = send(&street, "/hotline/import", &[("source", "12345")], SAMPLE);
        let report = answer.json();
        assert_eq!((&report["added"], &report["linked"], &report["known"]), (&json!(4), &json!(1), &json!(0)), "{}", answer.text);
        let rejected: Vec<(u64, &str)> = report["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["line"].as_u64().unwrap(), r["reason"].as_str().unwrap()))
            .collect();
        assert_eq!(
            rejected,
            [
                (6, "text-missing"),
                (7, "sent-not-readable"),
                (8, "number-twice"),
                (9, "area-unknown"),
                (10, "answer-before-sent"),
                (11, "number-missing")
            ]
        );
        let size = w.app.db.last().size;
        let again = send(&street, "/hotline/import", &[("source", "12345")], SAMPLE).json();
        assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(4)));
        assert_eq!(w.app.db.last().size, size, "the second time changes nothing");
        // The same rows as a workbook are the same orders.
        let rows = foreign::read(SAMPLE).unwrap().into_iter().map(|(_, r)| r).collect();
        let again = send(&street, "/hotline/import", &[], &foreign::write_xlsx(&[("工单", rows)]).unwrap()).json();
        assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(4)));
        assert_eq!(send(&street, "/hotline/import", &[], b"a,b\n1,2\n").error(), (422, "bad-map".into()));
        assert_eq!(send(&street, "/hotline/import", &[("source", "999")], SAMPLE).error(), (422, "unknown-value".into()));

        // Three cases for four orders: one is about the matter of another.
        let first = order(&street, "0001");
        let third = order(&street, "0003");
        assert_eq!((&first["case"], third["siblings"].as_array().unwrap().len()), (&third["case"], 1));
        assert_eq!((first["phone"].as_str(), first["caller"].as_str()), (Some("13800000011"), Some("林某")));
        assert_eq!((&first["clock"], &first["due_at"]), (&json!("respond"), &json!("2026-03-04T11:30:00+08:00")));
        // A community sees its own, takes in its own, and no other's.
        assert_eq!(tab(&clerk, "new").len(), 3);
        let theirs = order(&street, "0004");
        assert_eq!(clerk.get(&format!("/hotline/orders/{}", theirs["id"].as_str().unwrap())).status, 404);
        assert_eq!(act(&clerk, &theirs, "claim", json!({})).status, 404);
        let new = String::from_utf8(SAMPLE.to_vec()).unwrap().replace("YZ260304", "XX260304");
        let report = send(&clerk, "/hotline/import", &[], new.as_bytes()).json();
        assert_eq!(report["added"], 3);
        assert!(report["rejected"].to_string().contains("area-elsewhere"), "{report}");
        // The case keeps the stricter clock, and says where it came from.
        let case = clerk.get(&format!("/cases/{}", first["case"].as_str().unwrap())).json();
        assert_eq!((&case["channel"], &case["class"]), (&json!("hotline"), &json!("rubbish")));
        assert!(case["due_at"].as_str().unwrap() <= "2026-03-09T09:00:00+08:00", "{case}");
    });
}

#[test]
fn an_order_is_claimed_contacted_and_answered_when_its_case_is_closed() {
    on_each_engine(|w| {
        let (street, clerk) = taken(w);
        let clerk2 = w.client(Some("clerk2"));
        let ids: Vec<Json> = tab(&clerk, "new").iter().map(|o| o["id"].clone()).collect();
        assert_eq!(clerk.post("/hotline/claim", &json!({})).error(), (422, "missing".into()));
        assert_eq!(clerk.post("/hotline/claim", &json!({ "id": ids })).json()["claimed"], 3);
        assert_eq!(clerk.post("/hotline/claim", &json!({ "id": ids })).error(), (409, "state".into()), "all or none");
        let first = order(&clerk, "0001");
        assert_eq!(first["state"], "working");
        let early = json!({ "at": "2026-03-04T08:00:00+08:00", "how": "visit" });
        assert_eq!(act(&clerk, &first, "contact", early).error(), (422, "out-of-range".into()));
        let seen = done(&clerk, &first, "contact", json!({ "how": "visit", "at": "2026-03-04T09:40:00+08:00" }));
        assert_eq!((&seen["respond_ok"], &seen["clock"], &seen["due_at"]), (&json!(true), &json!("answer"), &seen["answer_due"]));
        assert_eq!(act(&clerk, &first, "contact", json!({})).error(), (409, "state".into()), "once");
        let said = json!({ "text": "清了", "solved": "yes", "satisfied": "yes", "reasonable": "yes" });
        assert_eq!(act(&clerk, &first, "answer", said.clone()).error(), (409, "not-settled".into()));

        let number = first["case"].as_str().unwrap().to_owned();
        close(&clerk, &clerk2, &number, &w.body("committee"), false);
        follow(w);
        let ready = order(&clerk, "0001");
        assert_eq!(ready["state"], "ready");
        let draft = ready["reply"].as_str().unwrap();
        assert!(draft.contains("垃圾已清走") && draft.contains("现场看过") && !draft.contains("13812345678"), "{draft}");
        assert_eq!(tab(&clerk, "ready").len(), 2, "both orders of the matter");
        // Reopened, the answers are taken back; closed again, they are there again.
        assert_eq!(clerk.act(&number, "reopen", json!({ "reason": "又堆上了" })).status, 200);
        follow(w);
        assert_eq!(order(&clerk, "0001")["state"], "working");
        close(&clerk, &clerk2, &number, &w.body("committee"), true);
        follow(w);
        follow(w);
        assert_eq!(act(&clerk, &ready, "answer", json!({ "text": "清了" })).error(), (422, "missing".into()));
        let seen = done(&clerk, &ready, "answer", said.clone());
        assert_eq!((&seen["state"], &seen["reply"], &seen["answer_ok"]), (&json!("answered"), &json!("清了"), &json!(true)));
        assert_eq!((&seen["due_at"], seen["actions"].as_array().unwrap().len()), (&Json::Null, 0));
        let third = order(&clerk, "0003");
        assert_eq!(act(&clerk, &third, "answer", said.clone()).error(), (422, "missing".into()), "nobody spoke with that caller");
        w.app.ambience.advance(2 * HOUR);
        let mut late = said;
        late["how"] = json!("not_reached");
        late["satisfied"] = json!("no");
        let seen = done(&clerk, &third, "answer", late);
        assert_eq!((&seen["respond_ok"], &seen["answer_ok"]), (&json!(false), &json!(true)));

        // Out it goes, in their columns and words, and taking it along is in the read log.
        let csv = street.get_as("/hotline/export?format=csv", "text/csv");
        assert_eq!(csv.header("content-type"), Some(foreign::CSV));
        let rows = foreign::read(csv.text.as_bytes()).unwrap();
        assert_eq!(rows[0].1[..4], ["工单编号", "联系时间", "联系方式", "办理情况"]);
        assert_eq!(rows[1].1[..6], ["YZ2603040001", "2026-03-04 09:40", "上门", "清了", "已解决", "满意"]);
        assert_eq!((rows.len(), rows[2].1[0].as_str(), rows[2].1[5].as_str()), (3, "YZ2603040003", "不满意"));
        assert_eq!(street.get("/hotline/export").header("content-type"), Some(foreign::XLSX));
        assert_eq!(street.get("/hotline/export?since=tomorrow").error().1, "wrong-type");
        assert_eq!(
            foreign::read(street.get_as("/hotline/export?format=csv&since=2026-03-05", "text/csv").text.as_bytes())
                .unwrap()
                .len(),
            1
        );
    });
}

#[test]
fn returned_the_clock_runs_on_until_the_hotline_takes_it_back() {
    on_each_engine(|w| {
        let (street, clerk) = taken(w);
        let second = order(&clerk, "0002");
        assert_eq!(act(&clerk, &second, "return", json!({})).error(), (422, "missing".into()));
        let seen = done(&clerk, &second, "return", json!({ "reason": "不在本社区" }));
        assert_eq!((&seen["state"], &seen["returns"], &seen["due_at"]), (&json!("returned"), &json!(1), &second["due_at"]));
        assert_eq!(act(&clerk, &second, "answer", json!({ "text": "x" })).error(), (409, "state".into()));
        let seen = done(&clerk, &second, "kept", json!({ "reason": "热线核实就在本社区" }));
        assert_eq!(seen["state"], "working");
        done(&clerk, &second, "return", json!({ "reason": "再核实过，是隔壁区的" }));
        let seen = done(&clerk, &second, "taken_back", json!({}));
        assert_eq!((&seen["state"], &seen["returns"], &seen["due_at"]), (&json!("taken_back"), &json!(2), &Json::Null));
        let number = seen["case"].as_str().unwrap();
        assert_eq!(clerk.get(&format!("/cases/{number}")).json()["state"], "rejected", "nobody is left waiting for nothing");
        assert_eq!(clerk.get("/equation").json()["holds"], true);
        // The order about a matter that another order is on leaves the case alone.
        let third = order(&clerk, "0003");
        done(&clerk, &third, "return", json!({ "reason": "重复" }));
        done(&street, &third, "taken_back", json!({}));
        let first = order(&clerk, "0001");
        assert_eq!((&first["case_open"], &first["state"]), (&json!(true), &json!("new")));
        // Too late to return, and late.
        w.app.ambience.advance(DAY);
        assert_eq!(act(&clerk, &first, "return", json!({ "reason": "x" })).error(), (409, "too-late".into()));
        assert_eq!(tab(&clerk, "late")[0]["number"], "YZ2603040001");
        assert_eq!(tab(&clerk, "returned").len(), 2);
    });
}

#[test]
fn it_is_extended_once_and_the_clock_of_the_case_follows_the_stricter_promise() {
    on_each_engine(|w| {
        let (street, clerk) = taken(w);
        let first = order(&clerk, "0001");
        let number = first["case"].as_str().unwrap().to_owned();
        let due = |w: &World| {
            let case = clerk.get(&format!("/cases/{number}")).json();
            let _ = w;
            case["due_at"].as_str().unwrap().to_owned()
        };
        // A stage that would end later than the promise ends with it.
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "green" })).status, 200);
        assert_eq!(clerk.act(&number, "dispatch", json!({ "to": w.body("property") })).status, 200);
        assert_eq!(due(w), "2026-03-09T09:00:00+08:00", "seven working days would be later");
        assert_eq!(act(&clerk, &first, "extend", json!({})).error(), (422, "missing".into()));
        let seen = done(&street, &first, "extend", json!({ "reason": "等园林处排期" }));
        assert_eq!((&seen["extended"], &seen["answer_due"]), (&json!(1), &json!("2026-03-16T09:00:00+08:00")));
        // The other order on the matter is due earlier: it is the stricter one now.
        let third = order(&clerk, "0003");
        assert_eq!(due(w), third["answer_due"].as_str().unwrap());
        assert_eq!(act(&clerk, &first, "extend", json!({ "reason": "再延" })).error(), (409, "extended".into()));
        done(&clerk, &third, "extend", json!({ "reason": "同上", "until": "2026-03-27T18:00:00+08:00" }));
        assert_eq!(due(w), "2026-03-13T10:00:00+08:00", "what the stage would have had, no more");
    });
}

#[test]
fn duplicates_hang_on_one_case_and_follow_it_when_it_is_merged() {
    on_each_engine(|w| {
        let (street, clerk) = taken(w);
        let (first, second) = (order(&clerk, "0001"), order(&clerk, "0002"));
        assert_eq!(act(&clerk, &second, "link", json!({})).error(), (422, "missing".into()));
        assert_eq!(act(&clerk, &second, "link", json!({ "to": "260304-9999" })).error(), (422, "unknown-value".into()));
        let seen = done(&clerk, &second, "link", json!({ "to": first["case"] }));
        assert_eq!((&seen["case"], seen["siblings"].as_array().unwrap().len()), (&first["case"], 2));
        let own = second["case"].as_str().unwrap();
        let merged = clerk.get(&format!("/cases/{own}")).json();
        assert_eq!((&merged["state"], &merged["merged_into"]), (&json!("merged"), &first["case"]));
        // Taken out again by the desk, the order goes back with its case.
        assert_eq!(clerk.act(own, "reopen", json!({})).status, 200);
        follow(w);
        assert_eq!(order(&clerk, "0002")["case"], json!(own));
        // Merged by hand, it goes along by itself.
        assert_eq!(clerk.act(own, "merge", json!({ "to": first["case"] })).status, 200);
        follow(w);
        assert_eq!(order(&street, "0002")["case"], first["case"]);
        assert_eq!(clerk.get("/equation").json()["holds"], true);
        // Rejected, all of its orders are prepared with the reason.
        assert_eq!(clerk.act(first["case"].as_str().unwrap(), "reject", json!({ "reason": "已由物业处理" })).status, 200);
        follow(w);
        let ready = tab(&clerk, "ready");
        assert_eq!(ready.len(), 3);
        assert_eq!(order(&clerk, "0002")["reply"], "已由物业处理");
    });
}

#[test]
fn pages_speak_and_hide_what_is_not_the_readers() {
    on_each_engine(|w| {
        let (street, clerk) = taken(w);
        let page = clerk.get_as("/hotline", "text/html").text;
        assert!(page.contains("YZ2603040001") && page.contains("待签收") && !page.contains("13800000011"), "{page}");
        let first = order(&clerk, "0001");
        let path = format!("/hotline/orders/{}", first["id"].as_str().unwrap());
        assert!(clerk.get_as(&path, "text/html").text.contains("13800000011"));
        let taken = send(&street, "/hotline/import", &[], SAMPLE);
        assert_eq!(taken.json()["rejected"][0]["text"], "没有诉求内容");
        // What was read of the caller is in the read log; nothing personal lies open in the log.
        let leaves = w
            .app
            .db
            .read(|r| {
                use store::Query as _;
                Ok::<_, Error>(r.leaves(0, 2000)?)
            })
            .unwrap();
        assert!(leaves.iter().any(|l| l.act == "read" && l.fact("purpose") == Some("hotline")));
        assert!(leaves.iter().all(|l| !l.leaf.to_string().contains("13800000011") && !l.leaf.to_string().contains("林某")));
    });
}

#[test]
fn the_command_line_takes_orders_in_and_gives_replies_out() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let xiezhi = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_xiezhi")).args(args).output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
        (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
    };
    let data = dir.path().join("node").to_str().unwrap().to_owned();
    // Nobody named areas here: rows without one go to the default desk.
    let text = String::from_utf8(SAMPLE.to_vec()).unwrap();
    let file = write("orders.csv", text.replace("321002001001", "").replace("321002001002", "").as_bytes());
    let map = write("map.toml", MAP.as_bytes());
    let (code, out, err) = xiezhi(&["hotline", "import", "--data", &data, "--map", &map, &file]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("added 4, linked 1") && out.contains("6,text-missing"), "{out}{err}");
    let (_, _, err) = xiezhi(&["hotline", "import", "--data", &data, "--map", &map, &file]);
    assert!(err.contains("added 0, linked 0, known 4"), "{err}");
    let (code, out, _) = xiezhi(&["hotline", "export", "--data", &data]);
    assert!(code == 0 && out.starts_with("\u{feff}工单编号,联系时间"), "{out}");
    let sheet_file = dir.path().join("replies.xlsx").to_str().unwrap().to_owned();
    assert_eq!(xiezhi(&["hotline", "export", "--data", &data, "--since", "2026-01-01", &sheet_file]).0, 0);
    assert_eq!(foreign::read(&std::fs::read(&sheet_file).unwrap()).unwrap().len(), 1);
    let bad = write("bad.toml", MAP.replace("\"other\"", "\"nothing\"").as_bytes());
    let (code, _, err) = xiezhi(&["hotline", "import", "--data", &data, "--map", &bad, &file]);
    assert!(code == 2 && err.contains("nothing"), "{err}");
}
