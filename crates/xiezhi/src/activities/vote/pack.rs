//! Rule packs (规则包): by which law, with what shares, after how many days. They are rows in `data/votes`, each with the law it
//! rests on; a place's pack takes over from its base whatever it does not say itself.
//!
//! What must stay true: no threshold stands in code; a vote keeps the pack it was opened under, whole ([`Pack::text`]), so
//! that a new law changes no vote that began before it.

use std::sync::LazyLock;

use calc::tally::{self, Count, Item, Of, Rule, Share, Use};
use serde::{Deserialize, Serialize};

use crate::kit::i18n::Lang;

/// Texts of the packs that ship, bases before those that rest on them.
const EMBEDDED: &[&str] = &[
    include_str!("../../../../../data/votes/cn-civil-code.toml"),
    include_str!("../../../../../data/votes/cn-residents.toml"),
    include_str!("../../../../../data/votes/beijing.toml"),
    include_str!("../../../../../data/votes/hangzhou.toml"),
    include_str!("../../../../../data/votes/liaocheng.toml"),
    include_str!("../../../../../data/votes/ningbo.toml"),
    include_str!("../../../../../data/votes/zhejiang.toml"),
];

/// What may be voted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/votes")]
pub struct Topic {
    pub id: String,
    pub item: String,
    pub zh: String,
    pub en: String,
    pub article: String,
    /// It elects people: a vote of such topics can have seats.
    #[serde(default)]
    pub elects: bool,
}

impl Topic {
    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// Its class.
    pub fn item(&self) -> Item {
        Item::parse(&self.item).unwrap_or(Item::Ordinary)
    }
}

/// Shares of one class of proposals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/votes")]
pub struct Shares {
    pub quorum: Option<String>,
    pub majority: String,
    pub of: String,
    pub spoken: Option<String>,
    pub article: String,
}

/// Shares of the three classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/votes")]
pub struct Rules {
    pub ordinary: Option<Shares>,
    pub special: Option<Shares>,
    pub unanimous: Option<Shares>,
}

/// A pack as it is written; what is missing comes from its base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in data/votes")]
pub struct Pack {
    #[serde(skip_serializing)]
    pub base: Option<String>,
    pub id: String,
    pub body: Option<String>,
    pub zh: String,
    pub en: String,
    #[serde(default)]
    pub places: Vec<String>,
    pub from: String,
    pub to: Option<String>,
    pub later: Option<String>,
    pub source: String,
    pub count: Option<String>,
    pub invalid: Option<String>,
    pub silent: Option<String>,
    #[serde(default)]
    pub leaves_out: Vec<String>,
    pub notice_days: Option<i64>,
    pub temporary_days: Option<i64>,
    pub result_days: Option<i64>,
    pub window_days: Option<[i64; 2]>,
    pub request: Option<String>,
    #[serde(default)]
    pub posted_only: bool,
    #[serde(default)]
    pub paper_on_request: bool,
    #[serde(default)]
    pub paper_too: bool,
    #[serde(default)]
    pub delegates: bool,
    pub system: Option<String>,
    #[serde(default)]
    pub rules: Rules,
    #[serde(default)]
    pub topics: Vec<Topic>,
}

/// The packs that ship.
pub fn all() -> &'static [Pack] {
    static ALL: LazyLock<Vec<Pack>> = LazyLock::new(|| {
        let mut packs: Vec<Pack> = Vec::new();
        for text in EMBEDDED {
            let mut pack = Pack::parse(text).expect("data/votes");
            if let Some(base) = &pack.base {
                let base = packs.iter().find(|p| p.id == *base).expect("data/votes: a base comes first");
                pack.take_over(base);
            }
            pack.method().expect("data/votes: a whole pack");
            packs.push(pack);
        }
        packs
    });
    &ALL
}

/// The pack of this id, or of the place this is the name or the code of.
pub fn named(name: &str) -> Option<&'static Pack> {
    let place = |p: &&Pack| p.zh == name || p.zh.strip_suffix(['市', '省']) == Some(name) || p.places.iter().any(|c| c == name);
    all().iter().find(|p| p.id == name).or_else(|| all().iter().find(place))
}

/// Packs that hold for a body of voters at a place on a day (`2026-11-27`), that of the smallest area first: a vote is under
/// one of these.
pub fn holding(body: &str, code: &str, day: &str) -> Vec<&'static Pack> {
    let holds = |p: &&Pack| {
        p.body.as_deref() == Some(body)
            && p.from.as_str() <= day
            && p.to.as_deref().is_none_or(|to| day <= to)
            && (p.places.is_empty() || p.places.iter().any(|c| code.starts_with(c.as_str())))
    };
    let mut found: Vec<&Pack> = all().iter().filter(holds).collect();
    found.sort_by_key(|p| std::cmp::Reverse(p.places.iter().map(String::len).max()));
    found
}

