//! Household cards: given by the committee of the area, opened by scanning or typing, ended when lost.

use serde_json::json;

use super::world::{Client, on_each_engine};

#[test]
fn a_card_signs_its_resident_in_and_nobody_once_it_is_lost() {
    on_each_engine(|w| {
        let (clerk, anyone) = (w.client(Some("clerk")), w.client(None));
        let with = |token: &str| Client { base: clerk.base.clone(), token: Some(token.to_owned()) };
        let new = json!({ "name": "王秀英", "place": "2单元501", "phone": "13900001111" });
        let given = clerk.post_keyed("/cards", "one", &new);
        assert_eq!(given.status, 201, "{}", given.text);
        let (id, code) = (given.json()["id"].as_str().unwrap().to_owned(), given.json()["code"].as_str().unwrap().to_owned());
        assert_eq!(clerk.post_keyed("/cards", "one", &new).json(), given.json(), "asked twice, given once");
        let print = clerk.get(&format!("/cards/{id}")).json();
        assert_eq!(print["code"], json!(code));
        assert!(
            !print.to_string().contains("王秀英") && !print.to_string().contains("单元501"),
            "a finder learns nothing: {print}"
        );
        let listed = clerk.get("/cards").json();
        assert_eq!((&listed["items"][0]["name"], &listed["items"][0]["place"]), (&json!("王秀英"), &json!("2单元501")));

        // Looking opens nothing; a press does, however it is typed.
        let page = anyone.get_as(&format!("/card?code={code}"), "text/html");
        assert!(
            page.status == 200 && page.header("set-cookie").is_none() && page.header("referrer-policy") == Some("no-referrer")
        );
        let typed = code.to_lowercase().replace('0', "o");
        let opened = anyone.post("/card", &json!({ "code": typed }));
        assert_eq!((opened.status, &opened.json()["roles"]), (200, &json!(["resident"])), "{}", opened.text);
        let resident = with(opened.json()["token"].as_str().unwrap());
        assert_eq!(resident.get("/me").json()["name"], "王秀英");
        let (number, _) = resident.report("楼道灯坏了");
        let held = resident.get("/me/data").text;
        assert!(held.contains(&number) && held.contains("2单元501"), "what is reported is the resident's own: {held}");
        assert!(resident.get("/me/reads").text.contains("cards"), "who looked for the card is told");
        for path in ["/desk", "/cards", "/people"] {
            assert_eq!(resident.get(path).status, 403, "{path}");
        }

        // Not for others to give, to see or to end; bad input is named.
        assert_eq!(w.client(Some("property")).post("/cards", &new).error().1, "denied");
        assert_eq!(w.client(Some("stranger")).get(&format!("/cards/{id}")).status, 404);
        assert_eq!(w.client(Some("stranger")).post(&format!("/cards/{id}/end"), &json!({})).status, 404);
        for (body, field) in [(json!({ "place": "1" }), "name"), (json!({ "name": "王" }), "place")] {
            let refused = clerk.post("/cards", &body);
            assert_eq!((refused.error().1, &refused.json()["field"]), ("missing".into(), &json!(field)));
        }
        let far = json!({ "name": "王", "place": "1", "building": "nowhere" });
        assert_eq!(clerk.post("/cards", &far).error().1, "unknown-value");

        // Lost: what it opened is closed, and it opens nothing any more.
        assert_eq!(clerk.post(&format!("/cards/{id}/end"), &json!({})).status, 200);
        assert_eq!(resident.get("/me").status, 401);
        assert_eq!(anyone.post("/card", &json!({ "code": code })).error(), (401, "wrong-card".into()));
        assert_eq!(clerk.get(&format!("/cards/{id}")).error().1, "state", "an ended card is not printed");
        assert!(clerk.get("/cards").json()["items"][0]["ended_at"].is_string());
        let guess = json!({ "code": "00000-00000-00000-00000" });
        let codes: Vec<String> = (0..12).map(|_| anyone.post("/card", &guess).error().1).collect();
        assert_eq!((codes[0].as_str(), codes[11].as_str()), ("wrong-card", "slow-down"));
    });
}
