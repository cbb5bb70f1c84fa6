//! The lists in versions: what a community does by law, what it assists in, what nobody may hand down to it.
//!
//! What must stay true: a version is never changed, a new one is added; a list with a mistake is not put in force at all;
//! version 0 is what the program brings.

use std::collections::HashSet;
use std::sync::Arc;

use calc::due::Limit;
use store::{Entry, Query, Tx, params};

use crate::base::classes::{Catalogue, HANDED};
use crate::kit::foreign::{self, Line};
use crate::kit::i18n::Lang;
use crate::kit::names::names;
use crate::kit::versioned::Versioned;
use crate::kit::{App, Error, Result};

const EMBEDDED: &str = include_str!("../../../../../data/duties/cn.csv");
/// Columns: key, head in the workbook.
pub const COLUMNS: [(&str, &str); 7] = [
    ("list", "清单"),
    ("code", "编码"),
    ("zh", "事项"),
    ("en", "Item"),
    ("basis_zh", "依据"),
    ("basis_en", "Basis"),
    ("keywords", "关键词"),
];
/// Why a row is wrong; the texts are `duty-row-<code>`.
pub const CODES: [&str; 7] =
    ["column-missing", "list-unknown", "code-missing", "code-twice", "text-missing", "setting-wrong", "too-many"];
/// Most entries.
const MOST: usize = 1000;
const SETTING: &str = "设置";

names! {
    /// A list; `other` is whatever stands on none.
    List { Own = "own", Assist = "assist", Negative = "negative", Other = "other", }
}

impl List {
    /// Its name in the workbook.
    pub fn zh(self) -> &'static str {
        match self {
            List::Own => "依法履职",
            List::Assist => "协助事项",
            List::Negative => "不得下派",
            List::Other => "其他",
        }
    }
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the columns of the workbook")]
pub struct Item {
    pub list: List,
    pub code: String,
    pub zh: String,
    pub en: String,
    pub basis_zh: String,
    pub basis_en: String,
    pub keywords: Vec<String>,
}

impl Item {
    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// What it rests on.
    pub fn basis(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.basis_zh } else { &self.basis_en }
    }
}

/// The lists in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// 0 is what the program brings.
    pub version: i64,
    /// Entries in their order.
    pub items: Vec<Item>,
    /// How long a seat has to decide.
    pub decide: Limit,
    /// Class of the tasks.
    pub class: String,
}

/// A row that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Line of the table.
    pub line: u64,
    /// One of [`CODES`].
    pub code: &'static str,
}

impl Pack {
    /// Reads a table; with any mistake it is none.
    pub fn parse(lines: &[Line], catalogue: &Catalogue) -> std::result::Result<Pack, Vec<Problem>> {
        let head = lines.first().map(|(_, h)| h.as_slice()).unwrap_or_default();
        let place = |(key, zh): (&str, &str)| head.iter().position(|h| h == key || h == zh);
        let at: Vec<usize> = COLUMNS.into_iter().filter_map(place).collect();
        if at.len() < COLUMNS.len() {
            return Err(vec![Problem { line: 1, code: "column-missing" }]);
        }
        if lines.len() > MOST {
            return Err(vec![Problem { line: 1, code: "too-many" }]);
        }
        let (mut problems, mut codes) = (Vec::new(), HashSet::new());
        let (mut items, mut decide, mut class) = (Vec::new(), None, None);
        for (line, row) in lines.iter().skip(1) {
            let get = |n: usize| row.get(at[n]).map_or("", |s| s.trim());
            let wrong = |code| Problem { line: *line, code };
            if matches!(get(0), "setting" | SETTING) {
                match get(1) {
                    "decide" if get(2).parse::<Limit>().is_ok() => decide = get(2).parse().ok(),
                    "class" if catalogue.get(get(2)).is_some_and(|c| c.major == HANDED) => class = Some(get(2).to_owned()),
                    _ => problems.push(wrong("setting-wrong")),
                }
                continue;
            }
            let list = List::ALL.iter().copied().find(|l| *l != List::Other && (l.as_str() == get(0) || l.zh() == get(0)));
            let Some(list) = list else {
                problems.push(wrong("list-unknown"));
                continue;
            };
            if get(1).is_empty() {
                problems.push(wrong("code-missing"));
            } else if !codes.insert(get(1).to_owned()) {
                problems.push(wrong("code-twice"));
            }
            if (2..6).any(|n| get(n).is_empty()) {
                problems.push(wrong("text-missing"));
            }
            let words = get(6).split(['、', ',', '，']).map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned);
            items.push(Item {
                list,
                code: get(1).into(),
                zh: get(2).into(),
                en: get(3).into(),
                basis_zh: get(4).into(),
                basis_en: get(5).into(),
                keywords: words.collect(),
            });
        }
        match (decide, class) {
            (Some(decide), Some(class)) if problems.is_empty() => Ok(Pack { version: 0, items, decide, class }),
            (None, _) | (_, None) => {
                problems.push(Problem { line: 1, code: "setting-wrong" });
                Err(problems)
            }
            _ => Err(problems),
        }
    }

    /// An entry by code.
    pub fn get(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.code == code)
    }

    /// The entry of the negative list that these words name, whatever they call themselves.
    pub fn forbidden(&self, text: &str) -> Option<&Item> {
        let text = text.to_lowercase();
        let says = |i: &&Item| i.keywords.iter().any(|w| text.contains(&w.to_lowercase()));
        self.items.iter().filter(|i| i.list == List::Negative).find(says)
    }

    /// The table as people edit it.
    pub fn table(&self) -> Vec<Vec<String>> {
        let mut rows = vec![COLUMNS.iter().map(|(_, zh)| (*zh).to_owned()).collect::<Vec<_>>()];
        let setting = |code: &str, value: &str| {
            let mut row = vec![SETTING.to_owned(), code.to_owned(), value.to_owned()];
            row.resize(COLUMNS.len(), String::new());
            row
        };
        rows.extend([setting("class", &self.class), setting("decide", &self.decide.to_string())]);
        rows.extend(self.items.iter().map(|i| {
            let words = i.keywords.join("、");
            [i.list.zh(), &i.code, &i.zh, &i.en, &i.basis_zh, &i.basis_en, &words].map(str::to_owned).to_vec()
        }));
        rows
    }
}

