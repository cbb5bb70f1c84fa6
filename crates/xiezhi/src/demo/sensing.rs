//! Devices of the demo: water in an underpass, air on a square, an e-bike camera, a smoke detector behind a gateway, with a week
//! of readings.
//!
//! What must stay true: everything goes through the real actions; nobody's home has a device, for nobody agreed.

use std::f64::consts::TAU;
use std::sync::Arc;

use calc::alarm::Disposition;
use calc::codes;

use super::draw::Draw;
use super::people::People;
use super::place::Places;
use crate::activities::sensing::ingest::Told;
use crate::activities::sensing::watch::act::End;
use crate::activities::sensing::watch::book::Book;
use crate::activities::sensing::watch::{self, hear};
use crate::activities::sensing::{self, act, ingest, pack};
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};
use crate::kit::{App, Result, RoleKind, Who};

/// The one that whoever tries the demo may speak for.
pub const OPEN: &str = "demo-air";

/// Name, kind, title, whether anybody may read it, through which gateway.
const DEVICES: [(&str, &str, &str, bool, Option<&str>); 5] = [
    ("demo-level", "level", "北门地道水位", true, None),
    (OPEN, "air", "中心花园空气和噪声", true, None),
    ("demo-ebike", "ebike", "3 栋一单元门厅", false, None),
    ("demo-gateway", "gateway", "3 栋弱电间网关", false, None),
    ("demo-smoke", "smoke", "3 栋地下室烟感", false, Some("demo-gateway")),
];

fn password(app: &App, name: &str) -> String {
    codes::crockford(&app.db.digest("demo device", name))[..24].to_owned()
}

fn hear(app: &App, told: Vec<Told>) -> Result<()> {
    let book = Book::now(app)?;
    app.db.write(move |tx| hear::take(tx, &book, &told)).map(drop)
}

/// Plays it at `now`.
pub fn settle(app: &App, draw: &mut Draw, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let place = places.communities[0].area.clone();
    let Some(clerk) = people.crew(RoleKind::Committee, 0, "").and_then(|c| c.people.first()).cloned() else { return Ok(()) };
    let pack = pack::at(&place.code);
    for (name, kind, title, shared, parent) in DEVICES {
        let new = act::New {
            name: Some(name.into()),
            kind: kind.into(),
            title: title.into(),
            building: None,
            person: None,
            agreed: None,
            parent: parent.map(Into::into),
            shared,
            keep_days: None,
        };
        let (who, at, password) = (clerk.clone(), place.clone(), password(app, name));
        app.db.write(move |tx| act::add(tx, pack, &who, &at, &new, &password))?;
    }
    // A week, every hour; the gateway says that it is there, the smoke detector that there is none.
    for (name, stream, low, swing) in [
        ("demo-level", "level", 4.0, 3.0),
        ("demo-air", "pm25", 38.0, 16.0),
        ("demo-air", "noise", 52.0, 7.0),
        ("demo-smoke", "temperature", 17.0, 2.0),
    ] {
        let device = Arc::new(app.db.read(|r| sensing::by_name(r, name))?);
        let mut told = Vec::new();
        for n in (0..168).rev() {
            let t = now - n * HOUR;
            let day = (t % DAY) as f64 / DAY as f64;
            let value = low + swing * (TAU * day).sin() + draw.below(100) as f64 / 50.0;
            let said = serde_json::json!({ "t": t, "v": (value * 10.0).round() / 10.0 });
            // Heard when it was told.
            told.push(ingest::parse(pack, &device, stream, &said, t)?);
        }
        hear(app, told)?;
    }
    // An e-bike came in and was brought out again; another one stands there now.
    for (back, stream, name, said) in [
        (20, "ebike", "demo-ebike", "yes"),
        (10, "ebike", "demo-ebike", "no"),
        (2, "state", "demo-gateway", "在线"),
        (2, "smoke", "demo-smoke", "no"),
        (1, "ebike", "demo-ebike", "yes"),
    ] {
        let device = Arc::new(app.db.read(|r| sensing::by_name(r, name))?);
        let said = serde_json::json!({ "t": now - back * MINUTE, "v": said });
        hear(app, vec![ingest::parse(pack, &device, stream, &said, now)?])?;
        if back == 10 {
            ended(app, &clerk, &place.path)?;
        }
    }
    Ok(())
}

/// Somebody went there and says what it was.
fn ended(app: &App, clerk: &Who, path: &str) -> Result<()> {
    let (book, who) = (Book::now(app)?, clerk.clone());
    for alarm in app.db.read(|r| watch::around(r, path, true, 0, 9))? {
        let end = End { what: Disposition::True, words: Some("已推出楼外充电棚".into()), away_until: None };
        let (book, who) = (book.clone(), who.clone());
        app.db.write(move |tx| watch::act::close(tx, &book, &who, &alarm.number, &end))?;
    }
    Ok(())
}

/// A device that whoever tries the demo may speak for: its name and password, the same at every start.
pub fn device(app: &App) -> Result<Option<(String, String)>> {
    let name = OPEN;
    match app.db.read(|r| sensing::by_name(r, name)) {
        Ok(device) => Ok(Some((device.name, password(app, name)))),
        Err(e) if e.kind == crate::kit::error::Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
