//! What holds for any input: nothing panics, what is validated fits its description, what is printed reads back.

#![allow(clippy::unwrap_used)] // What cannot be read fails its test.

mod support;

use proptest::prelude::*;
use provost_wire::clean::Installed;
use provost_wire::description::{Description, ParamType, Requirement};
use provost_wire::error::{Family, WireError};
use provost_wire::form::{Limits, Node, Tree};
use provost_wire::request::{Body, parse, variables};
use provost_wire::{respond, validate};
use serde_json::{Value, json};
use support::{as_seen_in_xml, is_same, parse_xml, value_of};

/// Any description, for results: no aliases, no pairs.
fn description() -> impl Strategy<Value = Description> {
    let ty = proptest::sample::select(ParamType::ALL.to_vec());
    let value = (ty, any::<bool>()).prop_map(|(ty, null)| Description { null, ..Description::value(ty) });
    value.prop_recursive(4, 24, 4, |inner| {
        let key = (inner.clone(), any::<bool>()).prop_map(
            |(description, optional)| {
                if optional { description.optional() } else { description }
            },
        );
        prop_oneof![
            proptest::collection::vec(key, 0..4).prop_map(|descriptions| {
                Description::single(descriptions.into_iter().enumerate().map(|(n, inner)| (format!("k{n}"), inner)))
            }),
            inner.prop_map(Description::multiple),
        ]
    })
}

/// A result that fits a description, with texts of all kinds in RAW values.
fn fitting(description: &Description) -> BoxedStrategy<Value> {
    use provost_wire::description::Shape;
    match &description.shape {
        Shape::Value(ParamType::Int) => any::<i64>().prop_map(Value::from).boxed(),
        Shape::Value(ParamType::Float) => proptest::num::f64::NORMAL.prop_map(Value::from).boxed(),
        Shape::Value(ParamType::Bool) => any::<bool>().prop_map(Value::from).boxed(),
        Shape::Value(ParamType::Raw) => any::<String>().prop_map(|text| Value::from(text.replace('\0', ""))).boxed(),
        Shape::Value(_) => Just(Value::from("")).boxed(),
        Shape::Single(keys) => {
            let entries: Vec<_> = keys
                .iter()
                .map(|key| {
                    let name = key.name.clone();
                    let optional = key.description.requirement == Requirement::Optional;
                    (fitting(&key.description), any::<bool>())
                        .prop_map(move |(value, left_out)| (!(optional && left_out)).then(|| (name.clone(), value)))
                })
                .collect();
            entries.prop_map(|entries| Value::Object(entries.into_iter().flatten().collect())).boxed()
        }
        Shape::Multiple { content, .. } => {
            proptest::collection::vec(fitting(content), 0..4).prop_map(Value::Array).boxed()
        }
    }
}

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

fn without_pairs(description: Description) -> Description {
    use provost_wire::description::Shape;
    let shape = match description.shape {
        Shape::Single(keys) => Shape::Single(keys.into_iter().filter(|key| key.name != "options").collect()),
        shape => shape,
    };
    Description { shape, ..description }
}

