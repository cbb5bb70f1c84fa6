//! What readers see of consultations: lists, and one of them.
//!
//! What must stay true: the public reads question, agenda, counts, result and what became of it; who said what is for the
//! seats and the desk; names of drawn residents are theirs too, the public has the numbers of the roll with which it draws
//! again.

use store::{Query, params};

use super::pack::{Pack, Way};
use super::rules;
use super::seat::{self, Seat, SeatKind};
use super::types::{
    Choice, Choices, DecisionView, DrawView, Full, Item, ItemView, KindView, List, Place, RoundView, SaidView, Scores, SeatView,
    StepView,
};
use super::{COLUMNS, Consult, State, decision, outcome, read, round, tell};
use crate::activities::vote::roll;
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::{self, Chart};
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;
use crate::kit::{Req, Result};
use crate::records::case;
use crate::records::case::decided::Standing;

/// Consultations of one page.
pub const PAGE: usize = 30;

/// Whether the step that is waited for is late; residents may take their time to appraise.
fn is_late(c: &Consult, now: Ms) -> bool {
    c.overdue_at.is_some() || c.state != State::Appraise && c.due_at.is_some_and(|d| d < now)
}

/// Characters of what was said that a list shows.
const SHOWN: usize = 60;

fn item(req: &Req, q: &mut dyn Query, c: &Consult, look: &mut Look) -> Result<Item> {
    let text = match c.title {
        Some(_) => None,
        None => words(q, look, c, relation(req, c, false), Some(c.log_seq), "consult.text")?,
    };
    let decisions = decision::of(q, &c.id)?;
    let stands = |s: Standing| decisions.iter().filter(|d| standing(d, req.now) == s).count() as i64;
    Ok(Item {
        number: c.number.clone(),
        title: c.title.clone(),
        text: text.map(|t| t.chars().take(SHOWN).collect()),
        place: area::by_id(q, &c.area)?.map(|a| a.name).unwrap_or_default(),
        state: c.state.as_str(),
        depth: c.depth.map(|t| t.as_str()),
        raised_at: req.app.time(c.raised_at),
        due_at: c.due_at.filter(|_| c.state != State::Appraise).map(|t| req.app.time(t)),
        late: is_late(c, req.now),
        promised: decisions.len() as i64,
        done: stands(Standing::Done) + stands(Standing::DoneLate),
        late_promises: stands(Standing::Late) + stands(Standing::Dropped),
    })
}

fn standing(d: &decision::Decision, now: Ms) -> Standing {
    rules::standing(d.state, d.due_at, d.done_at, now)
}

/// Consultations, as far as this reader may know of them.
pub fn list(req: &Req, q: &mut dyn Query, before: Option<i64>, look: &mut Look) -> Result<List> {
    let mut items = Vec::new();
    let path = match &req.community {
        Some((code, _)) => area::by_code(q, code)?.map(|a| a.path),
        None => req.who.widest_desk().map(|r| r.path.clone()),
    };
    let (from, to) = path.as_deref().map_or((String::new(), "~".into()), |p| (p.to_owned(), area::end_of(p)));
    let sql = format!(
        "select {COLUMNS} from consult where path >= $1 and path < $2 and graded_at is not null and raised_at < $3 \
         order by raised_at desc, id desc limit $4"
    );
    let rows = q.rows(&sql, params![&from, &to, before.unwrap_or(Ms::MAX), PAGE as i64 + 1])?;
    let all: Vec<Consult> = rows.iter().map(read).collect::<store::Result<_>>()?;
    let next = (all.len() > PAGE).then(|| all[PAGE - 1].raised_at);
    for c in all.iter().take(PAGE) {
        items.push(item(req, q, c, look)?);
    }
    let mut todo = Vec::new();
    for body in req.who.roles.iter().filter(|r| r.kind.is_desk()).filter_map(|r| r.body.as_ref()) {
        let sql = format!(
            "select {COLUMNS} from consult where desk = $1 and state not in ('done', 'declined', 'appraise') order by due_at limit $2"
        );
        for row in q.rows(&sql, params![body, PAGE as i64])? {
            let c = read(&row)?;
            todo.push(item(req, q, &c, look)?);
        }
    }
    let mut mine = Vec::new();
    if let Some(person) = &req.who.person {
        let sql = format!(
            "select {COLUMNS} from consult where id in (select consult from consult_follow where person = $1) \
             order by raised_at desc limit $2"
        );
        for row in q.rows(&sql, params![person, PAGE as i64])? {
            let c = read(&row)?;
            mine.push(item(req, q, &c, look)?);
        }
    }
    let community = home(req, q)?;
    let may = req.who.person.is_some();
    Ok(List { todo, mine, items, next, may, community })
}

