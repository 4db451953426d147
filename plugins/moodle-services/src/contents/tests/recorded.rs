//! The course whose page was recorded, restored from its archive.

use crate::testing::{ask, recorded_json};
use provost_guest::files::{NewFile, OnTaken, put};
use provost_guest::testing::{TestHost, run_job};
use provost_plugin_restore::Restore;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Modules whose type is switched off on the site that was recorded.
const NOT_RECORDED: &[&str] = &["survey"];

/// Restores an archive of ../shared; the course's id.
fn restored(host: &TestHost, name: &str) -> Option<u64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/mbz").join(name);
    let Ok(archive) = std::fs::read(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    let admin = host.admin();
    let file = NewFile {
        context: host.person_context(admin.person),
        component: "user".into(),
        area: "draft".into(),
        item: 1,
        path: "/".into(),
        name: "a.mbz".into(),
        blob: host.blob(&archive),
        mimetype: String::new(),
        person: admin.person,
    };
    let file = put(&file, OnTaken::AddSuffix).unwrap();
    let made = run_job::<Restore>("restore", json!({ "fileid": file.id })).unwrap();
    made["courseid"].as_u64()
}

/// What stands for what: numbers and addresses of the recorded site for those of here.
struct Here {
    numbers: BTreeMap<u64, u64>,
}

impl Here {
    /// Pairs the things of both answers off, by their order.
    fn of(recorded: &Value, ours: &Value) -> Self {
        let mut numbers = BTreeMap::new();
        for (recorded, ours) in sections(recorded).zip(sections(ours)) {
            numbers.insert(recorded["id"].as_u64().unwrap(), ours["id"].as_u64().unwrap());
            for (recorded, ours) in modules(recorded).zip(modules(ours)) {
                for key in ["id", "contextid"] {
                    numbers.insert(recorded[key].as_u64().unwrap(), ours[key].as_u64().unwrap());
                }
            }
        }
        Self { numbers }
    }

    /// The recorded answer as it would be here.
    fn text(&self, text: &str) -> String {
        // Segments of addresses and numbers in JSON.
        let mut out = text.replace("http://moodle.test", "https://lms.example.org").replace("/1795221792/", "/1/");
        for (there, here) in &self.numbers {
            for (before, after) in
                [("?id=", ""), ("pluginfile.php/", "/"), ("\"cm\":", ","), ("\"sectionid\":\"", "\"")]
            {
                let (from, to) = (format!("{before}{there}{after}"), format!("{before}#{here}{after}"));
                if out.contains(&from) {
                    out = out.replace(&from, &to);
                    break;
                }
            }
        }
        out.replace('#', "")
    }
}

fn sections(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.as_array().into_iter().flatten()
}

fn modules(section: &Value) -> impl Iterator<Item = &Value> {
    let all = section["modules"].as_array().into_iter().flatten();
    all.filter(|module| !NOT_RECORDED.iter().any(|name| module["modname"] == *name))
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().into_iter().flat_map(|object| object.keys()).collect()
}

/// Asserts that a thing of ours is the recorded one in everything but what is its own here.
fn assert_same(ours: &Value, recorded: &Value, here: &Here, place: &str) {
    match (ours, recorded) {
        // An empty map is printed as an empty list by the host.
        (Value::Object(ours), Value::Array(recorded)) if ours.is_empty() && recorded.is_empty() => {}
        (Value::Object(_), Value::Object(_)) => {
            assert_eq!(keys(ours), keys(recorded), "{place}");
            for key in keys(ours) {
                let place = format!("{place}.{key}");
                let (ours, recorded) = (&ours[key], &recorded[key]);
                match key.as_str() {
                    "modules" => {}
                    "id" | "contextid" => assert!(ours.is_u64() && recorded.is_u64(), "{place}"),
                    "userid" => assert_eq!(ours.is_null(), recorded.is_null(), "{place}"),
                    // The number of a group is looked at elsewhere.
                    "availability" if recorded.is_string() => assert!(ours.is_string(), "{place}"),
                    _ => assert_same(ours, recorded, here, &place),
                }
            }
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            assert_eq!(ours.len(), recorded.len(), "{place}: {ours:#?}");
            for (at, (ours, recorded)) in ours.iter().zip(recorded).enumerate() {
                assert_same(ours, recorded, here, &format!("{place}[{at}]"));
            }
        }
        (Value::String(ours), Value::String(recorded)) => assert_eq!(*ours, here.text(recorded), "{place}"),
        (ours, recorded) => assert_eq!(ours, recorded, "{place}"),
    }
}

#[test]
fn the_recorded_course_answers_as_recorded() {
    let host = TestHost::new();
    let Some(recorded) = recorded_json("get_contents.json.txt") else { return };
    let Some(course) = restored(&host, "small_test_users1.tgz.mbz") else { return };
    let ours = ask("core_course_get_contents", json!({ "courseid": course }), &host.admin()).unwrap();
    let here = Here::of(&recorded, &ours);
    assert_eq!(sections(&ours).count(), sections(&recorded).count());
    for (ours, recorded) in sections(&ours).zip(sections(&recorded)) {
        let place = recorded["name"].to_string();
        assert_same(ours, recorded, &here, &place);
        assert_eq!(modules(ours).count(), modules(recorded).count(), "{place}");
        for (ours, recorded) in modules(ours).zip(modules(recorded)) {
            assert_same(ours, recorded, &here, &format!("{place}/{}", recorded["name"]));
        }
    }
}

#[test]
fn the_recorded_option_leaves_out_as_recorded() {
    let host = TestHost::new();
    let Some(recorded) = recorded_json("get_contents_opts.json.txt") else { return };
    let Some(course) = restored(&host, "small_test_users1.tgz.mbz") else { return };
    let wish = json!({ "courseid": course, "options": [{ "name": "modname", "value": "folder" }] });
    let ours = ask("core_course_get_contents", wish, &host.admin()).unwrap();
    let here = Here::of(&recorded, &ours);
    let listed = |answer: &Value| sections(answer).map(|s| modules(s).count()).collect::<Vec<_>>();
    assert_eq!(listed(&ours), listed(&recorded));
    for (ours, recorded) in sections(&ours).flat_map(modules).zip(sections(&recorded).flat_map(modules)) {
        assert_same(ours, recorded, &here, "folder");
    }
}

#[test]
fn somebody_outside_is_told_as_recorded() {
    let host = TestHost::new();
    let Some(recorded) = recorded_json("err_contents_not_enrolled.json.txt") else { return };
    let Some(course) = restored(&host, "small_test_users1.tgz.mbz") else { return };
    let stranger = host.person("stranger");
    let error = ask("core_course_get_contents", json!({ "courseid": course }), &stranger).unwrap_err();
    assert_eq!(recorded["errorcode"], error.code);
    let expected = recorded["message"].as_str().unwrap().replace("id:2", &format!("id:{course}"));
    assert_eq!(error.message, expected);
}
