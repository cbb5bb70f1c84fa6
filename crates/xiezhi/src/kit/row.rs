//! Structs that are a row of a table: one list gives the fields, the columns for a query, and how they are read.
//!
//! What must stay true: a row is read in the order of its fields, so a query names its columns by `COLUMNS`.

/// Declares the struct of a row with `COLUMNS` and `read` beside it; `whole` adds `NAMES` and `values`, for rows that are
/// written as a whole ([`store::Tx::put`]).
macro_rules! row {
    (whole $(#[$about:meta])* pub struct $type:ident { $($(#[$doc:meta])* $see:vis $field:ident: $kind:ty,)* }) => {
        $crate::kit::row::row! { $(#[$about])* pub struct $type { $($(#[$doc])* $see $field: $kind,)* } }
        /// The columns, in the order of the fields; the first is the key.
        const NAMES: &[&str] = &[$(stringify!($field)),*];
        impl $type {
            fn values(&self) -> Vec<store::Value> { vec![$(self.$field.clone().into()),*] }
        }
    };
    ($(#[$about:meta])* pub struct $type:ident { $($(#[$doc:meta])* $see:vis $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        pub struct $type { $($(#[$doc])* $see $field: $kind,)* }
        /// The columns as a list for `select`.
        pub(crate) const COLUMNS: &str = $crate::kit::row::row!(@list $($field)*);
        pub(crate) fn read(row: &store::Row) -> store::Result<$type> {
            let mut fields = row.fields();
            Ok($type { $($field: fields.next(stringify!($field))?,)* })
        }
    };
    (@list $first:ident $($rest:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($rest))*) };
}
pub(crate) use row;
