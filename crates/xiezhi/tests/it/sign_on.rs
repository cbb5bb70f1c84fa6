//! Signing in with others' accounts: a provider that sends people back with a ticket. Every way back that must not count,
//! what an account is tied to and by whom, and what a session lasts. (OpenID Connect: `sign_on_oidc.rs`.)

use md5::{Digest as _, Md5};
use serde_json::{Value as Json, json};
use store::{Query as _, params};
use xiezhi::base::party::{self, session};
use xiezhi::kit::config::{Config, File};
use xiezhi::kit::time::{HOUR, MINUTE};
use xiezhi::kit::{Error, RoleKind};

use super::browser::{Browser, PUBLIC, asked, decode};
use super::fake::{Fake, fake, http};
use super::world::{COMMUNITY, World, on_each_engine};

fn way_back(url: &str) -> String {
    asked(url, "goto")
}

/// Settings, as a file would say them.
pub fn settings(config: &mut Config, text: &str) {
    let file: File = toml::from_str(text).unwrap();
    config.file.public_url = Some(PUBLIC.into());
    config.file.sign_on = file.sign_on;
    let faults = xiezhi::kit::config::sign_on::faults(&config.file.sign_on, config.file.public_url.as_deref());
    assert_eq!(faults, Vec::<String>::new());
}