/// The community the reader lives or works in, or the one he chose.
pub fn home(req: &Req, q: &mut dyn Query) -> Result<Option<Place>> {
    let chosen = match &req.community {
        Some((code, _)) => area::by_code(q, code)?,
        None => None,
    };
    // Whoever lives or works in one raises topics there, whatever he is looking at.
    let own = match req.who.roles.first() {
        Some(role) => area::community_of(q, &role.area)?,
        None => None,
    };
    let found = own.or(chosen);
    Ok(found.map(|a| Place { code: a.code, name: a.name }))
}

/// How the reader stands to it.
pub fn relation(req: &Req, c: &Consult, sits: bool) -> Relation {
    match req.who.desk_over(&c.path) {
        Some(r) if r.path == c.path || req.who.in_body(&c.desk) => Relation::Desk,
        Some(_) => Relation::Above,
        None if sits => Relation::Involved,
        None => Relation::Public,
    }
}

/// Whether this reader may know that it exists: before it is graded it is the desk's and whoever's raised it.
pub fn may_see(req: &Req, q: &mut dyn Query, c: &Consult) -> Result<bool> {
    if c.graded_at.is_some() || c.is_run_by(&req.who) || c.is_raised_by(&req.who) {
        return Ok(true);
    }
    Ok(match &req.who.person {
        Some(person) => tell::follows(q, &c.id, person)?,
        None => false,
    })
}

/// Words of an entry, as this reader may see them.
pub(super) fn words(
    q: &mut dyn Query,
    look: &mut Look,
    c: &Consult,
    relation: Relation,
    seq: Option<u64>,
    element: &'static str,
) -> Result<Option<String>> {
    let Some(entry) = seq.map(|s| q.entry(s)).transpose()?.flatten() else { return Ok(None) };
    let text = entry.element(element).map(str::to_owned);
    Ok(text.and_then(|t| look.at(&Graded::new(element, c.owner(), t).of(&c.number), relation)))
}

/// The name of a seat, as this reader may see it.
pub(super) fn seat_name(
    q: &mut dyn Query,
    look: &mut Look,
    chart: &Chart,
    relation: Relation,
    seat: &Seat,
) -> Result<Option<String>> {
    if let Some(body) = &seat.body {
        return Ok(Some(chart.name(body)));
    }
    if let (Some(id), Some(head)) = (&seat.roll, seat.head) {
        let row = q.row("select min(n) n from roll_unit where roll = $1 and head = $2", params![id, head])?;
        let n: Option<i64> = row.map(|r| r.get("n")).transpose()?.flatten();
        let Some(unit) = n.map(|n| roll::one(q, id, n)).transpose()?.flatten() else { return Ok(None) };
        let name = roll::owner_of(q, &unit)?.filter(|n| !n.is_empty());
        let name = name.and_then(|name| look.at(&Graded::new("vote.owner", id, name), relation));
        return Ok(Some([Some(unit.unit), name].into_iter().flatten().collect::<Vec<_>>().join(" ")));
    }
    let Some(person) = &seat.person else { return Ok(None) };
    let name = party::name_of(q, person)?;
    Ok(name.and_then(|n| look.at(&n, relation)))
}

/// All seats with their names.
pub(super) fn seats(
    req: &Req,
    q: &mut dyn Query,
    look: &mut Look,
    c: &Consult,
    relation: Relation,
    all: &[Seat],
) -> Result<Vec<SeatView>> {
    let (chart, signed) = (Chart::read(q, req.app)?, round::signed(q, &c.id)?);
    let mut out = Vec::new();
    for s in all {
        let code = || Seat::code(|p, t| req.app.db.digest(p, t), &s.id);
        out.push(SeatView {
            n: s.n,
            kind: s.kind.as_str(),
            name: seat_name(q, look, &chart, relation, s)?,
            state: s.state.as_str(),
            head: s.head,
            mine: s.is_of(&req.who),
            code: (relation == Relation::Desk && s.is_drawn() && s.person.is_none() && s.state.sits()).then(code),
            signed: signed.iter().filter(|(_, id, _)| *id == s.id).map(|(n, ..)| *n).collect(),
        });
    }
    Ok(out)
}

