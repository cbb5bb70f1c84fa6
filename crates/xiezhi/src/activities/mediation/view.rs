//! What readers see: their own mediations with every word, those of their desk without any, the figures of a year.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::pack::{self, Pack};
use super::rules::{self, Consent, Stand, State, Term, Way};
use super::{COLUMNS, Mediation, act, mediators, read, side, stand};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party;
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;
use crate::kit::{Req, Result};

/// Mediations of one list.
const PAGE: i64 = 50;

/// A choice of a form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// A mediation in a list: no word of what it is about.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub kind: String,
    pub state: &'static str,
    pub asked_at: String,
    pub due_at: Option<String>,
    pub late: bool,
    /// It waits for this reader.
    pub mine: bool,
}

/// Mediations that concern a reader.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct List {
    /// In which he is a side, or mediates.
    pub mine: Vec<Item>,
    /// Of his desk.
    pub desk: Vec<Item>,
    pub runs: bool,
    pub next: Option<i64>,
    pub mediators: Vec<MediatorView>,
    pub members: Vec<MediatorView>,
    pub area: String,
    pub place: String,
    pub may_ask: bool,
}

/// Somebody who mediates.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MediatorView {
    pub id: String,
    pub name: String,
    pub body: String,
}

/// A side.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SideView {
    pub n: i64,
    pub name: Option<String>,
    pub me: bool,
    pub consent: &'static str,
    pub way: Option<&'static str>,
    pub signed_at: Option<String>,
    /// Nobody has taken this side.
    pub open: bool,
    /// The code with which it is taken, for whoever asked and for the desk.
    pub code: Option<String>,
    pub chose: bool,
}

/// A session.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SessionView {
    pub n: i64,
    pub at: String,
    pub place: Option<String>,
    pub record: Option<String>,
    pub over: bool,
}

/// A term.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TermView {
    pub n: i64,
    pub who: Option<String>,
    pub what: Option<String>,
    pub due_at: String,
    pub state: &'static str,
    pub late: bool,
    /// The reader may say whether it was kept.
    pub may: bool,
}

/// Where else one can go.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Elsewhere {
    pub id: String,
    pub name: String,
    pub more: String,
}

/// A mediation as this reader sees it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub place: String,
    pub kind: String,
    pub state: &'static str,
    pub asked_at: String,
    pub due_at: Option<String>,
    pub late: bool,
    /// side, mediator, desk, above.
    pub stand: &'static str,
    pub own: Option<i64>,
    pub words: Option<String>,
    pub why: Option<String>,
    pub case: Option<String>,
    pub sides: Vec<SideView>,
    pub mediators: Vec<MediatorView>,
    pub list: Vec<MediatorView>,
    pub sessions: Vec<SessionView>,
    pub oral: bool,
    pub agreement: Option<String>,
    pub terms: Vec<TermView>,
    pub stamped: bool,
    /// The reader has something to sign.
    pub may_sign: bool,
    pub effective_at: Option<String>,
    pub confirm_until: Option<String>,
    pub confirm_open: bool,
    pub refer: Option<Elsewhere>,
    pub elsewhere: Vec<Elsewhere>,
    pub consents: i64,
    pub all: i64,
    pub acting: bool,
    pub source: String,
    pub done: Option<String>,
}

fn elsewhere(pack: &Pack, lang: Lang) -> Vec<Elsewhere> {
    let told = |w: &pack::Where| {
        let (name, more) = w.told(lang);
        Elsewhere { id: w.id.clone(), name: name.to_owned(), more: more.to_owned() }
    };
    pack.elsewhere.iter().map(told).collect()
}

/// The community a reader asks in.
pub fn place(req: &Req, q: &mut dyn Query, named: Option<&str>) -> Result<Option<Area>> {
    if let Some(code) = named.filter(|c| !c.is_empty()) {
        return Ok(area::by_code(q, code)?.filter(|a| a.kind == "community"));
    }
    for role in &req.who.roles {
        if let Some(found) = area::community_of(q, &role.area)? {
            return Ok(Some(found));
        }
    }
    match &req.community {
        Some((code, _)) => Ok(area::by_code(q, code)?),
        None => Ok(area::communities(q)?.into_iter().next()),
    }
}

