//! Rules of reference: `inforef.xml` is the only thing that pulls people, files, roles, … into a restore
//! (moodle-observed.md 5), and the pool behind `files.xml` (mbz-format.md 6).

use super::{Case, Report};
use crate::tree::Element;
use std::collections::{BTreeMap, BTreeSet};

/// SHA-1 of nothing, the content hash of directory rows.
const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// Components whose files restore takes by kind, not by the context of a part (mbz-format.md 5.2).
const CONTEXT_FREE: &[&str] = &["user", "group", "grouping", "badges", "grade", "question"];

/// Elements that hold a person's id and pull that person in. `modifierid` of enrolments and roles does not: real backups
/// hold modifiers who are not in them, and restore puts the restoring user there.
const PERSON_FIELDS: &[&str] = &[
    "userid",
    "relateduserid",
    "authorid",
    "reviewerid",
    "grader",
    "usermodified",
    "loggeduser",
    "createdby",
    "modifiedby",
    "ownerid",
    "usercreated",
    "recipientid",
    "issuerid",
    "raterid",
    "gradeoverby",
    "realuserid",
];

/// Id → the parts whose `inforef.xml` names it, by kind (`user`, `file`, …).
type Named = BTreeMap<String, BTreeMap<String, Vec<String>>>;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let named = named(case);
    dangling(case, &named, report);
    files(case, &named, report);
    people(case, &named, report);
    roles(case, &named, report);
    groups(case, &named, report);
    grades(case, report);
    questions(case, &named, report);
    old_questions(case, &named, report);
}

fn named(case: &Case<'_>) -> Named {
    let mut named = Named::new();
    for (path, document) in &case.documents {
        let Some(part) = path.strip_suffix("/inforef.xml") else {
            continue;
        };
        for item in document.children.iter().flat_map(|g| &g.children) {
            if let Some(id) = item.value("id") {
                named.entry(item.name.clone()).or_default().entry(id.to_owned()).or_default().push(part.to_owned());
            }
        }
    }
    named
}

fn is_named(named: &Named, kind: &str, id: &str) -> bool {
    named.get(kind).is_some_and(|ids| ids.contains_key(id))
}

/// Ids of the rows of that name in a document.
fn ids(case: &Case<'_>, path: &str, row: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(document) = case.document(path) {
        document.walk(&mut |e| {
            if e.name == row
                && let Some(id) = e.attribute("id")
            {
                found.insert(id.to_owned());
            }
        });
    }
    found
}

fn dangling(case: &Case<'_>, named: &Named, report: &mut Report) {
    let mut grade_items = ids(case, "gradebook.xml", "grade_item");
    for activity in &case.activities {
        grade_items.extend(ids(case, &format!("{}/grades.xml", activity.directory), "grade_item"));
    }
    let mut known = BTreeMap::from([
        ("file", ids(case, "files.xml", "file")),
        ("role", ids(case, "roles.xml", "role")),
        ("group", ids(case, "groups.xml", "group")),
        ("grouping", ids(case, "groups.xml", "grouping")),
        ("scale", ids(case, "scales.xml", "scale")),
        ("outcome", ids(case, "outcomes.xml", "outcome")),
        ("grade_item", grade_items),
        ("question_category", ids(case, "questions.xml", "question_category")),
    ]);
    // Without users.xml the names of people stand in inforef.xml all the same, for authors.
    if case.on("users") {
        known.insert("user", ids(case, "users.xml", "user"));
    }
    for (kind, rows) in named {
        let Some(known) = known.get(kind.as_str()) else {
            continue;
        };
        for (id, parts) in rows.iter().filter(|(id, _)| !known.contains(*id)) {
            for part in parts {
                report.add("inforef-dangling", &format!("{part}/inforef.xml"), format!("{kind} {id} does not exist"));
            }
        }
    }
}

