//! What a reader sees of alarms.
//!
//! What must stay true: what a home tells, and who lives there, is read while its alarm is open, by those who were called and
//! by the desk; afterwards, and by everybody else, only that there was one.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::book::Book;
use super::say::Say;
use super::{Alarm, Stand, act, remember, was_called};
use crate::activities::sensing::view::{self as devices, Span, StreamView};
use crate::activities::sensing::{self, Device, pack};
use crate::base::area;
use crate::base::area::names::Names;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::{self, card, trust};
use crate::kit::error::Kind;
use crate::kit::{Req, Result};

/// An alarm in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    /// What it is, in the reader's language.
    pub rule: String,
    /// Where, as far as it belongs to all.
    pub device: Option<String>,
    pub place: String,
    /// 1 to be looked at, 2 soon, 3 at once.
    pub severity: i64,
    /// raised, seen, returned, over, closed.
    pub stand: &'static str,
    pub hidden: bool,
    pub chatters: bool,
    pub home: bool,
    pub opened_at: String,
    pub case: Option<String>,
    pub disposition: Option<String>,
}

/// Somebody who can be rung up.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Reach {
    /// self, family, helper.
    pub role: &'static str,
    pub name: Option<String>,
    pub phone: Option<String>,
}

/// Those of a rung.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Called {
    /// self, family, helper, grid, desk, above.
    pub role: String,
    pub people: i64,
    pub at: String,
}

/// An alarm.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    #[serde(flatten)]
    pub item: Item,
    /// The rule as a sentence.
    pub when: Option<String>,
    /// What raised it.
    pub cause: Option<String>,
    pub class: String,
    pub device_name: String,
    pub kind: String,
    pub building: Option<String>,
    pub latched: bool,
    /// What raised it still holds: it cannot be ended yet.
    pub holds: bool,
    pub shelved_until: Option<String>,
    pub shelved_why: Option<String>,
    /// The device through which it tells is down.
    pub through: Option<String>,
    pub called: Vec<Called>,
    pub taken_at: Option<String>,
    pub over_at: Option<String>,
    pub closed_at: Option<String>,
    pub words: Option<String>,
    /// Who lives there and who looks after him, while it is open.
    pub people: Vec<Reach>,
    pub address: Option<String>,
    /// What the device told lately.
    pub streams: Vec<StreamView>,
    pub may_act: bool,
    pub may_shelve: bool,
    pub shelve_hours: i64,
    pub away: bool,
}

/// Alarms as rows of a list.
pub fn items(req: &Req, q: &mut dyn Query, book: &Book, all: &[Alarm]) -> Result<Vec<Item>> {
    let ids: Vec<String> = all.iter().map(|a| a.device.clone()).collect();
    let known = sensing::by_ids(q, &ids)?;
    let places = area::by_ids(q, all.iter().map(|a| &a.area))?;
    let mut out = Vec::with_capacity(all.len());
    for a in all {
        let device = known.iter().find(|d| d.id == a.device);
        let active = device.map(|d| book.rules.any(q, d, &a.rule)).transpose()?.flatten();
        out.push(Item {
            number: a.number.clone(),
            rule: active.map_or_else(|| a.rule.clone(), |r| r.name(req.lang).to_owned()),
            device: device.and_then(|d| d.title.clone()),
            place: places.iter().find(|p| p.id == a.area).map(|p| p.name.clone()).unwrap_or_default(),
            severity: a.severity,
            stand: a.phase.as_str(),
            hidden: a.hidden == 1,
            chatters: a.chatters == 1,
            home: a.person.is_some(),
            opened_at: req.app.time(a.opened_at),
            case: a.case_number.clone(),
            disposition: a.disposition.clone(),
        });
    }
    Ok(out)
}

