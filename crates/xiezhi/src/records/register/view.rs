//! What pages and data say about records: every value goes through a decision, and says where it comes from.
//!
//! What must stay true: what this reader may not see is not in the view; what he sees masked is said to be masked.

use schemars::JsonSchema;
use serde::Serialize;
use store::{Query, params};

use super::home::{self, Dwelling};
use super::joined;
use super::person::{self, Of, Person};
use super::rules::{self, Flag, State};
use super::values::Values;
use crate::base::area;
use crate::base::catalogue::{Graded, Look, Relation, codes as lists, element, grade_of};
use crate::kit::i18n::Lang;
use crate::kit::{Req, Result};

/// One value.
#[derive(Serialize, JsonSchema)]
pub struct ValueView {
    /// Code in the catalogue.
    pub element: &'static str,
    /// The field of forms and JSON.
    pub field: &'static str,
    /// Key of its name.
    pub text: String,
    /// As this reader may see it.
    pub value: String,
    /// Seen in clear; only then may it be written anew.
    pub plain: bool,
    /// The code, where the value is one of a list and seen in clear.
    pub code: Option<String>,
    pub grade: u8,
    pub source: &'static str,
    pub at: String,
    /// What is strange about it.
    pub flag: Option<&'static str>,
}

/// Where values come from.
#[derive(Serialize, JsonSchema)]
pub struct SaidView {
    pub source: &'static str,
    pub at: String,
}

/// A tag.
#[derive(Serialize, JsonSchema)]
pub struct TagView {
    pub code: String,
    pub word: String,
    pub purpose: String,
    pub consent: String,
    pub since: String,
    pub until: String,
}

/// A record in a list.
#[derive(Serialize, JsonSchema)]
pub struct RowView {
    pub id: String,
    pub kind: &'static str,
    pub name: Option<String>,
    pub sex: Option<String>,
    pub birth: Option<String>,
    pub relation: Option<String>,
    pub home: Option<String>,
    pub state: &'static str,
}

/// A record as it was.
#[derive(Serialize, JsonSchema)]
pub struct PastView {
    pub at: String,
    pub act: String,
    /// What was known until then and is no longer.
    pub was: Vec<WasView>,
    /// Where it was written.
    pub entry: i64,
}

/// A value as it was.
#[derive(Serialize, JsonSchema)]
pub struct WasView {
    pub text: String,
    pub value: String,
}

/// Everything about one record.
#[derive(Serialize, JsonSchema)]
pub struct FullView {
    pub id: String,
    pub kind: &'static str,
    pub state: &'static str,
    pub version: i64,
    pub name: String,
    pub seen_at: String,
    pub values: Vec<ValueView>,
    /// Where most of them come from.
    pub most: Option<SaidView>,
    /// What may be written anew: what this reader sees in clear, and what is not known.
    pub fields: Vec<FieldView>,
    pub tags: Vec<TagView>,
    pub home: Option<HomeView>,
    /// Those who keep house with him.
    pub household: Vec<RowView>,
    pub past: Vec<PastView>,
    /// Records that were joined with it.
    pub joined: Vec<String>,
    pub may_keep: bool,
    pub may_tag: bool,
    pub tag_codes: Vec<CodeView>,
    pub purpose: &'static str,
}

/// A home.
#[derive(Serialize, JsonSchema)]
pub struct HomeView {
    pub id: String,
    pub place: String,
    pub door: String,
    /// Building and door.
    pub address: String,
    pub purpose: &'static str,
}

/// A field of a form.
#[derive(Serialize, JsonSchema)]
pub struct FieldView {
    /// Its name in forms and JSON.
    pub field: &'static str,
    /// Key of its name.
    pub text: String,
    /// What can be chosen.
    pub codes: Vec<CodeView>,
    /// What is known, or was typed.
    pub value: String,
    /// It must be there.
    pub required: bool,
    /// `date`, `tel`, `text`.
    pub input: &'static str,
}

/// A code and its word.
#[derive(Serialize, JsonSchema)]
pub struct CodeView {
    pub code: String,
    pub word: String,
}

/// History that a page shows.
const PAST: i64 = 20;

/// The key of an element's name.
pub(super) fn text_key(element: &str) -> String {
    match element {
        // Where nothing but the register is meant, the shorter name does.
        "register.name" | "register.phone" | "register.home" => element.replace('.', "-"),
        _ => format!("element-{}", element.replace(['.', '_'], "-")),
    }
}

