//! Beginning a budget, proposing, deciding on ideas, posting the list, choosing, publishing the result.
//!
//! Every action has one shape: may you? → load → rules decide → write → log.

use jiff::tz::TimeZone;
use store::{Entry, Logged, Query, Tx, params};

use super::count::Counted;
use super::rules::{self, Phase};
use super::{Budget, Stand, State, by_number, projects};
use crate::base::area;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Result, Who};
use crate::records::case::Rulebook;
use crate::records::case::decided::{self, Decided};
use crate::records::case::report::Spot;

/// What is to be given out.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct New {
    pub title: String,
    pub about: String,
    pub area: String,
    pub amount: i64,
    pub most: i64,
    pub ideas_until: Ms,
    pub opens_at: Ms,
    pub closes_at: Ms,
}

impl New {
    /// Reads the form. Without `area` it is the desk's own.
    pub fn parse(input: &Input, zone: &TimeZone) -> Result<New> {
        let until = |name: &'static str| input.until(name, zone)?.ok_or_else(|| Error::from(Kind::Missing).field(name));
        let opens = input.need("opens_at", 40)?;
        let opens = crate::kit::time::parse(&opens).or_else(|| crate::kit::time::day_begin(&opens, zone));
        Ok(New {
            title: input.need("title", 100)?,
            about: input.text("about", 2000)?.unwrap_or_default(),
            area: input.text("area", 40)?.unwrap_or_default(),
            amount: input.int("amount", 1, rules::AMOUNT)?.ok_or_else(|| Kind::Missing.at("amount"))?,
            most: input.int("most", 1, rules::MOST)?.ok_or_else(|| Kind::Missing.at("most"))?,
            ideas_until: until("ideas_until")?,
            opens_at: opens.ok_or_else(|| Kind::WrongType.at("opens_at"))?,
            closes_at: until("closes_at")?,
        })
    }
}

/// Begins a budget; gives its number.
pub fn begin(tx: &mut Tx, who: &Who, new: &New) -> Result<String> {
    let place = area::of_desk(tx, who, &new.area)?;
    let (id, now) = (tx.id(), tx.now());
    rules::times(now, new.ideas_until, new.opens_at, new.closes_at)?;
    let number = format!("B-{:04}", tx.count("select count(*) from budget", &[])? + 1);
    tx.new_owner_of(&id, &place.id)?;
    let entry = who.by_desk(&place.path, &place.id, Entry::new("budget.begin", "budget", &id))?;
    let entry = entry.fact("number", number.as_str()).fact("amount", new.amount).fact("closes", new.closes_at);
    let seq = tx.log(entry)?.index;
    let sql = "insert into budget(id, number, title, about, area, path, state, amount, most, made_at, ideas_until, opens_at, \
               closes_at, log_seq) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
    let state = State::Ideas;
    tx.exec(
        sql,
        params![
            &id,
            &number,
            &new.title,
            &new.about,
            &place.id,
            &place.path,
            state,
            new.amount,
            new.most,
            now,
            new.ideas_until,
            new.opens_at,
            new.closes_at,
            seq
        ],
    )?;
    Ok(number)
}

/// Somebody proposes something; gives its place.
pub fn propose(tx: &mut Tx, who: &Who, number: &str, words: &str) -> Result<i64> {
    let (budget, now) = (by_number(tx, number)?, tx.now());
    if rules::phase(&budget, now) != Phase::Ideas {
        return Err(Kind::Over.into());
    }
    let runs = budget.is_run_by(who);
    if !runs {
        who.part_in(&budget.path).ok_or(Kind::OtherArea)?;
        let own = "select count(*) from budget_project where by_person = $1 and budget = $2";
        if tx.count(own, params![who.person.as_deref(), &budget.id])? >= rules::OWN {
            return Err(Kind::TooMany.at("words").limit(rules::OWN));
        }
    }
    let n = tx.count("select count(*) from budget_project where budget = $1", params![&budget.id])? + 1;
    if n > rules::PROJECTS {
        return Err(Kind::TooMany.at("words").limit(rules::PROJECTS));
    }
    let entry = Entry {
        actor: who.actor(),
        area: Some(&budget.area),
        owner: Some(&budget.id),
        ..Entry::new("budget.idea", "budget", &budget.id)
    };
    let seq = tx.log(entry.fact("n", n).element("budget.words", Some(words)))?.index;
    let sealed = tx.seal(&budget.id, words.as_bytes())?;
    let sql = "insert into budget_project(budget, n, state, by_person, made_at, words, log_seq) values ($1,$2,$3,$4,$5,$6,$7)";
    tx.exec(sql, params![&budget.id, n, Stand::Idea, who.person.as_deref(), now, sealed, seq])?;
    Ok(n)
}

