//! Results of any shape: what fits its description is answered, and both forms of the answer read back.
//!
//! The bytes are choices: first a description is made of them, then a value that mostly fits it.

use arbitrary::{Result, Unstructured};
use provost_wire::clean::Installed;
use provost_wire::description::{Description, Key, ParamType, Requirement, Shape};
use provost_wire::respond;
use serde_json::{Map, Value, json};

use crate::wire_request::{answer, read_back};

/// Makes a description and a result, and answers.
///
/// # Panics
/// When an invariant does not hold.
pub fn wire_answer(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let Ok(description) = describe(&mut choices, 0) else { return };
    read_back(&description);
    let mut fits = true;
    let Ok(value) = result(&mut choices, &description, &mut fits) else { return };
    let cleaned = respond::clean(Some(&description), &value, &Installed::default());
    if fits {
        assert!(cleaned.is_ok(), "{value} fits, but {cleaned:?}");
    }
    answer(&description, &value);
}

/// A description of a result, few levels deep.
fn describe(choices: &mut Unstructured<'_>, depth: usize) -> Result<Description> {
    let shape = match choices.int_in_range(0..=3u8)? {
        0 | 1 if depth < 5 => {
            let mut keys = Vec::new();
            for place in 0..choices.int_in_range(0..=4usize)? {
                let mut description = describe(choices, depth + 1)?;
                if choices.ratio(1, 3u8)? {
                    description = description.optional();
                }
                keys.push(Key { name: format!("{}:{place}", choices.choose(&["a", "b-c", "d_e"])?), description });
            }
            Shape::Single(keys)
        }
        2 if depth < 5 => Shape::Multiple { content: Box::new(describe(choices, depth + 1)?), pairs: false },
        _ => Shape::Value(*choices.choose(ParamType::ALL)?),
    };
    let secret = matches!(shape, Shape::Value(_)) && choices.ratio(1, 8u8)?;
    Ok(Description {
        shape,
        doc: String::new(),
        requirement: Requirement::Required,
        null: choices.arbitrary()?,
        aliases: Vec::new(),
        secret,
    })
}

/// A result; now and then one that need not fit, which is then said.
fn result(choices: &mut Unstructured<'_>, description: &Description, fits: &mut bool) -> Result<Value> {
    if choices.ratio(1, 16u8)? {
        *fits = false;
        return odd(choices);
    }
    if description.null && choices.ratio(1, 8u8)? {
        return Ok(Value::Null);
    }
    Ok(match &description.shape {
        Shape::Value(ty) => value(choices, *ty)?,
        Shape::Single(keys) => {
            let mut map = Map::new();
            for key in keys {
                if key.description.requirement == Requirement::Optional && choices.arbitrary()? {
                    continue;
                }
                map.insert(key.name.clone(), result(choices, &key.description, fits)?);
            }
            if choices.ratio(1, 8u8)? {
                map.insert("unknown".to_owned(), json!({ "x": [1] }));
            }
            Value::Object(map)
        }
        Shape::Multiple { content, .. } => {
            let mut elements = Vec::new();
            for _ in 0..choices.int_in_range(0..=3usize)? {
                elements.push(result(choices, content, fits)?);
            }
            Value::Array(elements)
        }
    })
}

fn value(choices: &mut Unstructured<'_>, ty: ParamType) -> Result<Value> {
    Ok(match ty {
        ParamType::Int => json!(choices.arbitrary::<i64>()?),
        ParamType::Float => {
            let number: f64 = choices.arbitrary()?;
            json!(if number.is_finite() { number } else { 0.5 })
        }
        ParamType::Bool => json!(choices.arbitrary::<bool>()?),
        ParamType::Raw => match choices.int_in_range(0..=3u8)? {
            0 => json!(choices.arbitrary::<bool>()?),
            1 => json!(choices.arbitrary::<i64>()?),
            _ => json!(choices.arbitrary::<&str>()?.replace('\0', "")),
        },
        // Whatever is left of a text after cleaning is what the type takes, once it changes no more.
        ty => {
            let mut text = choices.arbitrary::<&str>()?.to_owned();
            loop {
                let cleaned = provost_wire::clean::clean(ty, &text, &Installed::default()).into_owned();
                if cleaned == text {
                    break json!(text);
                }
                text = cleaned;
            }
        }
    })
}

fn odd(choices: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match choices.int_in_range(0..=6u8)? {
        0 => Value::Null,
        1 => json!({}),
        2 => json!([]),
        3 => json!(choices.arbitrary::<bool>()?),
        4 => json!(choices.arbitrary::<u64>()?),
        5 => json!([choices.arbitrary::<&str>()?]),
        _ => json!(choices.arbitrary::<&str>()?),
    })
}
