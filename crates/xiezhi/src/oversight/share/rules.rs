//! Pure decisions about what is shared.

use crate::kit::error::Kind;
use crate::kit::names::names;
use crate::kit::{Error, Result};

/// Characters of a title, of what it is, of a reason, of an address of a resource.
pub const TITLE: usize = 80;
/// See [`TITLE`].
pub const ABOUT: usize = 1_000;
/// See [`TITLE`].
pub const WORDS: usize = 500;
/// See [`TITLE`].
pub const CODE: usize = 40;

names! {
    /// Where a resource stands.
    State {
        /// Its provider writes.
        Draft = "draft",
        /// The desk above looks at it.
        Checking = "checking",
        /// Everybody sees that it exists; others may ask for it.
        Published = "published",
        /// It is no more.
        Withdrawn = "withdrawn",
    }
    /// Where a request stands.
    Ask {
        /// Somebody has to answer.
        Asked = "asked",
        /// It may be read.
        Granted = "granted",
        /// It may not.
        Refused = "refused",
        /// Whoever asked does not want it any more.
        Withdrawn = "withdrawn",
        /// It was granted, and that is over.
        Ended = "ended",
    }
    /// How something granted gets to whoever asked.
    Way {
        /// Read here, by people or by a program with the key of the grant.
        Read = "read",
        File = "file",
        Push = "push",
    }
    /// Where an objection stands.
    Doubt {
        /// The provider has to answer.
        Open = "open",
        /// The value was wrong and is right now.
        Corrected = "corrected",
        /// The value is right; why was said.
        Explained = "explained",
    }
    /// How somebody stands to a matter.
    Stand {
        /// Works for the provider.
        Provider = "provider",
        /// Works for whoever asked.
        Asker = "asker",
        /// Works for the desk whose turn it is, or for one above it.
        Desk = "desk",
        Nobody = "nobody",
    }
}

impl Ask {
    /// Nothing more happens to it.
    pub fn is_over(self) -> bool {
        !matches!(self, Ask::Asked | Ask::Granted)
    }
}

/// An address of a resource: small letters, digits and hyphens, so that it can be the name of a folder.
pub fn is_code(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (2..=CODE).contains(&text.len()) && text.chars().all(fits) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What is left of the fields that were asked for: at least one, none that was not asked for, a reason when some are cut.
pub fn cut(asked: &[String], given: &[String], why: Option<&str>) -> Result<Vec<String>> {
    if let Some(more) = given.iter().find(|f| !asked.contains(f)) {
        return Err(Kind::Unknown.at(more.clone()));
    }
    let left: Vec<String> = asked.iter().filter(|f| given.is_empty() || given.contains(f)).cloned().collect();
    if left.len() < asked.len() && why.is_none() {
        return Err(Kind::Missing.at("why"));
    }
    Ok(left)
}

/// The error that says how many are allowed.
pub fn too_many(field: &'static str, limit: i64) -> Error {
    Kind::TooMany.at(field).limit(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_be_a_folder_and_nothing_else() {
        assert!(is_code("low-income") && is_code("a1"));
        for bad in ["", "a", "../x", "A1", "1a", "a b", "a/b", "a.b", "低保", &"a".repeat(41)] {
            assert!(!is_code(bad), "{bad}");
        }
    }

    #[test]
    fn fields_are_cut_with_a_reason_and_never_added() {
        let asked = ["a".to_owned(), "b".to_owned()];
        assert_eq!(cut(&asked, &[], None).unwrap(), asked);
        assert_eq!(cut(&asked, &asked[..1], Some("x")).unwrap(), ["a"]);
        assert_eq!(cut(&asked, &asked[..1], None).unwrap_err().field.as_deref(), Some("why"));
        assert!(cut(&asked, &["c".to_owned()], Some("x")).is_err());
    }
}
