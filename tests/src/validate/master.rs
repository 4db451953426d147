//! Rules of `moodle_backup.xml`: information, contents, settings (moodle-observed.md 5, mbz-format.md 4).

use super::{Case, Report};
use crate::tree::Element;
use std::collections::BTreeSet;

const MASTER: &str = "moodle_backup.xml";

/// Below this Moodle refuses (mbz-format.md 7.1).
const OLDEST: u64 = 2_010_072_300;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let Some(bytes) = case.archive.documents.get(MASTER) else {
        report.add("master-missing", "", "no moodle_backup.xml at the top");
        return;
    };
    sniff(bytes, report);
    let Some(root) = case.document(MASTER) else {
        return;
    };
    let Some(information) = root.child("information") else {
        report.add("master-information", MASTER, "no information");
        return;
    };
    information_fields(information, report);
    contents(case, information, report);
    settings(case, information, report);
    hierarchy(case, report);
    mandatory_files(case, report);
    without_users(case, report);
}

fn sniff(bytes: &[u8], report: &mut Report) {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    for wanted in ["<?xml version=\"1.0\" encoding=\"utf-8\"?>", "<moodle_backup>", "<information>"] {
        if !head.contains(wanted) {
            report.add("master-sniff", MASTER, format!("no {wanted} in the first 200 bytes"));
        }
    }
}

fn information_fields(information: &Element, report: &mut Report) {
    let mut add = |message: String| report.add("master-information", MASTER, message);
    for name in ["backup_version", "original_course_id", "original_course_contextid", "original_system_contextid"] {
        match information.value(name).map(|v| v.parse::<f64>()) {
            None => add(format!("{name} is missing")),
            Some(Err(_)) => add(format!("{name} is no number")),
            Some(Ok(_)) => {}
        }
    }
    if let Some(version) = information.value("backup_version")
        && version.parse::<u64>().is_ok_and(|v| v < OLDEST)
    {
        add(format!("backup_version {version} is too old"));
    }
    let kind = information.at(&["details", "detail"]).and_then(|d| d.value("type"));
    if !matches!(kind, Some("course" | "section" | "activity")) {
        add(format!("details/detail/type is {kind:?}"));
    }
    if let Some(value) = information.value("include_files")
        && !matches!(value, "0" | "1")
    {
        add(format!("include_files is {value:?}"));
    }
    for name in ["original_course_fullname", "original_course_shortname"] {
        if information.value(name).is_some_and(like_a_tag) {
            report.add("master-tags", MASTER, format!("{name} holds something like a tag"));
        }
    }
}

/// What PHP's tag stripping takes for a tag: `<` with anything but white space after it.
fn like_a_tag(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| !text[at + 1..].starts_with(char::is_whitespace))
}

fn contents(case: &Case<'_>, information: &Element, report: &mut Report) {
    let Some(contents) = information.child("contents") else {
        report.add("contents-fields", MASTER, "no contents");
        return;
    };
    let mut fields = |parts: &[super::Part], section: bool| {
        for part in parts {
            let expected = if section {
                format!("sections/section_{}", part.id)
            } else {
                format!("activities/{}_{}", part.module, part.id)
            };
            if part.id.is_empty() || part.section.is_empty() || part.directory.is_empty() {
                report.add("contents-fields", MASTER, format!("an id or the directory is missing near {expected}"));
            } else if part.directory != expected {
                report.add("contents-fields", MASTER, format!("directory {} is not {expected}", part.directory));
            }
        }
    };
    fields(&case.activities, false);
    fields(&case.sections, true);
    let mut seen = BTreeSet::new();
    for part in case.activities.iter().chain(&case.sections) {
        if !seen.insert(&part.directory) {
            report.add("contents-fields", MASTER, format!("{} is there twice", part.directory));
        }
    }
    present(case, contents, report);
    unlisted(case, report);
    order(case, report);
}

