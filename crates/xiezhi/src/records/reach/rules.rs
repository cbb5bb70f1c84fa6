//! Pure decisions: what a reporter is told, and what an answer means.

use unicode_normalization::UnicodeNormalization as _;

use crate::records::case::rules::State;

/// What follows for a reporter from a step of his case: the text he gets, and whether an answer is asked for. Whoever is
/// `far` has no page to look at, so he hears of the steps in between too.
pub fn told(act: &str, far: bool) -> Option<(&'static str, bool)> {
    match act {
        "case.close" => Some(("result", true)),
        "case.reject" => Some(("refused", false)),
        "case.hang_up" => Some(("delayed", false)),
        "case.dispatch" if far => Some((HANDLING, false)),
        "case.extend" if far => Some((EXTENDED, false)),
        _ => None,
    }
}

/// Somebody works on it now: said once.
pub const HANDLING: &str = "handling";
/// It takes longer.
pub const EXTENDED: &str = "extended";

/// Steps that are worth a message, but no call.
pub fn between(kind: &str) -> bool {
    matches!(kind, HANDLING | EXTENDED)
}

/// Whether somebody who reported in this way may have nothing but paper and a simple phone.
pub fn far(channel: &str) -> bool {
    matches!(channel, "paper" | "proxy" | "phone" | "counter")
}

/// The text of a receipt: on paper the tracking code goes with it, for there is no page that showed it.
pub fn receipt(channel: &str) -> &'static str {
    match channel {
        "paper" => "receipt-paper",
        "proxy" => "receipt-proxy",
        _ => "receipt",
    }
}

/// What somebody asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What he reported last.
    Latest,
    /// The report with this number.
    Number(String),
}

/// Reads a question about the state of a report: “查 260304-0001”, only the number, or only “查”.
pub fn question(text: &str) -> Option<Question> {
    let plain: String = text.nfkc().filter(|c| !c.is_whitespace() && !"-‐‑–—−。.,，、!！~?？:：#\"“”'".contains(*c)).collect();
    let words = ["查询", "查一下", "查", "进度", "编号"];
    let mut rest = plain.as_str();
    while let Some(shorter) = words.iter().find_map(|w| rest.strip_prefix(w).or(rest.strip_suffix(w))) {
        rest = shorter;
    }
    if rest.is_empty() {
        // “编号” alone asks nothing.
        return (plain.contains('查') || plain.contains("进度")).then_some(Question::Latest);
    }
    let digits = rest.len() >= 10 && rest.len() <= 14 && rest.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return None;
    }
    // A number begins with a day; eleven digits that do not are somebody's phone.
    let day = |at: usize, most: u32| rest[at..at + 2].parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
    (day(2, 12) && day(4, 31)).then(|| Question::Number(format!("{}-{}", &rest[..6], &rest[6..])))
}

/// How a report stands, as a message says it.
pub fn standing(state: State, rests: bool, late: bool, asked: bool) -> &'static str {
    match state {
        State::Rejected => "state-rejected",
        State::Closed if asked => "state-rate",
        State::Closed | State::Merged => "state-closed",
        _ if rests => "state-delayed",
        _ if late => "state-late",
        State::Received => "state-received",
        State::Accepted | State::Dispatched | State::Handling => "state-handling",
        State::Feedback | State::Checking => "state-checking",
    }
}

/// What somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 1
    Satisfied,
    /// 2
    Unsatisfied,
}

impl Answer {
    /// The step of the scale that has the same words (好差评: 满意, 不满意).
    pub fn score(self) -> i64 {
        match self {
            Answer::Satisfied => 4,
            Answer::Unsatisfied => 2,
        }
    }

    /// Reads a choice.
    pub fn parse(text: &str) -> Option<Answer> {
        match text {
            "1" => Some(Answer::Satisfied),
            "2" => Some(Answer::Unsatisfied),
            _ => None,
        }
    }
}

/// Reads a message as people type it: full-width figures, a word beside the figure or the word alone, blanks and stops.
pub fn answer(text: &str) -> Option<Answer> {
    let plain: String = text.nfkc().filter(|c| !c.is_whitespace() && !"。.,，、!！~".contains(*c)).collect();
    match plain.as_str() {
        "1" | "满意" | "1满意" | "满意1" | "一" | "①" => Some(Answer::Satisfied),
        "2" | "不满意" | "2不满意" | "不满意2" | "二" | "②" => Some(Answer::Unsatisfied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_are_read_as_people_type_them() {
        for yes in ["1", " 1 ", "１", "1。", "满意", "1 满意", "1满意！"] {
            assert_eq!(answer(yes), Some(Answer::Satisfied), "{yes}");
        }
        for no in ["2", "２", "不满意", "2 不满意", "2、不满意"] {
            assert_eq!(answer(no), Some(Answer::Unsatisfied), "{no}");
        }
        for other in ["", "12", "3", "还没修好", "1号楼的灯还是不亮", "不太满意", "退订", "TD"] {
            assert_eq!(answer(other), None, "{other}");
        }
    }

    #[test]
    fn questions_are_read_as_people_type_them() {
        let one = || Some(Question::Number("260304-0001".into()));
        for text in [
            "查260304-0001",
            "260304-0001",
            "２６０３０４－０００１",
            "查 260304 0001。",
            "2603040001",
            "查询：260304-0001",
            "编号260304-0001进度",
        ] {
            assert_eq!(question(text), one(), "{text}");
        }
        for text in ["查", " 查。", "查询", "进度", "查进度？"] {
            assert_eq!(question(text), Some(Question::Latest), "{text}");
        }
        for text in
            ["", "1", "2", "13812345678", "编号", "还没修好", "查一下那盏灯", "260304", "261304-0001", "26030400010000000"]
        {
            assert_eq!(question(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_answer_is_no_question(text in "\\PC{0,20}") {
            prop_assert!(answer(&text).is_none() || question(&text).is_none());
        }

        #[test]
        fn every_number_is_read_back(month in 1u32..13, day in 1u32..32, n in 1u32..99_999) {
            let number = format!("26{month:02}{day:02}-{n:04}");
            prop_assert_eq!(question(&number), Some(Question::Number(number.clone())));
        }

        #[test]
        fn only_a_bare_answer_is_one(text in "\\PC{3,40}") {
            let known = ["满意", "不满意"];
            prop_assert!(answer(&text).is_none() || text.contains(['1', '2', '１', '２', '①', '②']) || known.iter().any(|k| text.contains(k)));
        }
    }
}
