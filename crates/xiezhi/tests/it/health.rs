//! Early warning on counts: told, replaced, missing and zero; a signal from the first count that is more than usual to its disposition;
//! nobody told twice; small numbers; a rule that was tried before it is switched on.

use calc::series::Day;
use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::activities::health::{day_of, night, signal};
use xiezhi::edge::jobs;
use xiezhi::kit::time::{DAY, HOUR};

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine, send};

fn good(c: &Client, path: &str, body: &Json) -> Json {
    let done = c.post(path, body);
    assert!(matches!(done.status, 200 | 201), "{path} {body}: {}", done.text);
    done.json()
}

fn today(w: &World) -> i32 {
    day_of(w.app.now(), &w.app.config.zone)
}

fn count(w: &World, sql: &str) -> i64 {
    w.app.db.read(|r| r.count(sql, &[])).unwrap()
}

/// A school that tells from Monday to Friday, for so many weeks up to a day.
fn past(c: &Client, syndrome: &str, weeks: i32, last: i32) {
    let mut csv = String::from("date,syndrome,count\n");
    for day in last - 7 * weeks + 1..=last {
        if Day(day).weekday() <= 5 {
            csv += &format!("{},{syndrome},{}\n", Day(day), 2 + day % 3);
        }
    }
    let done = send(c, "/health/counts/table", &[("source", "school")], csv.as_bytes());
    assert_eq!(done.status, 201, "{}", done.text);
}

/// Tries a rule and switches it on.
fn switched_on(c: &Client, rule: &str) -> Json {
    let tried = good(c, &format!("/health/rules/{rule}/try"), &json!({}));
    good(c, &format!("/health/rules/{rule}/switch"), &json!({ "works": true, "why": "试过了" }));
    tried
}

fn tell(c: &Client, day: i32, syndrome: &str, n: u32) {
    let counts = json!({ syndrome: n });
    good(c, "/health/counts", &json!({ "source": "school", "day": Day(day).to_string(), "counts": counts }));
}

fn open(c: &Client) -> Vec<Json> {
    c.get("/health").json()["items"].as_array().unwrap().clone()
}

fn told(w: &World, kind: &str) -> i64 {
    count(w, &format!("select count(*) from inbox where kind = 'health-{kind}'"))
}

