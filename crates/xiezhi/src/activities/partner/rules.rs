//! Pure decisions about organisations that join.

use calc::codes;

use super::pack::{Code, Needs, Pack};
use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::time::{DAY, Ms};
use crate::kit::{Error, Result};

/// Characters of a name, of what it does, of a reason.
pub const NAME: usize = 60;
/// See [`NAME`].
pub const ABOUT: usize = 1_000;
/// See [`NAME`].
pub const WORDS: usize = 500;

names! {
    /// Where it stands.
    State {
        /// A desk looks at it.
        Asked = "asked",
        /// The applicant is asked for more.
        More = "more",
        /// It works here.
        Joined = "joined",
        /// It does not join.
        Refused = "refused",
        /// Whoever asked does not want it any more, or did not answer.
        Withdrawn = "withdrawn",
        /// It may do nothing for the time being.
        Suspended = "suspended",
        /// It no longer works here.
        Ended = "ended",
    }
    /// What a desk does.
    Answer {
        Ask = "ask", Approve = "approve", Refuse = "refuse", Suspend = "suspend", Resume = "resume", End = "end",
    }
    /// Where a certificate stands.
    PaperState { Waiting = "waiting", Seen = "seen", Unfit = "unfit", }
    /// Where a membership stands.
    Membership { Invited = "invited", Member = "member", Over = "over", }
    /// What rings of a certificate.
    Bell { Soon = "soon", Over = "over", }
    /// How somebody stands to it.
    Stand {
        /// Whoever asked, or is a member: nobody of them decides about it.
        Own = "own",
        /// The desk whose turn it is, or one above it.
        Desk = "desk",
        /// A desk of the place whose turn it no longer is.
        Near = "near",
        Nobody = "nobody",
    }
}

impl State {
    /// Everybody may read that it is here, or was.
    pub fn is_public(self) -> bool {
        matches!(self, State::Joined | State::Suspended | State::Ended)
    }

    /// Nothing more happens to it.
    pub fn is_over(self) -> bool {
        matches!(self, State::Refused | State::Withdrawn | State::Ended)
    }
}

impl Answer {
    /// Where it leads from a state; whether it needs a reason is [`Answer::gives_reason`].
    pub fn leads(self, from: State) -> Result<State> {
        use Answer as A;
        match (self, from) {
            (A::Ask, State::Asked) => Ok(State::More),
            (A::Approve, State::Asked) => Ok(State::Joined),
            (A::Refuse, State::Asked | State::More) => Ok(State::Refused),
            (A::Suspend, State::Joined) => Ok(State::Suspended),
            (A::Resume, State::Suspended) => Ok(State::Joined),
            (A::End, State::Joined | State::Suspended) => Ok(State::Ended),
            _ => Err(Kind::State.into()),
        }
    }

    /// Whoever it concerns reads why.
    pub fn gives_reason(self) -> bool {
        !matches!(self, Answer::Approve | Answer::Resume)
    }
}

/// A code as it is kept: half-width capitals, whose check digit is right.
pub fn code(typed: &str) -> Result<String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace()).map(|c| codes::half_width(c).to_ascii_uppercase()).collect();
    if codes::uscc_valid(&code) { Ok(code) } else { Err(Kind::BadUscc.at("uscc")) }
}

/// A certificate as far as it counts.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `partner_paper`, explained there")]
pub struct Shown {
    pub kind: String,
    pub until: Option<Ms>,
    pub state: PaperState,
}

/// Whether an organisation says of itself what its kind needs: a code, or who stands for it.
pub fn identified(needs: &Needs, uscc: Option<&str>, backer: Option<&str>) -> Result<()> {
    match (needs.code, uscc, backer) {
        (_, Some(_), _) | (Code::OrBacker, None, Some(_)) => Ok(()),
        _ => Err(Kind::Missing.at("uscc")),
    }
}

/// Whether a certificate can be taken at all: of a kind that is shown here, with a day where it needs one, not past it.
pub fn takes(pack: &Pack, needs: &Needs, kind: &str, until: Option<Ms>, now: Ms) -> Result<()> {
    let paper = pack.paper(kind).filter(|p| needs.shown().any(|id| *id == p.id)).ok_or_else(|| Kind::Unknown.at("papers"))?;
    match until {
        None if paper.dated => Err(Kind::Missing.at("until")),
        Some(at) if at <= now => Err(Kind::PaperExpired.at("until")),
        _ => Ok(()),
    }
}

