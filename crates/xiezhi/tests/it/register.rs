//! The register: written down, found, changed, moved, joined and counted, on both engines.

use serde_json::{Value as Json, json};
use store::{Query as _, params};

use crate::world::{Client, World, on_each_engine};

/// A building of the first grid.
pub fn building(w: &World) -> String {
    use xiezhi::base::area;
    let grid = w.app.db.read(|r| area::by_code(r, "321002001001-1")).unwrap().unwrap();
    let new = move |tx: &mut store::Tx| {
        let house =
            area::NewBuilding { area: &grid.id, name: "1栋", address: "东关街 1栋", point: None, floors: 6, homes: 24 };
        Ok::<_, xiezhi::kit::Error>(area::add_buildings(tx, &[house])?.remove(0))
    };
    w.app.db.write(new).unwrap().value
}

pub fn purpose(client: &Client) {
    assert_eq!(client.post("/register/purpose", &json!({"purpose": "register-keep"})).status, 200);
}

pub fn add(client: &Client, body: Json) -> String {
    let answer = client.post("/register/people", &body);
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// What the counters say equals what a count gives, in every area.
pub fn recounted(w: &World) {
    let rows = w
        .app
        .db
        .read(|r| r.rows("select path, what, n from resident_count where what in ('people', 'households', 'homes')", &[]))
        .unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let (path, what, n): (String, String, i64) = (row.get("path").unwrap(), row.get("what").unwrap(), row.get("n").unwrap());
        let sql = match what.as_str() {
            "people" => {
                "select count(*) from resident where path >= $1 and path < $2 and kind = 'person' and state = 'here' and golden is null"
            }
            "households" => "select count(*) from household where path >= $1 and path < $2 and size > 0",
            _ => "select count(*) from dwelling where path >= $1 and path < $2",
        };
        let end = xiezhi::base::area::end_of(&path);
        assert_eq!(w.app.db.read(|r| r.count(sql, params![&path, &end])).unwrap(), n, "{what} of {path}");
    }
    let sizes = "select count(*) from household h where h.size <> (select count(*) from resident r where r.household = h.id \
                 and r.state = 'here' and r.golden is null)";
    assert_eq!(w.app.db.read(|r| r.count(sizes, &[])).unwrap(), 0, "sizes of households");
}

#[test]
fn inv07_nothing_is_read_without_a_purpose_and_every_read_is_logged() {
    on_each_engine(|w| {
        let house = building(w);
        let grid = w.client(Some("grid"));
        let refused = grid.post("/register", &json!({"q": "王丽"}));
        assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("purpose")));
        purpose(&grid);
        let id = add(
            &grid,
            json!({"place": house, "door": "2单元602", "name": "王丽", "phone": "13800000001", "id_number": "11010519491231002X"}),
        );
        // A browser keeps titles in its history, and shows them to whoever looks over a shoulder.
        let shown = grid.get_as(&format!("/register/people/{id}"), "text/html").text;
        let title = shown.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
        assert!(shown.contains("王丽") && !title.contains("王丽"), "{title}");
        let page = grid.get(&format!("/register/people/{id}")).json();
        let value = |page: &Json, field: &str| {
            let all = page["values"].as_array().unwrap();
            all.iter().find(|v| v["field"] == field).map(|v| v["value"].as_str().unwrap().to_owned())
        };
        assert_eq!(value(&page, "birth").as_deref(), Some("1949-12-31"), "the number says it");
        assert_eq!(value(&page, "sex").as_deref(), Some("女"));
        assert_eq!(value(&page, "id_number").as_deref(), Some("1101**********002X"), "masked for whoever walks the grid");
        let reads = "select elements from read_log where owner = $1";
        let logged = w.app.db.read(|r| r.rows(reads, params![&id])).unwrap();
        let all: Vec<String> = logged.iter().map(|r| r.get("elements").unwrap()).collect();
        assert!(all.iter().any(|e| e.contains("register.phone")), "{all:?}");
        assert!(all.iter().all(|e| !e.contains("register.id_number")), "masked values are not reads in clear: {all:?}");
        // Others of the place see nothing, or do not even learn that there is somebody.
        for login in ["property", "helper", "stranger"] {
            let client = w.client(Some(login));
            let answer = client.post("/register/purpose", &json!({"purpose": "register-keep"}));
            assert_eq!(answer.status, 200);
            assert_eq!(client.get(&format!("/register/people/{id}")).status, 404, "{login}");
            assert_eq!(client.post("/register", &json!({"q": "王丽"})).json()["items"].as_array().unwrap().len(), 0, "{login}");
        }
        let street = w.client(Some("street"));
        purpose(&street);
        let above = street.get(&format!("/register/people/{id}")).json();
        assert_eq!(value(&above, "name").as_deref(), Some("王*"));
        assert_eq!(value(&above, "phone"), None);
        w.app.ambience.advance(5 * 3_600_000);
        assert_eq!(grid.get(&format!("/register/people/{id}")).status, 409, "the purpose has ended by itself");
        assert_eq!(w.client(Some("resident")).get("/register").status, 403);
    });
}

