//! Examples made of descriptions: values that fit, calls that are taken.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use provost_wire::ParamType;
use provost_wire::description::{Description, Requirement, Shape};
use serde_json::{Map, Value, json};

/// A value that fits a description, with everything that can be there.
pub(super) fn whole(description: &Description) -> Value {
    value(description, true)
}

/// A value that fits a description, with only what must be there.
pub(super) fn least(description: &Description) -> Value {
    value(description, false)
}

fn value(description: &Description, whole: bool) -> Value {
    if let (Requirement::Default(value), true) = (&description.requirement, is_scalar(&description.shape)) {
        return value.clone();
    }
    match &description.shape {
        Shape::Value(ty) => of_type(*ty),
        Shape::Single(keys) => {
            let wanted = keys.iter().filter(|key| whole || key.description.requirement == Requirement::Required);
            let entries: Map<String, Value> =
                wanted.map(|key| (key.name.clone(), value(&key.description, whole))).collect();
            Value::Object(entries)
        }
        Shape::Multiple { content, .. } => json!([value(content, whole)]),
    }
}

fn is_scalar(shape: &Shape) -> bool {
    matches!(shape, Shape::Value(_))
}

fn of_type(ty: ParamType) -> Value {
    match ty {
        ParamType::Int => json!(2),
        ParamType::Float => json!(0.5),
        ParamType::Bool => json!(true),
        ParamType::Text | ParamType::NoTags | ParamType::Raw | ParamType::RawTrimmed => json!("text"),
        ParamType::Alpha | ParamType::AlphaExt => json!("word"),
        ParamType::AlphaNum | ParamType::AlphaNumExt | ParamType::SafeDir => json!("abc123"),
        ParamType::Plugin => json!("folder"),
        ParamType::Area => json!("content"),
        ParamType::Component => json!("mod_quiz"),
        ParamType::File => json!("file.txt"),
        ParamType::Path => json!("/"),
        ParamType::Url => json!("https://example.org/"),
        ParamType::Lang => json!("en"),
        ParamType::Theme => json!("boost"),
        ParamType::Username => json!("ada"),
    }
}

/// What need not be encoded in a form, so that an example stays readable.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b':');

/// The fields of a form that say what an object says: names with brackets, values encoded.
pub(super) fn fields(parameters: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    for (name, value) in parameters.as_object().into_iter().flatten() {
        spell(name, value, &mut fields);
    }
    fields
}

fn spell(name: &str, value: &Value, fields: &mut Vec<String>) {
    let text = match value {
        Value::Null => return,
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => utf8_percent_encode(text, PLAIN).to_string(),
        Value::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                spell(&format!("{name}[{place}]"), element, fields);
            }
            return;
        }
        Value::Object(map) => {
            for (key, value) in map {
                spell(&format!("{name}[{key}]"), value, fields);
            }
            return;
        }
    };
    fields.push(format!("{name}={text}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_wire::clean::Installed;
    use provost_wire::form::Limits;
    use provost_wire::request::{Body, variables};
    use provost_wire::{respond, validate};

    fn of(ty: ParamType) -> Description {
        Description::value(ty)
    }

    fn everything() -> Description {
        let all = ParamType::ALL.iter().map(|ty| (ty.name().to_lowercase(), of(*ty)));
        let inner = Description::single(all.collect::<Vec<_>>());
        Description::single([
            ("all", inner.clone()),
            ("list", Description::multiple(inner.optional())),
            ("options", Description::pairs(of(ParamType::Alpha), of(ParamType::Raw)).default_to(json!([]))),
            ("visible", of(ParamType::Bool).default_to(0)),
        ])
    }

    #[test]
    fn examples_fit() {
        let described = everything();
        let installed = Installed::default();
        for example in [whole(&described), least(&described)] {
            validate::json_parameters(&described, &example, &installed).unwrap();
            respond::clean(Some(&described), &example, &installed).unwrap();
            let form = fields(&example).join("&");
            let tree = variables(form.as_bytes(), Body::None, Limits::default()).unwrap();
            assert_eq!(
                validate::parameters(&described, tree, &installed),
                validate::json_parameters(&described, &example, &installed)
            );
        }
        assert!(least(&described).get("options").is_none());
        assert_eq!(whole(&described)["options"], json!([{ "name": "word", "value": "text" }]));
        assert_eq!(whole(&described)["visible"], json!(0));
    }
}
