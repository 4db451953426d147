//! Which piece of which document, and which file, belongs to which facet.
//!
//! The knowledge is data: rules with element paths per kind of document ([`parts`]) and per module ([`modules`]), and by
//! component and area for files ([`files`]). Without a rule a piece is definition and carries only the facets of its part.

pub mod files;
pub mod modules;
pub mod parts;

use crate::layout::{OwnerKind, PartName};
use crate::rows::RowKind;

/// Names of facets, those of the host's field (`types.wit`).
pub mod names {
    #![allow(missing_docs)]
    pub const ACTIVITY: &str = "activity";
    pub const BLOCK: &str = "block";
    pub const FILTER: &str = "filter";
    pub const USER_DATA: &str = "user-data";
    pub const ENROLMENT: &str = "enrolment";
    pub const ROLE_ASSIGNMENT: &str = "role-assignment";
    pub const GRADE: &str = "grade";
    pub const GRADE_HISTORY: &str = "grade-history";
    pub const COMPLETION: &str = "completion";
    pub const COMMENT: &str = "comment";
    pub const LOG: &str = "log";
    pub const GROUP: &str = "group";
    pub const BADGE: &str = "badge";
    pub const CALENDAR: &str = "calendar";
    pub const COMPETENCY: &str = "competency";
    pub const CUSTOM_FIELD: &str = "custom-field";
    pub const QUESTION_BANK: &str = "question-bank";
    pub const CONTENT_BANK: &str = "content-bank";
    pub const LEARNING_RECORD: &str = "learning-record";
    pub const LEGACY_FILE: &str = "legacy-file";

    /// All of them.
    pub const ALL: &[&str] = &[
        ACTIVITY,
        BLOCK,
        FILTER,
        USER_DATA,
        ENROLMENT,
        ROLE_ASSIGNMENT,
        GRADE,
        GRADE_HISTORY,
        COMPLETION,
        COMMENT,
        LOG,
        GROUP,
        BADGE,
        CALENDAR,
        COMPETENCY,
        CUSTOM_FIELD,
        QUESTION_BANK,
        CONTENT_BANK,
        LEARNING_RECORD,
        LEGACY_FILE,
    ];
}

/// Facets in the fixed order of [`names::ALL`] or as a rule gives them.
pub type Facets = &'static [&'static str];

/// When a rule holds for an element that its path fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When this field of the element names a person: is neither missing nor null, empty or 0. It must be one of those
    /// that [`names_people`] knows.
    Names(&'static str),
    /// When this field of the element is there and null, empty or 0. The scan of references must know the field.
    Lacks(&'static str),
}

/// Says what an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Names of the elements from the root down, joined by `/`. `*` at the end of a name stands for any end of it.
    pub path: &'static str,
    /// The condition.
    pub when: When,
    /// What the element's bytes carry beyond the part's own facets.
    pub facets: Facets,
    /// The kind of row it is, if it is one.
    pub row: Option<RowKind>,
    /// For a row that ends early: the name of the child before which it ends.
    pub until: Option<&'static str>,
}

impl Rule {
    /// An element under facets.
    pub const fn under(path: &'static str, facets: Facets) -> Self {
        Self { path, when: When::Always, facets, row: None, until: None }
    }

    /// An element of a module that is the data of people.
    pub const fn people(path: &'static str) -> Self {
        Self::under(path, &[names::USER_DATA])
    }

    /// As [`Rule::people`], when a field of it names a person.
    pub const fn people_when(path: &'static str, field: &'static str) -> Self {
        Self { when: When::Names(field), ..Self::people(path) }
    }

    /// As [`Rule::people`], when a field of it is there and names nothing.
    pub const fn people_without(path: &'static str, field: &'static str) -> Self {
        Self { when: When::Lacks(field), ..Self::people(path) }
    }

    /// An element that is not looked into: it carries what the part does, whatever it names.
    pub const fn definition(path: &'static str) -> Self {
        Self::under(path, &[])
    }

    /// A row under facets.
    pub const fn row(path: &'static str, kind: RowKind, facets: Facets) -> Self {
        Self { row: Some(kind), ..Self::under(path, facets) }
    }

    /// The beginning of an element as a row, up to a child.
    pub const fn head(path: &'static str, kind: RowKind, until: &'static str) -> Self {
        Self { row: Some(kind), until: Some(until), ..Self::under(path, &[]) }
    }

    /// Whether the rule's path is the given one.
    pub fn fits(&self, path: &str) -> bool {
        if !self.path.contains('*') {
            return self.path == path;
        }
        let mut found = path.split('/');
        self.path.split('/').all(|s| found.next().is_some_and(|f| segment_fits(s, f))) && found.next().is_none()
    }

    /// Whether elements that the rule is about lie inside the one of the given path.
    pub fn leads_through(&self, path: &str) -> bool {
        let mut own = self.path.split('/');
        path.split('/').all(|f| own.next().is_some_and(|s| segment_fits(s, f))) && own.next().is_some()
    }
}

