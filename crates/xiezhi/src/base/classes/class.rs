//! What a class of matter is: its names, conditions, limits, questions, and what is shown of it.

use calc::due::Limit;

use crate::kit::RoleKind;
use crate::kit::i18n::Lang;
use crate::kit::names::names;

names! {
    /// Stages that have a time limit.
    Stage {
        Receive = "receive" "受理",
        Dispatch = "dispatch" "派遣",
        Handle = "handle" "处理",
        Check = "check" "核查",
    }
    /// GB/T 30428.2 knows components (things) and events; what people ask of a community beside them is a matter.
    Kind {
        Component = "component" "部件",
        Event = "event" "事件",
        Matter = "matter" "事项",
    }
    /// How exactly everybody may see where it is.
    Visibility {
        Exact = "exact" "公开到点位",
        Building = "building" "只公开到楼栋",
        Private = "private" "不公开",
    }
    /// Photos that closing needs. The law forbids needless ones, so whatever needs them says why.
    Evidence {
        None = "none" "不要照片",
        After = "after" "办结照片",
        Pair = "pair" "前后对比照片",
    }
    /// Kinds of answers, as GeoReport names them.
    Datatype {
        String = "string" "短文字",
        Number = "number" "数字",
        Datetime = "datetime" "日期时间",
        Text = "text" "长文字",
        One = "singlevaluelist" "单选",
        Many = "multivaluelist" "多选",
    }
}

impl Datatype {
    /// Answers are chosen from a list.
    pub fn has_values(self) -> bool {
        matches!(self, Datatype::One | Datatype::Many)
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// 中文
    pub zh: String,
    /// English; may be empty in a pack that somebody wrote for his own place.
    pub en: String,
}

impl Words {
    /// The text in a language, in the other one where it is missing.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En if !self.en.is_empty() => &self.en,
            _ => &self.zh,
        }
    }
}

/// A group of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Major {
    /// Code.
    pub code: String,
    /// What its classes are.
    pub kind: Kind,
    /// Number in GB/T 30428.2; empty for a local one.
    pub standard: String,
    /// Name.
    pub name: Words,
}

/// A question asked about a matter of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Code, unique within the class.
    pub code: String,
    /// The question.
    pub text: Words,
    /// Kind of answer.
    pub datatype: Datatype,
    /// Programs must answer it; people are never refused for it.
    pub required: bool,
    /// What may be chosen: code and name.
    pub values: Vec<(String, Words)>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Code, `^[a-z0-9-]+$`; never given to another class.
    pub code: String,
    /// Place among the plain choices that residents get; none for a class only clerks choose.
    pub plain: Option<u32>,
    /// Number in GB/T 30428.2 within its kind; empty for a local class.
    pub standard: String,
    /// Code of its major.
    pub major: String,
    /// Kind of its major.
    pub kind: Kind,
    /// Name.
    pub name: Words,
    /// When a matter of this class is taken up (立案条件).
    pub filing: Words,
    /// When it may be closed (结案条件).
    pub closing: Words,
    /// Limits in the order of [`Stage::ALL`].
    pub limits: [Limit; 4],
    /// Who usually handles it, the most likely first.
    pub units: Vec<RoleKind>,
    /// Who may see where it is.
    pub visibility: Visibility,
    /// Photos that closing needs.
    pub evidence: Evidence,
    /// Why it needs them.
    pub why: Words,
    /// Goes to the top of every list.
    pub urgent: bool,
    /// Volunteers and firms may take it up by themselves.
    pub claimable: bool,
    /// Nobody here can settle it: the answer says who can.
    pub out_of_scope: bool,
    /// That answer.
    pub answer: Words,
    /// Words that suggest it, in both languages.
    pub keywords: [Vec<String>; 2],
    /// What is asked about it.
    pub questions: Vec<Question>,
}

impl Class {
    /// Time limit of a stage.
    pub fn limit(&self, stage: Stage) -> Limit {
        self.limits[stage as usize]
    }

    /// Name in a language.
    pub fn name(&self, lang: Lang) -> &str {
        self.name.get(lang)
    }

    /// Whether both name the same things, one of them perhaps more closely: the same class, or a word that suggests both.
    pub fn is_kin(&self, other: &Class) -> bool {
        self.code == other.code || self.keywords[0].iter().any(|word| !word.is_empty() && other.keywords[0].contains(word))
    }
}
