//! The catalogue as a workbook that a clerk edits: sheets 类别, 问题, 大类, 自动督办, 设置 and an explanation. What a workbook may be
//! is in [`crate::kit::sheet`].

use rust_xlsxwriter::{DataValidation, Formula};

use super::class::{Datatype, Evidence, Kind as ClassKind, Visibility};
use super::read::Problem;
use super::tables::{FORMS, Hand, Tables, write};
use super::{Catalogue, Reason};
use crate::kit::i18n::{Lang, Texts};
use crate::kit::sheet::xlsx::{self, Book, list};
pub use crate::kit::sheet::xlsx::{FILE_BYTES, MIME};
use crate::kit::{Result, RoleKind};

/// The order of sheets: what is edited most comes first. Numbers are places in [`FORMS`].
const SHEETS: [usize; 5] = [1, 2, 0, 4, 3];

/// Reads a workbook: its tables, and the cells that cannot be taken.
pub fn import(bytes: &[u8]) -> Result<(Tables, Vec<Problem>)> {
    let (mut read, mut problems) = xlsx::import(bytes, &FORMS)?;
    let mut tables = Tables::default();
    for form in &FORMS {
        *tables.get_mut(form.key) = read.remove(form.key).unwrap_or_default();
    }
    // Packs of before have no such table; a workbook of today that lost it must not silently end its orders.
    if tables.orders.is_empty() {
        problems.push(Problem { table: "orders", row: 1, column: "", code: "table-missing" });
    }
    Ok((tables, problems))
}

/// The workbook of a catalogue.
pub fn export(catalogue: &Catalogue, texts: &Texts) -> Result<Vec<u8>> {
    mark(&write(catalogue, Hand::Clerk), &[], texts, Lang::Zh)
}

/// The same tables again with what must be mended beside each row, and the cells coloured.
pub fn mark(tables: &Tables, problems: &[Problem], texts: &Texts, lang: Lang) -> Result<Vec<u8>> {
    let sheets = SHEETS.iter().map(|i| (&FORMS[*i], tables.get(FORMS[*i].key))).collect();
    let help = &["edit", "code", "limit", "units", "photos", "scope", "values", "wrong"];
    Book { sheets, problems, lang, choices, help, more: kinds(texts) }.bytes(texts)
}

/// The identifiers of those who handle, with what they are called.
fn kinds(texts: &Texts) -> Vec<Vec<String>> {
    let name = |k: &RoleKind, lang| texts.plain(lang, &format!("role-{}", k.as_str().replace('_', "-")));
    let row = |k: &RoleKind| vec![k.as_str().into(), format!("{} · {}", name(k, Lang::Zh), name(k, Lang::En))];
    RoleKind::ALL.iter().filter(|k| k.is_handler()).map(row).collect()
}

/// What may be chosen in a column.
fn choices(table: &str, key: &str) -> Option<DataValidation> {
    match (table, key) {
        ("majors", "kind") => list(&ClassKind::ALL.iter().map(|k| k.zh()).collect::<Vec<_>>()),
        ("classes", "visibility") => list(&Visibility::ALL.iter().map(|v| v.zh()).collect::<Vec<_>>()),
        ("classes", "evidence") => list(&Evidence::ALL.iter().map(|e| e.zh()).collect::<Vec<_>>()),
        ("questions", "datatype") => list(&Datatype::ALL.iter().map(|d| d.zh()).collect::<Vec<_>>()),
        ("classes", "urgent" | "claimable" | "out_of_scope") | ("questions", "required") => list(&["是", "否"]),
        ("orders", "when") => list(&Reason::ALL.map(Reason::zh)),
        ("classes", "major") => {
            Some(DataValidation::new().allow_list_formula(Formula::new(format!("={}!$A$2:$A${}", FORMS[0].zh, FORMS[0].rows))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use rust_xlsxwriter::Workbook;

    use super::super::embedded;
    use super::super::read::read as check;
    use super::*;
    use crate::kit::error::Kind;

    fn texts() -> Texts {
        Texts::load().unwrap()
    }

    #[test]
    fn what_goes_out_comes_in_the_same() {
        let (all, texts) = (embedded(), texts());
        let bytes = export(&all, &texts).unwrap();
        assert_eq!(bytes, export(&all, &texts).unwrap(), "the same bytes");
        assert!(bytes.len() < 200 << 10, "{}", bytes.len());
        let (tables, problems) = import(&bytes).unwrap();
        assert_eq!(problems, []);
        assert_eq!(check(&tables).as_ref(), Ok(&*all));
    }

    #[test]
    fn mistakes_come_back_in_the_same_workbook_and_can_be_mended_there() {
        let (all, texts) = (embedded(), texts());
        let (mut tables, _) = import(&export(&all, &texts).unwrap()).unwrap();
        let good = std::mem::replace(&mut tables.classes[3][10], "五天".into());
        let problems = check(&tables).unwrap_err();
        assert_eq!(problems, [Problem { table: "classes", row: 4, column: "handle", code: "bad-limit" }]);
        for lang in [Lang::Zh, Lang::En] {
            let (mut again, _) = import(&mark(&tables, &problems, &texts, lang).unwrap()).unwrap();
            assert!(again.classes[0][0].starts_with("请改这里") && again.classes[3][0].contains("wh"), "{:?}", again.classes[3]);
            assert_eq!(check(&again).unwrap_err(), problems, "its own column is left out");
            // Marked twice, the column is there once.
            let (twice, _) = import(&mark(&again, &problems, &texts, lang).unwrap()).unwrap();
            assert_eq!(twice.classes[0].len(), again.classes[0].len());
            again.classes[3][11].clone_from(&good);
            assert_eq!(check(&again).as_ref(), Ok(&*all));
        }
    }

    #[test]
    fn hostile_workbooks_are_refused() {
        let kind = |bytes: &[u8]| import(bytes).unwrap_err().kind;
        assert_eq!(kind(b""), Kind::BadWorkbook);
        assert_eq!(kind(b"PK\x03\x04 no zip"), Kind::BadWorkbook);
        assert_eq!(kind(&vec![0; FILE_BYTES + 1]), Kind::TooLarge);
        // 100 MB of zeros in 100 kB.
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![b'0'; 1 << 20];
        (0..100).for_each(|_| std::io::Write::write_all(&mut zip, &zeros).unwrap());
        let bomb = zip.finish().unwrap().into_inner();
        assert!(bomb.len() < FILE_BYTES);
        assert_eq!(kind(&bomb), Kind::BadWorkbook);
        // A cell in the last corner of the sheet, a formula, and a million rows would each be too much.
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name("类别").unwrap();
        sheet.write_string(0, 0, "代码").unwrap();
        sheet.write_formula(1, 0, "=1+1").unwrap();
        sheet.write_string(1_048_575, 16_383, "x").unwrap();
        let (tables, problems) = import(&book.save_to_buffer().unwrap()).unwrap();
        assert!(tables.classes.len() <= 3);
        let codes: Vec<(usize, &str, &str)> = problems.iter().map(|p| (p.row, p.column, p.code)).collect();
        assert_eq!(codes, [(2, "code", "formula"), (2002, "", "too-many-rows"), (1, "", "table-missing")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_damaged_workbook_makes_nothing_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(), shorter in any::<bool>()) {
            static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
            let mut bytes = WHOLE.get_or_init(|| export(&embedded(), &texts()).unwrap()).clone();
            let i = at.index(bytes.len());
            bytes[i] = byte;
            if shorter {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok((tables, _)) = import(&bytes) {
                let _ = check(&tables);
            }
        }
    }
}
