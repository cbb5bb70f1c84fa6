//! Reports on paper (纸质报事表): a committee prints forms, people fill them in by hand, a clerk keys what came back.
//!
//! What must stay true: one form is one case, however often its number is keyed; a number that was not printed here, or
//! was withdrawn, opens nothing, and each of that is said plainly; the clock of a case began when the committee had the
//! paper, never later than now, and whoever keys late says why; the day written on it, the day it was handed in and the
//! moment it was keyed are all kept. The picture of the paper is for the desk alone. What hangs in a stairwell is what
//! everybody may see, and nothing else.
//!
//! Log kinds written: `paper.print`, `paper.void`, `paper.key`.

/// Notices for the stairwell.
pub mod board;
/// A form that came back.
pub mod key;
/// Printing forms, withdrawing them.
pub mod print;
/// Pure decisions.
pub mod rules;

use store::{Db, Query, Row, params};

use self::rules::Serial;
use crate::base::area;
use crate::kit::Result;
use crate::kit::error::Kind;
use crate::kit::time::Ms;

/// Forms that were printed at once.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `paper_batch`")]
pub struct Batch {
    pub id: String,
    pub num: i64,
    pub area: String,
    pub path: String,
    pub building: Option<String>,
    pub forms: i64,
    /// Codes of the classes whose boxes stand on them, in their order.
    pub classes: Vec<String>,
    pub made_at: Ms,
    pub void_at: Option<Ms>,
}

/// A form that was keyed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns of `paper_form`")]
pub struct Form {
    pub serial: String,
    pub case_id: String,
    pub keyed_at: Ms,
    pub written_on: Option<String>,
    pub handed_on: String,
}

const BATCH: &str = "id, num, area, path, building, forms, classes, made_at, void_at";
const FORM: &str = "code, case_id, keyed_at, written_on, handed_on";

fn batch(row: &Row) -> store::Result<Batch> {
    Ok(Batch {
        id: row.get("id")?,
        num: row.get("num")?,
        area: row.get("area")?,
        path: row.get("path")?,
        building: row.get("building")?,
        forms: row.get("forms")?,
        classes: row.get::<String>("classes")?.split_whitespace().map(str::to_owned).collect(),
        made_at: row.get("made_at")?,
        void_at: row.get("void_at")?,
    })
}

/// The form with this number, if it was keyed.
fn form(q: &mut dyn Query, serial: &str) -> store::Result<Option<Form>> {
    let row = q.row(&format!("select {FORM} from paper_form where code = $1"), params![serial])?;
    row.map(|row| {
        Ok(Form {
            serial: row.get("code")?,
            case_id: row.get("case_id")?,
            keyed_at: row.get("keyed_at")?,
            written_on: row.get("written_on")?,
            handed_on: row.get("handed_on")?,
        })
    })
    .transpose()
}

/// The number of a form of ours.
fn serial(db: &Db, batch: i64, form: i64) -> Serial {
    Serial { batch, form, check: rules::check(&db.digest("paper form", &format!("{batch} {form}"))) }
}

/// Where the forms of a batch are for, in words.
fn place(q: &mut dyn Query, batch: &Batch) -> Result<String> {
    if let Some(id) = &batch.building
        && let Some(building) = area::building(q, id)?
    {
        return Ok(building.address);
    }
    let here = area::by_id(q, &batch.area)?.ok_or(Kind::NotFound)?;
    let community = area::community_of(q, &here.id)?.filter(|c| c.id != here.id);
    Ok(community.map_or(here.name.clone(), |c| format!("{} {}", c.name, here.name)))
}
