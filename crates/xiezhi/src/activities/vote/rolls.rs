//! Routes of rolls: making one from a table, posting it, what everybody may read of it, objections.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::register;
use super::roll::{self, Body, Mend, Register, Roll, Said, Unit};
use crate::base::area::{self, Area};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::page::hundredths;
use crate::kit::{Error, Reply, Req, Result, Route, foreign};
use crate::records::register::purpose;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get("/rolls", May::Staff, list, "Rolls of the reader's area, and the form for a new one.").gives::<List>(),
    Route::post(
        "/rolls",
        May::Staff,
        make,
        "Makes a roll from a table: multipart `file`, `title`, `body` (owners or residents), `area?`, `declared?` (m²), where with any \
         mistake nothing is made; or of residents from the register: `title`, `area?`, `register` (households or adults).",
    ),
    Route::get("/rolls/{number}", May::Anyone, one, "A posted roll: units, areas, where they come from (`from`).")
        .gives::<Full>(),
    Route::get(
        "/rolls/{number}/table",
        May::Staff,
        table,
        "The roll with its owners, for the desk of the place: as it is brought in, for the system that a place prescribes.",
    ),
    Route::post("/rolls/{number}/post", May::Staff, post, "Posts a roll; objections are taken for seven days."),
    Route::post("/rolls/{number}/objections", May::Anyone, object, "Objects: `{unit, text}`."),
    Route::post(
        "/rolls/{number}/objections/{id}",
        May::Staff,
        decide,
        "Decides: `{accept, reason, owner?, area?}` (m²); what is accepted is mended at once.",
    ),
];

/// Rolls of one list; objections of one page.
const SHOWN: i64 = 100;

#[derive(Serialize, JsonSchema)]
struct List {
    items: Vec<Item>,
    communities: Vec<Place>,
}

#[derive(Serialize, JsonSchema)]
struct Place {
    code: String,
    name: String,
}

/// A roll in a list.
#[derive(Serialize, JsonSchema)]
struct Item {
    number: String,
    title: String,
    body: &'static str,
    state: &'static str,
    units: i64,
    heads: i64,
    /// As people write it, in m².
    total: String,
    made_at: String,
    until_at: Option<String>,
}

/// Rolls of an area.
pub(super) fn beneath(q: &mut dyn Query, path: &str) -> Result<Vec<Roll>> {
    let sql =
        format!("select {} from roll where path >= $1 and path < $2 order by made_at desc, number desc limit $3", roll::COLUMNS);
    let rows = q.rows(&sql, params![path, area::end_of(path), SHOWN])?;
    Ok(rows.iter().map(roll::read).collect::<store::Result<_>>()?)
}

fn item(req: &Req, roll: &Roll) -> Item {
    Item {
        number: roll.number.clone(),
        title: roll.title.clone(),
        body: roll.body.as_str(),
        state: roll.state.as_str(),
        units: roll.units,
        heads: roll.heads,
        total: hundredths(roll.total),
        made_at: req.app.time(roll.made_at),
        until_at: roll.until_at.map(|t| req.app.time(t)),
    }
}

fn list(req: &Req) -> Result<Reply> {
    let path = req.who.nearest_desk().ok_or(Kind::Denied)?.path.clone();
    let view = req.app.db.read(|r| {
        let items = beneath(r, &path)?.iter().map(|one| item(req, one)).collect();
        let communities = area::beneath(r, &path, "community")?;
        Ok::<_, Error>(List {
            items,
            communities: communities.into_iter().map(|a| Place { code: a.code, name: a.name }).collect(),
        })
    })?;
    req.page("activities/vote/rolls.html", &view)
}

/// What must be mended; nothing was made.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    code: &'static str,
    message: String,
    problems: Vec<ProblemView>,
}

#[derive(Serialize, JsonSchema)]
struct ProblemView {
    line: u64,
    code: &'static str,
    text: String,
}

/// Mistakes that are told at once.
const TOLD: usize = 200;

fn make(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (title, code) = (input.need("title", 60)?, input.text("area", 40)?);
    let place = req.app.db.read(|r| {
        let found = match &code {
            Some(code) => area::by_code(r, code)?,
            None => area::by_id(r, &req.who.nearest_desk().ok_or(Kind::Denied)?.area)?,
        };
        found.filter(|a| req.who.desk_over(&a.path).is_some()).ok_or_else(|| Kind::Unknown.at("area"))
    })?;
    if let Some(which) = input.text("register", 20)? {
        let which = Register::parse(&which).ok_or_else(|| Kind::Unknown.at("register"))?;
        return from_register(req, &place, &title, which);
    }
    let file = req.form.files.iter().find(|f| f.field == "file" && !f.bytes.is_empty());
    let file = file.ok_or_else(|| Kind::Missing.at("file"))?;
    let body = Body::parse(&input.need("body", 20)?).ok_or_else(|| Kind::Unknown.at("body"))?;
    let declared = input.text("declared", 20)?;
    let declared = declared.map(|t| roll::square_metres(&t).ok_or_else(|| Kind::WrongType.at("declared"))).transpose()?;
    let rows = match roll::parse(&foreign::read(&file.bytes)?, body, declared) {
        Ok(rows) => rows,
        Err(problems) => {
            let say = |p: &roll::Problem| ProblemView {
                line: p.line,
                code: p.code,
                text: req.app.texts.plain(req.lang, &format!("roll-row-{}", p.code)),
            };
            let problems = problems.iter().take(TOLD).map(say).collect();
            let view = Wrong { code: Kind::BadRoll.code(), message: req.error_text(&Kind::BadRoll.into()), problems };
            return Ok(req.page("activities/vote/wrong.html", &view)?.status(Kind::BadRoll.status()));
        }
    };
    let who = req.who.clone();
    let number = req.once(move |tx| roll::make(tx, &who, &place, body, &title, &rows, None))?;
    answer(req, &number, 201)
}

