//! The roll (业主名册、居民名册): units, whose they are, how large, from which source; objections to it.
//!
//! What must stay true: a unit stands on it once; equal owners are one head; an owner's name lies sealed under the roll and
//! leaves through a decision; a roll with any mistake is not made at all, and each mistake is told with its line; from the
//! opening of a vote on, it stands still.

use calc::tally::{self, Fault, Kind as Owned, Use};
use jiff::tz::TimeZone;
use store::{Entry, Query, Tx, params};

use super::rules::Phase;
use crate::base::area::Area;
use crate::base::notice;
use crate::kit::error::Kind;
use crate::kit::foreign::Line;
use crate::kit::names::names;
use crate::kit::row::row;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Result, Who};

names! {
    /// Who votes.
    Body { Owners = "owners", Residents = "residents", }
    /// Where a roll stands.
    State { Draft = "draft", Posted = "posted", }
    /// Where an area comes from, the best first (interpretation art. 8).
    Source { Registered = "registered" "登记", Survey = "survey" "测绘", Contract = "contract" "合同", }
    /// Who of the register is on a roll made from it.
    Register { Households = "households", Adults = "adults", }
    /// What became of an objection.
    Said { Open = "open", Accepted = "accepted", Refused = "refused", }
}

/// Objections to one unit that wait for an answer.
const OPEN: i64 = 5;
/// Largest area of a unit, in 0.01 m²: what the count takes.
pub const AREA: i64 = 100_000_000;
/// Days for objections.
pub const OBJECTION_DAYS: i64 = 7;
/// Units of a roll that a page shows at once.
pub const PAGE: i64 = 200;

/// Columns of the table: as programs name them, and as clerks do. `area` is in 0.01 m², 面积 in m².
pub const COLUMNS_OF_TABLE: [(&str, &str); 7] = [
    ("unit", "房号"),
    ("owner", "业主"),
    ("area", "面积"),
    ("kind", "性质"),
    ("use", "用途"),
    ("source", "面积来源"),
    ("owner_id", "业主编号"),
];
/// Why a row is wrong; the texts are `roll-row-<code>`.
pub const CODES: [&str; 9] = ["column", "unit", "owner", "area", "twice", "kind", "use", "source", "sum"];

row! {
    /// A roll.
    #[derive(Clone, Debug)]
    #[expect(missing_docs, reason = "the columns of `roll`, explained there")]
    pub struct Roll {
        pub id: String,
        pub number: String,
        pub title: String,
        pub body: Body,
        pub area: String,
        pub path: String,
        pub state: State,
        pub units: i64,
        pub heads: i64,
        pub total: i64,
        pub made_at: Ms,
        pub posted_at: Option<Ms>,
        pub until_at: Option<Ms>,
        pub from_register: Option<Register>,
    }
}

impl Roll {
    /// An entry of the log by the desk that keeps it.
    fn entry<'w>(&'w self, who: &'w Who, act: &'static str) -> Result<Entry<'w>> {
        who.by_desk(&self.path, &self.area, Entry::new(act, "roll", &self.id))
    }
}

/// The roll with this number.
pub fn by_number(q: &mut dyn Query, number: &str) -> store::Result<Option<Roll>> {
    q.row(&format!("select {COLUMNS} from roll where number = $1"), params![number])?.as_ref().map(read).transpose()
}

/// The roll with this id.
pub fn by_id(q: &mut dyn Query, id: &str) -> Result<Roll> {
    let row = q.row(&format!("select {COLUMNS} from roll where id = $1"), params![id])?;
    Ok(row.as_ref().map(read).transpose()?.ok_or(Kind::NotFound)?)
}

/// A unit as it came in.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Row {
    pub unit: String,
    pub owner: String,
    /// Whose head it is: the number the committee gives an owner, else his name. Two people of one name have two numbers.
    pub key: String,
    pub area: i64,
    pub kind: Owned,
    pub usage: Use,
    pub source: Source,
}

/// A mistake: line of the file, and one of [`CODES`].
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Line of the file; 0 is the table as a whole.
    pub line: u64,
    /// What is wrong.
    pub code: &'static str,
}

/// Hundredths of a square metre from `97.43`; no more than two decimals.
pub fn square_metres(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = format!("{part:0<2}");
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}

