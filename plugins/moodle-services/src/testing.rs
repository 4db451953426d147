//! What the tests of several subjects set up, and the recordings that they compare with.

use crate::MoodleServices;
use provost_guest::Caller;
use provost_guest::prelude::*;
use provost_guest::testing::{TestHost, call};
use serde_json::{Value, json};
use std::path::Path;

/// A fresh host that holds the plugin to its manifest.
pub fn host() -> TestHost {
    let host = TestHost::new();
    host.manifest(include_str!("../plugin.json")).expect("a manifest");
    host
}

/// Calls a function.
pub fn ask(function: &str, parameters: Value, caller: &Caller) -> Result<Value> {
    call::<MoodleServices>(function, parameters, caller)
}

/// Calls a function that must fail: kind and code of its error.
pub fn refused(function: &str, parameters: Value, caller: &Caller) -> (ErrorKind, String) {
    let error = ask(function, parameters, caller).expect_err("an error");
    (error.kind, error.code)
}

/// Makes a course of that short name; its id.
pub fn course(host: &TestHost, shortname: &str) -> u64 {
    let new = json!({ "fullname": format!("Course {shortname}"), "shortname": shortname, "categoryid": 1 });
    let made = ask("core_course_create_courses", json!({ "courses": [new] }), &host.admin()).expect("a course");
    made[0]["id"].as_u64().expect("an id")
}

/// Enrols somebody by hand.
pub fn enrol(host: &TestHost, person: &Caller, course: u64, role: &str) {
    let role = provost_guest::people::roles().expect("roles").into_iter().find(|r| r.shortname == role);
    let role = role.expect("a role").id;
    let enrolment = json!({ "roleid": role, "userid": person.person, "courseid": course, "timestart": 0 });
    ask("enrol_manual_enrol_users", json!({ "enrolments": [enrolment] }), &host.admin()).expect("enrolled");
}

/// The body of a recorded answer, if the recordings are there. Says so if not.
pub fn recorded(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/recordings").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    let answer = text.split_once("--- response").expect("an answer").1.replace("\r\n", "\n");
    Some(answer.split_once("\n\n").expect("a body").1.to_owned())
}

/// The same as JSON.
pub fn recorded_json(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&recorded(name)?).expect("JSON"))
}

/// Asserts that ours has the keys of the recorded one and no others, in its order, each with a value of the same type; of lists, the
/// first elements are compared.
pub fn assert_same_shape(ours: &Value, recorded: &Value, place: &str) {
    match (ours, recorded) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = |o: &serde_json::Map<String, Value>| o.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(a), keys(b), "{place}");
            for (key, value) in a {
                assert_same_shape(value, &b[key], &format!("{place}.{key}"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if let (Some(a), Some(b)) = (a.first(), b.first()) {
                assert_same_shape(a, b, &format!("{place}[0]"));
            }
        }
        (a, b) => assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{place}: {a} and {b}"),
    }
}

/// Asserts that a function's result is described with the keys that XML answers were recorded to have, in their order.
pub fn assert_described_as(function: &str, recording: &str) {
    let Some(xml) = recorded(recording) else { return };
    let functions = MoodleServices::functions();
    let described = provost_guest::internal::functions::<MoodleServices>();
    assert_eq!(functions.len(), described.len());
    let described = described.into_iter().find(|f| f.name == function).expect("the function");
    let described: Value = serde_json::from_str(&described.returns).expect("a description");
    let start = xml.find("<RESPONSE>").expect("an answer") + "<RESPONSE>".len();
    let mut lines = xml[start..].split_inclusive('\n').map(str::trim).filter(|l| !l.is_empty());
    let mut text = String::new();
    lines.by_ref().for_each(|l| text.push_str(l));
    let mut rest = text.as_str();
    node(&described, &mut rest, function);
}

/// Reads one node of an answer along its description.
fn node(described: &Value, rest: &mut &str, place: &str) {
    let take = |rest: &mut &str, what: &str| match rest.strip_prefix(what) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    };
    match described["kind"].as_str() {
        Some("multiple") => {
            assert!(take(rest, "<MULTIPLE>"), "{place}: {rest:.40}");
            while !take(rest, "</MULTIPLE>") {
                node(&described["content"], rest, &format!("{place}[]"));
            }
        }
        Some("single") => {
            assert!(take(rest, "<SINGLE>"), "{place}: {rest:.40}");
            for key in described["keys"].as_array().expect("keys") {
                let name = key["name"].as_str().expect("a name");
                assert!(take(rest, &format!("<KEY name=\"{name}\">")), "{place}.{name}: {rest:.60}");
                node(&key["description"], rest, &format!("{place}.{name}"));
                assert!(take(rest, "</KEY>"), "{place}.{name}: {rest:.40}");
            }
            assert!(take(rest, "</SINGLE>"), "{place}: {rest:.60}");
        }
        _ => {
            if take(rest, "<VALUE null=\"null\"/>") {
                return;
            }
            assert!(take(rest, "<VALUE>"), "{place}: {rest:.40}");
            let end = rest.find("</VALUE>").expect("an end");
            *rest = &rest[end + "</VALUE>".len()..];
        }
    }
}

#[test]
fn every_function_is_described_in_full() {
    let described = provost_guest::internal::functions::<MoodleServices>();
    assert!(described.len() >= 16);
    let manifest: Value = serde_json::from_str(include_str!("../plugin.json")).expect("JSON");
    let declared: Vec<&str> =
        manifest["capabilities"].as_array().expect("a list").iter().filter_map(|c| c["name"].as_str()).collect();
    for function in &described {
        for capability in &function.capabilities {
            assert!(declared.contains(&capability.as_str()), "{}: {capability} is not declared", function.name);
        }
        for text in [&function.parameters, &function.returns] {
            if !text.is_empty() {
                documented(&serde_json::from_str(text).expect("JSON"), &function.name);
            }
        }
    }
}

fn documented(description: &Value, place: &str) {
    for key in description["keys"].as_array().into_iter().flatten() {
        let place = format!("{place}.{}", key["name"]);
        assert!(key["description"]["doc"].is_string(), "{place} has no description");
        documented(&key["description"], &place);
    }
    if description["content"].is_object() {
        documented(&description["content"], place);
    }
}
