//! Descriptions as the derive makes them, in the JSON form of `web-service` in the contract.

use super::Description;
use crate::Describe;
use serde_json::json;

/// One of many.
#[derive(Describe)]
#[allow(dead_code)]
struct Inner {
    /// A name.
    #[describe(kind = "ALPHANUM")]
    name: String,
    value: Option<f64>,
}

#[derive(Describe, serde::Deserialize)]
#[allow(dead_code)]
struct Outer {
    /// The course.
    ///
    /// On this host.
    #[describe(alias = "id", alias = "course")]
    courseid: u64,
    #[describe(default = 1)]
    users: i32,
    #[describe(default = "topics", kind = "PLUGIN")]
    format: String,
    #[describe(kind = "INT")]
    tags: Vec<String>,
    #[serde(rename = "type", default)]
    kind: bool,
    #[describe(rename = "the-rest")]
    rest: Option<Vec<bool>>,
    r#match: u8,
    #[describe(secret)]
    password: Option<String>,
}

#[derive(Describe)]
#[allow(dead_code)]
struct Nested {
    /// What is chosen.
    #[describe(pairs)]
    options: Vec<Inner>,
    one: Inner,
    /// Better said.
    other: Option<Inner>,
    #[describe(default = [])]
    more: Vec<Inner>,
}

#[test]
fn fields_become_keys_with_their_attributes() {
    let key = |name: &str, description: serde_json::Value| json!({ "name": name, "description": description });
    let expected = json!({ "kind": "single", "keys": [
        key("courseid", json!({"kind": "value", "type": "INT", "doc": "The course. On this host.", "aliases": ["id", "course"]})),
        key("users", json!({"kind": "value", "type": "INT", "required": "default", "default": 1})),
        key("format", json!({"kind": "value", "type": "PLUGIN", "required": "default", "default": "topics"})),
        key("tags", json!({"kind": "multiple", "content": {"kind": "value", "type": "INT"}})),
        key("type", json!({"kind": "value", "type": "BOOL"})),
        key("the-rest", json!({"kind": "multiple", "content": {"kind": "value", "type": "BOOL"}, "required": "optional"})),
        key("match", json!({"kind": "value", "type": "INT"})),
        key("password", json!({"kind": "value", "type": "RAW", "required": "optional", "secret": true})),
    ]});
    assert_eq!(Outer::describe().into_json(), expected);
}

#[test]
fn structs_nest() {
    let keys = json!([
        {"name": "name", "description": {"kind": "value", "type": "ALPHANUM", "doc": "A name."}},
        {"name": "value", "description": {"kind": "value", "type": "FLOAT", "required": "optional"}},
    ]);
    let inner = json!({"kind": "single", "keys": keys, "doc": "One of many."});
    let expected = json!({ "kind": "single", "keys": [
        {"name": "options", "description": {"kind": "multiple", "content": inner, "doc": "What is chosen.", "pairs": true}},
        {"name": "one", "description": inner},
        {"name": "other", "description": {"kind": "single", "keys": keys, "doc": "Better said.", "required": "optional"}},
        {"name": "more", "description": {"kind": "multiple", "content": inner, "required": "default", "default": []}},
    ]});
    assert_eq!(Nested::describe().into_json(), expected);
}

#[test]
fn nothing_is_a_map_without_keys() {
    assert_eq!(<()>::describe().into_json(), json!({"kind": "single", "keys": []}));
}

#[test]
fn large_integers_come_as_text_and_names_stay_text() {
    let description = Description::single()
        .key("id", Description::value("INT"))
        .key("name", Description::value("RAW"))
        .key("ids", Description::multiple(Description::value("INT")))
        .key("list", Description::multiple(Description::single().key("id", Description::value("INT"))));
    let mut value =
        json!({ "id": "9223372036854775807", "name": "5", "ids": ["9007199254740993", 1], "list": [{ "id": "7" }] });
    description.read_integers(&mut value);
    let expected =
        json!({ "id": 9223372036854775807_i64, "name": "5", "ids": [9007199254740993_i64, 1], "list": [{ "id": 7 }] });
    assert_eq!(value, expected);
}
