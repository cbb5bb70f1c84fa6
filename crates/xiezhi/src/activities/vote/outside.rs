//! Results of the system that a place prescribes for votes over the internet: the roll goes out, a certified result comes in.
//!
//! What must stay true: only for a vote under a pack that names such a system, and only when it is over; the sums must fit the
//! roll that was posted; whether it passed is computed here, by the rules of the vote, and never taken over.

use calc::tally::{Outcome, Sum, judged};
use store::{Query, Tx};

use super::act::Told;
use super::pack::Pack;
use super::rules::{self, Phase};
use super::{Question, Vote, by_id, count, roll};
use crate::kit::error::Kind;
use crate::kit::i18n::Texts;
use crate::kit::{Error, Result, Who};

/// Characters of a result as it is typed in.
pub const TEXT: usize = 4_000;

/// Sums of one question: who took part, who agreed.
type Sums = (Sum, Sum);

/// Reads one line for each question: heads and m² of those who took part, heads and m² of those who agreed; with commas.
pub fn parse(text: &str, questions: usize) -> Result<Vec<Sums>> {
    let line = |line: &str| -> Option<Sums> {
        let cells: Vec<&str> = line.split([',', '，', '\t']).map(str::trim).collect();
        let [part_heads, part_area, heads, area] = cells.as_slice() else { return None };
        let sum = |heads: &str, area: &str| {
            let (heads, area) = (heads.parse::<u32>().ok()?, roll::square_metres(area)?);
            Some(Sum { heads: heads.into(), area: area.into() })
        };
        Some((sum(part_heads, part_area)?, sum(heads, area)?))
    };
    let lines = || text.lines().map(str::trim).filter(|l| !l.is_empty());
    if lines().count() != questions {
        return Err(Kind::Missing.at("results").limit(questions as i64));
    }
    lines().map(|l| line(l).ok_or_else(|| Kind::WrongType.at("results"))).collect()
}

/// What the sums amount to, under the rules of the vote.
pub fn outcomes(q: &mut dyn Query, vote: &Vote, rules: &Pack, asked: &[Question], sums: &[Sums]) -> Result<Vec<Outcome>> {
    let (_, total) = count::turnout(q, vote, &rules.leaves_out)?;
    let method = rules.method().map_err(Error::internal)?;
    let one = |(question, (part, agree)): (&Question, &Sums)| {
        judged(&method, question.item, total, *part, *agree).ok_or_else(|| Kind::OutOfRange.at("results"))
    };
    asked.iter().zip(sums).map(one).collect()
}

/// Takes a certified result over; `certificate` is what the system calls it.
pub fn take(tx: &mut Tx, who: &Who, texts: &Texts, id: &str, sums: &[Sums], certificate: &str) -> Result<()> {
    let (vote, now) = (by_id(tx, id)?, tx.now());
    let entry = vote.entry(who, "vote.outside")?;
    if vote.outside == 0 || rules::phase(&vote, now) != Phase::Counting {
        return Err(Kind::State.into());
    }
    let (rules, asked) = (vote.pack()?, super::questions(tx, id)?);
    let outcomes = outcomes(tx, &vote, &rules, &asked, sums)?;
    tx.exec("update vote set certificate = $2 where id = $1", store::params![id, certificate])?;
    Told::of(texts, &rules, &vote, &asked, &outcomes)?.publish(tx, id, entry.fact("certificate", certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_question() {
        let sum = |heads, area| Sum { heads, area };
        let read = parse("187, 16559.05, 94, 8279.53\n\n200，17000，150，13000\n", 2).unwrap();
        assert_eq!(read[0], (sum(187, 1_655_905), sum(94, 827_953)));
        assert_eq!(read[1].1, sum(150, 1_300_000));
        assert_eq!(parse("1,2,3,4", 2).unwrap_err().kind, Kind::Missing);
        for bad in ["1,2,3", "1,2,3,x", "-1,2,3,4", "1,2.001,3,4"] {
            assert_eq!(parse(bad, 1).unwrap_err().kind, Kind::WrongType, "{bad}");
        }
    }
}
