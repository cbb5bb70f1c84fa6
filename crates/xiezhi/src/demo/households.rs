//! Who lives in the first community: households as the census found them, in the homes of its buildings, with what some of
//! them need, firms on the ground floors, and a few people who were written down twice.
//!
//! What must stay true: nobody of them exists: telephone numbers are such as nobody has, identity numbers are of a county
//! that there is not; ages, sexes and sizes of households follow `data/demo/census.csv`; the same seed, the same people.

use std::collections::BTreeSet;

use calc::codes::{id_check, uscc_check};

use super::draw::Draw;
use super::people::People;
use super::place::{Community, Places};
use crate::kit::error::Error;
use crate::kit::time::{self, DAY};
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::register::home::Purpose;
use crate::records::register::rules::spelt;
use crate::records::register::{Living, New, NewTag, Of, Source, act, near};

/// A county that there is not.
const COUNTY: &str = "329999";
/// People of one write.
const TOGETHER: usize = 100;
/// Homes of a floor, in two staircases.
const DOORS: [(usize, usize); 4] = [(1, 1), (1, 2), (2, 1), (2, 2)];
/// Firms and shops.
const FIRMS: [(&str, &str); 14] = [
    ("杏林药房", "shop"),
    ("听雨早餐店", "shop"),
    ("阿明理发", "shop"),
    ("青藤便利店", "shop"),
    ("石桥五金", "shop"),
    ("安筑维修行", "firm"),
    ("柳堤快递站", "shop"),
    ("麦香面包房", "shop"),
    ("新苗幼儿园", "school"),
    ("杏林里卫生服务站", "clinic"),
    ("长堤旧书店", "shop"),
    ("邻里互助会", "group"),
    ("宏远会计事务所", "firm"),
    ("小满花店", "shop"),
];
/// What sounds the same.
const SWAPS: [(char, char); 10] = [
    ('丽', '莉'),
    ('伟', '玮'),
    ('静', '婧'),
    ('军', '君'),
    ('明', '铭'),
    ('华', '骅'),
    ('建', '健'),
    ('志', '智'),
    ('文', '雯'),
    ('清', '青'),
];

/// Somebody of a household.
struct Member {
    name: String,
    man: bool,
    birth: (i64, i64, i64),
    relation: &'static str,
}

struct Home {
    place: String,
    door: String,
    purpose: Purpose,
    members: Vec<Member>,
}

/// Lets so many people live in the first community.
pub fn settle(app: &App, draw: &mut Draw, people: &People, places: &Places, count: usize) -> Result<()> {
    let who = people.crew(RoleKind::Committee, 0, "").and_then(|c| c.people.first()).cloned();
    let who = who.ok_or_else(|| Error::internal("the demo has no committee"))?;
    let year: i64 = time::rfc3339(app.now(), &app.config.zone)[..4].parse().unwrap_or(2026);
    let homes = homes(draw, &places.communities[0], year, count);
    let (mut left, mut doubles) = (count, Vec::new());
    let (mut waiting, mut numbers) = (Vec::new(), BTreeSet::new());
    for (n, home) in homes.into_iter().enumerate() {
        let more = left.saturating_sub(home.members.len());
        let mut facts = Vec::new();
        for member in &home.members {
            facts.push(values(draw, member, year, &mut numbers)?);
        }
        if n % 60 == 7 && !home.members.is_empty() {
            doubles.push((home.place.clone(), double(draw, &home.members[0], &facts[0])));
        }
        waiting.push((home, facts, draw.below(1000)));
        if waiting.len() * 3 >= TOGETHER || more == 0 {
            write(app, &who, std::mem::take(&mut waiting), year)?;
        }
        left = more;
    }
    write(app, &who, waiting, year)?;
    twice(app, &who, doubles)?;
    firms(app, &who, draw, &places.communities[0])?;
    near::search(app).map(drop)
}

