//! SensorThings 1.1, reading: what there is and for whom, paths, conditions, what hangs on what, pages that lose nothing, limits.

use serde_json::{Value as Json, json};
use xiezhi::kit::form::encode;
use xiezhi::kit::time::{self, MINUTE};

use super::sensing::{added, good};
use super::world::{Answer, COMMUNITY, Client, SIBLING, World, on_each_engine};

/// A path beneath the root with its options, as a careful client writes them.
fn ask(c: &Client, path: &str, options: &[(&str, &str)]) -> Answer {
    let all: Vec<String> = options.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect();
    c.get(&format!("/sensorthings/v1.1/{path}?{}", all.join("&")))
}

fn got(c: &Client, path: &str, options: &[(&str, &str)]) -> Json {
    let answer = ask(c, path, options);
    assert_eq!(answer.status, 200, "{path} {options:?}: {}", answer.text);
    answer.json()
}

fn values<'j>(found: &'j Json, name: &str) -> Vec<&'j Json> {
    found["value"].as_array().unwrap_or_else(|| panic!("{found}")).iter().map(|v| &v[name]).collect()
}

/// Water that anybody may read about, a camera that nobody may, a meter in a home, something of the community beside.
fn settle(w: &mut World) -> (Client, Client) {
    let (clerk, stranger) = (w.client(Some("clerk")), w.client(Some("stranger")));
    let level = json!({ "kind": "level", "title": "北门地道水位", "name": "lv-1", "area": COMMUNITY, "shared": true });
    let level = added(&clerk, &level);
    let camera = added(&clerk, &json!({ "kind": "ebike", "title": "门厅", "name": "eb-1", "area": COMMUNITY, "shared": true }));
    let air = added(&clerk, &json!({ "kind": "air", "title": "花园空气", "name": "air-1", "area": COMMUNITY }));
    let card = good(&clerk, "/cards", &json!({ "name": "王秀英", "place": "2单元501" }));
    let home = json!({ "kind": "water", "title": "厨房", "name": "w-1", "card": card["id"], "agreed": "present" });
    let home = added(&clerk, &home);
    let other = json!({ "kind": "level", "title": "二社区水位", "name": "lv-2", "area": SIBLING });
    let other = added(&stranger, &other);
    let now = w.app.now();
    let all: Vec<Json> = (0..25).map(|n| json!({ "stream": "level", "t": now - n * MINUTE, "v": n })).collect();
    assert_eq!(level.say(&json!(all)).json()["taken"], 25);
    level.say(&json!({ "battery": 90 }));
    camera.say(&json!({ "ebike": true }));
    air.say(&json!({ "pm25": 35.5 }));
    home.say(&json!({ "water": 777 }));
    other.say(&json!({ "level": 3 }));
    (clerk, w.client(None))
}

#[test]
fn what_is_open_is_for_everybody_and_nothing_of_a_home_is() {
    on_each_engine(|w| {
        let (clerk, anyone) = settle(w);
        for root in ["/sensorthings/v1.1", "/sensorthings/v1.1/"] {
            let root = anyone.get(root).json();
            assert_eq!((root["value"].as_array().unwrap().len(), &root["value"][0]["name"]), (8, &json!("Things")));
            let kept = root["serverSettings"]["conformance"].as_array().unwrap();
            assert!(kept.contains(&json!("http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel")), "{root}");
        }
        assert_eq!(values(&got(&anyone, "Things", &[]), "@iot.id"), [&json!("lv-1")]);
        assert_eq!(values(&got(&anyone, "Datastreams", &[]), "description"), [&json!("水位")], "its battery is nobody's");
        assert_eq!(values(&got(&clerk, "Things", &[]), "@iot.id"), [&json!("air-1"), &json!("eb-1"), &json!("lv-1")]);
        assert_eq!(values(&got(&w.client(Some("street")), "Things", &[]), "@iot.id").len(), 4);
        assert_eq!(values(&got(&w.client(Some("resident")), "Things", &[]), "@iot.id").len(), 1, "no desk");
        assert_eq!(ask(&anyone, "Things('air-1')", &[]).error(), (404, "not-found".into()));
        assert_eq!(ask(&clerk, "Things('w-1')", &[]).error(), (404, "not-found".into()), "of a home");
        assert!(!got(&clerk, "Observations", &[]).to_string().contains("777"), "nor what it tells");
        // The program of an organisation, with a key for it.
        let helper = w.client(Some("helper"));
        let key = |purpose: &str| {
            let new = json!({ "body": w.body("helpers"), "name": "看板", "purposes": [purpose] });
            let made = good(&helper, "/developers/keys", &new);
            Client { base: helper.base.clone(), token: made["key"].as_str().map(str::to_owned) }
        };
        assert_eq!(values(&got(&key("devices"), "Things", &[]), "@iot.id").len(), 3);
        assert_eq!(ask(&key("open"), "Things", &[]).error(), (403, "key-purpose".into()));
    });
}

