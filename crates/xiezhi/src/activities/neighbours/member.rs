//! Who somebody is among neighbours: known to the node, named as he likes toward them, of a community and maybe of a building.
//!
//! What must stay true: nobody takes part whom the node does not know (a number or identity that was proved, a card or an
//! account that a desk gave); a name is nobody else's and no office's, also not nearly; somebody is of a building when the
//! register says so, or when the desk confirmed what he says.

use store::{Entry, Query, Tx, hex, params};

use super::{Book, belongs, rules};
use crate::base::area::{self, Area};
use crate::kit::error::Kind;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};
use crate::records::register::mine;

row! {
    /// Somebody among the neighbours of a community.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `near_member`, explained there")]
    pub struct Member {
        pub id: String,
        pub person: String,
        pub area: String,
        pub path: String,
        pub building: Option<String>,
        pub asked: Option<String>,
        pub asked_at: Option<Ms>,
        pub nick: Option<Vec<u8>>,
        pub mark: Option<String>,
        pub named_at: Ms,
        pub made_at: Ms,
        pub left_at: Option<Ms>,
    }
}

/// Members whose word about their building waits, of one page.
pub const ASKED: i64 = 100;

/// Who somebody is in a community, if he takes part there.
pub fn of(q: &mut dyn Query, person: &str, area: &str) -> Result<Option<Member>> {
    let sql = format!("select {COLUMNS} from near_member where person = $1 and area = $2 and left_at is null");
    Ok(q.row(&sql, params![person, area])?.as_ref().map(read).transpose()?)
}