fn kinds(chart: &Chart, all: &[Seat]) -> Vec<KindView> {
    let of = |kind: &SeatKind| {
        let these: Vec<&Seat> = all.iter().filter(|s| s.state.sits() && s.kind == *kind).collect();
        let names = these.iter().filter_map(|s| s.body.as_deref()).map(|b| chart.name(b)).collect();
        KindView { kind: kind.as_str(), n: these.len() as i64, names }
    };
    SeatKind::ALL.iter().map(of).filter(|k| k.n > 0).collect()
}

/// The last draw, with everything to draw again.
pub(super) fn draw(req: &Req, q: &mut dyn Query, c: &Consult, all: &[Seat]) -> Result<Option<DrawView>> {
    let Some(d) = seat::draws(q, &c.id)?.pop() else { return Ok(None) };
    let heads = |sits: bool| all.iter().filter(|s| s.is_drawn() && s.state.sits() == sits).filter_map(|s| s.head).collect();
    Ok(Some(DrawView {
        roll: roll::by_id(q, &d.roll)?.number,
        seats: d.seats,
        announced_at: req.app.time(d.announced_at),
        draw_at: req.app.time(d.draw_at),
        drawn_at: d.drawn_at.map(|t| req.app.time(t)),
        order: d.order(),
        seed: d.seed,
        size: d.size,
        pool: d.pool,
        of: d.pool_n,
        sits: heads(true),
        excused: heads(false),
    }))
}

/// The agenda with what was said to it.
pub(super) fn items(
    req: &Req,
    q: &mut dyn Query,
    look: &mut Look,
    c: &Consult,
    relation: Relation,
    (all, every): (&[Seat], bool),
) -> Result<Vec<ItemView>> {
    let (chart, said) = (Chart::read(q, req.app)?, round::views(q, &c.id, false)?);
    let shown = if every { round::views(q, &c.id, true)? } else { said.clone() };
    let mut out = Vec::new();
    for (n, words) in round::items(q, &c.id)? {
        let [yes, no, abstain] = round::counts(&said, n);
        let (mut views, mut mine) = (Vec::new(), None);
        for v in shown.iter().filter(|v| v.item == n) {
            let Some(s) = all.iter().find(|s| s.id == v.seat) else { continue };
            let own = s.is_of(&req.who);
            mine = if own { Some(v.stance.as_str()) } else { mine };
            // Stance and words are one value: whoever may not read it learns of it in the counts.
            let as_seen = look.at(&Graded::new("consult.view", &s.id, v.text.clone().unwrap_or_default()), relation);
            let Some(text) = as_seen.filter(|_| matches!(relation, Relation::Desk | Relation::Involved)) else { continue };
            views.push(SaidView {
                seat: s.n,
                kind: s.kind.as_str(),
                name: seat_name(q, look, &chart, relation, s)?,
                stance: v.stance.as_str(),
                text: Some(text).filter(|t| !t.is_empty()),
                channel: v.channel.as_str(),
                at: req.app.time(v.at),
            });
        }
        out.push(ItemView { n, words, yes, no, abstain, views, mine });
    }
    Ok(out)
}

fn decisions(req: &Req, q: &mut dyn Query, chart: &Chart, c: &Consult) -> Result<Vec<DecisionView>> {
    let all = decision::of(q, &c.id)?;
    let ids: Vec<String> = all.iter().map(|d| d.case_id.clone()).collect();
    let cases = if ids.is_empty() { Vec::new() } else { case::by_ids(q, &ids)? };
    let number = |id: &str| cases.iter().find(|k| k.id == id).map(|k| k.number.clone()).unwrap_or_default();
    let one = |d: &decision::Decision| DecisionView {
        n: d.n,
        item: d.item,
        words: d.words.clone(),
        party: chart.name(&d.body),
        due_at: req.app.time(d.due_at),
        stands: standing(d, req.now).as_str(),
        done_at: d.done_at.map(|t| req.app.time(t)),
        case: number(&d.case_id),
    };
    Ok(all.iter().map(one).collect())
}

