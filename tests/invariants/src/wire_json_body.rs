//! JSON bodies of any bytes: they say what a form would say, whatever their spelling, and nothing beyond the limits.
//!
//! An input is three parts: the query up to the first line end, the JSON of a description up to the second, and the body.

use provost_wire::clean::Installed;
use provost_wire::description::{Description, ParamType, Shape};
use provost_wire::form::{Limits, MAX_DEPTH, MAX_VARIABLES, Tree};
use provost_wire::request::{self, Body, CONTROL_NAMES, parse, variables};
use provost_wire::validate;
use serde_json::{Value, json};

use crate::wire_request::{checked, printed, size};

/// Takes a request with a JSON body apart and checks it against descriptions.
///
/// # Panics
/// When an invariant does not hold.
pub fn wire_json_body(data: &[u8]) {
    let mut lines = data.splitn(3, |b| *b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (query, description, body) = (line(), line(), line());
    let parsed = match parse(query, Body::Json(body), Limits::default()) {
        Ok(parsed) => parsed,
        Err(rejected) => {
            assert_eq!(rejected.error.errorcode, "invalidparameter");
            printed(&rejected.error);
            return;
        }
    };
    assert!(CONTROL_NAMES.iter().all(|name| parsed.parameters.get(name).is_none()));
    let (count, depth) = size(&parsed.parameters);
    assert!(count <= MAX_VARIABLES && depth <= MAX_DEPTH + 1, "{count} values, {depth} levels");
    tokens(parsed.token.as_deref());
    body_wins(query, body);
    lower_limits(body);

    let fixed = parameters();
    let own = Description::parameters(&String::from_utf8_lossy(description));
    for description in [Some(&fixed), own.as_ref().ok()].into_iter().flatten() {
        checked(description, validate::parameters(description, parsed.parameters.clone(), &Installed::default()));
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            as_json(description, &value);
        }
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        // How it is spelled is no matter.
        for spelled in [value.to_string(), format!("{value:#}")] {
            assert_eq!(read(spelled.as_bytes()), read(body), "{spelled}");
        }
    }
}

/// One of everything, with a secret.
fn parameters() -> Description {
    let value = Description::value;
    Description::single([
        ("id", value(ParamType::Int).alias("courseid").default_to(0)),
        ("visible", value(ParamType::Bool).not_null().default_to(true)),
        ("share", value(ParamType::Float).default_to(0)),
        ("password", value(ParamType::Raw).secret().default_to("")),
        (
            "users",
            Description::multiple(Description::single([
                ("name", value(ParamType::Text)),
                ("key", value(ParamType::AlphaNum).optional().secret()),
            ]))
            .default_to(json!([])),
        ),
        ("options", Description::pairs(value(ParamType::AlphaExt), value(ParamType::Raw)).default_to(json!([]))),
    ])
}

fn read(body: &[u8]) -> Option<Tree> {
    variables(b"", Body::Json(body), Limits::default()).ok()
}

/// A name in the body replaces the query's as a whole.
fn body_wins(query: &[u8], body: &[u8]) {
    let all = variables(query, Body::Json(body), Limits::default());
    let in_query = variables(query, Body::None, Limits::default());
    if let (Ok(all), Some(in_body), Ok(in_query)) = (all, read(body), in_query) {
        for (name, node) in all.iter() {
            assert_eq!(Some(node), in_body.get(name).or_else(|| in_query.get(name)), "{name}");
        }
        assert!(in_body.iter().all(|(name, _)| all.get(name).is_some()));
    }
}

/// What is taken with low limits is what is taken with high ones, and has no more than they say.
fn lower_limits(body: &[u8]) {
    for limits in [Limits { variables: 3, depth: 2 }, Limits { variables: 0, depth: 0 }] {
        if let Ok(tree) = variables(b"", Body::Json(body), limits) {
            let (_, depth) = size(&tree);
            assert!(depth <= limits.depth + 2, "{depth} levels");
            assert_eq!(Some(tree), read(body));
        }
    }
}

/// What is taken as JSON is taken as a body, too, and the other way round unless the body has a spelling that only forms have.
fn as_json(description: &Description, value: &Value) {
    let Value::Object(object) = value else { return };
    if CONTROL_NAMES.iter().any(|name| object.contains_key(*name)) || has_pairs(description) {
        return;
    }
    if let (Ok(taken), Some(tree)) =
        (validate::json_parameters(description, value, &Installed::default()), read(value.to_string().as_bytes()))
    {
        let hidden = validate::without_secrets(description, &taken);
        no_secrets(description, &taken, &hidden);
        assert_eq!(validate::parameters(description, tree, &Installed::default()), Ok(taken));
    }
}

fn has_pairs(description: &Description) -> bool {
    match &description.shape {
        Shape::Value(_) => false,
        Shape::Single(keys) => keys.iter().any(|key| has_pairs(&key.description)),
        Shape::Multiple { content, pairs } => *pairs || has_pairs(content),
    }
}

/// Secrets are hidden, everything else stays.
fn no_secrets(description: &Description, value: &Value, hidden: &Value) {
    match (&description.shape, value, hidden) {
        (Shape::Value(_), value, hidden) if description.secret && !value.is_null() => assert_eq!(hidden, "***"),
        (Shape::Single(keys), Value::Object(map), hidden) => {
            assert_eq!(hidden.as_object().map(serde_json::Map::len), Some(map.len()));
            for key in keys {
                if let Some(value) = map.get(&key.name) {
                    no_secrets(&key.description, value, &hidden[&key.name]);
                }
            }
        }
        (Shape::Multiple { content, .. }, Value::Array(elements), hidden) => {
            assert_eq!(hidden.as_array().map(Vec::len), Some(elements.len()));
            for (place, element) in elements.iter().enumerate() {
                no_secrets(content, element, &hidden[place]);
            }
        }
        (_, value, hidden) => assert_eq!(value, hidden),
    }
}

/// One token, however it is sent; two are none.
fn tokens(token: Option<&str>) {
    let Some(token) = token.filter(|token| !token.trim().is_empty() && token.trim() == *token) else { return };
    let header = format!("Bearer {token}");
    assert_eq!(request::token(Some(token), None), Ok(Some(token)));
    assert_eq!(request::token(None, Some(&header)), Ok(Some(token)));
    assert_eq!(request::token(Some(token), Some(&header)), Ok(Some(token)));
    assert!(request::token(Some(token), Some(&format!("{header}x"))).is_err());
}
