//! From the inbox to the queue: what is told over e-mail or SMS, when, and with what together.
//!
//! What must stay true: planning happens in the write that puts the notice into the inbox, so neither is there without
//! the other; whoever has no confirmed address costs one look-up for many people at once; notices join the message that
//! waits already instead of making a new one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use store::{Query, Tx, Value};

use super::queue::{self, Item, NewDelivery};
use super::{New, rules, setting};
use crate::kit::Result;

/// People that are asked about in one query.
const EACH: usize = 50;

struct Place {
    channel: String,
    address: Vec<u8>,
}

/// Where people are told, of those who are told anywhere.
fn places(tx: &mut Tx, people: &[&str]) -> Result<BTreeMap<String, Vec<Place>>> {
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!(
        "select person, channel, address from notice_address where person in ({}) and confirmed_at is not null",
        marks.join(",")
    );
    let mut out: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for some in people.chunks(EACH) {
        let params: Vec<Value> = (0..EACH).map(|i| (*some.get(i).unwrap_or(&some[0])).into()).collect();
        for row in tx.rows(&sql, &params)? {
            let place = Place { channel: row.get("channel")?, address: row.get("address")? };
            out.entry(row.get("person")?).or_default().push(place);
        }
    }
    Ok(out)
}

/// Plans what goes out of notices that were just put into inboxes (id and notice).
pub fn plan(tx: &mut Tx, zone: &TimeZone, told: &[(String, &New)]) -> Result<()> {
    let people: BTreeSet<&str> = told.iter().map(|(_, n)| n.person.as_str()).collect();
    let places = places(tx, &people.into_iter().collect::<Vec<_>>())?;
    for (person, places) in places {
        let wish = setting::of(tx, &person)?;
        for place in places {
            for (id, new) in told.iter().filter(|(_, n)| n.person == person) {
                let urgent = new.is_urgent();
                let at = rules::when(tx.now(), wish.digest, wish.quiet, urgent, zone);
                let delivery = NewDelivery {
                    owner: Some(&person),
                    address: Some(place.address.clone()),
                    urgent,
                    ..NewDelivery::of(&place.channel, &person, "digest")
                };
                let item = Item { at: new.at, kind: new.kind.clone(), subject: new.subject.clone(), inbox: Some(id.clone()) };
                queue::join(tx, &delivery, at, &item)?;
            }
        }
    }
    Ok(())
}
