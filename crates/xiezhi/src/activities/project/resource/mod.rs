//! The list of resources (资源清单): what people, groups and firms of a place can give: skills, rooms, goods, money, time.
//!
//! What must stay true: nothing of it is promised twice, whoever asks at once; its owner says yes to each project that wants
//! it; it is asked after now and then, and taken off the list when nobody answers; everybody reads what there is, and only the
//! desk which resident offers it.
//!
//! Log kinds written: `resource.offer`, `resource.fresh`, `resource.end`, `resource.ring`.

/// Offering, keeping, taking back.
pub mod act;
/// Routes and pages.
pub mod web;

use store::{Entry, Query, params};

use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

names! {
    /// Where it stands.
    State { Listed = "listed", Ended = "ended", }
    /// What it is.
    Sort { Skill = "skill", Room = "room", Goods = "goods", Money = "money", Time = "time", }
    /// Where what a project wants of it stands.
    Loan {
        /// Its owner has not answered.
        Asked = "asked",
        /// The project has it.
        Lent = "lent",
        /// Its owner does not give it.
        Refused = "refused",
        /// The project does not need it any more: it is free again.
        Freed = "freed",
        /// It was used up.
        Used = "used",
    }
}

row! {
    /// A resource.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `resource`, explained there")]
    pub struct Resource {
        pub id: String,
        pub number: String,
        pub area: String,
        pub path: String,
        pub sort: Sort,
        pub kind: String,
        pub state: State,
        pub title: String,
        pub about: String,
        pub amount: i64,
        pub unit: String,
        pub body: Option<String>,
        pub by_person: String,
        pub made_at: Ms,
        pub fresh_at: Ms,
        pub until_at: Option<Ms>,
        pub ring_at: Option<Ms>,
    }
}

/// The one with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> Result<Resource> {
    let row = q.row(&format!("select {COLUMNS} from resource where number = $1"), params![number])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// The one with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Resource> {
    let row = q.row(&format!("select {COLUMNS} from resource where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// Those around a place that are offered, of one kind or of all, the newest first, before that moment.
pub fn around(q: &mut dyn Query, path: &str, kind: Option<&str>, before: Ms, most: i64) -> Result<Vec<Resource>> {
    let sql = format!(
        "select {COLUMNS} from resource where {} and state = $3 and ($4 = '' or kind = $4) and made_at < $5 \
         order by made_at desc, number desc limit $6",
        area::AROUND
    );
    let rows = q.rows(&sql, params![path, area::end_of(path), State::Listed, kind.unwrap_or_default(), before, most])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// What nobody holds of it. What is asked for is held until the answer.
pub fn left(q: &mut dyn Query, one: &Resource) -> Result<i64> {
    let sql =
        "select cast(coalesce(sum(amount), 0) as bigint) from project_resource where resource = $1 and state in ($2, $3, $4)";
    Ok(one.amount - q.count(sql, params![&one.id, Loan::Asked, Loan::Lent, Loan::Used])?)
}

impl Resource {
    /// Whether somebody may answer for it: its owner, or a colleague of the organisation that offers it.
    pub fn is_of(&self, who: &Who) -> bool {
        match &self.body {
            Some(body) => who.in_body(body),
            None => who.by.is_none() && who.person.as_deref() == Some(&self.by_person),
        }
    }

    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Entry<'w> {
        Entry { actor: who.actor(), party: self.body.as_deref(), area: Some(&self.area), ..Entry::new(act, "resource", &self.id) }
    }
}
