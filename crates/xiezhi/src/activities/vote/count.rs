//! From the ballots of a vote to its result, and to the tables from which anybody on the roll gets the same.

use std::collections::HashSet;

use calc::tally::{self, Ballots, Channel, Outcome, Sum};
use store::{Query, params};

use super::ballot::Choices;
use super::pack::Pack;
use super::{Question, Vote, roll};
use crate::kit::time::Ms;
use crate::kit::{Error, Result};

/// A ballot as it is kept.
pub struct Cast {
    /// Place of its unit on the roll.
    pub n: i64,
    /// How it came.
    pub channel: Channel,
    /// When.
    pub at: Ms,
    /// What it says.
    pub choices: Choices,
}

/// Every ballot of a vote, also those that a later one took the place of.
fn ballots(q: &mut dyn Query, vote: &Vote) -> Result<Vec<Cast>> {
    let rows = q.rows("select n, channel, at, choices from ballot where vote = $1 order by n, at", params![&vote.id])?;
    let mut sealed = Vec::with_capacity(rows.len());
    for row in &rows {
        sealed.push((vote.id.clone(), row.get::<Vec<u8>>("choices")?));
    }
    let opened = q.open_many(&sealed)?;
    let mut out = Vec::with_capacity(rows.len());
    for (row, plain) in rows.iter().zip(opened) {
        let text = plain.map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        let channel: String = row.get("channel")?;
        out.push(Cast {
            n: row.get("n")?,
            channel: Channel::parse(&channel).unwrap_or(Channel::Other),
            at: row.get("at")?,
            choices: Choices::read(&text).ok_or_else(|| Error::internal("a ballot cannot be read"))?.counted(vote.seats),
        });
    }
    Ok(out)
}

/// The result of each question.
pub fn outcomes(q: &mut dyn Query, vote: &Vote, rules: &Pack, asked: &[Question]) -> Result<Vec<Outcome>> {
    let (units, cast) = (roll::units(q, &vote.roll)?, ballots(q, vote)?);
    let (roll, method) = (roll::counted(units.iter()), rules.method().map_err(Error::internal)?);
    let one = |at: usize, question: &Question| {
        let mut ballots = Ballots::new(&roll);
        for b in &cast {
            if let Some(choice) = b.choices.0.get(at) {
                // A ballot whose unit is not on the roll was never taken.
                let _ = ballots.add(&b.n.to_string(), *choice, b.channel, b.at);
            }
        }
        tally::tally(&method, question.item, &roll, &ballots)
    };
    Ok(asked.iter().enumerate().map(|(at, question)| one(at, question)).collect())
}

/// Who took part so far, of how many: heads and area, without the uses that do not count. How they voted is not read.
pub fn turnout(q: &mut dyn Query, vote: &Vote, leaves_out: &[String]) -> Result<(Sum, Sum)> {
    let sql = "select distinct n from ballot where vote = $1";
    let cast: HashSet<i64> = q.rows(sql, params![&vote.id])?.iter().map(|r| r.get("n")).collect::<store::Result<_>>()?;
    let units = roll::units(q, &vote.roll)?;
    let sum = |is: &dyn Fn(&roll::Unit) -> bool| {
        let some = || units.iter().filter(|u| !leaves_out.contains(&u.usage) && is(u));
        let heads: HashSet<i64> = some().map(|u| u.head).collect();
        Sum { heads: heads.len() as i128, area: some().map(|u| i128::from(u.area)).sum() }
    };
    Ok((sum(&|u| cast.contains(&u.n)), sum(&|_| true)))
}

/// The roll and the ballots of one question as `xiezhi calc tally` reads them: owners by number, not by name.
pub fn tables(q: &mut dyn Query, vote: &Vote, question: i64, time: impl Fn(Ms) -> String) -> Result<[Vec<Vec<String>>; 2]> {
    let (units, cast) = (roll::units(q, &vote.roll)?, ballots(q, vote)?);
    let head = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let mut roll = vec![head(&["unit", "owner", "area", "kind", "use"])];
    roll.extend(
        units.iter().map(|u| vec![u.unit.clone(), u.head.to_string(), u.area.to_string(), u.kind.clone(), u.usage.clone()]),
    );
    let mut slips = vec![head(&["unit", "choice", "channel", "time"])];
    // Of each unit the one that counts: how somebody changed his mind is his own affair.
    for (at, b) in cast.iter().enumerate() {
        if cast.get(at + 1).is_some_and(|next| next.n == b.n) {
            continue;
        }
        let Some(choice) = usize::try_from(question - 1).ok().and_then(|q| b.choices.0.get(q)) else { continue };
        let unit = usize::try_from(b.n - 1).ok().and_then(|n| units.get(n)).map(|u| u.unit.clone()).unwrap_or_default();
        slips.push(vec![unit, choice.name().into(), b.channel.name().into(), time(b.at)]);
    }
    Ok([roll, slips])
}
