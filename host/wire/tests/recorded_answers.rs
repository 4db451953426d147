//! Answers of a real Moodle, byte for byte.

#![allow(clippy::unwrap_used)] // What cannot be read fails its test.

mod support;

use provost_wire::clean::Installed;
use provost_wire::description::{Description, ParamType as T};
use provost_wire::respond;
use provost_wire::{Format, headers};
use serde_json::Value;
use support::{description_of, parse_xml, recording, value_of};

fn value(ty: T) -> Description {
    Description::value(ty)
}

fn printed(format: Format, returns: &Description, result: &Value) -> String {
    returns.check_returns().unwrap();
    respond::answer(format, Some(returns), result, &Installed::default()).unwrap()
}

/// Feeds the recorded JSON through the description and expects the recorded bytes in both forms.
fn same_in_both_forms(json: &str, xml: Option<&str>, returns: &Description) {
    let Some(json) = recording(json, ".json.txt") else { return };
    let result: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(printed(Format::Json, returns, &result), json.body, "{}", json.stem);
    let Some(xml) = xml.and_then(|stem| recording(stem, ".xml.txt")) else { return };
    assert_eq!(printed(Format::Xml, returns, &result), xml.body, "{}", xml.stem);
}

/// Reads the recorded XML by the description and expects its bytes back.
fn same_xml(stem: &str, returns: &Description) {
    let Some(xml) = recording(stem, ".xml.txt") else { return };
    let result = value_of(returns, &parse_xml(&xml.body).children[0]);
    assert_eq!(printed(Format::Xml, returns, &result), xml.body, "{stem}");
}

#[test]
fn created_courses() {
    let returns = Description::multiple(Description::single([("id", value(T::Int)), ("shortname", value(T::Raw))]));
    same_in_both_forms("create_courses_json", None, &returns);
    same_xml("create_courses_xml", &returns);
}

#[test]
fn duplicated_course() {
    let returns = Description::single([("id", value(T::Int)), ("shortname", value(T::Raw))]);
    same_in_both_forms("duplicate_json", None, &returns);
    same_xml("duplicate_xml", &returns);
}

#[test]
fn progress_of_asynchronous_work() {
    let returns = Description::multiple(Description::single([
        ("status", value(T::Int)),
        ("progress", value(T::Float)),
        ("backupid", value(T::AlphaNum)),
        ("operation", value(T::AlphaNum)),
    ]));
    for stem in
        ["async_progress_scheduled", "async_progress_finished", "copy_progress_scheduled", "copy_progress_finished"]
    {
        same_in_both_forms(stem, Some(stem), &returns);
    }
}

#[test]
fn warnings() {
    let returns = Description::single([(
        "warnings",
        Description::multiple(Description::single([
            ("item", value(T::Text).optional()),
            ("itemid", value(T::Int).optional()),
            ("warningcode", value(T::AlphaNum)),
            ("message", value(T::Raw)),
        ]))
        .optional(),
    )]);
    for stem in ["delete_nonexistent", "err_delete_nopermission"] {
        same_in_both_forms(stem, Some(stem), &returns);
    }
    same_in_both_forms("delete_courses_json", Some("delete_courses_xml"), &returns);
}

#[test]
fn uploaded_file() {
    let returns = Description::single([
        ("contextid", value(T::Int)),
        ("component", value(T::Component)),
        ("filearea", value(T::Area)),
        ("itemid", value(T::Int)),
        ("filepath", value(T::Text)),
        ("filename", value(T::File)),
        ("url", value(T::Text)),
    ]);
    same_in_both_forms("files_upload", None, &returns);
    same_xml("files_upload", &returns);
}

#[test]
fn enrolled_people() {
    let optional = |ty| value(ty).optional();
    let returns = Description::multiple(Description::single([
        ("id", value(T::Int)),
        ("username", optional(T::Raw)),
        ("firstname", optional(T::NoTags)),
        ("lastname", optional(T::NoTags)),
        ("fullname", value(T::NoTags)),
        ("email", optional(T::Text)),
        ("department", optional(T::Text)),
        ("idnumber", optional(T::Raw)),
        ("firstaccess", optional(T::Int)),
        ("lastaccess", optional(T::Int)),
        ("lastcourseaccess", optional(T::Int)),
        ("description", optional(T::Raw)),
        ("city", optional(T::NoTags)),
        ("country", optional(T::Alpha)),
        ("profileimageurlsmall", optional(T::Url)),
        ("profileimageurl", optional(T::Url)),
        (
            "groups",
            Description::multiple(Description::single([
                ("id", value(T::Int)),
                ("name", value(T::Raw)),
                ("description", value(T::Raw)),
                ("descriptionformat", value(T::Int)),
            ]))
            .optional(),
        ),
        (
            "roles",
            Description::multiple(Description::single([
                ("roleid", value(T::Int)),
                ("name", value(T::Raw)),
                ("shortname", value(T::AlphaNumExt)),
                ("sortorder", value(T::Int)),
            ]))
            .optional(),
        ),
        (
            "enrolledcourses",
            Description::multiple(Description::single([
                ("id", value(T::Int)),
                ("fullname", value(T::Raw)),
                ("shortname", value(T::Raw)),
            ]))
            .optional(),
        ),
    ]));
    same_in_both_forms("enrolled_users", None, &returns);
}

/// The descriptions of large functions are read off their XML, which shows every key.
#[test]
fn large_answers() {
    for stem in [
        "enrolled_users",
        "get_contents",
        "get_contents_opts",
        "get_courses",
        "get_courses_all",
        "get_courses_by_field",
        "get_courses_by_field_none",
        "err_get_courses_nonexistent",
        "site_info",
    ] {
        let Some(xml) = recording(stem, ".xml.txt") else { return };
        let node = parse_xml(&xml.body).children.remove(0);
        let returns = description_of(&node).unwrap_or_else(|| Description::multiple(value(T::Raw)));
        same_in_both_forms(stem, Some(stem), &returns);
        same_xml(stem, &returns);
    }
}

#[test]
fn calls_recorded_without_their_form() {
    // GET works as POST, a JSON body is ignored, an unknown format is XML.
    for (stem, format) in
        [("get_method_json", Format::Json), ("json_body", Format::Json), ("bad_restformat", Format::Xml)]
    {
        let Some(recording) = recording(stem, ".txt") else { return };
        for (name, value) in headers::of(format) {
            assert_eq!(recording.header(name), Some(*value), "{stem}: {name}");
        }
    }
}
