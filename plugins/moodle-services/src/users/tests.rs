//! People as they are found and added.

use crate::testing::{ask, course, enrol, host, refused};
use provost_guest::prelude::*;
use serde_json::{Value, json};

fn new(username: &str) -> Value {
    json!({
        "username": username, "password": "Abc-1234", "firstname": "Ada", "lastname": "Lovelace",
        "email": format!("{username}@example.org"), "city": "Ulm", "country": "DE", "description": "<p>I</p>", "idnumber": "7",
    })
}

fn create(users: Value, caller: &Caller) -> Result<Value> {
    ask("core_user_create_users", json!({ "users": users }), caller)
}

fn by(field: &str, values: &[&str], caller: &Caller) -> Vec<Value> {
    let found = ask("core_user_get_users_by_field", json!({"field": field, "values": values}), caller).expect("found");
    found.as_array().expect("a list").clone()
}

#[test]
fn people_are_added_and_found_again() {
    let host = host();
    let admin = host.admin();
    let made = create(json!([new("ada"), new("ben")]), &admin).expect("made");
    let id = made[0]["id"].as_u64().expect("an id");
    assert_eq!((&made[1]["username"], host.has_password(id)), (&json!("ben"), true));
    let found = by("username", &["ada", "nobody", "ada"], &admin);
    assert_eq!(found.len(), 1);
    for (key, expected) in [
        ("fullname", json!("Ada Lovelace")),
        ("city", json!("Ulm")),
        ("description", json!("<p>I</p>")),
        ("descriptionformat", json!(1)),
        ("auth", json!("manual")),
        ("suspended", json!(false)),
        ("idnumber", json!("7")),
    ] {
        assert_eq!(found[0][key], expected, "{key}");
    }
    assert_eq!(by("email", &["BEN@example.org"], &admin).len(), 1);
    assert_eq!(by("idnumber", &["7"], &admin).len(), 1);
    assert_eq!(by("id", &[&id.to_string(), "4711"], &admin).len(), 1);
    let wrong = json!({"field": "colour", "values": ["x"]});
    assert_eq!(refused("core_user_get_users_by_field", wrong, &admin).0, ErrorKind::Invalid);
}

#[test]
fn people_are_added_all_or_none() {
    let host = host();
    let admin = host.admin();
    let with = |key: &str, value: Value| {
        let mut user = new("eve");
        user[key] = value;
        user
    };
    for wrong in [
        with("username", json!("admin")),
        with("username", json!("ada")),
        with("username", json!("Eve")),
        with("username", json!("")),
        with("firstname", json!(" ")),
        with("email", json!("nowhere")),
        with("email", json!("a b@c.de")),
        with("email", json!("ADA@example.org")),
        with("password", Value::Null),
        with("customfields", json!([{"type": "x", "value": "y"}])),
    ] {
        let error = create(json!([new("ada"), wrong.clone()]), &admin).expect_err("wrong");
        assert_eq!(error.kind, ErrorKind::Invalid, "{wrong}");
    }
    for password in ["Abc-123", "Abcd-efg", "ABC-1234", "abc-1234", "Abcd1234"] {
        let error = create(json!([new("ada"), with("password", json!(password))]), &admin).expect_err("weak");
        assert_eq!(error.code, "passwordpolicy", "{password}");
    }
    assert_eq!(host.people().len(), 1);
    let denied = refused("core_user_create_users", json!({"users": [new("ada")]}), &host.person("x"));
    assert_eq!(denied, (ErrorKind::Denied, "moodle/user:create".into()));
}

#[test]
fn a_password_to_be_made_lets_nobody_in() {
    let host = host();
    let mut user = new("ada");
    (user["createpassword"], user["password"]) = (json!(true), Value::Null);
    let made = create(json!([user]), &host.admin()).expect("made");
    assert!(!host.has_password(made[0]["id"].as_u64().expect("an id")));
}

#[test]
fn a_password_is_a_secret() {
    let described = provost_guest::internal::functions::<crate::MoodleServices>();
    let create = described.iter().find(|f| f.name == "core_user_create_users").expect("the function");
    assert_eq!(create.parameters.matches("\"secret\":true").count(), 1);
    assert!(create.writes);
}

#[test]
fn one_sees_oneself_and_who_is_in_the_same_course() {
    let host = host();
    let (ada, ben, eve) = (host.person("ada"), host.person("ben"), host.person("eve"));
    let id = course(&host, "bees");
    enrol(&host, &ada, id, "student");
    enrol(&host, &ben, id, "student");
    assert_eq!(by("username", &["ada", "ben"], &eve).len(), 0);
    assert_eq!(by("username", &["eve"], &eve)[0]["username"], "eve");
    let seen = by("username", &["ada", "eve"], &ben);
    assert_eq!((seen.len(), &seen[0]["fullname"]), (1, &json!("ada Example")));
    assert!(seen[0].get("auth").is_none() && seen[0].get("username").is_none());
    assert_eq!(seen[0]["email"], "ada@lms.example.org");
}
