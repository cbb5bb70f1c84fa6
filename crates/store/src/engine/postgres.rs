//! PostgreSQL 15 or newer over the synchronous driver. Never used on an async worker thread.

use std::collections::HashMap;
use std::sync::Arc;

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};

use super::Use;
use crate::error::{Error, Result};
use crate::value::{Row, Value};

pub(crate) struct Postgres {
    client: Client,
    /// SQL text → prepared statement and column names; the set of statements is fixed by the program.
    prepared: HashMap<String, (Statement, Arc<[String]>)>,
    /// The server said that it goes away. The socket may stay open for a moment after it said so.
    away: bool,
}

impl Postgres {
    pub(crate) fn open(url: &str, usage: Use) -> Result<Postgres> {
        let mut client = Client::connect(url, NoTls).map_err(error)?;
        client.batch_execute("set synchronous_commit=on; set client_min_messages=warning").map_err(error)?;
        if matches!(usage, Use::Read { .. }) {
            client.batch_execute("set default_transaction_read_only=on; set statement_timeout='10s'").map_err(error)?;
        }
        let collate: String = client
            .query_one("select datcollate::text from pg_database where datname = current_database()", &[])
            .map_err(error)?
            .get(0);
        if !matches!(collate.to_ascii_uppercase().replace('-', "").as_str(), "C" | "POSIX" | "C.UTF8") {
            return Err(Error::Schema(format!(
                "database collation is {collate}; create it with: createdb --template=template0 --locale=C.UTF-8 --encoding=UTF8 NAME"
            )));
        }
        Ok(Postgres { client, prepared: HashMap::new(), away: false })
    }

    fn prepare(&mut self, sql: &str, params: &[Value]) -> Result<(Statement, Arc<[String]>)> {
        if let Some(hit) = self.prepared.get(sql) {
            return Ok(hit.clone());
        }
        let statement = self.client.prepare(&muted(sql, params)).map_err(|e| self.heard(e))?;
        let names: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        // Planned anew for the values of each question: what is right for a grid is wrong for a city.
        if sql.contains("{+}") {
            return Ok((statement, names));
        }
        self.prepared.insert(sql.to_owned(), (statement.clone(), names.clone()));
        Ok((statement, names))
    }

    pub(crate) fn exec(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let (statement, _) = self.prepare(sql, params)?;
        let refs: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        self.client.execute(&statement, &refs).map_err(|e| self.heard(e))
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        let (statement, names) = self.prepare(sql, params)?;
        let refs: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(&statement, &refs).map_err(|e| self.heard(e))?;
        rows.iter()
            .map(|r| {
                let values = (0..names.len()).map(|i| value(r, i)).collect::<Result<Vec<_>>>()?;
                Ok(Row { names: names.clone(), values })
            })
            .collect()
    }

    /// Inserts rows of integers, a column at a time: one short statement, however many rows, instead of one parameter a value.
    pub(crate) fn each(&mut self, insert: &str, clash: &str, width: usize, rows: &[i64]) -> Result<()> {
        /// Rows of one statement.
        const EACH: usize = 8192;
        let arrays: Vec<String> = (1..=width).map(|i| format!("${i}::bigint[]")).collect();
        let sql = format!("{insert} select * from unnest({}) {clash}", arrays.join(", "));
        let (statement, _) = self.prepare(&sql, &[])?;
        for some in rows.chunks(EACH * width) {
            let columns: Vec<Vec<i64>> = (0..width).map(|c| some.iter().skip(c).step_by(width).copied().collect()).collect();
            let refs: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|c| c as &(dyn ToSql + Sync)).collect();
            self.client.execute(&statement, &refs).map_err(|e| self.heard(e))?;
        }
        Ok(())
    }

    pub(crate) fn closed(&self) -> bool {
        self.away || self.client.is_closed()
    }

    /// What an error means, for the caller and for whether this connection is of any more use.
    fn heard(&mut self, e: postgres::Error) -> Error {
        let error = error(e);
        self.away |= matches!(error, Error::Away(_));
        error
    }

    pub(crate) fn script(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|e| self.heard(e))
    }
}

