//! Whether a table is whole: holes that no rule covers, rules that nothing reaches.
//!
//! What must stay true: cases lie in areas for which a desk answers or which a rule names, so these are the places at
//! which every class must have a rule in and outside office hours; a hole is named once, at the highest place and for
//! the widest group of classes. A child's rule says nothing about its parent, so a rule is unreachable exactly when for
//! each of its classes and times one earlier rule of its area or one above it takes all.

use std::collections::BTreeMap;

use super::{Rule, To, What, When};
use crate::base::classes::{Catalogue, Class};
use crate::base::party::Chart;

/// Holes that are named; more would not be read.
const HOLES: usize = 50;

/// A combination that no rule covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Code of the area.
    pub area: String,
    /// Which classes.
    pub what: What,
    /// When.
    pub when: When,
}

/// Something that is allowed but hardly meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Number of the rule.
    pub rule: usize,
    /// `shadowed` (by rule `by`), `nobody` (no organisation of that kind), `ended` (its organisation is gone).
    pub code: &'static str,
    /// The rule that takes everything before it.
    pub by: usize,
}

/// A place at which cases lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path.
    pub path: String,
    /// Code; the name where it has none.
    pub code: String,
}

/// Combinations that no rule covers, at these places.
pub fn holes(rules: &[Rule], classes: &Catalogue, places: &[Place]) -> Vec<Hole> {
    let mut places: Vec<&Place> = places.iter().collect();
    places.sort_by(|a, b| (a.path.len(), &a.path).cmp(&(b.path.len(), &b.path)));
    // Of each place the open (class, office hours) pairs that no place above it has told already.
    let mut told: Vec<(&str, Vec<(usize, bool)>)> = Vec::new();
    let mut out = Vec::new();
    let all: Vec<&Class> = classes.iter().collect();
    for place in places {
        let near: Vec<&Rule> = rules.iter().filter(|r| place.path.starts_with(&r.path)).collect();
        let above: Vec<(usize, bool)> =
            told.iter().filter(|(p, _)| place.path.starts_with(p)).flat_map(|(_, open)| open.iter().copied()).collect();
        let mut open = Vec::new();
        for (i, class) in all.iter().enumerate() {
            for working in [true, false] {
                let covered = near.iter().any(|r| r.fits(&place.path, class, working));
                if !covered && !above.contains(&(i, working)) {
                    open.push((i, working));
                }
            }
        }
        out.extend(named(&place.code, &open, &all, classes));
        if out.len() >= HOLES {
            out.truncate(HOLES);
            return out;
        }
        if !open.is_empty() {
            told.push((&place.path, open));
        }
    }
    out
}

/// The open pairs of one place in the widest words.
fn named(area: &str, open: &[(usize, bool)], all: &[&Class], classes: &Catalogue) -> Vec<Hole> {
    let mut by_class: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
    for (i, working) in open {
        let times = by_class.entry(*i).or_default();
        if *working { times.0 = true } else { times.1 = true }
    }
    let when = |t: (bool, bool)| match t {
        (true, true) => When::Always,
        (true, false) => When::Work,
        _ => When::Off,
    };
    let hole = |what, t| Hole { area: area.to_owned(), what, when: when(t) };
    let same = |of: &[usize]| {
        let first = by_class.get(of.first()?)?;
        of.iter().all(|i| by_class.get(i) == Some(first)).then_some(*first)
    };
    let every: Vec<usize> = (0..all.len()).collect();
    if let Some(t) = same(&every) {
        return vec![hole(What::All, t)];
    }
    let mut out = Vec::new();
    for major in &classes.majors {
        let of: Vec<usize> = every.iter().copied().filter(|i| all[*i].major == major.code).collect();
        match same(&of) {
            Some(t) => out.push(hole(What::Major(major.code.clone()), t)),
            None => {
                let single = of.iter().filter_map(|i| Some(hole(What::Class(all[*i].code.clone()), *by_class.get(i)?)));
                out.extend(single);
            }
        }
    }
    out
}

/// What is allowed but hardly meant.
pub fn warnings(rules: &[Rule], classes: &Catalogue, chart: &Chart) -> Vec<Warning> {
    let mut out = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        if let Some(by) = shadowed(&rules[..i], rule, classes) {
            out.push(Warning { rule: i + 1, code: "shadowed", by: by + 1 });
        }
        match &rule.to {
            To::Kind(kind) if !chart.bodies().any(|b| b.kind == *kind) => {
                out.push(Warning { rule: i + 1, code: "nobody", by: 0 });
            }
            To::Body(id) if chart.living(id).is_none() => out.push(Warning { rule: i + 1, code: "ended", by: 0 }),
            _ => {}
        }
    }
    out
}