#[test]
fn somebody_is_found_changed_moved_and_gone() {
    on_each_engine(|w| {
        let house = building(w);
        let clerk = w.client(Some("clerk"));
        purpose(&clerk);
        let home = |door: &str, name: &str| json!({"place": house, "door": door, "name": name});
        let mut body = home("2单元602", "欧阳慧");
        body["phone"] = "139 0000 1234".into();
        body["id_number"] = "11010519491231002X".into();
        let id = add(&clerk, body.clone());
        let found = |q: &str| clerk.post("/register", &json!({"q": q})).json()["items"].as_array().unwrap().len();
        assert_eq!(["欧阳慧", "13900001234", "1234", "002x", "11010519491231002x"].map(found), [1; 5]);
        assert_eq!(["欧阳", "1235", "某某"].map(found), [0; 3]);
        // The same number is the same person, whatever else is said.
        let again = json!({"place": house, "door": "701", "name": "王五", "id_number": "11010519491231002X", "anyway": "1"});
        let answer = clerk.post("/register/people", &again);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("held")));
        let typed = json!({"name": "欧阳惠", "birth": "1949-12", "phone": "139 0000 1234", "place": house, "door": "2－602"});
        assert_eq!(clerk.post("/register/check", &typed).json()["near"][0]["row"]["id"], id.as_str(), "while it is typed");
        let perhaps = clerk.post(
            "/register/people",
            &json!({"place": house, "door": "2单元602", "name": "欧阳惠", "birth": "1949-12-31", "phone": "13900001234"}),
        );
        assert_eq!(perhaps.status, 409);
        assert_eq!(perhaps.json()["near"][0]["row"]["id"], id.as_str(), "{}", perhaps.text);
        // A household: two more, one of whom leaves it with the other.
        let page = clerk.get(&format!("/register/people/{id}")).json();
        let dwelling = page["home"]["id"].as_str().unwrap().to_owned();
        let own = clerk.get(&format!("/register/homes/{dwelling}")).json()["households"][0]["id"].as_str().unwrap().to_owned();
        let mut kin = Vec::new();
        for name in ["司马亮", "司马小"] {
            let mut one = home("2单元602", name);
            one["anyway"] = "1".into();
            one["household"] = own.as_str().into();
            kin.push(add(&clerk, one));
        }
        recounted(w);
        assert_eq!(clerk.post(&format!("/register/homes/{dwelling}/split"), &json!({"person": kin})).status, 200);
        let households = clerk.get(&format!("/register/homes/{dwelling}")).json()["households"].as_array().unwrap().len();
        assert_eq!(households, 2);
        recounted(w);
        let act = |id: &str, action: &str, body: Json| clerk.post(&format!("/register/people/{id}/{action}"), &body);
        assert_eq!(act(&kin[0], "move", json!({"place": house, "door": "1单元101"})).status, 200);
        let used = |said: &str| clerk.post(&format!("/register/homes/{dwelling}/use"), &json!({"use": said})).status;
        assert_eq!((used("rented"), used("palace")), (200, 422));
        assert_eq!(clerk.get(&format!("/register/places/{house}")).json()["homes"].as_array().unwrap().len(), 2);
        assert_eq!(act(&kin[1], "death", json!({})).status, 200);
        assert_eq!(act(&kin[1], "death", json!({})).json()["code"], "state");
        recounted(w);
        // Changed by somebody who saw an older version: refused, nothing lost.
        let version = act(&id, "change", json!({"phone": "13900009999"})).json()["version"].clone();
        assert_eq!(act(&id, "change", json!({"phone": "1", "version": 1})).json()["code"], "changed");
        let changed = act(&id, "change", json!({"phone": "", "work": "退休", "version": version})).json();
        let was: Vec<&str> = changed["past"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|p| p["was"].as_array().unwrap())
            .map(|w| w["value"].as_str().unwrap())
            .collect();
        assert_eq!(was, ["13900009999", "13900001234"], "what was known is kept");
        assert_eq!(["1234", "13900009999"].map(found), [0, 0], "and no longer found");
        for (body, code) in [
            (json!({"birth": "1990-02-30"}), "wrong-type"),
            (json!({"sex": "不知道"}), "unknown-value"),
            (json!({"name": ""}), "missing"),
        ] {
            let answer = act(&id, "change", body);
            assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some(code)));
        }
        assert_eq!(act(&id, "seen", json!({})).status, 200);
        assert_eq!(act(&id, "leave", json!({})).json()["state"], "away");
        recounted(w);
        assert_eq!(w.client(Some("head")).post(&format!("/register/people/{id}/seen"), &json!({})).json()["code"], "purpose");
    });
}