/// A provider whose tickets say what it answers: `name.level.seconds`, or `no`, `junk`, `cut`, `empty`.
fn provider() -> Fake {
    fake("", |asked| {
        let line = asked.lines().next().unwrap().to_owned();
        if line.starts_with("POST /token") {
            let body = asked.split_once("\r\n\r\n").unwrap().1;
            let field = |name: &str| xiezhi::kit::form::Form::parse(body).get(name).unwrap_or_default().to_owned();
            let want = store::hex(Md5::digest(format!("appS3cret&={}", field("time"))));
            if field("sign") != want || !asked.contains("x-app: S3cret&=") {
                return http("200 OK", "", r#"{"code":"9"}"#);
            }
            return match field("st").as_str() {
                "cut" => Vec::new(),
                "junk" => http("200 OK", "", "<html>"),
                "no" => http("200 OK", "", r#"{"code":"1"}"#),
                "bad" => http("403 Forbidden", "", "who is 王秀英"),
                "busy" => http("503 Busy", "", ""),
                ticket => http("200 OK", "", &json!({ "code": 0, "token": format!("t {ticket}") }).to_string()),
            };
        }
        let token = decode(line.split("token=").nth(1).unwrap().split(' ').next().unwrap());
        let ticket = token.strip_prefix("t ").unwrap();
        if ticket == "empty" {
            return http("200 OK", "", r#"{"data":{"userid":""}}"#);
        }
        let mut parts = ticket.split('.');
        let mut part = || parts.next().unwrap().to_owned();
        let data =
            json!({ "userid": part(), "level": part(), "expires_in": part(), "username": "王秀英", "mobile": "13800000000" });
        http("200 OK", "", &json!({ "data": data }).to_string())
    })
}

/// Its settings: `more` lines for the provider, `ticket` lines for its dialect.
fn ticket_settings(w: &World, url: &str, id: &str, more: &str, ticket: &str) -> String {
    std::fs::write(w.dir.path().join("secret"), "S3cret&=\n").unwrap();
    let secret = w.dir.path().join("secret");
    format!(
        r#"
        [[sign_on]]
        id = "{id}"
        label = "省统一认证"
        label_en = "Province"
        levels = ["1", "2", "3"]
        min_level = "2"
        end_session = "{url}/logout?goto=${{return}}"
        answer = {{ subject = "/data/userid", name = "/data/username", level = "/data/level", until = "/data/expires_in" }}
        {more}
        [sign_on.ticket]
        start = "{url}/login?goto=${{return}}"
        secret_file = "{}"
        sign = {{ sign = {{ by = "md5", of = "app${{secret}}${{time}}" }} }}
        {ticket}
        [[sign_on.ticket.exchange]]
        url = "{url}/token"
        form = "form"
        body = "st=${{ticket}}&time=${{time}}&sign=${{sign}}"
        headers = {{ x-app = "${{secret}}" }}
        ok = {{ "/code" = "0" }}
        take = {{ token = "/token" }}
        [[sign_on.ticket.exchange]]
        method = "GET"
        url = "{url}/user?token=${{token}}"
        "#,
        secret.display()
    )
}

fn with(w: &mut World, system: &Fake, more: &str) {
    let text = ticket_settings(w, &system.url, "province", more, "");
    w.configure(|c| settings(c, &text));
}

fn open(w: &mut World, ticket: &str) -> Browser {
    let mut browser = Browser::new(w);
    let way = browser.set_out("province");
    let page = browser.get(&format!("{way}&ticket={ticket}"));
    assert_eq!(page.status, 303, "{}", page.text);
    browser
}

#[test]
fn a_ticket_signs_in_and_the_first_time_an_account_comes_to_be() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "new_residents = true");
        let mut browser = Browser::new(w);
        let page = browser.get("/sign-in?back=/me").text;
        assert!(page.contains("用省统一认证登录") && page.find("/card").unwrap() < page.find("/sign-on/province").unwrap());
        let out = browser.get("/sign-on/province?back=/progress");
        assert!(
            out.to
                .starts_with(&format!("{}/login?goto=http%3A%2F%2Fc.example%2Fsign-on%2Fprovince%2Fback%3Fstate%3D", system.url))
        );
        assert!(out.set[0].contains("HttpOnly; SameSite=Lax") && out.set[0].contains("Max-Age=600"), "{:?}", out.set);
        let back = browser.get(&format!("{}&ticket=u1.3.3600", way_back(&out.to)));
        assert_eq!((back.status, back.to.as_str()), (303, "/progress"), "{}", back.text);
        assert!(back.set.iter().any(|c| c.starts_with("session=") && !c.contains("Max-Age")), "ends with the browser");
        assert!(!browser.cookies.contains_key("sign-on"));
        let me = browser.client().get("/me").json();
        assert_eq!((&me["name"], &me["roles"][0]["kind"]), (&json!("王秀英"), &json!("resident")));
        assert_eq!(me["phone"], Json::Null, "only the name was taken");

        // A number that a resident here has too ties nothing: it is an account of its own, with nothing of hers.
        let (number, _) = w.client(Some("resident")).report("楼道灯坏了");
        assert!(!browser.client().get("/me/data").text.contains(&number));
        assert!(browser.client().get("/me/data").text.contains("u1"), "what is held is shown");

        // The same subject is the same person; another one is another.
        let (again, other) = (open(w, "u1.2.60"), open(w, "u2.2.60"));
        let person = |w: &World, b: &Browser| {
            let token = b.cookies["session"].clone();
            w.app.db.read(|r| session::identify(r, &w.app.config, &token, w.app.now())).unwrap().person
        };
        assert_eq!(person(w, &browser), person(w, &again));
        assert_ne!(person(w, &browser), person(w, &other));

        // A session ends when the provider says so, and at the latest after the hours of the settings.
        w.app.ambience.advance(MINUTE);
        assert_eq!((again.client().get("/me").status, browser.client().get("/me").status), (401, 200));
        w.app.ambience.advance(HOUR);
        assert_eq!(browser.client().get("/me").status, 401);
        let long = open(w, "u1.2.9000000");
        w.app.ambience.advance(12 * HOUR - 1);
        assert_eq!(long.client().get("/me").status, 200);
        w.app.ambience.advance(1);
        assert_eq!(long.client().get("/me").status, 401);

        // Neither subject nor ticket lies there in clear, and the log has no more.
        let rows = w.app.db.read(|r| r.rows("select provider, mark, subject from sign_on", &[])).unwrap();
        assert_eq!(rows.len(), 2);
        let leaves = w.app.db.read(|r| r.rows("select leaf from log", &[])).unwrap();
        let all = format!("{rows:?} {leaves:?}");
        for word in ["u1", "王秀英", "S3cret", "3600"] {
            assert!(!all.contains(&format!("\"{word}\"")) && !all.contains(&format!("{word}.")), "{word}");
        }
        assert!(!all.contains("王秀英"));
    });
}