/// The first certificate that is needed and not there.
pub fn missing<'n>(needs: &'n Needs, has_code: bool, papers: &[Shown]) -> Option<&'n str> {
    let there = |id: &String| papers.iter().any(|p| p.kind == *id && p.state != PaperState::Unfit);
    needs.needed(has_code).iter().find(|id| !there(id)).map(String::as_str)
}

/// Until when all that is needed holds, of what a desk has seen: of two of a kind the later one counts.
pub fn valid_until(needs: &Needs, has_code: bool, papers: &[Shown]) -> Option<Ms> {
    let last = |id: &String| {
        let seen = papers.iter().filter(|p| p.kind == *id && p.state == PaperState::Seen);
        seen.map(|p| p.until.unwrap_or(Ms::MAX)).max()
    };
    needs.needed(has_code).iter().filter_map(last).min().filter(|at| *at != Ms::MAX)
}

/// What rings next of certificates that end at `until`: some days before, then on the day.
pub fn bell(until: Option<Ms>, remind_days: i64, now: Ms) -> Option<(Bell, Ms)> {
    let until = until?;
    let soon = until - remind_days * DAY;
    // What is put in with less time left is told at once.
    if now < until { Some((Bell::Soon, soon)) } else { Some((Bell::Over, until)) }
}

/// The error that says how many days are left.
pub fn too_many(limit: i64) -> Error {
    Error::from(Kind::TooMany).limit(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activities::partner::pack;
    use crate::kit::RoleKind;

    fn shown(kind: &str, until: Option<Ms>, state: PaperState) -> Shown {
        Shown { kind: kind.into(), until, state }
    }

    #[test]
    fn a_code_is_kept_as_it_should_be_typed() {
        assert_eq!(code(" ９１350100m000100y43 ").unwrap(), "91350100M000100Y43");
        assert_eq!(code("91350100M000100Y44").unwrap_err().kind, Kind::BadUscc);
        assert_eq!(code("91350100M000100Y4").unwrap_err().kind, Kind::BadUscc);
    }

    #[test]
    fn only_a_group_may_have_somebody_who_stands_for_it() {
        let pack = pack::at("");
        let (group, firm) = (pack.needs(RoleKind::VolunteerGroup).unwrap(), pack.needs(RoleKind::Enterprise).unwrap());
        assert!(identified(group, None, Some("居委会")).is_ok() && identified(group, None, None).is_err());
        assert!(identified(firm, None, Some("居委会")).is_err() && identified(firm, Some("9"), None).is_ok());
    }

    #[test]
    fn certificates_count_when_a_desk_has_seen_them_and_the_later_one_of_two() {
        use PaperState::{Seen, Unfit, Waiting};
        let needs = pack::at("").needs(RoleKind::Enterprise).unwrap();
        let old = shown("registration", Some(10), Seen);
        assert_eq!(missing(needs, true, &[]), Some("registration"));
        assert_eq!(missing(needs, true, &[shown("registration", None, Unfit)]), Some("registration"));
        assert_eq!(missing(needs, true, std::slice::from_ref(&old)), None);
        assert_eq!(valid_until(needs, true, &[old.clone(), shown("registration", Some(99), Waiting)]), Some(10));
        assert_eq!(valid_until(needs, true, &[old.clone(), shown("registration", Some(99), Seen)]), Some(99));
        assert_eq!(valid_until(needs, true, &[old, shown("registration", None, Seen)]), None, "long-term");
    }

    #[test]
    fn a_bell_rings_before_the_end_and_at_it() {
        assert_eq!(bell(None, 30, 0), None);
        assert_eq!(bell(Some(40 * DAY), 30, 0), Some((Bell::Soon, 10 * DAY)));
        assert_eq!(bell(Some(40 * DAY), 30, 40 * DAY), Some((Bell::Over, 40 * DAY)));
    }

    #[test]
    fn no_answer_leads_out_of_an_end() {
        for answer in Answer::ALL {
            for from in State::ALL.iter().filter(|s| s.is_over()) {
                assert!(answer.leads(*from).is_err(), "{answer:?} {from:?}");
            }
        }
        assert_eq!(Answer::Approve.leads(State::Asked).unwrap(), State::Joined);
        assert!(Answer::Approve.leads(State::More).is_err(), "the applicant is waited for");
    }
}
