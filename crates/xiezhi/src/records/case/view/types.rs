//! The views themselves: what a page and a program get of a case.
//!
//! What must stay true: only plain values and names of organisations; whatever is personal came through a decision before
//! it stands here.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Again, Similar};
use crate::base::classes::Choice;
use crate::base::media;
use crate::records::case::life::reply::Offer;
use crate::records::case::report::proxy::ProxyView;
use crate::records::case::report::question::Answered;
use crate::records::case::wait::Wait;

/// A case in full.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the contract's GET /reports/{number}")]
pub struct Matter {
    pub number: String,
    pub state: &'static str,
    /// `overdue`, `returned`, `reopened`, `extended`, `adjudicating`, `suspended`, `hung_up`.
    pub overlays: Vec<&'static str>,
    /// Why it was closed.
    pub outcome: Option<&'static str>,
    /// What it came from in other rooms, and whether that still has to be settled there; for whoever works here.
    pub waits: Vec<Wait>,
    /// People who said that it concerns them too.
    pub followers: i64,
    /// The reader is one of them.
    pub following: bool,
    /// Who had it how long.
    pub held: Vec<Held>,
    /// Parts that others do.
    pub tasks: Vec<TaskView>,
    /// What the handler asks for, and until when.
    pub ask: Option<AskView>,
    /// Whether what was asked for was reasonable; for staff.
    pub review: Option<&'static str>,
    pub class: Option<String>,
    /// Its name, or that it has none yet.
    pub class_name: String,
    pub urgent: bool,
    /// Pictures that whoever handles it must send along, when this reader does.
    pub evidence: Option<EvidenceView>,
    pub text: Option<String>,
    pub place: String,
    /// Code of the community.
    pub area: String,
    pub address: Option<String>,
    /// The asset it is about, for staff.
    pub component: Option<AssetView>,
    pub contact: Option<Contact>,
    /// What its class asks besides, with the answers.
    pub answers: Vec<Answered>,
    pub channel: String,
    /// Who wrote it, when it was for somebody else.
    pub proxy: Option<ProxyView>,
    pub received_at: String,
    pub holder: Option<Holder>,
    pub due_at: Option<String>,
    /// The calendar does not reach that far yet: a new one may move it later.
    pub provisional: bool,
    /// Place on the stepper, 0 to 4.
    pub step: usize,
    pub events: Vec<Event>,
    pub media: Vec<MediaView>,
    pub rating: Option<Rating>,
    pub merged_into: Option<String>,
    pub closed_at: Option<String>,
    pub reopen_until: Option<String>,
    /// What this reader may do now, the most sensible first.
    pub actions: Vec<&'static str>,
    /// Words that a clerk may use for these actions.
    pub replies: Vec<Offer>,
    /// The one of them that this reader is waited for.
    pub next: Option<&'static str>,
    /// Those that stand beside it.
    pub near: Vec<&'static str>,
    /// The rare ones, by what they are about.
    pub more: Vec<MoreView>,
    /// To whom it can be dispatched, when it can.
    pub parties: Vec<PartyView>,
    /// Who should have it, and why, when it can be dispatched.
    pub suggested: Option<SuggestedView>,
    /// Who can be called to help, when this reader may call.
    pub helpers: Vec<PartyView>,
    /// People of the holder, when one of them can be named.
    pub people: Vec<PersonView>,
    /// Who of them does it.
    pub assignee: Option<String>,
    /// The reader settled it himself: somebody else looks whether it is.
    pub own_work: bool,
    /// Open cases that may be the same, when the reader may merge it.
    pub alike: Vec<Similar>,
    /// The same thing before and after.
    pub again: Again,
    /// How such disputes were ruled before, when this one is in dispute.
    pub precedents: Vec<Precedent>,
    /// Classes to choose from, when the reader may classify it.
    pub classes: Vec<Group>,
    /// The reader reported it.
    pub mine: bool,
    /// The tracking code, as the reader gave it.
    pub code: Option<String>,
}

