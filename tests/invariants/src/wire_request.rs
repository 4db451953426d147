//! Requests of any bytes: what is taken fits its description, and every answer and refusal reads back.
//!
//! An input is four lines (the last of them goes on to the end): the query, the urlencoded body, the JSON of a
//! description, and the JSON of a value, which is also taken as a text.

use provost_wire::clean::{Installed, clean};
use provost_wire::description::{Description, ParamType};
use provost_wire::error::{ErrorKind, Family, WireError};
use provost_wire::form::{Limits, MAX_DEPTH, MAX_VARIABLES, Node, Tree};
use provost_wire::format::Format;
use provost_wire::request::{Body, CONTROL_NAMES, parse, variables};
use provost_wire::{respond, validate};
use serde_json::{Value, json};

use crate::answers::{as_seen_in_xml, is_same, parse_xml, value_of};

/// Takes a request apart, checks it against descriptions, and answers.
///
/// # Panics
/// When an invariant does not hold.
pub fn wire_request(data: &[u8]) {
    let mut lines = data.splitn(4, |b| *b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (query, body, description, value) = (line(), line(), line(), line());
    let description = String::from_utf8_lossy(description);
    let text = String::from_utf8_lossy(value);
    let value = serde_json::from_str::<Value>(&text);

    request(query, body, &parameters());
    let as_parameters = Description::parameters(&description);
    let as_result = Description::returns(&description);
    if let Some(read) = as_parameters.as_ref().ok().or(as_result.as_ref().ok().and_then(Option::as_ref)) {
        read_back(read);
    }
    if let Ok(description) = as_parameters {
        request(query, body, &description);
        if let Ok(value) = &value {
            checked(&description, validate::json_parameters(&description, value, &Installed::default()));
        }
    }
    if let (Ok(Some(description)), Ok(value)) = (as_result, &value) {
        answer(&description, value);
    }
    if let Ok(value) = &value {
        answer(&Description::value(ParamType::Raw), value);
        let printed = respond::json(value);
        assert!(printed.is_ascii());
        assert_eq!(reparsed(&printed), printed);
    }
    cleaned(&text);
    errors(&text, &description);
}

/// One of everything a function can take.
fn parameters() -> Description {
    let value = Description::value;
    Description::single([
        ("a", value(ParamType::Int).alias("b")),
        ("list", Description::multiple(value(ParamType::Text)).default_to(json!([]))),
        ("options", Description::pairs(value(ParamType::AlphaExt), value(ParamType::Raw)).default_to(json!([]))),
        (
            "map",
            Description::single([
                ("x", value(ParamType::Float).optional()),
                ("y", value(ParamType::Bool).default_to(1)),
            ])
            .default_to(json!({})),
        ),
    ])
}

fn request(query: &[u8], body: &[u8], description: &Description) {
    let request = match parse(query, Body::UrlEncoded(body), Limits::default()) {
        Ok(request) => request,
        Err(rejected) => {
            assert!(variables(query, Body::UrlEncoded(body), Limits::default()).is_err());
            printed(&rejected.error);
            assert_eq!(rejected.error.errorcode, "invalidparameter");
            return;
        }
    };
    assert!(CONTROL_NAMES.iter().all(|name| request.parameters.get(name).is_none()));
    let (count, depth) = size(&request.parameters);
    assert!(count <= MAX_VARIABLES && depth <= MAX_DEPTH + 1, "{count} variables, {depth} levels");
    if let Err(error) = request.function_name() {
        printed(&error);
    }
    // A name in the body replaces the query's as a whole.
    let all = variables(query, Body::UrlEncoded(body), Limits::default());
    let (in_body, in_query) =
        (variables(body, Body::None, Limits::default()), variables(query, Body::None, Limits::default()));
    if let (Ok(all), Ok(in_body), Ok(in_query)) = (&all, &in_body, &in_query) {
        for (name, node) in all.iter() {
            assert_eq!(Some(node), in_body.get(name).or_else(|| in_query.get(name)), "{name}");
        }
        let names = in_query.iter().filter(|(name, _)| in_body.get(name).is_none()).count() + in_body.len();
        assert_eq!(all.len(), names);
    }
    // The same body as fields of a form with parts.
    if let Ok(in_body) = &in_body
        && let Some(fields) = fields(in_body)
    {
        assert_eq!(variables(b"", Body::Fields(&fields), Limits::default()).as_ref(), Ok(in_body));
    }
    checked(description, validate::parameters(description, request.parameters, &Installed::default()));
}

/// Variables and levels of a tree.
pub(crate) fn size(tree: &Tree) -> (usize, usize) {
    tree.iter().fold((0, 1), |(count, depth), (_, node)| match node {
        Node::Map(inner) => {
            let (more, deeper) = size(inner);
            (count + more, depth.max(deeper + 1))
        }
        Node::Text(_) | Node::NotUtf8(_) | Node::Number(_) | Node::Bool(_) | Node::Null => (count + 1, depth),
    })
}

/// The texts of a tree under full names; nothing where names cannot say what the tree is.
fn fields(tree: &Tree) -> Option<Vec<(String, Vec<u8>)>> {
    fn walk(prefix: &str, node: &Node, fields: &mut Vec<(String, Vec<u8>)>) -> bool {
        match node {
            Node::Text(text) => {
                fields.push((prefix.to_owned(), text.clone().into_bytes()));
                true
            }
            // A form cannot say the others.
            Node::NotUtf8(_) | Node::Number(_) | Node::Bool(_) | Node::Null => false,
            Node::Map(inner) => {
                !inner.is_empty()
                    && inner.iter().all(|(key, node)| {
                        !key.contains([']', '\0'])
                            && !matches!(key, "" | " " | "\t" | "\n" | "\r" | "\u{b}" | "\u{c}")
                            && walk(&format!("{prefix}[{key}]"), node, fields)
                    })
            }
        }
    }
    let mut fields = Vec::new();
    let sayable = tree.iter().all(|(name, node)| !name.contains(['[', '\0']) && walk(name, node, &mut fields));
    sayable.then_some(fields)
}

/// What was taken is an object in order of declaration, and is taken again as it is.
pub(crate) fn checked(description: &Description, result: Result<Value, WireError>) {
    let value = match result {
        Ok(value) => value,
        Err(error) => {
            assert!(matches!(error.errorcode.as_str(), "invalidparameter" | "invalidextparam"), "{error}");
            printed(&error);
            return;
        }
    };
    assert_eq!(validate::json_parameters(description, &value, &Installed::default()), Ok(value));
}

/// A description prints as what it was read from.
pub(crate) fn read_back(description: &Description) {
    let printed = match serde_json::to_string(description) {
        Ok(printed) => printed,
        Err(error) => panic!("a description that was read cannot be printed: {error}"),
    };
    match Description::returns(&printed) {
        Ok(Some(again)) => assert_eq!(&again, description),
        // Parameters have what results have not.
        other => match Description::parameters(&printed) {
            Ok(again) => assert_eq!(&again, description),
            Err(error) => panic!("neither a result {other:?} nor parameters {error}: {printed}"),
        },
    }
}

/// A result is cleaned once, and reads back from both forms of the answer.
pub(crate) fn answer(description: &Description, value: &Value) {
    let cleaned = match respond::clean(Some(description), value, &Installed::default()) {
        Ok(cleaned) => cleaned,
        Err(error) => {
            assert_eq!(error.errorcode, "invalidresponse");
            printed(&error);
            return;
        }
    };
    assert_eq!(respond::clean(Some(description), &cleaned, &Installed::default()).as_ref(), Ok(&cleaned));
    let json = respond::json(&cleaned);
    assert!(json.is_ascii());
    assert_eq!(reparsed(&json), json);
    let xml = respond::xml(Some(description), &cleaned);
    let read = value_of(description, &parse_xml(&xml).children[0]);
    let expected = as_seen_in_xml(description, Some(&cleaned));
    assert!(is_same(&expected, &read), "{expected}\n{read}");
    let answered = respond::answer(Format::Xml, Some(description), value, &Installed::default());
    assert_eq!(answered, Ok(xml));
}

fn reparsed(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(value) => respond::json(&value),
        Err(error) => panic!("printed, but no JSON ({error}): {json}"),
    }
}

