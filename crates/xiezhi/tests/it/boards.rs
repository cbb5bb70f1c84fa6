//! Boards: figures from the log, by area, day and measure, from a grid to the nation; who sees which; how long they are kept.

use serde_json::{Value as Json, json};
use store::{Entry, Query as _, Tx};
use xiezhi::edge::jobs;
use xiezhi::kit::Error;
use xiezhi::kit::time::DAY;
use xiezhi::oversight::board::{fold, keep, measures};
use xiezhi::oversight::supervise::kpi;

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine};

const STREET: &str = "321002001";

fn today(w: &World) -> i64 {
    kpi::day(w.app.now(), &w.app.config.zone)
}

/// What a node above says that it took.
fn taken(w: &World, deltas: Json) {
    let write = move |tx: &mut Tx| Ok::<_, Error>(tx.log(Entry::new(measures::TAKE, "node", "n").fact("deltas", deltas))?);
    w.app.db.write(write).unwrap();
    fold::follow(&w.app).unwrap();
}

fn figure(board: &Json, code: &str) -> Json {
    let all = board["figures"].as_array().unwrap();
    all.iter().find(|f| f["code"] == code).unwrap_or_else(|| panic!("no {code} in {board}")).clone()
}

fn n(board: &Json, code: &str) -> Json {
    figure(board, code)["count"]["n"].clone()
}

/// A row of the table: what is counted beneath.
fn row(board: &Json, name: &str, column: &str) -> Json {
    let at = board["columns"].as_array().unwrap().iter().position(|c| c["code"] == column).unwrap();
    let rows = board["rows"].as_array().unwrap();
    rows.iter().find(|r| r["name"] == name).unwrap()["counts"][at]["n"].clone()
}

