//! The three lists in the demo: what residents need, what there is, a project that a group took on and one that is out to tender.
//!
//! What must stay true: everything goes through the real actions.

use super::people::People;
use super::place::Places;
use crate::activities::project::need::act::Answer;
use crate::activities::project::plan::rules::Answer as Said;
use crate::activities::project::plan::{Way, accept, act as plan, tender};
use crate::activities::project::resource::{self, Sort};
use crate::activities::project::{Book, need};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::register::mine;

/// What residents need: kind, their words, how the desk puts it on the list (none: it waits).
const NEEDS: [(&str, &str, Option<&str>); 4] = [
    ("elder", "楼里几位老人中午没人做饭，能不能有个吃饭的地方", Some("老年助餐点")),
    ("child", "放学到下班前孩子没人看", Some("课后看护")),
    ("skill", "想学手机上怎么挂号", Some("手机使用课")),
    ("safety", "自行车棚晚上太黑", None),
];

/// What residents offer: what it is, what for, name, amount, unit.
const OFFERS: [(Sort, &str, &str, i64, &str); 3] = [
    (Sort::Skill, "skill", "教手机、教拍照", 8, "小时"),
    (Sort::Goods, "elder", "轮椅", 1, "辆"),
    (Sort::Time, "child", "看孩子写作业", 20, "小时"),
];

/// Plays it at `now`.
pub fn settle(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    let place = places.communities[0].area.clone();
    let member = |kind| people.crew(kind, 0, "").and_then(|c| c.people.first()).cloned();
    let (Some(clerk), Some(group)) = (member(RoleKind::Committee), member(RoleKind::VolunteerGroup)) else { return Ok(()) };
    app.ambience.shift_to(now);
    let book = Book::now(app, &place.code)?;
    let known: Vec<Who> = app.db.read(|r| {
        let mut out = Vec::new();
        for who in people.residents[0].iter().skip(1) {
            if mine::is_known(r, who)? {
                out.push(who.clone());
            }
        }
        Ok::<_, crate::kit::Error>(out)
    })?;
    if known.len() < NEEDS.len() {
        return Ok(());
    }
    let (b, at, desk, all) = (book.clone(), place.clone(), clerk.clone(), known.clone());
    let needs = app.db.write(move |tx| {
        let mut numbers = Vec::new();
        for ((kind, words, title), who) in NEEDS.iter().zip(&all) {
            let new = need::act::New { kind: (*kind).into(), words: (*words).into(), source: None };
            let number = need::act::raise(tx, &b, who, &at, &new)?;
            if let Some(title) = title {
                need::act::decide(tx, &b, &desk, &number, &Answer::List((*title).into()))?;
                all.iter().skip(1).try_for_each(|other| need::act::too(tx, other, &number))?;
            }
            numbers.push(number);
        }
        for ((sort, kind, title, amount, unit), who) in OFFERS.iter().zip(&all) {
            let (title, unit) = ((*title).to_owned(), (*unit).to_owned());
            let new = resource::act::New {
                sort: *sort,
                kind: (*kind).into(),
                title,
                about: String::new(),
                amount: *amount,
                unit,
                until_at: None,
            };
            resource::act::offer(tx, &b, who, &at, &new)?;
        }
        Ok::<_, crate::kit::Error>(numbers)
    })?;
    let needs = needs.value;

    // A group teaches: its first lesson is done, and people say how it was.
    let (b, at, desk, lessons) = (book.clone(), place.clone(), clerk.clone(), needs[2].clone());
    app.db.write(move |tx| {
        let (title, about) = ("银龄手机课".to_owned(), "每周六上午一课，共四课，手把手教挂号、缴费、视频通话。".to_owned());
        let new = plan::New { title, about, way: Way::Take, ends_at: now + 40 * DAY, needs: vec![lessons] };
        let number = plan::begin(tx, &b, &desk, &at, &new)?;
        for (title, days) in [("第一课", 2), ("后三课", 35)] {
            let step = plan::NewStep { title: title.into(), due_at: now + days * DAY, share: 0 };
            plan::step(tx, &b, &desk, &number, &step)?;
        }
        plan::take(tx, &b, &group, &number)?;
        accept::report(tx, &b, &group, &number, 1, "来了 14 位老人，都挂上了号。")?;
        for (who, answer) in known.iter().zip([Said::Good, Said::Good, Said::Fair]) {
            accept::say(tx, who, &number, 1, answer, None)?;
        }
        Ok::<_, crate::kit::Error>(())
    })?;

    // Meals are bought: the tender is open.
    let (at, meals) = (place, needs[0].clone());
    app.db.write(move |tx| {
        let (title, about) = ("老年助餐服务".to_owned(), "每个工作日中午 40 份，行动不便的送到家。".to_owned());
        let new = plan::New { title, about, way: Way::Tender, ends_at: now + 200 * DAY, needs: vec![meals] };
        let number = plan::begin(tx, &book, &clerk, &at, &new)?;
        for (title, days, share) in [("开餐", 40, 40), ("满半年", 190, 60)] {
            plan::step(tx, &book, &clerk, &number, &plan::NewStep { title: title.into(), due_at: now + days * DAY, share })?;
        }
        let moment = tx.now();
        let mut judges: Vec<String> = tender::eligible(tx, &at.path, moment)?.into_iter().map(|(person, _)| person).collect();
        judges.truncate(3);
        let criteria = vec![("服务方案".to_owned(), 50), ("人员力量".to_owned(), 30)];
        let posted = tender::New { closes_at: now + 10 * DAY, ceiling: 5_000_000, price_weight: 20, criteria, scorers: judges };
        tender::post(tx, &book, &clerk, &number, &posted)
    })?;
    Ok(())
}
