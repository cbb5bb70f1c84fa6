//! A pack as tables of text: the form in which it lies in `data/catalogue`, in the database and in a workbook. Which
//! columns there are, how they are headed for clerks, and writing a catalogue down.

use serde::{Deserialize, Serialize};

use super::class::{Class, Datatype, Evidence, Kind, Visibility, Words};
use super::{Catalogue, DAYS};
pub use crate::kit::sheet::Form;

/// The tables of a pack.
pub const FORMS: [Form; 5] = [
    Form {
        key: "majors",
        zh: "大类",
        columns: &[
            ("code", "代码", "Code", 18),
            ("kind", "种类", "Kind", 10),
            ("standard", "国标号", "Standard", 8),
            ("zh", "名称", "Chinese name", 20),
            ("en", "英文名", "English name", 24),
        ],
        rows: 100,
    },
    Form {
        key: "classes",
        zh: "类别",
        columns: &[
            ("code", "代码", "Code", 20),
            ("plain", "常用序号", "Plain choice", 8),
            ("standard", "国标号", "Standard", 8),
            ("major", "大类", "Major", 18),
            ("zh", "名称", "Chinese name", 20),
            ("en", "英文名", "English name", 24),
            ("filing_zh", "立案条件", "Filing condition (zh)", 40),
            ("filing_en", "立案条件（英文）", "Filing condition (en)", 30),
            ("receive", "受理时限", "Receive within", 10),
            ("dispatch", "派遣时限", "Dispatch within", 10),
            ("handle", "处理时限", "Handle within", 10),
            ("check", "核查时限", "Check within", 10),
            ("closing_zh", "结案条件", "Closing condition (zh)", 40),
            ("closing_en", "结案条件（英文）", "Closing condition (en)", 30),
            ("units", "责任单位", "Responsible units", 24),
            ("visibility", "公开程度", "Visibility", 14),
            ("evidence", "照片要求", "Evidence", 14),
            ("why_zh", "为什么要照片", "Why photos (zh)", 30),
            ("why_en", "为什么要照片（英文）", "Why photos (en)", 24),
            ("urgent", "紧急", "Urgent", 6),
            ("claimable", "可认领", "Claimable", 8),
            ("out_of_scope", "不受理", "Out of scope", 8),
            ("answer_zh", "不受理的答复", "Answer (zh)", 40),
            ("answer_en", "不受理的答复（英文）", "Answer (en)", 30),
            ("keywords_zh", "关键词", "Keywords (zh)", 30),
            ("keywords_en", "关键词（英文）", "Keywords (en)", 30),
        ],
        rows: 2000,
    },
    Form {
        key: "questions",
        zh: "问题",
        columns: &[
            ("class", "类别代码", "Class", 20),
            ("code", "问题代码", "Code", 14),
            ("zh", "问题", "Question (zh)", 30),
            ("en", "问题（英文）", "Question (en)", 30),
            ("datatype", "答案类型", "Kind of answer", 12),
            ("required", "必答", "Required", 6),
            ("values", "可选答案", "Values", 60),
        ],
        rows: 5000,
    },
    Form {
        key: "settings", zh: "设置", columns: &[("key", "设置项", "Setting", 24), ("value", "值", "Value", 30)], rows: 50
    },
    Form {
        key: "orders",
        zh: "自动督办",
        columns: &[("when", "什么情况", "When", 24), ("n", "数", "Number", 8), ("within", "多久办好", "Within", 12)],
        rows: 50,
    },
];

/// Settings: key, 中文, English.
pub const SETTINGS: [(&str, &str, &str); 5] = [
    ("name", "目录名称", "Name of the catalogue"),
    ("escalate", "超时后再升级的时限", "Time until an overdue matter moves up once more"),
    ("warn_percent", "用掉百分之几的时限就提醒", "Percent of a limit after which its holder is warned"),
    ("reopen_days", "几天内可以要求重办", "Days within which a matter may be reopened"),
    ("rate_days", "几天内可以评价", "Days within which a matter may be rated"),
];

/// The tables; the first row of each is its head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tables {
    /// Groups.
    pub majors: Vec<Vec<String>>,
    /// Classes.
    pub classes: Vec<Vec<String>>,
    /// Questions.
    pub questions: Vec<Vec<String>>,
    /// Settings.
    pub settings: Vec<Vec<String>>,
    /// When an order to hurry arises by itself; absent from packs of before.
    pub orders: Vec<Vec<String>>,
}

impl Tables {
    /// A table by its key.
    pub fn get(&self, key: &str) -> &Vec<Vec<String>> {
        match key {
            "majors" => &self.majors,
            "classes" => &self.classes,
            "questions" => &self.questions,
            "orders" => &self.orders,
            _ => &self.settings,
        }
    }