#[test]
fn a_signal_is_raised_once_verified_assessed_answered_and_closed() {
    on_each_engine(|w| {
        let (clerk, grid) = (w.client(Some("clerk")), w.client(Some("grid")));
        let now = today(w);
        past(&clerk, "fever", 110, now - 1);
        // A rule is tried before it is switched on, with the same settings.
        let on = json!({ "works": true, "why": "开学了" });
        assert_eq!(clerk.post("/health/rules/school-weeks/switch", &on).error(), (409, "health-untried".into()));
        assert_eq!(grid.post("/health/rules/school-weeks/try", &json!({})).error(), (403, "denied".into()));
        let tried = switched_on(&clerk, "school-weeks");
        let trial = &tried["trials"][0];
        assert_eq!((&trial["series"], &trial["judged"]), (&json!(1), &json!(104)), "{trial}");
        assert!(trial["sizes"][2]["share"].as_i64().unwrap() >= 50, "{trial}");
        let again = good(&clerk, "/health/rules/school-weeks/try", &json!({}));
        assert_eq!(again["trials"][0]["sizes"], trial["sizes"], "the seed decides");
        let other = json!({ "works": true, "why": "更灵敏", "least": 3 });
        assert_eq!(clerk.post("/health/rules/school-weeks/switch", &other).error().0, 409, "not as it was tried");
        assert_eq!(clerk.post("/health/rules/school-weeks/try", &json!({ "settings": "x=1" })).error().0, 422);
        assert_eq!(
            (count(w, "select count(*) from health_signal"), open(&clerk).len()),
            (0, 0),
            "nothing of a trial is a signal"
        );
        // As usual raises nothing; more does, as soon as it is told.
        tell(&clerk, now, "fever", 4);
        assert_eq!(open(&clerk).len(), 0);
        tell(&clerk, now, "fever", 40);
        let found = open(&clerk);
        assert_eq!((found.len(), &found[0]["state"], &found[0]["number"]), (1, &json!("raised"), &json!("S-0001")), "{found:?}");
        assert_eq!(told(w, "signal"), 3, "all of the desk");
        // The same again, the night, a restart: nothing new.
        tell(&clerk, now, "fever", 40);
        let size = |w: &World| count(w, "select count(*) from health_ground") + count(w, "select count(*) from health_step");
        let before = size(w);
        night::run(&w.app).unwrap();
        w.restart();
        let (clerk, grid, street) = (w.client(Some("clerk")), w.client(Some("grid")), w.client(Some("street")));
        let (resident, stranger) = (w.client(Some("resident")), w.client(Some("stranger")));
        let run = night::run(&w.app).unwrap();
        assert_eq!((run.series, run.judged, run.found, run.new), (1, 1, 1, 0));
        assert_eq!((size(w), told(w, "signal"), told(w, "more")), (before, 3, 0));
        // Who sees it.
        for (who, status) in [(&clerk, 200), (&grid, 200), (&street, 200), (&resident, 404), (&stranger, 404)] {
            assert_eq!(who.get("/health/S-0001").status, status);
        }
        let full = clerk.get("/health/S-0001").json();
        let reason = &full["reasons"][0];
        let sentence = reason["sentence"].as_str().unwrap();
        assert!(
            sentence.contains("发热 ") && sentence.contains("才算异常（EARS C2）") && sentence.contains("前几周"),
            "{sentence}"
        );
        assert!(!sentence.contains("health-"), "{sentence}");
        assert_eq!((reason["part"].as_bool(), full["chart"]["bars"].as_array().unwrap().len()), (Some(false), 52), "{reason}");
        let english = clerk.get_as("/health/S-0001?lang=en", "text/html").text;
        assert!(english.contains("S-0001"));
        // New cases are told, once a day at most.
        tell(&clerk, now, "fever", 55);
        assert_eq!(told(w, "more"), 0, "not again on the same day");
        w.app.ambience.advance(DAY);
        tell(&clerk, now + 1, "fever", 4);
        assert_eq!(told(w, "more"), 3);
        w.app.ambience.advance(DAY);
        tell(&clerk, now + 2, "fever", 0);
        assert_eq!(told(w, "more"), 3, "fewer cases are no news");
        assert_eq!(open(&clerk).len(), 1, "one is open at a time");
        // The clock: its desk and the desk above hear of it.
        w.app.ambience.advance(HOUR);
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        jobs::deadlines(&w.app, w.app.now()).unwrap();
        assert_eq!((told(w, "late"), &clerk.get("/health/S-0001").json()["late"]), (4, &json!(1)));
        // Step by step.
        let at = |step: &str| format!("/health/S-0001/{step}");
        let words = json!({ "words": "三班有 12 人发热" });
        let assess = json!({ "level": "moderate", "words": "同一个班" });
        assert_eq!(clerk.post(&at("assess"), &assess).error(), (409, "state".into()));
        assert_eq!(clerk.post(&at("respond"), &words).error(), (409, "state".into()));
        assert_eq!(stranger.post(&at("verify"), &words).error().0, 404);
        let done = good(&grid, &at("verify"), &words);
        assert_eq!((&done["state"], &done["verify_by"]), (&json!("verified"), &Json::Null));
        w.app.ambience.advance(3 * DAY);
        assert_eq!(w.app.db.read(|r| signal::due(r, w.app.now(), 9)).unwrap().len(), 0, "the clock stopped");
        assert_eq!(grid.post(&at("assess"), &assess).error(), (403, "denied".into()));
        let yes = json!({ "disposition": "true", "words": "是" });
        assert_eq!(clerk.post(&at("close"), &yes).error(), (409, "state".into()), "nobody assessed it");
        assert_eq!(good(&clerk, &at("assess"), &assess)["level"], "moderate");
        assert_eq!(told(w, "level"), 3, "the others of the desk, and the street");
        assert_eq!(clerk.post(&at("assess"), &assess).error().0, 409);
        let made = good(&clerk, &at("respond"), &json!({ "words": "停课消毒", "case": true }));
        let case = made["case"].as_str().unwrap().to_owned();
        assert_eq!(clerk.get(&format!("/cases/{case}")).json()["class"], "infectious");
        assert_eq!(clerk.post(&at("respond"), &json!({ "words": "再立案", "case": true })).error().0, 409);
        assert_eq!(good(&clerk, &at("respond"), &json!({ "words": "晨检" }))["state"], "responding");
        assert_eq!(clerk.post(&at("close"), &json!({ "words": "好了" })).error(), (422, "missing".into()), "no disposition");
        let done = good(&clerk, &at("close"), &yes);
        assert_eq!((&done["state"], &done["disposition"], &done["may"]), (&json!("closed"), &json!("true"), &json!([])));
        assert_eq!(clerk.post(&at("verify"), &words).error().0, 409);
        assert_eq!(clerk.get_as("/health/S-0001", "text/html").status, 200);
        let rules = clerk.get("/health/rules").json();
        let worth = rules["rules"].as_array().unwrap().iter().find(|r| r["id"] == "school-weeks").unwrap()["worth"].clone();
        assert_eq!((&worth["right"], &worth["precision"]), (&json!(1), &json!(100)));
        // What is written of it is sealed.
        assert_eq!(count(w, "select count(*) from health_step where words is null and act in ('verify', 'close')"), 0);
    });
}