/// Homes of the buildings, door by door, with households until there are enough people; some stand empty, some are let.
fn homes(draw: &mut Draw, community: &Community, year: i64, count: usize) -> Vec<Home> {
    let mut doors = Vec::new();
    for house in &community.buildings {
        for floor in 1..=house.floors {
            doors.extend(DOORS.map(|(unit, door)| (house.id.clone(), format!("{unit}单元{floor}0{door}室"))));
        }
    }
    // So many people are in so many homes; the rest of the doors has nobody written down.
    let wanted = (count * 100 / 240).min(doors.len());
    let step = doors.len() as f64 / wanted.max(1) as f64;
    let (mut out, mut people) = (Vec::new(), 0);
    for n in 0..doors.len() {
        if people >= count {
            break;
        }
        let at = (n as f64 * step) as usize;
        let (place, door) = if at < doors.len() { doors[at].clone() } else { doors[n].clone() };
        if out.iter().rev().take(3).any(|h: &Home| h.place == place && h.door == door) {
            continue;
        }
        let purpose = if draw.percent(22) { Purpose::Rented } else { Purpose::Own };
        let mut members = household(draw, year);
        members.truncate(count - people);
        people += members.len();
        out.push(Home { place, door, purpose, members });
    }
    out
}

/// Ages of the census: group by group, people of each sex.
fn pyramid() -> Vec<(i64, i64, u32, u32)> {
    let lines = include_str!("../../../../data/demo/census.csv").lines().filter_map(|l| l.strip_prefix("age,"));
    let group = |line: &str| {
        let mut parts = line.split(',');
        let ages = parts.next()?;
        let (from, to) = match ages.split_once('-') {
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => (ages.trim_end_matches('+').parse().ok()?, if ages.ends_with('+') { 96 } else { 0 }),
        };
        Some((from, to, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    lines.filter_map(group).collect()
}

/// The age of a grown-up, as frequent as it is.
fn age(draw: &mut Draw, least: i64, most: i64) -> i64 {
    let groups: Vec<(i64, i64, u32)> = pyramid()
        .into_iter()
        .filter(|(from, to, _, _)| *from <= most && *to >= least)
        .map(|(from, to, men, women)| (from.max(least), to.min(most), men + women))
        .collect();
    let (from, to, _) = groups[draw.weighted(groups.iter().map(|g| g.2))];
    draw.between(from, to)
}

/// One household: by generations as often as the census found them.
fn household(draw: &mut Draw, year: i64) -> Vec<Member> {
    // One person, a couple, two generations, three: in a thousand.
    let kind = draw.weighted([244u32, 266, 328, 162].into_iter());
    let mut out = Vec::new();
    match kind {
        0 => {
            let old = draw.percent(34);
            let age = if old { age(draw, 65, 96) } else { age(draw, 20, 64) };
            // Of the very old who live alone, most are women.
            let man = if old { draw.percent(35) } else { draw.percent(58) };
            out.push(member(draw, None, man, year - age, "02"));
        }
        1 => {
            let head = age(draw, 24, 88);
            couple(draw, &mut out, year, head);
        }
        2 => {
            let head = age(draw, 27, 68);
            couple(draw, &mut out, year, head);
            if draw.percent(12) {
                out.pop();
            }
            children(draw, &mut out, year, head);
        }
        _ => {
            let head = age(draw, 30, 48);
            couple(draw, &mut out, year, head);
            children(draw, &mut out, year, head);
            let family = out[0].name.chars().next().unwrap_or('王').to_string();
            let mother = year - head - draw.between(22, 30);
            if draw.percent(60) {
                let age = draw.between(0, 4);
                out.push(member(draw, Some(&family), true, mother - age, "50"));
            }
            out.push(member(draw, None, false, mother, "50"));
        }
    }
    out
}

fn couple(draw: &mut Draw, out: &mut Vec<Member>, year: i64, head: i64) {
    let man = draw.percent(72);
    out.push(member(draw, None, man, year - head, "02"));
    let other = (head + draw.between(-4, 3) * if man { 1 } else { -1 }).max(22);
    out.push(member(draw, None, !man, year - other, "10"));
}

fn children(draw: &mut Draw, out: &mut Vec<Member>, year: i64, head: i64) {
    let count = if draw.percent(26) { 2 } else { 1 };
    let family = out.iter().find(|m| m.man).unwrap_or(&out[0]).name.chars().next().unwrap_or('王').to_string();
    let mut age = (head - draw.between(24, 31)).max(0);
    for _ in 0..count {
        let man = draw.percent(52);
        out.push(member(draw, Some(&family), man, year - age, if man { "20" } else { "30" }));
        if age < 2 {
            break;
        }
        age = (age - draw.between(2, 6)).max(0);
    }
}

fn member(draw: &mut Draw, family: Option<&str>, man: bool, year: i64, relation: &'static str) -> Member {
    let drawn = draw.name();
    let name = match family {
        Some(family) => {
            let mut rest = drawn.chars();
            rest.next();
            format!("{family}{}", rest.as_str())
        }
        None => drawn,
    };
    // Nobody is born in the days to come.
    Member { name, man, birth: (year - 1, draw.between(1, 12), draw.between(1, 28)), relation }
}

/// What is known of somebody.
fn values(draw: &mut Draw, one: &Member, year: i64, numbers: &mut BTreeSet<String>) -> Result<Vec<(&'static str, String)>> {
    let (y, m, d) = one.birth;
    let age = year - y;
    let mut first = String::new();
    while first.is_empty() || !numbers.insert(first.clone()) {
        let serial = draw.below(500) * 2 + usize::from(one.man);
        first = format!("{COUNTY}{y:04}{m:02}{d:02}{serial:03}");
    }
    let mut out = vec![("register.name", one.name.clone()), ("register.relation", one.relation.to_owned())];
    if draw.percent(92) {
        out.push(("register.id_number", format!("{first}{}", id_check(&first).unwrap_or('X'))));
    } else {
        out.push(("register.birth", format!("{y:04}-{m:02}-{d:02}")));
        out.push(("register.sex", if one.man { "1" } else { "2" }.into()));
    }
    out.push(("register.ethnic", if draw.percent(98) { "01" } else { draw.one(&["03", "15", "11"]) }.into()));
    if age >= 12 && draw.percent(88) {
        // 138-0000 holds ten thousand numbers that nobody has, and 139-0000 as many.
        out.push(("register.phone", format!("13{}0000{:04}", draw.between(8, 9), draw.below(10_000))));
    }
    out.push(("register.stay", if draw.percent(74) { "here" } else { "guest" }.into()));
    if age >= 18 && draw.percent(60) {
        let works = ["机械厂工人", "教师", "个体经营", "公司职员", "护士", "司机", "快递员", "公务员", "工程师", "待业"];
        let work = if age >= 62 { "退休" } else { draw.one(&works) };
        out.push(("register.work", work.into()));
    }
    out.into_iter().map(|(element, said)| Ok((element, spelt(element, &said)?))).collect()
}

type Facts = Vec<(&'static str, String)>;

fn write(app: &App, who: &Who, homes: Vec<(Home, Vec<Facts>, usize)>, year: i64) -> Result<()> {
    if homes.is_empty() {
        return Ok(());
    }
    let who = who.clone();
    app.db.write(move |tx| {
        for (home, facts, chance) in homes {
            let mut household = None;
            let ages: Vec<i64> = home.members.iter().map(|m| year - m.birth.0).collect();
            for (n, (member, values)) in home.members.iter().zip(facts).enumerate() {
                let (place, door) = (home.place.clone(), home.door.clone());
                let living = Living::Door { place, door, purpose: Some(home.purpose), household: household.clone() };
                let source = if (chance + n) % 7 == 0 { Source::Paper } else { Source::Visit };
                let id = act::add(tx, &who, &New { kind: Of::Person, living, values, source })?;
                if household.is_none() {
                    household = crate::records::register::person::by_id(tx, &id)?.and_then(|p| p.household);
                }
                if let Some(code) = needs(&ages, n, member, chance) {
                    let until = tx.now() + (200 + (chance % 150) as i64) * DAY;
                    let (purpose, consent) = ("register-aid".to_owned(), "said".to_owned());
                    act::tag(tx, &who, &id, &NewTag { code: code.into(), purpose, until, consent })?;
                }
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// What somebody of a household needs, if anything.
fn needs(ages: &[i64], n: usize, one: &Member, chance: usize) -> Option<&'static str> {
    let old = ages.iter().all(|a| *a >= 65);
    match (ages.len(), ages[n]) {
        (1, age) if age >= 70 => Some("alone"),
        (2, age) if old && age >= 70 && one.relation == "02" => Some("empty-nest"),
        (_, age) if age >= 85 => Some("dementia"),
        (_, 0) => Some("pregnant").filter(|_| !one.man),
        _ if n == 0 && chance.is_multiple_of(37) => Some("low-income"),
        _ if n == 0 && chance.is_multiple_of(41) => Some("disabled"),
        (_, age) if n == 0 && one.man && age >= 40 && chance.is_multiple_of(29) => Some("veteran"),
        _ => None,
    }
}

/// Somebody as another office wrote him down: another spelling, another door, no number of his card.
fn double(draw: &mut Draw, one: &Member, facts: &Facts) -> Facts {
    let swap = |c: char| SWAPS.iter().find_map(|(a, b)| if *a == c { Some(*b) } else { None });
    let name: String = one.name.chars().enumerate().map(|(n, c)| if n == 0 { c } else { swap(c).unwrap_or(c) }).collect();
    let (y, m, d) = one.birth;
    let mut out = vec![("register.name", name), ("register.birth", format!("{y:04}-{m:02}-{d:02}"))];
    out.push(("register.sex", if one.man { "1" } else { "2" }.into()));
    let phone = facts.iter().find(|(e, _)| *e == "register.phone").filter(|_| draw.percent(80));
    out.extend(phone.cloned());
    out
}

fn twice(app: &App, who: &Who, doubles: Vec<(String, Facts)>) -> Result<()> {
    let who = who.clone();
    app.db.write(move |tx| {
        for (n, (place, values)) in doubles.into_iter().enumerate() {
            let door = format!("{}单元{}01室", n % 2 + 1, n % 5 + 2);
            let living = Living::Door { place, door, purpose: None, household: None };
            act::add(tx, &who, &New { kind: Of::Person, living, values, source: Source::File })?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(())
}

fn firms(app: &App, who: &Who, draw: &mut Draw, community: &Community) -> Result<()> {
    let mut all = Vec::new();
    for (n, (name, kind)) in FIRMS.iter().enumerate() {
        let first = format!("92{COUNTY}MA1{:06}", draw.below(1_000_000)).chars().take(17).collect::<String>();
        let code = format!("{first}{}", uscc_check(&first).unwrap_or('0'));
        let values = [
            ("register.org_name", (*name).to_owned()),
            ("register.uscc", code),
            ("register.org_kind", (*kind).to_owned()),
            ("register.org_contact", draw.name()),
            ("register.org_phone", draw.phone()),
            ("register.org_staff", draw.between(1, 12).to_string()),
        ];
        let house = draw.one(&community.buildings).id.clone();
        let living =
            Living::Door { place: house, door: format!("底商{}号", n + 1), purpose: Some(Purpose::Shop), household: None };
        all.push(New { kind: Of::Organisation, living, values: values.into(), source: Source::Department });
    }
    let who = who.clone();
    app.db.write(move |tx| {
        for new in &all {
            act::add(tx, &who, new)?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(())
}