/// Parameters as JSON: names that are known and others, values that fit and others.
fn json_object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[ -~äß]{0,6}".prop_map(Value::from),
    ];
    let name = "a|b|list|map|x|y|name";
    let value = leaf.prop_recursive(4, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    proptest::collection::vec((name, value), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

/// Values of a tree, and levels below its names; what holds nothing is a value.
fn size(tree: &Tree) -> (usize, usize) {
    tree.iter().fold((0, 0), |(count, depth), (_, node)| match node {
        Node::Map(inner) if !inner.is_empty() => {
            let (more, deeper) = size(inner);
            (count + more, depth.max(deeper + 1))
        }
        _ => (count + 1, depth),
    })
}

proptest! {
    #[test]
    fn no_request_panics(query in proptest::collection::vec(any::<u8>(), 0..200), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = parse(&query, Body::UrlEncoded(&body), Limits::default()) {
            let _ = validate::parameters(&parameters(), request.parameters, &Installed::default());
        }
    }

    #[test]
    fn no_bracketed_name_panics(query in "([ab.\\[\\]&= %+0-9-]|%5B|%5D|%ff|list|map){0,60}") {
        let tree = variables(query.as_bytes(), Body::None, Limits::default());
        if let Ok(tree) = tree {
            let _ = validate::parameters(&parameters(), tree, &Installed::default());
        }
    }

    #[test]
    fn no_json_body_panics(query in "[a-z=&]{0,20}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = parse(query.as_bytes(), Body::Json(&body), Limits::default()) {
            let _ = validate::parameters(&parameters(), request.parameters, &Installed::default());
        }
    }

    #[test]
    fn a_json_body_is_taken_as_its_json(body in json_object()) {
        // Of the spellings of pairs, JSON as a value has only the first.
        let description = without_pairs(parameters());
        let tree = variables(b"", Body::Json(body.to_string().as_bytes()), Limits::default()).unwrap();
        let taken = validate::parameters(&description, tree, &Installed::default());
        if let Ok(value) = validate::json_parameters(&description, &body, &Installed::default()) {
            prop_assert_eq!(taken, Ok(value));
        }
    }

    #[test]
    fn a_form_says_what_a_json_body_of_texts_says(texts in proptest::collection::vec(("[a-c]", "[ -~äß]{0,6}"), 0..6)) {
        let form: String = texts.iter().map(|(name, text)| {
            format!("{name}={}&", percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC))
        }).collect();
        let body: Value = Value::Object(texts.into_iter().map(|(name, text)| (name, Value::from(text))).collect());
        let tree = |body| variables(b"", body, Limits::default()).unwrap();
        prop_assert_eq!(tree(Body::UrlEncoded(form.as_bytes())), tree(Body::Json(body.to_string().as_bytes())));
    }

    #[test]
    fn limits_hold(body in json_object(), count in 0..8usize, depth in 0..4usize) {
        let limits = Limits { variables: count, depth };
        if let Ok(tree) = variables(b"", Body::Json(body.to_string().as_bytes()), limits) {
            let (variables, levels) = size(&tree);
            prop_assert!(variables <= count && levels <= depth, "{} {}", variables, levels);
        }
    }

    #[test]
    fn no_description_panics(json in "[a-z0-9{}\\[\\]\":, ]{0,120}") {
        let _ = Description::parameters(&json);
        let _ = Description::returns(&json);
    }

    #[test]
    fn what_is_validated_fits(query in "((a|b|list\\[\\]|list\\[3\\]|map\\[x\\]|map\\[y\\]|options\\[users\\]|options\\[0\\]\\[n\\])=(0|1|x|2\\.5|a%3Cb|)&){0,6}") {
        let description = parameters();
        let tree = variables(query.as_bytes(), Body::None, Limits::default()).unwrap();
        if let Ok(value) = validate::parameters(&description, tree, &Installed::default()) {
            // It is complete, in order, and stays as it is when checked again.
            let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
            prop_assert_eq!(keys, ["a", "list", "options", "map"]);
            prop_assert_eq!(validate::json_parameters(&description, &value, &Installed::default()), Ok(value));
        }
    }

    #[test]
    fn a_description_reads_back(description in description()) {
        let printed = serde_json::to_string(&description).unwrap();
        prop_assert_eq!(Description::returns(&printed).unwrap(), Some(description));
    }

    #[test]
    fn any_result_is_cleaned_or_refused(description in description(), other in description().prop_flat_map(|description| fitting(&description))) {
        if let Ok(cleaned) = respond::clean(Some(&description), &other, &Installed::default()) {
            prop_assert_eq!(respond::clean(Some(&description), &cleaned, &Installed::default()), Ok(cleaned));
        }
    }

    #[test]
    fn answers_read_back(
        (description, result) in description().prop_flat_map(|description| { let result = fitting(&description); (Just(description), result) })
    ) {
        let cleaned = respond::clean(Some(&description), &result, &Installed::default()).unwrap();
        let json = respond::json(&cleaned);
        prop_assert!(json.is_ascii());
        prop_assert_eq!(respond::json(&serde_json::from_str(&json).unwrap()), json);
        let xml = respond::xml(Some(&description), &cleaned);
        let read = value_of(&description, &parse_xml(&xml).children[0]);
        let expected = as_seen_in_xml(&description, Some(&cleaned));
        prop_assert!(is_same(&expected, &read), "{}\n{}", expected, read);
    }

    #[test]
    fn errors_read_back(message in any::<String>(), debuginfo in any::<String>()) {
        let error = WireError::coded("code", message.clone()).with_debuginfo(debuginfo.clone());
        let json: Value = serde_json::from_str(&error.json(Family::Namespaced, true)).unwrap();
        prop_assert_eq!(json["message"].as_str(), Some(if message.is_empty() { "error/code" } else { &message }));
        let xml = parse_xml(&error.xml(Family::Namespaced, true));
        prop_assert_eq!(&xml.attributes[0].1, "core\\exception\\moodle_exception");
        let kept: String = error.message.chars().filter(|c| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')).collect();
        prop_assert_eq!(&xml.children[1].text, &kept);
    }
}