/// The field of forms and JSON that holds an element.
pub(super) fn field(element: &'static str) -> &'static str {
    element.strip_prefix(super::values::PREFIX).unwrap_or(element)
}

/// A value as a word, when it is a code of a list.
pub(super) fn word(element_code: &str, value: String, lang: Lang) -> String {
    let list = element(element_code).and_then(|e| e.list.as_deref());
    list.and_then(|l| lists::get(l, &value)).map_or(value, |c| c.word(lang).to_owned())
}

/// The codes of an element.
pub(super) fn codes(element_code: &str, lang: Lang) -> Vec<CodeView> {
    let list = element(element_code).and_then(|e| e.list.as_deref()).unwrap_or_default();
    lists::of(list).map(|c| CodeView { code: c.code.clone(), word: c.word(lang).to_owned() }).collect()
}

/// A field of a form for an element, empty or with what is known.
pub(super) fn form_field(element: &'static str, value: String, lang: Lang) -> FieldView {
    FieldView {
        field: field(element),
        text: text_key(element),
        codes: codes(element, lang),
        value,
        required: matches!(element, "register.name" | "register.org_name"),
        input: match element {
            "register.birth" => "date",
            "register.phone" | "register.org_phone" => "tel",
            _ => "text",
        },
    }
}

/// What a home is called: its building, or area, and the door.
pub(super) fn address(q: &mut dyn Query, home: &Dwelling) -> Result<String> {
    let place = match area::building(q, &home.place)? {
        Some(building) => building.address,
        None => area::by_id(q, &home.place)?.map(|a| a.name).unwrap_or_default(),
    };
    Ok(format!("{place} {}", home.door))
}

/// One value through a decision.
fn shown(look: &mut Look, relation: Relation, value: &Graded, element: &str, lang: Lang) -> Option<String> {
    look.at(value, relation).map(|v| word(element, v, lang))
}

/// Records of a list.
pub(super) fn rows(req: &Req, q: &mut dyn Query, people: &[Person], look: &mut Look, homes: bool) -> Result<Vec<RowView>> {
    let mut out = Vec::new();
    for one in people {
        let Some(relation) = rules::relation(&req.who, &one.spot.path) else { continue };
        let mut at = |element: &'static str| one.graded(element).and_then(|v| shown(look, relation, &v, element, req.lang));
        let (name, sex) = (at(one.name_element()), at("register.sex"));
        let (birth, kin) = (at("register.birth"), at("register.relation"));
        let home = match one.dwelling.as_deref().filter(|_| homes) {
            Some(id) => match home::by_id(q, id)? {
                Some(home) => look.at(&Graded::new("register.home", &one.id, address(q, &home)?), relation),
                None => None,
            },
            None => None,
        };
        let (kind, state) = (one.kind.as_str(), one.state.as_str());
        out.push(RowView { id: one.id.clone(), kind, name, sex, birth, relation: kin, home, state });
    }
    Ok(out)
}

/// The elements of a kind of record.
pub(super) fn elements(kind: Of) -> &'static [&'static str] {
    match kind {
        Of::Person => &rules::PERSON,
        Of::Organisation => &rules::ORGANISATION,
    }
}

/// Everything about one record, for whoever stands to it like this.
pub(super) fn full(
    req: &Req,
    q: &mut dyn Query,
    one: &Person,
    relation: Relation,
    look: &mut Look,
    purpose: &'static str,
) -> Result<FullView> {
    let members = joined::members(q, &one.id)?;
    let known = joined::golden(one, &members);
    let flags = rules::flags(&known, req.now);
    let mut values = Vec::new();
    let mut fields = Vec::new();
    for element in elements(one.kind) {
        match value_view(req, &known, one, element, relation, look, &flags) {
            Some(view) => {
                if view.plain {
                    let value = view.code.clone().unwrap_or_else(|| view.value.clone());
                    fields.push(form_field(element, value, req.lang));
                }
                values.push(view);
            }
            None if known.get(element).is_none() => fields.push(form_field(element, String::new(), req.lang)),
            None => {}
        }
    }
    let home = match &one.dwelling {
        Some(id) => home::by_id(q, id)?,
        None => None,
    };
    let home = match home {
        Some(home) => {
            let text = address(q, &home)?;
            let at = look.at(&Graded::new("register.home", &one.id, text), relation);
            at.map(|address| HomeView {
                id: home.id,
                place: home.place,
                door: home.door,
                address,
                purpose: home.purpose.as_str(),
            })
        }
        None => None,
    };
    let household = match one.dwelling.as_deref().zip(one.household.as_deref()).filter(|_| one.state == State::Here) {
        Some((dwelling, household)) => {
            let all = person::of_home(q, dwelling)?;
            let kin: Vec<Person> =
                all.into_iter().filter(|p| p.household.as_deref() == Some(household) && p.id != one.id).collect();
            rows(req, q, &kin, look, false)?
        }
        None => Vec::new(),
    };
    let tags = tags(req, &known, one, relation, look);
    let may_keep = rules::may_keep(&req.who, &one.spot.path);
    let name = values.first().filter(|v| v.element == one.name_element()).map(|v| v.value.clone());
    let mut most: Option<(&ValueView, usize)> = None;
    for value in &values {
        let alike = values.iter().filter(|v| v.source == value.source && v.at[..10] == value.at[..10]).count();
        if most.is_none_or(|(_, n)| alike > n) {
            most = Some((value, alike));
        }
    }
    let most = most.map(|(v, _)| SaidView { source: v.source, at: v.at.clone() });
    Ok(FullView {
        most,
        name: name.unwrap_or_default(),
        id: one.id.clone(),
        kind: one.kind.as_str(),
        state: one.state.as_str(),
        version: one.version,
        seen_at: req.app.time(one.seen_at),
        past: past(req, q, one, relation, look)?,
        values,
        fields,
        may_tag: tags.is_some() && may_keep && one.kind == Of::Person,
        tags: tags.unwrap_or_default(),
        home,
        household,
        joined: members.iter().map(|m| m.id.clone()).collect(),
        may_keep,
        tag_codes: codes("register.tag", req.lang),
        purpose,
    })
}