/// Cleaning twice is cleaning once, and a text of a narrow type has what the type says.
fn cleaned(text: &str) {
    let installed = Installed::default();
    for &ty in ParamType::ALL {
        let once = clean(ty, text, &installed);
        assert!(!once.contains('\0'), "{ty:?}");
        // Stripping a tag can make a new one of what stood around it.
        if !matches!(ty, ParamType::Text | ParamType::NoTags) {
            assert_eq!(clean(ty, &once, &installed), once, "{ty:?}");
        }
        let fits = |allowed: fn(char) -> bool| assert!(once.chars().all(allowed), "{ty:?}: {once:?}");
        match ty {
            ParamType::Int => assert!(once.parse::<i64>().is_ok(), "{once:?}"),
            ParamType::Float => assert!(once.parse::<f64>().is_ok_and(f64::is_finite), "{once:?}"),
            ParamType::Bool => assert!(matches!(once.as_ref(), "" | "0" | "1"), "{once:?}"),
            ParamType::Alpha => fits(|c| c.is_ascii_alphabetic()),
            ParamType::AlphaNum => fits(|c| c.is_ascii_alphanumeric()),
            ParamType::SafeDir | ParamType::AlphaNumExt => {
                fits(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            }
            ParamType::File => assert!(!once.contains('/') && once != "." && once != "..", "{once:?}"),
            ParamType::Path => assert!(once.split('/').all(|part| part != "..") && !once.contains('\\'), "{once:?}"),
            _ => {}
        }
    }
}

/// Errors of any text read back.
fn errors(message: &str, code: &str) {
    let code: String = code.chars().take(50).collect();
    let kind = match message.len() % 4 {
        0 => ErrorKind::Denied,
        1 => ErrorKind::NotFound,
        2 => ErrorKind::Refused,
        _ => ErrorKind::Failed,
    };
    printed(&WireError::from_plugin(kind, &code, message, |_| None).with_debuginfo(code.as_str()));
}

/// An error reads back from all its forms, and tells developers' matters to developers only.
pub(crate) fn printed(error: &WireError) {
    let json: Value = match serde_json::from_str(&error.json(Family::Namespaced, true)) {
        Ok(json) => json,
        Err(broken) => panic!("no JSON: {broken}"),
    };
    assert_eq!(json["message"].as_str(), Some(error.message.as_str()));
    assert_eq!(json["debuginfo"].as_str(), error.debuginfo.as_deref().filter(|text| !text.is_empty()));
    let without = error.json(Family::Bare, false);
    assert!(!without.contains("\"debuginfo\":"));
    let xml = parse_xml(&error.xml(Family::Namespaced, true));
    let text = |name: &str| xml.children.iter().find(|child| child.name == name).map(|child| child.text.as_str());
    let seen = as_seen_in_xml(&Description::value(ParamType::Raw), Some(&Value::from(error.message.as_str())));
    assert_eq!(text("MESSAGE"), seen.as_str());
    assert_eq!(text("ERRORCODE").is_some(), !error.errorcode.is_empty());
    assert!(serde_json::from_str::<Value>(&error.script_json(true)).is_ok());
}