fn kind(word: &str) -> Option<Owned> {
    match word {
        "" | "业主" => Some(Owned::Owner),
        "建设单位" | "开发商" => Some(Owned::Developer),
        word => Owned::parse(word),
    }
}

fn usage(word: &str) -> Option<Use> {
    match word {
        "" | "住宅" => Some(Use::Home),
        "商铺" | "商业" => Some(Use::Shop),
        "车位" | "车库" => Some(Use::Parking),
        "其他" => Some(Use::Other),
        word => Use::parse(word),
    }
}

/// Reads a table. `declared` is the area that all units together should have.
pub fn parse(lines: &[Line], body: Body, declared: Option<i64>) -> std::result::Result<Vec<Row>, Vec<Problem>> {
    let head = lines.first().map(|(_, h)| h.as_slice()).unwrap_or_default();
    let find = |(key, zh): (&str, &str)| head.iter().position(|h| h.trim() == key || h.trim().starts_with(zh));
    let at = COLUMNS_OF_TABLE.map(find);
    let (Some(unit_at), Some(owner_at)) = (at[0], at[1]) else { return Err(vec![Problem { line: 1, code: "column" }]) };
    if body == Body::Owners && at[2].is_none() {
        return Err(vec![Problem { line: 1, code: "column" }]);
    }
    let hundredths = at[2].is_some_and(|n| head[n].trim() == "area");
    let (mut rows, mut problems, mut roll) = (Vec::new(), Vec::new(), tally::Roll::default());
    for (line, cells) in lines.iter().skip(1) {
        let cell = |n: Option<usize>| n.and_then(|n| cells.get(n)).map_or("", |s| s.trim());
        let mut wrong = |code| problems.push(Problem { line: *line, code });
        let (Some(kind), Some(usage)) = (kind(cell(at[3])), usage(cell(at[4]))) else {
            wrong(if kind(cell(at[3])).is_none() { "kind" } else { "use" });
            continue;
        };
        let source = if cell(at[5]).is_empty() { Some(Source::Registered) } else { Source::parse(cell(at[5])) };
        let Some(source) = source else {
            wrong("source");
            continue;
        };
        // Residents are counted by heads alone.
        let area = match (body, cell(at[2])) {
            (Body::Residents, _) => Some(1),
            (_, text) if hundredths => text.parse().ok(),
            (_, text) => square_metres(text),
        };
        let (unit, owner) = (cell(Some(unit_at)), cell(Some(owner_at)));
        // Of residents each is a head of his own, whatever he is called.
        let key = match (body, cell(at[6])) {
            (Body::Residents, _) => format!("unit {unit}"),
            (Body::Owners, "") => owner.to_owned(),
            (Body::Owners, number) => format!("number {number}"),
        };
        match roll.add(unit, owner, area.unwrap_or(0), kind, usage) {
            Ok(()) => {
                rows.push(Row { unit: unit.into(), owner: owner.into(), key, area: area.unwrap_or(0), kind, usage, source });
            }
            Err(fault) => wrong(match fault {
                Fault::NoUnit => "unit",
                Fault::NoOwner => "owner",
                Fault::Twice => "twice",
                Fault::Area | Fault::Unknown | Fault::TooMany => "area",
            }),
        }
    }
    if rows.is_empty() && problems.is_empty() {
        problems.push(Problem { line: 1, code: "unit" });
    }
    let sum: i64 = rows.iter().map(|r| r.area).sum();
    if problems.is_empty() && declared.is_some_and(|d| d != sum) {
        problems.push(Problem { line: 0, code: "sum" });
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// The rows of a roll as they are committed to: without names.
fn units_text(q: &mut dyn Query, roll: &str) -> Result<Vec<String>> {
    let line = |u: &Unit| format!("{},{},{},{},{}", u.unit, u.head, u.area, u.kind, u.usage);
    Ok(units(q, roll)?.iter().map(line).collect())
}

/// The roll as the count takes it, its owners by number.
pub fn counted<'u>(units: impl Iterator<Item = &'u Unit>) -> tally::Roll {
    let mut roll = tally::Roll::default();
    for u in units {
        // Read from the database, where it was checked on its way in.
        let _ = roll.add(&u.n.to_string(), &u.head.to_string(), u.area, u.kind(), u.usage());
    }
    roll
}

/// Makes a roll.
pub fn make(
    tx: &mut Tx,
    who: &Who,
    place: &Area,
    body: Body,
    title: &str,
    rows: &[Row],
    from: Option<Register>,
) -> Result<String> {
    let (id, now) = (tx.id(), tx.now());
    let entry = who.by_desk(&place.path, &place.id, Entry::new("roll.make", "roll", &id))?;
    let number = format!("R-{:04}", tx.count("select count(*) from roll", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let mut heads: std::collections::HashMap<&str, i64> = std::collections::HashMap::new();
    let mut units = Vec::with_capacity(rows.len());
    for (n, row) in rows.iter().enumerate() {
        let next = heads.len() as i64 + 1;
        let key = if row.kind == Owned::Developer { " developer" } else { row.key.as_str() };
        let head = *heads.entry(key).or_insert(next);
        let owner = tx.seal(&id, row.owner.as_bytes())?;
        let values = params![&id, n as i64 + 1, &row.unit, head, row.area, row.kind.name(), row.usage.name(), row.source, owner];
        units.push(values.to_vec());
    }
    let total: i64 = rows.iter().map(|r| r.area).sum();
    let heads = heads.len() as i64;
    let sql = "insert into roll(id, number, title, body, area, path, state, units, heads, total, made_at, from_register) \
               values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)";
    let count = rows.len() as i64;
    tx.exec(sql, params![&id, &number, title, body, &place.id, &place.path, State::Draft, count, heads, total, now, from])?;
    tx.insert_many("roll_unit", &["roll", "n", "unit", "head", "area", "kind", "usage", "source", "owner"], &units)?;
    let entry = entry
        .fact_opt("register", from.map(Register::as_str))
        .fact("number", number.as_str())
        .fact("units", count)
        .fact("heads", heads)
        .fact("total", total);
    // What anybody can compute again from the posted roll: units, heads, areas, kinds, uses.
    let text: Vec<String> = units_text(tx, &id)?;
    tx.log(entry.fact("digest", crate::kit::digest(&text)))?;
    Ok(number)
}

/// Posts a roll: from now on it can be objected to, and voted on.
pub fn post(tx: &mut Tx, who: &Who, id: &str) -> Result<()> {
    let (roll, now) = (by_id(tx, id)?, tx.now());
    let entry = roll.entry(who, "roll.post")?;
    if roll.state != State::Draft {
        return Err(Kind::State.into());
    }
    let until = now + OBJECTION_DAYS * DAY;
    tx.exec("update roll set state = $2, posted_at = $3, until_at = $4 where id = $1", params![id, State::Posted, now, until])?;
    tx.log(entry.fact("until", until))?;
    Ok(())
}

/// Objects to what the roll says of a unit. Anybody may who gives a reason; the words are the desk's to read.
pub fn object(tx: &mut Tx, who: &Who, id: &str, unit: &str, words: &str) -> Result<()> {
    let (roll, now) = (by_id(tx, id)?, tx.now());
    if roll.state != State::Posted || roll.until_at.is_none_or(|until| now >= until) {
        return Err(Kind::TooLate.into());
    }
    let n = tx.count("select n from roll_unit where roll = $1 and unit = $2", params![id, unit])?;
    if n == 0 {
        return Err(Kind::Unknown.at("unit"));
    }
    let open = "select count(*) from roll_objection where roll = $1 and n = $2 and state = $3";
    if tx.count(open, params![id, n, Said::Open])? >= OPEN {
        return Err(Kind::TooMany.at("unit").limit(OPEN));
    }
    let objection = tx.id();
    let entry =
        Entry { actor: who.actor(), area: Some(&roll.area), owner: Some(id), ..Entry::new("roll.object", "roll", &objection) };
    let seq = tx.log(entry.fact("roll", id).fact("unit", n).element("vote.objection", Some(words)))?.index;
    let sql = "insert into roll_objection(id, roll, n, state, made_at, log_seq, by_person) values ($1, $2, $3, $4, $5, $6, $7)";
    tx.exec(sql, params![&objection, id, n, Said::Open, now, seq, who.actor()])?;
    Ok(())
}

/// What an accepted objection changes.
#[derive(Clone, Debug, Default)]
pub struct Mend {
    /// The owner's name.
    pub owner: Option<String>,
    /// 0.01 m².
    pub area: Option<i64>,
}

/// Decides about an objection; what is accepted is mended in the same step.
pub fn decide(tx: &mut Tx, who: &Who, zone: &TimeZone, id: &str, mend: Option<&Mend>, words: &str) -> Result<()> {
    let row = tx.row("select roll, n, state, by_person from roll_objection where id = $1", params![id])?.ok_or(Kind::NotFound)?;
    let (roll, n, state): (String, i64, Said) = (row.get("roll")?, row.get("n")?, row.get("state")?);
    let by: Option<String> = row.get("by_person")?;
    let (roll, now) = (by_id(tx, &roll)?, tx.now());
    let entry = roll.entry(who, "roll.decide")?;
    if state != Said::Open {
        return Err(Kind::State.into());
    }
    let said = if mend.is_some() { Said::Accepted } else { Said::Refused };
    let mut old = None;
    if let Some(mend) = mend {
        still(tx, &roll.id, now)?;
        old = one(tx, &roll.id, n)?.map(|u| u.area);
        change(tx, &roll, n, mend)?;
    }
    let entry = Entry { owner: Some(&roll.id), ..entry };
    let entry = entry.fact("objection", id).fact("unit", n).fact("said", said.as_str());
    let entry = entry.fact_opt("area_was", old).fact_opt("area", mend.and_then(|m| m.area));
    let entry = entry.fact("owner_changed", mend.is_some_and(|m| m.owner.is_some())).element("vote.objection", Some(words));
    let seq = tx.log(entry)?.index;
    let sql = "update roll_objection set state = $2, decided_at = $3, answer_seq = $4 where id = $1";
    tx.exec(sql, params![id, said, now, seq])?;
    let news = by.map(|person| notice::New {
        person,
        at: now,
        kind: format!("roll-{}", said.as_str()),
        subject: roll.number.clone(),
        class: None,
        urgent: false,
    });
    notice::put(tx, zone, news.as_slice())
}

/// From the opening of a vote until its end a roll stands still.
fn still(tx: &mut Tx, roll: &str, now: Ms) -> Result<()> {
    let sql = format!("select {} from vote where roll = $1", super::COLUMNS);
    for row in tx.rows(&sql, params![roll])? {
        let vote = super::read(&row)?;
        if matches!(super::rules::phase(&vote, now), Phase::Open | Phase::Counting | Phase::Published) {
            return Err(Kind::State.into());
        }
    }
    Ok(())
}

fn change(tx: &mut Tx, roll: &Roll, n: i64, mend: &Mend) -> Result<()> {
    if let Some(area) = mend.area {
        let sql = "update roll set total = total + $3 - (select area from roll_unit where roll = $1 and n = $2) where id = $1";
        tx.exec(sql, params![&roll.id, n, area])?;
        tx.exec("update roll_unit set area = $3 where roll = $1 and n = $2", params![&roll.id, n, area])?;
    }
    if let Some(owner) = &mend.owner {
        // Whoever is on the roll already keeps his number, so that his units stay one head.
        let mut head = None;
        for unit in units(tx, &roll.id)? {
            if unit.n != n && unit.kind() == Owned::Owner && owner_of(tx, &unit)?.as_deref() == Some(owner) {
                head = Some(unit.head);
            }
        }
        let head = match head {
            Some(head) => head,
            None => tx.count("select max(head) from roll_unit where roll = $1", params![&roll.id])? + 1,
        };
        let sealed = tx.seal(&roll.id, owner.as_bytes())?;
        tx.exec(
            "update roll_unit set owner = $3, head = $4, kind = 'owner' where roll = $1 and n = $2",
            params![&roll.id, n, sealed, head],
        )?;
        // Who voted for the unit of another owner does not find its next ballots.
        tx.exec("delete from vote_tie where roll = $1 and n = $2", params![&roll.id, n])?;
        let sql = "update roll set heads = (select count(distinct head) from roll_unit where roll = $1) where id = $1";
        tx.exec(sql, params![&roll.id])?;
    }
    Ok(())
}

/// A unit as it is kept.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `roll_unit`")]
pub struct Unit {
    pub roll: String,
    pub n: i64,
    pub unit: String,
    pub head: i64,
    pub area: i64,
    pub kind: String,
    pub usage: String,
    pub source: Source,
    pub owner: Vec<u8>,
}

const UNIT: &str = "roll, n, unit, head, area, kind, usage, source, owner";

fn unit(row: &store::Row) -> store::Result<Unit> {
    Ok(Unit {
        roll: row.get("roll")?,
        n: row.get("n")?,
        unit: row.get("unit")?,
        head: row.get("head")?,
        area: row.get("area")?,
        kind: row.get("kind")?,
        usage: row.get("usage")?,
        source: row.get("source")?,
        owner: row.get("owner")?,
    })
}

impl Unit {
    /// Whose it is: an owner's or the developer's.
    pub fn kind(&self) -> Owned {
        Owned::parse(&self.kind).unwrap_or(Owned::Owner)
    }

    /// What it is used for.
    pub fn usage(&self) -> Use {
        Use::parse(&self.usage).unwrap_or(Use::Other)
    }
}

/// All units of a roll.
pub fn units(q: &mut dyn Query, roll: &str) -> Result<Vec<Unit>> {
    let rows = q.rows(&format!("select {UNIT} from roll_unit where roll = $1 order by n"), params![roll])?;
    Ok(rows.iter().map(unit).collect::<store::Result<_>>()?)
}

/// Units from a place of the roll on, as many as a page has.
pub fn page(q: &mut dyn Query, roll: &str, from: i64) -> Result<Vec<Unit>> {
    let sql = format!("select {UNIT} from roll_unit where roll = $1 and n >= $2 order by n limit $3");
    let rows = q.rows(&sql, params![roll, from, PAGE])?;
    Ok(rows.iter().map(unit).collect::<store::Result<_>>()?)
}

/// One unit.
pub fn one(q: &mut dyn Query, roll: &str, n: i64) -> Result<Option<Unit>> {
    let row = q.row(&format!("select {UNIT} from roll_unit where roll = $1 and n = $2"), params![roll, n])?;
    Ok(row.as_ref().map(unit).transpose()?)
}

/// Its owner's name; none when it cannot be opened.
pub fn owner_of(q: &mut dyn Query, unit: &Unit) -> Result<Option<String>> {
    Ok(q.open(&unit.roll, &unit.owner)?.map(|b| String::from_utf8_lossy(&b).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        crate::kit::foreign::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_clerks_table_and_a_programs_say_the_same() {
        let zh = "房号,业主,面积（平方米）,性质,用途\n1-101,甲,97.43,,\n1-102,,88.5,建设单位,商铺\n";
        let en = "unit,owner,area,kind,use\n1-101,甲,9743,owner,home\n1-102,,8850,developer,shop\n";
        let rows = parse(&lines(zh), Body::Owners, Some(18_593)).unwrap();
        assert_eq!(rows, parse(&lines(en), Body::Owners, None).unwrap());
        assert_eq!((rows[0].area, rows[1].kind), (9743, Owned::Developer));
    }

    #[test]
    fn each_mistake_is_told_with_its_line() {
        let text = "房号,业主,面积,性质,用途,面积来源\n,甲,1,,,\n2,,1,,,\n3,甲,0,,,\n4,甲,1.234,,,\n5,甲,1,国家,,\n6,甲,1,,塔,\n7,甲,1,,,传说\n8,甲,1,,,\n8,乙,1,,,\n";
        let got: Vec<_> = parse(&lines(text), Body::Owners, None).unwrap_err().into_iter().map(|p| (p.line, p.code)).collect();
        let want = [(2, "unit"), (3, "owner"), (4, "area"), (5, "area"), (6, "kind"), (7, "use"), (8, "source"), (10, "twice")];
        assert_eq!(got, want);
        assert_eq!(parse(&lines("房号,业主\n1,甲\n"), Body::Owners, None).unwrap_err()[0].code, "column");
        assert!(parse(&lines("房号,业主\n1,甲\n"), Body::Residents, None).is_ok());
        let sum = parse(&lines("房号,业主,面积\n1,甲,2\n"), Body::Owners, Some(300)).unwrap_err();
        assert_eq!(sum, [Problem { line: 0, code: "sum" }]);
    }
}
