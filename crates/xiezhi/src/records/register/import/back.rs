//! A table goes back to its owner with what is wrong beside each row.
//!
//! What must stay true: it holds what came and what is wrong with it, in words; nothing of the register, so that nobody
//! learns from it what is held of others.

use std::collections::HashMap;

use store::{Query as _, params};

use super::super::view::text_key;
use super::{Run, bytes, each, heads};
use crate::kit::i18n::Lang;
use crate::kit::{App, Result, foreign};

/// Up to so many rows the whole table goes back; of a longer one only the rows of which something is told, so many of them.
const WHOLE: i64 = 20_000;
const MOST: usize = 50_000;

/// The key of a target's name.
pub fn target_key(target: &str) -> String {
    if heads::PLACES.contains(&target) { format!("register-import-to-{target}") } else { text_key(target) }
}

/// What is wrong, in words.
pub fn words(app: &App, lang: Lang, code: &str, about: &str) -> String {
    let said = |key: &str| app.texts.plain(lang, key);
    format!("{}{}{}", said(&target_key(about)), said("colon"), said(&format!("register-why-{code}")))
}

/// The workbook.
pub fn workbook(app: &App, run: &Run, lang: Lang) -> Result<Vec<u8>> {
    let sql = "select line, fatal, why from register_import_line where run = $1 order by line limit $2";
    let lines = app.db.read(|r| r.rows(sql, params![&run.id, MOST as i64]))?;
    let mut told = HashMap::new();
    for row in lines {
        let (line, fatal, why): (u64, i64, String) = (row.get("line")?, row.get("fatal")?, row.get("why")?);
        let each = why.split(' ').filter_map(|w| w.split_once(':')).map(|(code, about)| words(app, lang, code, about));
        let lead = app.texts.plain(lang, if fatal == 1 { "register-row-refused" } else { "register-row-taken" });
        told.insert(line, format!("{lead}{}{}", app.texts.plain(lang, "colon"), each.collect::<Vec<_>>().join("; ")));
    }
    let file = bytes(app, run)?;
    let (mut out, mut skip) = (Vec::new(), None);
    each(&file, &mut |line| {
        if line.at < run.head {
            return Ok(true);
        }
        let lead = if line.at == run.head {
            skip = line.cells.iter().position(|c| heads::PROBLEM.contains(&heads::plain(c).as_str()));
            app.texts.plain(lang, "register-import-problem")
        } else {
            match told.remove(&line.at) {
                Some(words) => words,
                None if run.lines > WHOLE => return Ok(true),
                None => String::new(),
            }
        };
        let cells = line.cells.iter().enumerate().filter(|(at, _)| Some(*at) != skip).map(|(_, c)| c.clone());
        out.push(std::iter::once(lead).chain(cells).collect());
        Ok(true)
    })?;
    foreign::write_xlsx(&[(&app.texts.plain(lang, "register-import-sheet"), out)])
}