#[test]
fn what_somebody_needs_has_a_purpose_an_end_and_a_consent() {
    on_each_engine(|w| {
        let house = building(w);
        let (clerk, head) = (w.client(Some("clerk")), w.client(Some("head")));
        purpose(&clerk);
        purpose(&head);
        let id = add(&clerk, json!({"place": house, "door": "101", "name": "张大爷"}));
        let tag = |body: Json| clerk.post(&format!("/register/people/{id}/tag"), &body);
        assert_eq!(tag(json!({"code": "alone"})).json()["code"], "missing");
        assert_eq!(tag(json!({"code": "rich", "consent": "said"})).json()["code"], "unknown-value");
        assert_eq!(tag(json!({"code": "alone", "consent": "said", "until": "2030-01-01"})).json()["code"], "out-of-range");
        let page = tag(json!({"code": "alone", "consent": "said", "until": "2026-06-01"})).json();
        assert_eq!((&page["tags"][0]["code"], &page["tags"][0]["purpose"]), (&json!("alone"), &json!("register-keep")));
        let list = "/register/people?area=321002001001&tag=alone";
        assert_eq!(clerk.get(list).json()["items"].as_array().unwrap().len(), 1);
        let grids = "/register/people?area=321002001001-1&tag=alone";
        assert_eq!(head.get(grids).json()["code"], "denied", "a building head keeps no register");
        let grid = w.client(Some("grid"));
        purpose(&grid);
        assert_eq!(grid.get(grids).json()["items"].as_array().unwrap().len(), 1);
        assert_eq!(head.get(&format!("/register/people/{id}")).json()["tags"], json!([]));
        assert_eq!(clerk.post(&format!("/register/people/{id}/untag"), &json!({"code": "alone"})).status, 200);
        assert_eq!(clerk.get(list).json()["items"].as_array().unwrap().len(), 0);
    });
}

