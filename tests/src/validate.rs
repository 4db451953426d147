//! What a real Moodle requires of an archive, checked without a Moodle.
//!
//! Every rule is in [`RULES`] with where it comes from. The judge is stricter than Moodle's restore in one respect: what
//! Moodle silently drops (a file that no `inforef.xml` names, a person nobody pulls in) is a finding too.

mod container;
mod file_name;
mod master;
mod parts;
mod references;
mod xml;

pub use file_name::validate_file_name;

use crate::tree::Element;
use crate::unpacked::Unpacked;
use std::collections::BTreeMap;
use std::fmt;

/// Something to demand of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its short name.
    pub id: &'static str,
    /// What it demands.
    pub demand: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

const fn rule(id: &'static str, demand: &'static str, source: &'static str) -> Rule {
    Rule { id, demand, source }
}

const OBSERVED_4: &str = "moodle-observed.md 4";
const OBSERVED_5: &str = "moodle-observed.md 5";
const OBSERVED_8: &str = "moodle-observed.md 8";
const FORMAT_1: &str = "mbz-format.md 1";
const FORMAT_3: &str = "mbz-format.md 3";
const FORMAT_4: &str = "mbz-format.md 4";
const FORMAT_5: &str = "mbz-format.md 5";
const FORMAT_6: &str = "mbz-format.md 6";

/// Every rule.
pub const RULES: &[Rule] = &[
    rule("container-wrapped", "everything lies at the top, not in a folder", OBSERVED_4),
    rule(
        "container-path",
        "paths are relative, ASCII, at most 256 characters, names at most 100, no `.` or `..`",
        OBSERVED_4,
    ),
    rule("container-duplicate", "no path occurs twice", FORMAT_1),
    rule("container-member", "only ordinary files and directories", FORMAT_1),
    rule(
        "container-header",
        "ustar headers without owner, zip entries stored or deflated, whole archive ended properly",
        OBSERVED_4,
    ),
    rule("container-index", "an index, if there, is first in a tar.gz and lists exactly the members", FORMAT_1),
    rule("xml-declaration", "begins with the plain UTF-8 declaration and a line break", FORMAT_3),
    rule("xml-bom", "no byte order mark", FORMAT_3),
    rule("xml-doctype", "no document type", FORMAT_3),
    rule("xml-malformed", "well-formed UTF-8", OBSERVED_5),
    rule("xml-control", "no control characters but tab and line feed", FORMAT_3),
    rule("master-missing", "moodle_backup.xml is there", OBSERVED_5),
    rule("master-sniff", "its first 200 bytes hold the declaration, <moodle_backup> and <information>", OBSERVED_5),
    rule("master-information", "the information restore needs is there and sensible", OBSERVED_5),
    rule("master-tags", "names of the original course hold nothing like a tag", OBSERVED_8),
    rule(
        "contents-fields",
        "activities and sections in contents have their ids, module name and directory, which agree",
        OBSERVED_5,
    ),
    rule("contents-missing", "files of every included part, and the root files, are there", OBSERVED_5),
    rule("contents-unlisted", "every part in the archive is in contents", OBSERVED_5),
    rule("contents-order", "order in contents is the order of the section's sequence, sections agree", OBSERVED_5),
    rule("settings-missing", "settings activities, users and each activity's userinfo are there", OBSERVED_5),
    rule("settings-contents", "settings of parts and contents name the same parts, values are 0 or 1", OBSERVED_5),
    rule("settings-hierarchy", "a switch that depends on another is off when that one is", FORMAT_4),
    rule("settings-file", "files that switched-on settings make mandatory are there", OBSERVED_5),
    rule("settings-users", "with users off nothing of people is there", FORMAT_4),
    rule("inforef-dangling", "what an inforef.xml names exists", FORMAT_5),
    rule(
        "inforef-file",
        "every file row is named by the inforef.xml of a part of its context, but those taken by component",
        OBSERVED_5,
    ),
    rule(
        "inforef-user",
        "every person content refers to is in users.xml, and named by an inforef.xml unless only documents at the top refer to them",
        OBSERVED_5,
    ),
    rule(
        "inforef-role",
        "every role referred to is in roles.xml, and named unless only people's own roles refer to it",
        OBSERVED_5,
    ),
    rule("inforef-group", "every group and grouping referred to is in groups.xml and named", FORMAT_5),
    rule("inforef-grade", "every grade item of an activity, with its scale and outcome, is named", FORMAT_5),
    rule("inforef-question", "questions that slots use exist, and their categories are named", FORMAT_5),
    rule("files-fields", "file rows have what restore needs, well-formed", OBSERVED_5),
    rule("files-duplicate", "no two file rows of one id or one place", FORMAT_6),
    rule("pool-missing", "content of every file row is in the pool when include_files is 1", FORMAT_6),
    rule("pool-content", "pool files lie at their SHA-1, with the size their rows say", FORMAT_6),
    rule("pool-surplus", "no pool file without a row, no pool when include_files is 0", FORMAT_6),
    rule("part-fields", "leaf fields that restore cannot do without", OBSERVED_5),
    rule("part-ids", "ids in a part's files agree with its directory and with contents", FORMAT_5),
    rule("part-contexts", "no two parts share a context", FORMAT_5),
    rule("file-name", "the archive's own name is of Moodle's form", "moodle-observed.md 6"),
];

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, one of [`RULES`].
    pub rule: &'static str,
    /// The file in the archive; empty for the archive as a whole.
    pub path: String,
    /// What is wrong, with the ids concerned.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(archive)" } else { &self.path };
        write!(f, "{}: {path}: {}", self.rule, self.message)
    }
}

