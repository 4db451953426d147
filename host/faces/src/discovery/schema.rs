//! JSON Schema (2020-12, as OpenAPI 3.1 has it) of what a description says.

use provost_wire::description::{Description, Requirement, Shape};
use provost_wire::{ParamType, respond};
use serde_json::{Map, Value, json};

/// Which side of a call is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the client sends.
    Parameters,
    /// What it gets: a map may have keys that were declared later, and one without keys is an empty list.
    Result,
}

/// The schema of what a description takes, or of what is answered by it.
pub(super) fn schema(description: &Description, side: Side) -> Value {
    let mut schema = match &description.shape {
        Shape::Value(ty) => value(*ty, side),
        Shape::Single(keys) => {
            let properties: Map<String, Value> =
                keys.iter().map(|key| (key.name.clone(), self::schema(&key.description, side))).collect();
            let is_required = |requirement: &Requirement| match side {
                Side::Parameters => *requirement == Requirement::Required,
                // What has a default is always there.
                Side::Result => *requirement != Requirement::Optional,
            };
            let required: Vec<&str> = keys
                .iter()
                .filter(|key| is_required(&key.description.requirement))
                .map(|key| key.name.as_str())
                .collect();
            let may_be_empty = required.is_empty();
            let mut object = json!({ "type": "object", "properties": properties });
            if !required.is_empty() {
                object["required"] = json!(required);
            }
            match side {
                Side::Parameters => {
                    object["additionalProperties"] = json!(false);
                    object
                }
                Side::Result if may_be_empty => {
                    json!({ "anyOf": [object, { "type": "array", "maxItems": 0 }] })
                }
                Side::Result => object,
            }
        }
        Shape::Multiple { content, .. } => json!({ "type": "array", "items": self::schema(content, side) }),
    };
    if description.null {
        allow_null(&mut schema);
    }
    let doc = documented(description, side);
    if !doc.is_empty() {
        schema["description"] = json!(doc);
    }
    if let (Requirement::Default(value), Side::Parameters) = (&description.requirement, side) {
        schema["default"] = value.clone();
    }
    if description.secret {
        schema["format"] = json!("password");
        schema["writeOnly"] = json!(side == Side::Parameters);
    }
    schema
}

/// The text for people, with what a schema has no room for.
fn documented(description: &Description, side: Side) -> String {
    let mut doc = description.doc.clone();
    let mut add = |text: String| {
        if !doc.is_empty() {
            doc.push_str(if doc.ends_with(['.', '!', '?']) { " " } else { ". " });
        }
        doc.push_str(&text);
    };
    if side == Side::Parameters && !description.aliases.is_empty() {
        add(format!("Also taken as {}.", description.aliases.join(", ")));
    }
    if matches!(description.shape, Shape::Multiple { pairs: true, .. }) {
        add("In a form also name by name: [NAME]=VALUE.".to_owned());
    }
    doc
}

fn value(ty: ParamType, side: Side) -> Value {
    let letters = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match ty {
        ParamType::Int => json!({ "type": "integer", "format": "int64" }),
        ParamType::Float => json!({ "type": "number", "format": "double" }),
        ParamType::Bool => json!({ "type": "boolean" }),
        // The one type that leaves a result as it is.
        ParamType::Raw if side == Side::Result => json!({ "type": ["string", "number", "boolean"] }),
        ParamType::Raw | ParamType::RawTrimmed | ParamType::Text | ParamType::NoTags | ParamType::Path => {
            json!({ "type": "string" })
        }
        ParamType::Alpha => letters("^[A-Za-z]*$"),
        ParamType::AlphaExt => letters("^[A-Za-z_-]*$"),
        ParamType::AlphaNum => letters("^[A-Za-z0-9]*$"),
        ParamType::AlphaNumExt | ParamType::SafeDir | ParamType::Lang => letters("^[A-Za-z0-9_-]*$"),
        ParamType::Plugin | ParamType::Area | ParamType::Component | ParamType::Theme => letters("^[a-z0-9_]*$"),
        ParamType::File => letters("^[^&<>\"`|':\\\\/]*$"),
        ParamType::Url => json!({ "type": "string", "format": "uri-reference" }),
        ParamType::Username => letters("^[-._@a-z0-9]*$"),
    }
}

fn allow_null(schema: &mut Value) {
    match schema.get_mut("type") {
        Some(Value::Array(types)) => types.push(json!("null")),
        Some(ty) => *ty = json!([ty.take(), "null"]),
        None => {
            if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
                choices.push(json!({ "type": "null" }));
            }
        }
    }
}

/// A JSON value on one line, as in a text.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => respond::json(value).replace("\\/", "/"),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: ParamType) -> Description {
        Description::value(ty)
    }

    #[test]
    fn parameters() {
        let described = Description::single([
            ("id", of(ParamType::Int).not_null().doc("The course").alias("courseid")),
            ("name", of(ParamType::Alpha).default_to("x")),
            ("password", of(ParamType::Raw).not_null().secret()),
            ("options", Description::pairs(of(ParamType::Alpha).not_null(), of(ParamType::Raw)).default_to(json!([]))),
        ])
        .not_null();
        assert_eq!(
            schema(&described, Side::Parameters),
            json!({
                "type": "object",
                "properties": {
                    "id": { "type": "integer", "format": "int64", "description": "The course. Also taken as courseid." },
                    "name": { "type": ["string", "null"], "pattern": "^[A-Za-z]*$", "default": "x" },
                    "password": { "type": "string", "format": "password", "writeOnly": true },
                    "options": {
                        "type": ["array", "null"],
                        "items": {
                            "type": ["object", "null"],
                            "properties": {
                                "name": { "type": "string", "pattern": "^[A-Za-z]*$" },
                                "value": { "type": ["string", "null"] },
                            },
                            "required": ["name", "value"],
                            "additionalProperties": false,
                        },
                        "description": "In a form also name by name: [NAME]=VALUE.",
                        "default": [],
                    },
                },
                "required": ["id", "password"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn results() {
        let described = Description::single([
            ("id", of(ParamType::Int).not_null()),
            ("state", of(ParamType::Bool).not_null().default_to(true)),
            ("badge", Description::single([("text", of(ParamType::Raw).optional())]).optional()),
        ])
        .not_null();
        assert_eq!(
            schema(&described, Side::Result),
            json!({
                "type": "object",
                "properties": {
                    "id": { "type": "integer", "format": "int64" },
                    "state": { "type": "boolean" },
                    "badge": {
                        "anyOf": [
                            {
                                "type": "object",
                                "properties": { "text": { "type": ["string", "number", "boolean", "null"] } },
                            },
                            { "type": "array", "maxItems": 0 },
                            { "type": "null" },
                        ],
                    },
                },
                "required": ["id", "state"],
            })
        );
    }
}
