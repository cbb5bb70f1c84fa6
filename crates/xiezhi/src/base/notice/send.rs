//! One round of sending: what is due on each channel is marked, opened, sent, and its end written down.
//!
//! What must stay true: a channel that is slow or away keeps no other waiting; nothing is opened before it is ours to send.

use store::Query;

use super::channel::{self, Channel, Message};
use super::queue::{self, Claim, Delivery};
use super::{group, rules::Pace, setting};
use crate::kit::{App, Error, Result};

/// Messages of one channel in a round; the others come with the next.
const AT_ONCE: i64 = 50;

/// Plans what groups are told, and sends what is due, each channel by itself.
pub fn round(app: &App) -> Result<()> {
    let channels = channel::all(app);
    if channels.is_empty() {
        return Ok(());
    }
    let planned = group::follow(app);
    let mut busy = Vec::new();
    for channel in &channels {
        if has_work(app, &**channel)? {
            busy.push(channel);
        }
    }
    let ends: Vec<Result<()>> = std::thread::scope(|scope| {
        let threads: Vec<_> = busy.into_iter().map(|c| scope.spawn(move || one(app, &**c))).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(Error::internal("a channel panicked")))).collect()
    });
    ends.into_iter().chain([planned]).collect::<Result<Vec<()>>>().map(drop)
}

fn has_work(app: &App, channel: &dyn Channel) -> Result<bool> {
    let (now, paces) = (app.now(), channel.paces());
    app.db.read(|r| {
        let due = !queue::due(r, channel.name(), now, 1)?.is_empty() && queue::free(r, channel.name(), &paces, now)? <= now;
        Ok(due || queue::has_lost(r, channel.name(), now)?)
    })
}

fn one(app: &App, channel: &dyn Channel) -> Result<()> {
    let (name, once) = (channel.name().to_owned(), channel.once());
    if app.db.read(|r| queue::has_lost(r, &name, app.now()))? {
        let name = name.clone();
        app.db.write(move |tx| queue::lost(tx, &name, once))?;
    }
    for id in app.db.read(|r| queue::due(r, &name, app.now(), AT_ONCE))? {
        let paces: Vec<Pace> = channel.paces();
        match app.db.write(move |tx| queue::claim(tx, &id, &paces))?.value {
            Claim::Gone => {}
            Claim::Full => return Ok(()),
            Claim::Ours(d) => {
                if !send(app, channel, *d)? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// False when the channel is to be left alone for the rest of the round.
fn send(app: &App, channel: &dyn Channel, d: Delivery) -> Result<bool> {
    let Some(message) = app.db.read(|r| open(r, &d, app.now()))? else {
        app.db.write(move |tx| queue::void(tx, &d, None))?;
        return Ok(true);
    };
    let (end, once) = (channel.send(app, &message), channel.once());
    let there = !end.as_ref().is_err_and(|t| matches!(t.code.as_str(), "network" | queue::TOO_FAST | "secret"));
    app.db.write(move |tx| match end {
        Ok(id) => queue::sent(tx, &d, id.as_deref()),
        Err(trouble) if trouble.code == channel::GONE => {
            setting::gone(tx, &d)?;
            queue::void(tx, &d, None)
        }
        Err(trouble) => queue::failed(tx, &d, &trouble, once),
    })?;
    Ok(there)
}

/// The message of a delivery; none when its owner's key is gone, or when everything in it was read meanwhile.
fn open(q: &mut dyn Query, d: &Delivery, now: i64) -> Result<Option<Message>> {
    let (mut address, mut code) = (None, None);
    if let Some(owner) = &d.owner {
        (address, code) = (q.open_text(owner, d.address.clone())?, q.open_text(owner, d.code.clone())?);
        if address.is_none() {
            return Ok(None);
        }
    }
    let items = queue::items(q, &d.id)?;
    if items.is_empty() && matches!(d.kind.as_str(), "digest" | "group") {
        return Ok(None);
    }
    Ok(Some(Message { id: d.id.clone(), kind: d.kind.clone(), address, code, subject: d.subject.clone(), items, now }))
}
