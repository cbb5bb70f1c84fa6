//! Who asked to hand work down, how often, what became of it and why: public, for every organisation and any period.
//!
//! What must stay true: asked = admitted + refused + not decided, for each organisation; every refusal is there with its
//! reason, by the lists or by whoever refused. It counts offices, never persons.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::pack::Pack;
use super::{BY_LIST, COLUMNS, Request, State, read};
use crate::base::catalogue::{Graded, Look, Relation};
use crate::base::party::Chart;
use crate::kit::Result;
use crate::kit::i18n::Lang;
use crate::kit::time::Ms;

/// Requests that are counted at most.
const MOST: i64 = 20_000;
/// Refusals listed for each organisation.
const LISTED: usize = 20;

/// What one organisation asked.
#[derive(Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Count {
    pub party: String,
    pub asked: i64,
    pub admitted: i64,
    pub refused: i64,
    /// Of those refused: by the lists themselves.
    pub refused_by_list: i64,
    pub waiting: i64,
    pub refusals: Vec<Refusal>,
}

/// One refusal.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Refusal {
    pub number: String,
    pub what: Option<String>,
    /// Who refused; absent when the lists did.
    pub by: Option<String>,
    /// Entry of the negative list.
    pub item: Option<String>,
    pub reason: Option<String>,
}

/// Counts the requests of a period, the organisation that asked most first.
pub fn of(q: &mut dyn Query, chart: &Chart, pack: &Pack, lang: Lang, from: Ms, to: Ms, look: &mut Look) -> Result<Vec<Count>> {
    let sql =
        format!("select {COLUMNS} from duty_request where asked_at >= $1 and asked_at < $2 order by asked_at desc, id limit $3");
    let requests: Vec<Request> = q.rows(&sql, params![from, to, MOST])?.iter().map(read).collect::<store::Result<_>>()?;
    let mut all: BTreeMap<String, Count> = BTreeMap::new();
    for r in &requests {
        let count = all.entry(r.asker.clone()).or_insert_with(|| Count { party: chart.name(&r.asker), ..Count::default() });
        count.asked += 1;
        match r.state {
            State::Asked => count.waiting += 1,
            State::Admitted => count.admitted += 1,
            State::Refused => {
                count.refused += 1;
                count.refused_by_list += i64::from(r.refused_by.as_deref() == Some(BY_LIST));
                if count.refusals.len() < LISTED {
                    let by = r.refused_by.as_deref().filter(|b| *b != BY_LIST).map(|b| chart.name(b));
                    let item = r.refused_item.as_deref().and_then(|i| pack.get(i)).map(|i| i.name(lang).to_owned());
                    let what = words(q, r, "duty.ask", "duty.what", look, Relation::Public)?;
                    let reason = words(q, r, "duty.refuse", "duty.reason", look, Relation::Public)?;
                    count.refusals.push(Refusal { number: r.number.clone(), what, by, item, reason });
                }
            }
        }
    }
    let mut out: Vec<Count> = all.into_values().collect();
    out.sort_by(|a, b| b.asked.cmp(&a.asked).then_with(|| a.party.cmp(&b.party)));
    Ok(out)
}

/// Words of a step of a request, as this reader may see them.
pub fn words(
    q: &mut dyn Query,
    request: &Request,
    act: &str,
    element: &'static str,
    look: &mut Look,
    relation: Relation,
) -> Result<Option<String>> {
    let history = if act == "duty.ask" { q.entry(request.log_seq)?.into_iter().collect() } else { q.history(&request.id)? };
    let said = history.iter().rev().find(|w| w.obj == request.id && w.act == act);
    let value = said.and_then(|w| w.element(element).map(str::to_owned));
    Ok(value.and_then(|v| look.at(&Graded::new(element, &request.id, v), relation)))
}