/// A roll of residents from the register; a reader who takes names names his purpose first.
fn from_register(req: &Req, place: &Area, title: &str, which: Register) -> Result<Reply> {
    let purpose = if which == Register::Adults { purpose::need(req)? } else { "vote" };
    let mut look = Look::new(&req.who, purpose);
    let found = req.app.db.read(|r| register::rows(req, r, place, which, &mut look))?;
    look.record(req.app)?;
    let (who, place, title, left) = (req.who.clone(), place.clone(), title.to_owned(), found.left);
    let number = req.once(move |tx| roll::make(tx, &who, &place, Body::Residents, &title, &found.rows, Some(which)))?;
    if req.wants_json() || left == 0 {
        return answer(req, &number, 201);
    }
    Ok(Reply::see_other(req.url(&format!("/rolls/{number}?left={left}"))))
}

/// The roll of the path; one that was not posted is for the desk.
fn find(req: &Req, q: &mut dyn Query) -> Result<Roll> {
    let roll = roll::by_number(q, req.param("number"))?;
    let roll = roll.filter(|r| r.state == roll::State::Posted || req.who.desk_over(&r.path).is_some());
    roll.ok_or_else(|| Kind::NotFound.into())
}

#[derive(Serialize, JsonSchema)]
struct Full {
    roll: Item,
    place: String,
    units: Vec<UnitView>,
    next: Option<i64>,
    /// Whether objections are still taken.
    open: bool,
    /// Whether this reader keeps it.
    keeps: bool,
    objections: Vec<Objection>,
    /// An objection was just taken.
    taken: bool,
    /// Whether the desk may take it away as a table: not what came from the register.
    table: bool,
    /// Residents who were left out just now, because nobody knows their age or home.
    left: i64,
}