/// Checks an archive; nothing found means that Moodle 4.5 would restore it whole.
pub fn validate(archive: &Unpacked) -> Vec<Finding> {
    let mut report = Report::default();
    container::check(archive, &mut report);
    let documents = xml::check(archive, &mut report);
    let case = Case::new(archive, documents);
    master::check(&case, &mut report);
    parts::check(&case, &mut report);
    references::check(&case, &mut report);
    report.findings
}

/// Collects findings.
#[derive(Debug, Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, rule: &'static str, path: &str, message: impl Into<String>) {
        debug_assert!(RULES.iter().any(|r| r.id == rule), "unlisted rule {rule}");
        self.findings.push(Finding { rule, path: path.to_owned(), message: message.into() });
    }
}

/// A part of the course that `contents` names.
#[derive(Debug, Clone)]
struct Part {
    /// Its directory, as `contents` has it.
    directory: String,
    /// Course-module or section id.
    id: String,
    /// Of an activity, its section's id.
    section: String,
    /// Of an activity, its module; empty for a section.
    module: String,
}

/// An archive with its documents read and its master file understood.
struct Case<'a> {
    archive: &'a Unpacked,
    documents: BTreeMap<String, Element>,
    /// Root settings by name.
    settings: BTreeMap<String, String>,
    activities: Vec<Part>,
    sections: Vec<Part>,
}

impl<'a> Case<'a> {
    fn new(archive: &'a Unpacked, documents: BTreeMap<String, Element>) -> Self {
        let mut case =
            Case { archive, documents, settings: BTreeMap::new(), activities: Vec::new(), sections: Vec::new() };
        let Some(information) = case.document("moodle_backup.xml").and_then(|d| d.child("information")) else {
            return case;
        };
        let field = |e: &Element, name: &str| e.value(name).unwrap_or_default().to_owned();
        let settings = information
            .child("settings")
            .map_or(BTreeMap::new(), |s| s.children.iter().map(|s| (field(s, "name"), field(s, "value"))).collect());
        let parts = |group: &str, id: &str| -> Vec<Part> {
            information.at(&["contents", group]).map_or(Vec::new(), |g| {
                g.children
                    .iter()
                    .map(|e| Part {
                        directory: field(e, "directory"),
                        id: field(e, id),
                        section: field(e, "sectionid"),
                        module: field(e, "modulename"),
                    })
                    .collect()
            })
        };
        let (activities, sections) = (parts("activities", "moduleid"), parts("sections", "sectionid"));
        (case.settings, case.activities, case.sections) = (settings, activities, sections);
        case
    }

    fn document(&self, path: &str) -> Option<&Element> {
        self.documents.get(path)
    }

    fn has(&self, path: &str) -> bool {
        self.archive.documents.contains_key(path)
    }

    /// Is a setting on? One that is absent is off.
    fn on(&self, setting: &str) -> bool {
        self.settings.get(setting).is_some_and(|v| v == "1")
    }

    fn information(&self, field: &str) -> Option<&str> {
        self.document("moodle_backup.xml")?.child("information")?.value(field)
    }

    /// A backup of a whole course, as against one section or activity.
    fn whole_course(&self) -> bool {
        let kind = self
            .document("moodle_backup.xml")
            .and_then(|d| d.at(&["information", "details", "detail"]))
            .and_then(|d| d.value("type"));
        kind.is_none_or(|k| k == "course")
    }

    /// Directories of blocks: `course/blocks/html_3` and those within activities.
    fn blocks(&self) -> Vec<&str> {
        self.archive.documents.keys().filter_map(|p| p.strip_suffix("/block.xml")).collect()
    }
}

#[cfg(test)]
mod tests;
