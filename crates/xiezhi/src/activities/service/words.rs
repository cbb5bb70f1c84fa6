//! The pieces of words by which a service is found: pairs of Chinese characters, the same as they are read, first letters,
//! threes of letters. Pure.
//!
//! What must stay true: what a service is filed under follows from its words alone, so that the same pieces can be taken away
//! again; a service has at most [`MOST`] of them, its name first; a query has at most [`ASKED`].

use calc::link::han;
use unicode_normalization::UnicodeNormalization;

/// Pieces of one service.
pub const MOST: usize = 72;
/// Pieces that a query asks for.
pub const ASKED: usize = 10;
/// Characters of a run of which the first letters are kept.
const RUN: usize = 14;
/// Characters of a description that are looked at.
const ABOUT: usize = 80;

/// Small letters, simplified characters, common widths.
pub fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).map(han::simple).collect()
}

/// A run of Chinese characters, or of letters and digits.
#[derive(Debug, PartialEq)]
enum Run {
    Han(Vec<char>),
    Latin(String),
}

fn runs(text: &str) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    let mut fresh = true;
    for c in plain(text).chars() {
        match out.last_mut() {
            Some(Run::Han(run)) if !fresh && han::is_han(c) => run.push(c),
            Some(Run::Latin(run)) if !fresh && c.is_alphanumeric() && !han::is_han(c) => run.push(c),
            _ if han::is_han(c) => out.push(Run::Han(vec![c])),
            _ if c.is_alphanumeric() => out.push(Run::Latin(c.into())),
            _ => {
                fresh = true;
                continue;
            }
        }
        fresh = false;
    }
    out
}

fn pair(a: char, b: char) -> String {
    [a, b].into_iter().collect()
}

/// Two characters as they are read.
fn read_pair(a: &str, b: &str) -> Option<String> {
    (!a.is_empty() && !b.is_empty()).then(|| format!("'{a} {b}"))
}

fn initials(run: &[char]) -> String {
    run.iter().filter_map(|c| han::reading(*c).chars().next()).collect()
}

fn threes(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    if chars.len() < 4 { vec![word.to_owned()] } else { chars.windows(3).map(|w| w.iter().collect()).collect() }
}

/// Pieces of a name: with how it is read, and its first letters from each of its characters on.
fn of_name(text: &str, out: &mut Vec<String>) {
    for run in runs(text) {
        match run {
            Run::Han(run) => {
                out.extend(run.windows(2).map(|w| pair(w[0], w[1])));
                if let [one] = run[..] {
                    out.push(one.into());
                }
                out.extend(run.windows(2).filter_map(|w| read_pair(han::reading(w[0]), han::reading(w[1]))));
                let short = &run[..run.len().min(RUN)];
                out.extend((0..short.len().saturating_sub(1)).map(|i| format!("={}", initials(&short[i..]))));
            }
            Run::Latin(word) => out.extend(threes(&word)),
        }
    }
}

/// Pieces of what else is said: as it is written alone.
fn of_text(text: &str, out: &mut Vec<String>) {
    let short: String = text.chars().take(ABOUT).collect();
    for run in runs(&short) {
        match run {
            Run::Han(run) => out.extend(run.windows(2).map(|w| pair(w[0], w[1]))),
            Run::Latin(word) => out.extend(threes(&word)),
        }
    }
}

/// All pieces of a service with their field: 0 its name, 1 what it is called besides, 2 everything else.
pub fn of_service(name: &str, besides: &[&str], rest: &[&str]) -> Vec<(String, i64)> {
    let mut fields = [Vec::new(), Vec::new(), Vec::new()];
    of_name(name, &mut fields[0]);
    besides.iter().for_each(|text| of_name(text, &mut fields[1]));
    rest.iter().for_each(|text| of_text(text, &mut fields[2]));
    let mut known = std::collections::HashSet::new();
    let mut out = Vec::new();
    for (pieces, field) in fields.into_iter().zip(0..) {
        out.extend(pieces.into_iter().filter(|p| known.insert(p.clone())).map(|p| (p, field)));
    }
    out.truncate(MOST);
    out
}

/// One thing that a query looks for: the same place in its words, in several spellings, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Pieces, and whether the beginning of one is enough.
    pub pieces: Vec<(String, bool)>,
}

impl Unit {
    fn is_short(&self) -> bool {
        self.pieces.iter().all(|(p, _)| p.chars().count() < 2)
    }
}

/// What a query looks for.
pub fn of_query(text: &str) -> Vec<Unit> {
    let exact = |piece: String| (piece, false);
    let mut out = Vec::new();
    let mut all: Vec<Run> = Vec::new();
    for run in runs(text) {
        match (all.last_mut(), &run) {
            // Characters that somebody typed with blanks between them.
            (Some(Run::Han(last)), Run::Han(one)) if one.len() == 1 => last.push(one[0]),
            _ => all.push(run),
        }
    }
    for run in all {
        match run {
            Run::Han(run) if run.len() == 1 => out.push(Unit { pieces: vec![(run[0].into(), true)] }),
            Run::Han(run) => out.extend(run.windows(2).map(|w| {
                let read = read_pair(han::reading(w[0]), han::reading(w[1]));
                Unit { pieces: [Some(pair(w[0], w[1])), read].into_iter().flatten().map(exact).collect() }
            })),
            Run::Latin(word) => {
                let syllables = syllables(&word);
                let letters = word.chars().all(|c| c.is_ascii_lowercase());
                if syllables.len() > 1 {
                    let pairs = syllables.windows(2).filter_map(|w| read_pair(w[0], w[1]));
                    out.extend(pairs.map(|p| Unit { pieces: vec![exact(p)] }));
                } else if letters && (2..=8).contains(&word.len()) && vowelless(&word) {
                    out.push(Unit { pieces: vec![(format!("={word}"), true)] });
                } else {
                    let first = letters.then(|| (format!("={word}"), true));
                    let mut threes = threes(&word).into_iter();
                    let begin = threes.next().map(exact);
                    out.push(Unit { pieces: begin.into_iter().chain(first).collect() });
                    out.extend(threes.map(|t| Unit { pieces: vec![exact(t)] }));
                }
            }
        }
    }
    // A single character beside others says little and stands in very many names.
    if out.iter().any(|u| !u.is_short()) {
        out.retain(|u| !u.is_short());
    }
    // Of a long query those at its beginning and its end.
    if out.len() > ASKED {
        out.drain(ASKED / 2..out.len() - ASKED / 2);
    }
    out
}

