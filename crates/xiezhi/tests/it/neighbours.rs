//! Talk among neighbours: names, limits, floods, what is hidden and by whom, clocks, the one message a day, what is left of a
//! text that was taken back, quick questions, and a complaint that does not die in a chat.

use serde_json::{Value as Json, json};
use store::{Entry, Query as _, params};
use xiezhi::base::{area, party};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};
use xiezhi::kit::{Error, RoleKind};

use super::world::{COMMUNITY, Client, PASSWORD, World, on_each_engine};

const HOUSE: &str = "house-1";

/// Everybody proved his number, nobody's account is new, and there is a building.
fn settled(w: &World) {
    w.app
        .db
        .write(|tx| {
            let now = tx.now();
            tx.exec("update person_phone set proved_at = $1", params![now])?;
            let community = area::by_code(tx, COMMUNITY)?.unwrap();
            let sql = "insert into building(id, area, name, address, floors, homes) values ($1, $2, '5栋', '幸福路5栋', 6, 24)";
            tx.exec(sql, params![HOUSE, &community.id])?;
            tx.log(Entry::new("test.settle", "test", "neighbours"))?;
            Ok::<_, Error>(())
        })
        .unwrap();
    w.app.ambience.advance(10 * DAY);
}

/// A resident whose account is new.
fn newcomer(w: &mut World, login: &'static str) -> Client {
    let hash = party::session::hash(&w.app, PASSWORD).unwrap();
    let person = w
        .app
        .db
        .write(move |tx| {
            let place = area::by_code(tx, COMMUNITY)?.unwrap();
            let new = party::NewPerson { name: login, phone: Some("13900000000"), home: None, login, hash: &hash };
            let person = party::add_person(tx, &new)?;
            party::add_role(tx, &person, RoleKind::Resident, &place.id, None)?;
            let now = tx.now();
            tx.exec("update person_phone set proved_at = $2 where person = $1", params![&person, now])?;
            Ok::<_, Error>(person)
        })
        .unwrap()
        .value;
    assert!(!person.is_empty());
    w.client(Some(login))
}

fn join(client: &Client, nick: &str) -> super::world::Answer {
    client.post("/neighbours/join", &json!({ "nick": nick }))
}

fn topic(client: &Client, title: &str, text: &str) -> String {
    let made = client.post("/neighbours/topics", &json!({ "category": "place", "title": title, "text": text }));
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["number"].as_str().unwrap().to_owned()
}

fn comment(client: &Client, number: &str, text: &str) -> Json {
    let made = client.post(&format!("/neighbours/topics/{number}/comments"), &json!({ "text": text }));
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn read(client: &Client, number: &str) -> Json {
    client.get(&format!("/neighbours/topics/{number}")).json()
}

fn queue(client: &Client) -> Json {
    client.get("/neighbours/queue").json()
}

fn judge(client: &Client, id: &str, body: Json) -> super::world::Answer {
    client.post(&format!("/neighbours/posts/{id}/judge"), &body)
}

fn flag(client: &Client, id: &str) -> super::world::Answer {
    client.post(&format!("/neighbours/posts/{id}/flag"), &json!({ "reason": "insult" }))
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_name_is_ones_own_and_nobody_talks_unknown() {
    on_each_engine(|w| {
        let (resident, neighbour, visitor) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(None));
        assert_eq!(visitor.post("/neighbours/join", &json!({ "nick": "老王" })).status, 401);
        assert_eq!(join(&resident, "三楼老王").error(), (403, "not-known".into()), "no number was proved");
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), (neighbour, w.client(Some("neighbour"))).1);
        let post = json!({ "category": "place", "title": "路灯", "text": "东门路灯不亮" });
        assert_eq!(resident.post("/neighbours/topics", &post).error(), (409, "no-nick".into()));
        for (nick, code) in
            [("居委会小李", "nick-office"), ("commıttee", "nick-office"), ("王", "nick-unfit"), ("13812345678", "nick-unfit")]
        {
            assert_eq!(join(&resident, nick).error().1, code, "{nick}");
        }
        assert_eq!(join(&resident, "三楼老王").status, 201);
        assert_eq!(join(&resident, "另一个").error(), (409, "taken".into()));
        for alike in ["三楼老王", "三 樓老王", "三楼老王。"] {
            assert_eq!(join(&neighbour, alike).error(), (409, "nick-taken".into()), "{alike}");
        }
        assert_eq!(join(&neighbour, "月季花").status, 201);
        // Changed at intervals only, and never into another's.
        let rename = |client: &Client, nick: &str| client.post("/neighbours/name", &json!({ "nick": nick }));
        assert_eq!(rename(&resident, "四楼老王").error(), (409, "nick-early".into()));
        w.app.ambience.advance(31 * DAY);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        assert_eq!(rename(&resident, "月季 花").error(), (409, "nick-taken".into()));
        assert_eq!(rename(&resident, "四楼老王").status, 200);
        // Whoever leaves takes his name with him; nobody else is called so the next day.
        let n = topic(&resident, "路灯", "东门路灯不亮");
        assert_eq!(read(&neighbour, &n)["opening"]["by"], "四楼老王");
        assert_eq!(resident.post("/neighbours/leave", &json!({})).status, 200);
        assert_eq!(read(&neighbour, &n)["opening"]["by"], Json::Null);
        w.app.ambience.advance(31 * DAY);
        let neighbour = w.client(Some("neighbour"));
        assert_eq!(rename(&neighbour, "四楼老王").error(), (409, "nick-taken".into()));
        // His real name stands nowhere.
        assert!(!neighbour.get("/neighbours").text.contains("某某"));
    });
}

