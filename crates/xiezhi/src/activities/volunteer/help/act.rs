//! Asking, offering, agreeing, giving up.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::{By, Help, Stand, State, Wish, by_number, community, helpers, stand, tell};
use crate::activities::volunteer::hours::{self, Account, Holder, Reason, Transfer, Unit};
use crate::activities::volunteer::rules::{self, No, Sex};
use crate::activities::volunteer::{Book, profile};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, MINUTE, Ms};
use crate::kit::{Error, Result, Who};
use crate::records::register::mine;

/// Radius in which everybody is near enough who offers by himself.
const ANYWHERE: u32 = u32::MAX;

/// What somebody asks for.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub kind: String,
    pub area: String,
    pub building: Option<String>,
    pub place: Option<String>,
    pub words: Option<String>,
    pub starts_at: Ms,
    pub minutes: i64,
    /// Name and telephone of somebody without an account, for whom the desk asks.
    pub other: Option<(String, String)>,
    pub wish: Wish,
    pub choose: bool,
    pub hours: bool,
    pub urgent: bool,
}

impl New {
    /// Reads the form: `{kind, area, building?, place?, words?, starts_at | day & at, minutes?, name?, phone?, language?, sex?,
    /// choose?, hours?, urgent?}`.
    pub fn parse(input: &Input, book: &Book, zone: &TimeZone) -> Result<New> {
        let kind = input.need("kind", 40)?;
        let sort = book.pack.kind(&kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
        let starts_at = input.moment("starts_at", zone)?;
        let language = input.text("language", 40)?;
        if language.as_ref().is_some_and(|l| !book.pack.language.iter().any(|n| n.id == *l)) {
            return Err(Kind::Unknown.at("language"));
        }
        let sex = input.text("sex", 10)?.map(|s| Sex::parse(&s).ok_or_else(|| Kind::Unknown.at("sex"))).transpose()?;
        let words = book.pack.limits.words;
        let other = match input.text("name", 60)? {
            Some(name) => Some((name, input.need("phone", 30)?)),
            None => None,
        };
        Ok(New {
            area: input.need("area", 40)?,
            building: input.text("building", 40)?,
            place: input.text("place", 200)?,
            words: input.text("words", words)?,
            starts_at,
            minutes: input.int("minutes", 5, book.pack.limits.minutes)?.unwrap_or(sort.minutes),
            other,
            wish: Wish { language, sex },
            choose: input.flag("choose"),
            hours: input.0.get("hours").is_none() || input.flag("hours"),
            urgent: input.flag("urgent"),
            kind,
        })
    }
}

/// Asks for help; gives the number.
pub fn ask(tx: &mut Tx, book: &Book, who: &Who, new: &New) -> Result<String> {
    let now = tx.now();
    let sort = book.pack.kind(&new.kind).ok_or_else(|| Kind::Unknown.at("kind"))?;
    let house = new.building.as_ref().map(|b| area::building(tx, b)?.ok_or_else(|| Kind::Unknown.at("building"))).transpose()?;
    let place = match &house {
        Some(house) => area::by_id(tx, &house.area)?,
        None => area::by_code(tx, &new.area)?,
    };
    let place = place.ok_or_else(|| Kind::Unknown.at("area"))?;
    let home = community(tx, &place.id)?;
    // Staff of the place asks for people without an account, residents ask for themselves (or are asked for by whom they trust).
    let works = who.roles.iter().any(|r| r.kind.is_staff() && place.path.starts_with(&r.path));
    let asked_by = match (&new.other, works) {
        (Some(_), true) => None,
        (Some(_), false) => return Err(Kind::Denied.at("name")),
        (None, _) => Some(who.person.clone().ok_or(Kind::SignIn)?),
    };
    if asked_by.is_some() {
        if !who.roles.iter().any(|r| r.path.starts_with(&home.1)) {
            return Err(Kind::OtherArea.at("area"));
        }
        if !mine::is_known(tx, who)? {
            return Err(Kind::NotKnown.into());
        }
        let open = "select count(*) from help where asked_by = $1 and state in ('open', 'agreed')";
        if tx.count(open, params![&asked_by])? >= book.pack.limits.open {
            return Err(Kind::TooMany.at("kind").limit(book.pack.limits.open));
        }
    }
    if new.starts_at <= now {
        return Err(Kind::TooLate.at("starts_at"));
    }
    if new.starts_at > now + book.pack.limits.ahead_days * DAY {
        return Err(Kind::OutOfRange.at("starts_at").limit(book.pack.limits.ahead_days));
    }
    let (id, number) = (tx.id(), format!("H-{:04}", tx.count("select count(*) from help", &[])? + 1));
    if let (Some(person), true) = (&asked_by, new.hours) {
        afford(tx, book, person, new.minutes * sort.need())?;
    }
    tx.new_owner_of(&id, &place.id)?;
    let ends_at = new.starts_at + new.minutes * MINUTE;
    let entry = Entry { actor: who.actor(), area: Some(&place.id), owner: Some(&id), ..Entry::new("help.ask", "help", &id) };
    let entry = entry.fact("number", number.as_str()).fact("kind", new.kind.as_str()).fact("starts", new.starts_at);
    let (name, phone) = new.other.as_ref().map(|(n, p)| (n.as_str(), p.as_str())).unzip();
    let entry = entry.element("help.words", new.words.as_deref()).element("help.place", new.place.as_deref());
    let seq = tx.log(entry.element("help.name", name).element("help.phone", phone))?.index;
    let (words, door) = (tx.seal_text(&id, new.words.as_deref())?, tx.seal_text(&id, new.place.as_deref())?);
    let (name, phone) = (tx.seal_text(&id, name)?, tx.seal_text(&id, phone)?);
    let wish = serde_json::to_string(&new.wish).map_err(Error::internal)?;
    let wish = tx.seal(&id, wish.as_bytes())?;
    let sql = "insert into help(id, number, area, path, kind, state, asked_by, by_person, made_at, starts_at, ends_at, minutes, need, \
               choose, building, words, place, name, phone, wish, hours, urgent, wave, ring_at, log_seq) values \
               ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,0,$9,$23)";
    let values = params![
        &id,
        &number,
        &place.id,
        &place.path,
        &new.kind,
        State::Open,
        &asked_by,
        who.actor(),
        now,
        new.starts_at,
        ends_at,
        new.minutes,
        sort.need(),
        i64::from(new.choose),
        &new.building,
        words,
        door,
        name,
        phone,
        wish,
        i64::from(new.hours),
        i64::from(new.urgent),
        seq
    ];
    tx.exec(sql, values)?;
    Ok(number)
}

/// Whether somebody may ask for so many minutes more: what he has, less what he asked for and nobody has agreed to yet.
fn afford(tx: &mut Tx, book: &Book, person: &str, minutes: i64) -> Result<()> {
    let waiting =
        "select cast(coalesce(sum(minutes * need), 0) as bigint) from help where asked_by = $1 and state = 'open' and hours = 1";
    let free = hours::balance(tx, Unit::Minutes, Holder::Person, person)? - tx.count(waiting, params![person])?;
    let left = free - book.pack.hours.least;
    if left < minutes { Err(Kind::HoursShort.at("minutes").limit(left.max(0))) } else { Ok(()) }
}

/// What rules somebody out of a request, now; nothing when he fits.
fn no(tx: &mut Tx, book: &Book, help: &Help, person: &str) -> Result<Option<No>> {
    let Some(volunteer) = profile::of(tx, person)?.filter(|v| v.state == profile::State::Ready) else {
        return Ok(Some(No::Kind));
    };
    let apart = match &help.asked_by {
        Some(asker) => profile::apart_from(tx, asker)?.contains(person),
        None => false,
    };
    let helper = profile::helper(tx, volunteer, help)?;
    let wish = help.wishes(tx)?;
    let need = help.asks(tx, book.pack, &book.zone, &wish, ANYWHERE)?.ok_or(Kind::NotFound)?;
    // When he has time he says by offering.
    Ok(rules::fit(&helper, &need, apart).err().filter(|no| *no != No::Time))
}

/// Somebody would come.
pub fn offer(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<Help> {
    let (help, now) = (by_number(tx, number)?, tx.now());
    let person = who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    if help.state != State::Open {
        return Err(Kind::Taken.into());
    }
    if help.ends_at <= now {
        return Err(Kind::Over.into());
    }
    if let Some(no) = no(tx, book, &help, &person)? {
        return Err(Kind::NotFit.at(no.as_str()));
    }
    let sql = "insert into help_by(help, person, state, wave, said_at) values ($1,$2,$3,$4,$5) on conflict(help, person) \
               do update set state = excluded.state, said_at = excluded.said_at";
    let all = helpers(tx, &help.id)?;
    if all.iter().any(|b| b.person == person && matches!(b.state, Stand::Offered | Stand::Agreed)) {
        return Err(Kind::SaidAlready.into());
    }
    tx.exec(sql, params![&help.id, &person, Stand::Offered, help.wave, now])?;
    tx.log(help.entry(who, "help.offer"))?;
    if help.choose == 0 && may_hold(tx, book, &help)? {
        return agreed(tx, book, who, help, &person);
    }
    tell::asker(tx, book, who, &help, "offer")?;
    Ok(help)
}

/// Whether the hours of a request can be set aside now.
fn may_hold(tx: &mut Tx, book: &Book, help: &Help) -> Result<bool> {
    match &help.asked_by {
        Some(person) if help.hours == 1 => {
            Ok(hours::balance(tx, Unit::Minutes, Holder::Person, person)? - help.minutes * help.need >= book.pack.hours.least)
        }
        _ => Ok(true),
    }
}

/// Whoever asked says who comes.
pub fn agree(tx: &mut Tx, book: &Book, who: &Who, number: &str, person: &str) -> Result<Help> {
    let help = by_number(tx, number)?;
    if !help.may_speak(who) {
        return Err(Kind::Denied.into());
    }
    if help.state != State::Open {
        return Err(Kind::State.into());
    }
    // Whoever acts for somebody does not choose himself.
    if who.actor() == Some(person) {
        return Err(Kind::SameJudge.into());
    }
    let offered = helpers(tx, &help.id)?.into_iter().any(|b| b.person == person && b.state == Stand::Offered);
    if !offered {
        return Err(Kind::NotFound.into());
    }
    // A certificate may have run out since, or he is with somebody else by now.
    if let Some(no) = no(tx, book, &help, person)? {
        return Err(Kind::NotFit.at(no.as_str()));
    }
    agreed(tx, book, who, help, person)
}

/// Somebody comes; when they are enough, hours are set aside and the others hear of it.
fn agreed(tx: &mut Tx, book: &Book, who: &Who, help: Help, person: &str) -> Result<Help> {
    let now = tx.now();
    stand(tx, &help.id, person, Stand::Agreed)?;
    let all = helpers(tx, &help.id)?;
    let coming = all.iter().filter(|b| b.state == Stand::Agreed).count() as i64;
    let full = coming >= help.need;
    tx.log(help.entry(who, "help.agree").fact("person", person).fact("full", i64::from(full)))?;
    if !full {
        tell::people(tx, book, who, &help, "agreed", &[person])?;
        return Ok(help);
    }
    let hold = if help.hours == 1 { Some(hold(tx, book, who, &help)?) } else { None };
    let ring = help.ends_at + book.pack.limits.ask_hours * 60 * MINUTE;
    let sql = "update help set state = $2, hold = $3, ring_at = $4 where id = $1";
    tx.exec(sql, params![&help.id, State::Agreed, hold, ring.max(now)])?;
    let others: Vec<&str> =
        all.iter().filter(|b| matches!(b.state, Stand::Told | Stand::Offered)).map(|b| b.person.as_str()).collect();
    for person in &others {
        stand(tx, &help.id, person, Stand::Passed)?;
    }
    tell::moved(tx, book, &help)?;
    let offered: Vec<&str> =
        all.iter().filter(|b| b.state == Stand::Offered).map(|b| b.person.as_str()).filter(|p| others.contains(p)).collect();
    tell::people(tx, book, who, &help, "passed", &offered)?;
    let come: Vec<&str> = all.iter().filter(|b| b.state == Stand::Agreed).map(|b| b.person.as_str()).collect();
    tell::people(tx, book, who, &help, "agreed", &come)?;
    tell::asker(tx, book, who, &help, "comes")?;
    by_number(tx, &help.number)
}

/// Sets the hours aside.
fn hold(tx: &mut Tx, book: &Book, who: &Who, help: &Help) -> Result<String> {
    let home = community(tx, &help.area)?;
    let all = help.minutes * help.need;
    let moves = vec![(help.payer(&home), -all), (Account::of(Holder::Held, &home), all)];
    hours::transfer(tx, &book.pack.hours, who, &Transfer::minutes(Reason::Hold, &help.number, moves))
}

/// Gives back what was set aside.
pub(super) fn release(tx: &mut Tx, book: &Book, who: &Who, help: &Help) -> Result<()> {
    if help.hold.is_none() {
        return Ok(());
    }
    let home = community(tx, &help.area)?;
    let all = help.minutes * help.need;
    let moves = vec![(Account::of(Holder::Held, &home), -all), (help.payer(&home), all)];
    hours::transfer(tx, &book.pack.hours, who, &Transfer::minutes(Reason::Release, &help.number, moves))?;
    tx.exec("update help set hold = null where id = $1", params![&help.id])?;
    Ok(())
}

/// Somebody who was asked says no, or cannot come after all. When he was to come, somebody else is looked for at once.
pub fn leave(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (help, now) = (by_number(tx, number)?, tx.now());
    let person = who.person.clone().filter(|_| who.by.is_none()).ok_or(Kind::Denied)?;
    let own: By = helpers(tx, &help.id)?.into_iter().find(|b| b.person == person).ok_or(Kind::NotFound)?;
    let comes = own.state == Stand::Agreed && matches!(help.state, State::Open | State::Agreed);
    let asked = matches!(own.state, Stand::Told | Stand::Offered) && help.state == State::Open;
    if !comes && !asked {
        return Err(Kind::State.into());
    }
    stand(tx, &help.id, &person, Stand::Left)?;
    tx.log(help.entry(who, "help.leave").fact("comes", i64::from(comes)))?;
    if help.state == State::Agreed {
        release(tx, book, who, &help)?;
        // From the beginning: those who were passed over are asked again.
        let sql = "update help set state = $2, ring_at = $3, wave = 0 where id = $1";
        tx.exec(sql, params![&help.id, State::Open, now])?;
        let again = "update help_by set state = $3 where help = $1 and state = $2";
        tx.exec(again, params![&help.id, Stand::Passed, Stand::Told])?;
        let all = helpers(tx, &help.id)?;
        let told: Vec<&str> = all.iter().filter(|b| b.state == Stand::Told).map(|b| b.person.as_str()).collect();
        tell::people(tx, book, who, &help, "asked", &told)?;
    }
    if comes {
        tell::asker(tx, book, who, &help, "left")?;
    }
    tell::done(tx, book, &help, &person)
}

/// Not needed any more.
pub fn withdraw(tx: &mut Tx, book: &Book, who: &Who, number: &str) -> Result<()> {
    let (help, now) = (by_number(tx, number)?, tx.now());
    if !help.may_speak(who) {
        return Err(Kind::Denied.into());
    }
    if !matches!(help.state, State::Open | State::Agreed) {
        return Err(Kind::State.into());
    }
    tx.log(help.entry(who, "help.withdraw"))?;
    release(tx, book, who, &help)?;
    let sql = "update help set state = $2, ring_at = null, ended_at = $3 where id = $1";
    tx.exec(sql, params![&help.id, State::Withdrawn, now])?;
    let all = helpers(tx, &help.id)?;
    let told: Vec<&str> =
        all.iter().filter(|b| matches!(b.state, Stand::Offered | Stand::Agreed)).map(|b| b.person.as_str()).collect();
    tell::moved(tx, book, &help)?;
    tell::people(tx, book, who, &help, "withdrawn", &told)
}