#[test]
fn doubles_are_found_joined_and_separated_again() {
    on_each_engine(|w| {
        let house = building(w);
        let clerk = w.client(Some("clerk"));
        purpose(&clerk);
        let one = json!({"place": house, "door": "2单元602", "name": "王丽", "birth": "1990-01-02", "phone": "13800000001"});
        let two = json!({"place": house, "door": "3单元101", "name": "王莉", "birth": "1990年1月2日", "phone": "+86 138 0000 0001", "work": "教师", "anyway": "1"});
        let a = add(&clerk, one);
        w.app.ambience.advance(1_000);
        let b = add(&clerk, two);
        for n in 0..12 {
            add(
                &clerk,
                json!({"place": house, "door": format!("1单元{}01", n + 1), "name": format!("{}某{n}", ["赵", "钱", "孙"][n % 3]), "birth": format!("19{}-05-1{}", 40 + n, n % 9), "anyway": "1"}),
            );
        }
        assert_eq!(clerk.post("/register/search", &json!({})).json()["found"], 1);
        assert_eq!(clerk.post("/register/search", &json!({})).json()["found"], 0, "known already");
        let pairs = clerk.get("/register/pairs").json();
        let pair = &pairs["items"][0];
        assert!(pair["why"].as_array().unwrap().contains(&json!("name-sound")), "{pairs}");
        let id = pair["id"].as_str().unwrap().replace(':', "%3A");
        assert_eq!(clerk.post(&format!("/register/pairs/{id}/same"), &json!({})).status, 200);
        recounted(w);
        let page = clerk.get(&format!("/register/people/{a}")).json();
        assert_eq!(page["joined"], json!([b]));
        let work = page["values"].as_array().unwrap().iter().find(|v| v["field"] == "work").unwrap();
        assert_eq!(work["value"], "教师", "known from the other record");
        let list = json!({"area": "321002001001", "element": ["register.name", "register.work"]});
        let list = clerk.post("/register/export", &list).json()["id"].as_str().unwrap().to_owned();
        let file = clerk.get_as(&format!("/register/export/{list}/file"), "*/*");
        let rows = xiezhi::kit::foreign::read(&file.body).unwrap();
        assert!(rows.iter().any(|(_, row)| row.contains(&"教师".to_owned())), "also in lists that leave: {rows:?}");
        assert_eq!(clerk.post("/register", &json!({"q": "王莉"})).json()["items"][0]["id"], a.as_str(), "one stands for both");
        assert_eq!(clerk.post(&format!("/register/pairs/{id}/undo"), &json!({})).status, 200);
        recounted(w);
        assert_eq!(clerk.get(&format!("/register/people/{a}")).json()["joined"], json!([]));
        // Two valid numbers are two people, whatever else agrees.
        for (id, number) in [(&a, "11010519491231002X"), (&b, "440524188001010014")] {
            assert_eq!(clerk.post(&format!("/register/people/{id}/change"), &json!({"id_number": number})).status, 200);
        }
        assert_eq!(clerk.post(&format!("/register/pairs/{id}/same"), &json!({})).json()["code"], "two-numbers");
        recounted(w);
        // The number as old cards have it is the same number.
        let old = json!({"place": house, "name": "王丽", "id_number": "110105491231002", "anyway": "1"});
        assert_eq!(clerk.post("/register/people", &old).json()["code"], "held");
        assert_eq!(clerk.post("/register", &json!({"q": "110105491231002"})).json()["items"][0]["id"], a.as_str());
    });
}

/// Two records that somebody is asked about; gives the name of the pair, as a path needs it.
pub fn suspected(w: &World, a: &str, b: &str) -> String {
    let (id, a, b) = (format!("{a}:{b}"), a.to_owned(), b.to_owned());
    let path = id.replace(':', "%3A");
    w.app
        .db
        .write(move |tx| {
            let sql = "insert into resident_pair(id, a, b, path, bits, why, state, found_at) \
                       select $1, id, $3, path, 0, '', 'suspected', 0 from resident where id = $2";
            tx.exec(sql, params![id, a, b])?;
            tx.log(store::Entry::new("register.search", "node", ""))?;
            Ok::<_, xiezhi::kit::Error>(())
        })
        .unwrap();
    path
}