#[test]
fn the_same_cases_raise_no_new_signal_after_it_was_closed() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let now = today(w);
        past(&clerk, "rash", 60, now - 1);
        switched_on(&clerk, "school-weeks");
        tell(&clerk, now, "rash", 40);
        assert_eq!(open(&clerk).len(), 1);
        good(&clerk, "/health/S-0001/close", &json!({ "disposition": "data-error", "words": "多写了一个 0" }));
        w.app.ambience.advance(DAY);
        tell(&clerk, now + 1, "rash", 0);
        night::run(&w.app).unwrap();
        assert_eq!(open(&clerk).len(), 0, "nothing new");
        tell(&clerk, now + 1, "rash", 60);
        assert_eq!((open(&clerk).len(), open(&clerk)[0]["number"].as_str()), (1, Some("S-0002")), "more than was known");
    });
}

#[test]
fn told_again_replaces_and_missing_is_neither_zero_nor_low() {
    on_each_engine(|w| {
        let (clerk, clerk2) = (w.client(Some("clerk")), w.client(Some("clerk2")));
        let (grid, property, stranger) = (w.client(Some("grid")), w.client(Some("property")), w.client(Some("stranger")));
        let now = today(w);
        tell(&clerk, now, "fever", 3);
        // The other clerk tells for the same organisation.
        tell(&clerk2, now, "fever", 5);
        assert_eq!(count(w, "select cases from health_count"), 5);
        assert_eq!(count(w, "select count(*) from health_count"), 1);
        let numbers = clerk.get("/health/numbers?source=school").json();
        assert_eq!(numbers["totals"], json!([]), "nothing was told by grid");
        let form = clerk.get(&format!("/health/counts?source=school&area={COMMUNITY}")).json();
        let of =
            |form: &Json, id: &str| form["syndromes"].as_array().unwrap().iter().find(|s| s["id"] == id).unwrap()["n"].clone();
        assert_eq!((of(&form, "fever"), of(&form, "rash")), (json!(5), Json::Null));
        // A form leaves empty what was not counted; 0 is a count.
        let sent = clerk.post_form("/health/counts", "source=school&n-fever=0&n-rash=");
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_eq!((count(w, "select cases from health_count"), count(w, "select count(*) from health_count")), (0, 1));
        // Grid workers tell of what they saw, each for himself and his grid.
        let seen = json!({ "source": "visit", "counts": { "fever": 2, "eyes": 1 } });
        good(&grid, "/health/counts", &seen);
        assert_eq!(count(w, "select count(*) from health_block where id like 'g/%'"), 2);
        assert_eq!(count(w, "select count(*) from health_block where id like 'c/%'"), 3);
        let numbers = clerk.get("/health/numbers?source=visit").json();
        assert_eq!((&numbers["totals"][0]["n"], &numbers["small"]), (&json!(2), &json!(false)), "{numbers}");
        // Who may not, what makes no sense.
        assert_eq!(property.get("/health/counts").error(), (403, "denied".into()));
        assert_eq!(property.post("/health/counts", &seen).error(), (403, "denied".into()));
        assert_eq!(grid.post("/health/counts", &json!({ "source": "school", "counts": { "fever": 1 } })).error().0, 403);
        let foreign = json!({ "source": "school", "area": COMMUNITY, "counts": { "fever": 1 } });
        assert_eq!(stranger.post("/health/counts", &foreign).error(), (403, "denied".into()));
        for bad in [
            json!({ "source": "school", "counts": {} }),
            json!({ "source": "school", "counts": { "plague": 1 } }),
            json!({ "source": "school", "counts": { "heat": 1 } }),
            json!({ "source": "school", "counts": { "fever": -1 } }),
            json!({ "source": "school", "counts": { "fever": 20_001 } }),
            json!({ "source": "school", "day": "2026-02-30", "counts": { "fever": 1 } }),
            json!({ "source": "school", "day": Day(now + 1).to_string(), "counts": { "fever": 1 } }),
            json!({ "source": "school", "day": "2001-01-01", "counts": { "fever": 1 } }),
            json!({ "source": "moon", "counts": { "fever": 1 } }),
        ] {
            assert_eq!(clerk.post("/health/counts", &bad).status, 422, "{bad}");
        }
        // A table with a mistake is taken not at all, and says where.
        let csv = format!("日期,症状,人数\n{},发热,1\n2026-02-30,发热,1\n{},鼠疫,x\n", Day(now), Day(now));
        let wrong = send(&clerk, "/health/counts/table", &[("source", "school")], csv.as_bytes());
        assert_eq!((wrong.status, wrong.json()["count"].as_i64()), (422, Some(3)), "{}", wrong.text);
        assert_eq!(clerk.get("/health/counts/table?source=school").status, 200);
        assert_eq!(count(w, "select count(*) from health_count where source = 'school'"), 1);
        // Missing days stay missing: one entry of the log for all of a table.
        let before = w.app.db.last().size;
        let csv = format!("日期,症状,人数\n{},发热,1\n{},发热,\n{},发热,0\n", Day(now - 3), Day(now - 2), Day(now - 1));
        assert_eq!(send(&clerk, "/health/counts/table", &[("source", "school")], csv.as_bytes()).json()["told"], 2);
        assert_eq!(w.app.db.last().size, before + 1);
        assert_eq!(count(w, "select count(*) from health_count where source = 'school'"), 3);
    });
}

