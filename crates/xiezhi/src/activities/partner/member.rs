//! Who works for an organisation that joined: one is invited by a code, says yes in his own name, and leaves or is let go.
//!
//! What must stay true: nobody is a member who did not say so; an invitation holds for some days and for one person; the
//! last member stays, so that somebody answers for it.

use calc::codes;
use store::{Entry, Query, Tx, hex, params};

use super::rules::{self, Membership, State};
use super::{Book, Partner, by_id, owned};
use crate::base::party::{self, standing};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

/// Letters of the code of an invitation: 60 bits.
const LETTERS: usize = 12;

row! {
    /// A member, or an invitation.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `partner_member`, explained there")]
    pub struct Member {
        pub partner: String,
        pub n: i64,
        pub person: Option<String>,
        pub state: Membership,
        pub until_at: Option<Ms>,
        pub at: Ms,
    }
}

/// Members and invitations that hold, in the order they came.
pub fn of(q: &mut dyn Query, partner: &str, now: Ms) -> Result<Vec<Member>> {
    let sql = format!(
        "select {COLUMNS} from partner_member where partner = $1 and (state = $2 or state = $3 and until_at > $4) order by n"
    );
    let rows = q.rows(&sql, params![partner, Membership::Member, Membership::Invited, now])?;
    Ok(rows.iter().map(read).collect::<store::Result<_>>()?)
}

/// The code of an invitation.
pub fn code(q: &dyn Query, partner: &str, n: i64) -> String {
    codes::crockford(&q.digest("member of a partner", &format!("{partner} {n}")))[..LETTERS].to_owned()
}

fn mark(q: &dyn Query, code: &str) -> String {
    hex(q.digest("code of a member", &codes::normalise(code)))
}

/// Invites somebody: gives the code, which whoever invites passes on.
pub fn invite(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<String> {
    let (one, now, limits) = (owned(tx, book, who, number)?, tx.now(), &book.pack.limits);
    if one.state != State::Joined {
        return Err(Kind::State.into());
    }
    let n = tx.count("select count(*) from partner_member where partner = $1", params![&one.id])? + 1;
    if of(tx, &one.id, now)?.len() as i64 >= limits.members {
        return Err(rules::too_many(limits.members));
    }
    let (until, code) = (now + limits.invite_days * DAY, code(tx, &one.id, n));
    tx.log(one.entry(who, Entry::new("partner.invite", "partner", &one.id)).fact("n", n).fact("until", until))?;
    let mark = mark(tx, &code);
    let sql = "insert into partner_member(partner, n, state, mark, until_at, at) values ($1,$2,$3,$4,$5,$6)";
    tx.exec(sql, params![&one.id, n, Membership::Invited, mark, until, now])?;
    Ok(code)
}

/// The organisation that an invitation is from, and its place in the list.
pub fn invitation(q: &mut dyn Query, typed: &str, now: Ms) -> Result<Option<(Partner, i64)>> {
    let mark = mark(q, typed);
    let sql = format!("select {COLUMNS} from partner_member where mark = $1 and state = $2 and until_at > $3");
    let Some(found) = q.row(&sql, params![mark, Membership::Invited, now])?.as_ref().map(read).transpose()? else {
        return Ok(None);
    };
    let one = by_id(q, &found.partner)?;
    Ok((one.state == State::Joined).then_some((one, found.n)))
}

/// Takes an invitation; gives the number of the organisation.
pub fn join(tx: &mut Tx, who: &Who, typed: &str) -> Result<Option<String>> {
    let person = who.person.as_deref().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let now = tx.now();
    let Some((one, n)) = invitation(tx, typed, now)? else { return Ok(None) };
    if of(tx, &one.id, now)?.iter().any(|m| m.person.as_deref() == Some(person)) {
        return Err(Kind::SaidAlready.into());
    }
    let entry = Entry { actor: Some(person), ..one.entry(who, Entry::new("partner.join", "partner", &one.id)) };
    tx.log(entry.fact("n", n))?;
    let sql =
        "update partner_member set person = $3, state = $4, mark = null, until_at = null, at = $5 where partner = $1 and n = $2";
    tx.exec(sql, params![&one.id, n, person, Membership::Member, now])?;
    party::add_role(tx, person, one.role(), &one.area, one.body.as_deref())?;
    Ok(Some(one.number))
}

/// Ends a membership or takes an invitation back: by any of its people, one's own included.
pub fn end(tx: &mut Tx, book: &Book, who: &Who, number: &str, n: i64) -> Result<()> {
    let (one, now) = (owned(tx, book, who, number)?, tx.now());
    let all = of(tx, &one.id, now)?;
    let gone = all.iter().find(|m| m.n == n).ok_or(Kind::NotFound)?;
    if !matches!(one.state, State::Joined | State::Suspended) {
        return Err(Kind::State.into());
    }
    if gone.person.is_some() && all.iter().filter(|m| m.state == Membership::Member).count() < 2 {
        return Err(Kind::LastMember.into());
    }
    tx.log(one.entry(who, Entry::new("partner.leave", "partner", &one.id)).fact("n", n))?;
    let sql = "update partner_member set state = $3, mark = null, until_at = null where partner = $1 and n = $2";
    tx.exec(sql, params![&one.id, n, Membership::Over])?;
    if let (Some(person), Some(body)) = (&gone.person, &one.body) {
        standing::leave(tx, person, body)?;
    }
    Ok(())
}