#[test]
fn a_way_back_counts_once_in_time_and_in_its_own_browser() {
    on_each_engine(|w| {
        let system = provider();
        let text = ticket_settings(w, &system.url, "province", "new_residents = true", "")
            + &ticket_settings(w, &system.url, "city", "new_residents = true", "");
        w.configure(|c| settings(c, &text));
        let refused = |b: &mut Browser, path: &str, status: u16, code: &str| {
            let (said, why, _) = b.error(path);
            assert_eq!((said, why.as_str()), (status, code), "{path}");
            assert!(!b.cookies.contains_key("session"));
        };
        let mut browser = Browser::new(w);
        refused(&mut browser, "/sign-on/province/back?ticket=u1.3.60", 400, "sign-on-state");
        let way = browser.set_out("province");
        let forged = format!("{}0&ticket=u1.3.60", &way[..way.len() - 1]);
        for path in [forged.as_str(), "/sign-on/province/back?ticket=u1.3.60", "/sign-on/province/back?state=&ticket=u1.3.60"] {
            let kept = browser.cookies.clone();
            // A last digit that was 0 anyway would be no forgery.
            if path != way.as_str() && !path.starts_with(&format!("{way}&")) {
                refused(&mut browser, path, 400, "sign-on-state");
            }
            browser.cookies = kept;
        }
        // Another browser, another provider, a cookie that was changed.
        let mut other = Browser::new(w);
        refused(&mut other, &format!("{way}&ticket=u1.3.60"), 400, "sign-on-state");
        let kept = browser.cookies.clone();
        refused(&mut browser, &format!("{}&ticket=u1.3.60", way.replace("province", "city")), 400, "sign-on-state");
        browser.cookies = kept.clone();
        let changed = format!("e{}", kept["sign-on"]);
        browser.cookies.insert("sign-on".into(), changed);
        refused(&mut browser, &format!("{way}&ticket=u1.3.60"), 400, "sign-on-state");
        assert!(system.asked().is_empty(), "nobody was asked about any of them");

        // Too late, to the second.
        browser.cookies = kept.clone();
        w.app.ambience.advance(10 * MINUTE + 1);
        refused(&mut browser, &format!("{way}&ticket=u1.3.60"), 400, "sign-on-late");
        // Twice, also when the first time led nowhere.
        let way = browser.set_out("province");
        let kept = browser.cookies.clone();
        w.app.ambience.advance(10 * MINUTE);
        refused(&mut browser, &format!("{way}&ticket=no"), 401, "sign-on-refused");
        browser.cookies = kept;
        refused(&mut browser, &format!("{way}&ticket=u1.3.60"), 409, "sign-on-used");
        assert_eq!(system.asked().len(), 1);
        let count = |w: &World| w.app.db.read(|r| r.count("select count(*) from sign_on_walked", &[])).unwrap();
        assert_eq!(count(w), 1);
        w.app.ambience.advance(11 * MINUTE);
        let page = browser.get("/sign-on/province?back=https://evil.example/");
        let back = browser.get(&format!("{}&ticket=u1.3.60", way_back(&page.to)));
        assert_eq!((back.status, back.to.as_str()), (303, "/"), "only to our own pages");
        assert_eq!(count(w), 1, "what can no longer be walked is forgotten");

        // Whoever keeps guessing is slowed down.
        let mut guesser = Browser::new(w);
        let codes: Vec<String> = (0..130).map(|_| guesser.error("/sign-on/province/back?ticket=x").1).collect();
        assert_eq!((codes[0].as_str(), codes[129].as_str()), ("sign-on-state", "slow-down"));
    });
}

#[test]
fn a_provider_that_says_no_is_not_sure_or_is_down_lets_nobody_in_and_the_page_names_the_other_ways() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "new_residents = true");
        for (ticket, status, code, field) in [
            ("u1.1.60", 403, "sign-on-level", ""),
            ("u1.9.60", 403, "sign-on-level", ""),
            ("u1.3.0", 401, "sign-on-token", "expired"),
            ("u1.3.soon", 502, "sign-on-answer", "until"),
            ("empty", 502, "sign-on-answer", "subject"),
            ("junk", 502, "sign-on-answer", "answer"),
            ("no", 401, "sign-on-refused", "no"),
            ("bad", 401, "sign-on-refused", "http-403"),
            ("busy", 503, "sign-on-down", "http-503"),
            ("cut", 503, "sign-on-down", "network"),
            ("", 401, "sign-on-refused", ""),
        ] {
            let mut browser = Browser::new(w);
            browser.cookies.insert("community".into(), COMMUNITY.into());
            let way = browser.set_out("province");
            assert_eq!(browser.error(&format!("{way}&ticket={ticket}")), (status, code.into(), field.into()), "{ticket}");
            let way = browser.set_out("province");
            let page = browser.get(&format!("{way}&ticket={ticket}"));
            assert_eq!(page.status, status);
            for path in ["/sign-in?back=", "/card", "/progress", "/report", "tel:"] {
                assert!(page.text.contains(&format!("href=\"{path}")), "{ticket}: {path}");
            }
            assert!(!page.text.contains("王秀英") && !page.text.contains('⟦'), "{}", page.text);
            assert!(!browser.cookies.contains_key("session"));
        }
        let people = "select count(*) from sign_on";
        assert_eq!(w.app.db.read(|r| r.count(people, &[])).unwrap(), 0);
    });
}

