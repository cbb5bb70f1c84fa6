//! What desks, sites and depots see: needs of single sites, the proposal before the desk, loads and their hand-over.
//!
//! What must stay true: a need of a site is read by whoever speaks for it and by desks over it, nobody else; words are opened with a
//! decision; the code of a hand-over is shown to the site alone.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::ledger::{self, Cause};
use super::load::{self, Load};
use super::plan;
use super::view::{Choice, bodies, book, classes, place};
use super::{Book, Depot, Need, Relief, Site, Stand, State, Way, depot, needs, sheet, site};
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::kit::i18n::Lang;
use crate::kit::{Req, Result};

/// Loads of one page.
const LOADS: i64 = 300;

/// A site with its needs.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SiteView {
    pub n: i64,
    pub name: String,
    pub place: String,
    pub people: i64,
    /// This reader speaks for it.
    pub own: bool,
    pub needs: Vec<NeedView>,
}

/// A need.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NeedView {
    pub n: i64,
    pub class: String,
    pub name: String,
    pub unit: String,
    /// None: nobody knows how much.
    pub quantity: Option<i64>,
    pub people: i64,
    pub tier: i64,
    pub tier_name: String,
    pub due_at: String,
    pub state: &'static str,
    pub got: i64,
    pub promised: i64,
    pub missing: Option<i64>,
    pub holder: String,
    pub ring_at: Option<String>,
    pub late: i64,
    pub words: Option<String>,
    pub why: Option<String>,
}

/// Needs, and forms for more.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NeedsPage {
    pub number: String,
    pub title: String,
    pub open: bool,
    pub runs: bool,
    pub sites: Vec<SiteView>,
    pub classes: Vec<Choice>,
    pub tiers: Vec<TierChoice>,
    pub tier: i64,
    pub bodies: Vec<Choice>,
    pub areas: Vec<Choice>,
    /// Whether this reader may add a site.
    pub may: bool,
    /// So many were filed just now.
    pub filed: Option<String>,
}

/// An urgency to choose.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TierChoice {
    pub n: i64,
    pub name: String,
    pub hint: String,
}

fn need(req: &Req, q: &mut dyn Query, book: &Book, relief: &Relief, n: &Need, own: bool, look: &mut Look) -> Result<NeedView> {
    let words = q.open_text(&relief.id, n.words.clone())?;
    let relation = if own { Relation::Owner } else { Relation::Desk };
    let words = words.and_then(|w| look.at(&Graded::new("relief.words", &relief.id, w).of(&relief.number), relation));
    Ok(NeedView {
        n: n.n,
        name: book.pack.class_name(&n.class, req.lang).to_owned(),
        unit: book.pack.unit(&n.class, req.lang).to_owned(),
        class: n.class.clone(),
        quantity: n.quantity,
        people: n.people,
        tier: n.tier,
        tier_name: book.pack.tier_name(n.tier, req.lang).to_owned(),
        due_at: req.app.time(n.due_at),
        state: n.state.as_str(),
        got: n.got,
        promised: n.promised,
        missing: n.missing(),
        holder: book.chart.name(&n.holder),
        ring_at: n.ring_at.map(|t| req.app.time(t)),
        late: n.late,
        words,
        why: n.why.clone(),
    })
}

/// Sites that this reader sees, with what they need.
pub fn page(req: &Req, q: &mut dyn Query, relief: &Relief, look: &mut Look) -> Result<NeedsPage> {
    let book = book(req, q, relief)?;
    let (sites, all) = (site::all(q, &relief.id)?, needs::all(q, &relief.id)?);
    let mut views = Vec::new();
    for s in &sites {
        let own = req.who.by.is_none() && s.is_spoken_for_by(&req.who);
        if !own && !relief.reads(&req.who, &s.path) {
            continue;
        }
        let mut needs = Vec::new();
        for n in all.iter().filter(|n| n.site == s.id) {
            needs.push(need(req, q, &book, relief, n, own, look)?);
        }
        // What is open and urgent first.
        needs.sort_by_key(|n| (n.state != "open", n.tier, n.n));
        views.push(SiteView { n: s.n, name: s.name.clone(), place: place(q, &s.area)?, people: s.people, own, needs });
    }
    let zh = req.lang == Lang::Zh;
    let tier = |t: &super::pack::Tier| TierChoice {
        n: t.n,
        name: if zh { t.zh.clone() } else { t.en.clone() },
        hint: if zh { t.hint_zh.clone() } else { t.hint_en.clone() },
    };
    let desk =
        req.who.roles.iter().any(|r| r.kind.is_desk() && (r.path.starts_with(&relief.path) || relief.path.starts_with(&r.path)));
    let mut own_bodies = bodies(&book, relief);
    if !desk {
        own_bodies.retain(|b| req.who.in_body(&b.id));
    }
    let open = relief.state == State::Open;
    Ok(NeedsPage {
        number: relief.number.clone(),
        title: relief.title.clone(),
        open,
        runs: relief.is_run_by(&req.who),
        sites: views,
        classes: classes(req, &book, relief),
        tiers: book.pack.tier.iter().map(tier).collect(),
        tier: sheet::need_tier(&book),
        may: open && req.who.by.is_none() && (desk || !own_bodies.is_empty()),
        bodies: own_bodies,
        areas: if desk { places(q, req, relief)? } else { Vec::new() },
        filed: req.query.get("filed").map(str::to_owned),
    })
}