/// The member with this id, also one who has left.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Member> {
    let row = q.row(&format!("select {COLUMNS} from near_member where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// What he is called.
pub fn nick(q: &mut dyn Query, member: &Member) -> Result<Option<String>> {
    Ok(q.open_text(&member.id, member.nick.clone())?)
}

/// Names of members, by id; of those who left there is none.
pub fn nicks(q: &mut dyn Query, ids: &[String]) -> Result<std::collections::HashMap<String, String>> {
    /// Always as many parameters, so that one prepared statement serves every number of them.
    const EACH: usize = 50;
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!("select id, nick from near_member where id in ({}) and nick is not null", marks.join(","));
    let mut sealed: Vec<(String, Vec<u8>)> = Vec::new();
    for some in ids.chunks(EACH) {
        let params: Vec<store::Value> = (0..EACH).map(|i| some.get(i).unwrap_or(&some[0]).as_str().into()).collect();
        for row in q.rows(&sql, &params)? {
            sealed.push((row.get("id")?, row.get("nick")?));
        }
    }
    let opened = q.open_many(&sealed)?;
    let named = sealed.into_iter().zip(opened);
    Ok(named.filter_map(|((id, _), name)| Some((id, String::from_utf8(name?).ok()?))).collect())
}

/// Whether an account is new.
pub fn is_fresh(q: &mut dyn Query, person: &str, days: i64, now: Ms) -> Result<bool> {
    Ok(q.count("select count(*) from person where id = $1 and created_at > $2", params![person, now - days * DAY])? > 0)
}

/// Finds the mark of a name that may be taken.
fn mark(tx: &mut Tx, book: &Book, area: &Area, nick: &str, own: &str) -> Result<String> {
    let offices: Vec<&str> = book.chart.serving(&area.path).map(|b| b.name.as_str()).collect();
    let words = book.pack.names.office.iter().map(String::as_str);
    rules::name_fits(nick, words.chain(offices)).map_err(|kind| kind.at("nick"))?;
    let mark = hex(tx.digest("name of a neighbour", &format!("{} {}", area.id, rules::skeleton(nick))));
    let taken = "select count(*) from near_member where area = $1 and mark = $2 and id <> $3";
    if tx.count(taken, params![&area.id, &mark, own])? > 0 {
        return Err(Kind::NickTaken.at("nick"));
    }
    Ok(mark)
}

/// Takes part from now on, under a name. The building is believed at once when the register says the same.
pub fn join(tx: &mut Tx, book: &Book, who: &Who, area: &Area, nick: &str, building: Option<&str>) -> Result<String> {
    let (now, person) = (tx.now(), who.person.as_deref().ok_or(Kind::SignIn)?);
    if !belongs(who, area) {
        return Err(Kind::Denied.into());
    }
    if !mine::is_known(tx, who)? {
        return Err(Kind::NotKnown.into());
    }
    let old = tx.row(&format!("select {COLUMNS} from near_member where person = $1 and area = $2"), params![person, &area.id])?;
    let old = old.as_ref().map(read).transpose()?;
    if old.as_ref().is_some_and(|m| m.left_at.is_none()) {
        return Err(Kind::Taken.into());
    }
    let held = mine::building_of(tx, person)?;
    let lives = match (building, held) {
        (Some(said), Some(held)) if said == held => (Some(held), None),
        (None, Some(held)) => (Some(held), None),
        (Some(said), _) => (None, Some(said.to_owned())),
        (None, None) => (None, None),
    };
    if let Some(said) = building {
        let stands = area::building(tx, said)?.ok_or_else(|| Kind::Unknown.at("building"))?;
        let inside = area::by_id(tx, &stands.area)?.is_some_and(|a| a.path.starts_with(&area.path));
        if !inside {
            return Err(Kind::Unknown.at("building"));
        }
    }
    let id = match &old {
        Some(m) => m.id.clone(),
        None => tx.id(),
    };
    let mark = mark(tx, book, area, nick, &id)?;
    // The key of a name that was given up is gone; the new one has a new key.
    tx.new_owner_of(&id, &area.id)?;
    let sealed = tx.seal(&id, nick.as_bytes())?;
    let asked_at = lives.1.as_ref().map(|_| now);
    if let Some(m) = &old {
        // Whoever left and comes back does not change his name faster by that.
        let early = now < m.named_at + book.pack.limits.name_days * DAY;
        if early && m.mark.as_ref() != Some(&mark) {
            return Err(Kind::NickEarly.at("nick").limit(book.pack.limits.name_days));
        }
        let sql = "update near_member set building = $2, asked = $3, asked_at = $4, nick = $5, mark = $6, named_at = $7, left_at = null where id = $1";
        tx.exec(sql, params![&id, &lives.0, &lives.1, asked_at, sealed, mark, now])?;
    } else {
        let sql = "insert into near_member(id, person, area, path, building, asked, asked_at, nick, mark, named_at, made_at) \
                   values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$10)";
        tx.exec(sql, params![&id, person, &area.id, &area.path, &lives.0, &lives.1, asked_at, sealed, mark, now])?;
    }
    let entry = Entry { actor: who.actor(), area: Some(&area.id), ..Entry::new("near.join", "near_member", &id) };
    tx.log(entry.fact_opt("building", lives.0).fact_opt("asked", lives.1))?;
    Ok(id)
}

/// Takes another name, when the last was not taken lately.
pub fn rename(tx: &mut Tx, book: &Book, who: &Who, area: &Area, nick: &str) -> Result<()> {
    let (now, person) = (tx.now(), who.person.as_deref().ok_or(Kind::SignIn)?);
    let member = of(tx, person, &area.id)?.ok_or(Kind::NotFound)?;
    if now < member.named_at + book.pack.limits.name_days * DAY {
        return Err(Kind::NickEarly.at("nick").limit(book.pack.limits.name_days));
    }
    let mark = mark(tx, book, area, nick, &member.id)?;
    let sealed = tx.seal(&member.id, nick.as_bytes())?;
    tx.exec("update near_member set nick = $2, mark = $3, named_at = $4 where id = $1", params![&member.id, sealed, mark, now])?;
    let entry = Entry { actor: who.actor(), area: Some(&area.id), ..Entry::new("near.name", "near_member", &member.id) };
    tx.log(entry)?;
    Ok(())
}

/// The desk says whether somebody lives in the building he named.
pub fn confirm(tx: &mut Tx, who: &Who, id: &str, accept: bool) -> Result<()> {
    let member = by_id(tx, id)?;
    let role = who.desk_over(&member.path).ok_or(Kind::Denied)?;
    let asked = member.asked.clone().ok_or(Kind::State)?;
    if who.person.as_deref() == Some(&member.person) {
        return Err(Kind::Denied.into());
    }
    let building = if accept { Some(asked) } else { member.building.clone() };
    let sql = "update near_member set building = $2, asked = null, asked_at = null where id = $1";
    tx.exec(sql, params![id, building])?;
    let entry = Entry {
        actor: who.actor(),
        role: Some(role.kind.as_str()),
        party: role.body.as_deref(),
        area: Some(&member.area),
        ..Entry::new("near.confirm", "near_member", id)
    };
    tx.log(entry.fact("accept", accept))?;
    Ok(())
}

/// Leaves: the name is destroyed, and stays nobody else's for as long as a name must stay.
pub fn leave(tx: &mut Tx, who: &Who, area: &str) -> Result<()> {
    let (now, person) = (tx.now(), who.person.as_deref().ok_or(Kind::SignIn)?);
    let member = of(tx, person, area)?.ok_or(Kind::NotFound)?;
    tx.destroy_key(&member.id)?;
    let sql = "update near_member set nick = null, building = null, asked = null, asked_at = null, left_at = $2 where id = $1";
    tx.exec(sql, params![&member.id, now])?;
    tx.exec(
        "delete from near_follow where person = $1 and topic in (select id from near_topic where area = $2)",
        params![person, area],
    )?;
    tx.log(Entry { actor: who.actor(), area: Some(area), ..Entry::new("near.leave", "near_member", &member.id) })?;
    Ok(())
}
