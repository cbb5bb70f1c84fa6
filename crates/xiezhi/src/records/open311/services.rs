//! The services and their questions: the case catalogue in the words of the standard.
//!
//! Everything here comes from the catalogue and the texts; whatever the catalogue learns, only this file must learn too.

use std::sync::Arc;

pub use crate::base::classes::Visibility;
use crate::base::classes::{self, Catalogue, Class, HANDED};
use crate::kit::i18n::Lang;
use crate::kit::{App, Result};

/// One service.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of `service`")]
pub struct Service {
    pub code: String,
    pub name: String,
    pub description: String,
    pub group: String,
    pub keywords: Vec<String>,
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

/// The code of what nobody has classified.
pub const OTHER: &str = "other";

/// The catalogue in force.
pub fn catalogue(app: &App) -> Result<Arc<Catalogue>> {
    classes::now(app)
}

/// All services, in the order of the catalogue; work that is handed down is none.
pub fn all(app: &App, lang: Lang) -> Result<Vec<Service>> {
    let catalogue = catalogue(app)?;
    Ok(catalogue.iter().filter(|c| c.major != HANDED).map(|c| of(app, &catalogue, c, lang)).collect())
}

/// One service.
pub fn get(app: &App, lang: Lang, code: &str) -> Result<Option<Service>> {
    let catalogue = catalogue(app)?;
    Ok(catalogue.get(code).filter(|c| c.major != HANDED).map(|c| of(app, &catalogue, c, lang)))
}

fn of(app: &App, catalogue: &Catalogue, class: &Class, lang: Lang) -> Service {
    let group = catalogue.majors.iter().find(|m| m.code == class.major).map_or("", |m| m.name.get(lang));
    let mut keywords = class.keywords[usize::from(lang == Lang::En)].clone();
    keywords.extend(class.urgent.then(|| app.texts.plain(lang, "urgent")));
    // A word that some clients know: they hide what is reported under it.
    keywords.extend((class.visibility == Visibility::Private).then(|| "private".to_owned()));
    Service {
        code: class.code.clone(),
        name: class.name(lang).to_owned(),
        description: class.filing.get(lang).to_owned(),
        group: group.to_owned(),
        keywords: keywords.iter().map(|k| k.replace(',', " ")).collect(),
        attributes: class
            .questions
            .iter()
            .map(|q| Attribute {
                code: q.code.clone(),
                datatype: q.datatype.as_str().to_owned(),
                required: q.required,
                description: q.text.get(lang).to_owned(),
                values: q.values.iter().map(|(key, name)| (key.clone(), name.get(lang).to_owned())).collect(),
            })
            .collect(),
    }
}

/// The name of a class, also of one that is no longer offered; what nobody has classified is `other`.
pub fn name(catalogue: &Catalogue, lang: Lang, class: Option<&str>) -> String {
    catalogue.label(class.unwrap_or(OTHER), lang).to_owned()
}

/// Codes of the classes whose cases are not public.
pub fn private(catalogue: &Catalogue) -> Vec<String> {
    catalogue.iter().filter(|c| c.visibility == Visibility::Private).map(|c| c.code.clone()).collect()
}
