//! One walk along a description that checks and cleans a value: parameters from a form, parameters and defaults from
//! JSON, results.
//!
//! Parameters and results differ in little: what to do with unknown keys, aliases and pairs, and how big integers and
//! numbers in texts leave.

mod pairs;
mod scalar;

use serde_json::{Map, Value};

use crate::clean::Installed;
use crate::description::{Description, Key, Requirement, Shape};
use crate::error::{INVALID_PARAMETER, INVALID_RESPONSE, WireError};
use crate::form::{Node, Tree};
use scalar::Scalar;

/// Which side of a call is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// What the caller sent: unknown keys are errors.
    Parameters,
    /// What the function returned: unknown keys are dropped.
    Result,
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// With the path of keys from the outside in (webservices 1.4, error nesting).
    #[error("{0}")]
    Unfit(String),
    /// An option was given twice with different values (webservices 2.2).
    #[error("the option {0} has two values")]
    Conflict(String),
}

impl Fault {
    fn unfit<T>(text: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::Unfit(text.into()))
    }

    /// The error the client gets.
    pub(crate) fn into_error(self, side: Side) -> WireError {
        match (self, side) {
            (Fault::Unfit(text), Side::Parameters) => WireError::invalid_parameter(text),
            (Fault::Unfit(text), Side::Result) => WireError::invalid_response(text),
            (Fault::Conflict(name), _) => WireError::invalid_external_parameter(&name)
                .with_debuginfo("The option is given more than once, with different values."),
        }
    }
}

/// A value to check, wherever it comes from.
#[derive(Clone, Copy)]
enum Input<'a> {
    Form(&'a Node),
    Json(&'a Value),
}

impl<'a> Input<'a> {
    fn get(self, key: &str) -> Option<Input<'a>> {
        match self {
            Input::Form(Node::Map(tree)) => tree.get(key).map(Input::Form),
            Input::Json(Value::Object(map)) => map.get(key).map(Input::Json),
            _ => None,
        }
    }

    /// Whether it can be read as a map with keys. An empty JSON list can: PHP prints an empty map so.
    fn is_map(self) -> bool {
        match self {
            Input::Form(Node::Map(_)) | Input::Json(Value::Object(_)) => true,
            Input::Json(Value::Array(elements)) => elements.is_empty(),
            _ => false,
        }
    }

    fn keys(self) -> Vec<&'a str> {
        match self {
            Input::Form(Node::Map(tree)) => tree.iter().map(|(key, _)| key).collect(),
            Input::Json(Value::Object(map)) => map.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The elements of a list; a form's keys do not matter.
    fn elements(self) -> Option<Vec<Input<'a>>> {
        match self {
            Input::Form(Node::Map(tree)) => Some(tree.iter().map(|(_, node)| Input::Form(node)).collect()),
            Input::Json(Value::Array(elements)) => Some(elements.iter().map(Input::Json).collect()),
            _ => None,
        }
    }

    fn is_null(self) -> bool {
        matches!(self, Input::Form(Node::Null) | Input::Json(Value::Null))
    }

    fn is_same(self, other: Input<'_>) -> bool {
        match (self, other) {
            (Input::Form(one), Input::Form(other)) => one == other,
            (Input::Json(one), Input::Json(other)) => one == other,
            _ => false,
        }
    }
}

/// A check of one side, at a site with these languages and themes.
pub(crate) struct Check<'a> {
    pub(crate) side: Side,
    pub(crate) installed: &'a Installed,
}

