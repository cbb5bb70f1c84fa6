//! Certificates: pictures with a day until which they hold.
//!
//! What must stay true: a certificate counts once a desk has seen it; what is renewed stands beside the old one until then.

use store::{Entry, Query, Tx, params};

use super::rules::{self, PaperState, Shown, Stand, State};
use super::{Book, Partner, by_number, owned, settled, stand, step, tell, tell_desk};
use crate::base::media;
use crate::base::party::standing;
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::Ms;
use crate::kit::{Result, Who};

/// A certificate that is handed in.
#[derive(Clone, Debug)]
pub struct NewPaper {
    /// Kind, as in the pack.
    pub kind: String,
    /// The upload.
    pub media: String,
    /// Until when it holds; long-term without.
    pub until: Option<Ms>,
}

row! {
    /// A certificate.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `partner_paper`, explained there")]
    pub struct Paper {
        pub n: i64,
        pub kind: String,
        pub media: String,
        pub until_at: Option<Ms>,
        pub state: PaperState,
        pub at: Ms,
    }
}

/// The certificates of an organisation, in the order they came.
pub fn of(q: &mut dyn Query, partner: &str) -> Result<Vec<Paper>> {
    let rows = q.rows(&format!("select {COLUMNS} from partner_paper where partner = $1 order by n"), params![partner])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// As far as they count.
pub fn shown(papers: &[Paper]) -> Vec<Shown> {
    papers.iter().map(|p| Shown { kind: p.kind.clone(), until: p.until_at, state: p.state }).collect()
}

/// As they would count if a desk said yes to those that wait.
pub fn all_seen(papers: &[Paper]) -> Vec<Shown> {
    let seen = |s: Shown| if s.state == PaperState::Waiting { Shown { state: PaperState::Seen, ..s } } else { s };
    shown(papers).into_iter().map(seen).collect()
}

/// Those that are handed in, before a desk looked.
pub fn as_shown(papers: &[NewPaper]) -> Vec<Shown> {
    papers.iter().map(|p| Shown { kind: p.kind.clone(), until: p.until, state: PaperState::Waiting }).collect()
}

/// Keeps what was handed in. The caller logs.
pub fn add(tx: &mut Tx, who: &Who, partner: &str, papers: &[NewPaper]) -> Result<()> {
    let (now, ids) = (tx.now(), papers.iter().map(|p| p.media.clone()).collect::<Vec<_>>());
    // Recordings are no certificates.
    if media::pictures(tx, &ids)? != ids.len() as i64 {
        return Err(Kind::BadMedia.at("papers"));
    }
    media::attach(tx, &ids, partner, "paper", who)?;
    let mut n = tx.count("select count(*) from partner_paper where partner = $1", params![partner])?;
    let sql = "insert into partner_paper(partner, n, kind, media, until_at, state, at) values ($1,$2,$3,$4,$5,$6,$7)";
    for paper in papers {
        n += 1;
        tx.exec(sql, params![partner, n, &paper.kind, &paper.media, paper.until, PaperState::Waiting, now])?;
    }
    Ok(())
}

/// Hands in a new one for one that ends; the desk looks at it.
pub fn renew(tx: &mut Tx, book: &Book, who: &Who, number: &str, paper: &NewPaper) -> Result<()> {
    let (one, now) = (owned(tx, book, who, number)?, tx.now());
    if one.state != State::Joined {
        return Err(Kind::State.into());
    }
    rules::takes(book.pack, one.needs(book.pack)?, &paper.kind, paper.until, now)?;
    let most = book.pack.limits.papers;
    if tx.count("select count(*) from partner_paper where partner = $1", params![&one.id])? >= most {
        return Err(rules::too_many(most));
    }
    let due = book.due(now);
    let entry = one.entry(who, Entry::new("partner.paper", "partner", &one.id)).fact("kind", paper.kind.as_str());
    tx.log(entry.fact_opt("until", paper.until).fact("due", due))?;
    add(tx, who, &one.id, std::slice::from_ref(paper))?;
    step(tx, &one, "paper", None, None)?;
    tx.exec("update partner set due_at = coalesce(due_at, $2) where id = $1", params![&one.id, due])?;
    tell_desk(tx, book, &one, &one.desk, "partner-paper")
}

/// The desk has seen a certificate: it counts, or it does not and why.
pub fn seen(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64, fits: bool, why: Option<&str>) -> Result<()> {
    let one = by_number(tx, number)?;
    match stand(tx, &book.chart, who, &one)? {
        Stand::Desk => {}
        Stand::Own if who.desk_over(&one.path).is_some() => return Err(Kind::OwnOrganisation.into()),
        Stand::Own | Stand::Near | Stand::Nobody => return Err(Kind::Denied.into()),
    }
    let papers = of(tx, &one.id)?;
    let paper = papers.iter().find(|p| p.n == n).ok_or(Kind::NotFound)?;
    if one.state != State::Joined || paper.state != PaperState::Waiting {
        return Err(Kind::State.into());
    }
    if !fits && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    let state = if fits { PaperState::Seen } else { PaperState::Unfit };
    let entry = one.entry(who, Entry::new("partner.paper-seen", "partner", &one.id)).fact("n", n);
    tx.log(entry.fact("state", state.as_str()).element("partner.words", why))?;
    let sql = "update partner_paper set state = $3 where partner = $1 and n = $2";
    tx.exec(sql, params![&one.id, n, state])?;
    let desk = who.desk_over(&one.path).and_then(|r| r.body.clone());
    step(tx, &one, if fits { "paper-seen" } else { "paper-unfit" }, desk.as_deref(), why)?;
    if papers.iter().filter(|p| p.state == PaperState::Waiting).count() == 1 {
        tx.exec("update partner set due_at = null, late = 0 where id = $1", params![&one.id])?;
        settled(tx, book, &one)?;
    }
    reckon(tx, book, &one)?;
    tell(tx, book, &one, who, if fits { "partner-paper-seen" } else { "partner-paper-unfit" })
}

/// Counts anew until when it is in good standing, and what rings next. The caller logs.
pub fn reckon(tx: &mut Tx, book: &Book, one: &Partner) -> Result<()> {
    let (now, papers) = (tx.now(), of(tx, &one.id)?);
    let until = rules::valid_until(one.needs(book.pack)?, one.uscc.is_some(), &shown(&papers));
    let bell = rules::bell(until, book.pack.limits.remind_days, now);
    let sql = "update partner set valid_until = $2, bell = $3, bell_at = $4 where id = $1";
    tx.exec(sql, params![&one.id, until, bell.map(|(b, _)| b), bell.map(|(_, at)| at)])?;
    match &one.body {
        Some(body) => Ok(standing::good_until(tx, body, until)?),
        None => Ok(()),
    }
}
