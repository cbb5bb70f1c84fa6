//! One message a day about everything new in a topic.
//!
//! What must stay true: however much is said in a day, whoever follows a topic hears of it once; nobody hears of his own
//! words, nor of what is held. The moment stands in the topic, so that it comes after a restart too.

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::rules::State;
use super::{Book, by_id, news};
use crate::base::notice;
use crate::kit::Result;
use crate::kit::time::{DAY, HOUR, Ms, day_start};

/// People that are told of one topic at once.
const MOST: i64 = 2000;

/// The next hour at which people hear of what is new.
pub fn next(now: Ms, hour: i64, zone: &TimeZone) -> Ms {
    let today = day_start(now, zone) + hour * HOUR;
    if now < today { today } else { today + DAY }
}

/// Topics whose moment has come.
pub fn due(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select id from near_topic where digest_at <= $1 and digest_at is not null order by digest_at limit $2";
    let rows = q.rows(sql, params![now, most])?;
    Ok(rows.iter().map(|r| r.get("id")).collect::<store::Result<_>>()?)
}

/// Tells those who follow a topic that there is something new.
pub fn tell(tx: &mut Tx, book: &Book, id: &str) -> Result<()> {
    let (topic, now) = (by_id(tx, id)?, tx.now());
    if topic.digest_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let sql = "select f.person from near_follow f where f.topic = $1 and exists (select 1 from near_post p where p.topic = f.topic \
               and p.n > 0 and p.state = $2 and p.made_at >= f.told_at and p.by_person <> f.person) limit $3";
    let people = tx.rows(sql, params![id, State::Shown, MOST])?;
    let people: Vec<String> = people.iter().map(|r| r.get("person")).collect::<store::Result<_>>()?;
    let told: Vec<_> = people.into_iter().map(|person| news(person, now, "near-topic", &topic)).collect();
    tx.exec("update near_topic set digest_at = null where id = $1", params![id])?;
    tx.exec("update near_follow set told_at = $2 where topic = $1", params![id, now])?;
    let entry = Entry { area: Some(&topic.area), ..Entry::new("near.digest", "near_topic", id) };
    tx.log(entry.fact("told", told.len() as i64))?;
    notice::put(tx, &book.zone, &told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_is_today_or_tomorrow() {
        let (zone, base) = (TimeZone::UTC, 20_000 * DAY);
        assert_eq!(next(base + 5 * HOUR, 19, &zone), base + 19 * HOUR);
        assert_eq!(next(base + 19 * HOUR, 19, &zone), base + DAY + 19 * HOUR);
    }
}
