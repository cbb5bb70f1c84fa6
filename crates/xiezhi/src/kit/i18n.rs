//! Texts in two languages, from the Fluent files in `texts/`. zh-CN is the source; en is complete (a test sees to it).

use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use rust_embed::RustEmbed;
use unic_langid::LanguageIdentifier;

#[derive(RustEmbed)]
#[folder = "../../texts"]
struct Files;

/// The languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// 简体中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// Tag as in HTML and HTTP.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// The first language of a header or cookie that we speak.
    pub fn parse(text: &str) -> Option<Lang> {
        text.split(',').find_map(|part| {
            let tag = part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            match tag.split('-').next() {
                Some("zh") => Some(Lang::Zh),
                Some("en") => Some(Lang::En),
                _ => None,
            }
        })
    }
}

/// All texts.
pub struct Texts {
    zh: FluentBundle<FluentResource>,
    en: FluentBundle<FluentResource>,
}

impl Texts {
    /// Loads the embedded files. A broken file stops the program at start, not a reader later.
    pub fn load() -> Result<Texts, String> {
        Ok(Texts { zh: bundle(Lang::Zh)?, en: bundle(Lang::En)? })
    }

    /// The text of a key; `⟦key⟧` when there is none, which tests look for.
    pub fn get(&self, lang: Lang, key: &str, args: Option<&FluentArgs>) -> String {
        let bundle = match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else { return format!("⟦{key}⟧") };
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, args, &mut errors).into_owned()
    }

    /// A text without parameters.
    pub fn plain(&self, lang: Lang, key: &str) -> String {
        self.get(lang, key, None)
    }

    /// True when the key exists in the language.
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        match lang {
            Lang::Zh => self.zh.has_message(key),
            Lang::En => self.en.has_message(key),
        }
    }

    /// All keys of a language, for tests.
    pub fn keys(lang: Lang) -> BTreeSet<String> {
        sources(lang)
            .flat_map(|(_, text)| {
                text.lines()
                    .filter_map(|l| l.split_once(" ="))
                    .filter(|(k, _)| k.starts_with(|c: char| c.is_ascii_lowercase()))
                    .map(|(k, _)| k.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

fn sources(lang: Lang) -> impl Iterator<Item = (String, String)> {
    let folder = format!("{}/", lang.tag());
    Files::iter()
        .filter(move |name| name.starts_with(&folder) && name.ends_with(".ftl"))
        .filter_map(|name| Some((name.to_string(), String::from_utf8(Files::get(&name)?.data.into_owned()).ok()?)))
}

fn bundle(lang: Lang) -> Result<FluentBundle<FluentResource>, String> {
    let id: LanguageIdentifier = lang.tag().parse().map_err(|e| format!("{}: {e}", lang.tag()))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Bidi isolation marks would be seen as stray characters in plain texts and notices.
    bundle.set_use_isolating(false);
    for (name, text) in sources(lang) {
        let resource = FluentResource::try_new(text).map_err(|(_, e)| format!("{name}: {e:?}"))?;
        bundle.add_resource(resource).map_err(|e| format!("{name}: {e:?}"))?;
    }
    Ok(bundle)
}