/// The desk's answer to an idea.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is put to the vote.
    List {
        /// Its name.
        title: String,
        /// What is to be done.
        public: String,
        /// Yuan.
        cost: i64,
    },
    /// It is not, with the reason everybody reads.
    Decline(String),
    /// After the posting: it cannot be done any more, with the reason.
    Withdraw(String),
}

/// Decides on an idea; until the posting another decision takes its place.
pub fn decide(tx: &mut Tx, who: &Who, number: &str, n: i64, answer: &Answer) -> Result<()> {
    let (budget, now) = (by_number(tx, number)?, tx.now());
    let entry = budget.entry(who, "budget.decide")?;
    let project = projects(tx, &budget.id)?.into_iter().find(|p| p.n == n).ok_or(Kind::NotFound)?;
    let phase = rules::phase(&budget, now);
    let before = matches!(phase, Phase::Ideas | Phase::Checking);
    let allowed = match answer {
        Answer::List { .. } | Answer::Decline(_) => before,
        // What is posted is on the list; taking it off while people choose is told to everybody, and the ballots stay.
        Answer::Withdraw(_) => matches!(phase, Phase::Notice | Phase::Open) && project.state == Stand::Listed,
    };
    if !allowed {
        return Err(Kind::State.into());
    }
    let (state, title, public, cost, why) = match answer {
        Answer::List { title, public, cost } => {
            if *cost > budget.amount {
                return Err(Kind::OutOfRange.at("cost").limit(budget.amount));
            }
            (Stand::Listed, Some(title.as_str()), Some(public.as_str()), Some(*cost), None)
        }
        Answer::Decline(why) => (Stand::Declined, None, None, None, Some(why.as_str())),
        Answer::Withdraw(why) => {
            (Stand::Withdrawn, project.title.as_deref(), project.public.as_deref(), project.cost, Some(why.as_str()))
        }
    };
    let said = crate::kit::digest(&[
        title.unwrap_or_default().into(),
        public.unwrap_or_default().into(),
        why.unwrap_or_default().into(),
    ]);
    let entry = entry.fact("n", n).fact("state", state.as_str()).fact("digest", said);
    tx.log(match cost {
        Some(cost) => entry.fact("cost", cost),
        None => entry,
    })?;
    let sql = "update budget_project set state = $3, title = $4, public = $5, cost = $6, why = $7 where budget = $1 and n = $2";
    tx.exec(sql, params![&budget.id, n, state, title, public, cost, why])?;
    Ok(())
}

