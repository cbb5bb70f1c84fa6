//! What groups are told: how many matters of their grid came, came back, are late or done. A follower of its own.
//!
//! What must stay true: a group hears numbers and a link, nothing else; what happens within some minutes is one message;
//! what happened before yesterday is told to nobody, so a robot that is added today does not read out the past. What cannot
//! wait is told at once, also by night.

use std::collections::HashMap;

use super::kinds::kinds;
use super::queue::{self, Item, NewDelivery};
use super::rules::{Digest, Quiet, when};
use crate::base::{area, classes};
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{App, Result, follow};

/// What is never urgent, whatever it is about.
const CALM: [&str; 1] = ["case.close"];

/// Something a robot is to tell: its name, from when on, and what.
struct Told {
    robot: String,
    at: Ms,
    urgent: bool,
    item: Item,
}

/// Follows the log for all robots.
pub fn follow(app: &App) -> Result<()> {
    let robots = &app.config.file.notice.robot;
    if robots.is_empty() {
        return Ok(());
    }
    let (zone, since, classes) = (&app.config.zone, app.now() - DAY, classes::now(app)?);
    let paths = app.db.read(|r| {
        let path = |r: &mut store::Read, code: &str| Ok::<_, store::Error>(area::by_code(r, code)?.map(|a| a.path));
        robots.iter().map(|robot| path(r, &robot.area)).collect::<store::Result<Vec<_>>>()
    })?;
    let mut known: HashMap<String, Option<String>> = HashMap::new();
    let end = follow::follow(
        app,
        "notice-group",
        |r, entries| {
            let mut told = Vec::new();
            for w in entries.iter().filter(|w| w.at >= since && kinds().group.contains(&w.act)) {
                let (Some(place), Some(number)) = (w.field("area"), w.fact("number")) else { continue };
                if !known.contains_key(place) {
                    let path = area::by_id(r, place)?.map(|a| a.path);
                    known.insert(place.to_owned(), path);
                }
                let Some(path) = &known[place] else { continue };
                let class = w.fact("class").or(w.fact("of_class")).and_then(|c| classes.get(c));
                let urgent = class.is_some_and(|c| c.urgent) && !CALM.contains(&w.act.as_str());
                for (robot, top) in robots.iter().zip(&paths) {
                    if top.as_ref().is_some_and(|top| path.starts_with(top)) {
                        let wait = i64::from(robot.every_minutes) * MINUTE;
                        let at = if urgent { w.at } else { when(w.at + wait, Digest::Now, Quiet::USUAL, false, zone) };
                        let item = Item { at: w.at, kind: w.act.clone(), subject: number.to_owned(), inbox: None };
                        told.push(Told { robot: robot.name.clone(), at, urgent, item });
                    }
                }
            }
            Ok(told)
        },
        |tx, told| {
            for Told { robot, at, urgent, item } in &told {
                let channel = super::channel::robot_queue(robot);
                let new = NewDelivery { urgent: *urgent, ..NewDelivery::of(&channel, robot, "group") };
                queue::join(tx, &new, *at, item)?;
            }
            Ok(())
        },
    );
    end.map(drop)
}
