//! Routes for the desk of a place: rules, and homes that are watched over.
//!
//! What must stay true: of a home the desk sees who lives there and whether its devices are heard of, and nothing that they told.

use std::collections::BTreeMap;

use calc::alarm::rule::SLOTS;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::book::Active;
use super::figures::{self, Worth};
use super::own::{self, Given, Mode, Own};
use super::rules::{self, New};
use super::say::Say;
use super::spec::{Edge, Said, Span, Spec, Uses, Way};
use super::tried::{self, Trial};
use super::{act, book::Book};
use crate::activities::sensing::pack::{self, Pack, Type};
use crate::activities::sensing::view::{self as devices, Health};
use crate::activities::sensing::{Device, beneath, by_name, ingest};
use crate::activities::volunteer::profile;
use crate::base::area::{self, Area};
use crate::base::catalogue::{Look, Relation};
use crate::base::party;
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Reply, Req, Result, Route};

/// Devices of one list.
const MANY: i64 = 2_000;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/alarms/rules", May::Staff, list, "Rules at a place (`area`): what each says, whether it holds, how often it was right.")
        .gives::<List>(),
    Route::get("/alarms/rules/new", May::Staff, form, "The form for a rule of one's own (`area`).").gives::<Form>(),
    Route::post(
        "/alarms/rules",
        May::Staff,
        add,
        "A rule of one's own, as a draft: `{area, kind, home?, title, severity, latched?, class, when}`, or the fields of the form instead of `when`.",
    )
    .gives::<Full>(),
    Route::get("/alarms/rules/{id}", May::Staff, one, "A rule, tried on what devices of the place (`area`) told.").gives::<Full>(),
    Route::post("/alarms/rules/{id}/switch", May::Staff, switch, "Whether it holds at a place: `{area, on}`."),
    Route::get("/alarms/homes", May::Staff, homes, "Homes of a place (`area`) that are watched over.").gives::<Homes>(),
    Route::post(
        "/devices/{name}/home",
        May::SignedIn,
        home,
        "The home of a device: nobody is there for `{days}` days (0: somebody is again), or its volunteer is `{helper}`.",
    ),
];

/// A rule.
#[derive(Serialize, JsonSchema)]
struct Item {
    id: String,
    name: String,
    /// Of which kind of device; absent when of all.
    kind: Option<String>,
    home: Option<bool>,
    severity: u8,
    latched: bool,
    /// As a sentence.
    when: String,
    /// draft, on, off.
    state: &'static str,
    own: bool,
    worth: Worth,
}

/// Rules of a place.
#[derive(Serialize, JsonSchema)]
struct List {
    area: String,
    place: String,
    items: Vec<Item>,
    review_percent: i64,
    may: bool,
}

/// What is said of a rule: as given, of which kind and homes, whether it holds.
struct Row<'r> {
    given: Given,
    kind: &'r str,
    home: Option<bool>,
    state: Mode,
    own: bool,
}

fn rows<'r>(pack: &'r Pack, own: &'r [Own], path: &str) -> Vec<Row<'r>> {
    let here: Vec<&Own> = own.iter().filter(|o| path.starts_with(&o.path)).collect();
    let state = |id: &str| if own::holds(&here, id) { Mode::On } else { Mode::Off };
    let ships =
        pack.rule.iter().map(|r| Row { given: Given::ships(r), kind: &r.kind, home: r.home, state: state(&r.id), own: false });
    let own = here.iter().filter_map(|o| {
        let (given, kind) = o.as_given().zip(o.kind.as_deref())?;
        Some(Row { given, kind, home: o.home.map(|h| h == 1), state: o.state, own: true })
    });
    ships.chain(own).collect()
}

impl Row<'_> {
    fn item(&self, req: &Req, pack: &Pack, worth: &BTreeMap<String, Worth>) -> Item {
        Item {
            name: if req.lang == crate::kit::i18n::Lang::Zh { self.given.zh.clone() } else { self.given.en.clone() },
            kind: pack.kind(self.kind).map(|k| k.name(req.lang).to_owned()),
            home: self.home,
            severity: self.given.severity,
            latched: self.given.latched,
            when: Say::new(req, pack).rule(&self.given.spec),
            state: self.state.as_str(),
            own: self.own,
            worth: worth.get(&self.given.id).cloned().unwrap_or_default(),
            id: self.given.id.clone(),
        }
    }
}