#[test]
fn an_unknown_person_ties_his_account_himself_and_takes_it_away_again() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "roles = [\"resident\", \"committee\"]");
        // Not known: told to sign in once the other way.
        let mut browser = Browser::new(w);
        let way = browser.set_out("province");
        let page = browser.get(&format!("{way}&ticket=u1.3.3600"));
        assert_eq!(page.status, 403);
        assert!(page.text.contains("先用原来的办法登录一次"), "{}", page.text);

        // From the account page, by a post of our own pages only.
        browser.sign_in("clerk");
        assert!(browser.get("/me").text.contains("登录方式"));
        assert!(browser.get("/me/sign-on").text.contains("绑定省统一认证"));
        assert_eq!(browser.post("/me/sign-on/province", "https://evil.example", "text/html", "").status, 403);
        let go = browser.post("/me/sign-on/province", PUBLIC, "application/json", "");
        let there = serde_json::from_str::<Json>(&go.text).unwrap()["there"].as_str().unwrap().to_owned();
        // Another session of the same browser, even of the same person, did not ask for it.
        let kept = browser.cookies.clone();
        let mut stranger = Browser::new(w);
        stranger.sign_in("resident");
        stranger.cookies.insert("sign-on".into(), browser.cookies["sign-on"].clone());
        assert_eq!(stranger.error(&format!("{}&ticket=u1.3.3600", way_back(&there))).1, "sign-on-state");
        browser.cookies = kept;
        let back = browser.get(&format!("{}&ticket=u1.3.3600", way_back(&there)));
        assert_eq!((back.status, back.to.as_str()), (303, "/me/sign-on"), "{}", back.text);
        let mine = browser.client().get("/me/sign-on").json();
        assert_eq!(
            (&mine["tied"][0]["label"], &mine["tied"][0]["subject"], &mine["open"]),
            (&json!("省统一认证"), &json!("u1"), &json!([]))
        );
        assert!(mine["tied"][0]["since"].as_str().unwrap().starts_with("2026-03-04"));
        let tied = mine["tied"][0]["id"].as_str().unwrap().to_owned();

        // Now it opens this very account, desk and all.
        let opened = open(w, "u1.3.3600");
        assert_eq!(
            (opened.client().get("/desk").status, opened.client().get("/me").json()["name"].clone()),
            (200, json!("某某clerk"))
        );

        // One subject is one account, one account has one subject of each.
        let mut second = Browser::new(w);
        second.sign_in("neighbour");
        let tie = |b: &mut Browser, ticket: &str| {
            let go = b.post("/me/sign-on/province", PUBLIC, "application/json", "");
            assert_eq!(go.status, 200, "{}", go.text);
            let there = serde_json::from_str::<Json>(&go.text).unwrap()["there"].as_str().unwrap().to_owned();
            b.error(&format!("{}&ticket={ticket}", way_back(&there)))
        };
        assert_eq!(tie(&mut second, "u1.3.3600").1, "sign-on-taken");
        assert_eq!(tie(&mut browser, "u9.3.3600").1, "sign-on-twice");
        assert_eq!(tie(&mut second, "u2.1.3600").1, "sign-on-level");
        assert_eq!(tie(&mut second, "u2.3.3600").0, 303);

        // Not long after signing in, not by a card, not in another's name.
        w.app.ambience.advance(15 * MINUTE + 1);
        let mut late = Browser::new(w);
        late.sign_in("resident");
        w.app.ambience.advance(15 * MINUTE + 1);
        assert_eq!(late.post_error("/me/sign-on/province"), (403, "sign-on-fresh".into()));
        assert!(late.get("/me/sign-on").text.contains("重新登录"));
        let card = w.client(Some("clerk")).post("/cards", &json!({ "name": "李大爷", "place": "1单元101" })).json();
        let mut elder = Browser::new(w);
        let code = card["code"].as_str().unwrap();
        assert_eq!(elder.post("/card", PUBLIC, "text/html", &format!("code={code}")).status, 303);
        assert_eq!(elder.post_error("/me/sign-on/province"), (403, "sign-on-fresh".into()));
        assert!(elder.get("/me/sign-on").text.contains("住户卡"));
        // A code by SMS opens what is a resident's, so it ties nothing that opens more.
        let sms = session::Opening { way: Some(session::SMS.into()), ..session::Opening::default() };
        let by_code = session::open(&w.app, w.who("resident").person.unwrap(), false, "test", sms).unwrap();
        late.cookies.insert("session".into(), by_code.token);
        assert_eq!(late.post_error("/me/sign-on/province"), (403, "sign-on-weak".into()));
        assert!(late.get("/me/sign-on").text.contains("请用密码登录一次"));
        // Somebody whose roles it does not take.
        late.sign_in("grid");
        assert_eq!(late.post_error("/me/sign-on/province"), (403, "sign-on-role".into()));

        // Taken away: what it had opened ends, this browser's session stays; it opens nothing any more.
        let mut opened = open(w, "u1.3.3600");
        let elsewhere = open(w, "u1.3.3600");
        assert_eq!(second.post_error(&format!("/me/sign-on/{tied}/end")), (404, "not-found".into()));
        assert_eq!(opened.post(&format!("/me/sign-on/{tied}/end"), PUBLIC, "text/html", "").to, "/me/sign-on");
        assert_eq!((opened.client().get("/me").status, elsewhere.client().get("/me").status), (200, 401));
        let way = browser.set_out("province");
        assert_eq!(browser.error(&format!("{way}&ticket=u1.3.3600")).1, "sign-on-unknown");
        let kinds = "select act from log where act like 'signon.%' and act <> 'signon.return' order by seq";
        let told = format!("{:?}", w.app.db.read(|r| r.rows(kinds, &[])).unwrap());
        assert_eq!((told.matches("signon.bind").count(), told.matches("signon.unbind").count()), (2, 1), "{told}");
    });
}