impl Check<'_> {
    /// Checks a whole tree of parameters.
    pub(crate) fn tree(&self, description: &Description, tree: Tree) -> Result<Value, Fault> {
        self.walk(description, Input::Form(&Node::Map(tree)))
    }

    /// Checks a JSON value.
    pub(crate) fn json(&self, description: &Description, value: &Value) -> Result<Value, Fault> {
        self.walk(description, Input::Json(value))
    }

    fn walk(&self, description: &Description, input: Input<'_>) -> Result<Value, Fault> {
        if input.is_null() {
            return if description.null { Ok(Value::Null) } else { Fault::unfit("null is not allowed here") };
        }
        match &description.shape {
            Shape::Value(ty) => match Scalar::of(input) {
                Some(scalar) => match self.scalar(*ty, &scalar) {
                    Some(value) => Ok(value),
                    None => Fault::unfit(format!(
                        "Invalid external api {}: the value is \"{}\", the server was expecting \"{}\" type",
                        match self.side {
                            Side::Parameters => "parameter",
                            Side::Result => "response",
                        },
                        if description.secret { "(secret)".to_owned() } else { scalar.shown() },
                        ty.wire_name()
                    )),
                },
                None => Fault::unfit("a single value is expected here, not a list or map"),
            },
            Shape::Single(keys) => self.single(keys, input),
            Shape::Multiple { content, pairs: true } => match input {
                Input::Form(Node::Map(tree)) => self.pairs(content, tree),
                input => self.multiple(content, input),
            },
            Shape::Multiple { content, pairs: false } => self.multiple(content, input),
        }
    }

    fn multiple(&self, content: &Description, input: Input<'_>) -> Result<Value, Fault> {
        let Some(elements) = input.elements() else { return Fault::unfit("a list is expected here") };
        let cleaned = elements.into_iter().map(|element| self.walk(content, element));
        Ok(Value::Array(cleaned.collect::<Result<_, _>>()?))
    }

    fn single(&self, keys: &[Key], input: Input<'_>) -> Result<Value, Fault> {
        if !input.is_map() {
            return Fault::unfit("a map with keys is expected here");
        }
        let mut cleaned = Map::with_capacity(keys.len());
        for Key { name, description } in keys {
            let value = match self.find(name, description, input)? {
                Some(given) => self.walk(description, given),
                None => match &description.requirement {
                    Requirement::Required => {
                        return Fault::unfit(format!("Missing required key in single structure: {name}"));
                    }
                    Requirement::Optional => continue,
                    Requirement::Default(value) => self.walk(description, Input::Json(value)),
                },
            };
            cleaned.insert(name.clone(), value.map_err(|fault| self.inside(name, fault))?);
        }
        if self.side == Side::Parameters {
            let is_known = |given: &str| {
                keys.iter().any(|key| key.name == given || key.description.aliases.iter().any(|alias| alias == given))
            };
            let unknown: Vec<&str> = input.keys().into_iter().filter(|key| !is_known(key)).collect();
            if !unknown.is_empty() {
                return Fault::unfit(format!("Unexpected keys ({}) detected in parameter array.", unknown.join(", ")));
            }
        }
        if self.side == Side::Result && cleaned.is_empty() {
            // PHP cannot tell an empty map from an empty list, and clients are used to the list.
            return Ok(Value::Array(Vec::new()));
        }
        Ok(Value::Object(cleaned))
    }

    /// The value given under a key's name or one of its aliases. Several are fine if they say the same.
    fn find<'i>(&self, name: &str, description: &Description, input: Input<'i>) -> Result<Option<Input<'i>>, Fault> {
        let mut found: Option<(&str, Input<'i>)> = None;
        for name in std::iter::once(name).chain(description.aliases.iter().map(String::as_str)) {
            let Some(given) = input.get(name) else { continue };
            match found {
                None => found = Some((name, given)),
                Some((_, first)) if first.is_same(given) => {}
                Some((first, _)) => {
                    return Fault::unfit(format!(
                        "{first} and {name} are names of one parameter, but their values differ"
                    ));
                }
            }
        }
        Ok(found.map(|(_, given)| given))
    }

    fn inside(&self, key: &str, fault: Fault) -> Fault {
        let message = match self.side {
            Side::Parameters => INVALID_PARAMETER,
            Side::Result => INVALID_RESPONSE,
        };
        match fault {
            Fault::Unfit(text) => Fault::Unfit(format!("{key} => {message}: {text}")),
            conflict => conflict,
        }
    }
}
