//! Enums whose values have stable names: one list gives the type, its names, reading them, and columns of them.
//!
//! What must stay true: a name that was ever written is never changed, for it stands in the log and in the database.

/// Declares an enum with the names of its values; with a second name it is also read as a clerk writes it in a workbook.
macro_rules! names {
    ($($(#[$doc:meta])* $type:ident { $($(#[$about:meta])* $name:ident = $text:literal $($zh:literal)?,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $type { $($(#[$about])* $name,)* }
        impl $type {
            /// All of them.
            pub const ALL: &'static [$type; [$($text),*].len()] = &[$($type::$name,)*];
            /// Stable identifier.
            pub fn as_str(self) -> &'static str { match self { $($type::$name => $text,)* } }
            /// Reads the identifier, or what a clerk wrote.
            pub fn parse(text: &str) -> Option<$type> {
                match text { $($text $(| $zh)? => Some($type::$name),)* _ => None }
            }
            $crate::kit::names::names!(@zh $type $($name $($zh)?,)*);
        }
        impl From<$type> for store::Value {
            fn from(v: $type) -> store::Value { v.as_str().into() }
        }
        impl store::FromValue for $type {
            fn from_value(v: &store::Value) -> Option<$type> {
                if let store::Value::Text(text) = v { $type::parse(text) } else { None }
            }
        }
    )*};
    (@zh $type:ident $($name:ident $zh:literal,)+) => {
        /// As a clerk reads it in a workbook.
        pub fn zh(self) -> &'static str { match self { $($type::$name => $zh,)+ } }
    };
    (@zh $type:ident $($name:ident,)*) => {};
}
pub(crate) use names;
