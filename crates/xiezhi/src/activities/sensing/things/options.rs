//! What a reader asks for besides the path: `$filter $expand $select $orderby $top $skip $count $resultFormat`, read with limits.
//!
//! What must stay true: what is not known is refused and not passed over, so that nobody takes a half answer for a whole one.

use super::filter::{self, Expr};
use super::words::{Words, odd};
use crate::kit::Result;
use crate::kit::form::Form;
use crate::kit::time::Ms;

/// How deep what is expanded may lie in one another, how many at one place, and how many properties to choose or order by.
const DEPTH: usize = 4;
const WIDE: usize = 10;
const PROPERTIES: usize = 20;
/// Entities of one page, when nobody said otherwise, and at most.
const TOP: usize = 100;
const MOST: usize = 1_000;
/// How many may be passed over.
const SKIP: usize = 100_000;

/// What a reader asks for.
#[derive(Clone, Debug)]
pub struct Options {
    pub filter: Option<Expr>,
    pub expand: Vec<(String, Options)>,
    pub select: Vec<String>,
    pub orderby: Vec<(Expr, bool)>,
    pub top: usize,
    pub skip: usize,
    pub count: bool,
    pub data_array: bool,
    /// Where the page before ended.
    pub after: Option<String>,
    /// As it was written, for the link to the next page.
    pub raw: Vec<(&'static str, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            filter: None,
            expand: Vec::new(),
            select: Vec::new(),
            orderby: Vec::new(),
            top: TOP,
            skip: 0,
            count: false,
            data_array: false,
            after: None,
            raw: Vec::new(),
        }
    }
}

/// Reads the options of an address.
pub fn read(query: &Form, now: Ms) -> Result<Options> {
    let mut out = Options::default();
    for (name, text) in query.fields.iter().filter(|(n, _)| n != "lang") {
        let name = NAMES.iter().find(|n| *n == name).ok_or_else(|| odd("$").limit(0))?;
        let mut w = Words::new(name, text)?;
        out.one(name, &mut w, 0, now)?;
        out.raw.push((name, text.clone()));
        if !w.is_over() {
            return Err(odd(name));
        }
    }
    Ok(out)
}

const NAMES: [&str; 9] = ["$filter", "$expand", "$select", "$orderby", "$top", "$skip", "$count", "$resultFormat", "$skiptoken"];

impl Options {
    fn one(&mut self, name: &'static str, w: &mut Words, depth: usize, now: Ms) -> Result<()> {
        let number = |w: &mut Words, most: usize| -> Result<usize> {
            let n: usize = w.name().and_then(|n| n.parse().ok()).ok_or_else(|| odd(name))?;
            if n > SKIP { Err(odd(name).limit(SKIP as i64)) } else { Ok(n.min(most)) }
        };
        match name {
            "$filter" => self.filter = Some(filter::parse(w, now)?),
            "$select" => {
                self.select = list(w, PROPERTIES, |w| w.name().ok_or_else(|| odd(name)))?;
            }
            "$orderby" => {
                self.orderby = list(w, PROPERTIES, |w| {
                    let by = filter::parse(w, now)?;
                    let down = w.word("desc");
                    if !down {
                        w.word("asc");
                    }
                    Ok((by, down))
                })?;
            }
            "$top" => self.top = number(w, MOST)?,
            "$skip" => self.skip = number(w, SKIP)?,
            "$count" => {
                self.count = match w.name().as_deref() {
                    Some("true") => true,
                    Some("false") => false,
                    _ => return Err(odd(name)),
                }
            }
            "$resultFormat" => match w.name().as_deref() {
                Some("dataArray") => self.data_array = true,
                _ => return Err(odd(name)),
            },
            "$skiptoken" => self.after = Some(w.name().ok_or_else(|| odd(name))?),
            _ => self.expand = list(w, WIDE, |w| expand(w, depth, now))?,
        }
        Ok(())
    }
}