fn segment_fits(rule: &str, found: &str) -> bool {
    match rule.strip_suffix('*') {
        Some(beginning) => found.starts_with(beginning),
        None => rule == found,
    }
}

/// Where to look for people in elements that no rule is about and that no rule's element lies in: plugins and later
/// releases add some. A subtree that names people is user data then. The root has depth 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Elements at a depth, which are scalars, records, or lists of records.
    At {
        /// The depth.
        depth: usize,
        /// Whether there are rules for the rest of the document. If not, that alone is worth a warning.
        known: bool,
    },
    /// Elements whose names begin with `plugin_`, at any depth, and what is in them.
    Plugins,
}

/// Everything the splitter needs to know of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRules {
    /// Facets that all of its runs carry.
    pub facets: Vec<&'static str>,
    /// Rules for its elements.
    pub rules: &'static [Rule],
    /// The rule for unknown documents, where it applies: a subtree that names people is user data.
    pub probe: Option<Probe>,
}

/// The facets that all runs of a part carry.
pub fn part_facets(part: &PartName) -> Vec<&'static str> {
    part_rules(part).facets
}

/// The rules for a part.
pub fn part_rules(part: &PartName) -> PartRules {
    let kind = part.owner.kind();
    let mut facets: Vec<&'static str> = match kind {
        OwnerKind::Activity => vec![names::ACTIVITY],
        OwnerKind::CourseBlock => vec![names::BLOCK],
        OwnerKind::ActivityBlock => vec![names::ACTIVITY, names::BLOCK],
        _ => Vec::new(),
    };
    if let Some(module) = part.module() {
        let known = modules::rules(module);
        let probe = Some(Probe::At { depth: 3, known: known.is_some() });
        return PartRules { facets, rules: known.unwrap_or(&[]), probe };
    }
    match parts::document(kind, &part.file) {
        Some(document) => {
            facets.extend_from_slice(document.facets);
            PartRules { facets, rules: document.rules, probe: document.probe }
        }
        // A block's own document is built like a module's.
        None => {
            let depth = if part.block() == part.file.strip_suffix(".xml") { 3 } else { 2 };
            PartRules { facets, rules: &[], probe: Some(Probe::At { depth, known: false }) }
        }
    }
}

/// Whether a document is made anew from what else is written, and so never kept as a part: the master file, its log and
/// index, `files.xml`, `users.xml`, the roles at the top, and every `inforef.xml`.
pub fn is_derived(part: &PartName) -> bool {
    match part.owner.kind() {
        OwnerKind::Archive => matches!(
            part.file.as_str(),
            "moodle_backup.xml" | "moodle_backup.log" | ".ARCHIVE_INDEX" | "files.xml" | "users.xml" | "roles.xml"
        ),
        _ => part.file == "inforef.xml",
    }
}

/// Whether a module is one of Moodle's own, whose rules are known.
pub fn module_is_known(module: &str) -> bool {
    modules::rules(module).is_some()
}

/// Whether an element's name says that it holds a person's id.
pub fn names_people(element: &[u8]) -> bool {
    PEOPLE.iter().any(|name| name.as_bytes() == element)
}

/// Names of elements that hold a person's id, in all documents.
const PEOPLE: &[&str] = &[
    "userid",
    "user_id",
    "usermodified",
    "usercreated",
    "modifierid",
    "authorid",
    "reviewerid",
    "gradeoverby",
    "gradinggradeoverby",
    "grader",
    "graderid",
    "raterid",
    "loggeduser",
    "createdby",
    "modifiedby",
    "ownerid",
    "recipientid",
    "issuerid",
    "relateduserid",
    "realuserid",
    "allocatedmarker",
    "privatereplyto",
    "useridfrom",
    "useridto",
    "studentid",
    "teacherid",
    "teacher",
    "assessorid",
    "creatorid",
    "lockedby",
    "usergiven",
    "submitterid",
    "markerid",
    "ownedby",
    "userfrom",
    "userto",
    "learnerid",
    "takenby",
    "lasttakenby",
    "gradedby",
    "markedby",
    "approvedby",
    "commentby",
    "participantid",
    "memberid",
    "senderid",
    "receiverid",
    "fromuserid",
    "touserid",
    "targetuserid",
    "student",
    "uid",
];

/// Those of [`PEOPLE`] that only say who changed something last, as nearly everything does, definitions too.
const LAST_CHANGED: &[&str] = &["usermodified", "modifierid", "modifiedby"];

/// Whether a field of that name makes what no rule is about the data of people.
pub fn makes_user_data(element: &[u8]) -> bool {
    names_people(element) && !LAST_CHANGED.iter().any(|name| name.as_bytes() == element)
}

#[cfg(test)]
mod tests;
