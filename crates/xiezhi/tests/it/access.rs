//! Who gets to see what: every route for every role, and a canary that must not appear where it does not belong.

use serde_json::json;
use xiezhi::edge::{openapi, routes};
use xiezhi::kit::http::May;

use super::world::{COMMUNITY, on_each_engine};

const LOGINS: [Option<&str>; 11] = [
    None,
    Some("resident"),
    Some("neighbour"),
    Some("grid"),
    Some("head"),
    Some("clerk"),
    Some("clerk2"),
    Some("property"),
    Some("stranger"),
    Some("street"),
    Some("admin"),
];

fn is_staff(login: Option<&str>) -> bool {
    !matches!(login, None | Some("resident" | "neighbour" | "admin"))
}

#[test]
fn every_route_refuses_whom_it_must() {
    on_each_engine(|w| {
        let (number, _) = w.client(None).report("灯坏了");
        for login in LOGINS {
            let client = w.client(login);
            for route in routes::all() {
                let path = fill(route.path, &number);
                let may = match route.may {
                    May::Anyone => true,
                    May::SignedIn => login.is_some(),
                    May::Staff => is_staff(login),
                    May::Admin => login == Some("admin"),
                };
                // Actions that end the session would end this walk.
                if route.method == "POST" && matches!(route.path, "/sign-out" | "/me/password" | "/inbox/read") && may {
                    continue;
                }
                let status = if route.method == "GET" { client.get(&path).status } else { client.post(&path, &json!({})).status };
                let refused = if login.is_none() { 401 } else { 403 };
                if may {
                    // Where somebody, or a device, signs in by the call itself.
                    let by_itself = matches!(route.path, "/sign-in" | "/obs" | "/obs/{device}");
                    assert!(status < 500 && (status != 401 || by_itself), "{login:?} {} {path}: {status}", route.method);
                } else {
                    assert_eq!(status, refused, "{login:?} {} {path}", route.method);
                }
            }
        }
    });
}

fn fill(path: &str, number: &str) -> String {
    path.replace("{number}", number)
        .replace("{action}", "note")
        .replace("{code}", COMMUNITY)
        .replace("{id}", "0")
        .replace("{*rest}", "0/000")
}