fn place(req: &Req, q: &mut dyn Query, code: Option<&str>) -> Result<Area> {
    let at = area::named(req, q, code)?;
    if req.who.role_over(&at.path).is_none() { Err(Kind::Denied.at("area")) } else { Ok(at) }
}

fn list(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = place(req, r, None)?;
        let (pack, own) = (pack::at(&at.code), own::deciding(r)?);
        let worth = figures::worth(r, &at.path, &pack.alarm, req.now)?;
        let mut items: Vec<Item> = rows(pack, &own, &at.path).iter().map(|row| row.item(req, pack, &worth)).collect();
        // Those that should be looked at again come first.
        items.sort_by_key(|i| !i.worth.review);
        let may = req.who.desk_over(&at.path).is_some();
        Ok::<_, Error>(List { area: at.code, place: at.name, items, review_percent: pack.alarm.review_percent, may })
    })?;
    req.page("activities/sensing/watch/rules.html", &view)
}

/// A rule with its trial.
#[derive(Serialize, JsonSchema)]
struct Full {
    #[serde(flatten)]
    item: Item,
    area: String,
    place: String,
    trial: Option<Trial>,
    /// The reader's desk may switch it.
    may: bool,
}

fn full(req: &Req, q: &mut dyn Query, at: &Area, id: &str) -> Result<Full> {
    let (pack, own) = (pack::at(&at.code), own::deciding(q)?);
    let all = rows(pack, &own, &at.path);
    let row = all.iter().find(|r| r.given.id == id).ok_or(Kind::NotFound)?;
    let worth = figures::worth(q, &at.path, &pack.alarm, req.now)?;
    let fits = |d: &Device| {
        let ships = pack.rule.iter().find(|r| r.id == id).is_some_and(|r| r.fits(&d.kind, d.is_home()));
        ships || d.kind == row.kind && row.home.is_none_or(|h| h == d.is_home())
    };
    let mut some: Vec<Device> = beneath(q, &at.path, "", MANY)?.into_iter().filter(fits).collect();
    // Homes and others are not mixed: of the one only sums are said.
    let homes = row.home.unwrap_or(false);
    some.retain(|d| d.is_home() == homes);
    let kind = some.first().map(|d| d.kind.clone());
    some.retain(|d| Some(&d.kind) == kind.as_ref());
    let active = kind.and_then(|kind| Active::new(pack, &kind, row.given.clone()).ok());
    let trial = active.map(|active| tried::trial(req, q, &active, &some)).transpose()?;
    let may = req.who.desk_over(&at.path).is_some() && (!row.own || own.iter().any(|o| o.id == id && o.area == at.id));
    Ok(Full { item: row.item(req, pack, &worth), area: at.code.clone(), place: at.name.clone(), trial, may })
}

fn one(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = place(req, r, None)?;
        full(req, r, &at, req.param("id"))
    })?;
    req.page("activities/sensing/watch/rule.html", &view)
}

fn switch(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (code, on) = (input.text("area", 40)?, input.flag("on"));
    let at = req.app.db.read(|r| place(req, r, code.as_deref()))?;
    let (who, id, here) = (req.who.clone(), req.param("id").to_owned(), at.clone());
    req.once(move |tx| rules::switch(tx, &who, &here, &id, on).map(|()| String::new()))?;
    let id = req.param("id");
    req.done(&format!("/alarms/rules/{id}?area={}", at.code), 200, || req.app.db.read(|r| full(req, r, &at, id)))
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    kinds: Vec<Sort>,
    classes: Vec<(String, String)>,
}

