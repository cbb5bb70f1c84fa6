//! The matrix of who sees what, as it leaves the program: each role × purpose × element on the page, in the data and in the
//! exported list is what the decision says, no more and no less.

use std::collections::BTreeMap;

use calc::grade::{self, Decision};
use serde_json::json;
use xiezhi::base::catalogue::decide::{Asker, purposes};
use xiezhi::base::catalogue::{codes, decide, element};
use xiezhi::kit::RoleKind;
use xiezhi::records::register::rules::{PERSON, relation};

use crate::world::{Client, World, on_each_engine};

/// Values that are unlike each other and anything else on a page.
const VALUES: [(&str, &str); 12] = [
    ("name", "欧阳鹳雀"),
    ("id_number", "11010519491231002X"),
    ("sex", "女"),
    ("birth", "1949-12-31"),
    ("ethnic", "鄂温克族"),
    ("phone", "13987654321"),
    ("relation", "兄弟姐妹"),
    ("stay", "guest"),
    ("origin", "雀巢县金丝路七号"),
    ("marriage", "丧偶"),
    ("education", "大学专科"),
    ("work", "鹦鹉养殖场"),
];

fn code(field: &str) -> &'static str {
    PERSON.iter().copied().find(|e| e.strip_prefix("register.") == Some(field)).unwrap()
}

/// A value as it looks in clear, and masked.
fn looks(field: &str, said: &str) -> (String, String) {
    let element = element(code(field)).unwrap();
    let known = element.list.as_deref().and_then(|l| codes::meant(l, said));
    let (raw, word) = known.map_or((said.to_owned(), said.to_owned()), |c| (c.code.clone(), c.zh.clone()));
    (word, grade::apply(element.mask, &raw))
}

fn written(w: &mut World) -> String {
    let clerk = w.client(Some("clerk"));
    assert_eq!(clerk.post("/register/purpose", &json!({"purpose": "register-keep"})).status, 200);
    let grid = w.app.db.read(|r| xiezhi::base::area::by_code(r, "321002001001-1")).unwrap().unwrap();
    let mut body = json!({"place": grid.id, "door": "101", "anyway": "1"});
    for (field, value) in VALUES {
        body[field] = value.into();
    }
    let made = clerk.post("/register/people", &body);
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// What the decisions give somebody of each field.
fn expected(w: &World, login: &str, purpose: &str) -> BTreeMap<&'static str, Option<String>> {
    let who = w.who(login);
    let path = w.app.db.read(|r| xiezhi::base::area::by_code(r, "321002001001-1")).unwrap().unwrap().path;
    let roles: Vec<RoleKind> = who.roles.iter().map(|r| r.kind).collect();
    let of = |(field, said): (&'static str, &str)| {
        let shown = relation(&who, &path).and_then(|relation| {
            let (plain, masked) = looks(field, said);
            match decide(code(field), &Asker { roles: &roles, purpose, relation }).decision {
                Decision::Plain => Some(plain),
                Decision::Mask => Some(masked),
                Decision::Hash | Decision::Hidden => None,
            }
        });
        (field, shown)
    };
    VALUES.into_iter().map(of).collect()
}

/// What is on the page between its head and its foot, as text.
fn page(client: &Client, id: &str) -> String {
    let html = client.get_as(&format!("/register/people/{id}"), "text/html").text;
    html.split("<main").nth(1).unwrap_or_default().split("</main>").next().unwrap_or_default().to_owned()
}

#[test]
fn inv07_pages_data_and_lists_give_what_the_decisions_say() {
    on_each_engine(|w| {
        let id = written(w);
        let mut cells = 0;
        for login in ["grid", "head", "clerk", "street", "property", "helper", "stranger"] {
            let client = w.client(Some(login));
            for purpose in purposes() {
                assert_eq!(client.post("/register/purpose", &json!({"purpose": purpose.code})).status, 200);
                let expected = expected(w, login, &purpose.code);
                let answer = client.get(&format!("/register/people/{id}"));
                if expected.values().all(Option::is_none) {
                    assert_eq!(answer.status, 404, "{login}: what is hidden altogether is not there");
                }
                let data = if answer.status == 200 { answer.json() } else { json!({"values": []}) };
                let html = page(&client, &id);
                for (field, shown) in &expected {
                    let given = data["values"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .find(|v| v["field"] == *field)
                        .map(|v| v["value"].as_str().unwrap());
                    assert_eq!(given, shown.as_deref(), "{login} {} {field}: data", purpose.code);
                    let (plain, _) = looks(field, VALUES.iter().find(|(f, _)| f == field).unwrap().1);
                    let is_plain = shown.as_deref() == Some(plain.as_str());
                    // Words of lists stand in the choices of a form, too.
                    let listed = element(code(field)).unwrap().list.is_some();
                    assert!(listed || html.contains(&plain) == is_plain, "{login} {} {field}: page", purpose.code);
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 7 * 5 * 12);
        // The list that leaves.
        let clerk = w.client(Some("clerk"));
        for purpose in purposes() {
            assert_eq!(clerk.post("/register/purpose", &json!({"purpose": purpose.code})).status, 200);
            let fields: Vec<&str> = VALUES.iter().map(|(f, _)| code(f)).collect();
            let asked = clerk.post("/register/export", &json!({"area": "321002001001", "element": fields}));
            assert!(asked.status < 300, "{}", asked.text);
            let list = asked.json()["id"].as_str().unwrap().to_owned();
            let file = clerk.get_as(&format!("/register/export/{list}/file"), "*/*");
            assert_eq!(file.status, 200, "{}", file.text);
            let rows: Vec<String> =
                xiezhi::kit::foreign::read(&file.body).unwrap().into_iter().map(|(_, r)| r.join("\t")).collect();
            let all = rows.join("\n");
            for (field, shown) in expected(w, "clerk", &purpose.code) {
                let (plain, masked) = looks(field, VALUES.iter().find(|(f, _)| *f == field).unwrap().1);
                let is_plain = shown.as_deref() == Some(plain.as_str());
                assert_eq!(all.contains(&plain), is_plain, "{} {field}: list\n{all}", purpose.code);
                assert!(is_plain || shown.is_none() || all.contains(&masked), "{} {field}: list", purpose.code);
            }
        }
    });
}