#[test]
fn inv07_a_personal_value_shows_only_to_those_whom_a_decision_lets() {
    on_each_engine(|w| {
        const NAME: &str = "欧阳金丝雀";
        const PHONE: &str = "13912349876";
        const FLAT: &str = "2单元709室";
        let body = json!({ "text": format!("请打{PHONE}找我"), "class": "water", "place": { "area": format!("{COMMUNITY}-1"), "address": format!("5栋{FLAT}") },
            "contact": { "name": NAME, "phone": PHONE } });
        let made = w.client(None).post("/reports", &body).json();
        let (number, code) = (made["number"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned());
        let pages = [
            "/".into(),
            format!("/reports/{number}"),
            format!("/cases/{number}"),
            "/cases".into(),
            format!("/cases?area={COMMUNITY}"),
            format!("/places/{COMMUNITY}"),
            format!("/places/{COMMUNITY}/map"),
            "/equation".into(),
            "/desk?queue=all".into(),
            format!("/desk?open={number}"),
            "/today".into(),
            "/me".into(),
            "/me/data".into(),
            "/me/reads".into(),
            "/inbox".into(),
            "/people".into(),
            "/progress".into(),
        ];
        for login in LOGINS {
            let client = w.client(login);
            // The desk of the community, its grid worker, and whoever works on the matter.
            let knows = matches!(login, Some("clerk" | "clerk2" | "grid"));
            let mut seen = String::new();
            for page in &pages {
                for accept in ["application/json", "text/html"] {
                    seen.push_str(&client.get_as(page, accept).text);
                }
            }
            assert_eq!(seen.contains(NAME), knows, "{login:?} and the name");
            assert_eq!(seen.contains(FLAT), knows, "{login:?} and the flat");
            // A desk above reads what was said, where a number may stand; nobody else does.
            assert_eq!(seen.contains(PHONE), knows || matches!(login, Some("street")), "{login:?} and the phone");
            assert!(!seen.contains(&code), "{login:?} and the tracking code");
        }
        let own = w.client(None).get(&format!("/reports/{number}?code={code}"));
        assert!(own.text.contains(NAME) && own.text.contains(PHONE));
        // The log lies open to everybody who has the file: it holds no value either.
        let leaves = w
            .app
            .db
            .read(|r| {
                use store::Query as _;
                r.rows("select leaf from log", &[])
            })
            .unwrap();
        let leaves: String = leaves.iter().map(|l| l.get::<String>("leaf").unwrap()).collect();
        assert!(!leaves.contains(NAME) && !leaves.contains(PHONE) && !leaves.contains(FLAT) && !leaves.contains("请打"));
    });
}

#[test]
fn a_person_sees_who_read_his_data_at_once() {
    on_each_engine(|w| {
        let (resident, clerk, stranger) = (w.client(Some("resident")), w.client(Some("clerk")), w.client(Some("stranger")));
        let (number, _) = resident.report("家里漏水");
        let reads = || resident.get("/me/reads").json()["items"].as_array().unwrap().clone();
        assert!(reads().is_empty(), "one's own looks are no reads");
        stranger.get(&format!("/cases/{number}"));
        assert!(reads().is_empty(), "who got nothing in clear read nothing");
        clerk.get(&format!("/cases/{number}"));
        let seen = reads();
        assert_eq!((seen.len(), seen[0]["by"].as_str(), seen[0]["purpose"].as_str()), (1, Some("committee"), Some("case")));
        assert_eq!(seen[0]["matters"], serde_json::json!([{ "number": number, "class_name": null }]), "and in which matter");
        clerk.get("/desk?queue=all");
        assert_eq!(reads().len(), 2, "lists count too");
        // A list names all that stood in it; the page the first of them.
        for words in ["灯坏了", "门坏了", "井盖坏了"] {
            resident.report(words);
        }
        assert_eq!(clerk.act(&number, "accept", serde_json::json!({ "class": "lighting" })).status, 200);
        clerk.get("/desk?queue=all");
        let named = reads()[0]["matters"].as_array().unwrap().clone();
        assert_eq!(named.len(), 4, "{named:?}");
        assert!(named.iter().any(|m| m["number"] == number && m["class_name"].is_string()));
        let page = resident.get_as("/me/reads", "text/html").text.replace("&#x2f;", "/");
        assert!(page.contains(&format!("/reports/{number}")) && page.contains("一共 4 件") && !page.contains('⟦'), "{page}");
    });
}

#[test]
fn a_removed_worker_loses_access_with_the_next_request() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.get("/desk").status, 200);
        let person = w.who("clerk").person.unwrap();
        let admin = w.client(Some("admin"));
        assert_eq!(admin.post(&format!("/people/{person}/end"), &json!({ "kind": "committee" })).status, 201);
        assert_eq!(clerk.get("/desk").status, 403);
        assert_eq!(admin.post(&format!("/people/{person}/end"), &json!({})).status, 201);
        assert_eq!(clerk.get("/me").status, 401, "a stopped account has no session");
        let own = w.who("admin").person.unwrap();
        assert_eq!(admin.post(&format!("/people/{own}/end"), &json!({})).status, 403, "nobody locks himself out");
    });
}

#[test]
fn passwords_and_codes_cannot_be_guessed() {
    on_each_engine(|w| {
        let anyone = w.client(None);
        let (number, code) = anyone.report("灯");
        for _ in 0..10 {
            assert_eq!(anyone.get(&format!("/reports/{number}?code=AAAAAAAAAA")).status, 404);
        }
        let slowed = anyone.get(&format!("/reports/{number}?code={code}"));
        assert_eq!(slowed.error(), (429, "slow-down".into()), "even the right one, for a while");
        assert!(slowed.header("retry-after").is_some());
        w.app.ambience.advance(6 * 60_000);
        assert_eq!(anyone.get(&format!("/reports/{number}?code={code}")).status, 200);
        assert_eq!(
            anyone.post("/sign-in", &json!({ "name": "clerk", "password": "wrong" })).error(),
            (401, "wrong-password".into())
        );
        assert_eq!(
            anyone.post("/sign-in", &json!({ "name": "nobody", "password": "wrong" })).error(),
            (401, "wrong-password".into())
        );
    });
}

#[test]
fn the_description_of_the_interface_is_printed_from_the_routes() {
    let document = openapi::document("/p/app", &routes::all());
    assert_eq!((&document["openapi"], &document["servers"][0]["url"]), (&json!("3.1.0"), &json!("/p/app")));
    for route in routes::all() {
        let path = route.path.replace("{*", "{");
        let operation = &document["paths"][&path][route.method.to_ascii_lowercase()];
        assert!(operation["summary"].as_str().is_some_and(|s| s.ends_with(['.', '?'])), "{path}");
    }
    let text = document.to_string();
    for name in text.split("\"#/components/schemas/").skip(1).filter_map(|t| t.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
    }
}
