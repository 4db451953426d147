//! Refusals of a real Moodle, byte for byte.

#![allow(clippy::unwrap_used)] // What cannot be read fails its test.

mod support;

use provost_wire::clean::Installed;
use provost_wire::description::{Description, ParamType};
use provost_wire::error::{ErrorKind, Family, WireError};
use provost_wire::form::Limits;
use provost_wire::format::Format;
use provost_wire::request::{Body, parse};
use provost_wire::{headers, validate};
use serde_json::json;
use support::{recording, recordings, recordings_ending};

/// The error behind a recording, made as the server would make it.
fn expected(stem: &str, format: Format) -> Option<WireError> {
    match stem {
        "err_no_token" | "err_invalid_token" | "err_invalid_token_badchars" => Some(WireError::invalid_token()),
        "err_no_function" => Some(WireError::missing_function()),
        "err_unknown_function" => Some(WireError::unknown_function("core_nope")),
        "err_function_not_in_service" => Some(WireError::function_not_in_service("core_user_get_users")),
        "err_missing_param" | "err_unknown_param" | "err_wrong_type" | "err_wrong_type_array" => {
            Some(WireError::invalid_parameter(stem))
        }
        "err_nonexistent_course" => Some(WireError::record_not_found("course")),
        "err_dup_nocategory" => Some(plugin(ErrorKind::NotFound, "course_categories", "no category 99")),
        "err_async_progress_badctx" => Some(plugin(ErrorKind::NotFound, "context", "")),
        "err_async_progress_badid" => Some(plugin(ErrorKind::NotFound, "backup_controllers", "")),
        "err_async_progress_noperm" => Some(plugin(ErrorKind::Denied, "moodle/backup:backupcourse", "")),
        "err_create_nopermission" | "err_dup_nopermission" | "err_dup_teacher" => {
            Some(plugin(ErrorKind::Denied, "moodle/course:create", "in category 1"))
        }
        "err_dup_notenrolled" => {
            Some(plugin(ErrorKind::Refused, "requireloginerror", "Course or activity not accessible."))
        }
        "err_contents_not_enrolled" => {
            Some(WireError::course_context_not_valid(2, "Course or activity not accessible."))
        }
        "err_dup_nocourse" => {
            Some(plugin(ErrorKind::Refused, "invalidcourseid", "You are trying to use an invalid course ID"))
        }
        "err_dup_bad_option" => Some(WireError::invalid_external_parameter("bogus")),
        "err_dup_bad_option_value" => Some(WireError::invalid_external_parameter("users")),
        "err_create_dup_shortname" => Some(taken("small_test")),
        "err_dup_shortname_exists" => Some(taken("Small test – Kurs für «Öl» & more 日本語")),
        "err_files_upload_badarea" => Some(WireError::coding("File can be uploaded to user draft area only")),
        "copy_submit" => Some(WireError::missing_script_parameter("sesskey")),
        "async_links_backup" => Some(WireError::coded("backup_controller_dbops_loading_invalid_controller", "")),
        "copy_submit_with_sesskey" if format == Format::Json => Some(WireError::invalid_parameter("")),
        _ => None,
    }
}

fn taken(name: &str) -> WireError {
    let message = format!("Short name is already used for another course ({name})");
    plugin(ErrorKind::Conflict, "shortnametaken", &message)
}

fn plugin(kind: ErrorKind, code: &str, message: &str) -> WireError {
    WireError::from_plugin(kind, code, message, |capability| {
        let label = match capability {
            "moodle/course:create" => "Create courses",
            "moodle/backup:backupcourse" => "Backup courses",
            _ => return None,
        };
        Some(label.to_owned())
    })
}

#[test]
fn every_recorded_refusal_is_reproduced() {
    for (format, ending, mark) in
        [(Format::Json, ".json.txt", "{\"exception\":"), (Format::Xml, ".xml.txt", "<EXCEPTION ")]
    {
        let mut compared = 0;
        for recording in recordings_ending(ending).iter().filter(|recording| recording.body.contains(mark)) {
            let error = expected(&recording.stem, format).unwrap_or_else(|| panic!("{} is unknown", recording.stem));
            assert_eq!(error.body(format, Family::Namespaced, false), recording.body, "{}{ending}", recording.stem);
            compared += 1;
        }
        assert!(compared > 25 || recordings().is_none(), "only {compared} refusals in {format:?}");
    }
}

