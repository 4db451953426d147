//! Parts of answers that several functions have.

use provost_guest::describe::{Describe, Description};
use provost_guest::prelude::*;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A key that is always there, as null where there is no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Describe> Describe for Nullable<T> {
    fn describe() -> Description {
        T::describe()
    }
}

/// A value that is a number where it can be one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
}

impl Describe for Scalar {
    fn describe() -> Description {
        Description::value("RAW")
    }
}

/// Something that did not work while the rest did.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Warning {
    /// The kind of thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub itemid: Option<i64>,
    /// For programs.
    pub warningcode: String,
    /// For people.
    pub message: String,
}

/// Warnings and nothing else.
#[derive(Debug, Clone, Serialize, Describe)]
pub struct Warnings {
    /// What did not work.
    pub warnings: Vec<Warning>,
}

/// A name with its value, as a client gives it.
#[derive(Debug, Clone, serde::Deserialize, Describe)]
pub struct Pair {
    /// The name.
    #[describe(kind = "ALPHANUMEXT")]
    pub name: String,
    /// The value.
    pub value: String,
}

/// The JSON object kept with a row; empty where there is none.
pub fn object(extra: &str) -> Map<String, Value> {
    serde_json::from_str(extra).unwrap_or_default()
}

/// A text of such an object; empty where it is missing.
pub fn text_of(object: &Map<String, Value>, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A number of such an object.
pub fn number_of(object: &Map<String, Value>, key: &str) -> Option<i64> {
    text_of(object, key).trim().parse().ok()
}
