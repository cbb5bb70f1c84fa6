//! Levels joined to each other: how a node joins, what travels, what comes back, and what is refused on the way.

use serde_json::{Value as Json, json};
use store::{Query as _, Receipt, params};
use xiezhi::kit::time::MINUTE;
use xiezhi::oversight::exchange::carry::{Calls, file, round};
use xiezhi::oversight::exchange::mark::{self, Way};
use xiezhi::oversight::exchange::peer::{self, Peer, Relation, Standing};
use xiezhi::oversight::exchange::wire::Batch;
use xiezhi::oversight::exchange::{inbox, join, out};

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine, pg_database};

pub const STREET: &str = "321002001";

fn posted(c: &Client, path: &str, body: &Json) -> Json {
    let answer = c.post(path, body);
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text);
    answer.json()
}

/// Names a node.
fn named(w: &mut World, code: &str, name: &str) {
    posted(&w.client(Some("admin")), "/exchange/name", &json!({ "code": code, "name": name }));
}

/// A second world on the same engine as the first.
pub fn another(w: &World) -> World {
    let url = w.app.config.database_url.as_ref().map(|_| pg_database(&std::env::var("XIEZHI_TEST_PG").unwrap()));
    World::new(url)
}

/// A community beneath a street, joined; over the network when `calls`.
pub fn joined(top: &mut World, leaf: &mut World, code: &str, calls: bool) {
    named(top, STREET, "东关街道");
    let admin = top.client(Some("admin"));
    if calls {
        let line = posted(&admin, "/exchange/invitations", &json!({ "code": code, "name": "一社区" }))["made"]["line"].clone();
        let made = posted(&leaf.client(Some("admin")), "/exchange/accept", &json!({ "invitation": line }));
        assert_eq!((&made["made"]["kind"], &made["made"]["brought"]), (&json!("join"), &json!(true)), "{made}");
    } else {
        let clerk = leaf.who("admin").person.unwrap();
        let new = join::New {
            code: code.into(),
            name: "一社区".into(),
            relation: Relation::Child,
            body: None,
            grade: join::GRADE,
            url: None,
        };
        let line = join::invite(&top.app, &clerk, new).unwrap();
        let answer = join::accept(&leaf.app, &clerk, &line, join::GRADE, None).unwrap();
        posted(&admin, "/exchange/answers", &json!({ "join": answer }));
    }
}

pub fn only_peer(w: &World) -> Peer {
    w.app.db.read(|r| peer::all(r)).unwrap().remove(0)
}

fn marks(w: &World) -> (u64, u64) {
    let p = only_peer(w);
    let at = |way| w.app.db.read(|r| mark::of(r, &p.id, way)).unwrap();
    (at(Way::Out).size, at(Way::In).size)
}

/// Calls until both sides have all that there is.
pub fn settled(leaf: &World, top: &World) {
    for _ in 0..20 {
        leaf.app.ambience.advance(2 * MINUTE);
        top.app.ambience.advance(2 * MINUTE);
        round(&top.app, &mut Calls::default()).unwrap();
        round(&leaf.app, &mut Calls::default()).unwrap();
        let (went, came) = (marks(leaf).0, marks(top).1);
        let seen = |w: &World| w.app.db.read(|r| Ok::<_, store::Error>(r.log_size()? - r.cursor(peer::FOLLOWER)?)).unwrap();
        if went == came && seen(leaf) == 0 && leaf.app.db.last().size - went < 3 {
            return;
        }
    }
    panic!("they never came to rest: {:?} {:?}", marks(leaf), marks(top));
}

/// A report of the resident, dispatched to the street.
fn handed_up(leaf: &mut World, text: &str) -> (String, Json) {
    let street = leaf.body("street");
    let made = posted(
        &leaf.client(Some("resident")),
        "/reports",
        &json!({ "text": text, "place": { "area": COMMUNITY, "address": "3栋2单元501" }, "contact": { "name": "王秀英", "phone": "13812340000" } }),
    );
    let number = made["number"].as_str().unwrap().to_owned();
    let clerk = leaf.client(Some("clerk"));
    posted(&clerk, &format!("/cases/{number}/accept"), &json!({}));
    posted(&clerk, &format!("/cases/{number}/dispatch"), &json!({ "to": street, "reason": "要上级协调" }));
    (number, made)
}