#[test]
fn recorded_debug_information() {
    let with = |error: WireError, text: &str| WireError { debuginfo: Some(text.to_owned()), ..error };
    let contents = Description::single([("courseid", Description::value(ParamType::Int))]);
    let refused = |query: &str| {
        let request = parse(query.as_bytes(), Body::None, Limits::default()).unwrap();
        validate::parameters(&contents, request.parameters, &Installed::default()).unwrap_err()
    };
    let row = |table: &str, column: &str, value: &str| {
        format!("SELECT * FROM {{{table}}} WHERE {column} = ?\n[array (\n  0 => {value},\n)]")
    };
    for (stem, error) in [
        ("debug_missing_param", refused("")),
        ("debug_unknown_param", refused("courseid=7&bogus=1")),
        ("debug_wrong_type", refused("courseid=abc")),
        ("debug_nonexistent_course", with(WireError::record_not_found("course"), &row("course", "id", "99999"))),
        (
            "debug_unknown_function",
            with(WireError::unknown_function("core_nope"), &row("external_functions", "name", "'core_nope'")),
        ),
    ] {
        let Some(json) = recording(&format!("{stem}_json"), ".txt") else { return };
        assert_eq!(error.json(Family::Namespaced, true), json.body, "{stem}");
        let Some(xml) = recording(&format!("{stem}_xml"), ".txt") else { return };
        assert_eq!(error.xml(Family::Namespaced, true), xml.body, "{stem}");
    }
}

#[test]
fn recorded_requests_are_refused_or_taken_as_recorded() {
    let contents = Description::single([
        ("courseid", Description::value(ParamType::Int)),
        (
            "options",
            Description::multiple(Description::single([
                ("name", Description::value(ParamType::AlphaNum)),
                ("value", Description::value(ParamType::Raw)),
            ]))
            .default_to(json!([])),
        ),
    ]);
    for (format, ending) in [(Format::Json, ".json.txt"), (Format::Xml, ".xml.txt")] {
        for recording in recordings_ending(ending) {
            let request = parse(b"", Body::UrlEncoded(recording.request_body.as_bytes()), Limits::default()).unwrap();
            assert_eq!(request.format, format, "{}", recording.stem);
            if recording.stem == "err_no_function" {
                let error = request.function_name().unwrap_err();
                assert_eq!(error.body(format, Family::Namespaced, false), recording.body);
                continue;
            }
            assert_eq!(request.token.is_none(), recording.stem == "err_no_token", "{}", recording.stem);
            if request.function_name() != Ok("core_course_get_contents") {
                continue;
            }
            match validate::parameters(&contents, request.parameters, &Installed::default()) {
                Ok(parameters) => {
                    let stem = recording.stem.as_str();
                    assert!(!["err_missing_param", "err_wrong_type"].contains(&stem), "{stem} was taken");
                    if stem == "get_contents_opts" {
                        assert_eq!(
                            parameters,
                            json!({ "courseid": 7, "options": [{ "name": "modname", "value": "folder" }] })
                        );
                    }
                }
                Err(error) => assert_eq!(error.body(format, Family::Namespaced, false), recording.body),
            }
        }
    }
}

#[test]
fn recorded_scripts() {
    for (stem, error) in [
        ("login_token_bad", WireError::invalid_login()),
        ("upload_php_notoken", WireError::missing_script_parameter("token")),
        ("pluginfile_notoken", WireError::missing_script_parameter("token")),
        ("pluginfile_404", WireError::file_not_found()),
        ("upload_php_badtoken", WireError::invalid_token()),
        ("pluginfile_badtoken", WireError::invalid_token()),
    ] {
        let Some(recording) = recording(stem, ".txt") else { return };
        assert_eq!(error.script_json(false), recording.body, "{stem}");
        for (name, value) in headers::SCRIPT {
            assert!(
                recording.headers.iter().any(|(given, text)| given.eq_ignore_ascii_case(name) && text == value),
                "{stem}: {name}: {value}"
            );
        }
    }
}

#[test]
fn recorded_headers() {
    for (format, ending) in [(Format::Json, ".json.txt"), (Format::Xml, ".xml.txt")] {
        for recording in recordings_ending(ending) {
            for (name, value) in headers::of(format) {
                assert_eq!(recording.header(name), Some(*value), "{}: {name}", recording.stem);
            }
            // Besides ours there are those of the server program.
            assert_eq!(recording.headers.len(), headers::of(format).len() + 4, "{}", recording.stem);
        }
    }
}

#[test]
fn recorded_files() {
    for stem in ["pluginfile_ok", "pluginfile_noforcedl", "pluginfile_etag"] {
        let Some(recording) = recording(stem, ".txt") else { return };
        for (name, value) in headers::FILE.iter().chain(headers::FILE_SCRIPT) {
            assert_eq!(recording.header(name), Some(*value), "{stem}: {name}");
        }
        // Besides ours there are those of the server program, and six of the file.
        assert_eq!(recording.headers.len(), headers::FILE.len() + headers::FILE_SCRIPT.len() + 4 + 6, "{stem}");
    }
    for stem in ["pluginfile_404", "pluginfile_badtoken", "pluginfile_notoken"] {
        let Some(recording) = recording(stem, ".txt") else { return };
        for (name, value) in headers::FILE_SCRIPT {
            assert_eq!(recording.header(name), Some(*value), "{stem}: {name}");
        }
    }
    let Some(recording) = recording("ajax_copy_submit", ".txt") else { return };
    for (name, value) in headers::AJAX {
        assert_eq!(recording.header(name), Some(*value), "ajax_copy_submit: {name}");
    }
}
