//! The page that lists what must be mended in a workbook, with the marked workbook as a link that needs no second upload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Form, Problem, xlsx};
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::{Reply, Req, Result};

/// Problems that a page lists.
const LISTED: usize = 100;

/// What must be mended; nothing was changed.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    code: &'static str,
    message: String,
    count: usize,
    problems: Vec<ProblemView>,
    /// What is wrong with the table as a whole, in words: holes and the like.
    notes: Vec<String>,
    /// The workbook with everything marked.
    marked: String,
    /// Where the upload came from, and what that page is called.
    back: String,
    back_title: String,
    /// Name of the file.
    file: String,
}

#[derive(Serialize, JsonSchema)]
struct ProblemView {
    /// Name of the sheet.
    sheet: &'static str,
    row: usize,
    /// Head of the column; empty for the whole row.
    column: &'static str,
    /// Stable code.
    code: &'static str,
    text: String,
}

/// What the page needs beside the problems.
pub struct Page<'a> {
    /// The kind of refusal.
    pub kind: Kind,
    /// Forms of the tables.
    pub forms: &'static [Form],
    /// Path of the page with the upload, and the key of its title.
    pub back: (&'a str, &'a str),
    /// Name of the marked file.
    pub file: &'a str,
    /// What is wrong with the table as a whole.
    pub notes: Vec<String>,
}

/// Answers with the list; `marked` is the workbook with everything marked.
pub fn answer(req: &Req, page: Page, problems: &[Problem], marked: &[u8]) -> Result<Reply> {
    let of = |p: &Problem| {
        let form = page.forms.iter().find(|f| f.key == p.table);
        let column = form.and_then(|f| f.columns.iter().find(|c| c.0 == p.column));
        ProblemView {
            sheet: form.map_or("", |f| f.zh),
            row: p.row,
            column: column.map_or("", |c| if req.lang == Lang::Zh { c.1 } else { c.2 }),
            code: p.code,
            text: req.app.texts.plain(req.lang, &format!("problem-{}", p.code)),
        }
    };
    let view = Wrong {
        code: page.kind.code(),
        message: req.error_text(&page.kind.into()),
        count: problems.len() + page.notes.len(),
        problems: problems.iter().take(LISTED).map(of).collect(),
        notes: page.notes,
        marked: format!("data:{};base64,{}", xlsx::MIME, STANDARD.encode(marked)),
        back: req.url(page.back.0),
        back_title: req.app.texts.plain(req.lang, page.back.1),
        file: page.file.to_owned(),
    };
    Ok(req.page("kit/sheet/wrong.html", &view)?.status(page.kind.status()))
}
