//! Pictures: nobody but those concerned sees one until somebody has set it free, what is covered stays covered, and
//! whoever opens an original is noted.

use serde_json::{Value as Json, json};
use xiezhi::base::media;

use super::world::{COMMUNITY, World, on_each_engine};

/// A PNG whose left half is red and whose right half is blue.
pub fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let halves = image::RgbImage::from_fn(90, 60, |x, _| image::Rgb(if x < 45 { [250, 10, 10] } else { [10, 10, 250] }));
    halves.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// A report with one picture; number, tracking code, id of the picture.
fn reported(w: &mut World, class: &str) -> (String, String, String) {
    let id = media::keep(&w.app, &w.who("resident"), &picture()).unwrap();
    let made = w
        .client(Some("resident"))
        .post("/reports", &json!({ "text": "路灯坏了", "class": class, "media": [id], "place": { "area": COMMUNITY } }));
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    (made["number"].as_str().unwrap().into(), made["code"].as_str().unwrap().into(), id)
}

/// The colour of a pixel of what somebody is given: `None` when he is given nothing.
fn pixel(w: &mut World, who: Option<&str>, path: &str, x: u32, y: u32) -> Option<[u8; 3]> {
    let answer = w.client(who).get(path);
    if answer.status == 404 {
        return None;
    }
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")), "{}", answer.text);
    Some(image::load_from_memory(&answer.body).unwrap().into_rgb8().get_pixel(x, y).0)
}

fn is_red([r, g, b]: [u8; 3]) -> bool {
    r > 200 && g < 60 && b < 60
}

#[test]
fn a_picture_is_public_only_after_a_clerk_said_so_and_what_he_covered_stays_covered() {
    on_each_engine(|w| {
        let (number, code, id) = reported(w, "lighting");
        let at = format!("/cases/{number}/media/{id}");
        let shown = |w: &mut World, who: Option<&str>| -> usize {
            w.client(who).get(&format!("/reports/{number}")).json()["media"].as_array().unwrap().len()
        };
        assert_eq!((pixel(w, None, &at, 40, 30), shown(w, None)), (None, 0), "nobody else sees it");
        assert!(is_red(pixel(w, None, &format!("{at}?code={code}"), 40, 30).unwrap()), "the reporter does");
        let clerk = w.client(Some("clerk"));
        let page = clerk.get(&format!("{at}/cover"));
        assert_eq!((&page.json()["covered"], &page.json()["picture"]["released"]), (&json!(0), &json!(false)));

        // The middle, where both colours meet, becomes a mixture; the corner stays.
        let post = |path: &str, key: &str, body: Json| clerk.post_keyed(path, key, &body);
        let middle = json!({ "places": ["400,300,200,400"] });
        for _ in 0..2 {
            let done = post(&format!("{at}/cover"), "same", middle.clone());
            assert_eq!(done.status, 200, "{}", done.text);
        }
        assert_eq!(clerk.get(&format!("{at}/cover")).json()["covered"], 1, "the same wish twice is one");
        assert!(!is_red(pixel(w, Some("clerk"), &at, 44, 30).unwrap()), "covered");
        assert!(is_red(pixel(w, Some("clerk"), &at, 5, 5).unwrap()));
        for (body, code) in [
            (json!({}), "missing"),
            (json!({ "places": ["1,2,3"] }), "wrong-type"),
            (json!({ "places": ["900,0,200,100"] }), "wrong-type"),
            (json!({ "places": ["0,0,0,9"] }), "wrong-type"),
            (json!({ "places": vec!["0,0,9,9"; 21] }), "too-many"),
            (json!({ "left": 10, "top": 10, "width": 95, "height": 10 }), "wrong-type"),
        ] {
            assert_eq!(clerk.post(&format!("{at}/cover"), &body).error(), (422, code.into()));
        }
        // By numbers, as the page sends them without a script.
        let typed = json!({ "places": "", "left": "0", "top": "0", "width": "10", "height": "10" });
        assert_eq!(clerk.post(&format!("{at}/cover"), &typed).status, 200);

        let free = clerk.post(&format!("{at}/release"), &json!({ "public": true }));
        assert_eq!(free.json()["media"][0]["released"], true, "{}", free.text);
        assert!(!is_red(pixel(w, None, &at, 44, 30).unwrap()), "what everybody sees is covered");
        assert_eq!(shown(w, None), 1);
        let page = w.client(None).get_as(&format!("/reports/{number}"), "text/html").text;
        assert!(page.contains(&id) && page.contains("公开了一张照片") && !page.contains("遮住了"), "{page}");
        assert_eq!(clerk.post(&format!("{at}/release"), &json!({ "public": false })).status, 200);
        assert_eq!((pixel(w, None, &at, 40, 30), shown(w, None)), (None, 0), "taken back");

        for who in ["property", "resident", "neighbour"] {
            for (path, body) in
                [("cover", middle.clone()), ("release", json!({ "public": true })), ("original", json!({ "reason": "看看" }))]
            {
                let refused = w.client(Some(who)).post(&format!("{at}/{path}"), &body);
                assert_eq!(refused.error().1, "denied", "{who} {path}");
            }
        }
        assert_eq!(clerk.post(&format!("/cases/{number}/media/none/cover"), &middle).status, 404);
    });
}

#[test]
fn a_private_matter_has_no_public_picture_and_whoever_opens_an_original_is_noted() {
    on_each_engine(|w| {
        let (number, code, id) = reported(w, "help");
        let at = format!("/cases/{number}/media/{id}");
        let clerk = w.client(Some("clerk"));
        assert_eq!(clerk.post(&format!("{at}/release"), &json!({ "public": true })).error().1, "denied");
        assert_eq!(clerk.get(&format!("{at}/cover")).json()["private"], true);
        assert_eq!(clerk.post(&format!("{at}/cover"), &json!({ "places": ["0,0,1000,1000"] })).status, 200);
        assert!(!is_red(pixel(w, Some("clerk"), &at, 40, 30).unwrap()));

        assert_eq!(clerk.post(&format!("{at}/original"), &json!({})).error().1, "missing");
        assert_eq!(w.client(Some("street")).post(&format!("{at}/original"), &json!({ "reason": "检查" })).error().1, "denied");
        let original = clerk.post(&format!("{at}/original"), &json!({ "reason": "核对门牌" }));
        assert_eq!((original.status, original.header("cache-control")), (200, Some("no-store")));
        let seen = image::load_from_memory(&original.body).unwrap().into_rgb8();
        assert!(is_red(seen.get_pixel(40, 30).0), "the original is whole");
        let reads = w.client(Some("resident")).get("/me/reads").text;
        assert!(reads.contains("original"), "the one whom it is about reads it: {reads}");
        let staff = clerk.get(&format!("/cases/{number}")).text;
        assert!(staff.contains("核对门牌"), "colleagues see why");
        let own = w.client(None).get(&format!("/reports/{number}?code={code}")).text;
        assert!(!own.contains("核对门牌"));
    });
}