/// Places of the emergency that this reader's desk answers for.
fn places(q: &mut dyn Query, req: &Req, relief: &Relief) -> Result<Vec<Choice>> {
    let mut all = area::beneath(q, &relief.path, "community")?;
    all.extend(area::by_id(q, &relief.area)?.filter(|a| a.kind != "community"));
    let mine = |a: &area::Area| req.who.desk_over(&a.path).is_some();
    Ok(all.into_iter().filter(mine).map(|a| Choice { id: a.code, name: a.name }).collect())
}

/// A line of a proposal.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LineView {
    pub depot: i64,
    pub depot_name: String,
    pub need: i64,
    pub site: String,
    pub class: String,
    pub name: String,
    pub asked_name: String,
    pub unit: String,
    pub quantity: i64,
    pub asked: Option<i64>,
    pub had: i64,
    pub tier: String,
    pub people: i64,
    pub pinned: bool,
    pub why: String,
}

/// The proposal before the desk.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PlanPage {
    pub number: String,
    pub title: String,
    pub open: bool,
    /// Number of the proposal; none when there is none.
    pub n: Option<i64>,
    pub lines: Vec<LineView>,
    /// Needs that stay short if it is confirmed.
    pub short: Vec<ShortView>,
    pub depots: Vec<(i64, String)>,
}

/// A need that stays short.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ShortView {
    pub need: i64,
    pub site: String,
    pub name: String,
    pub unit: String,
    pub missing: i64,
    /// Whether any of it lies in a depot and is not in the proposal.
    pub left: i64,
}

/// The proposal, as the desk sees it.
pub fn plan(req: &Req, q: &mut dyn Query, relief: &Relief) -> Result<PlanPage> {
    let book = book(req, q, relief)?;
    let (depots, sites, all) = (depot::all(q, &relief.id)?, site::all(q, &relief.id)?, needs::all(q, &relief.id)?);
    let draft = plan::draft(q, &relief.id)?;
    let lines = draft.as_ref().map(|d| d.lines.as_slice()).unwrap_or_default();
    let site_of = |n: &Need| sites.iter().find(|s| s.id == n.site).map(|s| s.name.clone()).unwrap_or_default();
    let view = |l: &plan::Line| {
        let need = all.iter().find(|n| n.n == l.need)?;
        Some(LineView {
            depot: l.depot,
            depot_name: depots.iter().find(|d| d.n == l.depot).map(|d| d.name.clone()).unwrap_or_default(),
            need: l.need,
            site: site_of(need),
            class: l.class.clone(),
            name: book.pack.class_name(&l.class, req.lang).to_owned(),
            asked_name: book.pack.class_name(&need.class, req.lang).to_owned(),
            unit: book.pack.unit(&l.class, req.lang).to_owned(),
            quantity: l.quantity,
            asked: need.quantity,
            had: need.got + need.promised,
            tier: book.pack.tier_name(need.tier, req.lang).to_owned(),
            people: need.people,
            pinned: l.pinned,
            why: l.why.clone(),
        })
    };
    let held = ledger::held(q, &relief.id)?;
    let mut short = Vec::new();
    for need in all.iter().filter(|n| n.state == Stand::Open && draft.is_some()) {
        let given: i64 = lines
            .iter()
            .filter(|l| l.need == need.n)
            .map(|l| l.quantity.saturating_mul(book.pack.rate(&need.class, &l.class).unwrap_or(1)))
            .fold(0, i64::saturating_add);
        let missing = need.missing().unwrap_or(0).saturating_sub(given);
        if missing > 0 {
            let there: i64 = held.iter().filter(|h| h.class == need.class).map(|h| h.stock).sum();
            let used: i64 = lines.iter().filter(|l| l.class == need.class).map(|l| l.quantity).fold(0, i64::saturating_add);
            short.push(ShortView {
                need: need.n,
                site: site_of(need),
                name: book.pack.class_name(&need.class, req.lang).to_owned(),
                unit: book.pack.unit(&need.class, req.lang).to_owned(),
                missing,
                left: there.saturating_sub(used).max(0),
            });
        }
    }
    Ok(PlanPage {
        number: relief.number.clone(),
        title: relief.title.clone(),
        open: relief.state == State::Open,
        n: draft.as_ref().map(|d| d.n),
        lines: lines.iter().filter_map(view).collect(),
        short,
        depots: depots.iter().map(|d| (d.n, d.name.clone())).collect(),
    })
}

