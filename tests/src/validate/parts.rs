//! Rules of the documents of course, sections, activities and people: fields restore cannot do without, and agreeing ids.

use super::{Case, Report};
use crate::tree::Element;
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    course(case, report);
    sections(case, report);
    activities(case, report);
    people(case, report);
    contexts(case, report);
}

fn need(element: &Element, path: &str, names: &[&str], report: &mut Report) {
    for name in names {
        if element.child(name).is_none() {
            report.add("part-fields", path, format!("<{}> has no {name}", element.name));
        }
    }
}

fn agree(report: &mut Report, path: &str, what: &str, written: Option<&str>, expected: &str) {
    if written != Some(expected) {
        report.add("part-ids", path, format!("{what} is {written:?}, expected {expected:?}"));
    }
}

fn course(case: &Case<'_>, report: &mut Report) {
    let path = "course/course.xml";
    if let Some(course) = case.document(path) {
        need(course, path, &["startdate"], report);
        for option in course.find_all("courseformatoption") {
            need(option, path, &["name"], report);
        }
        if let Some(id) = case.information("original_course_id") {
            agree(report, path, "course id", course.attribute("id"), id);
        }
        if let Some(id) = case.information("original_course_contextid") {
            agree(report, path, "contextid", course.attribute("contextid"), id);
        }
    }
    let path = "course/enrolments.xml";
    if let Some(enrolments) = case.document(path) {
        for enrol in enrolments.at(&["enrols"]).into_iter().flat_map(|e| e.all("enrol")) {
            need(enrol, path, &["enrol"], report);
        }
        for enrolment in enrolments.find_all("enrolment") {
            need(enrolment, path, &["userid", "timestart", "timeend"], report);
        }
    }
}

fn sections(case: &Case<'_>, report: &mut Report) {
    let mut numbers = BTreeMap::new();
    for part in &case.sections {
        let path = format!("{}/section.xml", part.directory);
        let Some(section) = case.document(&path) else {
            continue;
        };
        need(section, &path, &["number", "summaryformat", "visible"], report);
        agree(report, &path, "section id", section.attribute("id"), &part.id);
        if let Some(number) = section.value("number")
            && let Some(other) = numbers.insert(number, &part.id)
        {
            report.add("part-ids", &path, format!("number {number} is section {other}'s too"));
        }
    }
}

fn activities(case: &Case<'_>, report: &mut Report) {
    for part in &case.activities {
        let path = format!("{}/module.xml", part.directory);
        if let Some(module) = case.document(&path) {
            need(module, &path, &["modulename", "sectionid", "sectionnumber", "completionexpected"], report);
            agree(report, &path, "module id", module.attribute("id"), &part.id);
            agree(report, &path, "modulename", module.value("modulename"), &part.module);
            agree(report, &path, "sectionid", module.value("sectionid"), &part.section);
            let section = format!("sections/section_{}/section.xml", part.section);
            if let Some(number) = case.document(&section).and_then(|s| s.value("number")) {
                agree(report, &path, "sectionnumber", module.value("sectionnumber"), number);
            }
        }
        let path = format!("{0}/{1}.xml", part.directory, part.module);
        if let Some(activity) = case.document(&path) {
            agree(report, &path, "root element", Some(&activity.name), "activity");
            agree(report, &path, "moduleid", activity.attribute("moduleid"), &part.id);
            agree(report, &path, "modulename", activity.attribute("modulename"), &part.module);
            if activity.attribute("contextid").is_none_or(str::is_empty) {
                report.add("part-ids", &path, "no contextid");
            }
            match activity.child(&part.module) {
                None => report.add("part-fields", &path, format!("no <{}>", part.module)),
                Some(instance) => {
                    need(instance, &path, &["name"], report);
                    agree(
                        report,
                        &path,
                        "instance id",
                        instance.attribute("id"),
                        activity.attribute("id").unwrap_or_default(),
                    );
                }
            }
        }
    }
}

fn people(case: &Case<'_>, report: &mut Report) {
    let path = "users.xml";
    let Some(users) = case.document(path) else {
        return;
    };
    let mut names = BTreeMap::new();
    for user in users.all("user") {
        need(user, path, &["username"], report);
        let id = user.attribute("id").unwrap_or_default();
        if id.is_empty() || user.attribute("contextid").is_none() {
            report.add("part-ids", path, format!("user {id:?} lacks id or contextid"));
        }
        if let Some(name) = user.value("username")
            && let Some(other) = names.insert(name.to_lowercase(), id)
        {
            report.add("part-ids", path, format!("username {name:?} is that of {other} and of {id}"));
        }
    }
}

fn contexts(case: &Case<'_>, report: &mut Report) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, document) in &case.documents {
        if matches!(document.name.as_str(), "activity" | "course" | "block")
            && let Some(context) = document.attribute("contextid")
            && let Some(other) = owners.insert(context, path)
            // A block with data of its own has two documents.
            && other.rsplit_once('/').map(|(directory, _)| directory) != path.rsplit_once('/').map(|(directory, _)| directory)
        {
            report.add("part-contexts", path, format!("context {context} is that of {other} too"));
        }
    }
}
