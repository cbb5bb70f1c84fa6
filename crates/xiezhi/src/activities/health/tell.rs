//! Routes of telling: counts of a day, a table of them, residents of themselves, notices of disease control.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{Query, params};

use super::count::{self, Notice, Told};
use super::pack::{Pack, Source};
use super::view::{self, NoticeView};
use super::web::done;
use super::{Book, day_of, night, over, pack, sheet};
use crate::base::area::{self, Area};
use crate::kit::error::{Error, Kind};
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::sheet::wrong::{self, Page};
use crate::kit::sheet::xlsx::{self, MIME};
use crate::kit::{Reply, Req, Result, RoleKind, Route};

/// Notices on a page.
const NOTICES: i64 = 50;

/// Routes of this part.
pub const ROUTES: &[Route] = &[
    Route::get(
        "/health/counts",
        May::SignedIn,
        form,
        "The form for counts (`source`, `area`, `day`), with what was told so far.",
    )
    .gives::<Form>(),
    Route::post(
        "/health/counts",
        May::SignedIn,
        tell,
        "Counts of a day: `{source, area?, day?, counts: {syndrome: number}}`; told again it replaces, not named is not told.",
    ),
    Route::get("/health/counts/table", May::SignedIn, empty, "An empty workbook for counts (`source`)."),
    Route::post(
        "/health/counts/table",
        May::SignedIn,
        table,
        "Counts by the table: a workbook or CSV as `file`, with `source`, `area?`; all of it or nothing.",
    ),
    Route::get("/health/mine", May::SignedIn, mine, "What a resident can tell of himself: it is counted, without a name.")
        .gives::<Mine>(),
    Route::post("/health/mine", May::SignedIn, own, "A resident tells of himself: `{syndromes: [ids]}`; once a day counts."),
    Route::get("/health/notices", May::Staff, notices, "Notices of disease control for a place (`area`).").gives::<Notices>(),
    Route::post("/health/notices", May::Staff, notify, "Publishes one: `{title, words, syndrome, area?}`."),
];

/// Something to choose.
#[derive(Serialize, JsonSchema)]
struct Choice {
    id: String,
    name: String,
    hint: String,
    /// What was told of it so far.
    n: Option<i64>,
    common: bool,
}

fn choice(id: &str, name: &str) -> Choice {
    Choice { id: id.to_owned(), name: name.to_owned(), hint: String::new(), n: None, common: false }
}

/// The form.
#[derive(Serialize, JsonSchema)]
struct Form {
    area: String,
    place: String,
    /// Places to choose from, where there are several.
    places: Vec<Choice>,
    source: String,
    sources: Vec<Choice>,
    unit: String,
    day: String,
    first_day: String,
    today: String,
    syndromes: Vec<Choice>,
    told: Option<i64>,
}

/// Sources that somebody tells at a place.
fn sources<'p>(req: &Req, pack: &'p Pack, place: &Area) -> Vec<&'p Source> {
    pack.tells.iter().filter(|s| count::teller(&req.who, s, place).is_some()).collect()
}

/// The place that somebody tells of: the one named, else that of his role; of whoever works above communities the first one.
fn place(req: &Req, q: &mut dyn Query, code: Option<&str>) -> Result<(Area, Vec<Area>)> {
    let tells = |k: RoleKind| pack::at("").tells.iter().any(|s| s.is_told_by(k));
    let role = req.who.roles.iter().filter(|r| tells(r.kind)).max_by_key(|r| r.path.len());
    let role = role.filter(|_| req.who.by.is_none()).ok_or(Kind::Denied)?;
    let own = area::by_id(q, &role.area)?.ok_or_else(|| Kind::Unknown.at("area"))?;
    let all = match own.kind.as_str() {
        "grid" => vec![own.clone()],
        "community" => {
            let grids = area::beneath(q, &own.path, "grid")?;
            std::iter::once(own.clone()).chain(grids).collect()
        }
        _ => area::beneath(q, &own.path, "community")?,
    };
    let found = match code {
        Some(code) => area::by_code(q, code)?,
        None => all.first().cloned(),
    };
    Ok((found.ok_or_else(|| Kind::Unknown.at("area"))?, all))
}

fn day(text: &str) -> Result<i32> {
    Ok(text.parse::<calc::series::Day>().map_err(|_| Kind::WrongType.at("day"))?.0)
}

