//! The report form and the poster that leads to it: what (and what its class asks besides) → where → how to reach you, each
//! on one screen of a phone, without JavaScript.
//!
//! What must stay true: nothing typed is lost on the way (it travels as hidden fields, also back); photos are kept as
//! soon as they arrive; whoever scanned a building's code or chose his community is not asked where it is.

use schemars::JsonSchema;
use serde::Serialize;

use super::report::alike::Asked as Compared;
use super::report::elsewhere::{self, Elsewhere};
use super::report::question::{self, Answers, Asked};
use super::report::{self, MAX_TEXT, NewReport};
use super::view::{Similar, similar};
use super::{MAX_MEDIA, Rulebook, complaint};
use crate::base::area::{self, web::AreaView};
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::{self, COMPLAINT, Choice, Visibility};
use crate::base::{asset, media, notice, party};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Error, Reply, Req, Result, Route, qr};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/report", May::Anyone, begin, "The report form; `building`, `area`, `class`, `channel` fill it in.")
        .gives::<Form>(),
    Route::post("/report", May::Anyone, step, "One step of the form, forward or back."),
    Route::get("/buildings/{id}/poster", May::Anyone, poster, "A4 sheet for the stairwell with the building's QR code.")
        .gives::<Poster>(),
    Route::post(
        "/reports/alike",
        May::Anyone,
        suggest,
        "Earlier reports that this one may repeat, with the reason: takes what `POST /reports` takes and writes nothing.",
    )
    .gives::<Suggested>(),
];

#[derive(Serialize, JsonSchema)]
struct Form {
    /// 1 what, 2 where, 3 contact.
    step: i64,
    /// Between 1 and 2: what the class asks besides, and who settles what is not for us.
    asking: bool,
    questions: Vec<Asked>,
    elsewhere: Option<Elsewhere>,
    key: String,
    values: Values,
    error: Option<String>,
    field: Option<String>,
    classes: Vec<Choice>,
    communities: Vec<AreaView>,
    buildings: Vec<BuildingView>,
    /// The place in words, when it is known already.
    place: Option<String>,
    /// Open reports that may be the same.
    alike: Vec<Similar>,
    /// Whom a complaint of staff is about: he answers it neither alone nor himself, where somebody stands above him.
    about: Vec<About>,
    /// A clerk writes for somebody.
    clerk: bool,
    /// Whether a message can be sent to a phone.
    sms: bool,
    max_text: usize,
}

#[derive(Clone, Default, Serialize, JsonSchema)]
struct Values {
    text: String,
    class: String,
    area: String,
    building: String,
    address: String,
    asset: String,
    lat: String,
    lon: String,
    contact_name: String,
    contact_phone: String,
    contact_wish: String,
    channel: String,
    about: String,
    media: Vec<String>,
    /// Answers so far, whatever class they belong to.
    answers: Answers,
}

/// A desk that may be complained about.
#[derive(Serialize, JsonSchema)]
struct About {
    id: String,
    name: String,
    chosen: bool,
}

#[derive(Serialize, JsonSchema)]
struct BuildingView {
    id: String,
    name: String,
    address: String,
}

impl Values {
    /// Takes what is there and cuts nothing: checking is the business of the last step.
    fn read(input: &Input) -> Result<Values> {
        let text = |name: &'static str, max| Ok::<_, Error>(input.text(name, max)?.unwrap_or_default());
        Ok(Values {
            text: text("text", MAX_TEXT)?,
            class: text("class", 40)?,
            area: text("area", 40)?,
            building: text("building", 40)?,
            address: text("address", 200)?,
            asset: text("asset", 40)?,
            lat: text("lat", 30)?,
            lon: text("lon", 30)?,
            contact_name: text("contact_name", 60)?,
            contact_phone: text("contact_phone", 30)?,
            contact_wish: text("contact_wish", 10)?,
            channel: text("channel", 20)?,
            about: text("about", 40)?,
            media: input.list("media", MAX_MEDIA)?,
            answers: question::carried(input),
        })
    }
}

fn begin(req: &Req) -> Result<Reply> {
    let mut values = Values::default();
    let take = |name: &str| req.query.get(name).unwrap_or_default().to_owned();
    (values.building, values.area, values.class, values.channel) =
        (take("building"), take("area"), take("class"), take("channel"));
    values.about = take("about");
    values.text = take("text").chars().take(MAX_TEXT).collect();
    values.asset = take("asset").chars().take(40).collect();
    if values.area.is_empty() && values.building.is_empty() {
        values.area = req.community.as_ref().map(|(code, _)| code.clone()).unwrap_or_default();
        if by_clerk(req, &values.channel) {
            values.area = own_community(req)?.unwrap_or(values.area);
        }
    }
    show(req, WHAT, values, None)
}

