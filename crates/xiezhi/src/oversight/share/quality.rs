//! How good what comes in is: each source's share of refused rows, what was found wrong, whether it is late; and whether the
//! answer of an adapter still fits the fields, field by field.
//!
//! What must stay true: a test writes no row; it shows what is wrong by field and code, never by value.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Entry, Query, Tx, params};

use super::adapter::{self, Flow};
use super::data::{self, Batch};
use super::resource::Resource;
use super::schema::Fault;
use super::{Book, code_of, tell, wire};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Req, Result, Who};

/// Faults that a page shows.
const SHOWN: i64 = 50;

/// How good one source of a resource is.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SourceView {
    pub source: String,
    pub taken: i64,
    pub refused: i64,
    /// Refused of all that came, in hundredths.
    pub percent: i64,
    /// Values that others found wrong, and that were.
    pub corrected: i64,
    pub last_at: String,
    pub late: bool,
}

/// What is in a resource, and how good it is.
#[derive(Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Quality {
    pub rows: i64,
    pub sources: Vec<SourceView>,
    pub faults: Vec<Fault>,
    pub tested_at: Option<String>,
    pub test: Vec<FieldTest>,
    pub may_test: bool,
}

/// What a test says of a field: red or green.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct FieldTest {
    pub name: String,
    pub title: String,
    pub fine: bool,
    /// Rows that have it.
    pub seen: usize,
    /// What is wrong, and in how many rows.
    pub faults: BTreeMap<String, usize>,
}

/// Looks at what is there.
pub fn of(req: &Req, q: &mut dyn Query, book: &Book, one: &Resource) -> Result<Quality> {
    let rows = q.rows(
        "select source, taken, refused, corrected, last_at from share_source where resource = $1 order by source limit 100",
        params![&one.id],
    )?;
    let mut sources = Vec::new();
    for row in rows {
        let (taken, refused, last): (i64, i64, i64) = (row.get("taken")?, row.get("refused")?, row.get("last_at")?);
        sources.push(SourceView {
            source: row.get("source")?,
            taken,
            refused,
            percent: refused * 100 / (taken + refused).max(1),
            corrected: row.get("corrected")?,
            last_at: req.app.time(last),
            late: book.pack.is_late(&one.rhythm, last, req.now),
        });
    }
    let sql = "select line, field, code from share_fault where resource = $1 order by source, n limit $2";
    let fault = |r: &store::Row| Ok(Fault { line: r.get("line")?, field: r.get("field")?, code: r.get("code")? });
    let faults = q.rows(sql, params![&one.id, SHOWN])?.iter().map(fault).collect::<store::Result<_>>()?;
    let adapters = "select count(*) from share_adapter where resource = $1 and kind = 'pull' and ended_at is null";
    Ok(Quality {
        rows: q.count("select count(*) from share_row where resource = $1", params![&one.id])?,
        sources,
        faults,
        tested_at: one.tested_at.map(|at| req.app.time(at)),
        test: one.test.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
        may_test: q.count(adapters, params![&one.id])? > 0,
    })
}

/// What a batch says of each field.
pub fn fields(of: &Resource, batch: &Batch, today: &str) -> Vec<FieldTest> {
    let all = of.fields();
    let checked = data::check(&all, &batch.rows, today);
    let stale = batch.version.is_some_and(|v| v != of.version);
    let one = |f: super::schema::Field| {
        let seen = batch.rows.iter().filter(|(_, v)| v.get(&f.name).is_some_and(|t| !t.trim().is_empty())).count();
        let mut faults: BTreeMap<String, usize> = BTreeMap::new();
        for fault in checked.faults().iter().filter(|x| x.field == f.name) {
            *faults.entry(fault.code.clone()).or_default() += 1;
        }
        if stale {
            faults.insert("version".into(), batch.rows.len());
        }
        FieldTest { fine: faults.is_empty() && (seen > 0 || !f.required), name: f.name, title: f.title, seen, faults }
    };
    all.into_iter().map(one).collect()
}

/// Asks the adapter of a resource for its first page and writes down what it says of each field. Red is told to its provider.
pub fn test(app: &App, who: &Who, of: &Resource) -> Result<Vec<FieldTest>> {
    let (adapter, book) = app.db.read(|r| {
        let filter = "resource = $1 and kind = $2 and ended_at is null order by made_at desc, id limit 1";
        let one = adapter::listed(r, filter, params![&of.id, Flow::Pull])?.pop().ok_or(Kind::State)?;
        let at = code_of(r, &of.area)?;
        let book = Book::read(r, app, &at)?;
        Ok::<_, Error>((one, book))
    })?;
    let told = wire::fetch(app, &book, of, &adapter, true);
    let (result, why) = match told {
        Ok(batch) => (fields(of, &batch, &data::today(app, app.now())), None),
        Err(trouble) => {
            let red = |f: super::schema::Field| FieldTest {
                fine: false,
                name: f.name,
                title: f.title,
                seen: 0,
                faults: [(trouble.code.clone(), 1)].into(),
            };
            (of.fields().into_iter().map(red).collect(), Some(trouble.code.clone()))
        }
    };
    let fine = result.iter().all(|f| f.fine);
    let (text, who, of) = (serde_json::to_string(&result).unwrap_or_default(), who.clone(), of.clone());
    app.db.write(move |tx: &mut Tx| {
        let now = tx.now();
        let entry = of.entry(&who, Entry::new("share.test", "share", &of.id)).fact("fine", fine);
        tx.log(entry.fact_opt("why", why.as_deref()))?;
        tx.exec("update share_resource set tested_at = $2, test = $3 where id = $1", params![&of.id, now, text])?;
        if fine { Ok(()) } else { tell(tx, &book, &of.body, &who, "share-r-red", &of.code) }
    })?;
    Ok(result)
}