/// Puts the list to the vote: from now on projects, costs and times stand still, and the order of ties is drawn.
pub fn post(tx: &mut Tx, who: &Who, number: &str) -> Result<()> {
    let (budget, now) = (by_number(tx, number)?, tx.now());
    let entry = budget.entry(who, "budget.post")?;
    if rules::phase(&budget, now) != Phase::Checking {
        return Err(Kind::State.into());
    }
    if budget.opens_at <= now {
        return Err(Kind::TooLate.at("opens_at"));
    }
    let all = projects(tx, &budget.id)?;
    let open = all.iter().filter(|p| p.state == Stand::Idea).count();
    if open > 0 {
        return Err(Kind::Undecided.at("projects").limit(open as i64));
    }
    let listed: Vec<String> = all.iter().filter(|p| p.state == Stand::Listed).map(|p| p.n.to_string()).collect();
    if listed.len() < 2 {
        return Err(Kind::Missing.at("projects"));
    }
    let seed = store::hex(tx.random::<16>());
    let order: Vec<i64> = calc::draw::draw(&seed, listed.iter().map(String::as_str), listed.len())
        .into_iter()
        .filter_map(|n| n.parse().ok())
        .collect();
    let line = |p: &super::Project| {
        format!(
            "{} {} {} {}",
            p.n,
            p.cost.unwrap_or_default(),
            p.title.as_deref().unwrap_or_default(),
            p.public.as_deref().unwrap_or_default()
        )
    };
    let text: Vec<String> = all.iter().filter(|p| p.state == Stand::Listed).map(line).collect();
    let entry = entry.fact("seed", seed.as_str()).fact("projects", listed.len() as i64).fact("digest", crate::kit::digest(&text));
    let seq = tx.log(entry.fact("opens", budget.opens_at).fact("closes", budget.closes_at))?.index;
    let sql = "update budget set state = $2, posted_at = $3, seed = $4, post_seq = $5 where id = $1";
    tx.exec(sql, params![&budget.id, State::Posted, now, &seed, seq])?;
    for (place, n) in order.iter().enumerate() {
        tx.exec("update budget_project set tie = $3 where budget = $1 and n = $2", params![&budget.id, *n, place as i64 + 1])?;
    }
    Ok(())
}

/// Who carries a project out, until when.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of the form")]
pub struct NewTask {
    pub number: String,
    pub n: i64,
    pub body: String,
    pub due_at: Ms,
}

/// Hands a project that won to whoever carries it out, until a day; once more when that came to nothing.
pub fn task(tx: &mut Tx, book: &Rulebook, zone: &TimeZone, who: &Who, new: &NewTask, spot: &Spot) -> Result<()> {
    let NewTask { number, n, body, due_at: due } = new;
    let (n, due) = (*n, *due);
    let (budget, now) = (by_number(tx, number)?, tx.now());
    let entry = budget.entry(who, "budget.task")?;
    let project = projects(tx, &budget.id)?.into_iter().find(|p| p.n == n).ok_or(Kind::NotFound)?;
    if rules::phase(&budget, now) != Phase::Published || !budget.counted()?.is_some_and(|c| c.won(n)) {
        return Err(Kind::State.into());
    }
    if due <= now || due > now + rules::TASK_DAYS * DAY {
        return Err(Kind::OutOfRange.at("due_at").limit(rules::TASK_DAYS));
    }
    if let Some(task) = &project.task {
        // Only what was turned down, or ended without being done, is handed out again.
        let case = decided::carrier(tx, &task.case)?;
        if case.as_ref().and_then(decided::ended) != Some(false) {
            return Err(Kind::State.into());
        }
    }
    let words = format!("{}（参与式预算 {number}）", project.title.as_deref().unwrap_or_default());
    let what = Decided { words, of: ("budget", number), body, due_at: due };
    let made = decided::task(tx, book, zone, who, &what, spot)?;
    // The day that was promised first stays: later is late, whoever does it.
    let first = project.task.map_or(due, |t| t.due_at);
    let sql = "update budget_project set case_id = $3, body = $4, due_at = $5 where budget = $1 and n = $2";
    tx.exec(sql, params![&budget.id, n, &made.id, body.as_str(), first])?;
    tx.log(entry.fact("n", n).fact("body", body.as_str()).fact("by", due).fact("case", made.number.as_str()))?;
    Ok(())
}