#[test]
fn who_says_too_much_or_the_same_is_told_so() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let new = |client: &Client, text: &str| {
            client.post("/neighbours/topics", &json!({ "category": "place", "title": "事", "text": text }))
        };
        let n = topic(&resident, "电梯", "电梯门关得太快");
        assert_eq!(new(&resident, "www.a.example www.b.example www.c.example").error(), (422, "too-many-links".into()));
        for i in ["甲", "乙"] {
            assert_eq!(new(&resident, &format!("第{i}件事要说")).status, 201);
        }
        assert_eq!(new(&resident, "第丁件事").error(), (409, "daily-limit".into()));
        let say =
            |client: &Client, text: &str| client.post(&format!("/neighbours/topics/{n}/comments"), &json!({ "text": text }));
        assert_eq!(say(&neighbour, "我家也是，老人都夹过手").status, 201);
        assert_eq!(say(&neighbour, "我家也是, 老人都夹过手！").error(), (409, "said-before".into()));
        assert_eq!(say(&resident, "我家也是，老人都夹过手").status, 201, "another may say the same");
        for i in 0..29 {
            assert_eq!(say(&neighbour, &format!("另外说一句 {}", i * 37)).status, 201);
        }
        assert_eq!(say(&neighbour, "再说一句").error(), (409, "daily-limit".into()));
        w.app.ambience.advance(DAY);
        assert_eq!(say(&w.client(Some("neighbour")), "第二天再说一句").status, 201);
    });
}

