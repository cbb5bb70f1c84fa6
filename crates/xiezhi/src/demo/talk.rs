//! What is talked over: a topic that was answered and is being carried out, one that is being convened, one that was just raised.
//!
//! What must stay true: everything goes through the real actions, in the second community, whose people have no printed
//! account: nobody's inbox grows by it.

use super::people::People;
use super::place::Places;
use crate::activities::consult::act::{self, Grade, New};
use crate::activities::consult::outcome::{self, Conclusion};
use crate::activities::consult::seat::{self, Called};
use crate::activities::consult::{Basis, Depth, Outcome, by_number, decision, ring};
use crate::kit::error::{Error, Kind};
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::case::report::{self, NewReport};

/// The community it is in.
const WHERE: usize = 1;

/// What was said, depth, kind, title, question; without a depth it waits to be graded.
const TOPICS: [(&str, Option<Depth>, &str, &str, &str); 3] = [
    ("楼下的长椅坏了两把，老人没处坐。", Some(Depth::Quick), "public-space", "修楼下的长椅", "长椅怎么修、什么时候修好？"),
    ("电动车进楼充电，大家都担心。", Some(Depth::Deep), "parking", "电动车在哪儿充电", "充电棚建在哪儿，谁来管？"),
    ("跳广场舞的声音能不能小一点。", None, "", "", ""),
];

/// Plays them.
pub fn over(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let (Some(community), Some(residents)) = (places.communities.get(WHERE), people.residents.get(WHERE)) else { return Ok(()) };
    let Some(desk) = people.crew(RoleKind::Committee, WHERE, "") else { return Ok(()) };
    let clerk = desk.people.first().cloned().ok_or_else(|| Error::internal("the demo has nobody for its desk"))?;
    let pack = ring::pack_of(app, &community.area.code);
    for (n, (text, depth, topic, title, question)) in TOPICS.into_iter().enumerate() {
        let Some(who) = residents.get(n % residents.len().max(1)).cloned() else { return Ok(()) };
        let (basis, place, by) = (Basis::now(app)?, community.area.clone(), who.clone());
        let new = New { text: text.to_owned(), case: None };
        let number = app.db.write(move |tx| act::raise(tx, &basis, pack, &by, &place, &new))?.value;
        let id = app.db.read(|r| by_number(r, &number))?.ok_or(Kind::NotFound)?.id;
        let Some(depth) = depth else { continue };
        let grade = Grade { depth, topic: topic.into(), title: title.into(), question: question.into() };
        let (basis, by, of) = (Basis::now(app)?, clerk.clone(), id.clone());
        app.db.write(move |tx| act::grade(tx, &basis, pack, &by, &of, &grade))?;
        match depth {
            Depth::Quick => answer(app, &clerk, &who, &id, &desk.body, &community.area.code, now)?,
            Depth::Deep => {
                let (basis, by, body) = (Basis::now(app)?, clerk.clone(), desk.body.clone());
                app.db.write(move |tx| seat::call(tx, &basis, &by, &id, &[Called::Body(body)]))?;
            }
        }
    }
    Ok(())
}

/// Answers a topic with a promise, and hears that it satisfies.
fn answer(app: &App, clerk: &Who, asked: &Who, id: &str, body: &str, code: &str, now: Ms) -> Result<()> {
    let promise = decision::New { item: None, words: "修好两把长椅".into(), body: body.to_owned(), due_at: now + 12 * DAY };
    let new = Conclusion {
        outcome: Outcome::Agreed,
        summary: "两把长椅都修，先修东边那把，两周内修好。".into(),
        decisions: vec![promise],
    };
    let spot = app.db.read(|r| report::locate(r, &NewReport { area: Some(code.to_owned()), ..NewReport::default() }))?;
    let (basis, by, of) = (Basis::now(app)?, clerk.clone(), id.to_owned());
    app.db.write(move |tx| outcome::publish(tx, &basis, &by, &of, &new, &spot))?;
    let (basis, by, of) = (Basis::now(app)?, asked.clone(), id.to_owned());
    app.db.write(move |tx| outcome::callback(tx, &basis, &by, &of, true, true, None))?;
    Ok(())
}