/// Whether a clerk writes down what somebody else says.
fn by_clerk(req: &Req, channel: &str) -> bool {
    req.who.is_staff() && matches!(channel, "phone" | "counter" | "paper")
}

/// The community that a clerk works for, when it is one: whoever calls there mostly lives there.
fn own_community(req: &Req) -> Result<Option<String>> {
    req.app.db.read(|r| {
        let mut own = std::collections::BTreeSet::new();
        for role in req.who.roles.iter().filter(|r| r.kind.is_staff()) {
            own.insert(area::community_of(r, &role.area)?.map(|a| a.code));
        }
        Ok(if own.len() == 1 { own.pop_first().flatten() } else { None })
    })
}

/// Where one is in the form: the number that people see, and whether the class asks something besides.
type Step = (i64, bool);
const WHAT: Step = (1, false);
const ASK: Step = (1, true);
const WHERE: Step = (2, false);
const CONTACT: Step = (3, false);

fn step(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let mut values = Values::read(&input)?;
    let here = (input.int("step", 1, 3)?.unwrap_or(1), input.flag("asking"));
    let (kept, refused) = media::web::keep_good_files(req);
    values.media.extend(kept);
    if let Some(e) = refused {
        let status = e.kind.status();
        return Ok(show(req, WHAT, values, Some(e))?.status(status));
    }
    let classes = classes::now(req.app)?;
    let class = classes.get(&values.class);
    let asks = question::any(class) || elsewhere::of(&classes, class.map(|c| c.code.as_str()), &values.text, req.lang).is_some();
    if input.text("go", 10)?.as_deref() == Some("back") {
        let before = match here {
            CONTACT => WHERE,
            WHERE if asks => ASK,
            _ => WHAT,
        };
        return show(req, before, values, None);
    }
    if here == WHAT && values.text.is_empty() && values.media.is_empty() {
        return Ok(show(req, WHAT, values, Some(Kind::Empty.at("text")))?.status(Kind::Empty.status()));
    }
    // What the last step would refuse is said where it can be mended.
    let mut all = input.clone();
    all.0.insert("media".into(), serde_json::json!(values.media));
    let new = match NewReport::parse(&all, req.who.is_staff(), &classes) {
        Ok(new) => new,
        Err(e) => {
            let status = e.kind.status();
            let there = if question::concerns(e.field.as_deref()) { ASK } else { here };
            return Ok(show(req, there, values, Some(e))?.status(status));
        }
    };
    // Once it is known what and where, whoever reports sees what was reported already.
    let mut look = Look::new(&req.who, "alike");
    let alike = if here == WHERE { of_new(req, &new, &mut look)? } else { Vec::new() };
    look.record(req.app)?;
    let next = match here {
        WHAT if asks => ASK,
        (1, _) => WHERE,
        _ => CONTACT,
    };
    if next == CONTACT {
        known(req, &mut values)?;
    }
    let private = !values.contact_name.is_empty() || !values.contact_phone.is_empty();
    let page = show_with(req, next, values, None, alike)?;
    // The phone's own way back leads here again; without a copy the browser would show an error instead of the step. A page
    // with a name or a number on it is kept nowhere.
    Ok(if private { page } else { page.header("cache-control", "private, no-cache") })
}

/// Whoever is signed in is not asked for what is held already: his own name and number stand in the fields, to be taken out
/// again if he wants.
fn known(req: &Req, values: &mut Values) -> Result<()> {
    let Some(person) = req.who.person.as_deref().filter(|_| !req.who.is_staff()) else { return Ok(()) };
    if values.contact_name.is_empty() && values.contact_phone.is_empty() {
        let mut look = Look::new(&req.who, "me");
        (values.contact_name, values.contact_phone) = req.app.db.read(|r| {
            let phone = party::phone_of(r, person)?.and_then(|p| look.at(&p, Relation::Owner));
            Ok::<_, Error>((party::own_name(r, &req.who)?, phone.unwrap_or_default()))
        })?;
        look.record(req.app)?;
    }
    Ok(())
}

fn show(req: &Req, step: Step, values: Values, error: Option<Error>) -> Result<Reply> {
    show_with(req, step, values, error, Vec::new())
}