#[test]
fn many_new_accounts_that_say_the_same_are_held_and_not_dropped() {
    on_each_engine(|w| {
        settled(w);
        let (resident, clerk) = (w.client(Some("resident")), w.client(Some("clerk")));
        join(&resident, "三楼老王");
        let n = topic(&resident, "换物业", "大家觉得现在的物业怎么样");
        let said = [
            "这个物业最好了千万不要换掉谁换谁后悔",
            "这个物业最好了！千万不要换掉，谁换谁后悔。",
            "这个物业最好了 千万不要换掉 谁换谁后悔啊",
        ];
        let crowd = ["new1", "new2", "new3"].map(|login| newcomer(w, login));
        for (i, client) in crowd.iter().enumerate() {
            assert_eq!(join(client, ["早晨", "午后", "傍晚"][i]).status, 201);
            let made = comment(client, &n, said[i]);
            assert_eq!(made["state"], if i < 2 { "shown" } else { "held" });
        }
        let seen = read(&resident, &n);
        assert!(
            seen["texts"].as_array().unwrap().iter().all(|t| t["state"] == "held" && t["text"] == Json::Null),
            "the whole chorus waits"
        );
        let waits = queue(&clerk);
        let waits = waits["items"].as_array().unwrap();
        assert_eq!(waits.len(), 3);
        assert!(waits.iter().all(|i| i["queue"] == "sybil" && text(&i["text"]).contains("物业最好了")));
        for item in waits {
            assert_eq!(judge(&clerk, item["id"].as_str().unwrap(), json!({ "show": true })).status, 200);
        }
        assert_eq!(read(&resident, &n)["texts"][2]["text"], said[2], "nothing was dropped");
        // A new account that shows a page waits for a look.
        assert_eq!(comment(&crowd[0], &n, "看看这里 https://shop.example/1")["state"], "held");
        // What a category says is looked at first.
        let sale = json!({ "category": "market", "title": "旧书", "text": "送旧书，自取" });
        let number = text(&resident.post("/neighbours/topics", &sale).json()["number"]);
        assert_eq!(w.client(Some("neighbour")).get(&format!("/neighbours/topics/{number}")).status, 404);
        assert_eq!(read(&resident, &number)["opening"]["state"], "held");
    });
}

#[test]
fn what_is_hidden_tells_its_author_why_and_somebody_else_looks_again() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        let (clerk, clerk2, street) = (w.client(Some("clerk")), w.client(Some("clerk2")), w.client(Some("street")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let n = topic(&resident, "广场舞", "晚上九点以后请小声一点");
        let id = text(&comment(&neighbour, &n, "说这话的人自己最吵")["id"]);
        assert_eq!(flag(&neighbour, &id).error(), (409, "state".into()), "not one's own");
        assert_eq!(flag(&resident, &id).status, 200);
        assert_eq!(flag(&resident, &id).error(), (409, "taken".into()), "once");
        // It stays until somebody has looked; nobody is told who reported it, the log neither.
        assert_eq!(read(&resident, &n)["texts"][0]["state"], "shown");
        let person = w.who("resident").person.unwrap();
        let leaf = w.app.db.read(|r| r.history(&id)).unwrap().into_iter().find(|e| e.act == "near.flag").unwrap().leaf;
        assert!(!leaf.to_string().contains(&person) && !queue(&clerk).to_string().contains(&person));
        assert_eq!(judge(&resident, &id, json!({ "show": true })).status, 403);
        assert_eq!(judge(&street, &id, json!({ "show": true })).error(), (403, "denied".into()), "it lies with another desk");
        assert_eq!(judge(&clerk, &id, json!({ "show": false })).error(), (422, "missing".into()), "not without a reason");
        assert_eq!(judge(&clerk, &id, json!({ "show": false, "reason": "insult", "note": "请就事论事" })).status, 200);
        let seen = read(&resident, &n)["texts"][0].clone();
        assert!(seen["text"].is_null() && !text(&seen["reason"]).is_empty() && seen["note"].is_null());
        let own = read(&neighbour, &n)["texts"][0].clone();
        assert_eq!((text(&own["text"]).as_str(), text(&own["note"]).as_str()), ("说这话的人自己最吵", "请就事论事"));
        assert_eq!(own["may_appeal"], true);
        let appeal = |client: &Client, id: &str| {
            client.post(&format!("/neighbours/posts/{id}/appeal"), &json!({ "text": "我说的是事实" }))
        };
        assert_eq!(appeal(&resident, &id).status, 404);
        assert_eq!(appeal(&neighbour, &id).status, 200);
        assert_eq!(queue(&clerk)["items"][0]["may"], false);
        assert_eq!(judge(&clerk, &id, json!({ "show": false, "reason": "insult" })).error(), (403, "same-judge".into()));
        assert_eq!(judge(&clerk2, &id, json!({ "show": true })).status, 200);
        assert_eq!(read(&resident, &n)["texts"][0]["text"], "说这话的人自己最吵");
        assert_eq!(appeal(&neighbour, &id).error(), (409, "state".into()), "then it is over");
        // Where nobody else is at the desk, the one above looks.
        let id = text(&comment(&neighbour, &n, "再说一遍也是这样")["id"]);
        flag(&resident, &id);
        judge(&clerk, &id, json!({ "show": false, "reason": "insult" }));
        let other = w.who("clerk2").person.unwrap();
        w.app.db.write(move |tx| party::end_role(tx, &other, RoleKind::Committee)).unwrap();
        assert_eq!(appeal(&neighbour, &id).status, 200);
        assert_eq!(judge(&street, &id, json!({ "show": false, "reason": "insult" })).status, 200);
    });
}

