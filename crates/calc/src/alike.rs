//! Which earlier reports a new one may repeat, best first, with the reason in numbers: text, place, time, class.
//!
//! Source of the idea: near-duplicate ranking as in record linkage (Fellegi & Sunter 1969): independent pieces of evidence
//! add up as log-odds. Words are weighed by how rare they are among the candidates themselves (inverse document
//! frequency), so that "car" says nothing where every report is about cars. Chinese is cut into pairs of characters, other
//! scripts into words. Deterministic: ties go to the later report, then to the earlier position.
//!
//! Words are dear to fetch where texts are sealed, so [`promising`] says first which candidates can win without them.
//!
//! Cost: linear in the characters of all candidates; 300 candidates of 80 characters take about a millisecond.

use std::collections::{HashMap, HashSet};

use crate::geo::{Point, distance_m};

/// One report, as far as comparing needs it.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Words of the reporter; never what was written after handling.
    pub text: &'a str,
    /// Class code.
    pub class: Option<&'a str>,
    /// Where it is.
    pub place: Option<Point>,
    /// When it came, milliseconds.
    pub at: i64,
}

/// An earlier report that the new one may repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Position among the candidates.
    pub index: usize,
    /// Log-odds, for ordering; above 0 more likely the same than not.
    pub score: f64,
    /// Metres apart.
    pub metres: Option<u32>,
    /// Days apart.
    pub days: f64,
    /// Of the same class.
    pub same_class: bool,
    /// The words both have, the rarest first; at most five.
    pub words: Vec<String>,
}

/// Weights of the evidence, in log-odds. Fitted once by hand on half of the pairs that a city's staff named (see
/// `bench/`), and tested on the other half.
mod weight {
    pub const BASE: f64 = -4.0;
    pub const TEXT: f64 = 5.0;
    pub const NEAR: f64 = 4.0;
    pub const NEAR_METRES: f64 = 40.0;
    pub const SOON: f64 = 2.0;
    pub const SOON_DAYS: f64 = 10.0;
    pub const CLASS: f64 = 1.0;
}

const DAY: f64 = 86_400_000.0;

/// What place, time and class say, before anybody has read a word.
struct Around {
    metres: Option<u32>,
    near: f64,
    days: f64,
    same_class: bool,
    score: f64,
}

fn around(new: &Report, c: &Report) -> Around {
    let metres = new.place.zip(c.place).map(|(a, b)| distance_m(a, b));
    let near = metres.map_or(0.0, |m| (-f64::from(m) / weight::NEAR_METRES).exp());
    let days = (new.at - c.at).abs() as f64 / DAY;
    let same_class = new.class.is_some() && new.class == c.class;
    let score = weight::BASE
        + weight::NEAR * near
        + weight::SOON * (-days / weight::SOON_DAYS).exp()
        + if same_class { weight::CLASS } else { 0.0 };
    Around { metres, near, days, same_class, score }
}

/// Positions of the candidates whose words are worth reading: the best `most` by place, time and class, in their order.
pub fn promising(new: &Report, candidates: &[Report], most: usize) -> Vec<usize> {
    let scores: Vec<f64> = candidates.iter().map(|c| around(new, c).score).collect();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    let later = |i: usize| candidates[i].at;
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(later(b).cmp(&later(a))).then(a.cmp(&b)));
    order.truncate(most);
    order.sort_unstable();
    order
}

/// Ranks the candidates; those that share neither place nor words are left out.
pub fn rank(new: &Report, candidates: &[Report]) -> Vec<Match> {
    let mine = tokens(new.text);
    let theirs: Vec<HashSet<String>> = candidates.iter().map(|c| tokens(c.text)).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for token in theirs.iter().flatten().chain(&mine) {
        *seen.entry(token).or_default() += 1;
    }
    let all = (candidates.len() + 1) as f64;
    let rarity = |t: &str| (1.0 + all / (1 + seen.get(t).copied().unwrap_or(0)) as f64).ln();
    let length = |set: &HashSet<String>| {
        let mut squares: Vec<f64> = set.iter().map(|t| rarity(t).powi(2)).collect();
        // Summed in a fixed order, so that the same input gives the same bytes.
        squares.sort_by(f64::total_cmp);
        squares.iter().sum::<f64>().sqrt()
    };
    let my_length = length(&mine);
    let mut out: Vec<Match> = Vec::new();
    for (index, (c, words)) in candidates.iter().zip(&theirs).enumerate() {
        let mut common: Vec<(f64, &String)> = mine.intersection(words).map(|t| (rarity(t), t)).collect();
        common.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let dot: f64 = common.iter().map(|(r, _)| r * r).sum();
        let norm = my_length * length(words);
        let text = if norm > 0.0 { dot / norm } else { 0.0 };
        let Around { metres, near, days, same_class, score } = around(new, c);
        if text == 0.0 && near < 0.01 {
            continue;
        }
        let score = score + weight::TEXT * text;
        let words = common.into_iter().take(5).map(|(_, t)| t.clone()).collect();
        out.push(Match { index, score, metres, days, same_class, words });
    }
    let later = |m: &Match| candidates[m.index].at;
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(later(b).cmp(&later(a))).then(a.index.cmp(&b.index)));
    out
}