#[test]
fn what_is_done_with_a_record_is_done_with_those_for_which_it_stands() {
    on_each_engine(|w| {
        let (house, clerk) = (building(w), w.client(Some("clerk")));
        purpose(&clerk);
        let number = "11010519491231002X";
        let a = add(&clerk, json!({"place": house, "door": "1单元101", "name": "王丽", "phone": "13800000001"}));
        w.app.ambience.advance(1_000);
        let two = json!({"place": house, "door": "1单元102", "name": "王莉", "id_number": number, "phone": "13800000002", "source": "department", "anyway": "1"});
        let b = add(&clerk, two);
        let (one, other) = (format!("/register/people/{a}"), format!("/register/people/{b}"));
        assert_eq!(clerk.post(&format!("{other}/tag"), &json!({"code": "alone", "consent": "spoken"})).status, 200);
        let pair = suspected(w, &a, &b);
        assert_eq!(clerk.post(&format!("/register/pairs/{pair}/same"), &json!({})).status, 200);
        let value = |field: &str| {
            let page = clerk.get(&one).json();
            page["values"].as_array().unwrap().iter().find(|v| v["field"] == field).map(|v| v["value"].clone())
        };
        assert_eq!(value("phone"), Some(json!("13800000002")), "the department is trusted further");
        // The page shows the other record's number: a form that brings it back changes nothing.
        let form = json!({"name": value("name"), "id_number": number, "phone": "13800000009"});
        assert!(clerk.post(&format!("{one}/change"), &form).text.contains("13800000009"));
        assert_eq!(value("phone"), Some(json!("13800000009")), "what was corrected is what is shown");
        let second = json!({"id_number": "440524188001010014"});
        assert_eq!(clerk.post(&format!("{one}/change"), &second).json()["code"], "two-numbers");
        // A tag of either is taken from both.
        assert_eq!(clerk.get(&one).json()["tags"][0]["code"], "alone");
        assert_eq!(clerk.post(&format!("{one}/untag"), &json!({"code": "alone"})).json()["tags"], json!([]));
        // Whoever has left has left as both, whichever of them is named.
        assert_eq!(clerk.post(&format!("{other}/leave"), &json!({})).json()["state"], "away");
        recounted(w);
        assert_eq!(clerk.post(&format!("/register/pairs/{pair}/undo"), &json!({})).status, 200);
        assert_eq!(
            (clerk.get(&one).json()["state"].clone(), clerk.get(&other).json()["state"].clone()),
            (json!("away"), json!("away"))
        );
        recounted(w);
    });
}

#[test]
fn that_somebody_is_held_elsewhere_tells_nothing_about_him() {
    on_each_engine(|w| {
        let (house, clerk) = (building(w), w.client(Some("clerk")));
        purpose(&clerk);
        add(
            &clerk,
            json!({"place": house, "door": "1单元101", "name": "欧阳若兰", "birth": "1949-12-31", "phone": "13800000001"}),
        );
        for n in 0..12 {
            let name = format!("{}某{n}", ["赵", "钱", "孙"][n % 3]);
            add(
                &clerk,
                json!({"place": house, "door": format!("{n}"), "name": name, "birth": format!("19{}-05-1{}", 40 + n, n % 9), "anyway": "1"}),
            );
        }
        let stranger = w.client(Some("stranger"));
        purpose(&stranger);
        let guess = json!({"name": "欧阳若兰", "birth": "1949-12-31", "phone": "13800000001"});
        let own = clerk.post("/register/check", &guess).json()["near"][0].clone();
        assert!(own["why"].as_array().unwrap().contains(&json!("phone-same")), "{own}");
        let told = stranger.post("/register/check", &guess).json()["near"][0].clone();
        assert_eq!((&told["why"], &told["percent"], &told["row"]["id"]), (&json!([]), &json!(0), &json!("")), "{told}");
    });
}