#[test]
fn a_resident_is_counted_once_a_day_and_nowhere_named() {
    on_each_engine(|w| {
        let (resident, neighbour, clerk) = (w.client(Some("resident")), w.client(Some("neighbour")), w.client(Some("clerk")));
        switched_on(&clerk, "people-number");
        let page = resident.get_as("/health/mine", "text/html").text;
        assert!(page.contains("tel:120") && page.contains("help\">") && page.contains("只计数"), "{page}");
        assert_eq!(good(&resident, "/health/mine", &json!({ "syndromes": ["fever", "gastro"] }))["counted"], 2);
        assert_eq!(good(&resident, "/health/mine", &json!({ "syndromes": ["fever"] }))["counted"], 0);
        assert_eq!(good(&neighbour, "/health/mine", &json!({ "syndromes": ["fever"] }))["counted"], 1);
        assert_eq!(count(w, "select cases from health_count where syndrome = 'fever'"), 2);
        assert_eq!(resident.post("/health/mine", &json!({ "syndromes": [] })).error().0, 422);
        assert_eq!(resident.post("/health/mine", &json!({ "syndromes": ["plague"] })).error().0, 422);
        assert_eq!(clerk.get("/health/mine").error(), (403, "denied".into()));
        // Neither the tables nor the log say who.
        let person = w.who("resident").person.unwrap();
        for sql in ["select mark as t from health_own", "select coalesce(told_by, '') as t from health_count"] {
            for row in w.app.db.read(|r| r.rows(sql, &[])).unwrap() {
                assert!(!row.get::<String>("t").unwrap().contains(&person));
            }
        }
        let head = w.app.db.last().size;
        let log = w.app.db.read(|r| r.leaves(0, head as usize)).unwrap();
        let of_health = log
            .iter()
            .filter(|e| matches!(e.fact("act"), Some("health.own")) || e.field("act").is_some_and(|a| a.starts_with("health.")));
        assert!(of_health.filter(|e| format!("{:?}", e.field("actor")).contains(&person)).count() == 0);
        w.app.ambience.advance(DAY);
        assert_eq!(good(&resident, "/health/mine", &json!({ "syndromes": ["fever"] }))["counted"], 1);
        assert_eq!(resident.get("/health").json()["sees"], json!(false));
        // Ten in a week make a signal of a fixed number.
        let grid = w.client(Some("grid"));
        good(&grid, "/health/counts", &json!({ "source": "visit", "counts": { "fever": 7 } }));
        let found = open(&clerk);
        assert_eq!((found.len(), &found[0]["cases"]), (1, &json!(10)));
        let sentence = clerk.get("/health/S-0001").json()["reasons"][0]["sentence"].as_str().unwrap().to_owned();
        assert!(sentence.contains("固定人数"), "{sentence}");
        // Digests of days that are over are forgotten.
        w.app.ambience.advance(3 * DAY);
        night::run(&w.app).unwrap();
        assert_eq!(count(w, "select count(*) from health_own"), 0);
    });
}