fn present(case: &Case<'_>, contents: &Element, report: &mut Report) {
    let mut need = |path: String| {
        if !case.has(&path) {
            report.add("contents-missing", &path, "the file is missing");
        }
    };
    for name in ["files", "groups", "outcomes", "questions", "roles", "scales"] {
        need(format!("{name}.xml"));
    }
    if case.whole_course() || contents.child("course").is_some() {
        need("course/course.xml".to_owned());
        need("course/roles.xml".to_owned());
    }
    for part in &case.sections {
        need(format!("{}/section.xml", part.directory));
    }
    for part in &case.activities {
        for name in [part.module.as_str(), "module", "roles", "grades"] {
            need(format!("{}/{name}.xml", part.directory));
        }
    }
}

fn unlisted(case: &Case<'_>, report: &mut Report) {
    let listed: BTreeSet<&str> = case.activities.iter().chain(&case.sections).map(|p| p.directory.as_str()).collect();
    let mut found = BTreeSet::new();
    for path in case.archive.documents.keys() {
        let mut steps = path.split('/');
        if let (Some(group @ ("activities" | "sections")), Some(name), Some(_)) =
            (steps.next(), steps.next(), steps.next())
        {
            found.insert(format!("{group}/{name}"));
        }
    }
    for directory in found {
        if !listed.contains(directory.as_str()) {
            report.add("contents-unlisted", &directory, "not in contents");
        }
    }
}

/// Restore takes the order from contents, everybody else from the sequence: they must say the same.
fn order(case: &Case<'_>, report: &mut Report) {
    let sections: BTreeSet<&str> = case.sections.iter().map(|s| s.id.as_str()).collect();
    for activity in &case.activities {
        if case.whole_course() && !sections.contains(activity.section.as_str()) {
            report.add(
                "contents-order",
                MASTER,
                format!("{}: section {} is not in contents", activity.directory, activity.section),
            );
        }
    }
    for section in &case.sections {
        let path = format!("{}/section.xml", section.directory);
        let Some(document) = case.document(&path) else {
            continue;
        };
        let listed: Vec<&str> =
            case.activities.iter().filter(|a| a.section == section.id).map(|a| a.id.as_str()).collect();
        let sequence: Vec<&str> = document
            .value("sequence")
            .unwrap_or_default()
            .split(',')
            .filter(|id| case.activities.iter().any(|a| a.id == *id))
            .collect();
        if listed != sequence {
            report.add("contents-order", &path, format!("sequence {sequence:?}, contents {listed:?}"));
        }
    }
}

fn settings(case: &Case<'_>, information: &Element, report: &mut Report) {
    let mut missing = |name: &str| {
        if !case.settings.contains_key(name) {
            report.add("settings-missing", MASTER, format!("no setting {name}"));
        }
    };
    missing("activities");
    missing("users");
    let name = |directory: &str| directory.rsplit('/').next().unwrap_or_default().to_owned();
    if case.on("users") {
        for activity in &case.activities {
            missing(&format!("{}_userinfo", name(&activity.directory)));
        }
    }
    let parts: BTreeSet<String> = case.activities.iter().chain(&case.sections).map(|p| name(&p.directory)).collect();
    let all = information.child("settings").map_or(&[][..], |s| &s.children);
    let mut seen = BTreeSet::new();
    let mut add = |message: String| report.add("settings-contents", MASTER, message);
    for setting in all {
        let (Some(key), value) = (setting.value("name"), setting.value("value")) else {
            add("a setting without name".to_owned());
            continue;
        };
        if !seen.insert(key) {
            add(format!("{key} is there twice"));
        }
        if key != "filename" && !matches!(value, Some("0" | "1")) {
            add(format!("{key} is {value:?}"));
        }
        let level = setting.value("level").unwrap_or("root");
        if level == "root" {
            continue;
        }
        let Some(part) = setting.value(level) else {
            add(format!("{key} names no {level}"));
            continue;
        };
        let included = case.on(&format!("{part}_included"));
        if !key.starts_with(part) {
            add(format!("{key} is given for {part}"));
        } else if included && !parts.contains(part) {
            add(format!("{key} is about {part}, which is not in contents"));
        } else if key.ends_with("_included") && !included && parts.contains(part) {
            add(format!("{part} is in contents but not included"));
        }
    }
    if !case.on("activities") && !case.activities.is_empty() && case.settings.contains_key("activities") {
        add("activities is off but contents has some".to_owned());
    }
}