/// The text with `{+}column op $n` as `column op (select $n)`: the planner does not see the value and takes it for one that
/// fits a two-hundredth of all rows. Of seen ones it thinks too little: the paths of a street with a hundred thousand
/// cases lie between two bounds of its histogram, so it would read and sort them all for a page.
fn muted(sql: &str, params: &[Value]) -> String {
    let mut parts = sql.split("{+}");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (before, value) = part.split_once('$').unwrap_or((part, ""));
        let words: Vec<&str> = before.split_whitespace().collect();
        let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        let n: Option<usize> = value[..digits].parse().ok();
        match (words.as_slice(), n.and_then(|n| params.get(n.checked_sub(1)?))) {
            ([_, "=" | "<" | "<=" | ">" | ">="], Some(param)) => {
                // A parameter in a question of its own has no type but the one it is given.
                let cast = match param {
                    Value::Int(_) => "::bigint",
                    Value::Real(_) => "::double precision",
                    Value::Bytes(_) => "::bytea",
                    Value::Text(_) | Value::Null => "::text",
                };
                out.push_str(&format!("{before}(select ${}{cast}){}", &value[..digits], &value[digits..]));
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn value(row: &postgres::Row, i: usize) -> Result<Value> {
    let get = |e: postgres::Error| Error::Shape(e.to_string());
    Ok(match *row.columns()[i].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(i).map_err(get)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(i).map_err(get)?.into(),
        Type::INT2 => row.try_get::<_, Option<i16>>(i).map_err(get)?.map(i64::from).into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(i).map_err(get)?.into(),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(i).map_err(get)?.into(),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(i).map_err(get)?.map(f64::from).into(),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i).map_err(get)?.into(),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            row.try_get::<_, Option<String>>(i).map_err(get)?.into()
        }
        ref other => return Err(Error::Shape(format!("column type {other}: cast it to bigint, double precision or text"))),
    })
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) => match *ty {
                Type::INT8 => n.to_sql(ty, out),
                Type::INT4 => i32::try_from(*n)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*n)?.to_sql(ty, out),
                Type::BOOL => (*n != 0).to_sql(ty, out),
                Type::FLOAT8 => (*n as f64).to_sql(ty, out),
                _ => Err(format!("an integer was given for {ty}").into()),
            },
            Value::Real(x) => x.to_sql(ty, out),
            Value::Text(t) => t.as_str().to_sql(ty, out),
            Value::Bytes(b) => b.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::INT8
                | Type::INT4
                | Type::INT2
                | Type::BOOL
                | Type::FLOAT8
                | Type::TEXT
                | Type::VARCHAR
                | Type::BYTEA
                | Type::NAME
        )
    }

    to_sql_checked!();
}

fn cause(e: &postgres::Error) -> Option<&(dyn std::error::Error + 'static)> {
    std::error::Error::source(e)
}

fn error(e: postgres::Error) -> Error {
    use postgres::error::SqlState;
    match e.code() {
        Some(c) if c.code().starts_with("23") => Error::Constraint(e.to_string()),
        Some(c) if *c == SqlState::DISK_FULL => Error::Full,
        Some(c) if *c == SqlState::QUERY_CANCELED => Error::Timeout,
        // 08: the connection; 57P: the server is told to stop, stops, or only starts; 53300: it has no seat left.
        Some(c) if c.code().starts_with("08") || c.code().starts_with("57P") || *c == SqlState::TOO_MANY_CONNECTIONS => {
            Error::Away(e.as_db_error().map_or_else(|| e.to_string(), |d| d.message().to_owned()))
        }
        None if e.is_closed() || cause(&e).is_some_and(|c| c.is::<std::io::Error>()) => {
            Error::Away(cause(&e).map_or_else(|| e.to_string(), |c| format!("{e}: {c}")))
        }
        Some(c) if *c == SqlState::DATA_CORRUPTED || *c == SqlState::INDEX_CORRUPTED => Error::Corrupt(e.to_string()),
        _ => Error::Sql(e.as_db_error().map_or_else(|| e.to_string(), |d| format!("{}: {}", d.code().code(), d.message()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planner_sees_no_value_of_a_muted_column() {
        let params = ["a".into(), 7.into()];
        let text = |sql| muted(sql, &params);
        assert_eq!(text("select 1 from t where x = $1"), "select 1 from t where x = $1");
        let sql = "x = $1 and {+}path >= $1 and ({+}at <= $2 or {+}at is null) and {+}n >= 0 limit $2";
        let said = "x = $1 and path >= (select $1::text) and (at <= (select $2::bigint) or at is null) and n >= 0 limit $2";
        assert_eq!(text(sql), said);
        assert_eq!(text("order by {+}at"), "order by at");
    }
}