/// Pictures that are asked for.
#[derive(Serialize, JsonSchema)]
pub struct EvidenceView {
    /// `after`, or `pair`: one from before and one after.
    pub kind: &'static str,
    /// Why.
    pub why: String,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Contact {
    pub name: Option<String>,
    pub phone: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Holder {
    pub party: String,
    pub since: String,
    pub phone: Option<String>,
}

/// One thing that happened.
#[derive(Serialize, JsonSchema)]
pub struct Event {
    /// When.
    pub at: String,
    /// What: the action's name.
    pub kind: String,
    /// State before it.
    pub from: Option<String>,
    /// Who: an organisation, the reporter, or the program.
    pub by: String,
    /// The rule by which an order to hurry arose.
    pub rule: Option<String>,
    /// Words, as this reader may see them.
    pub text: Option<String>,
    /// Who holds it since.
    pub holder: Option<String>,
    /// Until when, as promised then.
    pub due: Option<String>,
    /// Score of a rating.
    pub score: Option<i64>,
    /// For staff only.
    pub private: bool,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct MediaView {
    pub id: String,
    /// `photo` or `voice`.
    pub kind: String,
    /// Step in which it was added.
    pub phase: String,
    /// Everybody may see it.
    pub released: bool,
    /// Where the reader may cover what must not be seen and set it free.
    pub may_cover: bool,
}

impl From<media::Shown> for MediaView {
    fn from(m: media::Shown) -> MediaView {
        MediaView { id: m.id, kind: m.kind, phase: m.phase, released: m.released, may_cover: false }
    }
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rating {
    pub score: i64,
}

#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PartyView {
    pub id: String,
    pub name: String,
    pub kind: String,
}

/// A party that is suggested.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SuggestedView {
    pub id: String,
    pub name: String,
    /// Version of the routing table and number of its rule; absent when the class itself says so.
    pub rule: Option<(i64, i64)>,
    /// It owns the asset.
    pub owner: bool,
}

/// Rare actions that are about the same.
#[derive(Serialize, JsonSchema)]
pub struct MoreView {
    /// `also`, `together`, `time` or `above`.
    pub about: &'static str,
    /// Their names.
    pub actions: Vec<&'static str>,
}

/// An asset that a case is about.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AssetView {
    pub code: String,
    pub name: String,
}

/// How long somebody held it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Held {
    pub party: String,
    /// Minutes in all.
    pub minutes: i64,
    /// How many times it came to them.
    pub times: usize,
    /// Has it now.
    pub now: bool,
}

/// A part of the case that another party does.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TaskView {
    pub id: String,
    pub kind: &'static str,
    pub party: String,
    pub caller: String,
    /// What they were asked for.
    pub text: Option<String>,
    pub state: &'static str,
    pub due_at: Option<String>,
    pub late: bool,
    pub score: Option<i64>,
    /// What this reader may do with it.
    pub actions: Vec<&'static str>,
}

/// What the handler asks for.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AskView {
    pub kind: &'static str,
    pub until: Option<String>,
}

/// A colleague.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PersonView {
    pub id: String,
    pub name: String,
    /// Open cases that lie with this person.
    pub load: i64,
    /// Is on duty now.
    pub on_duty: bool,
}

/// How a dispute was ruled before.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Precedent {
    pub number: String,
    pub party: String,
    pub body: String,
    pub at: String,
}

/// A case in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub state: &'static str,
    pub class: Option<String>,
    /// Its name, or that it has none yet.
    pub class_name: String,
    pub urgent: bool,
    pub text: Option<String>,
    pub place: String,
    pub received_at: String,
    pub holder: Option<String>,
    pub due_at: Option<String>,
    pub overlay: Option<&'static str>,
    pub overdue: bool,
    pub step: usize,
}

/// Classes of one major.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// Name of the major.
    pub name: String,
    /// Its classes.
    pub classes: Vec<Choice>,
}