#[test]
fn what_comes_late_is_history_and_raises_nothing() {
    on_each_engine(|w| {
        let clerk = w.client(Some("clerk"));
        let now = today(w);
        past(&clerk, "gastro", 60, now - 30);
        switched_on(&clerk, "school-weeks");
        tell(&clerk, now - 28, "gastro", 90);
        night::run(&w.app).unwrap();
        assert_eq!(open(&clerk).len(), 0, "a month ago");
        past(&clerk, "gastro", 4, now);
        tell(&clerk, now - 28, "gastro", 95);
        assert_eq!(open(&clerk).len(), 0, "this week is as usual");
        tell(&clerk, now - 1, "gastro", 400);
        assert_eq!(open(&clerk).len(), 1);
    });
}

#[test]
fn week_53_leap_days_gaps_and_zeros_are_weeks_like_others() {
    on_each_engine(|w| {
        // Wednesday of week 53: 30 December 2026, with five years behind it, a leap day and holidays among them.
        w.app.ambience.advance(301 * DAY);
        let clerk = w.client(Some("clerk"));
        let now = today(w);
        assert_eq!((Day(now).to_string().as_str(), Day(now).iso_week()), ("2026-12-30", (2026, 53)));
        let mut csv = String::from("date,syndrome,count\n");
        for day in now - 7 * 320..now {
            let holiday = matches!(Day(day).date().1, 2 | 8);
            if Day(day).weekday() <= 5 && !holiday {
                csv += &format!("{},fever,{}\n{},eyes,0\n", Day(day), 2 + day % 3, Day(day));
            }
        }
        assert!(csv.contains("2024-03-01") && csv.contains("2020-12-3"));
        let done = send(&clerk, "/health/counts/table", &[("source", "school")], csv.as_bytes());
        assert_eq!(done.status, 201, "{}", done.text);
        for rule in ["school-weeks", "school-years", "years-five", "percentile-80"] {
            switched_on(&clerk, rule);
        }
        night::run(&w.app).unwrap();
        tell(&clerk, now, "fever", 3);
        tell(&clerk, now, "eyes", 0);
        assert_eq!(open(&clerk), Vec::<Json>::new());
        tell(&clerk, now, "fever", 60);
        let full = clerk.get("/health/S-0001").json();
        let methods: Vec<&str> = full["reasons"].as_array().unwrap().iter().map(|r| r["method"].as_str().unwrap()).collect();
        assert!(
            methods.contains(&"ears-c2") && methods.contains(&"farrington-flexible") && methods.contains(&"percentile"),
            "{methods:?}"
        );
        assert_eq!(clerk.get_as("/health/S-0001", "text/html").status, 200);
        assert!(full["chart"]["rows"].as_array().unwrap().iter().any(|r| r["count"].is_null()), "holidays are missing");
    });
}