/// What residents think of it.
pub(super) fn scores(req: &Req, q: &mut dyn Query, c: &Consult) -> Result<Scores> {
    let counted = outcome::scores(q, &c.id)?;
    let (n, sum) = counted.iter().fold((0, 0), |(n, sum), (score, k)| (n + k, sum + score * k));
    let done = match &req.who.person {
        Some(person) => outcome::has_appraised(q, c, person)?,
        None => false,
    };
    Ok(Scores {
        n,
        each: (1..=rules::BEST).rev().map(|s| (s, counted.get(&s).copied().unwrap_or(0))).collect(),
        mean: rules::weighed([sum, 0, 0], [1, 0, 0], n),
        may: !done && outcome::is_appraised_now(c) && outcome::lives(&req.who, &c.path),
        done,
    })
}

fn steps(c: &Consult, way: Option<&Way>) -> Vec<StepView> {
    let mut names = vec!["collect".to_owned(), "grade".to_owned()];
    names.extend(way.map(|w| w.steps.clone()).unwrap_or_default());
    let at = match c.state {
        State::Done => names.len(),
        State::Declined => 1,
        state => names.iter().position(|n| n == state.as_str()).unwrap_or(1),
    };
    let stands = |i: usize| {
        if i < at {
            "done"
        } else if i == at {
            "now"
        } else {
            "later"
        }
    };
    names.into_iter().enumerate().map(|(i, step)| StepView { step, stands: stands(i) }).collect()
}

fn choices(req: &Req, q: &mut dyn Query, look: &mut Look, c: &Consult, pack: &Pack, all: &[Seat]) -> Result<Choices> {
    let chart = Chart::read(q, req.app)?;
    let named = |n: &super::pack::Named| Choice { id: n.id.clone(), name: n.name(req.lang).to_owned() };
    let way = c.depth.map(|t| pack.way(t));
    let mut out = Choices {
        topics: pack.topics.iter().map(named).collect(),
        declines: pack.declines.iter().map(named).collect(),
        least_forms: way.map_or(0, |w| w.least_forms as i64),
        notice_days: way.map_or(0, |w| w.notice_days),
        ..Choices::default()
    };
    let Some(way) = way else { return Ok(out) };
    out.bodies = chart.handlers_around(&c.path).take(200).map(|b| Choice { id: b.id.clone(), name: b.name.clone() }).collect();
    let sits: Vec<(&str, bool)> = all.iter().filter(|s| s.state.sits()).map(|s| (s.kind.as_str(), s.is_drawn())).collect();
    let missing = rules::missing(&way.seats, &sits, &std::collections::BTreeSet::new());
    let kind = |k: &str| SeatKind::parse(k).map(|k| k.as_str());
    out.missing = missing.iter().filter_map(|s| kind(&s.kind)).collect();
    out.waivable = missing.iter().filter(|s| s.waivable).filter_map(|s| kind(&s.kind)).collect();
    out.forms = way.forms.iter().filter_map(|f| round::Form::parse(f)).map(|f| f.as_str()).collect();
    if c.state == State::Convene {
        let sql = "select distinct o.person person from role_of o join area a on a.id = o.area where o.kind = 'building_head' \
                   and o.valid_to is null and a.path >= $1 and a.path < $2 limit 200";
        for row in q.rows(sql, params![&c.path, area::end_of(&c.path)])? {
            let id: String = row.get("person")?;
            let name = party::name_of(q, &id)?.and_then(|n| look.at(&n, Relation::Desk)).unwrap_or_default();
            out.heads.push(Choice { id, name });
        }
        let sql =
            "select number, title from roll where path >= $1 and path < $2 and state = 'posted' order by posted_at desc limit 50";
        for row in q.rows(sql, params![&c.path, area::end_of(&c.path)])? {
            let (id, title): (String, String) = (row.get("number")?, row.get("title")?);
            out.rolls.push(Choice { name: format!("{id} {title}"), id });
        }
    }
    Ok(out)
}