#[test]
fn a_case_goes_up_is_handled_there_and_comes_back_to_the_resident() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, true);
        let (number, made) = handed_up(leaf, "小区门口的路灯都不亮了");
        settled(leaf, &top);
        // It lies with the desk of the street, on its own node, with its words and its place.
        let desk = top.client(Some("street"));
        let list = desk.get("/cases").json();
        let copy =
            list["items"].as_array().unwrap().iter().find(|c| c["state"] == "received").unwrap_or_else(|| panic!("{list}"));
        let there = copy["number"].as_str().unwrap().to_owned();
        let seen = desk.get(&format!("/cases/{there}")).json();
        assert!(seen.to_string().contains("路灯都不亮"), "{seen}");
        let same = |w: &World, number: &str| -> String {
            w.app
                .db
                .read(|r| r.row("select id from cases where number = $1", params![number]))
                .unwrap()
                .unwrap()
                .get("id")
                .unwrap()
        };
        assert_eq!(same(&top, &there), same(leaf, &number), "it keeps its id");
        posted(&desk, &format!("/cases/{there}/accept"), &json!({}));
        let company = top.body("property");
        posted(&desk, &format!("/cases/{there}/dispatch"), &json!({ "to": company, "reason": "请修" }));
        settled(leaf, &top);
        let state = |w: &mut World| w.client(Some("clerk")).get(&format!("/cases/{number}")).json()["state"].clone();
        assert_eq!(state(leaf), "handling");
        let worker = top.client(Some("property"));
        posted(&worker, &format!("/cases/{there}/accept"), &json!({}));
        posted(&worker, &format!("/cases/{there}/feedback"), &json!({ "text": "六盏灯换好了" }));
        posted(&desk, &format!("/cases/{there}/check"), &json!({}));
        posted(&desk, &format!("/cases/{there}/close"), &json!({ "outcome": "solved" }));
        settled(leaf, &top);
        assert_eq!(state(leaf), "feedback");
        let clerk = leaf.client(Some("clerk"));
        posted(&clerk, &format!("/cases/{number}/check"), &json!({}));
        posted(&clerk, &format!("/cases/{number}/close"), &json!({ "outcome": "solved" }));
        let told =
            leaf.client(Some("resident")).get(&format!("/reports/{number}?code={}", made["code"].as_str().unwrap())).json();
        assert_eq!(told["state"], "closed", "{told}");
        assert!(told.to_string().contains("六盏灯换好了"), "{told}");
        // Counted once, where it was reported; the copy counts for the street's own desk only.
        let taken = |w: &World| -> Vec<Json> {
            let rows = w.app.db.read(|r| r.rows("select leaf from log where act = 'exchange.take' order by seq", &[])).unwrap();
            let leaf = |r: &store::Row| serde_json::from_str::<Json>(&r.get::<String>("leaf").unwrap()).unwrap();
            rows.iter().map(leaf).flat_map(|l| l["x_deltas"].as_array().cloned().unwrap_or_default()).collect()
        };
        let sum = |name: &str| taken(&top).iter().filter(|d| d[2] == name).map(|d| d[3].as_i64().unwrap()).sum::<i64>();
        settled(leaf, &top);
        assert_eq!((sum("received"), sum("closed")), (1, 1));
        // The receipt that the resident fetches now bears the line of the street.
        let code = made["code"].as_str().unwrap();
        let receipt = leaf.client(None).get(&format!("/reports/{number}/receipt?code={code}")).json();
        assert!(receipt["cosignatures"][0].as_str().unwrap().contains(top.app.db.origin()), "{receipt}");
        assert_eq!(serde_json::from_value::<Receipt>(receipt).unwrap().faults(None), Vec::<&str>::new());
        // Both pages say how far each is; the resident's receipt can bear the signature of the level above.
        let page = leaf.client(Some("clerk")).get("/exchange").json();
        assert_eq!((&page["peers"][0]["health"], &page["peers"][0]["witnessed"]), (&json!("good"), &json!(true)), "{page}");
        assert!(leaf.client(Some("clerk")).get_as("/exchange", "text/html").text.contains("已确认您这里第"));
    });
}

