//! Matters that others settle: the answer says politely who does, with the number to call, and the report is taken all the
//! same.
//!
//! What must stay true: nothing is ever refused or delayed for being elsewhere's; whoever writes of a fire is told the
//! number before anything else; a word that also belongs to a matter of ours sends nobody away. Who is competent is data:
//! the classes of the catalogue that are out of scope.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::classes::{Catalogue, Class};
use crate::kit::i18n::Lang;

/// Classes that a text may suggest before one looks no further.
const MOST: usize = 40;
/// Digits of a number to call that stands in an answer: 110, 12348, 96110.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=5;

/// Who settles it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Elsewhere {
    /// Code of the class.
    pub class: String,
    /// What it is about.
    pub name: String,
    /// Who is competent and what to do.
    pub answer: String,
    /// Numbers to call, in the order in which the answer names them.
    pub phones: Vec<String>,
    /// Somebody may be in danger.
    pub urgent: bool,
}

/// Who settles this, when it is nobody here: by the class that was chosen, else by the words.
pub fn of(classes: &Catalogue, class: Option<&str>, text: &str, lang: Lang) -> Option<Elsewhere> {
    let chosen = class.and_then(|c| classes.get(c));
    let found = classes.suggest(text, MOST);
    let danger = found.iter().copied().find(|c| c.out_of_scope && c.urgent);
    let ours = chosen.is_some() || found.iter().any(|c| !c.out_of_scope);
    let meant = found.first().copied().filter(|_| !ours);
    let class: &Class = chosen.filter(|c| c.out_of_scope).or(danger).or(meant)?;
    let answer = class.answer.get(lang).to_owned();
    let (name, phones) = (class.name(lang).to_owned(), phones(&answer));
    Some(Elsewhere { class: class.code.clone(), name, answer, phones, urgent: class.urgent })
}

fn phones(answer: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for run in answer.split(|c: char| !c.is_ascii_digit()).filter(|run| DIGITS.contains(&run.len())) {
        if !out.iter().any(|known| known == run) {
            out.push(run.to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::classes;

    #[test]
    fn who_settles_it_by_class_and_by_words() {
        let all = classes::embedded();
        let told = |class: Option<&str>, text: &str| of(&all, class, text, Lang::Zh).map(|e| (e.class, e.phones.join(" ")));
        for (class, text, want) in [
            (None, "3栋着火了，快来人", Some(("emergency-fire", "119"))),
            (None, "电梯口着火了", Some(("emergency-fire", "119"))),
            (Some("lift"), "电梯机房着火了", Some(("emergency-fire", "119"))),
            (None, "我爸昏迷不醒", Some(("emergency-medical", "120"))),
            (None, "银行贷款多收了利息", Some(("bank", "12378 110 96110"))),
            (Some("tax"), "", Some(("tax", "12366"))),
            (None, "法院门口路面有坑", None),
            (None, "银行门口的路灯不亮", None),
            (Some("complaint"), "银行的人态度不好", None),
            (None, "楼道灯坏了", None),
            (None, "", None),
        ] {
            let want = want.map(|(class, phones)| (class.to_owned(), phones.to_owned()));
            assert_eq!(told(class, text), want, "{class:?} {text}");
        }
        let every = all.iter().filter(|c| c.out_of_scope && c.urgent).count();
        assert_eq!(every, 3, "police, fire, ambulance");
        assert!(of(&all, Some("bank"), "", Lang::En).unwrap().answer.starts_with("Complaints"));
    }
}
