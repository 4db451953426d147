//! What the host does with parameters and results between a client and a function: descriptions decide.
//!
//! Types are looked at only as far as JSON has them; that `ALPHANUM` is letters and digits is the host's to see to.

use crate::{Error, Result};
use serde_json::{Map, Value};

/// Parameters completed against their description. Errors: `invalid`, naming the place.
pub(super) fn parameters(description: &str, given: Value) -> Result<Value> {
    let given = if given.is_null() { Value::Object(Map::new()) } else { given };
    complete(&parse(description)?, given, "")
}

/// A result cut down to its description; null where there is none. Errors: `failed`, naming the place.
pub(super) fn result(description: &str, given: Value) -> Result<Value> {
    if description.is_empty() {
        return Ok(Value::Null);
    }
    cut(&parse(description)?, given, "")
}

fn parse(description: &str) -> Result<Value> {
    serde_json::from_str(description).map_err(|e| Error::failed(format!("a description: {e}")))
}

fn keys(description: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let keys = description["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    keys.iter().filter_map(|key| Some((key["name"].as_str()?, &key["description"])))
}

fn inside(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

fn complete(description: &Value, given: Value, place: &str) -> Result<Value> {
    let invalid = |what: &str| Err(Error::invalid(format!("{place}: {what}")));
    if given.is_null() && !place.is_empty() {
        return if description["null"] == false { invalid("null is not allowed") } else { Ok(given) };
    }
    match (description["kind"].as_str(), given) {
        (Some("single"), Value::Object(given)) => complete_single(description, given, place).map(Value::Object),
        (Some("multiple"), Value::Array(given)) => {
            let element = |(i, v)| complete(&description["content"], v, &format!("{place}[{i}]"));
            given.into_iter().enumerate().map(element).collect()
        }
        (Some("multiple"), Value::Object(given)) if description["pairs"] == true => {
            let pair = |(name, value)| serde_json::json!({ "name": name, "value": value });
            complete(description, given.into_iter().map(pair).collect(), place)
        }
        (Some("single"), _) => invalid("expected an object"),
        (Some("multiple"), _) => invalid("expected a list"),
        (_, given) => {
            let kind = description["type"].as_str().unwrap_or_default();
            let fits = match kind {
                "INT" => given.is_i64() || given.is_u64(),
                "FLOAT" => given.is_number(),
                "BOOL" => given.is_boolean(),
                _ => given.is_string(),
            };
            if fits { Ok(given) } else { invalid(&format!("{given} is not a value of type {kind}")) }
        }
    }
}

fn complete_single(description: &Value, mut given: Map<String, Value>, place: &str) -> Result<Map<String, Value>> {
    let mut out = Map::new();
    for (name, key) in keys(description) {
        let place = inside(place, name);
        let mut value = given.remove(name);
        for alias in key["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let Some(other) = given.remove(alias) else { continue };
            match &value {
                Some(value) if *value != other => {
                    return Err(Error::invalid(format!("{place}: {name} and {alias} have different values")));
                }
                _ => value = Some(other),
            }
        }
        let value = match (value, key["required"].as_str()) {
            (Some(value), _) => complete(key, value, &place)?,
            (None, Some("default")) => key["default"].clone(),
            (None, Some("optional")) => continue,
            (None, _) => return Err(Error::invalid(format!("{place}: missing"))),
        };
        out.insert(name.to_owned(), value);
    }
    match given.keys().next() {
        Some(unknown) => Err(Error::invalid(format!("{}: there is no such parameter", inside(place, unknown)))),
        None => Ok(out),
    }
}

fn cut(description: &Value, given: Value, place: &str) -> Result<Value> {
    match (description["kind"].as_str(), given) {
        (Some("single"), Value::Object(mut given)) => {
            let mut out = Map::new();
            for (name, key) in keys(description) {
                let place = inside(place, name);
                match given.remove(name) {
                    Some(value) => out.insert(name.to_owned(), cut(key, value, &place)?),
                    None if key["required"].as_str().is_none_or(|r| r == "required") => {
                        return Err(Error::failed(format!("the result lacks {place}")));
                    }
                    None => None,
                };
            }
            Ok(Value::Object(out))
        }
        (Some("multiple"), Value::Array(given)) => {
            let element = |(i, v)| cut(&description["content"], v, &format!("{place}[{i}]"));
            given.into_iter().enumerate().map(element).collect()
        }
        (Some("single" | "multiple"), Value::Null) if !place.is_empty() => Ok(Value::Null),
        (Some(kind @ ("single" | "multiple")), _) => {
            Err(Error::failed(format!("the result's {place:?} is not a {kind} as described")))
        }
        (_, given) => Ok(given),
    }
}