/// Who is on the list of mediators of a community. That somebody mediates there is told to everybody who may ask.
pub fn listed(q: &mut dyn Query, area: &str, look: &mut Look, now: Ms) -> Result<Vec<MediatorView>> {
    let rows = q.rows(
        "select person from mediator where area = $1 and ended_at is null order by since_at, person limit 100",
        params![area],
    )?;
    let people: Vec<String> = rows.iter().map(|r| r.get("person")).collect::<store::Result<_>>()?;
    people.iter().map(|p| mediator(q, p, look, now)).collect()
}

fn mediator(q: &mut dyn Query, person: &str, look: &mut Look, now: Ms) -> Result<MediatorView> {
    // A mediator is chosen by name: it is his office.
    let name = party::name_of(q, person)?.and_then(|n| look.at(&n, Relation::Involved)).unwrap_or_default();
    let body = party::roles(q, person, now)?.into_iter().find_map(|r| r.body_name).unwrap_or_default();
    Ok(MediatorView { id: person.to_owned(), name, body })
}

fn item(req: &Req, one: &Mediation, mine: bool) -> Item {
    Item {
        number: one.number.clone(),
        kind: pack::at("").kind_name(&one.kind, req.lang).to_owned(),
        state: one.state.as_str(),
        asked_at: req.app.time(one.asked_at),
        due_at: one.due_at.filter(|_| one.state.is_open()).map(|t| req.app.time(t)),
        late: one.late > 0 && one.state.is_open(),
        mine,
    }
}

/// What a reader has to do with.
pub fn list(req: &Req, q: &mut dyn Query, look: &mut Look) -> Result<List> {
    let person = req.who.person.clone().unwrap_or_default();
    let sql = format!(
        "select {COLUMNS} from mediation where id in (select mediation from mediation_side where person = $1 \
         union select mediation from mediation_by where person = $2) order by asked_at desc limit $3"
    );
    // Whoever acts for another mediates nothing in his name.
    let mediates = if req.who.by.is_none() { person.clone() } else { String::new() };
    let mut mine = Vec::new();
    for row in q.rows(&sql, params![&person, &mediates, PAGE])? {
        let one = read(&row)?;
        let waits = match stand(q, &req.who, &one)? {
            Stand::Side(n) => {
                let side = side::all(q, &one.id)?.into_iter().find(|s| s.n == n);
                let asked = one.state == State::Asked && side.as_ref().is_some_and(|s| s.consent == Consent::Asked);
                asked || (one.state == State::Drafted && side.is_some_and(|s| s.signed_at.is_none()))
            }
            _ => one.state.is_open(),
        };
        mine.push(item(req, &one, waits));
    }
    let place = place(req, q, req.query.get("area"))?;
    let desk = req.who.nearest_desk();
    let from: i64 = req.query.get("from").and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut items, mut next) = (Vec::new(), None);
    if let Some(role) = desk {
        let sql = format!(
            "select {COLUMNS} from mediation where path >= $1 and path < $2 order by asked_at desc, id limit $3 offset $4"
        );
        let rows = q.rows(&sql, params![&role.path, area::end_of(&role.path), PAGE + 1, from])?;
        next = (rows.len() as i64 > PAGE).then_some(from + PAGE);
        for row in rows.iter().take(PAGE as usize) {
            items.push(item(req, &read(row)?, false));
        }
    }
    let runs = place.as_ref().is_some_and(|a| req.who.desk_over(&a.path).is_some());
    let mut members = Vec::new();
    let mut all = Vec::new();
    if let Some(area) = &place {
        all = listed(q, &area.id, look, req.now)?;
        if let Some(body) = desk.and_then(|r| r.body.as_deref()).filter(|_| runs) {
            for person in party::members(q, body, req.now)? {
                if all.iter().all(|m| m.id != person) {
                    members.push(mediator(q, &person, look, req.now)?);
                }
            }
        }
    }
    Ok(List {
        mine,
        desk: items,
        runs,
        next,
        mediators: all,
        members,
        may_ask: place.is_some(),
        area: place.as_ref().map(|a| a.code.clone()).unwrap_or_default(),
        place: place.map(|a| a.name).unwrap_or_default(),
    })
}

/// Opens words for one reader.
struct Reader<'a> {
    look: &'a mut Look,
    relation: Relation,
    one: &'a Mediation,
}