fn form(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let (at, places) = place(req, r, req.query.get("area"))?;
        let pack = pack::at(&at.code);
        let all = sources(req, pack, &at);
        let asked = req.query.get("source");
        let source = all.iter().find(|s| asked.is_none_or(|a| s.id == a)).copied().ok_or(Kind::Denied)?;
        let today = day_of(req.now, &req.app.config.zone);
        let on = req.query.get("day").map(day).transpose()?.unwrap_or(today);
        let role = count::teller(&req.who, source, &at).ok_or(Kind::Denied)?;
        let teller = count::name(&req.who, role).ok_or(Kind::SignIn)?;
        let sql = "select syndrome, cases from health_count where teller = $1 and source = $2 and day = $3 and area = $4";
        let mut told = Vec::new();
        for row in r.rows(sql, params![teller, &source.id, on, &at.id])? {
            told.push((row.get::<String>("syndrome")?, row.get::<i64>("cases")?));
        }
        let date = |d: i32| calc::series::Day(d).to_string();
        let own = pack.syndrome.iter().filter(|s| source.tells(&s.id));
        let syndromes = own.map(|s| Choice {
            hint: s.hint(req.lang).to_owned(),
            n: told.iter().find(|t| t.0 == s.id).map(|t| t.1),
            common: s.common,
            ..choice(&s.id, s.name(req.lang))
        });
        Ok::<_, Error>(Form {
            syndromes: syndromes.collect(),
            source: source.id.clone(),
            sources: all.iter().map(|s| choice(&s.id, s.name(req.lang))).collect(),
            unit: source.unit(req.lang).to_owned(),
            day: date(on),
            first_day: date(today - pack.limits.back_days + 1),
            today: date(today),
            places: if places.len() > 1 { places.iter().map(|a| choice(&a.code, &a.name)).collect() } else { Vec::new() },
            told: req.query.get("told").and_then(|n| n.parse().ok()),
            area: at.code,
            place: at.name,
        })
    })?;
    req.page("activities/health/counts.html", &view)
}

/// Counts as a program names them, or as the fields of the form.
fn counts(input: &Input, pack: &Pack, day: i32) -> Result<Vec<Told>> {
    let mut out = Vec::new();
    let most = pack.limits.cases;
    match input.0.get("counts") {
        Some(Json::Object(all)) => {
            for (syndrome, n) in all {
                let n = n.as_i64().filter(|n| (0..=most).contains(n)).ok_or_else(|| Kind::OutOfRange.at("counts").limit(most))?;
                out.push(Told { syndrome: syndrome.clone(), day, cases: n as u32 });
            }
        }
        Some(_) => return Err(Kind::WrongType.at("counts")),
        None => {
            for syndrome in &pack.syndrome {
                let text = match input.0.get(&format!("n-{}", syndrome.id)) {
                    Some(Json::String(text)) if !text.trim().is_empty() => text.trim(),
                    _ => continue,
                };
                let n: i64 = text.parse().map_err(|_| Kind::WrongType.at("counts"))?;
                if !(0..=most).contains(&n) {
                    return Err(Kind::OutOfRange.at("counts").limit(most));
                }
                out.push(Told { syndrome: syndrome.id.clone(), day, cases: n as u32 });
            }
        }
    }
    if out.is_empty() { Err(Kind::Missing.at("counts")) } else { Ok(out) }
}

/// The place and the source of what is told.
fn told_of(req: &Req, input: &Input) -> Result<(count::Spot, Book, String)> {
    let (code, source) = (input.text("area", 40)?, input.need("source", 40)?);
    req.app.db.read(|r| {
        let (at, _) = place(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &at.code)?;
        Ok((count::spot(r, at)?, book, source))
    })
}

/// Writes counts, and looks at once at the series that they touch.
fn write(req: &Req, spot: count::Spot, book: Book, source: String, told: Vec<Told>) -> Result<()> {
    let (who, community, rules) = (req.who.clone(), spot.community.clone(), book.clone());
    let touched = req.once(move |tx| Ok(count::tell(tx, &book, &who, &source, &spot, &told)?.join(" ")))?;
    let touched: Vec<String> = touched.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    night::touch(req.app, &rules, &community, &touched)
}

fn tell(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (spot, book, source) = told_of(req, &input)?;
    let on = match input.text("day", 10)? {
        Some(text) => day(&text)?,
        None => day_of(req.now, &req.app.config.zone),
    };
    let told = counts(&input, book.pack, on)?;
    let (n, code) = (told.len(), spot.area.code.clone());
    let back = format!("/health/counts?source={source}&area={code}&day={}&told={n}", calc::series::Day(on));
    write(req, spot, book, source, told)?;
    done(req, &json!({ "told": n }), &back, 201)
}

fn workbook(req: &Req, cells: &crate::kit::sheet::Table, problems: &[crate::kit::sheet::Problem]) -> Result<Vec<u8>> {
    let none: xlsx::Choices = |_, _| None;
    let sheets = vec![(&sheet::FORMS[0], cells)];
    let help = &["health-table-rows", "health-table-zero", "wrong"];
    let book = xlsx::Book { sheets, problems, lang: req.lang, choices: none, help, more: Vec::new() };
    book.bytes(&req.app.texts)
}

fn empty(req: &Req) -> Result<Reply> {
    let head: Vec<String> = sheet::FORMS[0].columns.iter().map(|c| c.0.to_owned()).collect();
    let bytes = workbook(req, &vec![head], &[])?;
    Ok(Reply::of(MIME, bytes).header("content-disposition", "attachment; filename=\"counts.xlsx\""))
}

