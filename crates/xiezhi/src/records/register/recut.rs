//! Grids cut anew: the homes of a building that now lies in another grid go with it, and whoever lives in them.
//!
//! What must stay true: that there is something to move is written in the same step as the follower's cursor, and stays
//! until nothing is left, so an end of the program in between loses nothing; each home moves with its households, people
//! and counters in one write, and moving twice changes nothing.
//!
//! Log kinds written: `register.recut`.

use store::{Entry, Query as _, Tx, params};

use super::home::{self, Dwelling};
use super::person::{self, save};
use super::{Spot, count};
use crate::base::party;
use crate::kit::{App, Error, Result, follow};

const NAME: &str = "register.recut";
/// Homes of one write.
const TOGETHER: i64 = 200;

/// Follows the log, and moves what has to be moved.
pub fn follow(app: &App) -> Result<()> {
    let cut = |_: &mut store::Read, entries: &[store::Written]| Ok(entries.iter().any(|e| e.act == "area.recut"));
    let remember = |tx: &mut Tx, cut: bool| if cut { Ok(party::set(tx, NAME, "1")?) } else { Ok(()) };
    follow::follow(app, NAME, cut, remember)?;
    while app.db.read(|r| party::setting(r, NAME))?.as_deref() == Some("1") {
        let sql = "select d.id from dwelling d join building b on b.id = d.place where d.area <> b.area order by d.id limit $1";
        let rows = app.db.read(|r| r.rows(sql, params![TOGETHER]))?;
        let ids: Vec<String> = rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?;
        app.db.write(move |tx| {
            if ids.is_empty() {
                party::set(tx, NAME, "0")?;
                tx.log(Entry::new("register.recut", "node", ""))?;
            }
            ids.iter().try_for_each(|id| rehouse(tx, id))
        })?;
    }
    Ok(())
}

fn rehouse(tx: &mut Tx, id: &str) -> Result<()> {
    let Some(home) = home::by_id(tx, id)? else { return Ok(()) };
    let Some(to) = home::spot_of(tx, &home.place)?.filter(|s| *s != home.spot) else { return Ok(()) };
    shift(tx, &home.spot, &to, &count::of_home(home.purpose.as_str()));
    for household in home::households(tx, id)? {
        shift(tx, &home.spot, &to, &count::of_household(household.size));
    }
    tx.exec("update household set area = $2, path = $3 where dwelling = $1", params![id, &to.area, &to.path])?;
    let sql = "update dwelling set area = $2, path = $3, community = $4 where id = $1";
    tx.exec(sql, params![id, &to.area, &to.path, &to.community])?;
    people(tx, &home, &to)?;
    let entry = Entry { area: Some(&to.area), ..Entry::new("register.recut", "dwelling", id) };
    tx.log(entry)?;
    Ok(())
}

fn shift(tx: &mut Tx, from: &Spot, to: &Spot, what: &[String]) {
    count::all(tx, &from.path, what, -1);
    count::all(tx, &to.path, what, 1);
}

fn people(tx: &mut Tx, home: &Dwelling, to: &Spot) -> Result<()> {
    let rows = tx.rows("select id from resident where dwelling = $1 order by id", params![&home.id])?;
    for row in rows {
        let Some(before) = person::fetch(tx, &row.get::<String>("id")?)? else { continue };
        let mut after = before.clone();
        after.spot = to.clone();
        save(tx, Some(&before), &after)?;
        tx.exec("update resident_pair set path = $2 where a = $1", params![&before.id, &to.path])?;
    }
    Ok::<_, Error>(())
}