fn board(who: &Client, path: &str) -> Json {
    let answer = who.get(path);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn rows(w: &World, sql: &str) -> Vec<String> {
    w.app.db.read(|r| r.rows(sql, &[])).unwrap().iter().map(|r| format!("{r:?}")).collect()
}

#[test]
fn what_happens_here_stands_in_its_area_and_in_all_above() {
    on_each_engine(|w| {
        let (anyone, clerk, street) = (w.client(None), w.client(Some("clerk")), w.client(Some("street")));
        let (number, _) = anyone.report("灯坏了");
        assert_eq!(clerk.act(&number, "accept", json!({ "class": "lighting" })).status, 200);
        anyone.report("又一件");
        jobs::follow(&w.app).unwrap();
        fold::follow(&w.app).unwrap();
        assert_eq!(fold::follow(&w.app).unwrap(), 0, "nothing is counted twice");
        let own = board(&clerk, "/board?span=1");
        assert_eq!((&own["area"]["code"], &own["full"]), (&json!(COMMUNITY), &json!(true)));
        assert_eq!((n(&own, "received"), n(&own, "accepted")), (json!(2), json!(1)));
        assert_eq!(own["line"].as_array().unwrap().len(), 6, "from the nation down");
        let above = board(&street, "/board");
        assert_eq!((&above["area"]["code"], n(&above, "received")), (&json!(STREET), json!(2)));
        assert_eq!((row(&above, "一社区", "received"), row(&above, "二社区", "received")), (json!(2), json!(0)));
        // Whose data were looked at counts where whoever looked works.
        assert_eq!(clerk.get(&format!("/cases/{number}")).status, 200);
        // Made again from the log it is the same.
        let all = "select * from board_day order by parent, day, area";
        fold::follow(&w.app).unwrap();
        let before = rows(w, all);
        let wipe = |tx: &mut Tx| {
            tx.exec("delete from board_day", &[])?;
            tx.follow("board", 0)
        };
        w.app.db.write(wipe).map_err(|e: store::Error| e.to_string()).unwrap();
        fold::follow(&w.app).unwrap();
        assert_eq!(rows(w, all), before);
        // Nodes above are told the same.
        let log = w.app.db.read(|r| r.leaves(0, 2000)).unwrap();
        let told: Vec<(Json, String)> = w
            .app
            .db
            .read(|r| {
                let code = |leaf: &Json, r: &mut store::Read| Ok::<_, Error>(fold::code_of(r, leaf)?.unwrap_or_default());
                log.iter().map(|e| Ok::<_, Error>((e.leaf.clone(), code(&e.leaf, r)?))).collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        let deltas = measures::deltas(&told, &w.app.config.zone);
        let received: Vec<_> = deltas.iter().filter(|d| d.2 == "received").collect();
        assert_eq!(received, [&(COMMUNITY.to_owned(), today(w), "received".to_owned(), 2)]);
    });
}

#[test]
fn what_was_taken_from_nodes_beneath_is_folded_under_its_own_areas() {
    on_each_engine(|w| {
        let (street, day) = (w.client(Some("street")), today(w));
        taken(
            w,
            json!([
                [COMMUNITY, day, "received", 12],
                [COMMUNITY, day - 1, "received", 6],
                [SIBLING, day, "closed", 8],
                [SIBLING, day, "closed_late", 2]
            ]),
        );
        taken(w, json!([[COMMUNITY, day, "received", -2], ["321002001001-1", day, "visits", 3], ["321002", day, "received", 1]]));
        let week = board(&street, &format!("/board/{STREET}"));
        assert_eq!((n(&week, "received"), n(&week, "closed")), (json!(16), json!(8)));
        assert_eq!(week["rates"][0], json!({ "code": "on_time", "permille": 750, "text": "75.0%", "part": 6, "of": 8 }));
        let one = board(&street, &format!("/board/{STREET}?span=1"));
        assert_eq!(
            (n(&one, "received"), &figure(&one, "received")["before"], &figure(&one, "received")["change"]),
            (json!(10), &json!(6), &json!(67))
        );
        let anyone = w.client(None);
        assert_eq!(board(&anyone, "/board/top")["area"]["kind"], "nation");
        assert_eq!(board(&anyone, "/board")["area"]["code"], STREET, "where what is counted parts");
        let county = board(&w.client(Some("admin")), "/board/321002?span=1");
        assert_eq!(n(&county, "received"), json!(11));
        let care = board(&w.client(Some("clerk")), &format!("/board/{COMMUNITY}?group=care"));
        assert_eq!(
            (n(&care, "visits"), row(&care, "第1网格", "visits"), row(&care, "第2网格", "visits")),
            (json!(3), json!(3), json!(0))
        );
        assert_eq!(care["map"]["shapes"].as_array().unwrap().len(), 2, "outlines that are known are drawn");
        // Sorted when asked, by the codes when not.
        let names =
            |b: &Json| b["rows"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            (names(&week), names(&board(&street, &format!("/board/{STREET}?sort=closed")))),
            (vec!["一社区".into(), "二社区".into()], vec!["二社区".into(), "一社区".into()])
        );
        assert_eq!(street.get(&format!("/board/{STREET}?sort=name")).error(), (422, "unknown-value".into()));
        assert_eq!(street.get(&format!("/board/{STREET}?group=other")).error(), (422, "unknown-value".into()));
        assert_eq!(street.get(&format!("/board/{STREET}?span=8")).error(), (422, "out-of-range".into()));
        assert_eq!(street.get("/board/999").status, 404);
        // As a page, for a wall, and as a table.
        for look in ["", "?look=board", "?span=1&group=watch"] {
            let page = street.get_as(&format!("/board/{STREET}{look}"), "text/html");
            assert_eq!((page.status, page.header("refresh").is_some()), (200, look.contains("look")), "{}", page.text);
        }
        let table = street.get(&format!("/board/{STREET}/table?span=1"));
        let lines: Vec<&str> = table.text.lines().collect();
        assert!(
            lines[0].starts_with("code,name,from,to,received,accepted") && lines[0].ends_with("reads,complaints"),
            "{}",
            lines[0]
        );
        assert!(lines.len() == 3 && lines[1].starts_with(&format!("{COMMUNITY},一社区,2026-03-04,2026-03-04,10,")), "{lines:?}");
    });
}

#[test]
fn everybody_sees_what_is_public_and_no_few() {
    on_each_engine(|w| {
        let (visitor, sibling, clerk, day) = (w.client(None), w.client(Some("stranger")), w.client(Some("clerk")), today(w));
        taken(
            w,
            json!([
                [COMMUNITY, day, "received", 4],
                [COMMUNITY, day, "closed", 20],
                [COMMUNITY, day, "closed_late", 1],
                [COMMUNITY, day, "reads", 9],
                [COMMUNITY, day, "handed_up", 7]
            ]),
        );
        for outside in [&visitor, &sibling] {
            let seen = board(outside, &format!("/board/{COMMUNITY}"));
            assert_eq!((&seen["full"], &seen["groups"]), (&json!(false), &json!(["matter", "care", "help", "together"])));
            assert_eq!((n(&seen, "received"), figure(&seen, "received")["count"]["text"].clone()), (Json::Null, json!("<5")));
            assert_eq!((n(&seen, "closed"), n(&seen, "overdue")), (json!(20), json!(0)));
            assert_eq!(seen["rates"][0]["permille"], Json::Null, "a rate would tell the one");
            assert!(seen["figures"].as_array().unwrap().iter().all(|f| f["code"] != "handed_up"));
            assert_eq!(outside.get(&format!("/board/{COMMUNITY}?group=rights")).error(), (422, "unknown-value".into()));
            let table = outside.get(&format!("/board/{STREET}/table")).text;
            assert!(
                !table.contains("reads") && table.contains(&format!("{COMMUNITY},一社区,2026-02-26,2026-03-04,,0,20,")),
                "{table}"
            );
            let chart = &seen["chart"]["rows"][0]["count"];
            assert_eq!(chart["n"], Json::Null);
        }
        let full = board(&clerk, &format!("/board/{COMMUNITY}"));
        assert_eq!(
            (n(&full, "received"), n(&full, "handed_up"), &full["rates"][0]["permille"]),
            (json!(4), json!(7), &json!(950))
        );
        assert_eq!(n(&board(&clerk, &format!("/board/{COMMUNITY}?group=rights")), "reads"), json!(9));
        assert_eq!(board(&clerk, &format!("/board/{STREET}"))["full"], json!(false), "nobody sees above his own place");
        let health = format!("/board/health?area={COMMUNITY}");
        assert_eq!(
            (clerk.get(&health).status, sibling.get(&health).error(), visitor.get(&health).status),
            (200, (403, "denied".into()), 401)
        );
    });
}

#[test]
fn what_nobody_knows_is_counted_above_and_listed() {
    on_each_engine(|w| {
        let (street, day) = (w.client(Some("street")), today(w));
        let nation = {
            let write = |tx: &mut Tx| {
                let top = xiezhi::base::area::top(tx)?.unwrap();
                let body = xiezhi::base::party::add_body(tx, xiezhi::kit::RoleKind::Nation, "nation", &top.id, None)?;
                let person =
                    tx.row("select person from account where login = 'stranger'", &[])?.unwrap().get::<String>("person")?;
                xiezhi::base::party::add_role(tx, &person, xiezhi::kit::RoleKind::Nation, &top.id, Some(&body.id))
            };
            w.app.db.write(write).unwrap();
            w.client(Some("stranger"))
        };
        for back in [9, 8, 7, 6] {
            taken(w, json!([[COMMUNITY, day - back, "closed", 5]]));
        }
        taken(
            w,
            json!([
                ["321002001077", day, "received", 3],
                ["99", day, "received", 2],
                ["x y", day, "received", 1],
                [COMMUNITY, day, "tides", 4],
                [COMMUNITY, 3, "received", 1],
                [SIBLING, day, "received", 1]
            ]),
        );
        assert_eq!(
            n(&board(&street, &format!("/board/{STREET}?span=1")), "received"),
            json!(4),
            "for the longest beginning that is known"
        );
        let top = board(&nation, "/board?span=1");
        assert_eq!(n(&top, "received"), json!(7), "and nothing is lost");
        let told = nation.get("/board/health?area=top").json();
        let unknown: Vec<String> = told["unknown"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| format!("{} {} {}", u["kind"].as_str().unwrap(), u["code"].as_str().unwrap(), u["n"]))
            .collect();
        assert_eq!(unknown, ["area 321002001077 3", "area 99 2", "area x y 1", "day 321002001001 1", "measure tides 4"]);
        let beneath = street.get(&format!("/board/health?area={STREET}")).json();
        assert_eq!((&beneath["silent"][0]["area"]["code"], &beneath["silent"][0]["days"]), (&json!(COMMUNITY), &json!(6)));
        assert_eq!(
            (&beneath["late"][0]["late"], &beneath["late"][0]["of"], &beneath["heard"]),
            (&json!(20), &json!(20), &json!(2))
        );
        assert_eq!(street.get_as(&format!("/board/health?area={STREET}"), "text/html").status, 200);
    });
}

#[test]
fn days_become_months_and_communities_are_kept_for_less() {
    on_each_engine(|w| {
        w.configure(|c| c.file.board.near_days = 7);
        let (street, day, app) = (w.client(Some("street")), today(w), w.app.clone());
        // One count a day over a hundred days, and one every ten days before.
        let days: Vec<Json> =
            (0..100).chain((100..390).step_by(10)).map(|back| json!([COMMUNITY, day - back, "received", 1])).collect();
        taken(w, json!(days));
        let count = |sql: &str| app.db.read(|r| r.count(sql, &[])).unwrap();
        // The server sweeps, too, when it gets to it.
        keep::sweep(&w.app).unwrap();
        assert_eq!(keep::sweep(&w.app).unwrap(), 0, "once");
        assert_eq!(count("select count(*) from board_day where near = 1"), 7);
        assert_eq!(count("select count(*) from board_day where near = 0 and parent = 0"), 90);
        let kept = count("select cast(sum(m01) as bigint) from board_day where parent = 0")
            + count("select cast(sum(m01) as bigint) from board_month where parent = 0");
        assert_eq!(kept, 127, "but for what lies more than twelve months back");
        let month = board(&street, &format!("/board/{STREET}?span=30"));
        assert_eq!((n(&month, "received"), row(&month, "一社区", "received")), (json!(30), json!(7)));
        assert!(month["rows_from"].as_str().unwrap().starts_with("2026-02-26"), "{}", month["rows_from"]);
        assert_eq!(month["months"].as_array().unwrap().last().unwrap()["month"], "2025-12");
        // What comes for a month that is summed up already is added to it.
        taken(w, json!([[COMMUNITY, day - 95, "received", 5]]));
        keep::sweep(&w.app).unwrap();
        let again = count("select cast(sum(m01) as bigint) from board_day where parent = 0")
            + count("select cast(sum(m01) as bigint) from board_month where parent = 0");
        assert_eq!(again, kept + 5);
        w.app.ambience.advance(400 * DAY);
        keep::sweep(&w.app).unwrap();
        assert_eq!(count("select count(*) from board_day") + count("select count(*) from board_month"), 0);
    });
}