    /// The same, to be filled.
    pub fn get_mut(&mut self, key: &str) -> &mut Vec<Vec<String>> {
        match key {
            "majors" => &mut self.majors,
            "classes" => &mut self.classes,
            "questions" => &mut self.questions,
            "orders" => &mut self.orders,
            _ => &mut self.settings,
        }
    }

    /// Reads the tables of a pack from CSV texts, in the order of [`FORMS`].
    pub fn from_csv(texts: [&str; 5]) -> Result<Tables, String> {
        let mut tables = Tables::default();
        for (form, text) in FORMS.iter().zip(texts) {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            for record in reader.records() {
                let record = record.map_err(|e| format!("{}: {e}", form.key))?;
                tables.get_mut(form.key).push(record.iter().map(str::to_owned).collect());
            }
        }
        Ok(tables)
    }
}

/// Whether values are written for programs or for a clerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Stable identifiers.
    Program,
    /// 中文.
    Clerk,
}

/// Writes a catalogue down; reading it again gives the same catalogue.
pub fn write(catalogue: &Catalogue, hand: Hand) -> Tables {
    let clerk = hand == Hand::Clerk;
    let yes = |on: bool| {
        if !on {
            ""
        } else if clerk {
            "是"
        } else {
            "yes"
        }
        .to_owned()
    };
    let kind = |k: Kind| if clerk { k.zh() } else { k.as_str() }.to_owned();
    let head = |i: usize| vec![FORMS[i].columns.iter().map(|c| c.0.to_owned()).collect::<Vec<_>>()];
    let mut tables = Tables { majors: head(0), classes: head(1), questions: head(2), settings: head(3), orders: head(4) };
    for m in &catalogue.majors {
        tables.majors.push(vec![m.code.clone(), kind(m.kind), m.standard.clone(), m.name.zh.clone(), m.name.en.clone()]);
    }
    for class in catalogue.iter() {
        tables.classes.push(class_row(class, clerk, yes));
        for q in &class.questions {
            let datatype: fn(Datatype) -> &'static str = if clerk { Datatype::zh } else { Datatype::as_str };
            let values: Vec<String> = q.values.iter().map(|(code, w)| format!("{code}={}", both(w))).collect();
            tables.questions.push(vec![
                class.code.clone(),
                q.code.clone(),
                q.text.zh.clone(),
                q.text.en.clone(),
                datatype(q.datatype).into(),
                yes(q.required),
                values.join(if clerk { "\n" } else { "; " }),
            ]);
        }
    }
    let values = [
        catalogue.name.clone(),
        catalogue.escalate.to_string(),
        catalogue.warn_percent.to_string(),
        (catalogue.reopen_window / DAYS).to_string(),
        (catalogue.rate_window / DAYS).to_string(),
    ];
    for ((key, zh, _), value) in SETTINGS.iter().zip(values) {
        tables.settings.push(vec![if clerk { zh } else { key }.to_string(), value]);
    }
    for rule in &catalogue.orders {
        let when = if clerk { rule.when.zh() } else { rule.when.as_str() };
        tables.orders.push(vec![when.into(), rule.n.to_string(), rule.within.to_string()]);
    }
    tables
}

fn both(words: &Words) -> String {
    if words.en.is_empty() { words.zh.clone() } else { format!("{}|{}", words.zh, words.en) }
}

fn class_row(c: &Class, clerk: bool, yes: impl Fn(bool) -> String) -> Vec<String> {
    let visibility: fn(Visibility) -> &'static str = if clerk { Visibility::zh } else { Visibility::as_str };
    let evidence: fn(Evidence) -> &'static str = if clerk { Evidence::zh } else { Evidence::as_str };
    let [receive, dispatch, handle, check] = c.limits.map(|l| l.to_string());
    let units: Vec<&str> = c.units.iter().map(|u| u.as_str()).collect();
    let [zh, en] = &c.keywords;
    vec![
        c.code.clone(),
        c.plain.map(|n| n.to_string()).unwrap_or_default(),
        c.standard.clone(),
        c.major.clone(),
        c.name.zh.clone(),
        c.name.en.clone(),
        c.filing.zh.clone(),
        c.filing.en.clone(),
        receive,
        dispatch,
        handle,
        check,
        c.closing.zh.clone(),
        c.closing.en.clone(),
        units.join(", "),
        visibility(c.visibility).into(),
        evidence(c.evidence).into(),
        c.why.zh.clone(),
        c.why.en.clone(),
        yes(c.urgent),
        yes(c.claimable),
        yes(c.out_of_scope),
        c.answer.zh.clone(),
        c.answer.en.clone(),
        zh.join("、"),
        en.join(", "),
    ]
}