/// The context of a part, whose files its `inforef.xml` can pull in.
fn context<'c>(case: &'c Case<'_>, part: &str) -> Option<&'c str> {
    let path = if part == "course" || part.starts_with("sections/") {
        "course/course.xml".to_owned()
    } else if part.contains("/blocks/") {
        format!("{part}/block.xml")
    } else {
        let module = &case.activities.iter().find(|a| a.directory == part)?.module;
        format!("{part}/{module}.xml")
    };
    case.document(&path)?.attribute("contextid")
}

fn files(case: &Case<'_>, named: &Named, report: &mut Report) {
    let Some(document) = case.document("files.xml") else {
        return;
    };
    let included = case.information("include_files") != Some("0");
    let no_parts = BTreeMap::new();
    let naming = named.get("file").unwrap_or(&no_parts);
    let mut contexts: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for part in naming.values().flatten() {
        contexts.entry(part).or_insert_with(|| context(case, part));
    }
    let (mut places, mut seen, mut hashes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in document.all("file") {
        let id = row.attribute("id").unwrap_or_default();
        if !seen.insert(id) {
            report.add("files-duplicate", "files.xml", format!("id {id} occurs twice"));
        }
        if let Some(fault) = row_fault(row) {
            report.add("files-fields", "files.xml", format!("file {id}: {fault}"));
            continue;
        }
        let value = |name: &str| row.value(name).unwrap_or_default();
        let place = ["contextid", "component", "filearea", "itemid", "filepath", "filename"].map(value);
        if !places.insert(place) {
            report.add("files-duplicate", "files.xml", format!("file {id}: {} is there twice", place.join("|")));
        }
        named_in_context(row, id, naming, &contexts, report);

        let hash = value("contenthash");
        let pool = format!("files/{}/{hash}", hash.get(..2).unwrap_or_default());
        hashes.insert(pool.clone());
        let alias = row.value("repositoryid").is_some();
        match case.archive.pool.get(&pool) {
            Some(file) if value("filesize") != file.size.to_string() => {
                report.add(
                    "pool-content",
                    &pool,
                    format!("file {id} says {} bytes, there are {}", value("filesize"), file.size),
                );
            }
            // Moodle makes the empty content itself.
            None if included && hash != NOTHING && !alias => {
                report.add("pool-missing", &pool, format!("content of file {id}"));
            }
            _ => {}
        }
    }
    for (path, file) in &case.archive.pool {
        if *path != format!("files/{}/{}", &file.sha1[..2], file.sha1) {
            report.add("pool-content", path, format!("the content's SHA-1 is {}", file.sha1));
        }
        if !hashes.contains(path) {
            report.add("pool-surplus", path, "no file row has this content");
        } else if !included {
            report.add("pool-surplus", path, "there though include_files is 0");
        }
    }
}

fn row_fault(row: &Element) -> Option<String> {
    for name in ["contenthash", "contextid", "component", "filearea", "itemid", "filepath", "filename"] {
        if row.value(name).is_none_or(str::is_empty) {
            return Some(format!("no {name}"));
        }
    }
    let value = |name: &str| row.value(name).unwrap_or_default();
    let (path, hash) = (value("filepath"), value("contenthash"));
    if !path.starts_with('/') || !path.ends_with('/') {
        return Some(format!("filepath {path:?} does not begin and end with a slash"));
    }
    if hash.len() != 40 || !hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Some(format!("contenthash {hash:?} is no SHA-1"));
    }
    if value("filename") == "." && (hash != NOTHING || value("filesize") != "0") {
        return Some("a directory with content".to_owned());
    }
    None
}

