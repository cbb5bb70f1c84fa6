//! Who helps: what somebody says of himself, the desk's word about him, certificates it saw, people kept apart.
//!
//! What must stay true: what somebody says of himself is sealed under his key and goes with it; the desk's word and a
//! certificate have an end; whoever is kept apart from somebody does not learn who said so.
//!
//! Log kinds written: `volunteer.profile`, `volunteer.stop`, `volunteer.vet`, `volunteer.proof`, `volunteer.apart`.

use std::collections::{BTreeMap, BTreeSet};

use store::{Entry, Query, Row, Tx, params};

use super::Book;
use super::rules::{Helper, PARTS, Profile, Sex};
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Result, Who};
use crate::records::register::mine;

names! {
    /// Whether somebody helps now.
    State { Ready = "ready", Stopped = "stopped", }
}

/// Volunteers of a community who are looked at for a request, or listed.
pub const MOST: i64 = 2000;
/// Days in which what somebody did counts for whether somebody else is asked first.
const RECENT: i64 = 30;
/// Slots of a week.
const SLOTS: u8 = 7 * PARTS;

/// A volunteer.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `volunteer`, explained there")]
pub struct Volunteer {
    pub person: String,
    pub area: String,
    pub path: String,
    pub state: State,
    pub profile: Vec<u8>,
    pub building: Option<String>,
    pub vetted_until: Option<Ms>,
}

const COLUMNS: &str = "person, area, path, state, profile, building, vetted_until";

fn read(r: &Row) -> store::Result<Volunteer> {
    Ok(Volunteer {
        person: r.get("person")?,
        area: r.get("area")?,
        path: r.get("path")?,
        state: r.get("state")?,
        profile: r.get("profile")?,
        building: r.get("building")?,
        vetted_until: r.get("vetted_until")?,
    })
}

/// The volunteer somebody is.
pub fn of(q: &mut dyn Query, person: &str) -> store::Result<Option<Volunteer>> {
    q.row(&format!("select {COLUMNS} from volunteer where person = $1"), params![person])?.as_ref().map(read).transpose()
}

/// Volunteers of a place, in the order of their ids, after one of them.
pub fn around(q: &mut dyn Query, path: &str, after: &str, most: i64) -> store::Result<Vec<Volunteer>> {
    let sql = format!(
        "select {COLUMNS} from volunteer where path >= $1 and path < $2 and state = $3 and person > $4 order by person limit $5"
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), State::Ready, after, most])?;
    rows.iter().map(read).collect()
}

impl Volunteer {
    /// What he says of himself; nothing when his key is gone.
    pub fn profile(&self, q: &mut dyn Query) -> Result<Profile> {
        let text = q.open_text(&self.person, Some(self.profile.clone()))?;
        text.map_or(Ok(Profile::default()), |t| serde_json::from_str(&t).map_err(Error::internal))
    }
}

impl Profile {
    /// Reads `{kinds, languages?, sex?, slots?, record?}`.
    pub fn parse(input: &Input, book: &Book) -> Result<Profile> {
        let (kinds, languages) = (input.list("kinds", book.pack.kind.len())?, input.list("languages", book.pack.language.len())?);
        if kinds.is_empty() {
            return Err(Kind::Missing.at("kinds"));
        }
        if kinds.iter().any(|k| book.pack.kind(k).is_none()) {
            return Err(Kind::Unknown.at("kinds"));
        }
        if languages.iter().any(|l| !book.pack.language.iter().any(|n| n.id == *l)) {
            return Err(Kind::Unknown.at("languages"));
        }
        let slot = |t: &String| t.parse().ok().filter(|s| *s < SLOTS).ok_or_else(|| Kind::Unknown.at("slots"));
        let slots: BTreeSet<_> = input.list("slots", usize::from(SLOTS))?.iter().map(slot).collect::<Result<_>>()?;
        let sex = input.text("sex", 10)?.map(|s| Sex::parse(&s).ok_or_else(|| Kind::Unknown.at("sex"))).transpose()?;
        Ok(Profile {
            kinds: kinds.into_iter().collect(),
            languages: languages.into_iter().collect(),
            sex,
            // All of them says as much as none.
            slots: if slots.len() == usize::from(SLOTS) { BTreeSet::new() } else { slots },
            record: input.flag("record"),
        })
    }
}