/// Somebody chooses; until the end the latest counts. Gives its entry in the log.
pub fn choose(tx: &mut Tx, who: &Who, number: &str, chosen: &[String]) -> Result<Logged> {
    let (budget, now) = (by_number(tx, number)?, tx.now());
    match rules::phase(&budget, now) {
        Phase::Open => {}
        Phase::Ideas | Phase::Checking | Phase::Notice => return Err(Kind::NotOpen.into()),
        _ => return Err(Kind::Over.into()),
    }
    who.part_in(&budget.path).ok_or(Kind::OtherArea)?;
    let listed: Vec<i64> = projects(tx, &budget.id)?.iter().filter(|p| p.state == Stand::Listed).map(|p| p.n).collect();
    let numbers = rules::ballot(chosen, &listed, budget.most)?;
    let person = who.person.as_deref().ok_or(Kind::Denied)?;
    let voter = crate::kit::voter(|p, t| tx.digest(p, t), &budget.id, person);
    let changed = tx.row("select changed from budget_ballot where budget = $1 and voter = $2", params![&budget.id, &voter])?;
    let changed: Option<i64> = changed.map(|r| r.get("changed")).transpose()?;
    if changed.is_some_and(|c| c >= rules::CHANGES) {
        return Err(Kind::TooMany.at("projects").limit(rules::CHANGES));
    }
    let text = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    // Without a name: the log shows that somebody chose, not who.
    let entry = Entry { area: Some(&budget.area), owner: Some(&budget.id), ..Entry::new("budget.ballot", "budget", &budget.id) };
    let logged = tx.log(entry.fact("voter", voter.as_str()).element("budget.choice", Some(text.as_str())))?;
    let sealed = tx.seal(&budget.id, text.as_bytes())?;
    match changed {
        Some(_) => {
            let sql = "update budget_ballot set at = $3, changed = changed + 1, choices = $4, log_seq = $5 where budget = $1 and voter = $2";
            tx.exec(sql, params![&budget.id, &voter, now, sealed, logged.index])?;
        }
        None => {
            let sql = "insert into budget_ballot(budget, voter, at, changed, choices, log_seq) values ($1, $2, $3, 0, $4, $5)";
            tx.exec(sql, params![&budget.id, &voter, now, sealed, logged.index])?;
        }
    }
    Ok(logged)
}

/// Budgets whose vote is over and that have no result yet.
pub fn ended(q: &mut dyn Query, now: Ms, most: i64) -> Result<Vec<String>> {
    let sql = "select number from budget where state = $1 and closes_at <= $2 order by closes_at limit $3";
    let rows = q.rows(sql, params![State::Posted, now, most])?;
    Ok(rows.iter().map(|r| r.get("number")).collect::<store::Result<_>>()?)
}

/// Publishes the result of a vote that is over.
pub fn publish(tx: &mut Tx, number: &str, result: &Counted) -> Result<()> {
    let (budget, now): (Budget, _) = (by_number(tx, number)?, tx.now());
    if rules::phase(&budget, now) != Phase::Counting {
        return Ok(());
    }
    let text = serde_json::to_string(result).map_err(Error::internal)?;
    let entry = Entry { area: Some(&budget.area), ..Entry::new("budget.result", "budget", &budget.id) };
    let winners: Vec<String> = result.told.iter().filter(|t| t.won).map(|t| t.n.to_string()).collect();
    let entry = entry.fact("winners", winners.join(" ")).fact("voters", result.voters).fact("cost", result.cost);
    tx.log(entry.fact("digest", crate::kit::digest(std::slice::from_ref(&text))))?;
    let sql = "update budget set state = $2, ended_at = $3, result = $4 where id = $1";
    tx.exec(sql, params![&budget.id, State::Published, now, text])?;
    Ok(())
}

/// Gives a budget up, with the reason everybody reads.
pub fn void(tx: &mut Tx, who: &Who, number: &str, why: &str) -> Result<()> {
    let (budget, now) = (by_number(tx, number)?, tx.now());
    let entry = budget.entry(who, "budget.void")?;
    // Once it is over it has a result, whoever likes it.
    if matches!(rules::phase(&budget, now), Phase::Counting | Phase::Published | Phase::Void) {
        return Err(Kind::State.into());
    }
    tx.log(entry.fact("digest", crate::kit::digest(&[why.to_owned()])))?;
    tx.exec("update budget set state = $2, ended_at = $3, why = $4 where id = $1", params![&budget.id, State::Void, now, why])?;
    Ok(())
}
