//! Requests for help (求助): asked, offered, agreed, done, settled, thanked.
//!
//! What must stay true: a request that nobody takes is told to more people further away and then becomes a case
//! ([`ring`]); who comes is agreed by both sides, and what was done counts when both say so, or one is silent long enough;
//! words, place, name and telephone are sealed under the key of the request.
//!
//! Log kinds written: `help.ask`, `help.offer`, `help.agree`, `help.leave`, `help.withdraw`, `help.done`, `help.settle`,
//! `help.dispute`, `help.decide`, `help.thank`, `help.case`, `help.lapse`, `help.remind`.

/// What people do.
pub mod act;
/// When both sides say so: hours, thanks, and what is wrong.
pub mod close;
/// What happens by itself.
pub mod ring;
/// Who is told of what.
pub mod tell;
/// What readers see.
pub mod view;
/// Routes.
pub mod web;

use jiff::tz::TimeZone;
use store::{Entry, Query, Row, Tx, params};

use super::hours::{Account, Holder};
use super::pack::Pack;
use super::rules::{self, Need, Sex};
use crate::base::area;
use crate::base::catalogue::Relation;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where a request stands.
    State {
        /// Somebody is looked for.
        Open = "open",
        /// Somebody comes.
        Agreed = "agreed",
        /// Whoever came says what he did.
        Done = "done",
        /// Both say so.
        Settled = "settled",
        /// One says that it is not so.
        Disputed = "disputed",
        /// Not needed any more.
        Withdrawn = "withdrawn",
        /// It did not come about.
        Lapsed = "lapsed",
    }
    /// How somebody stands to a request.
    Stand {
        /// He was asked.
        Told = "told",
        /// He would come.
        Offered = "offered",
        /// He comes.
        Agreed = "agreed",
        /// He says what he did.
        Done = "done",
        /// It counts.
        Settled = "settled",
        /// He said no, or gave it up.
        Left = "left",
        /// Others came.
        Passed = "passed",
    }
}

row! {
    /// A request.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `help`, explained there")]
    pub struct Help {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub kind: String,
        pub state: State,
        pub asked_by: Option<String>,
        pub by_person: Option<String>,
        pub made_at: Ms,
        pub starts_at: Ms,
        pub ends_at: Ms,
        pub minutes: i64,
        pub need: i64,
        pub choose: i64,
        pub building: Option<String>,
        pub words: Option<Vec<u8>>,
        pub place: Option<Vec<u8>>,
        pub name: Option<Vec<u8>>,
        pub phone: Option<Vec<u8>>,
        pub wish: Option<Vec<u8>>,
        pub hours: i64,
        pub urgent: i64,
        pub wave: i64,
        pub ring_at: Option<Ms>,
        pub desk: Option<String>,
        pub case_number: Option<String>,
        pub hold: Option<String>,
        pub settled: Option<String>,
        pub ended_at: Option<Ms>,
        pub why: Option<String>,
        pub thanks: Option<Vec<u8>>,
        pub note: Option<Vec<u8>>,
        pub log_seq: u64,
    }
}