fn named_in_context(
    row: &Element,
    id: &str,
    naming: &BTreeMap<String, Vec<String>>,
    contexts: &BTreeMap<&str, Option<&str>>,
    report: &mut Report,
) {
    let value = |name: &str| row.value(name).unwrap_or_default();
    let component = value("component");
    let free = CONTEXT_FREE.contains(&component) || component.starts_with("qtype_");
    let Some(parts) = naming.get(id) else {
        // Moodle notes those after the lists are written, and its restore asks no list for them.
        if free {
            return;
        }
        report.add(
            "inforef-file",
            "files.xml",
            format!("file {id} ({}) is named by no inforef.xml", value("filename")),
        );
        return;
    };
    let own = parts.iter().any(|p| contexts.get(p.as_str()).copied().flatten() == Some(value("contextid")));
    if !free && !own {
        report.add(
            "inforef-file",
            "files.xml",
            format!(
                "file {id} of context {} is named only by {}, of other contexts",
                value("contextid"),
                parts.join(", ")
            ),
        );
    }
}

/// Is this text a reference to a row? 0 and negative numbers mean nobody or a special case.
fn is_reference(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|n| n > 0)
}

fn people(case: &Case<'_>, named: &Named, report: &mut Report) {
    if !case.on("users") {
        return;
    }
    let known = ids(case, "users.xml", "user");
    let mut wanted: BTreeMap<&str, &str> = BTreeMap::new();
    // Moodle writes the documents at the top after the lists: whom only those name (the author of a question, say, or
    // somebody who left and has a grade) is in users.xml and on no list.
    let mut from_top: BTreeSet<&str> = BTreeSet::new();
    for (path, document) in &case.documents {
        // The owner of a file row is optional: restore takes the restoring user instead (mbz-format.md 6). Log rows
        // pull nobody in: real backups hold rows of people who are not in them, and restore drops those.
        let pulls_nobody = matches!(path.as_str(), "files.xml" | "users.xml")
            || ["/inforef.xml", "/logs.xml", "/logstores.xml"].iter().any(|end| path.ends_with(end));
        if pulls_nobody {
            continue;
        }
        document.walk(&mut |e| {
            if e.children.is_empty() && PERSON_FIELDS.contains(&e.name.as_str()) && is_reference(&e.text) {
                if path.contains('/') {
                    wanted.entry(&e.text).or_insert(path);
                } else {
                    from_top.insert(&e.text);
                    if !known.contains(&e.text) {
                        wanted.entry(&e.text).or_insert(path);
                    }
                }
            }
        });
    }
    for (id, path) in wanted {
        if !known.contains(id) {
            report.add("inforef-user", path, format!("user {id} is not in users.xml"));
        } else if !is_named(named, "user", id) {
            report.add("inforef-user", path, format!("user {id} is named by no inforef.xml"));
        }
    }
    for id in known.iter().filter(|id| !is_named(named, "user", id) && !from_top.contains(id.as_str())) {
        report.add("inforef-user", "users.xml", format!("user {id} is named by no inforef.xml and would be left out"));
    }
}

fn roles(case: &Case<'_>, named: &Named, report: &mut Report) {
    let known = ids(case, "roles.xml", "role");
    for (path, document) in &case.documents {
        if path == "roles.xml" || path.ends_with("logstores.xml") {
            continue;
        }
        let mut bad = BTreeSet::new();
        document.walk(&mut |e| {
            if e.name == "roleid"
                && is_reference(&e.text)
                // The roles that people have with regard to each other are taken with them.
                && !(known.contains(&e.text) && (path == "users.xml" || is_named(named, "role", &e.text)))
            {
                bad.insert(e.text.clone());
            }
        });
        for id in bad {
            report.add("inforef-role", path, format!("role {id} is not in roles.xml or named by no inforef.xml"));
        }
    }
}

