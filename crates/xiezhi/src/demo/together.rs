//! What is decided together in the demo: opinions about parking, a budget that takes ideas, a roll with a vote on its notice.
//!
//! What must stay true: everything goes through the real actions; the words are in `data/demo/together.toml`.

use calc::opinion::Vote;
use serde::Deserialize;
use store::Tx;

use super::draw::Draw;
use super::people::People;
use super::place::Places;
use crate::activities::vote::roll::{self, Body, Row, Source};
use crate::activities::vote::{act as vote, pack};
use crate::activities::{budget, opinion};
use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, Ms, day_start};
use crate::kit::{App, Result, RoleKind, Who};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    opinion: Matter,
    budget: Sum,
    vote: Asked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matter {
    title: String,
    about: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    words: String,
    /// How many in a hundred agree, in either camp.
    agree: [usize; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    title: String,
    about: String,
    amount: i64,
    most: i64,
    idea: Vec<Idea>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Idea {
    words: String,
    title: Option<String>,
    cost: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    title: String,
    roll: String,
    question: Vec<Question>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    topic: String,
    words: String,
}

/// A demo with fewer people in its register is small, and so many are asked what they think.
const SMALL: usize = 1_000;
const FEW: usize = 24;
/// Floors and homes a floor of the house on the roll.
const HOUSE: (i64, i64) = (6, 4);

/// Plays all of it at `now`; so many people are in the register.
pub fn settle(app: &App, draw: &mut Draw, people: &People, places: &Places, now: Ms, count: usize) -> Result<()> {
    app.ambience.shift_to(now);
    let words: Words = toml::from_str(include_str!("../../../../data/demo/together.toml")).map_err(Error::internal)?;
    // A small demo starts quickly.
    let most = if count < SMALL { FEW } else { usize::MAX };
    opinions(app, draw, people, &words.opinion, now, most)?;
    ideas(app, people, places, &words.budget, now)?;
    ballot(app, draw, people, places, &words.vote, now)
}

fn desk(people: &People, kind: RoleKind) -> Result<Who> {
    let who = people.crew(kind, 0, "").and_then(|c| c.people.first());
    who.cloned().ok_or_else(|| Error::internal("the demo has nobody for its desk"))
}

/// The street asks everybody who lives or works in it; only the printed resident has not answered yet.
fn opinions(app: &App, draw: &mut Draw, people: &People, words: &Matter, now: Ms, most: usize) -> Result<()> {
    let street = desk(people, RoleKind::Subdistrict)?;
    let new = opinion::act::New {
        title: words.title.clone(),
        about: words.about.clone(),
        area: String::new(),
        closes_at: now + 20 * DAY,
        checked: true,
        first: words.statement.iter().map(|s| s.words.clone()).collect(),
    };
    let number = app.db.write(move |tx| opinion::act::begin(tx, &street, &new))?.value;
    let path = app.db.read(|r| opinion::by_number(r, &number))?.path;
    let residents = people.residents.iter().flatten().skip(1);
    let workers = people.grid_workers.iter().flatten().chain(people.crews.iter().flat_map(|c| &c.people));
    // Whoever works elsewhere in the city is not asked.
    let asked = residents.chain(workers).filter(|who| who.part_in(&path).is_some()).take(most);
    let mut given = Vec::new();
    for (i, who) in asked.enumerate() {
        for (n, statement) in words.statement.iter().enumerate() {
            let said = match draw.below(100) {
                0..6 => Vote::Pass,
                _ if draw.percent(statement.agree[i % 2]) => Vote::Agree,
                _ => Vote::Disagree,
            };
            if draw.percent(92) {
                given.push((who.clone(), n as i64 + 1, said));
            }
        }
    }
    let answer = move |tx: &mut Tx| given.iter().try_for_each(|(who, n, said)| opinion::act::answer(tx, who, &number, *n, *said));
    app.db.write(answer)?;
    Ok(())
}

/// The first community takes ideas; two have their answer.
fn ideas(app: &App, people: &People, places: &Places, words: &Sum, now: Ms) -> Result<()> {
    let (clerk, day) = (desk(people, RoleKind::Committee)?, day_start(now, &app.config.zone));
    let new = budget::act::New {
        title: words.title.clone(),
        about: words.about.clone(),
        area: places.communities[0].area.code.clone(),
        amount: words.amount,
        most: words.most,
        ideas_until: day + 10 * DAY,
        opens_at: day + 14 * DAY,
        closes_at: day + 28 * DAY,
    };
    let by = clerk.clone();
    let number = app.db.write(move |tx| budget::act::begin(tx, &by, &new))?.value;
    for (idea, resident) in words.idea.iter().zip(people.residents[0].iter().skip(1)) {
        let (by, at, said) = (resident.clone(), number.clone(), idea.words.clone());
        let n = app.db.write(move |tx| budget::act::propose(tx, &by, &at, &said))?.value;
        if let (Some(title), Some(cost), true) = (&idea.title, idea.cost, n <= 2) {
            let answer = budget::act::Answer::List { title: title.clone(), public: idea.words.clone(), cost };
            let (by, at) = (clerk.clone(), number.clone());
            app.db.write(move |tx| budget::act::decide(tx, &by, &at, n, &answer))?;
        }
    }
    Ok(())
}

/// The owners of a house of the first community: their roll, and a vote on its notice.
fn ballot(app: &App, draw: &mut Draw, people: &People, places: &Places, words: &Asked, now: Ms) -> Result<()> {
    let (clerk, place) = (desk(people, RoleKind::Committee)?, places.communities[0].area.clone());
    let mut rows = Vec::new();
    for floor in 1..=HOUSE.0 {
        for home in 1..=HOUSE.1 {
            let owner = draw.name();
            rows.push(Row {
                unit: format!("2-{floor}{home:02}"),
                key: format!("{owner} {floor}{home:02}"),
                owner,
                area: draw.between(6_200, 12_800),
                kind: calc::tally::Kind::Owner,
                usage: calc::tally::Use::Home,
                source: Source::Registered,
            });
        }
    }
    let code = place.code.clone();
    let (by, title) = (clerk.clone(), words.roll.clone());
    let number = app.db.write(move |tx| roll::make(tx, &by, &place, Body::Owners, &title, &rows, None))?.value;
    let id = app.db.read(|r| roll::by_number(r, &number))?.ok_or(Kind::NotFound)?.id;
    let by = clerk.clone();
    app.db.write(move |tx| roll::post(tx, &by, &id))?;
    let day = day_start(now, &app.config.zone);
    let draft = vote::Draft {
        roll: number,
        title: words.title.clone(),
        pack: String::new(),
        opens_at: day + 17 * DAY,
        closes_at: day + 27 * DAY,
        temporary: false,
        seats: None,
        proxy_most: None,
        asked: words.question.iter().map(|q| vote::Asked { topic: q.topic.clone(), words: q.words.clone() }).collect(),
    };
    let today = app.time(now);
    let holding = pack::holding("owners", &code, today.get(..10).unwrap_or_default());
    let by = clerk.clone();
    let number = app.db.write(move |tx| vote::draft(tx, &by, &holding, &draft))?.value;
    let id = app.db.read(|r| crate::activities::vote::by_number(r, &number))?.ok_or(Kind::NotFound)?.id;
    app.db.write(move |tx| vote::post(tx, &clerk, &id))?;
    Ok(())
}