#[test]
fn nothing_above_the_grade_of_a_peer_enters_a_message() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, false);
        let p = only_peer(leaf);
        posted(&leaf.client(Some("admin")), &format!("/exchange/peers/{}/grade", p.id), &json!({ "grade": 2 }));
        handed_up(leaf, "金丝雀甲：楼道堆了杂物");
        round(&leaf.app, &mut Calls::default()).unwrap();
        let p = only_peer(leaf);
        let at = leaf.app.db.read(|r| mark::of(r, &p.id, Way::Out)).unwrap();
        let batch = out::batch(&leaf.app, &p, &at).unwrap().unwrap();
        let wire = String::from_utf8(batch.write(|b| leaf.app.db.sign(b))).unwrap();
        assert!(wire.contains("金丝雀甲") && wire.contains("王秀英"), "grade 2 goes: {wire}");
        assert!(!wire.contains("13812340000") && !wire.contains("2单元501"), "grade 3 does not");
        let sealed = String::from_utf8_lossy(&file::write(&leaf.app, &p).unwrap()).into_owned();
        assert!(!sealed.contains("金丝雀甲") && !sealed.contains("case.report"), "whoever finds the stick reads nothing");
        // It is also in the read log of whoever reported it.
        let reads = leaf.client(Some("resident")).get("/me/reads").json();
        assert!(reads.to_string().contains("exchange") || reads.to_string().contains("上级"), "{reads}");
        assert_eq!(file::read(&top.app, &file::write(&leaf.app, &p).unwrap()).unwrap().batches, 1);
        let copy = top.app.db.read(|r| r.count("select count(*) from cases where source like 'exchange:%'", &[])).unwrap();
        assert_eq!(copy, 1);
    });
}

#[test]
fn a_stick_carries_the_same_as_the_network_late_twice_and_out_of_order() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, false);
        handed_up(leaf, "第一件");
        round(&leaf.app, &mut Calls::default()).unwrap();
        let (up, down) = (only_peer(leaf), only_peer(&top));
        let first = file::write(&leaf.app, &up).unwrap();
        handed_up(leaf, "第二件");
        round(&leaf.app, &mut Calls::default()).unwrap();
        let both = file::write(&leaf.app, &up).unwrap();
        for (stick, copies) in [(&first, 1), (&first, 1), (&both, 1)] {
            file::read(&top.app, stick).unwrap();
            let there = top.app.db.read(|r| r.count("select count(*) from cases where source like 'exchange:%'", &[])).unwrap();
            assert_eq!(there, copies);
        }
        // The second began where the first did: only the receiver's word moves the mark, so it goes back on the same stick.
        let back = file::write(&top.app, &down).unwrap();
        assert_eq!(file::read(&leaf.app, &first).unwrap_err().kind.code(), "sealed-other");
        file::read(&leaf.app, &back).unwrap();
        assert!(marks(leaf).0 > 0 && marks(leaf).0 == marks(&top).1);
        let third = file::write(&leaf.app, &up).unwrap();
        file::read(&top.app, &third).unwrap();
        let there = top.app.db.read(|r| r.count("select count(*) from cases where source like 'exchange:%'", &[])).unwrap();
        assert_eq!(there, 2);
        let mut broken = third.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(file::read(&top.app, &broken).unwrap_err().kind.code(), "sealed-file");
        assert_eq!(file::read(&top.app, &third[..40]).unwrap_err().kind.code(), "sealed-file");
    });
}

/// Batches of so many reports each, from where the peer stands.
fn batches(leaf: &mut World, p: &Peer, n: usize) -> Vec<Batch> {
    let resident = leaf.client(Some("resident"));
    let mut at = leaf.app.db.read(|r| mark::of(r, &p.id, Way::Out)).unwrap();
    let mut all = Vec::new();
    for i in 0..n {
        posted(&resident, "/reports", &json!({ "text": format!("第{i}件"), "place": { "area": COMMUNITY } }));
        leaf.app.ambience.advance(2 * MINUTE);
        let batch = out::batch(&leaf.app, p, &at).unwrap().unwrap();
        (at.size, at.n) = (batch.until, at.n + batch.events.len() as u64);
        all.push(Batch::read(&batch.write(|b| leaf.app.db.sign(b)), &p.origin).unwrap());
    }
    all
}

#[test]
fn batches_that_come_early_wait_and_come_in_order() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, false);
        let p = only_peer(leaf);
        let all = batches(leaf, &p, 4);
        let take = |i: usize| inbox::take(&top.app, all[i].clone()).unwrap().missing;
        assert!(take(2) && take(3) && take(2));
        assert_eq!(marks(&top).1, 0);
        let page = top.app.db.read(|r| r.count("select count(*) from exchange_early", &[])).unwrap();
        assert_eq!(page, 2);
        assert!(!take(0));
        assert_eq!(marks(&top).1, all[0].until);
        assert!(!take(1), "and with it those that waited");
        assert_eq!(marks(&top).1, all[3].until);
        assert!(!take(1) && !take(3), "once more changes nothing");
        let rows = top.app.db.read(|r| r.rows("select leaf from log where act = 'exchange.take' order by seq", &[])).unwrap();
        assert_eq!(rows.len(), 4);
        assert_eq!(top.app.db.read(|r| r.count("select count(*) from exchange_early", &[])).unwrap(), 0);
    });
}

