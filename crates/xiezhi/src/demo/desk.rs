//! What comes to a desk besides reports: a hotline's orders in every state, requests to hand work down, and the homes that a
//! grid worker looks in on.
//!
//! What must stay true: everything goes through the real actions; nobody in it exists.

use super::draw::Draw;
use super::people::People;
use super::place::Places;
use crate::activities::fieldwork::care::{self, NewHome, Why};
use crate::base::classes;
use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, HOUR, MINUTE, Ms};
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::case::Rulebook;
use crate::records::case::report::{self, NewReport};
use crate::records::duty::{act as duty, pack};
use crate::records::hotline::act::{self, Said};
use crate::records::hotline::map::{self, Map};
use crate::records::hotline::rules::{Action, Contact, Degree};
use crate::records::hotline::{Order, by_number, take};

/// Caller, words, kind in the hotline's words, minutes since it was sent, number of the order it repeats.
const ORDERS: [(&str, &str, &str, i64, &str); 7] = [
    ("陈某", "小区门口的垃圾桶满了两天，没人清。", "环境卫生/垃圾清运", 50, ""),
    ("郑某", "还是门口垃圾桶的事，味道很大。", "环境卫生/垃圾清运", 40, "1"),
    ("吴某", "四号楼单元门关不上。", "住房物业/公共部位", 35, ""),
    ("孙某", "夜里有人放音响跳舞，睡不着。", "噪音扰民/生活噪声", 25, ""),
    ("周某", "想问高龄补贴怎么办。", "政策咨询/补贴", 20, ""),
    ("何某", "对面工地的围挡倒了。", "市政设施/道路", 15, ""),
    ("冯某", "楼道灯不亮。", "市政设施/路灯", 4000, ""),
];

fn first(people: &People, kind: RoleKind) -> Result<Who> {
    let who = people.crew(kind, 0, "").and_then(|c| c.people.first());
    who.cloned().ok_or_else(|| Error::internal("the demo has nobody for its desk"))
}

/// Takes in a file of orders and does with some of them what clerks do.
pub fn orders(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let (street, clerk) = (first(people, RoleKind::Subdistrict)?, first(people, RoleKind::Committee)?);
    let all = app.db.read(|r| map::all(r))?;
    let text = all.first().map(|(_, text)| text.clone()).unwrap_or_default();
    let map = Map::parse(&text, &*classes::now(app)?).map_err(Error::internal)?;
    let number = |n: usize| format!("YS{:04}", n + 1);
    let code = &places.communities[0].area.code;
    let head: Vec<String> = map.heads().map(str::to_owned).collect();
    let mut lines = vec![(1, head.clone())];
    for (n, (caller, said, kind, ago, repeats)) in ORDERS.iter().enumerate() {
        let c = &map.columns;
        let sent = map.write_time(now - ago * MINUTE);
        let repeats = if repeats.is_empty() { String::new() } else { number(repeats.parse::<usize>().unwrap_or(1) - 1) };
        let phone = format!("1990000{:04}", n + 1);
        let cell = |h: &String| {
            let is = |name: &Option<String>| name.as_ref() == Some(h);
            match () {
                () if *h == c.number => number(n),
                () if *h == c.text => (*said).to_owned(),
                () if *h == c.sent || is(&c.called) => sent.clone(),
                () if is(&c.caller) => (*caller).to_owned(),
                () if is(&c.phone) => phone.clone(),
                () if is(&c.kind) => (*kind).to_owned(),
                () if is(&c.area) => code.clone(),
                () if is(&c.repeats) => repeats.clone(),
                () => String::new(),
            }
        };
        lines.push((n as u64 + 2, head.iter().map(cell).collect()));
    }
    let taken = take::run(app, Some(&street), &map, &lines)?;
    if taken.added != ORDERS.len() {
        return Err(Error::internal(format!("orders of the demo: {:?}", taken.rejected)));
    }
    let find = |n: usize| -> Result<Order> {
        let order = app.db.read(|r| by_number(r, &map.source, &number(n)))?;
        order.ok_or_else(|| Kind::NotFound.into())
    };
    let contact = Said { how: Some(Contact::Phone), ..Said::default() };
    let back = Said { reason: Some("工地在邻区，不归本街道管。".into()), ..Said::default() };
    let told = Said {
        text: Some("已电话答复办理条件和窗口，诉求人表示清楚了。".into()),
        solved: Some(Degree::Partly),
        satisfied: Some(Degree::Yes),
        reasonable: Some(Degree::Yes),
        ..Said::default()
    };
    for (n, action, said) in [
        (2, Action::Contact, &contact),
        (3, Action::Claim, &Said::default()),
        (4, Action::Contact, &contact),
        (4, Action::Answer, &told),
        (5, Action::Return, &back),
    ] {
        let (book, who, id, said) = (Rulebook::now(app)?, clerk.clone(), find(n)?.id, said.clone());
        app.db.write(move |tx| act::act(tx, &book, &who, &id, action, &said))?;
    }
    Ok(())
}

