//! Plays the stories through the real actions, in the order of their times, and lets deadlines ring in between.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::draw::Draw;
use super::people::{Crew, People};
use super::picture;
use super::place::Places;
use super::script::{By, Do, Story};
use super::words::words;
use crate::base::classes::Evidence;
use crate::base::media;
use crate::base::party;
use crate::kit::error::Error;
use crate::kit::time::Ms;
use crate::kit::{App, Result, RoleKind, Who};
use crate::records::case::life::ring;
use crate::records::case::life::{Said, act};
use crate::records::case::report::{self, NewReport};
use crate::records::case::rules::Action;
use crate::records::case::{Case, Rulebook, by_id, by_number};

/// Seconds after which a deadline is noticed.
const NOTICED: Ms = 20_000;

/// A story while it is played.
struct Running<'a> {
    story: &'a Story,
    /// Who reported; holders of a tracking code are nobody.
    reporter: Who,
    number: String,
    /// Who handles it, and who of them.
    handler: Option<(&'a Crew, usize)>,
}

/// Plays all stories; the clock stands at `now` at the end.
pub fn play(app: &App, draw: &mut Draw, places: &Places, people: &People, stories: &[Story], now: Ms) -> Result<()> {
    let mut queue: BinaryHeap<Reverse<(Ms, usize, usize)>> =
        stories.iter().enumerate().map(|(i, s)| Reverse((s.at, i, 0))).collect();
    let mut running: Vec<Option<Running>> = stories.iter().map(|_| None).collect();
    while let Some(Reverse((at, i, n))) = queue.pop() {
        ring(app, at)?;
        app.ambience.shift_to(at);
        if n == 0 {
            running[i] = Some(begin(app, draw, places, people, &stories[i])?);
        } else {
            let what = stories[i].steps[n - 1].1;
            let into = if what == Do::Merge { still_open(app, stories, &running, i)? } else { None };
            let Some(case) = &mut running[i] else { continue };
            // At some hours of the day everything it could join is settled already: then it stays where it is.
            if what != Do::Merge || into.is_some() {
                step(app, draw, people, case, what, into)?;
            }
        }
        if let Some((next, _)) = stories[i].steps.get(n) {
            queue.push(Reverse((*next, i, n + 1)));
        }
    }
    ring(app, now)
}

/// What a report can be merged into: the one its story says, else another of its community that is still worked on.
fn still_open(app: &App, stories: &[Story], running: &[Option<Running>], of: usize) -> Result<Option<String>> {
    let near =
        (0..stories.len()).filter(|j| stories[*j].community == stories[of].community && stories[*j].class == stories[of].class);
    for number in
        stories[of].into.into_iter().chain(near).filter(|j| *j != of).filter_map(|j| Some(running[j].as_ref()?.number.clone()))
    {
        if app.db.read(|r| by_number(r, &number))?.is_some_and(|c| c.state.is_open()) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Fires the deadlines that pass until then, each at its time.
fn ring(app: &App, until: Ms) -> Result<()> {
    loop {
        let next = app.db.read(|r| match ring::ringing(r, until, 1)?.pop() {
            Some(id) => Ok::<_, Error>(by_id(r, &id)?),
            None => Ok(None),
        })?;
        let Some(Case { id, alarm_at: Some(at), .. }) = next else { return Ok(()) };
        app.ambience.shift_to((at + NOTICED).min(until));
        let book = Rulebook::now(app)?;
        app.db.write(move |tx| ring::ring(tx, &book, &id))?;
    }
}

/// Somebody reports.
fn begin<'a>(app: &App, draw: &mut Draw, places: &Places, people: &People, story: &'a Story) -> Result<Running<'a>> {
    let community = &places.communities[story.community];
    let house = &community.buildings[story.building];
    let mut clerk = |kind| people.crew(kind, story.community, "").map(|c| draw.one(&c.people).clone()).unwrap_or_default();
    let (who, channel) = match story.by {
        By::Resident(n) => (people.residents[story.community][n].clone(), "web"),
        By::Visitor => (Who::default(), "web"),
        By::Counter => (clerk(RoleKind::Committee), "counter"),
        By::Phone => (clerk(RoleKind::Operator), "phone"),
        By::Patrol => (people.grid_workers[story.community][house.grid].clone(), "patrol"),
    };
    let for_another = matches!(story.by, By::Counter | By::Phone);
    let mut new = NewReport { text: Some(story.told.text.clone()), channel: channel.into(), ..NewReport::default() };
    if !for_another && draw.percent(55) || story.by == By::Phone {
        new.class = Some(story.class.into());
    }
    match draw.below(10) {
        0 => new.area = Some(community.area.code.clone()),
        1 | 2 => (new.lat, new.lon) = (Some(house.point.lat.into()), Some(house.point.lon.into())),
        _ => new.building = Some(house.id.clone()),
    }
    if draw.percent(20) {
        let (unit, floor) = (draw.between(1, 3), draw.between(1, house.floors));
        new.address = Some(format!("{}{unit}单元{floor}0{}室", house.name, draw.between(1, 2)));
    }
    if for_another || story.by == By::Visitor && draw.percent(40) {
        (new.contact_name, new.contact_phone) = (Some(draw.name()), Some(draw.phone()));
    }
    // Two of three signed-in neighbours can be called back, always under the same number.
    if let By::Resident(n) = story.by
        && n % 3 != 0
    {
        new.contact_name = Some(app.db.read(|r| party::own_name(r, &who))?);
        new.contact_phone = Some(format!("1380001{}{n:03}", story.community));
    }
    // Who calls or comes to the counter of the first community has no smartphone: somebody calls back.
    new.wish = (for_another && story.community == 0).then(|| "call".to_owned());
    let spot = app.db.read(|r| report::locate(r, &new))?;
    let (zone, by) = (app.config.zone.clone(), who.clone());
    let book = Rulebook::now(app)?;
    let (made, _) = app.db.write(move |tx| report::make(tx, &book, &by, &new, &spot, &zone))?.value;
    let reporter = if for_another { Who::default() } else { who };
    Ok(Running { story, reporter, number: made.number, handler: None })
}

