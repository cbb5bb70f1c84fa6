//! States as short texts, so that they can be kept in a column: words with a blank between.
//!
//! What must stay true: what was written is read as what it was; whatever else is read is refused, and nothing is made larger by it
//! than [`MOST`].

use std::collections::VecDeque;
use std::fmt::Write;

/// Most items of a list.
const MOST: usize = 2048;

/// What can be kept.
pub trait Kept: Sized {
    /// Adds its words.
    fn put(&self, out: &mut String);
    /// Takes its words.
    fn take(words: &mut Words) -> Option<Self>;
}

/// Words that are read.
pub type Words<'a> = std::str::Split<'a, char>;

/// As a text.
pub fn write(what: &impl Kept) -> String {
    let mut out = String::new();
    what.put(&mut out);
    out
}

/// From a text; `None` when anything is left over or missing.
pub fn read<T: Kept>(text: &str) -> Option<T> {
    let mut words = text.split(' ');
    let found = T::take(&mut words)?;
    words.next().is_none().then_some(found)
}

/// Adds a word.
pub fn word(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Kept for $kind {
            fn put(&self, out: &mut String) {
                word(out, "");
                // Writing to a text cannot fail.
                let _ = write!(out, "{self:?}");
            }
            fn take(words: &mut Words) -> Option<$kind> {
                words.next()?.parse().ok()
            }
        }
    )*};
}
plain!(i64, u64, u32, u8, usize);

/// Whole numbers as such, others bit by bit: exact, and ten times as quick as the shortest decimals.
impl Kept for f64 {
    fn put(&self, out: &mut String) {
        word(out, "");
        let whole = *self as i64;
        let _ = if whole as f64 == *self { write!(out, "{whole}") } else { write!(out, "x{:x}", self.to_bits()) };
    }
    fn take(words: &mut Words) -> Option<f64> {
        let word = words.next()?;
        match word.strip_prefix('x') {
            Some(bits) => u64::from_str_radix(bits, 16).ok().map(f64::from_bits),
            None => word.parse::<i64>().ok().map(|n| n as f64),
        }
    }
}

impl Kept for bool {
    fn put(&self, out: &mut String) {
        word(out, if *self { "+" } else { "-" });
    }
    fn take(words: &mut Words) -> Option<bool> {
        match words.next()? {
            "+" => Some(true),
            "-" => Some(false),
            _ => None,
        }
    }
}

/// A quote first, so that it is never empty; blanks and the sign of the escape itself are escaped.
impl Kept for String {
    fn put(&self, out: &mut String) {
        word(out, "'");
        for c in self.chars() {
            match c {
                '%' => out.push_str("%25"),
                ' ' => out.push_str("%20"),
                c => out.push(c),
            }
        }
    }
    fn take(words: &mut Words) -> Option<String> {
        Some(words.next()?.strip_prefix('\'')?.replace("%20", " ").replace("%25", "%"))
    }
}

impl<T: Kept> Kept for Option<T> {
    fn put(&self, out: &mut String) {
        self.is_some().put(out);
        if let Some(it) = self {
            it.put(out);
        }
    }
    fn take(words: &mut Words) -> Option<Option<T>> {
        Some(if bool::take(words)? { Some(T::take(words)?) } else { None })
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn put(&self, out: &mut String) {
        self.len().put(out);
        self.iter().for_each(|it| it.put(out));
    }
    fn take(words: &mut Words) -> Option<Vec<T>> {
        let many = usize::take(words).filter(|n| *n <= MOST)?;
        (0..many).map(|_| T::take(words)).collect()
    }
}

impl<T: Kept> Kept for VecDeque<T> {
    fn put(&self, out: &mut String) {
        self.len().put(out);
        self.iter().for_each(|it| it.put(out));
    }
    fn take(words: &mut Words) -> Option<VecDeque<T>> {
        Vec::take(words).map(Into::into)
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn put(&self, out: &mut String) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(words: &mut Words) -> Option<(A, B)> {
        Some((A::take(words)?, B::take(words)?))
    }
}

/// Keeps a struct field by field.
macro_rules! kept {
    ($kind:ty { $($field:ident),* $(,)? }) => {
        impl $crate::alarm::kept::Kept for $kind {
            fn put(&self, out: &mut String) {
                $(self.$field.put(out);)*
            }
            fn take(words: &mut $crate::alarm::kept::Words) -> Option<Self> {
                Some(Self { $($field: $crate::alarm::kept::Kept::take(words)?),* })
            }
        }
    };
}
pub(super) use kept;

/// Keeps an enum without values by the names of its variants.
macro_rules! named {
    ($kind:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $kind {
            /// Stable name.
            pub fn as_str(self) -> &'static str {
                match self { $($kind::$variant => $name),* }
            }
            /// By its name.
            pub fn parse(name: &str) -> Option<$kind> {
                match name { $($name => Some($kind::$variant),)* _ => None }
            }
        }
        impl $crate::alarm::kept::Kept for $kind {
            fn put(&self, out: &mut String) {
                $crate::alarm::kept::word(out, self.as_str());
            }
            fn take(words: &mut $crate::alarm::kept::Words) -> Option<$kind> {
                $kind::parse(words.next()?)
            }
        }
    };
}
pub(super) use named;
