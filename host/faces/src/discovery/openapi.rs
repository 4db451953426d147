//! The OpenAPI 3.1 document of all functions.

use super::schema::{Side, schema};
use super::{example, page};
use provost_services::FunctionSpec;
use provost_wire::error::WireError;
use provost_wire::{Description, Family};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A document of these functions, called at `url`.
pub(super) fn document<'a>(functions: impl Iterator<Item = &'a Arc<FunctionSpec>>, url: &str) -> Value {
    let mut paths = Map::new();
    let mut tags = BTreeMap::new();
    for function in functions {
        let manifest = function.plugin.manifest();
        tags.insert(manifest.id.clone(), manifest.description.clone());
        paths.insert(
            format!("{}/{}", page::PATH, function.name),
            operation(&Declared {
                name: &function.name,
                description: &function.description,
                plugin: &manifest.id,
                parameters: &function.parameters,
                returns: function.returns.as_ref(),
                capabilities: &function.capabilities,
                writes: function.writes,
                public: function.public,
            }),
        );
    }
    let tags: Vec<Value> = tags.into_iter().map(|(id, doc)| json!({ "name": id, "description": doc })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Provost web services",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The functions that the loaded plugins offer, one path for each. The same functions are answered at \
                            /webservice/rest/server.php in Moodle's protocol.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": url }],
        "tags": tags,
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of a web service." },
            },
            "schemas": { "Error": error_schema() },
            "responses": responses(),
        },
    })
}

/// What a plugin declares of a function.
struct Declared<'a> {
    name: &'a str,
    description: &'a str,
    plugin: &'a str,
    parameters: &'a Description,
    returns: Option<&'a Description>,
    capabilities: &'a [String],
    writes: bool,
    public: bool,
}

fn operation(function: &Declared<'_>) -> Value {
    let parameters = schema(&with_null(function.parameters, false), Side::Parameters);
    let is_required = parameters.get("required").is_some();
    let (result, result_example) = match function.returns {
        Some(returns) => (schema(returns, Side::Result), example::whole(returns)),
        None => (json!({ "type": "null" }), Value::Null),
    };
    let mut answers = json!({
        "200": {
            "description": function.returns.map(|returns| returns.doc.as_str()).filter(|doc| !doc.is_empty())
                .unwrap_or("What the function answers."),
            "content": { "application/json": { "schema": result, "example": result_example } },
        },
    });
    for (status, name, _) in ERRORS {
        answers[status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
    }
    let mut operation = json!({
        "operationId": function.name,
        "summary": summary(function.description),
        "description": function.description,
        "tags": [function.plugin],
        "requestBody": {
            "required": is_required,
            "content": { "application/json": { "schema": parameters, "example": example::least(function.parameters) } },
        },
        "responses": answers,
        "x-capabilities": function.capabilities,
        "x-writes": function.writes,
    });
    if function.public {
        operation["security"] = json!([{}, { "token": [] }]);
    }
    json!({ "post": operation })
}

/// The parameters as a whole are never null.
fn with_null(description: &Description, null: bool) -> Description {
    Description { null, ..description.clone() }
}

/// The first sentence.
fn summary(description: &str) -> &str {
    let end = description.find(". ").map_or(description.len(), |at| at);
    description[..end].trim_end_matches('.')
}

/// Statuses that errors have, with a name and what they mean.
const ERRORS: [(u16, &str, &str); 8] = [
    (400, "Invalid", "A parameter is missing, unknown or does not fit, or a rule refuses what was asked."),
    (401, "NoToken", "No token, or one that is not known."),
    (403, "Denied", "The token, its service or its person may not do that."),
    (404, "NotFound", "No such function, or no such thing."),
    (409, "Conflict", "Something of that name is there already."),
    (413, "TooLarge", "The request is larger than the site takes."),
    (429, "TooMany", "Too many requests; the header Retry-After says how many seconds to wait."),
    (500, "Failed", "A plugin or the site failed, or (503) cannot answer for now."),
];

fn responses() -> Value {
    let example = |status: u16| {
        let error = match status {
            401 => WireError::invalid_token(),
            403 => WireError::no_permissions("Create courses"),
            404 => WireError::record_not_found("course"),
            409 => WireError::coded("shortnametaken", "Short name is already used for another course (Bees)"),
            413 => WireError::request_too_large(""),
            429 => WireError::rate_limited(7),
            500 => WireError::coded("failed", "The site could not answer"),
            _ => WireError::invalid_parameter(""),
        };
        serde_json::from_str::<Value>(&error.json(Family::Namespaced, false)).unwrap_or_default()
    };
    let response = |status: u16, doc: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        json!({
            "description": doc,
            "content": { "application/json": { "schema": schema, "example": example(status) } },
        })
    };
    Value::Object(ERRORS.iter().map(|(status, name, doc)| ((*name).to_owned(), response(*status, doc))).collect())
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "exception": { "type": "string", "description": "The class of the error." },
            "errorcode": { "type": "string", "description": "What to act on." },
            "message": { "type": "string", "description": "For people." },
            "debuginfo": { "type": "string", "description": "For developers; only where the site's debugging is on." },
        },
        "required": ["exception", "message"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_wire::ParamType;

    #[test]
    fn one_operation() {
        let parameters = Description::single([("courseid", Description::value(ParamType::Int).not_null())]);
        let declared = Declared {
            name: "core_bees_count",
            description: "Counts bees. All of them.",
            plugin: "bees",
            parameters: &parameters,
            returns: None,
            capabilities: &[],
            writes: false,
            public: true,
        };
        let operation = operation(&declared);
        let post = &operation["post"];
        assert_eq!(post["summary"], "Counts bees");
        assert_eq!(post["security"], json!([{}, { "token": [] }]));
        assert_eq!(post["requestBody"]["required"], true);
        assert_eq!(post["requestBody"]["content"]["application/json"]["example"], json!({ "courseid": 2 }));
        assert_eq!(post["responses"]["200"]["content"]["application/json"]["schema"], json!({ "type": "null" }));
        for (status, name, _) in ERRORS {
            assert_eq!(post["responses"][status.to_string()]["$ref"], format!("#/components/responses/{name}"));
            let example = &responses()[name]["content"]["application/json"]["example"];
            let error = WireError::coded(example["errorcode"].as_str().unwrap(), "");
            assert_eq!(error.status(), status, "{name}");
        }
    }
}
