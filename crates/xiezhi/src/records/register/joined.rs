//! What records that were joined ([`super::same`]) say together.
//!
//! What must stay true: whoever reads, changes, tags or erases a record that stands for others does it with all of them.

use store::{Query, Value, params};

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

/// People of a list, with what the records for which they stand know of them: a page shows what the record's own page does.
pub(super) fn complete(q: &mut dyn Query, people: &mut [Person]) -> store::Result<()> {
    /// Always as many parameters, so that one prepared statement serves every number of them.
    const EACH: usize = 50;
    let marks: Vec<String> = (1..=EACH).map(|i| format!("${i}")).collect();
    let sql = format!(
        "select {} from resident r where r.golden in ({}) order by r.id limit {}",
        person::columns(),
        marks.join(","),
        EACH * TOGETHER
    );
    for some in people.chunks_mut(EACH) {
        let params: Vec<Value> = (0..EACH).map(|i| (&some.get(i).unwrap_or(&some[0]).id).into()).collect();
        let rows = q.rows(&sql, &params)?;
        let all = person::read(q, &rows)?;
        for one in some {
            let members: Vec<Person> = all.iter().filter(|m| m.golden.as_ref() == Some(&one.id)).cloned().collect();
            if !members.is_empty() {
                one.values = golden(one, &members);
            }
        }
    }
    Ok(())
}

/// What is known of a person from all records that were joined.
pub(super) fn golden(one: &Person, members: &[Person]) -> Values {
    members.iter().fold(one.values.clone(), |all, m| all.joined(&m.values))
}
