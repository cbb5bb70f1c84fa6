//! A small emergency in the demo, from its opening to its end: two communities, water and blankets, one load that came short.
//!
//! What must stay true: everything goes through the real actions; the words are in `data/demo/relief.toml`; sites are in communities
//! without printed accounts, so nobody's inbox grows by it.

use serde::Deserialize;

use super::people::People;
use super::place::Places;
use crate::activities::relief::act::{self, Count, New};
use crate::activities::relief::ledger::Cause;
use crate::activities::relief::need::{self, NewNeed, NewSite};
use crate::activities::relief::{Book, Stand, by_number, load, needs, plan, sheet};
use crate::kit::error::Error;
use crate::kit::time::Ms;
use crate::kit::{App, Result, RoleKind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    title: String,
    why: String,
    account: String,
    short: String,
    came: Vec<(String, i64, String, String)>,
    site: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    people: i64,
    /// 0: nobody knows how much.
    needs: Vec<(String, i64)>,
}

/// Plays it at `now`.
pub fn settle(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    let words: Words = toml::from_str(include_str!("../../../../data/demo/relief.toml")).map_err(Error::internal)?;
    app.ambience.shift_to(now);
    let book = Book::now(app, "")?;
    let Some(street) = people.crew(RoleKind::Subdistrict, 0, "").and_then(|c| c.people.first()).cloned() else { return Ok(()) };
    let mut classes: Vec<String> = words.came.iter().map(|c| c.0.clone()).collect();
    classes.sort();
    let new = New { title: words.title.clone(), why: words.why.clone(), area: String::new(), classes };
    let (by, rules) = (street.clone(), book.clone());
    let number = app.db.write(move |tx| act::open(tx, &rules, &by, &new))?.value;
    for (class, quantity, cause, why) in words.came {
        let cause = Cause::parse(&cause).ok_or_else(|| Error::internal("no such cause"))?;
        let count = Count { depot: 1, class, quantity, cause, why: Some(why), gift: None };
        let (by, rules, at) = (street.clone(), book.clone(), number.clone());
        app.db.write(move |tx| act::receive(tx, &rules, &by, &at, &count))?;
    }
    // One after the other: the committees of the second community, the third, and so on.
    let mut desks = Vec::new();
    for (n, site) in words.site.into_iter().enumerate() {
        let Some(desk) = people.crew(RoleKind::Committee, n + 1, "").and_then(|c| c.people.first()).cloned() else { continue };
        let Some(community) = places.communities.get(n + 1) else { continue };
        let (by, rules, at, code) = (desk.clone(), book.clone(), number.clone(), community.area.code.clone());
        app.db.write(move |tx| {
            let new = NewSite { name: None, area: code, body: None, people: site.people };
            let n = need::add_site(tx, &rules, &by, &at, &new)?;
            for (class, quantity) in site.needs {
                let (quantity, tier) = (Some(quantity).filter(|q| *q > 0), sheet::need_tier(&rules));
                need::file(tx, &rules, &by, &at, &NewNeed { site: n, class, quantity, tier, ..NewNeed::default() })?;
            }
            Ok::<_, Error>(())
        })?;
        desks.push(desk);
    }
    let lines = app.db.read(|r| {
        let relief = by_number(r, &number)?;
        plan::lines(r, &book, &relief)
    })?;
    app.db.write(move |tx| {
        let n = plan::propose(tx, &street, &number, &lines)?;
        let loads = plan::confirm(tx, &book, &street, &number, n)?;
        for (at, (number, desk)) in loads.iter().zip(&desks).enumerate() {
            load::send(tx, &book, &street, number)?;
            let sent = load::by_number(tx, number)?;
            let mut came: Vec<i64> = load::items(tx, &sent.id)?.iter().map(|i| i.quantity).collect();
            // Of the first load two blankets are missing.
            let short = came.iter_mut().min().filter(|_| at == 0);
            let less = short.map(|n| *n -= 2).is_some();
            load::hand(tx, &book, desk, number, &came, None)?;
            if less {
                load::explain(tx, &book, &street, number, Cause::Damaged, &words.short)?;
            }
        }
        let relief = by_number(tx, &number)?;
        let open: Vec<i64> = needs::all(tx, &relief.id)?.into_iter().filter(|n| n.state == Stand::Open).map(|n| n.n).collect();
        for n in open {
            need::close(tx, &book, &street, &number, n, &words.account)?;
        }
        act::end(tx, &street, &number, &words.account)
    })?;
    Ok(())
}
