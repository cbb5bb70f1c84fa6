//! Powers of attorney (委托书): who votes for an owner, with the paper that says so.
//!
//! What must stay true: no ballot by proxy without a picture of the paper; one person votes for no more units than the
//! community's own rules allow (set in the draft, frozen with it); the desk reads who it was, under a decision.

use store::{Query, Tx, params};

use super::{Vote, roll};
use crate::base::media;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::{Result, Who};

/// Ballots by proxy that are shown.
const SHOWN: i64 = 500;

/// Who votes for somebody, and the paper.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Name.
    pub name: String,
    /// Telephone: tells two people of one name apart.
    pub phone: String,
    /// The picture of the paper.
    pub media: String,
}

impl Proxy {
    /// Reads the form; its picture is in `media`, as everywhere.
    pub fn parse(input: &Input) -> Result<Proxy> {
        let phone: String = input.need("proxy_phone", 30)?.chars().filter(char::is_ascii_digit).collect();
        if phone.len() < 7 {
            return Err(Kind::WrongType.at("proxy_phone"));
        }
        let media = input.list("media", 1)?.pop().ok_or_else(|| Kind::Missing.at("media"))?;
        Ok(Proxy { name: input.need("proxy_name", 60)?, phone, media })
    }

    fn text(&self) -> String {
        format!("{} {}", self.name, self.phone)
    }
}

/// Adds to a ballot that was just cast who cast it; refused when he votes for too many.
pub fn bind(tx: &mut Tx, who: &Who, vote: &Vote, ballot: &str, n: i64, proxy: &Proxy) -> Result<()> {
    let mark = store::hex(tx.digest("vote proxy", &format!("{} {}", vote.id, proxy.phone)));
    let others = "select count(distinct n) from ballot where vote = $1 and proxy_mark = $2 and n <> $3";
    let others = tx.count(others, params![&vote.id, &mark, n])?;
    if let Some(most) = vote.proxy_most.filter(|most| others >= *most) {
        return Err(Kind::TooMany.at("proxy_phone").limit(most));
    }
    media::attach(tx, std::slice::from_ref(&proxy.media), ballot, "proxy", who)?;
    let sealed = tx.seal(&vote.id, proxy.text().as_bytes())?;
    let sql = "update ballot set proxy = $2, proxy_mark = $3, media = $4 where id = $1";
    tx.exec(sql, params![ballot, sealed, mark, &proxy.media])?;
    Ok(())
}

/// A ballot by proxy: the unit, who cast it, the ballot and its picture.
pub struct Bound {
    /// The unit's name.
    pub unit: String,
    /// Name and telephone.
    pub text: String,
    /// The ballot.
    pub ballot: String,
    /// The picture.
    pub media: String,
}

/// Ballots by proxy of a vote.
pub fn all(q: &mut dyn Query, vote: &Vote) -> Result<Vec<Bound>> {
    let sql = "select id, n, proxy, media from ballot where vote = $1 and proxy_mark is not null order by n, at limit $2";
    let mut out = Vec::new();
    for row in q.rows(sql, params![&vote.id, SHOWN])? {
        let unit = roll::one(q, &vote.roll, row.get("n")?)?.map(|u| u.unit).unwrap_or_default();
        let text = q.open_text(&vote.id, row.get("proxy")?)?.unwrap_or_default();
        out.push(Bound { unit, text, ballot: row.get("id")?, media: row.get::<Option<String>>("media")?.unwrap_or_default() });
    }
    Ok(out)
}