fn groups(case: &Case<'_>, named: &Named, report: &mut Report) {
    if case.settings.get("groups").is_some_and(|v| v == "0") {
        return;
    }
    let kinds = [
        ("group", "groupid", ids(case, "groups.xml", "group")),
        ("grouping", "groupingid", ids(case, "groups.xml", "grouping")),
    ];
    for (path, document) in &case.documents {
        document.walk(&mut |e| {
            for (kind, ending, known) in &kinds {
                if e.children.is_empty()
                    && e.name.ends_with(ending)
                    && is_reference(&e.text)
                    && !(known.contains(&e.text) && is_named(named, kind, &e.text))
                {
                    report.add(
                        "inforef-group",
                        path,
                        format!("{kind} {} is not in groups.xml or named by no inforef.xml", e.text),
                    );
                }
            }
        });
    }
}

fn grades(case: &Case<'_>, report: &mut Report) {
    let scales = ids(case, "scales.xml", "scale");
    let outcomes = ids(case, "outcomes.xml", "outcome");
    for activity in &case.activities {
        let path = format!("{}/grades.xml", activity.directory);
        let Some(document) = case.document(&path) else {
            continue;
        };
        let inforef = case.document(&format!("{}/inforef.xml", activity.directory));
        let named = |group: &str, id: &str| {
            inforef.and_then(|i| i.child(group)).is_some_and(|g| g.children.iter().any(|e| e.value("id") == Some(id)))
        };
        for item in document.find_all("grade_item") {
            let id = item.attribute("id").unwrap_or_default();
            if !named("grade_itemref", id) {
                report.add(
                    "inforef-grade",
                    &path,
                    format!("grade item {id} is not named by the activity's inforef.xml"),
                );
            }
            for (field, known) in [("scaleid", &scales), ("outcomeid", &outcomes)] {
                if let Some(row) = item.value(field)
                    && is_reference(row)
                    && !known.contains(row)
                {
                    report.add("inforef-grade", &path, format!("grade item {id}: {field} {row} does not exist"));
                }
            }
        }
    }
}

/// Before 4.0 questions stand directly in their category, and a quiz names them instead of entries of the bank.
fn old_questions(case: &Case<'_>, named: &Named, report: &mut Report) {
    let mut category_of: BTreeMap<&str, &str> = BTreeMap::new();
    let bank = case.document("questions.xml");
    for category in bank.iter().flat_map(|bank| bank.all("question_category")) {
        for question in category.child("questions").iter().flat_map(|list| list.all("question")) {
            if let (Some(id), Some(category)) = (question.attribute("id"), category.attribute("id")) {
                category_of.insert(id, category);
            }
        }
    }
    for activity in &case.activities {
        let path = format!("{}/{}.xml", activity.directory, activity.module);
        let Some(document) = case.document(&path) else {
            continue;
        };
        for instance in document.find_all("question_instance") {
            let Some(question) = instance.value("questionid").or_else(|| instance.value("question")) else {
                continue;
            };
            match category_of.get(question) {
                None => report.add("inforef-question", &path, format!("question {question} does not exist")),
                Some(category) if !is_named(named, "question_category", category) => {
                    report.add(
                        "inforef-question",
                        &path,
                        format!("question category {category} is named by no inforef.xml"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}

fn questions(case: &Case<'_>, named: &Named, report: &mut Report) {
    let mut category_of: BTreeMap<&str, &str> = BTreeMap::new();
    if let Some(bank) = case.document("questions.xml") {
        for entry in bank.find_all("question_bank_entry") {
            if let (Some(id), Some(category)) = (entry.attribute("id"), entry.value("questioncategoryid")) {
                category_of.insert(id, category);
            }
        }
    }
    for activity in &case.activities {
        let path = format!("{}/{}.xml", activity.directory, activity.module);
        let Some(document) = case.document(&path) else {
            continue;
        };
        for reference in document.find_all("question_reference") {
            let entry = reference.value("questionbankentryid").unwrap_or_default();
            match category_of.get(entry) {
                None => report.add("inforef-question", &path, format!("question bank entry {entry} does not exist")),
                Some(category) if !is_named(named, "question_category", category) => {
                    report.add(
                        "inforef-question",
                        &path,
                        format!("question category {category} is named by no inforef.xml"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}