/// A load in a list, and on its own page.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LoadView {
    pub number: String,
    pub state: &'static str,
    pub depot: String,
    pub site: String,
    pub made_at: String,
    pub sent_at: Option<String>,
    pub handed_at: Option<String>,
    /// code or yes.
    pub way: Option<String>,
    pub why: Option<String>,
    pub items: Vec<ItemView>,
}

/// What is on a load.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ItemView {
    pub n: i64,
    pub name: String,
    pub unit: String,
    pub quantity: i64,
    pub received: Option<i64>,
}

/// Loads that this reader sees.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LoadsPage {
    pub number: String,
    pub title: String,
    pub loads: Vec<LoadView>,
}

/// One load, and its receipt once it was handed over.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct LoadPage {
    pub relief: String,
    pub title: String,
    pub load: LoadView,
    /// This reader keeps the depot, or speaks for the site.
    pub keeps: bool,
    pub receives: bool,
    /// What he tells whoever brings it.
    pub code: Option<String>,
    /// Entry of the hand-over in the log.
    pub hand_seq: Option<u64>,
    pub lost: Vec<&'static str>,
}

struct Around {
    book: Book,
    depots: Vec<Depot>,
    sites: Vec<Site>,
}

impl Around {
    fn read(req: &Req, q: &mut dyn Query, relief: &Relief) -> Result<Around> {
        Ok(Around { book: book(req, q, relief)?, depots: depot::all(q, &relief.id)?, sites: site::all(q, &relief.id)? })
    }

    /// Whether this reader keeps its depot, speaks for its site, or reads it because he is a desk over it.
    fn stand(&self, req: &Req, relief: &Relief, load: &Load) -> (bool, bool, bool) {
        let own = req.who.by.is_none();
        let depot = self.depots.iter().find(|d| d.id == load.depot);
        let site = self.sites.iter().find(|s| s.id == load.site);
        let keeps = own && (relief.is_run_by(&req.who) || depot.is_some_and(|d| req.who.in_body(&d.body)));
        let receives = own && site.is_some_and(|s| s.is_spoken_for_by(&req.who));
        (keeps, receives, site.is_some_and(|s| relief.reads(&req.who, &s.path)))
    }

    fn view(&self, req: &Req, q: &mut dyn Query, load: &Load) -> Result<LoadView> {
        let item = |i: load::Item| ItemView {
            n: i.n,
            name: self.book.pack.class_name(&i.class, req.lang).to_owned(),
            unit: self.book.pack.unit(&i.class, req.lang).to_owned(),
            quantity: i.quantity,
            received: i.received,
        };
        Ok(LoadView {
            number: load.number.clone(),
            state: load.state.as_str(),
            depot: self.depots.iter().find(|d| d.id == load.depot).map(|d| d.name.clone()).unwrap_or_default(),
            site: self.sites.iter().find(|s| s.id == load.site).map(|s| s.name.clone()).unwrap_or_default(),
            made_at: req.app.time(load.made_at),
            sent_at: load.sent_at.map(|t| req.app.time(t)),
            handed_at: load.handed_at.map(|t| req.app.time(t)),
            way: load.handed_way.clone(),
            why: load.why.clone(),
            items: load::items(q, &load.id)?.into_iter().map(item).collect(),
        })
    }
}

/// Loads that this reader sees; first those that wait for somebody, of them those that come to him.
pub fn loads(req: &Req, q: &mut dyn Query, relief: &Relief) -> Result<LoadsPage> {
    let around = Around::read(req, q, relief)?;
    let mut views = Vec::new();
    for load in load::all(q, &relief.id, LOADS)? {
        let (keeps, receives, reads) = around.stand(req, relief, &load);
        if keeps || receives || reads {
            let over = matches!(load.state, Way::Handed | Way::Cancelled);
            views.push(((over, !receives), around.view(req, q, &load)?));
        }
    }
    views.sort_by_key(|(order, _)| *order);
    let loads = views.into_iter().map(|(_, v)| v).collect();
    Ok(LoadsPage { number: relief.number.clone(), title: relief.title.clone(), loads })
}

/// One load, for whoever has to do with it.
pub fn one(req: &Req, q: &mut dyn Query, relief: &Relief, load: &Load) -> Result<Option<LoadPage>> {
    let around = Around::read(req, q, relief)?;
    let (keeps, receives, reads) = around.stand(req, relief, load);
    if !(keeps || receives || reads) {
        return Ok(None);
    }
    Ok(Some(LoadPage {
        relief: relief.number.clone(),
        title: relief.title.clone(),
        load: around.view(req, q, load)?,
        keeps,
        receives: receives && load.sent_by.as_deref() != req.who.actor(),
        code: (receives && load.state == Way::Sent && load.sent_by.as_deref() != req.who.actor())
            .then(|| load::code(q, &load.id)),
        hand_seq: load.hand_seq,
        lost: Cause::LOST.iter().chain([&Cause::Back]).map(|c| c.as_str()).collect(),
    }))
}
