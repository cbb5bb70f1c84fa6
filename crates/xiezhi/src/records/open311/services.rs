//! The services and their questions: the case catalogue in the words of the standard.
//!
//! Everything here comes from the catalogue and the texts; whatever the catalogue learns, only this file must learn too.

use fluent_bundle::FluentArgs;

use crate::kit::App;
use crate::kit::i18n::Lang;
use crate::records::case::classes::catalogue;

/// Who may see where a case of a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// The very spot.
    Exact,
    /// The building.
    Building,
    /// Nothing: cases of this class are not public.
    Private,
}

/// One service.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of `service`")]
pub struct Service {
    pub code: String,
    pub name: String,
    pub description: String,
    pub group: String,
    pub keywords: Vec<String>,
    pub visibility: Visibility,
    pub attributes: Vec<Attribute>,
}

/// One question of a service.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of `attribute`")]
pub struct Attribute {
    pub code: String,
    /// `string number datetime text singlevaluelist multivaluelist`
    pub datatype: String,
    pub required: bool,
    pub description: String,
    /// Keys and names.
    pub values: Vec<(String, String)>,
}

/// Questions of classes: class, code, datatype, required, values. Their words are texts `ask-<class>-<code>`.
const QUESTIONS: [(&str, &str, &str, bool, &[&str]); 2] =
    [("lift", "trapped", "singlevaluelist", true, &["yes", "no"]), ("lighting", "lamps", "number", false, &[])];

/// The code of what nobody has classified.
pub const OTHER: &str = "other";

/// All services, in the order of the catalogue.
pub fn all(app: &App, lang: Lang) -> Vec<Service> {
    catalogue().order.iter().filter_map(|code| get(app, lang, code)).collect()
}

/// One service.
pub fn get(app: &App, lang: Lang, code: &str) -> Option<Service> {
    let class = catalogue().get(code)?;
    let name = name(app, lang, Some(code));
    let ask = |q: &(&str, &str, &str, bool, &[&str])| {
        let key = format!("ask-{code}-{}", q.1);
        Attribute {
            code: q.1.to_owned(),
            datatype: q.2.to_owned(),
            required: q.3,
            description: app.texts.plain(lang, &key),
            values: q.4.iter().map(|v| ((*v).to_owned(), app.texts.plain(lang, &format!("{key}-{v}")))).collect(),
        }
    };
    let mut args = FluentArgs::new();
    args.set("name", name.as_str());
    Some(Service {
        description: app.texts.get(lang, "open311-service", Some(&args)),
        group: app.texts.plain(lang, if class.urgent { "open311-group-urgent" } else { "open311-group" }),
        keywords: if class.urgent { vec![app.texts.plain(lang, "urgent")] } else { Vec::new() },
        visibility: Visibility::Building,
        attributes: QUESTIONS.iter().filter(|q| q.0 == code).map(ask).collect(),
        code: code.to_owned(),
        name,
    })
}

/// The name of a class; what nobody has classified is `other`.
pub fn name(app: &App, lang: Lang, class: Option<&str>) -> String {
    app.texts.plain(lang, &format!("class-{}", class.unwrap_or(OTHER)))
}

/// Who may see where cases of a class are.
pub fn visibility(_class: Option<&str>) -> Visibility {
    Visibility::Building
}

/// Codes of the classes whose cases are not public.
pub fn private() -> Vec<String> {
    catalogue().order.iter().filter(|c| visibility(Some(c)) == Visibility::Private).cloned().collect()
}
