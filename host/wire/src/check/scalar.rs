//! Checking one value against a parameter type.

use serde_json::{Number, Value};

use super::{Check, Input, Side};
use crate::clean;
use crate::description::ParamType;
use crate::form::Node;
use crate::php_number;

/// Beyond this an integer crosses the contract as decimal text (`wit/types.wit`, JSON).
const EXACT_IN_JSON: u64 = 1 << 53;

/// The longest part of a value shown in debug information, in characters.
const SHOWN: usize = 500;

/// A single value.
pub(super) enum Scalar<'a> {
    Bool(bool),
    Number(&'a Number),
    Text(&'a str),
    NotUtf8(&'a str),
}

impl<'a> Scalar<'a> {
    pub(super) fn of(input: Input<'a>) -> Option<Scalar<'a>> {
        match input {
            Input::Form(Node::Text(text)) | Input::Json(Value::String(text)) => Some(Scalar::Text(text)),
            Input::Form(Node::NotUtf8(text)) => Some(Scalar::NotUtf8(text)),
            Input::Form(Node::Bool(value)) | Input::Json(Value::Bool(value)) => Some(Scalar::Bool(*value)),
            Input::Form(Node::Number(number)) | Input::Json(Value::Number(number)) => Some(Scalar::Number(number)),
            _ => None,
        }
    }

    /// For debug information.
    pub(super) fn shown(&self) -> String {
        match self {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) | Scalar::NotUtf8(text) => match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => (*text).to_owned(),
            },
        }
    }
}

impl Check<'_> {
    /// The cleaned value, or nothing if cleaning would change it.
    pub(super) fn scalar(&self, ty: ParamType, scalar: &Scalar<'_>) -> Option<Value> {
        match (ty, scalar) {
            (_, Scalar::NotUtf8(_)) => None,
            (ParamType::Int, scalar) => self.int(scalar),
            (ParamType::Float, Scalar::Text(text)) => clean::float(text).map(Value::from),
            (ParamType::Float, Scalar::Number(number)) => number.as_f64().map(Value::from),
            (ParamType::Bool, Scalar::Bool(value)) => Some(Value::Bool(*value)),
            (ParamType::Bool, Scalar::Text("0")) => Some(Value::Bool(false)),
            (ParamType::Bool, Scalar::Text("1")) => Some(Value::Bool(true)),
            (ParamType::Bool, Scalar::Number(number)) => match number.as_u64() {
                Some(0) => Some(Value::Bool(false)),
                Some(1) => Some(Value::Bool(true)),
                _ => None,
            },
            // The one type that leaves a result as it is: a number stays a number in JSON.
            (ParamType::Raw, Scalar::Number(number)) if self.side == Side::Result => {
                Some(Value::Number((*number).clone()))
            }
            (ParamType::Raw, Scalar::Bool(value)) if self.side == Side::Result => Some(Value::Bool(*value)),
            (_, Scalar::Bool(_)) => None,
            (ty, Scalar::Number(number)) => {
                let text = match number.as_f64().filter(|_| number.is_f64()) {
                    Some(float) => php_number::text(float),
                    None => number.to_string(),
                };
                self.text(ty, &text)
            }
            (ty, Scalar::Text(text)) => self.text(ty, text),
        }
    }

    fn text(&self, ty: ParamType, text: &str) -> Option<Value> {
        (clean::clean(ty, text, self.installed) == text).then(|| Value::from(text))
    }

    fn int(&self, scalar: &Scalar<'_>) -> Option<Value> {
        let number = match scalar {
            Scalar::Text(text) => crate::form::array_index(text)?,
            Scalar::Number(number) => match number.as_i64() {
                Some(number) => number,
                None => whole(number.as_f64().filter(|_| number.is_f64())?)?,
            },
            Scalar::Bool(_) | Scalar::NotUtf8(_) => return None,
        };
        if self.side == Side::Parameters && number.unsigned_abs() > EXACT_IN_JSON {
            return Some(Value::String(number.to_string()));
        }
        Some(Value::from(number))
    }
}

/// A float that is a whole number, as some languages' JSON prints integers.
fn whole(number: f64) -> Option<i64> {
    let is_exact = number.fract() == 0.0 && number.abs() <= EXACT_IN_JSON as f64;
    is_exact.then_some(number as i64)
}