#[test]
fn statistics_leave_small_numbers_out_for_those_above() {
    on_each_engine(|w| {
        let house = building(w);
        let clerk = w.client(Some("clerk"));
        purpose(&clerk);
        for n in 0..9 {
            let sex = if n < 2 { "男" } else { "女" };
            add(
                &clerk,
                json!({"place": house, "door": format!("{n}01"), "name": format!("某甲{n}"), "birth": format!("1950-01-0{}", n + 1), "sex": sex, "anyway": "1"}),
            );
        }
        let own = clerk.get("/register/statistics?area=321002001001").json();
        let group = own["ages"].as_array().unwrap().iter().find(|a| a["from"] == 75).unwrap();
        assert_eq!((&group["male"], &group["female"], &own["exact"]), (&json!(2), &json!(7), &json!(true)));
        let street = w.client(Some("street"));
        let above = street.get("/register/statistics?area=321002001001&by=grid").json();
        let group = above["ages"].as_array().unwrap().iter().find(|a| a["from"] == 75).unwrap();
        assert_eq!((&group["male"], &group["female"]), (&Json::Null, &json!(5)));
        assert_eq!(above["totals"][0]["n"], 10, "9 and 7 would tell that the others are 2");
        assert_eq!(above["beneath"][0]["n"], 10);
        let grid = street.get("/register/statistics?area=321002001001-1&what=born:1950:1").json();
        assert_eq!((&grid["totals"][0]["n"], &grid["exact"]), (&json!(10), &json!(false)), "whichever way it is asked");
        assert_eq!(street.get("/register/statistics?area=321002001001&format=xlsx").status, 200);
        assert_eq!(w.client(Some("stranger")).get("/register/statistics?area=321002001001").status, 404);
    });
}

#[test]
fn whoever_lives_in_a_building_goes_with_it_into_another_grid() {
    on_each_engine(|w| {
        let house = building(w);
        let (clerk, grid) = (w.client(Some("clerk")), w.client(Some("grid")));
        purpose(&clerk);
        purpose(&grid);
        let id = add(&clerk, json!({"place": house, "door": "101", "name": "张三"}));
        let gone = add(&clerk, json!({"place": house, "door": "101", "name": "李四", "anyway": "1"}));
        assert_eq!(clerk.post(&format!("/register/people/{gone}/leave"), &json!({})).status, 200);
        assert_eq!(grid.get(&format!("/register/people/{id}")).status, 200);
        let cut = |to: &'static str| {
            let house = house.clone();
            let write = move |tx: &mut store::Tx| {
                let to = xiezhi::base::area::by_code(tx, to)?.unwrap();
                tx.exec("update building set area = $2 where id = $1", params![&house, &to.id])?;
                tx.log(store::Entry::new("area.recut", "area", &to.id))?;
                Ok::<_, xiezhi::kit::Error>(())
            };
            w.app.db.write(write).unwrap();
            xiezhi::records::register::recut::follow(&w.app).unwrap();
            recounted(w);
        };
        cut("321002001001-2");
        assert_eq!(grid.get(&format!("/register/people/{id}")).status, 404, "another one walks there now");
        assert_eq!(clerk.get("/register/people?area=321002001001-2").json()["items"].as_array().unwrap().len(), 1);
        assert_eq!(clerk.get("/register/statistics?area=321002001001-1").json()["totals"][0]["n"], 0);
        cut("321002001001-2");
        cut("321002001001-1");
        assert_eq!(grid.get(&format!("/register/people/{id}")).status, 200);
        let moved = "select count(*) from log where act = 'register.recut' and obj <> ''";
        assert_eq!(w.app.db.read(|r| r.count(moved, &[])).unwrap(), 2);
    });
}
