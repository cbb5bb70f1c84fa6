//! The five kinds of value that both engines share, rows of them, and the conversions the rest of the program uses.
//!
//! What must stay true: a value read on one engine equals the value read on the other. Booleans are 0/1, times are
//! integer milliseconds UTC, JSON is text; nothing engine-specific leaves this crate.

use std::sync::Arc;

use crate::error::{Error, Result};

/// One SQL value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// 64-bit integer.
    Int(i64),
    /// Double-precision number.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// What it is, for errors: these are written down, and what it says is nobody's business there.
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "an integer",
            Value::Real(_) => "a real number",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
        }
    }
}

macro_rules! value_from {
    ($($t:ty => |$v:ident| $e:expr),* $(,)?) => {
        $(impl From<$t> for Value { fn from($v: $t) -> Value { $e } })*
    };
}
value_from! {
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(v.into()),
    u32 => |v| Value::Int(v.into()),
    u64 => |v| Value::Int(i64::try_from(v).unwrap_or(i64::MAX)),
    usize => |v| Value::Int(i64::try_from(v).unwrap_or(i64::MAX)),
    bool => |v| Value::Int(v.into()),
    f64 => |v| Value::Real(v),
    String => |v| Value::Text(v),
    &String => |v| Value::Text(v.clone()),
    &str => |v| Value::Text(v.to_owned()),
    Vec<u8> => |v| Value::Bytes(v),
    &[u8] => |v| Value::Bytes(v.to_vec()),
}
impl<const N: usize> From<[u8; N]> for Value {
    fn from(v: [u8; N]) -> Value {
        Value::Bytes(v.to_vec())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Value {
        v.map_or(Value::Null, Into::into)
    }
}
impl From<&Option<String>> for Value {
    fn from(v: &Option<String>) -> Value {
        v.as_deref().into()
    }
}

/// Parameters of a statement: `params![id, "text", 3]`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Value] };
    ($($e:expr),+ $(,)?) => { &[$($crate::Value::from($e)),+] as &[$crate::Value] };
}

/// One row of an answer; columns are read by name.
#[derive(Clone, Debug)]
pub struct Row {
    pub(crate) names: Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The column as `T`. A missing column or a value of another kind is an error of the program, reported as [`Error::Shape`].
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T> {
        let at = self.names.iter().position(|n| n == name).ok_or_else(|| Error::Shape(format!("no column {name}")))?;
        T::from_value(&self.values[at]).ok_or_else(|| Error::Shape(format!("column {name} is {}", self.values[at].kind())))
    }

    /// The first column, for `select count(*) …`.
    pub fn first<T: FromValue>(&self) -> Result<T> {
        let v = self.values.first().ok_or_else(|| Error::Shape("no column".into()))?;
        T::from_value(v).ok_or_else(|| Error::Shape(format!("first column is {}", v.kind())))
    }
}

/// The columns of a row one after the other: for wide rows, where looking up each by its name would be most of the work.
pub struct Fields<'a> {
    row: &'a Row,
    at: usize,
}

impl Row {
    /// Reads the columns in the order of the query.
    pub fn fields(&self) -> Fields<'_> {
        Fields { row: self, at: 0 }
    }
}

impl Fields<'_> {
    /// The next column, which must be the one of this name.
    pub fn next<T: FromValue>(&mut self, name: &str) -> Result<T> {
        let at = self.at;
        self.at += 1;
        match self.row.values.get(at) {
            Some(v) if self.row.names.get(at).is_some_and(|n| n == name) => {
                T::from_value(v).ok_or_else(|| Error::Shape(format!("column {name} is {}", v.kind())))
            }
            _ => Err(Error::Shape(format!("column {at} is not {name}"))),
        }
    }
}

/// Kinds that a column can be read as.
pub trait FromValue: Sized {
    /// `None` when the value is of another kind.
    fn from_value(v: &Value) -> Option<Self>;
}
impl FromValue for i64 {
    fn from_value(v: &Value) -> Option<i64> {
        if let Value::Int(n) = v { Some(*n) } else { None }
    }
}
impl FromValue for u64 {
    fn from_value(v: &Value) -> Option<u64> {
        if let Value::Int(n) = v { u64::try_from(*n).ok() } else { None }
    }
}
impl FromValue for i32 {
    fn from_value(v: &Value) -> Option<i32> {
        if let Value::Int(n) = v { i32::try_from(*n).ok() } else { None }
    }
}
impl FromValue for bool {
    fn from_value(v: &Value) -> Option<bool> {
        if let Value::Int(n) = v { Some(*n != 0) } else { None }
    }
}
impl FromValue for f64 {
    fn from_value(v: &Value) -> Option<f64> {
        match v {
            Value::Real(x) => Some(*x),
            Value::Int(n) => Some(*n as f64),
            _ => None,
        }
    }
}
impl FromValue for String {
    fn from_value(v: &Value) -> Option<String> {
        if let Value::Text(s) = v { Some(s.clone()) } else { None }
    }
}
impl FromValue for Vec<u8> {
    fn from_value(v: &Value) -> Option<Vec<u8>> {
        if let Value::Bytes(b) = v { Some(b.clone()) } else { None }
    }
}
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(v: &Value) -> Option<Option<T>> {
        if matches!(v, Value::Null) { Some(None) } else { T::from_value(v).map(Some) }
    }
}
