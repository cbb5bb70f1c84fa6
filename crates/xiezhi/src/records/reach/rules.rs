//! Pure decisions: what a reporter is told, and what an answer means.

use unicode_normalization::UnicodeNormalization as _;

/// What follows for a reporter from a step of his case: the text he gets, and whether an answer is asked for.
pub fn told(act: &str) -> Option<(&'static str, bool)> {
    match act {
        "case.close" => Some(("result", true)),
        "case.reject" => Some(("refused", false)),
        "case.hang_up" => Some(("delayed", false)),
        _ => None,
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

    proptest! {
        #[test]
        fn only_a_bare_answer_is_one(text in "\\PC{3,40}") {
            let known = ["满意", "不满意"];
            prop_assert!(answer(&text).is_none() || text.contains(['1', '2', '１', '２', '①', '②']) || known.iter().any(|k| text.contains(k)));
        }
    }
}
