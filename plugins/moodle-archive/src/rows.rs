//! Rows: the elements of which the host keeps columns (enrolments, groups, grades, log entries ...), and how the columns are
//! read from the elements.

use crate::xml::fields::Fields;

/// Which rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// `enrolment` of `course/enrolments.xml`.
    Enrolment,
    /// `assignment` of a `roles.xml`.
    RoleAssignment,
    /// The beginning of a `group` of `groups.xml`, up to its members.
    Group,
    /// `group_member` of `groups.xml`.
    GroupMember,
    /// The beginning of a `grade_item` of `gradebook.xml` or `grades.xml`, up to its grades.
    GradeItem,
    /// `grade_grade` of `gradebook.xml` or `grades.xml`.
    Grade,
    /// `completion` of an activity's `completion.xml`.
    Completion,
    /// `logstore_standard_log` of `logstores.xml`.
    Log,
    /// `log` of `logs.xml`, the log before Moodle 2.7.
    LegacyLog,
}

/// One row.
///
/// `element` is a stretch of the document: the white space before the element and the element. For groups and
/// grade items it ends before the first nested list, so that members and grades can be rows of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Bytes as written.
    pub element: Vec<u8>,
    /// What is read from them.
    pub columns: Columns,
}

/// The columns of a row, named as in `course-store.wit`. Numbers are the archive's; 0 stands for null.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Columns {
    Enrolment {
        local: u64,
        person: u64,
        method: u64,
        method_kind: String,
        suspended: bool,
        start: i64,
        end: i64,
    },
    RoleAssignment {
        local: u64,
        person: u64,
        role: u64,
    },
    Group {
        local: u64,
        name: String,
        idnumber: String,
    },
    GroupMember {
        local: u64,
        person: u64,
        group: u64,
    },
    GradeItem {
        local: u64,
        name: String,
        kind: String,
        maximum: String,
    },
    Grade {
        local: u64,
        person: u64,
        item: u64,
        final_grade: String,
        modified: i64,
    },
    Completion {
        local: u64,
        person: u64,
        state: u32,
        modified: i64,
    },
    Log {
        local: u64,
        person: u64,
        time: i64,
        context: u64,
        component: String,
        action: String,
        target: String,
        object_table: String,
        object: u64,
    },
}

/// What a row needs to know of the elements around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around<'a> {
    /// The `id` of the element that holds the row's list: the enrolment method, the group, the grade item.
    pub parent: u64,
    /// The kind of the enrolment method.
    pub method_kind: &'a str,
}

/// Reads the columns of a row of the given kind.
pub fn columns(kind: RowKind, fields: &Fields<'_>, around: &Around<'_>) -> Columns {
    let local = fields.attribute_id("id").unwrap_or(0);
    let person = fields.id("userid");
    match kind {
        RowKind::Enrolment => Columns::Enrolment {
            local,
            person,
            method: around.parent,
            method_kind: around.method_kind.to_owned(),
            suspended: fields.flag("status"),
            start: fields.number("timestart"),
            end: fields.number("timeend"),
        },
        RowKind::RoleAssignment => Columns::RoleAssignment { local, person, role: fields.id("roleid") },
        RowKind::Group => Columns::Group { local, name: fields.text("name"), idnumber: fields.text("idnumber") },
        RowKind::GroupMember => Columns::GroupMember { local, person, group: around.parent },
        RowKind::GradeItem => Columns::GradeItem {
            local,
            name: fields.text("itemname"),
            kind: fields.text("itemtype"),
            maximum: fields.text("grademax"),
        },
        RowKind::Grade => Columns::Grade {
            local,
            person,
            item: around.parent,
            final_grade: fields.text("finalgrade"),
            modified: fields.number("timemodified"),
        },
        RowKind::Completion => Columns::Completion {
            local,
            person,
            state: u32::try_from(fields.id("completionstate")).unwrap_or(0),
            modified: fields.number("timemodified"),
        },
        RowKind::Log => Columns::Log {
            local,
            person,
            time: fields.number("timecreated"),
            context: fields.id("contextid"),
            component: fields.text("component"),
            action: fields.text("action"),
            target: fields.text("target"),
            object_table: fields.text("objecttable"),
            object: fields.id("objectid"),
        },
        RowKind::LegacyLog => Columns::Log {
            local,
            person,
            time: fields.number("time"),
            context: 0,
            component: fields.text("module"),
            action: fields.text("action"),
            target: String::new(),
            object_table: String::new(),
            object: 0,
        },
    }
}
