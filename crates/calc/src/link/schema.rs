//! What the columns of a table mean.

/// Kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Names the row; unique.
    Key,
    /// A person's name, or a part of it.
    Name,
    /// Number of an identity card, or another number that one person bears.
    Id,
    /// Date of birth.
    Birth,
    /// Sex.
    Sex,
    /// Telephone.
    Phone,
    /// Where somebody lives, within the community if there is one.
    Address,
    /// Community, or another area of some hundred homes.
    Community,
    /// Any other text that tends to stay the same.
    Text,
}

impl Kind {
    /// All kinds with their words.
    pub const ALL: [(&str, Kind); 9] = [
        ("key", Kind::Key),
        ("name", Kind::Name),
        ("id", Kind::Id),
        ("birth", Kind::Birth),
        ("sex", Kind::Sex),
        ("phone", Kind::Phone),
        ("address", Kind::Address),
        ("community", Kind::Community),
        ("text", Kind::Text),
    ];

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(w, _)| *w == word).map(|(_, kind)| *kind)
    }
}

/// Most columns that are compared: a pattern of levels has four bits for each.
pub const COLUMNS: usize = 16;

/// Columns in their order, the key left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Name and kind of each.
    pub columns: Vec<(String, Kind)>,
}

impl Schema {
    /// The columns of a register of residents: name, sex, birth, id, phone, community, address.
    pub fn residents() -> Schema {
        let columns = [
            ("name", Kind::Name),
            ("sex", Kind::Sex),
            ("birth", Kind::Birth),
            ("id", Kind::Id),
            ("phone", Kind::Phone),
            ("community", Kind::Community),
            ("address", Kind::Address),
        ];
        Schema { columns: columns.map(|(name, kind)| (name.to_owned(), kind)).into() }
    }

    /// Checks that columns can be linked by.
    pub fn new(columns: Vec<(String, Kind)>) -> Result<Schema, String> {
        if columns.is_empty() {
            return Err("no column to compare by besides the key".into());
        }
        if columns.len() > COLUMNS {
            return Err(format!("{} columns to compare by, at most {COLUMNS}", columns.len()));
        }
        if let Some((name, _)) = columns.iter().find(|(_, kind)| *kind == Kind::Key) {
            return Err(format!("{name}: a second key"));
        }
        for kind in [Kind::Id, Kind::Birth, Kind::Sex, Kind::Community] {
            // Which card would say which birth?
            if columns.iter().filter(|(_, k)| *k == kind).count() > 1 {
                let word = Kind::ALL.iter().find(|(_, k)| *k == kind).map_or("", |(w, _)| w);
                return Err(format!("two columns of the kind {word}; give the second the kind text"));
            }
        }
        Ok(Schema { columns })
    }

    /// Where the first column of a kind is.
    pub fn first(&self, kind: Kind) -> Option<usize> {
        self.columns.iter().position(|(_, k)| *k == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_words_and_some_come_once() {
        assert_eq!(Kind::parse("birth"), Some(Kind::Birth));
        assert_eq!(Kind::parse("Birth"), None);
        let of = |kinds: &[Kind]| Schema::new(kinds.iter().map(|k| ("x".to_owned(), *k)).collect());
        assert!(of(&[]).is_err());
        assert!(of(&[Kind::Name, Kind::Name, Kind::Text]).is_ok());
        assert!(of(&[Kind::Name, Kind::Key]).unwrap_err().contains("second key"));
        assert!(of(&[Kind::Id, Kind::Id]).unwrap_err().contains("kind id"));
        assert!(of(&[Kind::Text; 17]).is_err());
    }
}
