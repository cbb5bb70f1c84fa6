//! Adapters at work: whatever is due is claimed, called, and its end written down; each day their answers are tested.
//!
//! What must stay true: one that fails stops no other.

use store::params;

use super::adapter::{self, Flow};
use super::quality;
use super::resource;
use super::{Book, code_of, wire};
use crate::kit::time::DAY;
use crate::kit::{App, Error, Result, Who};

/// Adapters of one round.
const AT_ONCE: i64 = 20;

/// Lets every adapter work whose time has come.
pub fn round(app: &App) -> Result<()> {
    let now = app.now();
    for one in app.db.read(|r| adapter::due(r, now, AT_ONCE))? {
        let claimed = one.clone();
        if !app.db.write(move |tx| adapter::claim(tx, &claimed))?.value {
            continue;
        }
        let (of, book) = app.db.read(|r| {
            let of = resource::by_id(r, &one.resource)?;
            let at = code_of(r, &of.area)?;
            let book = Book::read(r, app, &at)?;
            Ok::<_, Error>((of, book))
        })?;
        let end = match one.kind {
            Flow::Pull => wire::pull(app, &book, &of, &one).map(|()| (None, false)),
            Flow::Push => wire::push(app, &book, &of, &one),
        };
        app.db.write(move |tx| match end {
            Ok((sent, more)) => adapter::went(tx, &one, sent, more),
            Err(trouble) => adapter::failed(tx, &book, &one, &trouble),
        })?;
    }
    Ok(())
}

/// Each day once: does the answer of each adapter still fit the fields?
pub fn nightly(app: &App) -> Result<()> {
    let before = app.now() - DAY;
    let filter = "state = 'published' and (tested_at is null or tested_at <= $1) and id in \
                  (select resource from share_adapter where kind = 'pull' and ended_at is null) order by code limit $2";
    for of in app.db.read(|r| resource::listed(r, filter, params![before, AT_ONCE]))? {
        quality::test(app, &Who::system(), &of)?;
    }
    Ok(())
}
