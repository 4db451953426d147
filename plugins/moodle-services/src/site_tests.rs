//! The site and what is told of it.

use crate::testing::{ask, assert_described_as, assert_same_shape, host, recorded_json};
use serde_json::json;

#[test]
fn site_info_is_shaped_as_recorded() {
    let host = host();
    host.add_service("office", &[("core_webservice_get_site_info", "0.1.0"), ("another", "7")]);
    host.set_service("office");
    let info = ask("core_webservice_get_site_info", json!({}), &host.admin()).expect("an answer");
    assert_eq!(info["functions"][0], json!({"name": "another", "version": "7"}));
    assert_eq!((&info["userid"], &info["siteid"], &info["downloadfiles"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&info["release"], &info["version"]), (&json!("4.5 (Build: 20241007)"), &json!("2024100700")));
    assert_eq!(info["userprivateaccesskey"].as_str().map(str::len), Some(32));
    if let Some(recorded) = recorded_json("site_info.json.txt") {
        assert_same_shape(&info, &recorded, "site_info");
        let features = |v: &serde_json::Value| {
            v["advancedfeatures"].as_array().map(|l| l.iter().map(|f| f["name"].clone()).collect::<Vec<_>>())
        };
        assert_eq!(features(&info), features(&recorded));
    }
    assert_described_as("core_webservice_get_site_info", "site_info.xml.txt");
}

#[test]
fn site_info_follows_the_person() {
    let host = host();
    host.set_config("release", json!("4.4"));
    let ada = host.person("ada");
    let mut person = host.people().pop().expect("ada");
    person.extra = r#"{"lang":"de"}"#.into();
    host.set_person(person);
    let info = ask("core_webservice_get_site_info", json!({"serviceshortnames": ["x"]}), &ada).expect("an answer");
    assert_eq!(
        (&info["lang"], &info["userissiteadmin"], &info["release"]),
        (&json!("de"), &json!(false), &json!("4.4"))
    );
    assert_eq!((&info["functions"], &info["usercanmanageownfiles"]), (&json!([]), &json!(true)));
    assert!(info.get("downloadfiles").is_none());
}

#[test]
fn the_public_config_needs_nobody() {
    let host = host();
    let guest = host.person("guest");
    let config = ask("tool_mobile_get_public_config", json!({}), &guest).expect("an answer");
    assert_eq!((&config["wwwroot"], &config["enablemobilewebservice"]), (&json!("https://lms.example.org"), &json!(1)));
    assert_eq!(config["warnings"], json!([]));
    let described = provost_guest::internal::functions::<crate::MoodleServices>();
    let public: Vec<_> = described.iter().filter(|f| f.public).map(|f| f.name.as_str()).collect();
    assert_eq!(public, ["tool_mobile_get_public_config"]);
}