/// Somebody helps in a community from now on, or says something else of himself.
pub fn set(tx: &mut Tx, who: &Who, place: &Area, profile: &Profile, building: Option<&str>) -> Result<()> {
    let (now, person) = (tx.now(), who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?);
    who.part_in(&place.path).ok_or_else(|| Kind::OtherArea.at("area"))?;
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    if let Some(id) = building {
        area::building(tx, id)?.ok_or_else(|| Kind::Unknown.at("building"))?;
    }
    let text = serde_json::to_string(profile).map_err(Error::internal)?;
    let sealed = tx.seal(&person, text.as_bytes())?;
    let entry = Entry {
        actor: Some(&person),
        area: Some(&place.id),
        owner: Some(&person),
        ..Entry::new("volunteer.profile", "volunteer", &person)
    };
    tx.log(entry.element("volunteer.profile", Some(text.as_str())))?;
    let sql = "insert into volunteer(person, area, path, state, profile, building, made_at, changed_at) values ($1,$2,$3,$4,$5,$6,$7,$7) \
               on conflict(person) do update set area = excluded.area, path = excluded.path, state = excluded.state, \
               profile = excluded.profile, building = excluded.building, changed_at = excluded.changed_at";
    tx.exec(sql, params![&person, &place.id, &place.path, State::Ready, sealed, building, now])?;
    Ok(())
}

/// Somebody helps no more; what he said of himself is forgotten.
pub fn stop(tx: &mut Tx, who: &Who) -> Result<()> {
    let (now, person) = (tx.now(), who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?);
    let v = of(tx, &person)?.ok_or(Kind::NotFound)?;
    let empty = tx.seal(&person, b"{\"kinds\":[],\"languages\":[],\"sex\":null,\"slots\":[],\"record\":false}")?;
    let sql = "update volunteer set state = $2, profile = $3, building = null, changed_at = $4 where person = $1";
    tx.exec(sql, params![&person, State::Stopped, empty, now])?;
    tx.log(Entry { actor: Some(&person), area: Some(&v.area), ..Entry::new("volunteer.stop", "volunteer", &person) })?;
    Ok(())
}

/// The desk spoke with somebody: its word holds for a while. Nobody vouches for himself.
pub fn vet(tx: &mut Tx, book: &Book, who: &Who, person: &str, good: bool) -> Result<()> {
    let (v, now) = (of(tx, person)?.ok_or(Kind::NotFound)?, tx.now());
    let entry = who.by_desk(&v.path, &v.area, Entry::new("volunteer.vet", "volunteer", person))?;
    if who.actor() == Some(person) {
        return Err(Kind::Denied.into());
    }
    let until = good.then(|| now + book.pack.limits.vetted_days * DAY);
    tx.log(entry.fact("good", i64::from(good)).fact_opt("until", until))?;
    let sql = "update volunteer set vetted_until = $2, vetted_by = $3 where person = $1";
    tx.exec(sql, params![person, until, who.actor()])?;
    Ok(())
}

/// The desk saw a certificate that holds until then; a moment that has passed takes it back.
pub fn prove(tx: &mut Tx, book: &Book, who: &Who, person: &str, kind: &str, until: Ms) -> Result<()> {
    let (v, now) = (of(tx, person)?.ok_or(Kind::NotFound)?, tx.now());
    let entry = who.by_desk(&v.path, &v.area, Entry::new("volunteer.proof", "volunteer", person))?;
    if who.actor() == Some(person) {
        return Err(Kind::Denied.into());
    }
    if !book.pack.proof.iter().any(|p| p.id == kind) {
        return Err(Kind::Unknown.at("kind"));
    }
    tx.log(entry.fact("kind", kind).fact("until", until))?;
    let sql = "insert into volunteer_proof(person, kind, until_at, checked_by, checked_at) values ($1,$2,$3,$4,$5) on conflict(person, kind) \
               do update set until_at = excluded.until_at, checked_by = excluded.checked_by, checked_at = excluded.checked_at";
    tx.exec(sql, params![person, kind, until, who.actor(), now])?;
    Ok(())
}

/// Two people in the order in which they are kept.
fn pair<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a < b { (a, b) } else { (b, a) }
}

/// Keeps two people apart from now on.
pub fn part(tx: &mut Tx, who: &Who, a: &str, b: &str) -> Result<()> {
    let ((one, other), now) = (pair(a, b), tx.now());
    // Without names: the log shows that somebody said so, not about whom.
    tx.log(Entry { actor: who.actor(), ..Entry::new("volunteer.apart", "volunteer", "") })?;
    let sql = "insert into volunteer_apart(one, other, by_person, at) values ($1,$2,$3,$4) on conflict(one, other) do nothing";
    tx.exec(sql, params![one, other, who.actor(), now])?;
    Ok(())
}