fn expand(w: &mut Words, depth: usize, now: Ms) -> Result<(String, Options)> {
    if depth >= DEPTH {
        return Err(odd("$expand").limit(DEPTH as i64));
    }
    let path = w.name().ok_or_else(|| odd("$expand"))?;
    let mut names: Vec<&str> = path.split('/').collect();
    let mut inner = Options::default();
    if w.sign('(') {
        loop {
            let name = w.name().ok_or_else(|| odd("$expand"))?;
            let name = NAMES.iter().take(7).find(|n| **n == name).ok_or_else(|| odd("$expand"))?;
            if !w.sign('=') {
                return Err(odd("$expand"));
            }
            let before = w.rest();
            inner.one(name, w, depth + names.len(), now)?;
            inner.raw.push((name, before[..before.len() - w.rest().len()].to_owned()));
            if !w.sign(';') {
                break;
            }
        }
        if !w.sign(')') {
            return Err(odd("$expand"));
        }
    }
    if depth + names.len() > DEPTH {
        return Err(odd("$expand").limit(DEPTH as i64));
    }
    // `Datastreams/Thing` is Datastreams with its Thing; options are of the last.
    while names.len() > 1 {
        let last = names.pop().unwrap_or_default().to_owned();
        inner = Options { expand: vec![(last, inner)], ..Options::default() };
    }
    Ok((names.pop().unwrap_or_default().to_owned(), inner))
}

fn list<T>(w: &mut Words, most: usize, mut one: impl FnMut(&mut Words) -> Result<T>) -> Result<Vec<T>> {
    let mut out = vec![one(w)?];
    while w.sign(',') {
        if out.len() >= most {
            return Err(odd(w.field).limit(most as i64));
        }
        out.push(one(w)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::filter::Val;
    use super::*;

    fn asked(name: &str, text: &str) -> Result<Options> {
        read(&Form { fields: vec![(name.to_owned(), text.to_owned())], ..Form::default() }, 0)
    }

    /// The value of a condition that names nothing.
    fn value(text: &str) -> Val {
        let e = asked("$filter", text).unwrap_or_else(|e| panic!("{text}: {e:?}")).filter.unwrap();
        e.value(&mut |_| Ok(Val::Null)).unwrap()
    }

    #[test]
    fn conditions_mean_what_they_say() {
        for (text, yes) in [
            ("1 add 2 mul 3 eq 7", true),
            ("(1 add 2) mul 3 eq 9", true),
            ("true or true and false", true),
            ("not (1 gt 2)", true),
            ("not 1 gt 2", true),
            ("7 mod 4 eq 3 and 7 div 2 eq 3.5", true),
            ("-1 lt 0", true),
            ("indexof('水位计','计') eq 2 and substring('水位计',1,1) eq '位'", true),
            ("year(2026-03-04T23:30:00-08:00) eq 2026 and day(2026-03-04T23:30:00-08:00) eq 5", true),
            ("2026-03-04T08:00:00 08:00 eq 2026-03-04T00:00:00Z", true),
            ("'2026-03-04T00:00:00Z/2026-03-05T00:00:00Z' eq 2026-03-04T00:00:00Z", true),
            ("name eq null", true),
            ("name gt 5 or name le 5", false),
            ("'a' eq 1", false),
            ("1 div 0 eq null", true),
        ] {
            assert_eq!(value(text), Val::Bool(yes), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_somebody_writes_is_read_or_refused(
            name in prop::sample::select(NAMES.to_vec()),
            text in "[ ()',;=$/a-z0-9水:T+-]{0,60}",
            words in prop::collection::vec(prop::sample::select(vec![
                "(", ")", "not", "and", "or", "eq", "'x'", "5", "name", "concat(", ",", "$top=1", ";", "Datastreams(", "2026-03-04T00:00:00Z",
            ]), 0..40),
        ) {
            let _ = asked(name, &text);
            if let Ok(Options { filter: Some(e), .. }) = asked(name, &words.join(" ")) {
                let _ = e.value(&mut |_| Ok(Val::Num(1.0)));
            }
        }
    }
}
