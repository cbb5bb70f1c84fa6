//! The keywords and names of all classes, found in a text at once.
//!
//! What must stay true: capitals and small letters are the same; each word counts once however often it stands there. Every
//! report is searched for a thousand words while somebody waits, so it is one pass over the text and not one for each word.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// Words and the class, by its place in the catalogue, that each belongs to. The words of a class stand together.
#[derive(Clone, Debug, Default)]
pub struct Keywords {
    all: Vec<(String, usize)>,
    search: OnceLock<AhoCorasick>,
}

/// What can be searched for follows from the words.
impl PartialEq for Keywords {
    fn eq(&self, other: &Keywords) -> bool {
        self.all == other.all
    }
}

impl Keywords {
    /// Adds the words of a class that comes after all others.
    pub fn add<'a>(&mut self, class: usize, words: impl Iterator<Item = &'a String>) {
        self.search = OnceLock::new();
        self.all.extend(words.filter(|w| !w.is_empty()).map(|w| (w.to_lowercase(), class)));
    }

    /// Classes of which the text holds words, each with the bytes of these, in the order of the catalogue.
    pub fn weigh(&self, text: &str) -> Vec<(usize, usize)> {
        let build = || AhoCorasick::new(self.all.iter().map(|(word, _)| word)).expect("words of a catalogue are few");
        let search = self.search.get_or_init(build);
        let mut held: Vec<usize> = search.find_overlapping_iter(&text.to_lowercase()).map(|m| m.pattern().as_usize()).collect();
        held.sort_unstable();
        held.dedup();
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (word, class) in held.into_iter().map(|n| &self.all[n]) {
            match found.last_mut() {
                Some((last, bytes)) if last == class => *bytes += word.len(),
                _ => found.push((*class, word.len())),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_if_each_word_were_looked_for(words in prop::collection::vec(("[a-cA-C路灯]{0,3}", 0..3usize), 0..20), text in "[a-cA-C路灯 ]{0,30}") {
            let mut all = Keywords::default();
            for class in 0..3 {
                all.add(class, words.iter().filter(|(_, c)| *c == class).map(|(w, _)| w));
            }
            let text_small = text.to_lowercase();
            let of = |class: usize| -> usize {
                words.iter().filter(|(w, c)| *c == class && !w.is_empty() && text_small.contains(&w.to_lowercase())).map(|(w, _)| w.len()).sum()
            };
            let slow: Vec<(usize, usize)> = (0..3).map(|c| (c, of(c))).filter(|(_, n)| *n > 0).collect();
            prop_assert_eq!(all.weigh(&text), slow);
        }
    }
}