/// People who are kept apart from somebody.
pub fn apart_from(q: &mut dyn Query, person: &str) -> store::Result<BTreeSet<String>> {
    let sql = "select case when one = $1 then other else one end p from volunteer_apart where one = $1 or other = $1 limit $2";
    q.rows(sql, params![person, MOST])?.iter().map(|r| r.get("p")).collect()
}

/// Everybody around a place who could help, with all that decides about it.
pub fn helpers(q: &mut dyn Query, path: &str, now: Ms) -> Result<Vec<Helper>> {
    let found = around(q, path, "", MOST)?;
    let sealed: Vec<_> = found.iter().map(|v| (v.person.clone(), v.profile.clone())).collect();
    let opened = q.open_many(&sealed)?;
    let end = area::end_of(path);
    let mut proofs: BTreeMap<String, Vec<(String, Ms)>> = BTreeMap::new();
    let sql = "select p.person, p.kind, p.until_at from volunteer_proof p join volunteer v on v.person = p.person \
               where v.path >= $1 and v.path < $2 and p.until_at > $3 order by p.person, p.kind";
    for r in q.rows(sql, params![path, &end, now])? {
        proofs.entry(r.get("person")?).or_default().push((r.get("kind")?, r.get("until_at")?));
    }
    let mut busy: BTreeMap<String, Vec<(Ms, Ms)>> = BTreeMap::new();
    let mut load: BTreeMap<String, i64> = BTreeMap::new();
    let sql = "select b.person, h.starts_at, h.ends_at, coalesce(b.minutes, h.minutes) minutes from help_by b join help h on h.id = b.help \
               join volunteer v on v.person = b.person where v.path >= $1 and v.path < $2 and h.ends_at > $3 \
               and b.state in ('agreed', 'done', 'settled') order by b.person, h.starts_at";
    for r in q.rows(sql, params![path, &end, now - RECENT * DAY])? {
        let person: String = r.get("person")?;
        *load.entry(person.clone()).or_default() += r.get::<i64>("minutes")?;
        busy.entry(person).or_default().push((r.get("starts_at")?, r.get("ends_at")?));
    }
    let points: BTreeMap<String, calc::geo::Point> =
        area::buildings(q, path)?.into_iter().filter_map(|b| Some((b.id, b.point?))).collect();
    let mut out = Vec::with_capacity(found.len());
    for (v, text) in found.into_iter().zip(opened) {
        let Some(text) = text else { continue };
        out.push(Helper {
            profile: serde_json::from_slice(&text).map_err(Error::internal)?,
            point: v.building.as_ref().and_then(|b| points.get(b).copied()),
            vetted_until: v.vetted_until,
            proofs: proofs.remove(&v.person).unwrap_or_default(),
            busy: busy.remove(&v.person).unwrap_or_default(),
            load: load.remove(&v.person).unwrap_or_default(),
            path: v.path,
            person: v.person,
        });
    }
    Ok(out)
}

/// Certificates that a desk saw, and until when they hold.
pub fn proofs(q: &mut dyn Query, person: &str) -> store::Result<Vec<(String, Ms)>> {
    let rows = q.rows("select kind, until_at from volunteer_proof where person = $1 order by kind", params![person])?;
    rows.iter().map(|r| Ok((r.get("kind")?, r.get("until_at")?))).collect()
}

/// A volunteer with all that decides whether he may go to a request.
pub fn helper(q: &mut dyn Query, v: Volunteer, help: &super::help::Help) -> Result<Helper> {
    let proofs = proofs(q, &v.person)?;
    let sql = "select h.starts_at, h.ends_at from help_by b join help h on h.id = b.help where b.person = $1 \
               and b.state in ('agreed', 'done', 'settled') and h.id <> $2 and h.starts_at < $3 and h.ends_at > $4 order by h.starts_at";
    let rows = q.rows(sql, params![&v.person, &help.id, help.ends_at, help.starts_at])?;
    let busy = rows.iter().map(|r| Ok((r.get("starts_at")?, r.get("ends_at")?))).collect::<store::Result<_>>()?;
    let point = match &v.building {
        Some(id) => area::building(q, id)?.and_then(|b| b.point),
        None => None,
    };
    let profile = v.profile(q)?;
    Ok(Helper { profile, point, vetted_until: v.vetted_until, proofs, busy, load: 0, path: v.path, person: v.person })
}
