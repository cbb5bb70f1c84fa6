//! Who else holds an element: so that no form asks people for what another organisation collects (一数一源).
//!
//! What must stay true: the rows are written by whoever publishes a resource, in the same write, and say what its resource says;
//! they tell who holds something, never what.

use store::{Query, Tx, params};

use crate::kit::Result;
use crate::kit::row::row;
use crate::kit::time::Ms;

row! {
    /// An element that an organisation collects for all others of a place.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the columns of `held_elsewhere`, explained there")]
    pub struct Held {
        pub element: String,
        /// Code of the resource in the catalogue of what is shared.
        pub resource: String,
        pub body: String,
        pub path: String,
        pub title: String,
        pub since: Ms,
    }
}

/// Who collects an element, anywhere.
pub fn of(q: &mut dyn Query, element: &str) -> Result<Vec<Held>> {
    let sql = format!("select {COLUMNS} from held_elsewhere where element = $1 order by path, resource limit 1000");
    let rows = q.rows(&sql, params![element])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// Which other organisation than `body` collects an element for the place at `path`; the one of the smallest area, and its name.
pub fn elsewhere(q: &mut dyn Query, element: &str, path: &str, body: &str) -> Result<Option<(Held, String)>> {
    let near = of(q, element)?.into_iter().filter(|h| h.body != body && path.starts_with(&h.path));
    let Some(held) = near.max_by_key(|h| h.path.len()) else { return Ok(None) };
    let row = q.row("select name from body where id = $1", params![&held.body])?;
    let name = row.map(|r| r.get("name")).transpose()?.unwrap_or_default();
    Ok(Some((held, name)))
}

/// A resource holds an element; called within an action that logs.
pub fn put(tx: &mut Tx, held: &Held) -> Result<()> {
    let sql = "insert into held_elsewhere(element, resource, body, path, title, since) values ($1,$2,$3,$4,$5,$6) \
               on conflict(element, resource) do nothing";
    tx.exec(sql, params![&held.element, &held.resource, &held.body, &held.path, &held.title, held.since])?;
    Ok(())
}

/// A resource holds nothing any more; called within an action that logs.
pub fn forget(tx: &mut Tx, resource: &str) -> Result<()> {
    tx.exec("delete from held_elsewhere where resource = $1", params![resource])?;
    Ok(())
}