/// Who lives there and who can be rung up for him.
fn people(req: &Req, q: &mut dyn Query, person: &str, relation: Relation, look: &mut Look) -> Result<Vec<Reach>> {
    let helper = q.row("select helper from watch_home where person = $1", params![person])?;
    let helper = helper.map(|r| r.get::<Option<String>>("helper")).transpose()?.flatten();
    let family = trust::helpers(q, person, req.now)?;
    let mut all: Vec<(&'static str, String)> = vec![("self", person.to_owned())];
    all.extend(family.into_iter().map(|p| ("family", p)));
    all.extend(helper.map(|p| ("helper", p)));
    let mut out = Vec::new();
    for (role, id) in all {
        let name = party::name_of(q, &id)?.and_then(|n| look.at(&n, relation));
        let phone = party::phone_of(q, &id)?.and_then(|n| look.at(&n, relation));
        out.push(Reach { role, name, phone });
    }
    Ok(out)
}

fn called(req: &Req, q: &mut dyn Query, alarm: &str) -> Result<Vec<Called>> {
    let sql = "select role, rung, count(*) n, min(at) at from alarm_told where alarm = $1 group by role, rung order by rung";
    let rows = q.rows(sql, params![alarm])?;
    let one = |r: &store::Row| -> store::Result<Called> {
        Ok(Called { role: r.get("role")?, people: r.get("n")?, at: req.app.time(r.get("at")?) })
    };
    Ok(rows.iter().map(one).collect::<store::Result<_>>()?)
}

/// An alarm for whoever may see it.
pub fn full(req: &Req, q: &mut dyn Query, alarm: &Alarm, look: &mut Look) -> Result<Full> {
    let own = alarm.person.is_some() && alarm.person == req.who.person;
    let may = act::may(q, &req.who, alarm)?;
    if !may && !own {
        return Err(Kind::NotFound.into());
    }
    let book = Book::read(q, req.app)?;
    let device = sensing::by_ids(q, std::slice::from_ref(&alarm.device))?.pop().ok_or(Kind::NotFound)?;
    let active = book.rules.any(q, &device, &alarm.rule)?;
    let code = area::by_id(q, &alarm.area)?.map(|a| a.code).unwrap_or_default();
    let pack = pack::at(&code);
    let say = Say::new(req, pack);
    let open = alarm.phase != Stand::Closed;
    let called_in = req.who.actor().map(|p| was_called(q, &alarm.id, p)).transpose()?.unwrap_or(false);
    let relation = match (own, called_in && open) {
        (true, _) => Relation::Owner,
        (_, true) => Relation::Involved,
        // The desk that answers for the place; those above it are told who lives there only when they are called.
        _ if book.cases.chart.desk_of(&alarm.path).is_ok_and(|d| req.who.in_body(&d.id)) => Relation::Desk,
        _ => Relation::Above,
    };
    // What is in a home: for whoever lives there, and while it is open for those who were called.
    let inside = !device.is_home() || matches!(relation, Relation::Owner | Relation::Involved);
    let cause = match (&alarm.cause, &alarm.sealed) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(sealed)) if inside => q.open_text(&device.id, Some(sealed.clone()))?,
        _ => None,
    };
    let mut graded = |element, text: String| look.at(&Graded::new(element, &device.id, text).of(&alarm.number), relation);
    let cause = cause.and_then(|t| if device.is_home() { graded("sensing.reading", t) } else { Some(t) });
    let words = q.open_text(&device.id, alarm.words.clone())?;
    let words = words.and_then(|w| if device.is_home() { graded("sensing.words", w) } else { Some(w) });
    let memory = state(q, &book, alarm, &device)?;
    let (people, address) = match alarm.person.as_deref().filter(|_| open) {
        Some(person) => {
            let address = card::home(q, person)?.and_then(|h| look.at(&h, relation));
            (people(req, q, person, relation, look)?, address)
        }
        None => (Vec::new(), None),
    };
    let streams = if inside && (open || !device.is_home()) {
        devices::streams(req, q, &device, pack, true, Span::Week)?
    } else {
        Vec::new()
    };
    let of_rule = |s: &StreamView| active.as_ref().is_none_or(|a| a.measures.contains(&s.id));
    let building = match &alarm.building {
        Some(id) => Names::read(q, req.app)?.building(q, id)?,
        None => None,
    };
    let shelf = memory.as_ref().and_then(|m| m.shelf.clone());
    Ok(Full {
        when: active.as_ref().map(|a| say.rule(&a.spec)),
        cause: cause.and_then(|t| say.cause(active.as_deref(), &t)),
        class: alarm.class.clone(),
        device_name: device.name.clone(),
        kind: pack.kind(&alarm.kind).map_or("", |k| k.name(req.lang)).to_owned(),
        building,
        latched: alarm.latched == 1,
        holds: memory.as_ref().is_some_and(|m| m.holds),
        shelved_until: shelf.as_ref().map(|s| req.app.time(s.until)),
        shelved_why: shelf.map(|s| s.why),
        through: memory.and_then(|m| m.parent),
        called: called(req, q, &alarm.id)?,
        taken_at: alarm.taken_at.map(|t| req.app.time(t)),
        over_at: alarm.over_at.map(|t| req.app.time(t)),
        closed_at: alarm.closed_at.map(|t| req.app.time(t)),
        words,
        people,
        address,
        streams: streams.into_iter().filter(of_rule).collect(),
        may_act: may && open,
        may_shelve: open && may && act::works_at(&req.who, &alarm.path),
        shelve_hours: pack.alarm.shelve_hours,
        away: device.is_home(),
        item: items(req, q, &book, std::slice::from_ref(alarm))?.pop().ok_or(Kind::NotFound)?,
    })
}

/// The machine of an open alarm.
fn state(q: &mut dyn Query, book: &Book, alarm: &Alarm, device: &Device) -> Result<Option<calc::alarm::Machine>> {
    let Some(active) = book.rules.any(q, device, &alarm.rule)?.filter(|_| alarm.phase != Stand::Closed) else { return Ok(None) };
    let known = super::row_of_watch::of_device(q, &device.id)?.into_iter().find(|w| w.rule == alarm.rule);
    let memory = known.as_ref().map(|w| remember::remembered(&active, device, Some(w), &[], alarm.opened_at, q)).transpose()?;
    Ok(memory.map(|m| m.machine))
}