/// A department asks: one request waits, one is refused by the lists, one is admitted and handed down.
pub fn requests(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let department = first(people, RoleKind::Department)?;
    let (desk, street) = (first(people, RoleKind::Committee)?, first(people, RoleKind::Subdistrict)?);
    let community = &places.communities[0].area;
    let ask = |what: &str, item: Option<&str>| duty::Ask {
        community: community.code.clone(),
        item: item.map(str::to_owned),
        what: what.into(),
        basis: Some("市政设施普查工作方案".into()),
        until: now + 60 * DAY + HOUR,
        people: Some("派 2 人到社区一起做".into()),
        ..duty::Ask::default()
    };
    for (what, item, consents) in [
        ("请社区每周上报路灯完好数，并组织打卡。", None, false),
        ("协助登记小区里的老旧井盖。", None, false),
        ("协助发放高龄老人用电安全须知。", Some("assist-elders"), false),
        ("协助确认小区出入口的照明缺口。", None, true),
    ] {
        let (book, pack, who) = (Rulebook::now(app)?, app.db.read(|r| pack::now(r, app))?, department.clone());
        let (place, new) = (community.clone(), ask(what, item));
        let request = app.db.write(move |tx| duty::file(tx, &book, &pack, &who, &place, &new))?.value;
        if !consents {
            continue;
        }
        for who in [desk.clone(), street.clone()] {
            let (pack, id) = (app.db.read(|r| pack::now(r, app))?, request.id.clone());
            app.db.write(move |tx| duty::decide(tx, &pack, &who, &id, true, "人手够，时间合适。", None))?;
        }
        let new = NewReport { area: Some(community.code.clone()), ..NewReport::default() };
        let spot = app.db.read(|r| report::locate(r, &new))?;
        let (book, pack, who) = (Rulebook::now(app)?, app.db.read(|r| pack::now(r, app))?, department.clone());
        let zone = app.config.zone.clone();
        let hand = move |tx: &mut store::Tx| {
            let text = "请在本月内看一遍小区三个出入口的照明。";
            duty::hand_down(tx, &book, &pack, &who, &request.number, text, &spot, &zone)
        };
        app.db.write(hand)?;
    }
    Ok(())
}

/// Old neighbours of the printed grid worker whom he looks in on: all of them agreed.
pub fn homes(app: &App, draw: &mut Draw, people: &People, places: &Places) -> Result<()> {
    let community = &places.communities[0];
    let houses: Vec<_> = community.buildings.iter().filter(|b| b.grid == 0).collect();
    let who = people.grid_workers[0][0].clone();
    for (n, (why, every)) in
        [(Why::Alone, 7), (Why::Alone, 7), (Why::Old, 14), (Why::Ill, 3), (Why::Disabled, 14)].into_iter().enumerate()
    {
        let house = houses[n % houses.len()];
        let door = format!("{}单元{}0{}", draw.between(1, 3), draw.between(1, house.floors), draw.between(1, 2));
        let new = NewHome {
            building: house.id.clone(),
            name: draw.name(),
            door: Some(door),
            // One of them has no telephone at all.
            phone: (n != 1).then(|| draw.phone()),
            why,
            every,
        };
        let by = who.clone();
        app.db.write(move |tx| care::add(tx, &by, &new))?;
    }
    Ok(())
}
