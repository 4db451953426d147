use super::*;

const INT: &str = r#"{"kind":"value","type":"INT"}"#;

fn parameter(name: &str, description: &str) -> String {
    format!(r#"{{"kind":"single","keys":[{{"name":"{name}","description":{description}}}]}}"#)
}

fn fault(json: &str) -> String {
    Description::parameters(json).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn reads_the_whole_form() {
    let json = r#"{"kind":"single","keys":[
        {"name":"courseid","description":{"kind":"value","type":"INT","doc":"the course","required":"required","null":false,"aliases":["id"]}},
        {"name":"options","description":{"kind":"multiple","pairs":true,"required":"default","default":[],"content":
            {"kind":"single","keys":[
                {"name":"name","description":{"kind":"value","type":"ALPHAEXT"}},
                {"name":"value","description":{"kind":"value","type":"RAW"}}]}}}]}"#;
    let read = Description::parameters(json).unwrap();
    let built = Description::single([
        ("courseid", Description::value(ParamType::Int).doc("the course").not_null().alias("id")),
        (
            "options",
            Description::pairs(Description::value(ParamType::AlphaExt), Description::value(ParamType::Raw))
                .default_to(serde_json::json!([])),
        ),
    ]);
    assert_eq!(read, built);
    let printed = serde_json::to_string(&built).unwrap();
    assert_eq!(Description::parameters(&printed).unwrap(), built);
}

#[test]
fn a_default_may_be_null() {
    let json = parameter("a", r#"{"kind":"value","type":"INT","required":"default","default":null}"#);
    let Shape::Single(keys) = Description::parameters(&json).unwrap().shape else { panic!("no single") };
    assert_eq!(keys[0].description.requirement, Requirement::Default(Value::Null));
    let refused = parameter("a", r#"{"kind":"value","type":"INT","required":"default","default":null,"null":false}"#);
    assert!(fault(&refused).contains("default does not fit"));
}

#[test]
fn every_type_has_its_name() {
    for ty in ParamType::ALL {
        let json = format!(r#"{{"kind":"value","type":"{}"}}"#, ty.name());
        assert_eq!(Description::returns(&json).unwrap(), Some(Description::value(*ty)));
    }
    assert_eq!(ParamType::ALL.len(), 21);
}

#[test]
fn no_return_description() {
    assert_eq!(Description::returns("").unwrap(), None);
    assert_eq!(Description::returns(" \n").unwrap(), None);
}

#[test]
fn faults_say_where_and_what() {
    let nested = |inner: &str| parameter("courses", &format!(r#"{{"kind":"multiple","content":{inner}}}"#));
    for (json, expected) in [
        ("{".to_owned(), "cannot be read"),
        (INT.to_owned(), "at top: parameters are a single, not a value"),
        (parameter("a", r#"{"kind":"value","type":"int"}"#), "at a: unknown type \"int\""),
        (nested(r#"{"kind":"value","type":"X"}"#), "at courses[]: unknown type \"X\""),
        (nested(&parameter("id", r#"{"kind":"value"}"#)), "at courses[].id: a value needs a \"type\""),
        (parameter("a", r#"{"kind":"tuple"}"#), "unknown kind \"tuple\""),
        (parameter("a", r#"{"kind":"single"}"#), "needs \"keys\""),
        (parameter("a", r#"{"kind":"multiple"}"#), "needs a \"content\""),
        (parameter("a", r#"{"kind":"value","type":"INT","keys":[]}"#), "\"keys\" belongs to a single"),
        (parameter("a", r#"{"kind":"value","type":"INT","size":1}"#), "unknown field `size`"),
        (parameter("a", r#"{"kind":"value","type":"INT","required":"yes"}"#), "unknown \"required\": \"yes\""),
        (parameter("a", r#"{"kind":"value","type":"INT","required":"default"}"#), "there is no \"default\""),
        (parameter("a", r#"{"kind":"value","type":"INT","default":1}"#), "\"required\" is not \"default\""),
        (parameter("a", r#"{"kind":"value","type":"INT","required":"optional"}"#), "at a: a parameter is required"),
        (parameter("a", r#"{"kind":"value","type":"INT","required":"default","default":"x"}"#), "default does not fit"),
        (parameter("wstoken", INT), "steers the server"),
        (parameter("a.b", INT), "\"a.b\" is no name"),
        (parameter("", INT), "is no name"),
        (nested(r#"{"kind":"value","type":"INT","aliases":["x"]}"#), "only keys of parameters have aliases"),
        (
            parameter("a", r#"{"kind":"multiple","pairs":true,"content":{"kind":"value","type":"INT"}}"#),
            "pairs are a multiple",
        ),
        (
            format!(
                r#"{{"kind":"single","keys":[{{"name":"a","description":{INT}}},{{"name":"a","description":{INT}}}]}}"#
            ),
            "the key a is declared twice",
        ),
        (
            format!(
                r#"{{"kind":"single","keys":[{{"name":"a","description":{{"kind":"value","type":"INT","aliases":["b"]}}}},{{"name":"b","description":{INT}}}]}}"#
            ),
            "at a: the alias b is another key's",
        ),
    ] {
        let fault = fault(&json);
        assert!(fault.contains(expected), "{json}\n  gave: {fault}\n  not: {expected}");
    }
    let aliased = parameter("a", r#"{"kind":"value","type":"INT","aliases":["b"]}"#);
    assert!(Description::returns(&aliased).is_err());
}

#[test]
fn nesting_is_bounded() {
    let deep =
        (0..=crate::form::MAX_DEPTH).fold(Description::value(ParamType::Int), |inner, _| Description::multiple(inner));
    assert!(deep.check_returns().unwrap_err().to_string().contains("levels deep"));
    let json = r#"{"kind":"multiple","content":"#.repeat(100_000);
    assert!(matches!(Description::returns(&json), Err(DescriptionError::Json(_))));
}