/// The request with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Help> {
    let row = q.row(&format!("select {COLUMNS} from help where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The request with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Help> {
    let row = q.row(&format!("select {COLUMNS} from help where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Requests of a place in a state, the soonest first.
pub fn in_state(q: &mut dyn Query, path: &str, state: State, most: i64) -> Result<Vec<Help>> {
    let sql =
        format!("select {COLUMNS} from help where path >= $1 and path < $2 and state = $3 order by starts_at, number limit $4");
    let rows = q.rows(&sql, params![path, area::end_of(path), state, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// What is asked of whoever comes.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Wish {
    /// A language.
    pub language: Option<String>,
    /// A woman or a man.
    pub sex: Option<Sex>,
}

/// Somebody who was asked, offered, or comes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `help_by`, explained there")]
pub struct By {
    pub person: String,
    pub state: Stand,
    pub wave: i64,
    pub began_at: Option<Ms>,
    pub minutes: Option<i64>,
}

/// Everybody who was asked or offered, in the order of their ids.
pub fn helpers(q: &mut dyn Query, help: &str) -> Result<Vec<By>> {
    let sql = "select person, state, wave, began_at, minutes from help_by where help = $1 order by person";
    let one = |r: &Row| {
        Ok(By {
            person: r.get("person")?,
            state: r.get("state")?,
            wave: r.get("wave")?,
            began_at: r.get("began_at")?,
            minutes: r.get("minutes")?,
        })
    };
    Ok(q.rows(sql, params![help])?.iter().map(one).collect::<store::Result<_>>()?)
}

impl Help {
    /// What it asks of whoever comes, within a distance; none when the place has no such kind of help.
    pub fn asks<'h>(
        &'h self,
        q: &mut dyn Query,
        pack: &'h Pack,
        zone: &TimeZone,
        wish: &'h Wish,
        radius: u32,
    ) -> Result<Option<Need<'h>>> {
        let Some(sort) = pack.kind(&self.kind) else { return Ok(None) };
        Ok(Some(Need {
            sort,
            asker: self.asked_by.as_deref(),
            time: self.time(),
            slot: rules::slot(self.starts_at, zone),
            path: &self.path,
            point: self.point(q)?,
            language: wish.language.as_deref(),
            sex: wish.sex,
            radius,
            weigh: pack.weigh,
        }))
    }

    /// From when to when.
    pub fn time(&self) -> (Ms, Ms) {
        (self.starts_at, self.ends_at)
    }

    /// Where its building stands, when that is known.
    pub fn point(&self, q: &mut dyn Query) -> Result<Option<calc::geo::Point>> {
        let Some(building) = &self.building else { return Ok(None) };
        Ok(area::building(q, building)?.and_then(|b| b.point))
    }

    /// What is asked of whoever comes.
    pub fn wishes(&self, q: &mut dyn Query) -> Result<Wish> {
        let text = q.open_text(&self.id, self.wish.clone())?;
        text.map_or(Ok(Wish::default()), |t| serde_json::from_str(&t).map_err(crate::kit::Error::internal))
    }

    /// Whether it is this person's own: he asked, or somebody acts for him.
    pub fn is_own(&self, who: &Who) -> bool {
        self.asked_by.is_some() && self.asked_by == who.person
    }

    /// Whether somebody speaks for whoever is helped: he himself, or the desk for one without an account.
    pub fn may_speak(&self, who: &Who) -> bool {
        self.is_own(who) || (self.asked_by.is_none() && who.desk_over(&self.path).is_some())
    }

    /// How somebody stands to what is sealed in it.
    pub fn relation(&self, who: &Who, desk: &str, helpers: &[By]) -> Relation {
        let comes =
            |b: &By| Some(&b.person) == who.person.as_ref() && matches!(b.state, Stand::Agreed | Stand::Done | Stand::Settled);
        if self.is_own(who) {
            Relation::Owner
        } else if who.by.is_none() && helpers.iter().any(comes) {
            Relation::Involved
        } else if who.roles.iter().any(|r| r.kind.is_desk() && r.body.as_deref() == Some(desk)) {
            Relation::Desk
        } else if who.desk_over(&self.path).is_some() {
            Relation::Above
        } else {
            Relation::Public
        }
    }

    /// The account that pays: whoever asked; for one without an account the community.
    pub fn payer(&self, community: &(String, String)) -> Account {
        match &self.asked_by {
            Some(person) => Account::person(person, community),
            None => Account::of(Holder::Pool, community),
        }
    }

    /// An entry about it.
    pub(in crate::activities::volunteer) fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), area: Some(&self.area), owner: Some(&self.id), ..Entry::new(act, "help", &self.id) }
    }
}

/// The community of a place, in whose accounts its hours are kept: id and path.
pub fn community(q: &mut dyn Query, area: &str) -> Result<(String, String)> {
    let found = match area::community_of(q, area)? {
        Some(community) => Some(community),
        None => area::by_id(q, area)?,
    };
    found.map(|a| (a.id, a.path)).ok_or_else(|| Kind::Unknown.at("area"))
}

/// Moves somebody to another stand in a request.
fn stand(tx: &mut Tx, help: &str, person: &str, state: Stand) -> Result<()> {
    let now = tx.now();
    tx.exec("update help_by set state = $3, said_at = $4 where help = $1 and person = $2", params![help, person, state, now])?;
    Ok(())
}
