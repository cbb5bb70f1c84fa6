//! What records that were joined ([`super::same`]) say together.
//!
//! What must stay true: whoever reads, changes, tags or erases a record that stands for others does it with all of them.

use store::{Query, params};

use super::person::{self, Person};
use super::values::Values;

/// Records that may be joined into one.
pub const TOGETHER: usize = 20;

/// The records for which another one stands.
pub fn members(q: &mut dyn Query, golden: &str) -> store::Result<Vec<Person>> {
    let sql = format!("select {} from resident r where r.golden = $1 order by r.id limit {TOGETHER}", person::columns());
    let rows = q.rows(&sql, params![golden])?;
    person::read(q, &rows)
}

/// What is known of a person from all records that were joined.
pub(super) fn golden(one: &Person, members: &[Person]) -> Values {
    members.iter().fold(one.values.clone(), |all, m| all.joined(&m.values))
}
