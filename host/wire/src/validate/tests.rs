use serde_json::json;

use super::*;
use crate::description::ParamType as T;
use crate::form::Limits;
use crate::request::{Body, variables};

fn value(ty: T) -> Description {
    Description::value(ty)
}

fn call(description: &Description, query: &str) -> Result<Value, WireError> {
    description.check_parameters().unwrap();
    parameters(description, variables(query.as_bytes(), Body::None, Limits::default()).unwrap(), &Installed::default())
}

/// The debug information of a refusal whose code is `invalidparameter`.
fn refusal(description: &Description, query: &str) -> String {
    let error = call(description, query).expect_err(query);
    assert_eq!(error.errorcode, "invalidparameter", "{query}");
    error.debuginfo.unwrap_or_default()
}

fn course() -> Description {
    Description::single([
        ("courseid", value(T::Int).alias("id")),
        ("visible", value(T::Int).default_to(1)),
        (
            "parts",
            Description::multiple(Description::single([
                ("name", value(T::Alpha)),
                ("note", value(T::Text).optional()),
            ]))
            .default_to(json!([])),
        ),
    ])
}

#[test]
fn declaration_order_defaults_and_optional_keys() {
    let cleaned = call(&course(), "parts[7][note]=x&parts[7][name]=a&parts[2][name]=b&courseid=5").unwrap();
    assert_eq!(cleaned.to_string(), r#"{"courseid":5,"visible":1,"parts":[{"name":"a","note":"x"},{"name":"b"}]}"#);
    assert_eq!(
        call(&course(), "visible=0&courseid=5").unwrap().to_string(),
        r#"{"courseid":5,"visible":0,"parts":[]}"#
    );
}

#[test]
fn recorded_debug_information() {
    let description = Description::single([("courseid", value(T::Int))]);
    assert_eq!(refusal(&description, ""), "Missing required key in single structure: courseid");
    assert_eq!(refusal(&description, "courseid=7&bogus=1"), "Unexpected keys (bogus) detected in parameter array.");
    assert_eq!(
        refusal(&description, "courseid=abc"),
        "courseid => Invalid parameter value detected: Invalid external api parameter: the value is \"abc\", the \
         server was expecting \"int\" type"
    );
}

#[test]
fn nested_debug_information() {
    assert_eq!(
        refusal(&course(), "courseid=1&parts[0][name]=1"),
        "parts => Invalid parameter value detected: name => Invalid parameter value detected: Invalid external api \
         parameter: the value is \"1\", the server was expecting \"alpha\" type"
    );
    assert_eq!(
        refusal(&course(), "courseid=1&parts[0][x]=1"),
        "parts => Invalid parameter value detected: Missing required key in single structure: name"
    );
    assert_eq!(refusal(&course(), "a=1&courseid=1&b[]=2"), "Unexpected keys (a, b) detected in parameter array.");
}

#[test]
fn shapes() {
    assert!(refusal(&course(), "courseid[]=7").contains("single value is expected"));
    assert!(refusal(&course(), "courseid=7&parts=x").contains("list is expected"));
    assert!(refusal(&course(), "courseid=7&parts[]=x").contains("map with keys is expected"));
}

#[test]
fn aliases() {
    assert_eq!(call(&course(), "id=5").unwrap()["courseid"], 5);
    assert_eq!(call(&course(), "id=5&courseid=5").unwrap()["courseid"], 5);
    assert!(refusal(&course(), "id=5&courseid=6").contains("courseid and id are names of one parameter"));
    assert!(refusal(&course(), "visible=1").contains("Missing required key in single structure: courseid"));
}

#[test]
fn values_by_type() {
    let of = |ty, sent: &str| {
        let description = Description::single([("a", value(ty))]);
        call(&description, &format!("a={sent}")).map(|value| value["a"].clone()).ok()
    };
    assert_eq!(of(T::Int, "-5"), Some(json!(-5)));
    assert_eq!(of(T::Int, "9007199254740992"), Some(json!(9007199254740992_u64)));
    assert_eq!(of(T::Int, "9007199254740993"), Some(json!("9007199254740993")));
    assert_eq!(of(T::Int, "-9223372036854775808"), Some(json!("-9223372036854775808")));
    for refused in ["05", "+5", "5.0", "abc", "", "9223372036854775808", "-0", "%d9%a5"] {
        assert_eq!(of(T::Int, refused), None, "{refused}");
    }
    assert_eq!(of(T::Float, "-.5"), Some(json!(-0.5)));
    assert_eq!(of(T::Float, "1e3"), Some(json!(1000.0)));
    assert_eq!(of(T::Float, ""), None);
    assert_eq!(of(T::Bool, "1"), Some(json!(true)));
    assert_eq!(of(T::Bool, "0"), Some(json!(false)));
    for refused in ["true", "on", "yes", "", "2"] {
        assert_eq!(of(T::Bool, refused), None, "{refused}");
    }
    assert_eq!(of(T::Text, "a+%3C+b"), Some(json!("a < b")));
    assert_eq!(of(T::Text, "%3Cb%3Ex"), None);
    for ty in T::ALL {
        assert_eq!(of(*ty, "%ff"), None, "{ty:?} accepts what is not UTF-8");
    }
}

#[test]
fn null_comes_only_from_defaults_and_json() {
    let nullable = Description::single([("a", value(T::Int).default_to(Value::Null))]);
    assert_eq!(call(&nullable, "").unwrap(), json!({ "a": null }));
    let strict = Description::single([("a", value(T::Int).not_null())]);
    let refused = json_parameters(&strict, &json!({ "a": null }), &Installed::default()).unwrap_err();
    assert_eq!(refused.debuginfo.as_deref(), Some("a => Invalid parameter value detected: null is not allowed here"));
}

fn options() -> Description {
    let pairs = Description::pairs(value(T::AlphaExt), value(T::Raw)).default_to(json!([]));
    Description::single([("options", pairs)])
}

#[test]
fn pairs_in_all_spellings() {
    let expected = json!({ "options": [{ "name": "users", "value": "1" }, { "name": "blocks", "value": "0" }] });
    for query in [
        "options[0][name]=users&options[0][value]=1&options[1][name]=blocks&options[1][value]=0",
        "options[0][value]=1&options[0][name]=users&options[x][value]=0&options[x][name]=blocks",
        "options[0][users]=1&options[1][blocks]=0",
        "options[0][users]=1&options[0][blocks]=0",
        "options[users]=1&options[blocks]=0",
        "options[users]=1&options[0][name]=blocks&options[0][value]=0",
        "options[0][users]=1&options[blocks]=0&options[1][name]=users&options[1][value]=1",
    ] {
        assert_eq!(call(&options(), query).unwrap(), expected, "{query}");
    }
    assert_eq!(call(&options(), "").unwrap(), json!({ "options": [] }));
}

#[test]
fn pairs_that_do_not_fit() {
    let conflict = call(&options(), "options[users]=1&options[0][name]=users&options[0][value]=0").unwrap_err();
    assert_eq!(conflict.errorcode, "invalidextparam");
    assert_eq!(conflict.message, "Invalid external api parameter: users");
    // The name is cleaned as the `name` key is.
    assert!(refusal(&options(), "options[us3rs]=1").contains("name => "));
    assert!(refusal(&options(), "options[0][us3rs]=1").contains("expecting \"alphaext\""));
    assert!(refusal(&options(), "options[]=users").contains("element 0 is no pair"));
    assert!(refusal(&options(), "options[0][name]=users").contains("Missing required key in single structure: value"));
    assert!(
        refusal(&options(), "options[0][name]=users&options[0][value]=1&options[0][x]=1")
            .contains("Unexpected keys (x)")
    );
    assert!(refusal(&options(), "options[users][]=1").contains("0"));
    assert!(refusal(&options(), "options=users").contains("list is expected"));
}

#[test]
fn json_parameters_follow_the_same_rules() {
    let check = |sent: Value| json_parameters(&course(), &sent, &Installed::default());
    assert_eq!(check(json!({ "parts": [{ "name": "a" }], "id": 5 })).unwrap()["courseid"], 5);
    assert_eq!(check(json!({ "courseid": "5" })).unwrap()["courseid"], 5);
    assert!(check(json!({ "courseid": 5, "x": 1 })).is_err());
    assert!(check(json!([5])).is_err());
}

#[test]
fn the_shown_value_is_bounded() {
    let description = Description::single([("a", value(T::Int))]);
    assert!(refusal(&description, &format!("a={}", "é".repeat(100_000))).len() < 2000);
}

#[test]
fn secrets_are_seen_nowhere() {
    let user = Description::single([("name", value(T::Alpha)), ("password", value(T::Alpha).secret())]);
    let users = Description::single([("users", Description::multiple(user))]);
    let refusal = refusal(&users, "users[0][name]=ann&users[0][password]=hunter2");
    assert!(!refusal.contains("hunter2") && refusal.contains("(secret)"), "{refusal}");
    let checked = call(&users, "users[0][name]=ann&users[0][password]=hunter").unwrap();
    assert_eq!(without_secrets(&users, &checked), json!({ "users": [{ "name": "ann", "password": "***" }] }));
}

/// A JSON body says more than a form can, and the same rules hold.
#[test]
fn values_of_a_json_body() {
    let described = Description::single([
        ("id", value(T::Int)),
        ("share", value(T::Float).default_to(0)),
        ("visible", value(T::Bool).default_to(1)),
        ("note", value(T::Text).default_to("none")),
        ("list", Description::multiple(value(T::Int)).default_to(json!([]))),
        ("options", Description::pairs(value(T::Alpha), value(T::Raw)).default_to(json!([]))),
    ]);
    let call = |body: &str| {
        let tree = variables(b"", Body::Json(body.as_bytes()), Limits::default()).unwrap();
        parameters(&described, tree, &Installed::default())
    };
    let checked = call(r#"{"list":[3,"4"],"share":0.5,"visible":false,"note":null,"id":5,"options":{"users":1}}"#);
    assert_eq!(
        checked.unwrap().to_string(),
        r#"{"id":5,"share":0.5,"visible":false,"note":null,"list":[3,4],"options":[{"name":"users","value":"1"}]}"#
    );
    assert_eq!(call(r#"{"id":1,"list":[]}"#).unwrap()["list"], json!([]));
    for (body, expected) in [
        (r#"{"id":1.5}"#, "the value is \"1.5\""),
        (r#"{"id":true}"#, "the value is \"true\""),
        (r#"{"id":[1]}"#, "single value is expected"),
        (r#"{"id":1,"list":5}"#, "a list is expected"),
        (r#"{"id":1,"list":[null,{}]}"#, "single value is expected"),
        (r#"{"id":1,"more":null}"#, "Unexpected keys (more)"),
    ] {
        let error = call(body).unwrap_err();
        assert!(error.debuginfo.as_deref().is_some_and(|text| text.contains(expected)), "{body}: {error}");
    }
}