#[derive(Serialize, JsonSchema)]
struct UnitView {
    unit: String,
    head: i64,
    owner: Option<String>,
    area: String,
    kind: String,
    usage: String,
    source: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Objection {
    id: String,
    unit: String,
    state: &'static str,
    made_at: String,
    text: Option<String>,
    answer: Option<String>,
}

/// The owner's name as this reader may see it.
pub(super) fn owner(q: &mut dyn Query, unit: &Unit, look: &mut Look, relation: Relation) -> Result<Option<String>> {
    let name = roll::owner_of(q, unit)?.filter(|n| !n.is_empty());
    Ok(name.and_then(|name| look.at(&Graded::new("vote.owner", &unit.roll, name), relation)))
}

/// The place of a unit on a roll, by its name.
pub(super) fn place_of(q: &mut dyn Query, roll: &str, unit: &str) -> Result<i64> {
    match q.count("select n from roll_unit where roll = $1 and unit = $2", params![roll, unit])? {
        0 => Err(Kind::Unknown.at("unit")),
        n => Ok(n),
    }
}

/// What was objected: all of it for the desk, his own for anybody.
fn objections(req: &Req, q: &mut dyn Query, roll: &Roll, keeps: bool, look: &mut Look) -> Result<Vec<Objection>> {
    let Some(me) = req.who.actor() else { return Ok(Vec::new()) };
    let relation = if keeps { Relation::Desk } else { Relation::Owner };
    let sql = "select o.id as id, u.unit as unit, o.state as state, o.made_at as made_at, o.log_seq as log_seq, o.answer_seq as answer_seq \
               from roll_objection o join roll_unit u on u.roll = o.roll and u.n = o.n where o.roll = $1 and ($2 = 1 or o.by_person = $3) \
               order by case o.state when 'open' then 0 else 1 end, o.made_at limit $4";
    let mut out = Vec::new();
    for row in q.rows(sql, params![&roll.id, i64::from(keeps), me, SHOWN])? {
        let mut words = |q: &mut dyn Query, seq: Option<u64>| -> Result<Option<String>> {
            let Some(entry) = seq.map(|s| q.entry(s)).transpose()?.flatten() else { return Ok(None) };
            let text = entry.element("vote.objection").map(str::to_owned);
            Ok(text.and_then(|t| look.at(&Graded::new("vote.objection", &roll.id, t), relation)))
        };
        let (said, answered): (u64, Option<u64>) = (row.get("log_seq")?, row.get("answer_seq")?);
        out.push(Objection {
            text: words(q, Some(said))?,
            answer: words(q, answered)?,
            id: row.get("id")?,
            unit: row.get("unit")?,
            state: row.get::<Said>("state")?.as_str(),
            made_at: req.app.time(row.get("made_at")?),
        });
    }
    Ok(out)
}

fn one(req: &Req) -> Result<Reply> {
    let from = req.query.get("from").and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut look = Look::new(&req.who, "vote");
    let view = req.app.db.read(|r| {
        let found = find(req, r)?;
        let keeps = req.who.desk_over(&found.path).is_some();
        let relation = if keeps { Relation::Desk } else { Relation::Public };
        let units = roll::page(r, &found.id, from)?;
        let next = (units.len() as i64 == roll::PAGE).then(|| from + roll::PAGE);
        let mut shown = Vec::with_capacity(units.len());
        for unit in units {
            shown.push(UnitView {
                owner: owner(r, &unit, &mut look, relation)?,
                area: hundredths(unit.area),
                source: unit.source.as_str(),
                unit: unit.unit,
                head: unit.head,
                kind: unit.kind,
                usage: unit.usage,
            });
        }
        Ok::<_, Error>(Full {
            place: area::by_id(r, &found.area)?.map(|a| a.name).unwrap_or_default(),
            units: shown,
            next,
            open: found.until_at.is_some_and(|until| req.now < until),
            objections: objections(req, r, &found, keeps, &mut look)?,
            table: keeps && found.from_register.is_none(),
            left: req.query.get("left").and_then(|n| n.parse().ok()).unwrap_or_default(),
            keeps,
            roll: item(req, &found),
            taken: req.query.get("taken").is_some(),
        })
    })?;
    look.record(req.app)?;
    req.page("activities/vote/roll.html", &view)
}

fn table(req: &Req) -> Result<Reply> {
    let mut look = Look::new(&req.who, "vote");
    let rows = req.app.db.read(|r| {
        let found = find(req, r)?;
        // What came from the register leaves as a list of the register, by its rules.
        let own = req.who.desk_over(&found.path).is_some_and(|role| role.path == found.path);
        if !own || found.from_register.is_some() {
            return Err(Error::from(Kind::Denied));
        }
        let mut rows = vec![roll::COLUMNS_OF_TABLE.map(|(_, zh)| zh.to_owned()).to_vec()];
        for unit in roll::units(r, &found.id)? {
            let owner = owner(r, &unit, &mut look, Relation::Desk)?.unwrap_or_default();
            let (head, area) = (unit.head.to_string(), hundredths(unit.area));
            rows.push(vec![unit.unit, owner, area, unit.kind, unit.usage, unit.source.as_str().into(), head]);
        }
        Ok(rows)
    })?;
    look.record(req.app)?;
    let file = format!("attachment; filename=\"{}.csv\"", req.param("number"));
    Ok(Reply::of(foreign::CSV, foreign::write_csv(&rows)?).header("content-disposition", file))
}

fn answer(req: &Req, number: &str, status: u16) -> Result<Reply> {
    if req.wants_json() {
        let view = req.app.db.read(|r| Ok::<_, Error>(item(req, &roll::by_number(r, number)?.ok_or(Kind::NotFound)?)))?;
        return Ok(Reply::json(&view)?.status(status));
    }
    Ok(Reply::see_other(req.url(&format!("/rolls/{number}"))))
}

fn post(req: &Req) -> Result<Reply> {
    let found = req.app.db.read(|r| find(req, r))?;
    let (who, id) = (req.who.clone(), found.id.clone());
    req.once(move |tx| roll::post(tx, &who, &id).map(|()| String::new()))?;
    answer(req, &found.number, 200)
}

fn object(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (unit, text) = (input.need("unit", 60)?, input.need("text", 1000)?);
    // Whoever is not signed in may object as well; a flood from one place is slowed down.
    req.app.tries.pace(&format!("objection {}", req.ip), 10, req.now)?;
    let found = req.app.db.read(|r| find(req, r))?;
    let (who, id) = (req.who.clone(), found.id.clone());
    req.once(move |tx| roll::object(tx, &who, &id, &unit, &text).map(|()| String::new()))?;
    if req.wants_json() {
        return answer(req, &found.number, 201);
    }
    Ok(Reply::see_other(req.url(&format!("/rolls/{}?taken=1", found.number))))
}

fn decide(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let reason = input.need("reason", 1000)?;
    let area = input.text("area", 20)?;
    let area = area
        .map(|t| roll::square_metres(&t).filter(|a| (1..=roll::AREA).contains(a)).ok_or_else(|| Kind::OutOfRange.at("area")))
        .transpose()?;
    let mend =
        input.flag("accept").then(|| -> Result<Mend> { Ok(Mend { owner: input.text("owner", 100)?, area }) }).transpose()?;
    let found = req.app.db.read(|r| find(req, r))?;
    let (who, id, zone) = (req.who.clone(), req.param("id").to_owned(), req.app.config.zone.clone());
    req.once(move |tx| roll::decide(tx, &who, &zone, &id, mend.as_ref(), &reason).map(|()| String::new()))?;
    answer(req, &found.number, 200)
}