#[test]
fn paths_conditions_and_what_hangs_on_what() {
    on_each_engine(|w| {
        let (clerk, anyone) = settle(w);
        let now = w.app.now();
        let streams = got(&clerk, "Things('lv-1')/Datastreams", &[("$orderby", "description desc")]);
        assert_eq!(values(&streams, "description"), [&json!("电量"), &json!("水位")]);
        let level = streams["value"][1]["@iot.id"].as_i64().unwrap();
        let path = format!("Things('lv-1')/Datastreams({level})/Observations");
        let span = format!("{}/{}", time::exact(now - 24 * MINUTE), time::exact(now));
        assert_eq!(streams["value"][1]["phenomenonTime"], span, "without looking at readings");
        assert_eq!(streams["value"][1]["unitOfMeasurement"]["symbol"], "cm");
        let results = |options: &[(&str, &str)]| -> Vec<f64> {
            values(&got(&anyone, &path, options), "result").iter().map(|v| v.as_f64().unwrap()).collect()
        };
        assert_eq!(results(&[("$top", "2")]), [24.0, 23.0], "the oldest first");
        assert_eq!(results(&[("$top", "2"), ("$orderby", "phenomenonTime desc")]), [0.0, 1.0]);
        assert_eq!(results(&[("$filter", "result ge 22 or result lt 1")]), [24.0, 23.0, 22.0, 0.0]);
        assert_eq!(results(&[("$filter", "not (result gt 1) and result ne 0")]), [1.0]);
        assert_eq!(results(&[("$filter", "result mod 10 eq 4 and result add 1 lt 20")]), [14.0, 4.0]);
        let (a, b) = (time::exact(now - 3 * MINUTE), w.app.time(now - MINUTE));
        assert_eq!(results(&[("$filter", &format!("phenomenonTime ge {a} and resultTime lt {b}"))]), [3.0, 2.0]);
        // A plus that became a space, as careless clients have it.
        let careless =
            anyone.get(&format!("/sensorthings/v1.1/{path}?$filter=phenomenonTime%20gt%20{}", w.app.time(now - 2 * MINUTE)));
        assert_eq!(values(&careless.json(), "result").len(), 2, "{}", careless.text);
        assert_eq!(results(&[("$filter", &format!("{b} lt phenomenonTime"))]), [0.0]);
        assert_eq!(results(&[("$orderby", "result desc"), ("$top", "3"), ("$skip", "1")]), [23.0, 22.0, 21.0]);
        assert_eq!(results(&[("$filter", "minute(phenomenonTime) eq 0")]).len(), 1);
        let filter =
            |text: &str| values(&got(&clerk, "Things", &[("$filter", text)]), "@iot.id").into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(filter("startswith(name,'北门') and properties/kind eq 'level'"), [json!("lv-1")]);
        assert_eq!(filter("substringof('空气', name) or id eq 'eb-1'"), [json!("air-1"), json!("eb-1")]);
        assert_eq!(filter("length(name) eq 2 and tolower('A') eq 'a' and concat('a','''') eq 'a'''"), [json!("eb-1")]);
        // What hangs on what, with options of its own.
        let options = [
            (
                "$expand",
                "Datastreams($select=id,name;$expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result)),Locations",
            ),
            ("$select", "name"),
        ];
        let one = got(&anyone, "Things('lv-1')", &options);
        let expect = json!({ "name": "北门地道水位", "Locations": [], "Datastreams": [{ "@iot.id": level, "name": "北门地道水位 水位", "Observations": [{ "result": 0.0 }] }] });
        let mut seen = one.clone();
        let more = seen["Datastreams"][0].as_object_mut().unwrap().remove("Observations@iot.nextLink").unwrap();
        assert_eq!(seen, expect);
        let rest = anyone
            .get(more.as_str().unwrap().split_once("/sensorthings").map(|(_, r)| format!("/sensorthings{r}")).unwrap().as_str());
        assert_eq!(rest.json()["value"], json!([{ "result": 1.0 }]), "{more}");
        let up = got(&anyone, "Observations", &[("$top", "1"), ("$expand", "Datastream/Thing,FeatureOfInterest")]);
        assert_eq!(up["value"][0]["Datastream"]["Thing"]["@iot.id"], "lv-1");
        assert_eq!(up["value"][0]["FeatureOfInterest"]["name"], "一社区");
        assert_eq!(
            values(&got(&clerk, "Datastreams", &[("$filter", "Thing/properties/kind eq 'air'")]), "description"),
            [&json!("PM2.5")]
        );
        let id = up["value"][0]["@iot.id"].as_str().unwrap();
        assert_eq!(got(&anyone, &format!("Observations('{id}')/Datastream/Sensor"), &[])["@iot.id"], "level");
        assert_eq!(got(&anyone, "ObservedProperties('level')/Datastreams", &[])["value"].as_array().unwrap().len(), 1);
        assert_eq!(
            got(&anyone, "FeaturesOfInterest('lv-1')/Observations", &[("$top", "0"), ("$count", "true")])["@iot.count"],
            25
        );
        assert_eq!(got(&anyone, "HistoricalLocations", &[]), json!({ "value": [] }));
        // One property, and nothing but it.
        assert_eq!(got(&anyone, "Things('lv-1')/name", &[]), json!({ "name": "北门地道水位" }));
        assert_eq!(ask(&anyone, "Things('lv-1')/name/$value", &[]).text, "北门地道水位");
        let link = got(&anyone, "Things/$ref", &[])["value"][0].clone();
        assert!(
            link["@iot.selfLink"].as_str().unwrap().ends_with("/sensorthings/v1.1/Things('lv-1')")
                && link.as_object().unwrap().len() == 1
        );
        // Yes and no are no numbers; text is text.
        assert_eq!(
            got(&clerk, "Things('eb-1')/Datastreams", &[("$expand", "Observations")])["value"][0]["Observations"][0]["result"],
            true
        );
        // Tables.
        let tables = got(
            &anyone,
            &path,
            &[
                ("$resultFormat", "dataArray"),
                ("$select", "phenomenonTime,result"),
                ("$top", "2"),
                ("$orderby", "phenomenonTime desc"),
            ],
        );
        let table = &tables["value"][0];
        assert_eq!((&table["components"], &table["dataArray@iot.count"]), (&json!(["phenomenonTime", "result"]), &json!(2)));
        assert_eq!(table["dataArray"], json!([[time::exact(now), 0.0], [time::exact(now - MINUTE), 1.0]]));
        assert!(
            tables["@iot.nextLink"].is_string()
                && table["Datastream@iot.navigationLink"].as_str().unwrap().ends_with(&format!("Datastreams({level})"))
        );
    });
}