impl Reader<'_> {
    fn words(&mut self, text: Option<&str>, owner: &str) -> Option<String> {
        let value = Graded::new("mediation.words", owner, text?.to_owned()).of(&self.one.number);
        self.look.at(&value, self.relation)
    }

    fn entry(&mut self, q: &mut dyn Query, seq: Option<u64>) -> Result<Option<String>> {
        let Some(entry) = seq.map(|s| q.entry(s)).transpose()?.flatten() else { return Ok(None) };
        let owner = entry.field("actor").unwrap_or(&self.one.id).to_owned();
        Ok(self.words(entry.element("mediation.words"), &owner))
    }
}

/// A mediation as a reader sees it who stands so to it.
pub fn full(req: &Req, q: &mut dyn Query, one: &Mediation, at: Stand, look: &mut Look) -> Result<Full> {
    let place = area::by_id(q, &one.area)?;
    let pack = pack::at(place.as_ref().map_or("", |a| a.code.as_str()));
    let relation = match at {
        Stand::Side(_) | Stand::Mediator => Relation::Involved,
        Stand::Desk => Relation::Desk,
        Stand::Above => Relation::Above,
        Stand::Nobody => Relation::Public,
    };
    // The desk reads not even who it is between, but for a side that it must reach on paper.
    let within = at.is_within() || look.purpose() == OVERSIGHT;
    let own = if let Stand::Side(n) = at { Some(n) } else { None };
    let asked = req.who.person.is_some() && one.asked_by == req.who.person;
    let all = side::all(q, &one.id)?;
    let by = mediators(q, &one.id)?;
    let mut shown = Vec::with_capacity(all.len());
    for s in &all {
        let name = if within { q.open_text(&one.id, Some(s.name.clone()))? } else { None };
        let owner = s.person.as_deref().unwrap_or(&one.id).to_owned();
        let name = name.and_then(|n| look.at(&Graded::new("mediation.name", &owner, n).of(&one.number), relation));
        let (open, asks) = (s.person.is_none() && one.state.is_open(), one.state == State::Asked && s.consent == Consent::Asked);
        shown.push(SideView {
            n: s.n,
            name,
            me: own == Some(s.n),
            consent: s.consent.as_str(),
            way: s.consent_way.map(Way::as_str),
            signed_at: s.signed_at.map(|t| req.app.time(t)),
            // Shown also where the number found an account: whether it did is nobody's business.
            code: (asks && s.mark.is_some() && (asked || (open && at == Stand::Desk))).then(|| act::code(q, &one.id, s.n)),
            open: open && at == Stand::Desk,
            chose: s.choice.is_some(),
        });
    }
    let mut reader = Reader { look, relation, one };
    let (mut words, mut why, mut agreement) = (None, None, None);
    let (mut sessions, mut terms) = (Vec::new(), Vec::new());
    if within {
        words = reader.entry(q, Some(one.log_seq))?;
        why = reader.entry(q, one.end_seq)?;
        agreement = reader.entry(q, one.agreed_seq)?;
        let sql = "select n, meets_at, log_seq, record_seq from mediation_session where mediation = $1 order by n";
        for row in q.rows(sql, params![&one.id])? {
            let meets: Ms = row.get("meets_at")?;
            sessions.push(SessionView {
                n: row.get("n")?,
                at: req.app.time(meets),
                place: reader.entry(q, row.get("log_seq")?)?,
                record: reader.entry(q, row.get("record_seq")?)?,
                over: meets < req.now,
            });
        }
        let entry = one.agreed_seq.map(|s| q.entry(s)).transpose()?.flatten();
        let said: Vec<String> = entry
            .iter()
            .flat_map(|e| &e.elements)
            .filter(|e| e.0 == "mediation.term")
            .map(|e| e.1.as_str().unwrap_or_default().to_owned())
            .collect();
        for row in
            q.rows("select n, side, due_at, state from mediation_term where mediation = $1 order by n", params![&one.id])?
        {
            let (n, owes, due, state): (i64, i64, Ms, Term) =
                (row.get("n")?, row.get("side")?, row.get("due_at")?, row.get("state")?);
            let says = one.state == State::Settled && state != Term::Kept && own != Some(owes);
            terms.push(TermView {
                n,
                who: shown.iter().find(|s| s.n == owes).and_then(|s| s.name.clone()),
                what: reader.words(said.get(n as usize - 1).map(String::as_str), &one.id),
                due_at: req.app.time(due),
                state: state.as_str(),
                late: state == Term::Open && due < req.now && one.state == State::Settled,
                may: says && at.is_within(),
            });
        }
    }
    let look = reader.look;
    let named: Result<Vec<MediatorView>> = by.iter().map(|(p, _)| mediator(q, p, look, req.now)).collect();
    let list = if one.state.is_open() && at != Stand::Above { listed(q, &one.area, look, req.now)? } else { Vec::new() };
    let ways = elsewhere(pack, req.lang);
    let may_sign = one.state == State::Drafted
        && match at {
            Stand::Side(n) => all.iter().any(|s| s.n == n && s.signed_at.is_none()),
            Stand::Mediator => by.iter().any(|(p, at)| Some(p) == req.who.person.as_ref() && at.is_none()),
            _ => false,
        };
    Ok(Full {
        number: one.number.clone(),
        kind: pack.kind_name(&one.kind, req.lang).to_owned(),
        place: place.map(|a| a.name).unwrap_or_default(),
        state: one.state.as_str(),
        asked_at: req.app.time(one.asked_at),
        due_at: one.due_at.filter(|_| one.state.is_open()).map(|t| req.app.time(t)),
        late: one.late > 0 && one.state.is_open(),
        stand: match at {
            Stand::Side(_) => "side",
            Stand::Mediator => "mediator",
            Stand::Desk => "desk",
            _ => "above",
        },
        own,
        words,
        why,
        case: one.case_number.clone().filter(|_| within || at == Stand::Desk),
        consents: all.iter().filter(|s| s.consent == Consent::Yes).count() as i64,
        all: all.len() as i64,
        sides: shown,
        mediators: named?,
        list,
        sessions,
        oral: one.oral == 1,
        agreement,
        terms,
        stamped: one.stamped_at.is_some(),
        may_sign,
        effective_at: one.effective_at.map(|t| req.app.time(t)),
        confirm_until: one.confirm_until.map(|t| req.app.time(t)),
        confirm_open: one.confirm_until.is_some_and(|until| req.now < until),
        refer: one
            .refer
            .as_deref()
            .and_then(|r| ways.iter().position(|w| w.id == r))
            .map(|i| elsewhere(pack, req.lang).swap_remove(i)),
        elsewhere: ways,
        acting: req.who.by.is_some(),
        source: pack.source.clone(),
        done: req.query.get("done").map(str::to_owned),
    })
}