#[test]
fn what_is_forged_changed_or_not_theirs_is_refused_or_held() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, false);
        let p = only_peer(leaf);
        let all = batches(leaf, &p, 2);
        let sent = |b: &Batch| b.write(|body| leaf.app.db.sign(body));
        let node = top.client(None);
        let give = |bytes: &[u8]| {
            let answer = node.post_raw("/exchange/v1/batch", &[("content-type", "application/cloudevents-batch+json")], bytes);
            (
                answer.status,
                answer.json()["code"].as_str().unwrap_or_default().to_owned(),
                answer.json()["field"].as_str().unwrap_or_default().to_owned(),
            )
        };
        let refused = |field: &str| (400, "batch".to_owned(), field.to_owned());
        let good = sent(&all[0]);
        let text = String::from_utf8(good.clone()).unwrap();
        assert_eq!(
            give(text.replace("\\\"x_channel\\\":\\\"web\\\"", "\\\"x_channel\\\":\\\"webb\\\"").as_bytes()),
            refused("seal"),
            "changed on the way"
        );
        assert_eq!(give(&good[..good.len() / 2]).1, "bad-json", "cut off");
        assert_eq!(give(b"[]"), refused("form"));
        // Signed by another key under their name.
        let forged = all[0].write(|body| top.app.db.sign(body));
        assert_eq!(give(&forged), refused("seal"));
        // For somebody else.
        let mut other = all[0].clone();
        other.to = leaf.app.db.origin().to_owned();
        assert_eq!(give(&sent(&other)), refused("receiver"));
        // Nobody knows who it is.
        let stranger = another(leaf);
        let mut unknown = all[0].clone();
        unknown.sender = stranger.app.db.origin().to_owned();
        assert_ne!(give(&unknown.write(|b| stranger.app.db.sign(b))).0, 200);
        // An event is left out.
        let mut less = all[0].clone();
        let gone = less.events.remove(0);
        less.events.iter_mut().for_each(|e| e.n -= 1);
        less.skips.clear();
        assert!(gone.n == 1 && less.events.is_empty() || !less.events.is_empty());
        assert_eq!(give(&sent(&less)), (409, "peer-held".into(), "history".into()), "the tree says so, under their own seal");
        let held = top.app.db.read(|r| peer::all(r)).unwrap().remove(0);
        assert_eq!((held.state, held.why.as_deref()), (Standing::Held, Some("history")));
        assert_eq!(give(&good), (409, "peer-held".into(), String::new()), "nothing more until people have looked");
        let admin = top.client(Some("admin"));
        posted(&admin, &format!("/exchange/peers/{}/release", held.id), &json!({}));
        assert_eq!(give(&good).0, 200);
        // A place that is not theirs.
        let mut far = all[1].clone();
        far.events[0].area = SIBLING.into();
        assert_eq!(give(&sent(&far)), (409, "peer-held".into(), "area".into()));
        posted(&admin, &format!("/exchange/peers/{}/release", held.id), &json!({}));
        // An unknown version of the catalogue is parked; what follows goes on.
        let mut later = all[1].clone();
        later.events[0].schema = "urn:xiezhi:elements:99".into();
        assert_eq!(give(&sent(&later)).0, 200);
        let page = admin.get("/exchange").json();
        assert_eq!((&page["parked"][0]["why"], &page["peers"][0]["parked"]), (&json!("version"), &json!(1)), "{page}");
        let id = page["parked"][0]["id"].as_str().unwrap().to_owned();
        posted(&admin, &format!("/exchange/parked/{id}/try"), &json!({}));
        assert_eq!(admin.get("/exchange").json()["parked"], json!([]));
        // Ended for good: its key counts for nothing.
        posted(&admin, &format!("/exchange/peers/{}/end", held.id), &json!({}));
        assert_eq!(give(&sent(&all[1])).1, "peer-unknown");
        assert_eq!(node.post("/exchange/v1/poll", &json!({ "watermark": "x" })).error(), (400, "batch".into()));
        assert_eq!(node.post("/exchange/v1/join", &json!({ "join": "x" })).error(), (422, "invitation".into()));
        assert_eq!(node.post("/exchange/v1/poll", &json!({})).error(), (422, "missing".into()));
    });
}