#[test]
fn pages_lose_nothing_and_limits_hold() {
    on_each_engine(|w| {
        let (clerk, anyone) = settle(w);
        let walk = |c: &Client, first: String| -> Vec<Json> {
            let (mut out, mut next) = (Vec::new(), Some(first));
            while let Some(at) = next.take() {
                let page = c.get(&at).json();
                out.extend(values(&page, "@iot.id").into_iter().cloned());
                next =
                    page["@iot.nextLink"].as_str().map(|l| format!("/sensorthings{}", l.split_once("/sensorthings").unwrap().1));
                assert!(out.len() < 100, "{out:?}");
            }
            out
        };
        for (order, filter, many) in [
            ("", "", 28),
            ("$orderby=phenomenonTime%20desc&", "", 28),
            ("$orderby=result&", "$filter=Datastream/properties/stream%20eq%20%27level%27&", 25),
            ("", "$filter=result%20gt%204&", 22),
        ] {
            let all = walk(&clerk, format!("/sensorthings/v1.1/Observations?{order}{filter}$top=4"));
            let mut once = all.clone();
            once.sort_by_key(Json::to_string);
            once.dedup();
            assert_eq!((all.len(), once.len()), (many, many), "{order} {filter}");
        }
        assert_eq!(walk(&clerk, "/sensorthings/v1.1/Things?$top=1&$orderby=name".into()).len(), 3);
        let first =
            got(&anyone, "Observations", &[("$top", "3"), ("$skip", "2"), ("$count", "true"), ("$filter", "result lt 20")]);
        assert_eq!(
            (&first["@iot.count"], values(&first, "result")),
            (&json!(20), vec![&json!(17.0), &json!(16.0), &json!(15.0)])
        );
        // What cannot be read is refused by name, and costs nothing.
        let deep = format!("{}1 eq 1{}", "(".repeat(60), ")".repeat(60));
        let long = format!("name eq '{}'", "x".repeat(1_900));
        for (path, option, text) in [
            ("Things", "$filter", "name eq"),
            ("Things", "$filter", "name eq 'x"),
            ("Things", "$filter", "nme eq 'x'"),
            ("Things", "$filter", "Datastreams/name eq 'x'"),
            ("Things", "$filter", "sleep(9)"),
            ("Things", "$filter", "name eq 'x') or (1 eq 1"),
            ("Things", "$filter", "'x' eq 'x'; drop table device"),
            ("Things", "$filter", deep.as_str()),
            ("Things", "$top", "-1"),
            ("Things", "$top", "many"),
            ("Things", "$skip", "999999999"),
            ("Things", "$count", "yes"),
            ("Things", "$select", "secret"),
            ("Things", "$expand", "Secrets"),
            ("Things", "$expand", "Datastreams/Thing/Datastreams/Thing/Datastreams/Thing"),
            ("Things", "$expand", "Datastreams($skiptoken=1)"),
            ("Things", "$expand", "Datastreams($top=1"),
            ("Observations", "$resultFormat", "csv"),
            ("Observations", "$skiptoken", "x"),
        ] {
            let answer = ask(&anyone, path, &[(option, text)]);
            assert_eq!((answer.error(), &answer.json()["field"]), ((400, "bad-query".into()), &json!(option)), "{option}={text}");
        }
        assert_eq!(ask(&anyone, "Things", &[("$apply", "x")]).error(), (400, "bad-query".into()));
        assert_eq!(values(&got(&anyone, "Things", &[("$filter", &long)]), "name").len(), 0);
        for path in [
            "Secrets",
            "Things('x')",
            "Things()",
            "Things('lv-1",
            "Things('lv-1')/password",
            "Observations('1')",
            "Observations('1-x')",
            "a/b/c/d/e/f/g/h/i",
            "Datastreams(99999999999999999999)",
        ] {
            assert_eq!(ask(&anyone, path, &[]).error(), (404, "not-found".into()), "{path}");
        }
        let page = anyone.get_as("/sensorthings/v1.1/Nothing", "text/html");
        assert!(page.status == 404 && page.json()["message"].is_string(), "errors are JSON, whatever somebody accepts");
    });
}