/// What is forced to 0 when another switch is off (mbz-format.md 4.1); Moodle 5's badges do not depend on activities, so that is left out.
fn hierarchy(case: &Case<'_>, report: &mut Report) {
    let mut off = |when: &str, then: &str| {
        if case.settings.contains_key(when) && !case.on(when) && case.on(then) {
            report.add("settings-hierarchy", MASTER, format!("{then} is on though {when} is off"));
        }
    };
    for then in ["anonymize", "role_assignments", "comments", "userscompletion", "logs", "xapistate", "grade_histories"]
    {
        off("users", then);
    }
    off("activities", "grade_histories");
    for part in case.activities.iter().chain(&case.sections) {
        let name = part.directory.rsplit('/').next().unwrap_or_default();
        off("users", &format!("{name}_userinfo"));
        off(&format!("{name}_included"), &format!("{name}_userinfo"));
        if !part.module.is_empty() {
            off(&format!("section_{}_userinfo", part.section), &format!("{name}_userinfo"));
        }
    }
}

/// Files that restore opens without looking when their switch is on (moodle-observed.md 5).
fn mandatory_files(case: &Case<'_>, report: &mut Report) {
    let mut need = |setting: &str, path: String| {
        if case.on(setting) && !case.has(&path) {
            report.add("settings-file", &path, format!("missing, though {setting} is on"));
        }
    };
    need("users", "users.xml".to_owned());
    let course = case.whole_course().then_some("course");
    let parts = case.activities.iter().map(|a| a.directory.as_str());
    for directory in parts.clone().chain(course) {
        need("comments", format!("{directory}/comments.xml"));
        need("filters", format!("{directory}/filters.xml"));
        need("calendarevents", format!("{directory}/calendar.xml"));
    }
    for block in case.blocks() {
        need("comments", format!("{block}/comments.xml"));
    }
    for activity in &case.activities {
        let name = activity.directory.rsplit('/').next().unwrap_or_default();
        if case.on(&format!("{name}_userinfo")) {
            need("xapistate", format!("{}/xapistate.xml", activity.directory));
        }
    }
    if case.whole_course() {
        need("contentbankcontent", "course/contentbank.xml".to_owned());
    }
}

fn without_users(case: &Case<'_>, report: &mut Report) {
    if !case.settings.contains_key("users") || case.on("users") {
        return;
    }
    for (path, tag) in [
        ("users.xml", "user"),
        ("groups.xml", "group_member"),
        ("course/enrolments.xml", "enrolment"),
        ("course/roles.xml", "assignment"),
        ("grade_history.xml", "grade_grade"),
        ("gradebook.xml", "grade_grade"),
    ] {
        let rows = case.document(path).map_or(0, |d| d.find_all(tag).len());
        if rows > 0 {
            report.add("settings-users", path, format!("{rows} {tag} though users is off"));
        }
    }
    for activity in &case.activities {
        for (file, tag) in [
            ("grades.xml", "grade_grade"),
            ("completion.xml", "completion"),
            ("logstores.xml", "logstore_standard_log"),
            ("comments.xml", "comment"),
        ] {
            let path = format!("{}/{file}", activity.directory);
            if case.document(&path).is_some_and(|d| !d.find_all(tag).is_empty()) {
                report.add("settings-users", &path, format!("{tag} though users is off"));
            }
        }
    }
}