/// The last of the earlier rules that together take everything a rule could get.
fn shadowed(earlier: &[Rule], rule: &Rule, classes: &Catalogue) -> Option<usize> {
    let mut last = 0;
    let mut any = false;
    for class in classes.iter() {
        for working in [true, false].into_iter().filter(|w| rule.fits(&rule.path, class, *w)) {
            any = true;
            last = last.max(earlier.iter().position(|e| e.fits(&rule.path, class, working))?);
        }
    }
    any.then_some(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::classes::embedded;

    fn rule(path: &str, what: What, when: When) -> Rule {
        Rule { area: None, what, when, to: To::Catalogue, note: String::new(), path: path.into() }
    }

    fn place(path: &str) -> Place {
        Place { path: path.into(), code: path.into() }
    }

    #[test]
    fn a_hole_is_named_once_in_the_widest_words() {
        let classes = embedded();
        let places = [place("/1/"), place("/1/2/"), place("/1/3/")];
        assert_eq!(holes(&[rule("", What::All, When::Always)], &classes, &places), []);
        let hole = |area: &str, what, when| Hole { area: area.into(), what, when };
        assert_eq!(holes(&[], &classes, &places), [hole("/1/", What::All, When::Always)]);
        // At night nobody, but in one community.
        let day = [rule("", What::All, When::Work), rule("/1/2/", What::All, When::Off)];
        assert_eq!(holes(&day, &classes, &places), [hole("/1/", What::All, When::Off)]);
        // All of a major but one class.
        let major = classes.get("road").unwrap().major.clone();
        let most = classes.iter().filter(|c| c.code != "road").map(|c| rule("", What::Class(c.code.clone()), When::Always));
        assert_eq!(holes(&most.collect::<Vec<_>>(), &classes, &places), [hole("/1/", What::Class("road".into()), When::Always)]);
        let others = classes.majors.iter().filter(|m| m.code != major);
        let others: Vec<Rule> = others.map(|m| rule("", What::Major(m.code.clone()), When::Always)).collect();
        assert_eq!(holes(&others, &classes, &places), [hole("/1/", What::Major(major), When::Always)]);
    }

    #[test]
    fn what_nothing_reaches_is_said() {
        let classes = embedded();
        let all = |when| rule("", What::All, when);
        let told = |rules: &[Rule]| warnings(rules, &classes, &Chart::default());
        assert_eq!(told(&[all(When::Work), all(When::Off)]), []);
        let three = [all(When::Work), all(When::Off), rule("/1/", What::Class("road".into()), When::Always)];
        assert_eq!(told(&three), [Warning { rule: 3, code: "shadowed", by: 2 }]);
        // A child's rule does not take the parent's.
        assert_eq!(told(&[rule("/1/2/", What::All, When::Always), rule("/1/", What::All, When::Always)]), []);
    }

    proptest! {
        #[test]
        fn without_holes_every_place_class_and_time_has_a_rule_and_a_shadowed_one_is_never_first(
            parts in prop::collection::vec((0usize..4, 0usize..3, 0usize..3), 0..8), whole in any::<bool>(),
        ) {
            let classes = embedded();
            let (paths, road) = (["", "/1/", "/1/2/", "/1/3/"], classes.get("road").unwrap());
            let mut rules: Vec<Rule> = parts.into_iter().map(|(p, w, t)| {
                let what = [What::All, What::Major(road.major.clone()), What::Class("road".into())][w].clone();
                rule(paths[p], what, [When::Work, When::Off, When::Always][t])
            }).collect();
            if whole {
                rules.push(rule("", What::All, When::Always));
            }
            let places = [place("/1/"), place("/1/2/"), place("/1/3/")];
            let open = holes(&rules, &classes, &places);
            let dead: Vec<usize> = warnings(&rules, &classes, &Chart::default()).iter().map(|w| w.rule).collect();
            let mut missed = false;
            for p in &places {
                for class in classes.iter() {
                    for working in [true, false] {
                        let first = rules.iter().position(|r| r.fits(&p.path, class, working));
                        missed |= first.is_none();
                        prop_assert!(first.is_none_or(|i| !dead.contains(&(i + 1))));
                    }
                }
            }
            prop_assert_eq!(missed, !open.is_empty());
        }
    }
}
