//! What a resident need not bring, and whether a service looks as if it were for him: what the register holds of himself, held
//! against an entry.
//!
//! What must stay true: it is asked of whoever signed in for himself alone, about himself alone; the answer is two words and
//! never says which condition it was; nothing of it is written down, and nobody else is ever given it.

use store::Query;

use super::Service;
use crate::kit::i18n::Lang;
use crate::kit::{App, Req, Result};
use crate::records::form::Record;
use crate::records::form::rules::meant;
use crate::records::register::mine;
use crate::records::register::person::Of;
use crate::records::register::query::{self, Filter};

/// What the register says of the reader about an entry.
pub struct Fit {
    /// Of each thing to bring: it is held.
    pub held: Vec<bool>,
    /// Looks as if he could have it; none when nothing is asked, or nothing is known.
    pub looks: Option<bool>,
}

/// Holds an entry against what is held of the reader; none for strangers, for whoever acts for another, and for whom the
/// register does not know.
pub fn of(req: &Req, q: &mut dyn Query, service: &Service) -> Result<Option<Fit>> {
    let Some(person) = req.who.person.as_deref().filter(|_| req.who.by.is_none()) else { return Ok(None) };
    let Some(record) = mine::record(q, person)? else { return Ok(None) };
    let Some(one) = query::whole(q, &record.id)? else { return Ok(None) };
    let held = service.details.documents.iter().map(|d| d.held.as_deref().is_some_and(|e| one.held(e).is_some())).collect();
    let e = &service.details.eligibility;
    let today = crate::kit::time::zoned(req.now, &req.app.config.zone).strftime("%Y-%m-%d").to_string();
    let path = e.lives_here.then_some(service.path.as_str());
    let fits = |tag: Option<&String>| {
        let filter = Filter { from: e.age_from, to: e.age_to, tag: tag.cloned(), ..Filter::default() };
        one.fits(&filter, path, &today, req.now)
    };
    let looks = if e.tags.is_empty() { fits(None) } else { e.tags.iter().any(|t| fits(Some(t))) };
    Ok(Some(Fit { held, looks: e.has_conditions().then_some(looks) }))
}

/// The element of the register that a thing to bring says again, by its code or by the words for it.
pub fn element(app: &App, word: &str) -> Option<String> {
    let known = query::elements(Of::Person);
    if let Some(code) = known.iter().find(|e| **e == word).or((word == query::HOME).then_some(&query::HOME)) {
        return Some((*code).to_owned());
    }
    let names: Vec<(&'static str, String)> =
        known.into_iter().map(|e| (e, app.texts.plain(Lang::Zh, &query::name_key(e)))).collect();
    meant(word, Record::Person, &names).map(str::to_owned)
}
