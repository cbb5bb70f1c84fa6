//! Packs of rules by place: which one holds where.
//!
//! What must stay true: the pack of the smallest area that names a place holds there; one pack names no place and holds
//! everywhere else, so there always is one.

use serde::de::DeserializeOwned;

/// Packs that ship, from their texts. What ships is read by a test, so that it can be read where it runs.
pub fn shipped<P: DeserializeOwned>(texts: &[&str]) -> Vec<P> {
    texts.iter().map(|text| toml::from_str(text).expect("a pack that ships, which a test reads")).collect()
}

/// A pack that says where it holds.
pub trait Local {
    /// Beginnings of codes of areas; none: everywhere.
    fn places(&self) -> &[String];
}

/// The pack that holds at a place (code of an area).
pub fn at<'p, P: Local>(all: &'p [P], code: &str) -> &'p P {
    let reach = |p: &&P| p.places().iter().filter(|c| code.starts_with(c.as_str())).map(String::len).max();
    let near = all.iter().filter(|p| reach(p).is_some()).max_by_key(reach);
    near.or_else(|| all.iter().find(|p| p.places().is_empty())).expect("a pack for everywhere, which a test looks for")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rules(&'static str, Vec<String>);
    impl Local for Rules {
        fn places(&self) -> &[String] {
            &self.1
        }
    }

    #[test]
    fn the_smallest_area_that_is_named_holds() {
        let all =
            [Rules("all", vec![]), Rules("city", vec!["3210".into()]), Rules("street", vec!["99".into(), "321002001".into()])];
        let name = |code| at(&all, code).0;
        assert_eq!((name("321002001001"), name("321003"), name("11")), ("street", "city", "all"));
    }
}
