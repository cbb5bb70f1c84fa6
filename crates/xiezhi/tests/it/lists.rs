//! Lists and maps: whatever leads, the same cases come, each once, and page by page; and a map shows no more than it may.

use serde_json::{Value as Json, json};
use store::Query as _;
use xiezhi::kit::Error;

use super::world::{COMMUNITY, Client, SIBLING, World, on_each_engine};

/// Files reports of several classes in two communities and takes some of them on; gives their numbers.
fn some(w: &mut World) -> Vec<String> {
    let (anybody, clerk, stranger) = (w.client(None), w.client(Some("clerk")), w.client(Some("stranger")));
    let mut numbers = Vec::new();
    for n in 0..24 {
        let class = if n % 2 == 0 { "road" } else { "lighting" };
        let area = if n % 4 == 3 { SIBLING } else { COMMUNITY };
        let (lat, lon) = (32.3905 + f64::from(n % 5) * 0.0001, 119.4405);
        let place = if n % 3 == 0 { json!({ "area": area }) } else { json!({ "area": area, "lat": lat, "lon": lon }) };
        let made = anybody.post("/reports", &json!({ "text": format!("第{n}件事"), "class": class, "place": place }));
        assert_eq!(made.status, 201, "{}", made.text);
        let number = made.json()["number"].as_str().unwrap().to_owned();
        let who = if n % 4 == 3 && n % 3 == 0 { &stranger } else { &clerk };
        if n % 5 == 0 {
            who.post(&format!("/cases/{number}/accept"), &json!({ "class": "road" }));
        }
        if n % 7 == 0 {
            who.post(&format!("/cases/{number}/reject"), &json!({ "reason": "不归社区管" }));
        }
        numbers.push(number);
        w.app.ambience.advance(7_000);
    }
    numbers
}

/// All pages of a list.
fn all(client: &Client, query: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/cases?{query}{cursor}")).json();
        out.extend(page["items"].as_array().unwrap().iter().map(|i| i["number"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return out,
        }
    }
}

#[test]
fn lists_hold_what_they_say() {
    on_each_engine(|w| {
        let numbers = some(w);
        let clerk = w.client(Some("street"));
        let stored = |condition: &str| -> Vec<String> {
            let sql = format!("select number from cases where {condition} order by received_at desc, id desc");
            let rows = w.app.db.read(|r| Ok::<_, Error>(r.rows(&sql, &[])?)).unwrap();
            rows.iter().map(|r| r.get("number").unwrap()).collect()
        };
        assert_eq!(all(&clerk, ""), numbers.iter().rev().cloned().collect::<Vec<_>>());
        let open = "state not in ('closed', 'merged', 'rejected')";
        for (query, condition) in [
            ("state=open", open.to_owned()),
            ("state=rejected", "state = 'rejected'".into()),
            ("state=accepted", "state = 'accepted'".into()),
            ("class=road", "class = 'road'".into()),
            ("class=road&state=open", format!("class = 'road' and {open}")),
        ] {
            assert_eq!(all(&clerk, query), stored(&condition), "{query}");
            assert_eq!(
                all(&clerk, &format!("{query}&area={COMMUNITY}")).len() + all(&clerk, &format!("{query}&area={SIBLING}")).len(),
                all(&clerk, query).len()
            );
        }
        assert_eq!(all(&clerk, &format!("q={}", &numbers[0][..6])).len(), numbers.len());
        assert_eq!(all(&clerk, &format!("q={}", numbers[5])), [numbers[5].clone()]);
        let mut soonest = all(&clerk, "state=open&sort=due");
        soonest.sort();
        let mut newest = all(&clerk, "state=open");
        newest.sort();
        assert_eq!(soonest, newest);
        assert_eq!(clerk.get("/cases?state=nonsense").error(), (422, "unknown-value".into()));
        assert_eq!(clerk.get("/cases?cursor=x").error().0, 422);
    });
}

fn points(map: &Json) -> Vec<&Json> {
    map["features"].as_array().unwrap().iter().filter(|f| f["geometry"]["type"] == "Point").collect()
}

#[test]
fn a_map_shows_what_is_open_in_a_box_and_counts_from_afar() {
    on_each_engine(|w| {
        some(w);
        let anybody = w.client(None);
        let near = anybody.get("/cases/map?box=119.4,32.38,119.46,32.41").json();
        let open_there =
            w.app.db.read(|r| r.count("select count(*) from cases where due_at is not null and lat is not null", &[])).unwrap();
        assert!(open_there > 5);
        assert_eq!(points(&near).len() as i64, open_there);
        for p in points(&near) {
            let number = p["properties"]["number"].as_str().unwrap();
            assert_eq!(p["properties"]["url"], format!("/reports/{number}"));
        }
        let far = anybody.get("/cases/map?box=110,25,125,40").json();
        let counted: i64 = points(&far).iter().map(|p| p["properties"]["open"].as_i64().unwrap()).sum();
        let in_grids = w
            .app
            .db
            .read(|r| {
                r.count(
                    "select count(*) from cases c join area a on a.id = c.area where c.due_at is not null and a.kind = 'grid'",
                    &[],
                )
            })
            .unwrap();
        assert_eq!(counted, in_grids);
        assert_eq!(points(&anybody.get("/cases/map?box=0,0,0.1,0.1").json()).len(), 0);
        for wrong in ["", "1,2,3", "9,9,1,1", "a,b,c,d"] {
            assert_eq!(anybody.get(&format!("/cases/map?box={wrong}")).status, 422, "{wrong}");
        }
        let street = anybody.get("/places/321002001/map").json();
        assert!(street["features"].as_array().unwrap().iter().all(|f| f["geometry"]["type"] == "Point"));
        let community = anybody.get(&format!("/places/{COMMUNITY}/map")).json();
        assert!(community["features"].as_array().unwrap().iter().any(|f| f["geometry"]["type"] == "Polygon"));
    });
}