#[test]
fn what_nobody_looks_at_goes_to_the_desk_above_also_after_a_restart() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let n = topic(&resident, "晒被子", "天井里请不要晒太久");
        let id = text(&comment(&neighbour, &n, "谁家不晒呢")["id"]);
        flag(&resident, &id);
        assert_eq!(queue(&w.client(Some("clerk")))["items"].as_array().unwrap().len(), 1);
        w.app.ambience.advance(25 * HOUR);
        w.restart();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (clerk, street) = (w.client(Some("clerk")), w.client(Some("street")));
        assert_eq!(queue(&clerk)["items"].as_array().unwrap().len(), 0);
        assert_eq!(queue(&street)["items"][0]["id"], id.as_str());
        assert_eq!(judge(&clerk, &id, json!({ "show": true })).error(), (403, "denied".into()));
        let inbox = street.get("/inbox").json();
        assert_eq!(inbox["items"][0]["kind"], "near-escalate");
        assert_eq!(inbox["items"][0]["need"], true);
        assert_eq!(judge(&street, &id, json!({ "show": true })).status, 200);
        assert_eq!(street.get("/inbox").json()["need"], 0, "nobody is waited for any more");
    });
}

#[test]
fn the_desk_learns_who_it_was_only_for_a_reason_and_he_reads_it() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let n = topic(&resident, "找猫", "有人看到一只橘猫吗");
        let id = text(&comment(&neighbour, &n, "我看到了但不告诉你")["id"]);
        let ask = |client: &Client, body: Json| client.post(&format!("/neighbours/posts/{id}/person"), &body);
        assert_eq!(ask(&clerk, json!({ "why": "想知道" })).error(), (403, "denied".into()), "there is nothing to decide");
        flag(&resident, &id);
        assert_eq!(ask(&clerk, json!({})).error(), (422, "missing".into()));
        assert_eq!(ask(&resident, json!({ "why": "x" })).status, 403);
        assert_eq!(ask(&w.client(Some("street")), json!({ "why": "x" })).error(), (403, "denied".into()));
        assert!(!queue(&clerk).to_string().contains("某某neighbour"));
        let told = ask(&clerk, json!({ "why": "有人说被威胁，要联系本人" })).json();
        assert_eq!(told["name"], "某某neighbour");
        let reads = neighbour.get("/me/reads").text;
        assert!(reads.contains("neighbours-person"), "{reads}");
    });
}