#[test]
fn the_only_way_in_stays_and_a_closed_account_opens_nothing() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "new_residents = true");
        let mut only = open(w, "u1.3.3600");
        let tied = only.client().get("/me/sign-on").json()["tied"][0]["id"].as_str().unwrap().to_owned();
        assert!(only.get("/me/sign-on").text.contains("唯一的登录方式"));
        assert_eq!(only.post_error(&format!("/me/sign-on/{tied}/end")), (409, "sign-on-last".into()));
        let person =
            w.app.db.read(|r| r.row("select person from sign_on", &[])).unwrap().unwrap().get::<String>("person").unwrap();

        // What opened it counts: it opens what the settings say, and nothing when they no longer name it.
        let (area, who) = (COMMUNITY.to_owned(), person.clone());
        let give = move |tx: &mut store::Tx| {
            let area = xiezhi::base::area::by_code(tx, &area)?.unwrap();
            party::add_role(tx, &who, RoleKind::Operator, &area.id, None)
        };
        w.app.db.write(give).unwrap();
        assert_eq!((only.client().get("/me").status, only.client().get("/desk").status), (200, 403), "as a resident only");
        let token = only.cookies["session"].clone();
        let mut without = w.app.config.clone();
        without.file.sign_on.clear();
        let who = w.app.db.read(|r| session::identify(r, &without, &token, w.app.now())).unwrap();
        assert!(who.person.is_none());

        // Whoever is a resident no longer does not sign in this way.
        let ended = person.clone();
        w.app.db.write(move |tx| party::end_role(tx, &ended, RoleKind::Resident)).unwrap();
        w.app.ambience.advance(1);
        let mut browser = Browser::new(w);
        let way = browser.set_out("province");
        assert_eq!(browser.error(&format!("{way}&ticket=u1.3.60")).1, "sign-on-role");
        let close = move |tx: &mut store::Tx| {
            let now = tx.now();
            tx.exec("update account set disabled_at = $2 where person = $1", params![&person, now])?;
            tx.log(store::Entry::new("party.stop", "person", &person))?;
            Ok::<_, Error>(())
        };
        w.app.db.write(close).unwrap();
        let way = browser.set_out("province");
        assert_eq!(browser.error(&format!("{way}&ticket=u1.3.60")), (403, "sign-on-closed".into(), String::new()));
    });
}

#[test]
fn signing_out_leads_to_where_one_signs_out_there() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "new_residents = true");
        let mut browser = open(w, "u1.3.3600");
        let out = browser.post("/sign-out", PUBLIC, "text/html", "");
        assert_eq!((out.status, out.to.as_str()), (303, "/sign-on/province/out"));
        let page = browser.client().get("/sign-on/province/out").json();
        assert_eq!(page["there"], json!(format!("{}/logout?goto=http%3A%2F%2Fc.example%2F", system.url)));
        assert!(browser.get(&out.to).text.contains("退出省统一认证"));
        // Whoever signed in by password goes to the first page.
        browser.sign_in("resident");
        assert_eq!(browser.post("/sign-out", PUBLIC, "text/html", "").to, "/");
    });
}

