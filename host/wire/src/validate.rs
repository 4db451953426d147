//! Parameters against their description: what a function is called with.
//!
//! The result is an object in order of declaration, whatever order the caller used. Integers beyond 2^53 are decimal
//! text in it, as the contract's JSON has them.

use serde_json::Value;

use crate::check::{Check, Side};
use crate::clean::Installed;
use crate::description::{Description, Shape};
use crate::error::WireError;
use crate::form::Tree;

/// Checks and completes the parameters of a request.
///
/// # Errors
/// `invalidparameter` for whatever is missing, unexpected or of the wrong type, with the path to it as debug
/// information; `invalidextparam` for an option with two values.
pub fn parameters(description: &Description, sent: Tree, installed: &Installed) -> Result<Value, WireError> {
    let check = Check { side: Side::Parameters, installed };
    check.tree(description, sent).map_err(|fault| fault.into_error(Side::Parameters))
}

/// The same for parameters that come as JSON, as from another protocol or a command line. Lists of pairs have their
/// full spelling there.
///
/// # Errors
/// As [`parameters`].
pub fn json_parameters(description: &Description, sent: &Value, installed: &Installed) -> Result<Value, WireError> {
    let check = Check { side: Side::Parameters, installed };
    check.json(description, sent).map_err(|fault| fault.into_error(Side::Parameters))
}

/// What stands for a secret value where it must not be seen.
const SECRET: &str = "***";

/// Checked parameters as they may be written into a log: values described as secret are hidden.
pub fn without_secrets(description: &Description, checked: &Value) -> Value {
    match (&description.shape, checked) {
        (Shape::Value(_), value) if description.secret && !value.is_null() => Value::from(SECRET),
        (Shape::Single(keys), Value::Object(map)) => {
            let shown = map.iter().map(|(name, value)| {
                let value = match keys.iter().find(|key| key.name == *name) {
                    Some(key) => without_secrets(&key.description, value),
                    None => value.clone(),
                };
                (name.clone(), value)
            });
            Value::Object(shown.collect())
        }
        (Shape::Multiple { content, .. }, Value::Array(elements)) => {
            elements.iter().map(|element| without_secrets(content, element)).collect()
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests;