#[test]
fn a_building_talks_among_itself() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        join(&neighbour, "月季花");
        let new = json!({ "nick": "三楼老王", "building": HOUSE });
        assert_eq!(resident.post("/neighbours/join", &new).status, 201);
        let post = json!({ "category": "help", "title": "楼道灯", "text": "谁会换楼道灯", "group": "building" });
        assert_eq!(resident.post("/neighbours/topics", &post).error(), (409, "no-building".into()), "not before it is confirmed");
        let asking = queue(&clerk)["people"][0].clone();
        assert_eq!(asking["building"], "5栋");
        let id = text(&asking["id"]);
        let confirm = |client: &Client| client.post(&format!("/neighbours/members/{id}/confirm"), &json!({ "accept": true }));
        assert_eq!(confirm(&w.client(Some("stranger"))).status, 403);
        assert_eq!(confirm(&clerk).status, 200);
        let n = text(&resident.post("/neighbours/topics", &post).json()["number"]);
        for (login, status) in [
            (None, 404),
            (Some("neighbour"), 404),
            (Some("clerk"), 404),
            (Some("stranger"), 404),
            (Some("street"), 404),
            (Some("resident"), 200),
        ] {
            assert_eq!(w.client(login).get(&format!("/neighbours/topics/{n}")).status, status, "{login:?}");
        }
        assert_eq!(resident.get("/neighbours?group=building").json()["items"][0]["number"], n.as_str());
        // Of the whole community: its people and its desk; everybody reads what the committee shows to all.
        let open = topic(&resident, "停水通知", "明天上午停水，电话13812345678问");
        for (login, status) in [(None, 404), (Some("neighbour"), 200), (Some("clerk"), 200), (Some("stranger"), 404)] {
            assert_eq!(w.client(login).get(&format!("/neighbours/topics/{open}")).status, status, "{login:?}");
        }
        let show = |client: &Client, n: &str| client.post(&format!("/neighbours/topics/{n}/notice"), &json!({ "on": true }));
        assert_eq!(show(&resident, &open).status, 403);
        assert_eq!(show(&clerk, &open).status, 200);
        comment(&neighbour, &open, "知道了");
        let visitor = w.client(None);
        let seen = read(&visitor, &open);
        assert!(text(&seen["opening"]["text"]).contains("停水") && !text(&seen["opening"]["text"]).contains("13812345678"));
        assert_eq!(seen["texts"].as_array().unwrap().len(), 0, "what neighbours answer is theirs");
        assert_eq!(visitor.get(&format!("/neighbours?area={COMMUNITY}")).json()["items"].as_array().unwrap().len(), 1);
        // The committee speaks in its own name.
        let said = json!({ "category": "office", "title": "体检", "text": "周三在居委会免费体检", "office": true });
        assert_eq!(resident.post("/neighbours/topics", &said).error(), (403, "denied".into()));
        let n = text(&clerk.post("/neighbours/topics", &said).json()["number"]);
        assert_eq!(read(&visitor, &n)["opening"]["by"], "committee");
    });
}

#[test]
fn however_much_is_said_one_message_a_day_comes_of_a_topic() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let n = topic(&resident, "菜场", "新菜场哪天开门");
        for i in ["下周", "听说下个月", "门口贴了告示", "我去看过了", "还在装修"] {
            comment(&neighbour, &n, i);
        }
        let of = |client: &Client| client.get(&format!("/inbox?subject={n}")).json()["items"].as_array().unwrap().clone();
        assert!(of(&resident).is_empty(), "not one by one");
        w.app.ambience.advance(DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        let told = of(&resident);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["kind"], "near-topic");
        assert!(of(&neighbour).is_empty(), "nobody hears of his own words");
        // Whoever does not want to hear of it hears nothing.
        assert_eq!(resident.post(&format!("/neighbours/topics/{n}/follow"), &json!({ "on": false })).status, 200);
        comment(&neighbour, &n, "开门了");
        w.app.ambience.advance(DAY);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!(of(&w.client(Some("resident"))).len(), 1);
    });
}

#[test]
fn of_a_text_taken_back_no_word_is_left() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let n = topic(&resident, "夜宵", "哪里有夜宵");
        let id = text(&comment(&neighbour, &n, "后门的馄饨独一份")["id"]);
        flag(&resident, &id);
        judge(&clerk, &id, json!({ "show": false, "reason": "advert", "note": "这是广告吧" }));
        let delete = |client: &Client| client.post(&format!("/neighbours/posts/{id}/delete"), &json!({}));
        assert_eq!(delete(&resident).status, 404);
        let opened = |w: &World| -> Vec<String> {
            let entries = w.app.db.read(|r| r.history(&id)).unwrap();
            entries.iter().flat_map(|e| e.elements.iter().map(|x| x.1.to_string())).collect()
        };
        assert_eq!(opened(w).len(), 2, "sealed, and there: the words, and the desk's note");
        assert_eq!(delete(&neighbour).status, 200);
        assert!(opened(w).is_empty());
        let (key, mark) = w
            .app
            .db
            .read(|r| {
                let key = r.count("select count(*) from subject_key where owner = $1", params![&id])?;
                let row = r.row("select mark, sketch from near_post where id = $1", params![&id])?.unwrap();
                Ok::<_, Error>((key, (row.get::<Option<String>>("mark")?, row.get::<Option<String>>("sketch")?)))
            })
            .unwrap();
        assert_eq!((key, mark), (0, (None, None)));
        let seen = read(&neighbour, &n)["texts"][0].clone();
        assert_eq!((text(&seen["state"]).as_str(), seen["text"].is_null(), seen["note"].is_null()), ("gone", true, true));
        assert_eq!(delete(&neighbour).error(), (403, "denied".into()));
    });
}

