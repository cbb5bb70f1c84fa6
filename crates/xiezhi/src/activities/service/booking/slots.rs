//! Which moments can be booked: those of the opening hours, with how many are free.
//!
//! What must stay true: what is offered is what [`check`] takes.

use schemars::JsonSchema;
use serde::Serialize;
use store::Query;

use super::{Counter, Door, at_counter, counter, rules};
use crate::activities::service::hours::{self, Days};
use crate::activities::service::{self, Service, find};
use crate::base::worktime;
use crate::kit::error::Kind;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Req, Result};

/// Open days that are offered.
const DAYS: usize = 10;
/// Appointments that are counted at once.
const TAKEN: i64 = 100_000;

/// A day with its moments.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SlotDay {
    pub day: String,
    /// A make-up working day.
    pub swapped: bool,
    /// Moments with a seat.
    pub free: usize,
    pub slots: Vec<Slot>,
}

/// A moment.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Slot {
    pub at: String,
    pub time: String,
    pub free: i64,
}

/// Moments of the next open days, with how many are free.
pub fn free(req: &Req, q: &mut dyn Query, service: &Service, counter: &Counter) -> Result<Vec<SlotDay>> {
    let time = worktime::read(q, req.app)?;
    let days = Days::new(&time.calendar);
    let Some(found) = find::whole(q, req.app, vec![service.clone()], None, req.now)?.pop() else { return Ok(Vec::new()) };
    let (schedules, closures) = find::rules(&found.service, &found.at);
    let (today, _) = find::today(req.app, req.now);
    let zone = &req.app.config.zone;
    let taken = at_counter(q, &service.id, req.now, req.now + (counter.ahead_days + 1) * DAY, TAKEN)?;
    let mut out = Vec::new();
    for day in today..=today + counter.ahead_days {
        let Some(open) = hours::on(schedules, closures, day, &days) else { continue };
        let moment = |minute: &i64| {
            let at = worktime::utc(day * DAY + minute * MINUTE, zone);
            let ends = at + counter.minutes * MINUTE;
            let held = taken.iter().filter(|a| a.starts_at < ends && a.ends_at > at).count() as i64;
            let time = hours::write_minute(*minute);
            Slot { at: req.app.time(at), time, free: (counter.seats - held).max(0) }
        };
        let future = |minute: &i64| worktime::utc(day * DAY + minute * MINUTE, zone) > req.now;
        let slots: Vec<Slot> = rules::moments(&open, counter.minutes).iter().filter(|m| future(m)).map(moment).collect();
        if !slots.is_empty() {
            let day = hours::date(day).map(|d| d.to_string()).unwrap_or_default();
            let free = slots.iter().filter(|s| s.free > 0).count();
            out.push(SlotDay { day, swapped: open.swapped, free, slots });
        }
        if out.len() >= DAYS {
            break;
        }
    }
    Ok(out)
}

/// Refuses a moment that the hours of the service do not have; whether it is free is looked at in the write.
pub fn check(req: &Req, q: &mut dyn Query, id: &str, at: Ms) -> Result<()> {
    let service = service::by_id(q, id)?;
    let counter = counter(q, id)?.filter(|c| c.door == Door::Open).ok_or(Kind::NotOpen)?;
    let text = req.app.time(at);
    let known = free(req, q, &service, &counter)?.iter().flat_map(|d| &d.slots).any(|s| s.at == text);
    if known { Ok(()) } else { Err(Kind::NotOpen.at("at")) }
}