fn value_view(
    req: &Req,
    known: &Values,
    one: &Person,
    element: &'static str,
    relation: Relation,
    look: &mut Look,
    flags: &[(&'static str, Flag)],
) -> Option<ValueView> {
    let held = known.get(element)?;
    let seen = look.at(&known.graded(element, &one.id)?, relation)?;
    let plain = seen == held.text;
    let listed = crate::base::catalogue::element(element).is_some_and(|e| e.list.is_some());
    Some(ValueView {
        element,
        field: field(element),
        text: text_key(element),
        code: (plain && listed).then(|| seen.clone()),
        value: word(element, seen, req.lang),
        plain,
        grade: grade_of(element),
        source: held.source.as_str(),
        at: req.app.time(held.at),
        flag: flags.iter().find(|(e, _)| *e == element).map(|(_, f)| f.as_str()),
    })
}

/// The tags that hold now; `None` when this reader may not know of any.
fn tags(req: &Req, known: &Values, one: &Person, relation: Relation, look: &mut Look) -> Option<Vec<TagView>> {
    let list = |t: &super::values::Tag| {
        let code = look.at(&Graded::new("register.tag", &one.id, t.code.clone()), relation)?;
        Some(TagView {
            word: word("register.tag", code.clone(), req.lang),
            code,
            purpose: t.purpose.clone(),
            consent: t.consent.clone(),
            since: req.app.time(t.since),
            until: req.app.time(t.until),
        })
    };
    let all: Vec<TagView> = known.tags_at(req.now).filter_map(list).collect();
    // Whoever may see tags may see that there are none.
    let roles: Vec<_> = req.who.roles.iter().map(|r| r.kind).collect();
    let asker = crate::base::catalogue::Asker { roles: &roles, purpose: look.purpose(), relation };
    let plain = crate::base::catalogue::decide("register.tag", &asker).decision == calc::grade::Decision::Plain;
    plain.then_some(all)
}

/// What was known before, the newest change first.
fn past(req: &Req, q: &mut dyn Query, one: &Person, relation: Relation, look: &mut Look) -> Result<Vec<PastView>> {
    let sql = "select at, act, log_seq, sealed from resident_past where resident = $1 order by version desc limit $2";
    let rows = q.rows(sql, params![&one.id, PAST])?;
    let mut sealed = Vec::new();
    for row in &rows {
        sealed.push((one.id.clone(), row.get::<Vec<u8>>("sealed")?));
    }
    let opened = q.open_many(&sealed)?;
    let mut then = one.values.clone();
    let mut out = Vec::new();
    for (row, bytes) in rows.iter().zip(opened) {
        let Some(was) = bytes.and_then(|b| serde_json::from_slice::<person::Snapshot>(&b).ok()) else { continue };
        let mut changed = Vec::new();
        for (element, value) in was.values.elements() {
            if then.text(element) == Some(value.text.as_str()) {
                continue;
            }
            let old = Graded::new(element, &one.id, value.text.clone());
            if let Some(value) = shown(look, relation, &old, element, req.lang) {
                changed.push(WasView { text: text_key(element), value });
            }
        }
        then = was.values;
        out.push(PastView { at: req.app.time(row.get("at")?), act: row.get("act")?, was: changed, entry: row.get("log_seq")? });
    }
    Ok(out)
}