/// Words in common as a person reads them: pairs of Chinese characters that follow each other in the text are one phrase.
pub fn phrases(text: &str, words: &[String]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<String> = Vec::new();
    let mut end = 0;
    for (i, pair) in chars.windows(2).enumerate().filter(|(_, p)| p.iter().copied().all(chinese)) {
        if !words.contains(&pair.iter().collect()) {
            continue;
        }
        match out.last_mut() {
            Some(run) if end == i => run.push(pair[1]),
            _ => out.push(pair.iter().collect()),
        }
        end = i + 1;
    }
    out.extend(words.iter().filter(|w| !w.chars().all(chinese)).cloned());
    let mut seen = HashSet::new();
    out.retain(|phrase| seen.insert(phrase.clone()));
    out
}

fn chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// Words of a text: pairs of Chinese characters, words and numbers of other scripts in small letters, without a plural s.
pub fn tokens(text: &str) -> HashSet<String> {
    let mut out = HashSet::new();
    let mut word = String::new();
    let mut previous: Option<char> = None;
    for c in text.chars().chain([' ']) {
        let chinese = chinese(c);
        if c.is_alphanumeric() && !chinese {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            let whole = std::mem::take(&mut word);
            let stem = whole.strip_suffix('s').filter(|s| s.len() > 3 && !s.ends_with('s')).unwrap_or(&whole);
            if stem.len() > 1 || stem.chars().all(|c| c.is_numeric()) {
                out.insert(stem.to_owned());
            }
        }
        if let (true, Some(p)) = (chinese, previous) {
            out.insert([p, c].iter().collect());
        }
        previous = chinese.then_some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> Option<Point> {
        Some(Point { lat: (lat * 1e7) as i32, lon: (lon * 1e7) as i32 })
    }

    #[test]
    fn chinese_in_pairs_and_other_words_whole() {
        let set = tokens("3栋路灯不亮 Lights out");
        for t in ["3", "栋路", "路灯", "灯不", "不亮", "light", "out"] {
            assert!(set.contains(t), "{t} in {set:?}");
        }
        assert_eq!(set.len(), 7);
    }

    #[test]
    fn pairs_that_follow_each_other_are_read_as_one_phrase() {
        let words: Vec<String> = ["碎了", "玻璃", "的玻", "门的", "璃碎", "8"].map(str::to_owned).into();
        assert_eq!(phrases("8栋单元门的玻璃碎了，玻璃", &words), ["门的玻璃碎了", "玻璃", "8"]);
        assert_eq!(phrases("玻璃门，门玻璃", &words), ["玻璃", "8"], "no phrase that the text does not have");
        assert_eq!(phrases("门", &[]), [""; 0]);
    }

    #[test]
    fn the_same_lamp_comes_before_another_matter_at_the_same_place_and_says_why() {
        let r = |text, class, lat, day: i64| Report { text, class: Some(class), place: at(lat, 119.44), at: day * 86_400_000 };
        let all = [
            r("小区门口垃圾没人清", "rubbish", 32.3900, 9),
            r("3栋门口路灯不亮了", "lighting", 32.3901, 8),
            r("电梯坏了", "lift", 32.4900, 9),
        ];
        let found = rank(&r("3栋路灯不亮", "lighting", 32.3900, 10), &all);
        assert_eq!(found[0].index, 1);
        assert!(found[0].score > 0.0 && found[0].same_class && found[0].metres.unwrap() < 20);
        assert!(found[0].words.contains(&"路灯".into()));
        assert!(found.iter().all(|m| m.index != 2), "far away and without a word in common");
    }

    #[test]
    fn words_are_read_where_place_time_and_class_promise_most() {
        let r = |class, lat, day: i64| Report { text: "", class: Some(class), place: at(lat, 119.44), at: day * 86_400_000 };
        let all = [r("lift", 32.4900, 9), r("lighting", 32.3901, 8), r("rubbish", 32.3900, 9), r("rubbish", 32.3900, 9)];
        let new = r("lighting", 32.3900, 10);
        assert_eq!(promising(&new, &all, 1), [2], "the last two are equal, and the earlier position wins");
        assert_eq!(promising(&new, &all, 3), [1, 2, 3]);
        assert_eq!(promising(&new, &all, 9), [0, 1, 2, 3]);
    }
}