/// First letters have few vowels among them.
fn vowelless(word: &str) -> bool {
    !word.contains(['a', 'e', 'i', 'o', 'u', 'v'])
}

/// A word as syllables of pinyin, the longest first; empty when it is none.
fn syllables(word: &str) -> Vec<&'static str> {
    fn split(rest: &str, out: &mut Vec<&'static str>) -> bool {
        if rest.is_empty() {
            return true;
        }
        for len in (1..=rest.len().min(6)).rev() {
            let Some(found) = rest.get(..len).and_then(|p| known().get(p)) else { continue };
            out.push(found);
            if split(&rest[len..], out) {
                return true;
            }
            out.pop();
        }
        false
    }
    let mut out = Vec::new();
    if word.is_ascii() && word.len() <= 36 && split(word, &mut out) { out } else { Vec::new() }
}

fn known() -> &'static std::collections::HashSet<&'static str> {
    static KNOWN: std::sync::OnceLock<std::collections::HashSet<&'static str>> = std::sync::OnceLock::new();
    KNOWN.get_or_init(|| han::readings().iter().copied().collect())
}

/// How a text is read, and its first letters: for comparing whole phrases.
pub fn spoken(text: &str) -> (String, String) {
    let (mut read, mut first) = (String::new(), String::new());
    for c in plain(text).chars() {
        let syllable = han::reading(c);
        if syllable.is_empty() {
            read.extend(Some(c).filter(|c| c.is_alphanumeric()));
            first.extend(Some(c).filter(|c| c.is_alphanumeric()));
        } else {
            read.push_str(syllable);
            first.extend(syllable.chars().next());
        }
    }
    (read, first)
}

/// Whether two texts differ by one character: another, one more, one less, two changed places.
pub fn nearly(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = |x: &[char], from: usize| x.get(from..).map(<[char]>::to_vec).unwrap_or_default();
    rest(&a, same + 1) == rest(&b, same + 1)
        || rest(&a, same + 1) == rest(&b, same)
        || rest(&a, same) == rest(&b, same + 1)
        || (a.len() > same + 1
            && b.len() > same + 1
            && a[same] == b[same + 1]
            && a[same + 1] == b[same]
            && rest(&a, same + 2) == rest(&b, same + 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        of_service(text, &[], &[]).into_iter().map(|(w, _)| w).collect()
    }

    /// Whether each unit of a query meets a piece of the name.
    fn meets(query: &str, name: &str) -> usize {
        let have = words(name);
        let hit = |u: &&Unit| {
            u.pieces.iter().any(|(p, begins)| have.iter().any(|h| if *begins { h.starts_with(p.as_str()) } else { h == p }))
        };
        of_query(query).iter().filter(hit).count() * 100 / of_query(query).len()
    }

    #[test]
    fn characters_sounds_first_letters_and_letters_find_the_same() {
        assert_eq!(words("食堂"), ["食堂", "'shi tang", "=st"]);
        for query in ["社区食堂", "食堂", "社區食堂", "shitang", "shequ", "sqst", "st", "食糖", "食 堂"] {
            assert_eq!(meets(query, "社区食堂"), 100, "{query}");
        }
        assert_eq!(meets("社区食谈", "社区食堂"), 66, "as much of it as was typed right");
        assert_eq!(meets("legal", "Legal aid"), 100);
        assert_eq!(meets("ｌｅｇａｌ", "Legal aid"), 100);
        assert_eq!(meets("法律", "社区食堂"), 0);
        assert_eq!(of_query("药"), [Unit { pieces: vec![("药".into(), true)] }]);
        assert!(of_query(" ，。!<> ").is_empty());
        assert_eq!(of_query("平安里12号").len(), 3, "the sign for a number alone is left out");
    }

    #[test]
    fn nearly_is_one_mistake() {
        for (a, b, is) in [
            ("legal", "leagl", true),
            ("legal", "lega", true),
            ("legal", "legals", true),
            ("助餐点", "助参点", true),
            ("ab", "cd", false),
            ("a", "a", true),
            ("abcd", "badc", false),
        ] {
            assert_eq!(nearly(a, b), is, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn limits_hold(text in ".{0,400}", more in ".{0,400}") {
            let all = of_service(&text, &[&more], &[&more]);
            prop_assert!(all.len() <= MOST && all.iter().all(|(w, _)| !w.is_empty()));
            prop_assert!(of_query(&text).len() <= ASKED);
            prop_assert_eq!(all, of_service(&text, &[&more], &[&more]));
            let _ = (spoken(&text), nearly(&text, &more));
        }
    }
}