/// One step of a story.
fn step<'a>(
    app: &App,
    draw: &mut Draw,
    people: &'a People,
    case: &mut Running<'a>,
    what: Do,
    into: Option<String>,
) -> Result<()> {
    let (all, story) = (words(), case.story);
    let mut say = |list: &[String]| Some(draw.one(list).clone());
    let mut said = Said::default();
    let action = match what {
        Do::Accept => {
            (said.text, said.class) = (say(&all.accept), Some(story.class.to_owned()));
            Action::Accept
        }
        Do::Send => Action::Dispatch,
        Do::Take => Action::Accept,
        Do::Answer => {
            said.text = Some(story.told.done.clone());
            Action::Feedback
        }
        Do::Look => {
            said.text = say(&all.check);
            Action::Check
        }
        Do::Close => Action::Close,
        Do::Rate => Action::Rate,
        Do::Reopen if story.steps[0].1 == Do::Reject => {
            said.reason = say(&all.appeal);
            Action::Reopen
        }
        Do::Reopen => {
            said.reason = say(&all.reopen);
            Action::Reopen
        }
        Do::Reject => {
            said.reason = say(&all.reject);
            Action::Reject
        }
        Do::Back => {
            said.reason = say(&all.returned);
            Action::Return
        }
        Do::Wanting => {
            said.reason = say(&all.wanting);
            Action::Return
        }
        Do::Extend => {
            said.reason = say(&all.extend);
            Action::Extend
        }
        Do::Merge => {
            said.to = into;
            Action::Merge
        }
        Do::Note => {
            said.text = say(&all.note);
            Action::Note
        }
    };
    if what == Do::Send {
        case.handler = handler(draw, people, story);
        said.to = case.handler.map(|(crew, _)| crew.body.clone());
    }
    if what == Do::Rate {
        let score = [5, 5, 5, 5, 5, 5, 4, 4, 4, 3, 3, 2][draw.below(12)];
        said.text = Some(draw.one(if score > 3 { &all.praise } else { &all.grumble }).clone());
        said.score = Some(score);
    }
    let (who, holds_code) = actor(draw, people, case, what);
    let book = Rulebook::now(app)?;
    if action == Action::Feedback && book.classes.or_other(Some(story.class)).evidence != Evidence::None {
        said.media.push(media::keep(app, &who, &picture::corner(draw)?)?);
    }
    let id = app.db.read(|r| by_number(r, &case.number))?.ok_or_else(|| Error::internal("a case of the demo is gone"))?.id;
    app.db.write(move |tx| act::act(tx, &book, &who, holds_code, &id, action, &said))?;
    Ok(())
}

/// Who gets it: a party of a kind that handles this class (the first community's property company, of which an account
/// is printed, whenever it can), and the person there who will do it.
fn handler<'a>(draw: &mut Draw, people: &'a People, story: &Story) -> Option<(&'a Crew, usize)> {
    let kinds = words().of(story.class).handlers();
    let crews: Vec<&Crew> = kinds.filter_map(|k| people.crew(k, story.community, story.class)).collect();
    let printed = crews.iter().find(|c| c.kind == RoleKind::Property && c.community == Some(0) && draw.percent(80));
    let other = if draw.percent(70) { 0 } else { draw.below(crews.len()) };
    let crew = printed.or(crews.get(other))?;
    Some((crew, draw.below(crew.people.len())))
}

/// Who takes a step: the reporter, the handler, or somebody of the committee who did not handle it.
fn actor(draw: &mut Draw, people: &People, case: &Running, what: Do) -> (Who, bool) {
    if matches!(what, Do::Rate | Do::Reopen) {
        return (case.reporter.clone(), case.reporter.person.is_none());
    }
    if let (Do::Take | Do::Answer | Do::Back | Do::Note, Some((crew, n))) = (what, case.handler) {
        return (crew.people[n].clone(), false);
    }
    let Some(desk) = people.crew(RoleKind::Committee, case.story.community, "") else { return (Who::default(), false) };
    let busy = case.handler.filter(|(crew, _)| crew.body == desk.body).map(|(_, n)| n);
    let free: Vec<&Who> = desk.people.iter().enumerate().filter(|(n, _)| Some(*n) != busy).map(|(_, who)| who).collect();
    ((*draw.one(&free)).clone(), false)
}
