//! Sites say what they need, or a desk says it for them; each need has a holder and a clock until it is met or closed.
//!
//! What must stay true: a quantity that nobody knows is no quantity, and never 1; what is promised is not closed away.

use store::{Tx, params};

use super::{Book, Relief, Site, Stand, by_number, needs, next, rest, site, tell};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, HOUR, Ms};
use crate::kit::{Result, Who};

/// Where things are needed.
#[derive(Clone, Debug, Default)]
pub struct NewSite {
    /// Its name; without one the organisation's or the area's.
    pub name: Option<String>,
    /// Code of the area; empty: where its organisation is.
    pub area: String,
    /// Organisation that speaks for it; none: the desk of its area.
    pub body: Option<String>,
    /// How many people it is for.
    pub people: i64,
}

/// Adds a site, by whoever speaks for it or a desk over it; gives its number, also when it is there already.
pub fn add_site(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &NewSite) -> Result<i64> {
    let relief = by_number(tx, number)?;
    relief.open()?;
    let body = new.body.as_deref().map(|b| book.chart.living(b).ok_or_else(|| Kind::Unknown.at("body"))).transpose()?;
    let place = match body {
        Some(body) if new.area.is_empty() => area::by_id(tx, &body.area)?,
        _ => area::by_code(tx, &new.area)?,
    };
    let place = place.filter(|a| a.path.starts_with(&relief.path)).ok_or_else(|| Kind::Unknown.at("area"))?;
    let own = body.is_some_and(|b| who.in_body(&b.id) && book.chart.path(&b.id).is_some_and(|p| place.path.starts_with(p)));
    if who.by.is_some() || !(own || relief.reads(who, &place.path)) {
        return Err(Kind::Denied.into());
    }
    let name = new.name.clone().unwrap_or_else(|| body.map_or_else(|| place.name.clone(), |b| b.name.clone()));
    // Somebody always speaks for it: else nobody could say that a load came.
    let body = body.map_or_else(|| book.chart.desk_of(&place.path), Ok)?.id.clone();
    let all = site::all(tx, &relief.id)?;
    if let Some(there) = all.iter().find(|s| s.name == name && s.area == place.id && s.body == body) {
        return Ok(there.n);
    }
    if new.people < 1 || new.people > book.pack.limits.people {
        return Err(Kind::OutOfRange.at("people").limit(book.pack.limits.people));
    }
    let (id, now) = (tx.id(), tx.now());
    let n = next(tx, "relief_site", &relief.id, book.pack.limits.sites)?;
    let entry = relief.entry(who, "relief.site").fact("n", n).fact("place", place.id.as_str());
    let seq = tx.log(entry.fact("body", body.as_str()).fact("people", new.people))?.index;
    let sql = "insert into relief_site(id, relief, n, name, area, path, body, people, made_at, log_seq) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)";
    tx.exec(sql, params![&id, &relief.id, n, &name, &place.id, &place.path, &body, new.people, now, seq])?;
    Ok(n)
}

/// What a site needs.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewNeed {
    pub site: i64,
    pub class: String,
    /// None: nobody knows how much.
    pub quantity: Option<i64>,
    /// None: as many as the site is for.
    pub people: Option<i64>,
    pub tier: i64,
    pub by: Option<Ms>,
    pub words: Option<String>,
}

/// Somebody who speaks for the site, or a desk over it, says what it needs; gives its number.
pub fn file(tx: &mut Tx, book: &Book, who: &Who, number: &str, new: &NewNeed) -> Result<i64> {
    let relief = by_number(tx, number)?;
    let site = spoken_for(tx, who, &relief, new.site)?;
    let n = write(tx, book, who, &relief, &site, new)?;
    tell(tx, book, who, &relief, &relief.desk, "need")?;
    Ok(n)
}

/// A site, for whoever speaks for it or a desk over it.
pub(super) fn spoken_for(tx: &mut Tx, who: &Who, relief: &Relief, n: i64) -> Result<Site> {
    let site = site::all(tx, &relief.id)?.into_iter().find(|s| s.n == n).ok_or_else(|| Kind::Unknown.at("site"))?;
    let may = who.by.is_none() && (site.is_spoken_for_by(who) || relief.reads(who, &site.path));
    if may { Ok(site) } else { Err(Kind::Denied.into()) }
}