#[test]
fn what_does_not_fit_together_is_refused_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("xiezhi.toml");
    let told = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Config::new(dir.path()).with_file(&file).map(drop).unwrap_err()
    };
    let fine = "public_url = 'https://c.example'\n[[sign_on]]\nid = 'a'\nlabel = '甲'\n";
    assert!(told(fine).ends_with("[[sign_on]] a: needs either [sign_on.oidc] or [sign_on.ticket]"), "{}", told(fine));
    assert!(told(&fine.replace("label", "lable")).contains("lable"));
    let unsafe_issuer = format!("{fine}[sign_on.oidc]\nissuer = 'http://sso.example'\nclient_id = 'us'\n");
    assert!(told(&unsafe_issuer).contains("a: issuer: an address with https://"));
}

#[test]
fn without_state_only_the_cookie_binds_and_no_account_is_tied() {
    on_each_engine(|w| {
        let system = provider();
        let text = ticket_settings(w, &system.url, "province", "new_residents = true", "carries_state = false");
        w.configure(|c| settings(c, &text));
        let mut browser = Browser::new(w);
        let way = browser.set_out("province");
        assert_eq!(way, format!("{PUBLIC}/sign-on/province/back"));
        let mut other = Browser::new(w);
        assert_eq!(other.error(&format!("{way}?ticket=u1.3.60")).1, "sign-on-state", "not in a browser that did not set out");
        assert_eq!(browser.get(&format!("{way}?ticket=u1.3.60")).status, 303);
        // Nobody is sent there by another site's link, and no stranger's ticket is tied to an account.
        let foreign = other.go("/sign-on/province", &[("accept", "text/html"), ("sec-fetch-site", "cross-site")]);
        assert!(foreign.to.starts_with("/sign-in") && foreign.set.is_empty(), "{}", foreign.to);
        other.sign_in("resident");
        assert_eq!(other.post_error("/me/sign-on/province"), (403, "sign-on-role".into()));
        assert!(!other.get("/me/sign-on").text.contains("可以绑定"));
    });
}

#[test]
fn only_so_many_come_back_in_a_minute_and_an_unknown_provider_is_nobody() {
    on_each_engine(|w| {
        let system = provider();
        with(w, &system, "new_residents = true\nper_minute = 2");
        let mut browser = Browser::new(w);
        for _ in 0..2 {
            let way = browser.set_out("province");
            assert_eq!(browser.get(&format!("{way}&ticket=u1.3.60")).status, 303);
        }
        let way = browser.set_out("province");
        let kept = browser.cookies.clone();
        assert_eq!(browser.error(&format!("{way}&ticket=u1.3.60")), (429, "slow-down".into(), String::new()));
        browser.cookies = kept;
        let page = browser.get(&format!("{way}&ticket=u1.3.60"));
        assert!(page.status == 429 && page.text.contains("href=\"/report\""));
        assert_eq!(system.asked().len(), 4, "nobody was asked in vain");
        w.app.ambience.advance(MINUTE);
        let way = browser.set_out("province");
        assert_eq!(browser.get(&format!("{way}&ticket=u1.3.60")).status, 303);
        for path in ["/sign-on/none", "/sign-on/none/back", "/sign-on/none/out"] {
            assert_eq!(browser.error(path).0, 404, "{path}");
        }
    });
}

#[test]
fn a_provider_that_never_answers_is_waited_for_a_while_and_not_by_everybody() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let mut w = World::new(None);
    let text = ticket_settings(&w, &silent, "province", "new_residents = true", "");
    w.configure(|c| settings(c, &text));
    let mut browsers: Vec<Browser> = (0..10).map(|_| Browser::new(&mut w)).collect();
    let ways: Vec<String> = browsers.iter_mut().map(|b| b.set_out("province")).collect();
    let errors: Vec<(u16, String, String)> = std::thread::scope(|s| {
        let calls: Vec<_> = browsers
            .iter_mut()
            .zip(&ways)
            .map(|(browser, way)| s.spawn(move || browser.error(&format!("{way}&ticket=u1.3.60"))))
            .collect();
        calls.into_iter().map(|c| c.join().unwrap()).collect()
    });
    assert!(errors.iter().all(|(status, code, _)| (*status, code.as_str()) == (503, "sign-on-down")), "{errors:?}");
}
