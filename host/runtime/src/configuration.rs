//! A plugin's configuration: what the operator set, checked against the schema in the manifest, over the schema's defaults.
//!
//! The schema is a JSON schema of an object. Of its vocabulary these words are looked at: `properties` with `type`,
//! `enum`, `minimum`, `maximum` and `default`, and `additionalProperties`, which is taken for false unless it is true.

use serde_json::{Map, Value};

/// Why a configuration does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// It is not a JSON object.
    #[error("the configuration is not a JSON object")]
    NotAnObject,
    /// The schema has no such property.
    #[error("there is no {key:?} to configure; there is {known}")]
    Unknown {
        /// The key.
        key: String,
        /// What there is.
        known: String,
    },
    /// A value is not what the schema asks for.
    #[error("{key} is {value}, but must be {must}")]
    Value {
        /// The key.
        key: String,
        /// The value as JSON.
        value: String,
        /// What it must be.
        must: String,
    },
}

/// Checks what an operator set.
pub fn check(schema: Option<&Value>, set: &Value) -> Result<(), ConfigurationError> {
    if set.is_null() {
        return Ok(());
    }
    let set = set.as_object().ok_or(ConfigurationError::NotAnObject)?;
    let none = Map::new();
    let properties = properties(schema).unwrap_or(&none);
    let is_open = schema.and_then(|s| s.get("additionalProperties")) == Some(&Value::Bool(true));
    for (key, value) in set {
        let Some(property) = properties.get(key) else {
            if is_open {
                continue;
            }
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return Err(ConfigurationError::Unknown { key: key.clone(), known });
        };
        if let Some(must) = misfit(property, value) {
            return Err(ConfigurationError::Value { key: key.clone(), value: value.to_string(), must });
        }
    }
    Ok(())
}

/// The operator's values over the defaults that the schema's `properties` name.
pub(crate) fn effective(schema: Option<&Value>, set: &Value) -> Map<String, Value> {
    let defaults = properties(schema).into_iter().flatten();
    let mut values: Map<String, Value> =
        defaults.filter_map(|(key, property)| Some((key.clone(), property.get("default")?.clone()))).collect();
    if let Some(set) = set.as_object() {
        values.extend(set.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    values
}

fn properties(schema: Option<&Value>) -> Option<&Map<String, Value>> {
    schema?.get("properties")?.as_object()
}

/// What the value should have been, if it does not fit.
fn misfit(property: &Value, value: &Value) -> Option<String> {
    if let Some(kind) = property.get("type").and_then(Value::as_str) {
        let fits = match kind {
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => true,
        };
        if !fits {
            return Some(format!("of type {kind}"));
        }
    }
    if let Some(allowed) = property.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Some(format!("one of {}", allowed.join(", ")));
    }
    let bound = |name: &str| property.get(name).and_then(Value::as_f64);
    match value.as_f64() {
        Some(number) if bound("minimum").is_some_and(|least| number < least) => {
            Some(format!("at least {}", property["minimum"]))
        }
        Some(number) if bound("maximum").is_some_and(|most| number > most) => {
            Some(format!("at most {}", property["maximum"]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_set_is_checked() {
        let schema = json!({ "type": "object", "properties": {
            "keep": { "type": "integer", "minimum": 0, "maximum": 9, "default": 3 },
            "how": { "enum": ["a", "b"] }, "words": { "type": "string", "default": "hi" } } });
        let said = |set: Value| check(Some(&schema), &set).map_err(|e| e.to_string());
        assert_eq!(said(json!({ "keep": 9, "how": "b" })), Ok(()));
        assert_eq!(said(Value::Null), Ok(()));
        assert_eq!(said(json!({ "keep": 10 })), Err("keep is 10, but must be at most 9".into()));
        assert_eq!(said(json!({ "keep": -1 })), Err("keep is -1, but must be at least 0".into()));
        assert_eq!(said(json!({ "keep": 1.5 })), Err("keep is 1.5, but must be of type integer".into()));
        assert_eq!(said(json!({ "how": "c" })), Err("how is \"c\", but must be one of \"a\", \"b\"".into()));
        let unknown = said(json!({ "kept": 1 })).unwrap_err();
        assert_eq!(unknown, "there is no \"kept\" to configure; there is keep, how, words");
        assert_eq!(said(json!([])), Err("the configuration is not a JSON object".into()));
        assert_eq!(check(None, &json!({})), Ok(()));
        assert!(check(None, &json!({ "x": 1 })).is_err());

        let values = effective(Some(&schema), &json!({ "keep": 1, "how": "a" }));
        assert_eq!(Value::Object(values), json!({ "keep": 1, "words": "hi", "how": "a" }));
    }
}