#[test]
fn one_voice_each_hidden_until_the_end_and_one_thank() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        join(&resident, "三楼老王");
        join(&neighbour, "月季花");
        let ask = json!({ "category": "poll", "title": "长椅", "text": "长椅放哪里", "options": ["东门", "西门"] });
        assert_eq!(
            resident.post("/neighbours/topics", &json!({ "category": "poll", "title": "x", "text": "y" })).error(),
            (422, "missing".into())
        );
        let n = text(&resident.post("/neighbours/topics", &ask).json()["number"]);
        let voice =
            |client: &Client, choice: i64| client.post(&format!("/neighbours/topics/{n}/voice"), &json!({ "choice": choice }));
        for choice in [2, 1] {
            assert_eq!(voice(&resident, choice).status, 200);
        }
        assert_eq!(voice(&neighbour, 1).status, 200);
        assert_eq!(voice(&neighbour, 3).error().0, 422);
        let open = read(&clerk, &n)["poll"].clone();
        assert!(open["voices"].is_null() && open["options"].as_array().unwrap().iter().all(|o| o["voices"].is_null()), "{open}");
        assert_eq!(read(&resident, &n)["poll"]["own"], 1);
        // No table says whose voice it was.
        let person = w.who("resident").person.unwrap();
        let rows = w.app.db.read(|r| r.rows("select * from near_voice", &[])).unwrap();
        assert!(rows.len() == 2 && !format!("{rows:?}").contains(&person));
        let id = text(&read(&neighbour, &n)["opening"]["id"]);
        for _ in 0..2 {
            assert_eq!(neighbour.post(&format!("/neighbours/posts/{id}/thanks"), &json!({})).status, 200);
        }
        assert_eq!(
            resident.post(&format!("/neighbours/posts/{id}/thanks"), &json!({})).error(),
            (409, "state".into()),
            "not oneself"
        );
        assert_eq!(read(&neighbour, &n)["opening"]["thanks"], 1);
        w.app.ambience.advance(15 * DAY);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        let over = read(&neighbour, &n)["poll"].clone();
        assert_eq!(
            (&over["voices"], &over["options"][0]["voices"], &over["options"][1]["voices"]),
            (&json!(2), &json!(2), &json!(0))
        );
        let late = resident.post(&format!("/neighbours/topics/{n}/voice"), &json!({ "choice": 1 }));
        assert_eq!(late.error(), (409, "too-late".into()));
    });
}

#[test]
fn a_complaint_in_a_topic_becomes_a_report_with_a_number() {
    on_each_engine(|w| {
        settled(w);
        let (resident, neighbour) = (w.client(Some("resident")), w.client(Some("neighbour")));
        join(&resident, "三楼老王");
        let n = topic(&resident, "井盖", "北门的井盖翘起来了");
        let path = format!("/neighbours/topics/{n}/report");
        assert!(text(&neighbour.get(&path).json()["text"]).contains("井盖翘起来了"), "the words stand in the form");
        let sent = neighbour.post(&format!("/neighbours/topics/{n}/report"), &json!({ "text": "井盖\n北门的井盖翘起来了" }));
        assert_eq!(sent.status, 201, "{}", sent.text);
        let case = text(&sent.json()["case"]);
        assert_eq!(read(&resident, &n)["case"], case.as_str());
        assert_eq!(resident.post(&path, &json!({ "text": "再报" })).error(), (409, "taken".into()), "one topic is one report");
        let seen = w.client(Some("clerk")).get(&format!("/cases/{case}")).text;
        assert!(seen.contains("井盖翘起来了"));
        assert_eq!(w.client(Some("stranger")).get(&path).status, 404);
        assert_eq!(resident.get("/neighbours/new").json()["nick"], "三楼老王");
    });
}