/// Purpose of a desk above that looks with a reason.
pub const OVERSIGHT: &str = "mediation-oversight";

/// Figures of a community.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Figures {
    pub place: String,
    pub area: String,
    pub years: Vec<Year>,
    /// Below this nothing is told.
    pub small: i64,
}

/// A year.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Year {
    pub year: i64,
    pub asked: Option<i64>,
    pub settled: Option<i64>,
}

/// How many were asked for in each year that is over, and how many ended with an agreement.
pub fn figures(req: &Req, q: &mut dyn Query, place: &Area) -> Result<Figures> {
    let pack = pack::at(&place.code);
    let this: i64 = req.app.time(req.now).get(..4).and_then(|y| y.parse().ok()).unwrap_or_default();
    let begin = |year: i64| crate::kit::time::day_begin(&format!("{year}-01-01"), &req.app.config.zone).unwrap_or_default();
    let mut years = Vec::new();
    // A year that goes on would tell each new one as it comes.
    for year in (this - 5..this).rev() {
        let sql = "select count(*) from mediation where path >= $1 and path < $2 and asked_at >= $3 and asked_at < $4";
        let (from, to) = (begin(year), begin(year + 1));
        let asked = q.count(sql, params![&place.path, area::end_of(&place.path), from, to])?;
        let settled =
            q.count(&format!("{sql} and effective_at is not null"), params![&place.path, area::end_of(&place.path), from, to])?;
        let (asked, settled) = rules::published(asked, settled, pack.limits.small);
        years.push(Year { year, asked, settled });
    }
    Ok(Figures { place: place.name.clone(), area: place.code.clone(), years, small: pack.limits.small })
}
