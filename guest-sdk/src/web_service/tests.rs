//! Functions as the host sees and calls them.

use super::{Function, TextSettings, WebService, call, functions, service, settings, wire};
use crate::{Caller, Describe, Error, ErrorKind, Result};
use serde_json::{Value, json};

struct Sums;

#[derive(serde::Deserialize, Describe)]
struct Pair {
    a: i64,
    b: i64,
}

#[derive(serde::Serialize, Describe)]
struct Sum {
    sum: i64,
}

fn add(_: &Caller, pair: Pair) -> Result<Sum> {
    let sum = pair.a.checked_add(pair.b).ok_or_else(|| Error::refused("toolarge", "too large"))?;
    Ok(Sum { sum })
}

fn who(caller: &Caller, (): ()) -> Result<Vec<String>> {
    Ok(vec![caller.username.clone()])
}

fn nothing(_: &Caller, _: Pair) -> Result<()> {
    Ok(())
}

fn way(_: &Caller, (): ()) -> Result<Vec<String>> {
    Ok(vec![service(), settings().raw.to_string()])
}

impl WebService for Sums {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("sums_add", "Adds.", add).capability("sums:add").capability("sums:see"),
            Function::new("sums_who", "Says who.", who),
            Function::new("sums_nothing", "Does nothing.", nothing).writes(),
            Function::new("sums_way", "Says how it was called.", way).public(),
        ]
    }
}

fn ask(function: &str, parameters: &str) -> Result<String> {
    let caller = Caller { person: 7, username: "ada".into(), site_admin: false };
    call::<Sums>(wire::Request {
        function: function.into(),
        parameters: parameters.into(),
        caller,
        settings: TextSettings { raw: true, ..TextSettings::default() },
        service: "office".into(),
    })
}

#[test]
fn functions_are_described() {
    let [add, who, nothing, way] = functions::<Sums>().try_into().unwrap_or_else(|_| panic!("four functions"));
    assert_eq!((add.name.as_str(), add.description.as_str(), add.writes), ("sums_add", "Adds.", false));
    assert_eq!(add.capabilities, ["sums:add", "sums:see"]);
    let parameters: Result<Value> = serde_json::from_str(&add.parameters).map_err(Into::into);
    assert_eq!(parameters, Ok(Pair::describe().into_json()));
    assert_eq!(who.parameters, json!({"kind": "single", "keys": []}).to_string());
    assert!(who.returns.contains("multiple"));
    assert_eq!((nothing.returns.as_str(), nothing.writes), ("", true));
    assert!(way.public && !add.public);
}

#[test]
fn calls_reach_their_function() {
    assert_eq!(ask("sums_add", r#"{"a":1,"b":2}"#), Ok(r#"{"sum":3}"#.into()));
    assert_eq!(ask("sums_nothing", r#"{"a":1,"b":2}"#), Ok("null".into()));
    let refused = ask("sums_add", &json!({"a": i64::MAX, "b": 1}).to_string());
    assert_eq!(refused, Err(Error::refused("toolarge", "too large")));
}

#[test]
fn a_call_says_how_it_came_and_forgets_it() {
    assert_eq!(ask("sums_way", "{}"), Ok(r#"["office","true"]"#.into()));
    assert!(service().is_empty() && !settings().raw && settings().file_urls);
}

#[test]
fn a_function_without_parameters_takes_an_empty_object() {
    assert_eq!(ask("sums_who", "{}"), Ok(r#"["ada"]"#.into()));
}

#[test]
fn parameters_that_do_not_fit_are_invalid() {
    for parameters in ["", "{", "[]", r#"{"a":1}"#, r#"{"a":"x","b":2}"#] {
        let error = ask("sums_add", parameters).expect_err(parameters);
        assert_eq!(error.kind, ErrorKind::Invalid, "{parameters}");
    }
}

#[test]
fn an_unknown_function_is_not_found() {
    let error = ask("sums_multiply", "{}").expect_err("no such function");
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "function"));
    assert!(error.message.contains("sums_multiply"));
}
