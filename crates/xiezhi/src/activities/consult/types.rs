//! What a view of a consultation holds.

use schemars::JsonSchema;
use serde::Serialize;

/// Consultations of the reader's place.
#[derive(Serialize, JsonSchema)]
pub struct List {
    /// What waits for the reader's desk.
    pub todo: Vec<Item>,
    /// What the reader raised, or follows.
    pub mine: Vec<Item>,
    /// All that were graded, the latest first.
    pub items: Vec<Item>,
    /// Where the next page begins.
    pub next: Option<i64>,
    /// Whether this reader may raise a topic.
    pub may: bool,
    /// The community whose committee is appraised.
    pub community: Option<Place>,
}

/// A place.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Place {
    pub code: String,
    pub name: String,
}

/// A consultation in a list.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Item {
    pub number: String,
    pub title: Option<String>,
    /// What was said, as long as it has no title; for the desk and whoever raised it.
    pub text: Option<String>,
    pub place: String,
    pub state: &'static str,
    pub depth: Option<&'static str>,
    pub raised_at: String,
    pub due_at: Option<String>,
    pub late: bool,
    /// What was promised: all, done, late.
    pub promised: i64,
    pub done: i64,
    pub late_promises: i64,
}

/// A step on the way.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StepView {
    pub step: String,
    /// done, now, later.
    pub stands: &'static str,
}

/// A seat as seats and desk see it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SeatView {
    pub n: i64,
    pub kind: &'static str,
    pub name: Option<String>,
    pub state: &'static str,
    pub head: Option<i64>,
    pub mine: bool,
    /// The code on the letter, for the desk.
    pub code: Option<String>,
    /// Rounds it signed in to.
    pub signed: Vec<i64>,
}

/// Seats of one kind, for everybody.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct KindView {
    pub kind: &'static str,
    pub n: i64,
    /// Names of organisations; people are counted.
    pub names: Vec<String>,
}

/// A draw, with everything to draw again.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DrawView {
    pub roll: String,
    pub seats: i64,
    pub announced_at: String,
    pub draw_at: String,
    pub drawn_at: Option<String>,
    /// Root of the log of the first `size` entries.
    pub seed: Option<String>,
    pub size: Option<i64>,
    /// Numbers that were drawn from: `1-3,5`.
    pub pool: String,
    pub of: i64,
    /// All in the order of the draw, the reserve too.
    pub order: Vec<i64>,
    pub sits: Vec<i64>,
    pub excused: Vec<i64>,
}

/// A round.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RoundView {
    pub n: i64,
    pub form: &'static str,
    /// What the place calls it.
    pub name: Option<String>,
    pub place: Option<String>,
    pub opens_at: String,
    pub closes_at: String,
    /// before, open, over.
    pub stands: &'static str,
    pub signed: i64,
}

/// A view of a seat.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SaidView {
    pub seat: i64,
    pub kind: &'static str,
    pub name: Option<String>,
    pub stance: &'static str,
    pub text: Option<String>,
    pub channel: &'static str,
    pub at: String,
}

/// An item of the agenda.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ItemView {
    pub n: i64,
    pub words: String,
    pub yes: i64,
    pub no: i64,
    pub abstain: i64,
    /// For seats and desk.
    pub views: Vec<SaidView>,
    /// What the reader's own seat said last.
    pub mine: Option<&'static str>,
}

/// What was promised.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DecisionView {
    pub n: i64,
    pub item: Option<i64>,
    pub words: String,
    pub party: String,
    pub due_at: String,
    pub stands: &'static str,
    pub done_at: Option<String>,
    pub case: String,
}

/// What residents think of it.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Scores {
    pub n: i64,
    /// How many gave 5, 4, 3, 2, 1.
    pub each: Vec<(i64, i64)>,
    /// Hundredths of the mean.
    pub mean: Option<i64>,
    pub may: bool,
    pub done: bool,
}

/// A choice of a form.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choice {
    pub id: String,
    pub name: String,
}

/// What the desk chooses from.
#[derive(Default, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Choices {
    pub topics: Vec<Choice>,
    pub declines: Vec<Choice>,
    pub bodies: Vec<Choice>,
    pub heads: Vec<Choice>,
    pub rolls: Vec<Choice>,
    /// Kinds that are missing, and those that may be with a reason.
    pub missing: Vec<&'static str>,
    pub waivable: Vec<&'static str>,
    pub forms: Vec<&'static str>,
    pub least_forms: i64,
    pub notice_days: i64,
}

/// A consultation.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Full {
    pub number: String,
    pub title: Option<String>,
    pub question: Option<String>,
    pub topic: Option<String>,
    pub place: String,
    pub community: String,
    pub state: &'static str,
    pub depth: Option<&'static str>,
    pub origin: &'static str,
    pub rules: String,
    pub source: String,
    /// Whose step is waited for.
    pub desk: String,
    pub level: i64,
    pub raised_at: String,
    pub posted_at: Option<String>,
    pub held_at: Option<String>,
    pub published_at: Option<String>,
    pub due_at: Option<String>,
    pub late: bool,
    pub deep_only: bool,
    /// What was said when it was raised; for whoever raised it and for the desk.
    pub text: Option<String>,
    pub declined: Option<String>,
    pub reason: Option<String>,
    pub steps: Vec<StepView>,
    pub kinds: Vec<KindView>,
    /// Kinds that the place does not have, and why.
    pub waived: Vec<&'static str>,
    pub waived_why: Option<String>,
    pub seats: Vec<SeatView>,
    pub draw: Option<DrawView>,
    pub rounds: Vec<RoundView>,
    pub items: Vec<ItemView>,
    pub minutes: Option<String>,
    pub outcome: Option<&'static str>,
    pub summary: Option<String>,
    pub decisions: Vec<DecisionView>,
    pub satisfied: Option<bool>,
    pub scores: Scores,
    /// Number of the case it came from, for the desk.
    pub case: Option<String>,
    /// The reader works at a desk that answers for it.
    pub runs: bool,
    pub raised_by_me: bool,
    /// The reader sits in it.
    pub sits: bool,
    /// A round goes on.
    pub open_round: bool,
    pub may_appeal: bool,
    pub choices: Choices,
}
