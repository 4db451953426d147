//! Categories as they are listed and made.

use crate::testing::{ask, host, refused};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use serde_json::json;

#[test]
fn categories_are_made_and_listed_with_their_path() {
    let host = host();
    let admin = host.admin();
    let new = json!([
        {"name": "Arts & <b>crafts</b>", "idnumber": "A", "description": "<p>@@PLUGINFILE@@/x</p>"},
        {"name": "Inside", "parent": 1},
    ]);
    let made = ask("core_course_create_categories", json!({ "categories": new }), &admin).expect("made");
    assert_eq!(made, json!([{"id": 2, "name": "Arts &amp; crafts"}, {"id": 3, "name": "Inside"}]));
    let listed = ask("core_course_get_categories", json!({}), &admin).expect("listed");
    let of = |key: &str| listed.as_array().expect("a list").iter().map(|c| c[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), [1, 3, 2]);
    assert_eq!(of("path"), ["/1", "/1/3", "/2"]);
    assert_eq!(of("depth"), [1, 2, 1]);
    assert_eq!(of("sortorder"), [10_000, 20_000, 30_000]);
    assert!(listed[2]["description"].as_str().is_some_and(|d| d.contains("/coursecat/description/x")), "{listed}");
}

#[test]
fn criteria_choose_and_subcategories_follow() {
    let host = host();
    let admin = host.admin();
    host.add_category(2, 1);
    host.add_category(3, 2);
    host.add_category(4, 0);
    let ids = |parameters| {
        let listed = ask("core_course_get_categories", parameters, &admin).expect("listed");
        listed.as_array().expect("a list").iter().filter_map(|c| c["id"].as_u64()).collect::<Vec<_>>()
    };
    let by = |key: &str, value: &str| json!([{ "key": key, "value": value }]);
    assert_eq!(ids(json!({"criteria": by("id", "2")})), [2, 3]);
    assert_eq!(ids(json!({"criteria": by("id", "2"), "addsubcategories": 0})), [2]);
    assert_eq!(ids(json!({"criteria": by("ids", "1,4"), "addsubcategories": 0})), [1, 4]);
    assert_eq!(ids(json!({"criteria": by("parent", "0"), "addsubcategories": 0})), [1, 4]);
    assert_eq!(ids(json!({"criteria": by("name", "Category 3")})), [3]);
    let unknown = refused("core_course_get_categories", json!({"criteria": by("colour", "red")}), &admin);
    assert_eq!(unknown, (ErrorKind::Refused, "criteriaerror".into()));
}

#[test]
fn what_is_hidden_or_for_managers_needs_the_capability() {
    let host = host();
    let ada = host.person("ada");
    let mut fields = provost_guest::courses::categories().expect("categories").remove(0).fields;
    fields.visible = false;
    host.set_category(2, fields);
    let listed = ask("core_course_get_categories", json!({}), &ada).expect("listed");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(listed[0].get("idnumber").is_none() && listed[0].get("visible").is_none());
    let hidden = json!({"criteria": [{"key": "visible", "value": "0"}]});
    assert_eq!(refused("core_course_get_categories", hidden, &ada).1, "criteriaerror");
    host.give_role(ada.person, "manager", Place::Site);
    let listed = ask("core_course_get_categories", json!({}), &ada).expect("listed");
    assert_eq!((listed.as_array().map(Vec::len), &listed[1]["visible"]), (Some(2), &json!(0)));
}

#[test]
fn categories_are_made_all_or_none() {
    let host = host();
    let (admin, ada) = (host.admin(), host.person("ada"));
    let make = |categories| json!({ "categories": categories });
    let one = make(json!([{"name": "x"}]));
    assert_eq!(
        refused("core_course_create_categories", one, &ada),
        (ErrorKind::Denied, "moodle/category:manage".into())
    );
    for (wrong, code) in [
        (json!([{"name": "x"}, {"name": " "}]), "categorynamerequired"),
        (json!([{"name": "x"}, {"name": "y", "parent": 77}]), "unknowncategory"),
        (json!([{"name": "x", "idnumber": "1"}, {"name": "y", "idnumber": "1"}]), "categoryidnumbertaken"),
        (json!([{"name": "x".repeat(256)}]), "categorytoolong"),
    ] {
        assert_eq!(refused("core_course_create_categories", make(wrong), &admin).1, code);
    }
    assert_eq!(provost_guest::courses::categories().expect("categories").len(), 1);
}