fn show_with(req: &Req, step: Step, mut values: Values, error: Option<Error>, alike: Vec<Similar>) -> Result<Reply> {
    let (step, asking) = step;
    let view = req.app.db.read(|r| {
        let building = match values.building.as_str() {
            "" => None,
            id => area::building(r, id)?,
        };
        let place = match &building {
            Some(b) => Some(b.address.clone()),
            None if !values.asset.is_empty() => asset_place(r, &values.asset)?,
            None => area::by_code(r, &values.area)?.filter(|_| !values.area.is_empty()).map(|a| a.name),
        };
        if let (Some(b), true) = (&building, values.area.is_empty()) {
            values.area = area::community_of(r, &b.area)?.map(|a| a.code).unwrap_or_default();
        }
        let communities = if step == 2 { area::communities(r)?.iter().map(Into::into).collect() } else { Vec::new() };
        let buildings = match area::by_code(r, &values.area)? {
            Some(a) if !values.area.is_empty() && matches!(a.kind.as_str(), "community" | "grid") => area::buildings(r, &a.path)?,
            _ => Vec::new(),
        };
        let buildings = buildings.into_iter().map(|b| BuildingView { id: b.id, name: b.name, address: b.address }).collect();
        let message = error.as_ref().map(|e| req.error_text(e));
        let classes = classes::read_now(r, req.app)?;
        let class = classes.get(&values.class).filter(|_| asking);
        let elsewhere = || elsewhere::of(&classes, class.map(|c| c.code.as_str()), &values.text, req.lang);
        Ok::<_, Error>(Form {
            step,
            asking,
            questions: class.map(|c| question::asked(c, &values.answers, req.lang)).unwrap_or_default(),
            elsewhere: if asking { elsewhere() } else { None },
            about: whom(r, req, &values)?,
            key: req.form.get("_key").map_or_else(|| req.app.new_id(), str::to_owned),
            sms: notice::channel::state(req.app, "sms") == "ready",
            clerk: by_clerk(req, &values.channel),
            error: message,
            field: error.as_ref().and_then(|e| e.field.as_deref().map(str::to_owned)),
            classes: classes.choices(&values.class, req.lang),
            values,
            communities,
            buildings,
            place,
            alike,
            max_text: MAX_TEXT,
        })
    })?;
    req.page("records/case/report.html", &view)
}

/// Whom a complaint of somebody who works here may be about; the desk he works under, where he says nothing else.
fn whom(q: &mut dyn store::Query, req: &Req, values: &Values) -> Result<Vec<About>> {
    let own = req.who.is_staff() && values.class == COMPLAINT && matches!(values.channel.as_str(), "" | "web");
    if !own {
        return Ok(Vec::new());
    }
    let chart = party::Chart::read(q, req.app)?;
    let all = complaint::choices(&chart, &req.who);
    let at = all.iter().position(|b| b.id == values.about).unwrap_or_default();
    Ok(all.iter().enumerate().map(|(i, b)| About { id: b.id.clone(), name: b.name.clone(), chosen: i == at }).collect())
}

/// Where an asset stands, with its name and code.
fn asset_place(q: &mut dyn store::Query, code: &str) -> Result<Option<String>> {
    let Some(found) = asset::by_code(q, code)? else { return Ok(None) };
    let community = area::community_of(q, &found.area)?.map(|c| c.name).unwrap_or_default();
    Ok(Some([community.as_str(), found.name.as_str(), found.code.as_str()].join(" ")))
}

#[derive(Serialize, JsonSchema)]
struct Poster {
    building: String,
    address: String,
    community: String,
    phone: Option<String>,
    desk: String,
    /// Where the QR code leads.
    link: String,
    qr: String,
}

fn poster(req: &Req) -> Result<Reply> {
    let id = req.param("id");
    let link = req.absolute(&format!("/report?building={id}"));
    let view = req.app.db.read(|r| {
        let building = area::building(r, id)?.ok_or(Kind::NotFound)?;
        let community = area::community_of(r, &building.area)?.map(|a| a.name).unwrap_or_default();
        let desk = party::desk_of(r, &building.area)?;
        Ok::<_, Error>(Poster {
            building: building.name,
            address: building.address,
            community,
            phone: desk.phone,
            desk: desk.name,
            qr: qr::svg_of(&link)?,
            link: link.clone(),
        })
    })?;
    req.page("records/case/poster.html", &view)
}

#[derive(Serialize, JsonSchema)]
struct Suggested {
    items: Vec<Similar>,
}

/// What a new report may repeat.
fn of_new(req: &Req, new: &NewReport, look: &mut Look) -> Result<Vec<Similar>> {
    let book = Rulebook::now(req.app)?;
    let spot = report::place(req.app, new)?;
    let shown = book.classes.or_other(new.class.as_deref()).visibility;
    if shown == Visibility::Private {
        return Ok(Vec::new());
    }
    let asked = Compared {
        text: new.text.as_deref().unwrap_or_default(),
        class: new.class.as_deref(),
        place: spot.shown(new, shown),
        path: spot.path(),
        at: req.now,
    };
    req.app.db.read(|r| similar(req, r, &book, &asked, "", look))
}

fn suggest(req: &Req) -> Result<Reply> {
    let book = Rulebook::now(req.app)?;
    let new = NewReport::parse(&req.input()?, req.who.is_staff(), &book.classes)?;
    let mut look = Look::new(&req.who, "alike");
    let items = of_new(req, &new, &mut look)?;
    look.record(req.app)?;
    Reply::json(&Suggested { items })
}