#[test]
fn small_numbers_are_not_told_above_communities() {
    on_each_engine(|w| {
        let (clerk, stranger, street) = (w.client(Some("clerk")), w.client(Some("stranger")), w.client(Some("street")));
        tell(&clerk, today(w), "fever", 3);
        tell(&stranger, today(w), "fever", 12);
        tell(&clerk, today(w), "rash", 8);
        tell(&stranger, today(w), "rash", 9);
        let table = street.get("/health/numbers?area=321002001&source=school").json();
        assert_eq!(table["syndromes"], json!(["发热", "皮疹"]), "{table}");
        let cell = |r: usize, c: usize| table["rows"][r][1][c]["told"].as_str().unwrap();
        assert_eq!((cell(0, 0), cell(1, 0)), ("few", "withheld"), "{table}");
        assert_eq!((cell(0, 1), cell(1, 1), &table["totals"][1]["n"]), ("number", "number", &json!(17)));
        assert_eq!(table["totals"][0]["n"], 15);
        let page = street.get_as("/health/numbers?area=321002001&source=school", "text/html").text;
        assert!(page.contains("&lt;5") && page.contains("<td class=\"num\">8</td>"), "{page}");
        assert_eq!(clerk.get(&format!("/health/numbers?area={SIBLING}")).error(), (403, "denied".into()));
    });
}

#[test]
fn a_notice_of_disease_control_reaches_the_desks_beneath() {
    on_each_engine(|w| {
        let (clerk, street, resident) = (w.client(Some("clerk")), w.client(Some("street")), w.client(Some("resident")));
        let new = json!({ "title": "手足口病进入高发期", "words": "请托幼机构加强晨检。", "syndrome": "hand-foot-mouth", "area": "321002001" });
        assert_eq!(resident.post("/health/notices", &new).status, 403);
        assert_eq!(clerk.post("/health/notices", &new).error(), (403, "denied".into()), "of the street");
        good(&street, "/health/notices", &new);
        assert_eq!(told(w, "notice"), 4, "two communities, but not whoever wrote it");
        let seen = clerk.get("/health/notices").json();
        assert_eq!((&seen["items"][0]["title"], &seen["may"]), (&new["title"], &json!(true)));
        assert_eq!(clerk.get_as("/health/notices", "text/html").status, 200);
    });
}

#[test]
fn the_night_finds_the_same_whatever_the_order() {
    on_each_engine(|w| {
        let (clerk, stranger) = (w.client(Some("clerk")), w.client(Some("stranger")));
        let now = today(w);
        // Both communities tell the same of two syndromes, in another order; the street switches a rule on for both.
        for (c, order) in [(&clerk, ["fever", "rash"]), (&stranger, ["rash", "fever"])] {
            order.iter().for_each(|s| past(c, s, 60, now - 1));
        }
        let street = w.client(Some("street"));
        switched_on(&street, "school-weeks");
        for (c, order) in [(&stranger, ["rash", "fever"]), (&clerk, ["fever", "rash"])] {
            for syndrome in order {
                let counts = json!({ syndrome: 35 });
                good(c, "/health/counts", &json!({ "source": "school", "counts": counts }));
            }
        }
        let sql = "select s.area, s.syndrome, g.cases, g.upper_bound, g.expected from health_signal s join health_ground g on g.signal = s.id \
                   order by s.syndrome, s.area";
        let all = w.app.db.read(|r| r.rows(sql, &[])).unwrap();
        assert_eq!(all.len(), 4);
        for pair in all.chunks(2) {
            let of = |i: usize| (pair[i].get::<i64>("cases").unwrap(), pair[i].get::<f64>("upper_bound").unwrap());
            assert_eq!(of(0), of(1), "the same counts, the same verdict");
        }
        // Without what was found so far, the night finds it again.
        let found = |w: &World| w.app.db.read(|r| r.rows(sql, &[])).unwrap().iter().map(|r| format!("{r:?}")).collect::<Vec<_>>();
        let before = found(w);
        for table in ["health_step", "health_ground", "health_signal"] {
            let sql = format!("delete from {table}");
            w.app
                .db
                .write(move |tx| {
                    tx.log(store::Entry::new("test.clear", "test", ""))?;
                    tx.exec(&sql, &[]).map(drop)
                })
                .unwrap();
        }
        assert_eq!(night::run(&w.app).unwrap().new, 4);
        assert_eq!(found(w), before);
        // The round of the night runs once a day.
        night::round(&w.app, w.app.now()).unwrap();
        let entries = w.app.db.last().size;
        night::round(&w.app, w.app.now()).unwrap();
        assert_eq!(w.app.db.last().size, entries);
    });
}