/// One consultation, as this reader may see it.
pub fn full(req: &Req, q: &mut dyn Query, c: &Consult, look: &mut Look) -> Result<Full> {
    if !may_see(req, q, c)? {
        return Err(Kind::NotFound.into());
    }
    let chart = Chart::read(q, req.app)?;
    let place = area::by_id(q, &c.area)?.ok_or(Kind::NotFound)?;
    let pack = match &c.pack {
        Some(_) => c.rules()?,
        None => super::ring::pack_of(req.app, &place.code).clone(),
    };
    let all = seat::of(q, &c.id)?;
    let sits = all.iter().any(|s| s.is_of(&req.who));
    let (relation, runs) = (relation(req, c, sits), c.is_run_by(&req.who));
    let inside = matches!(relation, Relation::Desk | Relation::Involved) || relation == Relation::Above;
    let rounds = round::rounds(q, &c.id)?;
    let signed = round::signed(q, &c.id)?;
    let posted = c.posted_at.is_some() || runs;
    let round = |r: &round::Round| RoundView {
        n: r.n,
        form: r.form.as_str(),
        name: pack.names.get(r.form.as_str()).filter(|_| req.lang == Lang::Zh).cloned(),
        place: r.place.clone(),
        opens_at: req.app.time(r.opens_at),
        closes_at: req.app.time(r.closes_at),
        stands: if req.now < r.opens_at {
            "before"
        } else if r.is_open(req.now) {
            "open"
        } else {
            "over"
        },
        signed: signed.iter().filter(|(n, ..)| *n == r.n).count() as i64,
    };
    let item = c.topic.as_deref().and_then(|t| pack.topic(t));
    let mine = c.is_raised_by(&req.who);
    let case = match &c.case_id {
        Some(id) if runs => case::by_id(q, id)?.map(|k| k.number),
        _ => None,
    };
    let upper = chart.body(&c.desk).and_then(|b| chart.desk_above(b)).is_some();
    Ok(Full {
        number: c.number.clone(),
        title: c.title.clone(),
        question: c.question.clone(),
        topic: item.map(|t| t.name(req.lang).to_owned()),
        place: place.name,
        community: place.code,
        state: c.state.as_str(),
        depth: c.depth.map(|t| t.as_str()),
        origin: c.origin.as_str(),
        rules: pack.name(req.lang).to_owned(),
        source: pack.source.clone(),
        desk: chart.name(&c.desk),
        level: c.level,
        raised_at: req.app.time(c.raised_at),
        posted_at: c.posted_at.map(|t| req.app.time(t)),
        held_at: c.held_at.map(|t| req.app.time(t)),
        published_at: c.published_at.map(|t| req.app.time(t)),
        due_at: c.due_at.map(|t| req.app.time(t)),
        late: is_late(c, req.now),
        deep_only: c.deep_only == 1,
        text: words(q, look, c, relation, Some(c.log_seq), "consult.text")?,
        declined: c.declined.as_deref().and_then(|d| pack.decline(d)).map(|d| d.name(req.lang).to_owned()),
        reason: words(q, look, c, relation, c.reason_seq, "consult.reason")?,
        steps: steps(c, c.depth.map(|t| pack.way(t))),
        kinds: kinds(&chart, &all),
        waived: c.waived.iter().flat_map(|w| w.split(' ')).filter_map(SeatKind::parse).map(|k| k.as_str()).collect(),
        waived_why: c.waived_why.clone(),
        seats: if inside { seats(req, q, look, c, relation, &all)? } else { Vec::new() },
        draw: draw(req, q, c, &all)?,
        rounds: if posted { rounds.iter().map(round).collect() } else { Vec::new() },
        items: if posted { items(req, q, look, c, relation, (&all, false))? } else { Vec::new() },
        minutes: words(q, look, c, relation, c.minutes_seq, "consult.minutes")?.filter(|_| relation != Relation::Above),
        outcome: c.outcome.map(|o| o.as_str()),
        summary: c.summary.clone(),
        decisions: decisions(req, q, &chart, c)?,
        satisfied: c.satisfied.map(|s| s == 1),
        scores: scores(req, q, c)?,
        case,
        runs,
        raised_by_me: mine,
        sits,
        open_round: c.state == State::Deliberate && c.posted_at.is_some() && rounds.iter().any(|r| r.is_open(req.now)),
        may_appeal: mine && c.state == State::Declined && upper,
        choices: if runs { choices(req, q, look, c, &pack, &all)? } else { Choices::default() },
    })
}