/// Writes a need down.
pub(super) fn write(tx: &mut Tx, book: &Book, who: &Who, relief: &Relief, site: &Site, new: &NewNeed) -> Result<i64> {
    relief.open()?;
    relief.class(&new.class)?;
    let (limits, now) = (&book.pack.limits, tx.now());
    if new.quantity.is_some_and(|q| q < 1 || q > limits.quantity) {
        return Err(Kind::OutOfRange.at("quantity").limit(limits.quantity));
    }
    let people = new.people.unwrap_or(site.people);
    if people < 1 || people > limits.people {
        return Err(Kind::OutOfRange.at("people").limit(limits.people));
    }
    if !book.pack.tier.iter().any(|t| t.n == new.tier) {
        return Err(Kind::Unknown.at("tier"));
    }
    let wait = now + limits.answer_hours * HOUR;
    let due = new.by.unwrap_or(wait);
    if due <= now || due > now + limits.ahead_days * DAY {
        return Err(Kind::OutOfRange.at("by").limit(limits.ahead_days));
    }
    let n = next(tx, "relief_need", &relief.id, limits.needs)?;
    let id = tx.id();
    let entry = relief.entry(who, "relief.need").fact("n", n).fact("class", new.class.as_str()).fact("tier", new.tier);
    let entry = entry.fact("due", due).fact("site", site.n).fact("known", i64::from(new.quantity.is_some()));
    let entry = entry.fact("quantity", new.quantity.unwrap_or(0)).element("relief.words", new.words.as_deref());
    let seq = tx.log(entry)?.index;
    let words = tx.seal_text(&relief.id, new.words.as_deref())?;
    let sql = "insert into relief_need(id, relief, n, site, class, quantity, people, tier, due_at, state, got, promised, holder, ring_at, \
               late, made_at, by_person, words, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,0,0,$11,$12,0,$13,$14,$15,$16)";
    let row = params![
        &id,
        &relief.id,
        n,
        &site.id,
        &new.class,
        new.quantity,
        people,
        new.tier,
        due,
        Stand::Open,
        &relief.desk,
        due.min(wait),
        now,
        who.actor(),
        words,
        seq
    ];
    tx.exec(sql, row)?;
    Ok(n)
}

/// The desk says that a need is more or less urgent, and why.
pub fn tier(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, tier: i64, why: &str) -> Result<()> {
    let relief = by_number(tx, number)?;
    let entry = relief.by_desk(who, "relief.tier")?;
    let need = needs::of(tx, &relief.id, n)?;
    if need.state != Stand::Open {
        return Err(Kind::State.into());
    }
    if !book.pack.tier.iter().any(|t| t.n == tier) {
        return Err(Kind::Unknown.at("tier"));
    }
    tx.log(entry.fact("n", n).fact("tier", tier).fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    tx.exec("update relief_need set tier = $2, why = $3 where id = $1", params![&need.id, tier, why])?;
    Ok(())
}

/// A need is given up, or somebody has enough; with a reason. What is promised arrives first or is cancelled.
pub fn close(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, why: &str) -> Result<()> {
    let (relief, now) = (by_number(tx, number)?, tx.now());
    let need = needs::of(tx, &relief.id, n)?;
    let site = site::all(tx, &relief.id)?.into_iter().find(|s| s.id == need.site).ok_or(Kind::NotFound)?;
    if who.by.is_some() || !(site.is_spoken_for_by(who) || relief.is_run_by(who)) {
        return Err(Kind::Denied.into());
    }
    if need.state != Stand::Open || need.promised > 0 {
        return Err(Kind::State.into());
    }
    tx.log(relief.entry(who, "relief.close").fact("n", n).fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    let sql = "update relief_need set state = $2, why = $3, ended_at = $4, ring_at = null where id = $1";
    tx.exec(sql, params![&need.id, Stand::Closed, why, now])?;
    rest(tx, book, &relief, &need.holder)
}

/// Something more is promised to a need (`got` 0), or came, or will not come: what it has and what is promised change.
pub(super) fn change(tx: &mut Tx, book: &Book, who: &Who, relief: &Relief, id: &str, promised: i64, got: i64) -> Result<()> {
    let (need, now) = (needs::by_id(tx, id)?, tx.now());
    let (got, promised) = (need.got + got, need.promised + promised);
    let met = need.state == Stand::Open && need.quantity.is_some_and(|q| got >= q);
    if met {
        tx.log(relief.entry(who, "relief.met").fact("n", need.n))?;
        let sql = "update relief_need set got = $2, promised = $3, state = $4, ended_at = $5, ring_at = null where id = $1";
        tx.exec(sql, params![id, got, promised, Stand::Met, now])?;
        return rest(tx, book, relief, &need.holder);
    }
    tx.exec("update relief_need set got = $2, promised = $3 where id = $1", params![id, got, promised])?;
    Ok(())
}