fn table(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let file = req.form.files.iter().find(|f| !f.bytes.is_empty()).ok_or_else(|| Kind::Missing.at("file"))?;
    let (spot, book, source) = told_of(req, &input)?;
    let sort = book.pack.told_by(&source).ok_or_else(|| Kind::Unknown.at("source"))?;
    count::teller(&req.who, sort, &spot.area).ok_or(Kind::Denied)?;
    let read = sheet::read(&book, sort, req.now, &file.bytes)?;
    if !read.problems.is_empty() {
        let (marked, back) = (workbook(req, &read.cells, &read.problems)?, format!("/health/counts?source={source}"));
        let page = Page {
            kind: Kind::BadTable,
            forms: &sheet::FORMS,
            back: (&back, "health-counts"),
            file: "counts.xlsx",
            notes: Vec::new(),
        };
        return wrong::answer(req, page, &read.problems, &marked);
    }
    let n = read.told.len();
    let back = format!("/health/counts?source={source}&area={}&told={n}", spot.area.code);
    write(req, spot, book, source, read.told)?;
    done(req, &json!({ "told": n }), &back, 201)
}

/// What a resident can tell.
#[derive(Serialize, JsonSchema)]
struct Mine {
    place: String,
    syndromes: Vec<Choice>,
    most: usize,
    told: bool,
}

/// Where a resident lives.
fn home(req: &Req, q: &mut dyn Query) -> Result<Area> {
    req.myself()?;
    let role = req.who.roles.iter().find(|r| r.kind == RoleKind::Resident).ok_or(Kind::Denied)?;
    area::by_id(q, &role.area)?.ok_or_else(|| Kind::Unknown.at("area"))
}

fn mine(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let home = home(req, r)?;
        let pack = pack::at(&home.code);
        let own = pack.tells.iter().find(|s| s.own);
        let all = pack.syndrome.iter().filter(|s| s.id != "absent" && own.is_some_and(|o| o.tells(&s.id)));
        let syndromes = all.map(|s| Choice { hint: s.hint(req.lang).to_owned(), ..choice(&s.id, s.name(req.lang)) });
        let place = area::community_of(r, &home.id)?.map_or(home.name, |a| a.name);
        let told = req.query.get("told").is_some();
        Ok::<_, Error>(Mine { place, syndromes: syndromes.collect(), most: pack.limits.own, told })
    })?;
    req.page("activities/health/mine.html", &view)
}

fn own(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let (spot, book) = req.app.db.read(|r| {
        let home = home(req, r)?;
        let book = Book::read(r, req.app, &home.code)?;
        Ok::<_, Error>((count::spot(r, home)?, book))
    })?;
    let syndromes = input.list("syndromes", 20)?;
    let (who, community, rules) = (req.who.clone(), spot.community.clone(), book.clone());
    // No idempotency key: its answer would stand beside the key for 30 days, under the person's name; twice is once anyway.
    let new = req.app.db.write(move |tx| count::own(tx, &book, &who, &spot, &syndromes))?.value;
    night::touch(req.app, &rules, &community, &new)?;
    done(req, &json!({ "counted": new.len() }), "/health/mine?told=1", 201)
}

/// Notices of a place.
#[derive(Serialize, JsonSchema)]
struct Notices {
    area: String,
    place: String,
    items: Vec<NoticeView>,
    may: bool,
    syndromes: Vec<Choice>,
}

fn notices(req: &Req) -> Result<Reply> {
    let view = req.app.db.read(|r| {
        let at = area::named(req, r, None)?;
        if req.who.role_over(&at.path).is_none() && !super::sees(&req.who, &at.path) {
            return Err(Kind::Denied.at("area"));
        }
        let pack = pack::at(&at.code);
        Ok::<_, Error>(Notices {
            items: view::notices(req, r, &at.path, None, NOTICES)?,
            may: over(&req.who, &at.path).is_some() && req.who.by.is_none(),
            syndromes: pack.syndrome.iter().map(|s| choice(&s.id, s.name(req.lang))).collect(),
            area: at.code,
            place: at.name,
        })
    })?;
    req.page("activities/health/notices.html", &view)
}

fn notify(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let code = input.text("area", 40)?;
    let (at, book) = req.app.db.read(|r| {
        let at = area::named(req, r, code.as_deref())?;
        let book = Book::read(r, req.app, &at.code)?;
        Ok::<_, Error>((at, book))
    })?;
    let limits = &book.pack.limits;
    let new = Notice {
        title: input.need("title", limits.title)?,
        words: input.need("words", limits.words)?,
        syndrome: input.need("syndrome", 40)?,
    };
    let (who, back) = (req.who.clone(), format!("/health/notices?area={}", at.code));
    req.once(move |tx| count::notify(tx, &book, &who, &at, &new))?;
    done(req, &json!({}), &back, 201)
}