impl Pack {
    /// Reads a pack; one with a base is not whole yet.
    pub fn parse(text: &str) -> Result<Pack, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// The whole pack as text, to be kept with a vote.
    pub fn text(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|e| e.to_string())
    }

    fn take_over(&mut self, base: &Pack) {
        fn fill<T: Clone>(own: &mut Option<T>, base: &Option<T>) {
            if own.is_none() {
                own.clone_from(base);
            }
        }
        fill(&mut self.body, &base.body);
        fill(&mut self.count, &base.count);
        fill(&mut self.invalid, &base.invalid);
        fill(&mut self.silent, &base.silent);
        fill(&mut self.notice_days, &base.notice_days);
        fill(&mut self.request, &base.request);
        fill(&mut self.rules.ordinary, &base.rules.ordinary);
        fill(&mut self.rules.special, &base.rules.special);
        fill(&mut self.rules.unanimous, &base.rules.unanimous);
        let mut topics = base.topics.clone();
        for own in self.topics.drain(..) {
            match topics.iter_mut().find(|t| t.id == own.id) {
                Some(old) => *old = own,
                None => topics.push(own),
            }
        }
        self.topics = topics;
    }

    /// Its name.
    pub fn name(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// A topic by id.
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|t| t.id == id)
    }

    /// The shares of a class.
    pub fn shares(&self, item: Item) -> Option<&Shares> {
        match item {
            Item::Ordinary => self.rules.ordinary.as_ref(),
            Item::Special => self.rules.special.as_ref(),
            Item::Unanimous => self.rules.unanimous.as_ref(),
        }
    }

    /// Heads alone are counted.
    pub fn heads_only(&self) -> bool {
        self.count.as_deref() == Some("heads")
    }

    /// The rules as the count takes them.
    pub fn method(&self) -> Result<tally::Pack, String> {
        let share = |text: &String| text.parse::<Share>();
        let mut rules = Vec::with_capacity(Item::ALL.len());
        for (name, item) in Item::ALL {
            let shares = self.shares(item).ok_or_else(|| format!("{}: no rules.{name}", self.id))?;
            rules.push(Rule {
                quorum: shares.quorum.as_ref().map(share).transpose()?,
                majority: share(&shares.majority)?,
                of: match shares.of.as_str() {
                    "all" => Of::All,
                    "participating" => Of::Participating,
                    other => return Err(format!("{}: rules.{name}.of is {other}", self.id)),
                },
                spoken: shares.spoken.as_ref().map(share).transpose()?,
            });
        }
        let rules: [Rule; 3] = rules.try_into().map_err(|_| self.id.clone())?;
        let what = match self.count.as_deref() {
            Some("heads-and-area") => tally::What::HeadsAndArea,
            Some("heads") => tally::What::Heads,
            other => return Err(format!("{}: count is {other:?}", self.id)),
        };
        let count = |name: &str, word: &Option<String>| match word.as_deref() {
            Some("yes") => Ok(Count::Yes),
            Some("no") => Ok(Count::No),
            Some("open") => Ok(Count::Open),
            other => Err(format!("{}: {name} is {other:?}", self.id)),
        };
        let mut pack = tally::Pack::new(what, rules);
        pack.invalid = count("invalid", &self.invalid)?;
        pack.silent = count("silent", &self.silent)?;
        for usage in &self.leaves_out {
            pack.leaves_out.push(Use::parse(usage).ok_or_else(|| format!("{}: leaves_out has {usage}", self.id))?);
        }
        Ok(pack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_ship_whole_with_their_sources() {
        assert!(all().iter().all(|p| !p.source.is_empty() && p.topics.iter().all(|t| Item::parse(&t.item).is_some())));
        let ids: Vec<&str> = all().iter().map(|p| p.id.as_str()).collect();
        for id in ["cn-civil-code", "beijing", "hangzhou", "zhejiang", "ningbo", "liaocheng", "cn-residents"] {
            assert!(ids.contains(&id), "{id}");
        }
        assert_eq!(named("杭州").unwrap().topics.len(), named("cn-civil-code").unwrap().topics.len() + 2);
        assert_eq!(named("3302").unwrap().leaves_out, ["parking"]);
    }

    #[test]
    fn a_pack_is_found_by_place_and_day_and_kept_whole() {
        let id = |code, day| holding("owners", code, day).first().map(|p| p.id.as_str());
        assert_eq!(id("330106001001", "2026-01-01"), Some("hangzhou"));
        assert_eq!(id("330106001001", "2015-01-01"), Some("zhejiang"));
        assert_eq!(id("330400000000", "2026-01-01"), Some("cn-civil-code"));
        assert_eq!(id("990000000000", "2015-01-01"), None);
        assert_eq!(holding("residents", "110101", "2026-01-01").first().map(|p| p.id.as_str()), Some("cn-residents"));
        for pack in all() {
            let again = Pack::parse(&pack.text().unwrap()).unwrap();
            assert_eq!(again.method().unwrap(), pack.method().unwrap());
            assert_eq!(again.topics, pack.topics);
        }
    }
}