#[test]
fn a_history_that_was_put_back_is_seen_on_both_sides() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        joined(&mut top, leaf, COMMUNITY, false);
        let (up, down) = (only_peer(leaf), only_peer(&top));
        let all = batches(leaf, &up, 2);
        let answer = inbox::take(&top.app, all[0].clone()).unwrap();
        let line = answer.cosignature.unwrap();
        let (witness, _) = store::note::open_cosignature(&all[0].checkpoint, &line).unwrap();
        assert_eq!(witness, top.app.db.origin());
        // The receipt of an entry, at the size that was witnessed, bears the line and is checked with nothing else.
        let mut receipt: Receipt = leaf.app.db.receipt(0, all[0].until).unwrap();
        receipt.cosignatures.push(line.clone());
        assert_eq!(receipt.faults(None), Vec::<&str>::new());
        receipt.cosignatures[0] = line.replace(top.app.db.origin(), leaf.app.db.origin());
        assert_eq!(receipt.faults(None), ["receipt-cosignature"]);
        // The level above says that it has more than there is here: this database was put back.
        let said = top.app.db.sign(
            &mark::Watermark {
                sender: leaf.app.db.origin().into(),
                receiver: top.app.db.origin().into(),
                stream: up.outward(),
                size: 10_000,
                root: [7; 32],
                n: 5,
                at: 1,
                nonce: "-".into(),
            }
            .body(),
        );
        let end = xiezhi::oversight::exchange::carry::http::heard(&leaf.app, &up, &said, None);
        assert_eq!(end.unwrap_err().kind.code(), "peer-held");
        assert_eq!(only_peer(leaf).why.as_deref(), Some("history"));
        assert_eq!(down.state, Standing::Joined);
    });
}

#[test]
fn invitations_are_for_one_used_once_and_end() {
    on_each_engine(|leaf| {
        let mut top = another(leaf);
        let admin = top.client(Some("admin"));
        assert_eq!(
            admin.post("/exchange/invitations", &json!({ "code": COMMUNITY, "name": "x" })).error(),
            (409, "node-unnamed".into())
        );
        assert_eq!(top.client(Some("clerk")).post("/exchange/name", &json!({ "code": STREET, "name": "x" })).status, 403);
        named(&mut top, STREET, "东关街道");
        assert_eq!(
            admin.post("/exchange/invitations", &json!({ "code": "3211", "name": "x" })).error(),
            (422, "unknown-value".into())
        );
        let line =
            posted(&admin, "/exchange/invitations", &json!({ "code": COMMUNITY, "name": "一社区" }))["made"]["line"].clone();
        let line = line.as_str().unwrap();
        let clerk = leaf.who("admin").person.unwrap();
        let accept = |w: &World, line: &str| join::accept(&w.app, &clerk, line, 3, None).map_err(|e| e.kind.code());
        assert_eq!(accept(leaf, &line.replace('A', "B")).unwrap_err(), "invitation");
        let answer = accept(leaf, line).unwrap();
        assert_eq!(accept(leaf, line).unwrap_err(), "peer-twice");
        let thief = another(leaf);
        let stolen = accept(&thief, line).unwrap();
        posted(&admin, "/exchange/answers", &json!({ "join": answer }));
        posted(&admin, "/exchange/answers", &json!({ "join": answer }));
        assert_eq!(admin.post("/exchange/answers", &json!({ "join": stolen })).error(), (409, "invitation-over".into()));
        assert_eq!(top.app.db.read(|r| peer::all(r)).unwrap().len(), 1);
        let second =
            posted(&admin, "/exchange/invitations", &json!({ "code": SIBLING, "name": "二社区" }))["made"]["line"].clone();
        top.app.ambience.advance(15 * 24 * 60 * MINUTE);
        thief.app.ambience.advance(15 * 24 * 60 * MINUTE);
        let late = another(leaf);
        late.app.ambience.advance(15 * 24 * 60 * MINUTE);
        assert_eq!(accept(&late, second.as_str().unwrap()).unwrap_err(), "invitation-over");
        // Words of the street reach the community once they are joined.
        posted(&admin, "/exchange/words", &json!({ "words": "周五统一检查消防通道" }));
        let stick = file::write(&top.app, &only_peer(&top)).unwrap();
        file::read(&leaf.app, &stick).unwrap();
        let page = leaf.client(Some("clerk")).get("/exchange").json();
        assert_eq!(page["items"][0]["words"], "周五统一检查消防通道", "{page}");
        // The desk holds a peer, and its own file cannot be drawn then.
        let p = only_peer(&top);
        posted(&admin, &format!("/exchange/peers/{}/hold", p.id), &json!({}));
        assert_eq!(admin.get(&format!("/exchange/peers/{}/file", p.id)).status, 404);
        assert_eq!(admin.post("/exchange/files", &json!({})).error(), (422, "missing".into()));
    });
}