/// A kind of device with what it measures.
#[derive(Serialize, JsonSchema)]
struct Sort {
    id: String,
    name: String,
    measures: Vec<(String, String)>,
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::of_desk(r, &req.who, req.query.get("area").unwrap_or_default())?;
        let (pack, book) = (pack::at(&at.code), Book::read(r, req.app)?);
        let sort = |k: &pack::Sort| {
            let measures = k.measures.iter().filter_map(|m| pack.measure(m));
            let measures = measures.map(|m| (m.id.clone(), m.name(req.lang).to_owned())).collect();
            Sort { id: k.id.clone(), name: k.name(req.lang).to_owned(), measures }
        };
        let used: Vec<&str> = pack.rule.iter().map(|r| r.class.as_str()).collect();
        let mut classes: Vec<(String, String)> = Vec::new();
        for code in used {
            if let Some(class) = book.cases.classes.get(code)
                && !classes.iter().any(|(c, _)| c == code)
            {
                classes.push((code.to_owned(), class.name(req.lang).to_owned()));
            }
        }
        Ok::<_, Error>(Form { kinds: pack.kind.iter().map(sort).collect(), classes, area: at.code, place: at.name })
    })?;
    req.page("activities/sensing/watch/new.html", &view)
}

/// The condition that the form describes: one test, and how long.
fn condition(pack: &Pack, input: &Input) -> Result<Spec> {
    if let Some(when) = input.0.get("when").filter(|w| w.is_object()) {
        return serde_json::from_value(when.clone()).map_err(|_| Kind::WrongType.at("when"));
    }
    let (of, test) = (input.need("of", 20)?, input.need("test", 20)?);
    let number = || -> Result<f64> {
        let text = input.need("n", 20)?;
        text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| Kind::WrongType.at("n"))
    };
    let minutes = input.int("minutes", 0, 100_000)?.unwrap_or(0);
    let span = || if minutes > 0 { Ok(Span(minutes * MINUTE)) } else { Err(Kind::Missing.at("minutes")) };
    let held = |when: Spec| match minutes {
        0 => when,
        n => Spec::Held { on: Span(n * MINUTE), off: Span(0), when: Box::new(when) },
    };
    // Windows of use are cut into at most 48 slots of half an hour or more.
    let slots = || {
        let slot = (minutes / 48).max(30);
        let slots = u32::try_from((minutes / slot).max(1)).unwrap_or(SLOTS);
        (Span(slot * MINUTE), slots)
    };
    let events = pack.measure(&of).is_some_and(|m| m.kind == Type::Bool);
    let uses = if events { Uses::Events } else { Uses::Amount };
    Ok(match test.as_str() {
        "above" | "below" => {
            let side = if test == "above" { Edge::Above } else { Edge::Below };
            held(Spec::Beyond { of, side, raise: number()?, clear: None })
        }
        "yes" => held(Spec::Among { of, values: vec![Said::Bool(true)] }),
        "silent" => Spec::Silent { of: Some(of), after: Some(span()?) },
        "little" => {
            let ((slot, slots), least) = (slots(), Some(number()?));
            Spec::Little { of, uses, slot, slots, least, own: None, gaps: None }
        }
        "regular" => {
            let (slot, slots) = slots();
            Spec::Regular { of, uses, slot, slots, over: 0.0 }
        }
        "rise" | "fall" => {
            let way = if test == "rise" { Way::Rise } else { Way::Fall };
            Spec::Change { of, way, by: number()?, within: span()? }
        }
        _ => return Err(Kind::Unknown.at("test")),
    })
}

fn add(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let at = req.app.db.read(|r| area::of_desk(r, &req.who, code.as_deref().unwrap_or_default()))?;
    let new = New {
        kind: input.need("kind", 20)?,
        home: input.text("home", 5)?.map(|h| matches!(h.as_str(), "1" | "true")),
        title: input.need("title", 40)?,
        severity: input.int("severity", 1, 3)?.unwrap_or(1),
        latched: input.flag("latched"),
        class: input.need("class", 40)?,
        spec: condition(pack::at(&at.code), &input)?,
    };
    let (who, here, book) = (req.who.clone(), at.clone(), Book::now(req.app)?);
    let id = req.once(move |tx| rules::add(tx, &book, &who, &here, &new))?;
    req.done(&format!("/alarms/rules/{id}?area={}", at.code), 201, || req.app.db.read(|r| full(req, r, &at, &id)))
}

