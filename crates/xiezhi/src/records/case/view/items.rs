//! Cases in a list.
//!
//! What must stay true: the words of a whole page are read in one query; what a private matter is about is not in a public
//! list.

use std::collections::HashMap;

use store::{Query, Written};

use super::{Item, class_name, overlays, relation};
use crate::base::area::names::Names;
use crate::base::catalogue::{Look, Relation};
use crate::base::classes::Visibility;
use crate::kit::{Req, Result};
use crate::records::case::life::task;
use crate::records::case::{Case, Rulebook, place_text};

/// Cases for a list: the words of all of them in one query.
pub fn items(req: &Req, q: &mut dyn Query, cases: &[Case], look: &mut Look) -> Result<Vec<Item>> {
    let (app, who) = (req.app, &req.who);
    let said: Vec<u64> = cases.iter().map(|c| c.log_seq).collect();
    let said: HashMap<u64, Written> = q.entries_at(&said)?.into_iter().map(|w| (w.index, w)).collect();
    let book = Rulebook::read(q, app)?;
    let names = Names::read(q, app)?;
    let mine = task::cases_for(q, who)?;
    let now = app.now();
    cases
        .iter()
        .map(|case| {
            let relation = relation(case, who, false, &book.chart, mine.contains(&case.id));
            let private = book.class(case).visibility == Visibility::Private;
            let words = said.get(&case.log_seq).filter(|w| w.obj == case.id).and_then(|w| w.element("case.text"));
            Ok(Item {
                number: case.number.clone(),
                state: case.state.as_str(),
                class: case.class.clone(),
                class_name: class_name(app, &book.classes, case.class.as_deref(), req.lang),
                urgent: book.class(case).urgent,
                text: words
                    .filter(|_| !(relation == Relation::Public && private))
                    .and_then(|v| look.at(&case.graded("case.text", v.to_owned()), relation)),
                place: place_text(&names, q, case)?,
                received_at: app.time(case.received_at),
                holder: case.holder.as_deref().map(|id| book.chart.name(id)),
                due_at: case.due_at.map(|d| app.time(d)),
                overlay: case.overlay.map(|o| o.as_str()),
                overdue: overlays(case, now).contains(&"overdue"),
                step: case.state.step(),
            })
        })
        .collect()
}