/// The lists the program brings.
pub fn embedded(catalogue: &Catalogue) -> Result<Pack> {
    Pack::parse(&foreign::read(EMBEDDED.as_bytes())?, catalogue).map_err(|p| Error::internal(format!("data/duties: {p:?}")))
}

/// The lists in force.
pub fn now(q: &mut dyn Query, app: &App) -> Result<Arc<Pack>> {
    static KEPT: Versioned<Pack> = Versioned::new();
    let version = q.count("select max(version) from duty_pack", &[])?;
    // The class of the tasks may be of a catalogue that is no longer in force: what was right once stays readable.
    let catalogue = crate::base::classes::embedded();
    let data = match version {
        0 => None,
        v => q.row("select data from duty_pack where version = $1", params![v])?.map(|r| r.get::<String>("data")).transpose()?,
    };
    KEPT.get(app, version, || {
        let pack = match data {
            None => embedded(&catalogue)?,
            Some(text) => Pack::parse(&foreign::read(text.as_bytes())?, &catalogue)
                .map_err(|p| Error::internal(format!("duty_pack {version}: {p:?}")))?,
        };
        Ok(Pack { version, ..pack })
    })
}

/// Puts new lists in force; gives their version.
pub fn adopt(tx: &mut Tx, actor: Option<&str>, pack: &Pack) -> Result<i64> {
    let version = tx.count("select max(version) from duty_pack", &[])? + 1;
    let mut out = csv::Writer::from_writer(Vec::new());
    for row in pack.table() {
        out.write_record(&row).map_err(Error::internal)?;
    }
    let data = String::from_utf8(out.into_inner().map_err(|e| Error::internal(e.to_string()))?).map_err(Error::internal)?;
    let now = tx.now();
    tx.exec("insert into duty_pack(version, data, made_at) values ($1, $2, $3)", params![version, data, now])?;
    let id = version.to_string();
    tx.log(Entry { actor, ..Entry::new("duty.pack", "duty", &id) }.fact("items", pack.items.len() as i64))?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::classes::embedded as classes;

    #[test]
    fn the_lists_that_ship_are_whole_and_go_through_a_workbook_unchanged() {
        let pack = embedded(&classes()).unwrap();
        assert!(
            pack.items.len() >= 40
                && [List::Own, List::Assist, List::Negative]
                    .iter()
                    .all(|l| pack.items.iter().filter(|i| i.list == *l).count() >= 10)
        );
        let bytes = foreign::write_xlsx(&[("权责清单", pack.table())]).unwrap();
        assert_eq!(Pack::parse(&foreign::read(&bytes).unwrap(), &classes()).unwrap(), pack);
        assert_eq!(pack.forbidden("请社区组织打卡并点赞").unwrap().code, "no-app");
        assert_eq!(pack.forbidden("入户走访老人"), None);
    }

    #[test]
    fn a_list_with_any_mistake_is_told_row_by_row() {
        let table = "list,code,zh,en,basis_zh,basis_en,keywords\nsetting,decide,3wd,,,,\nsetting,class,road,,,,\nown,,a,b,c,d,\nown,x,a,b,c,d,\nown,x,,b,c,d,\nmine,y,a,b,c,d,\n";
        let problems = Pack::parse(&foreign::read(table.as_bytes()).unwrap(), &classes()).unwrap_err();
        let got: Vec<_> = problems.iter().map(|p| (p.line, p.code)).collect();
        let want = [
            (3, "setting-wrong"),
            (4, "code-missing"),
            (6, "code-twice"),
            (6, "text-missing"),
            (7, "list-unknown"),
            (1, "setting-wrong"),
        ];
        assert_eq!(got, want);
        assert_eq!(Pack::parse(&[], &classes()).unwrap_err()[0].code, "column-missing");
    }
}