/// A home.
#[derive(Serialize, JsonSchema)]
struct Home {
    /// Name of one of its devices.
    device: String,
    name: Option<String>,
    place: String,
    devices: usize,
    /// The worst of them: well, silent, new, paused.
    health: &'static str,
    away_until: Option<String>,
    helper: Option<String>,
    /// Number of an open alarm.
    alarm: Option<String>,
}

/// Homes of a place.
#[derive(Serialize, JsonSchema)]
struct Homes {
    area: String,
    place: String,
    homes: Vec<Home>,
    /// Vetted volunteers: id and name.
    volunteers: Vec<(String, String)>,
}

fn homes(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "sensing");
    let view = req.app.db.read(|r| {
        let at = area::of_desk(r, &req.who, req.query.get("area").unwrap_or_default())?;
        let pack = pack::at(&at.code);
        let mut of: BTreeMap<String, Vec<Device>> = BTreeMap::new();
        for device in beneath(r, &at.path, "", MANY)? {
            if let Some(person) = device.person.clone() {
                of.entry(person).or_default().push(device);
            }
        }
        let mut homes = Vec::with_capacity(of.len());
        for (person, all) in &of {
            homes.push(home_row(req, r, pack, person, all, &mut look)?);
        }
        let mut volunteers = Vec::new();
        for v in profile::around(r, &at.path, "", profile::MOST)? {
            if v.vetted_until.is_some_and(|until| until > req.now)
                && let Some(name) = party::name_of(r, &v.person)?.and_then(|n| look.at(&n, Relation::Desk))
            {
                volunteers.push((v.person, name));
            }
        }
        Ok::<_, Error>(Homes { area: at.code, place: at.name, homes, volunteers })
    })?;
    look.record(req.app)?;
    Ok(req.page("activities/sensing/watch/homes.html", &view)?.header("cache-control", "no-store"))
}

fn home_row(req: &Req, q: &mut dyn Query, pack: &Pack, person: &str, all: &[Device], look: &mut Look) -> Result<Home> {
    let heard = ingest::heard(q, all)?;
    let worst = |h: &Health| [Health::Silent, Health::New, Health::Paused, Health::Well].iter().position(|w| w == h);
    let health = all.iter().map(|d| devices::health(pack, d, &heard, req.now)).min_by_key(worst).unwrap_or(Health::New);
    let row = q.row("select helper, away_until from watch_home where person = $1", params![person])?;
    let (helper, away): (Option<String>, Option<Ms>) = match row {
        Some(r) => (r.get("helper")?, r.get("away_until")?),
        None => (None, None),
    };
    let mut named = |q: &mut dyn Query, id: &str| -> Result<Option<String>> {
        Ok(party::name_of(q, id)?.and_then(|n| look.at(&n, Relation::Desk)))
    };
    let open = "select number from alarm where person = $1 and phase <> 'closed' order by severity desc, opened_at limit 1";
    let alarm = q.row(open, params![person])?;
    let place = area::by_id(q, &all[0].area)?.map(|a| a.name).unwrap_or_default();
    Ok(Home {
        device: all[0].name.clone(),
        name: named(q, person)?,
        place,
        devices: all.len(),
        health: health.as_str(),
        away_until: away.filter(|t| *t > req.now).map(|t| req.app.time(t)),
        helper: helper.map(|h| named(q, &h)).transpose()?.flatten(),
        alarm: alarm.map(|r| r.get("number")).transpose()?,
    })
}

fn home(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (days, helper) = (input.int("days", 0, 366)?, input.text("helper", 40)?);
    if days.is_none() && !input.0.contains_key("helper") {
        return Err(Kind::Missing.at("days"));
    }
    let (who, name, book) = (req.who.clone(), req.param("name").to_owned(), Book::now(req.app)?);
    req.once(move |tx| {
        let person = by_name(tx, &name)?.person.ok_or(Kind::NotFound)?;
        match days {
            Some(days) => {
                let until = tx.now() + days * DAY;
                act::away(tx, &book, &who, &person, until)?;
            }
            None => act::pair(tx, &who, &person, helper.as_deref())?,
        }
        Ok(String::new())
    })?;
    let to = if req.who.is_staff() { "/alarms/homes" } else { "/devices/mine" };
    req.done(to, 200, || Ok(serde_json::json!({})))
}
