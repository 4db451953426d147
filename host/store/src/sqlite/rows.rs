//! The kinds of row a run can consist of, and how each is inserted.

use super::db::db_int;
use crate::api::{Columns, Result, Row};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Rows of one multi-row statement. Full statements are prepared once and reused.
const BATCH: usize = 100;

/// A kind of row. The number is what `t_run.kind` holds; 0 is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Enrolment = 1,
    RoleAssignment,
    Group,
    GroupMember,
    GradeItem,
    Grade,
    Completion,
    Log,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Enrolment,
        Kind::RoleAssignment,
        Kind::Group,
        Kind::GroupMember,
        Kind::GradeItem,
        Kind::Grade,
        Kind::Completion,
        Kind::Log,
    ];

    pub fn of(columns: &Columns) -> Self {
        match columns {
            Columns::Enrolment { .. } => Kind::Enrolment,
            Columns::RoleAssignment { .. } => Kind::RoleAssignment,
            Columns::Group { .. } => Kind::Group,
            Columns::GroupMember { .. } => Kind::GroupMember,
            Columns::GradeItem { .. } => Kind::GradeItem,
            Columns::Grade { .. } => Kind::Grade,
            Columns::Completion { .. } => Kind::Completion,
            Columns::Log { .. } => Kind::Log,
        }
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.number() == number)
    }

    pub fn number(self) -> i64 {
        self as i64
    }

    /// Elements of published rows of a part, by place.
    pub fn elements_sql(self) -> &'static str {
        match self {
            Kind::Enrolment => "SELECT element FROM enrolment WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::RoleAssignment => {
                "SELECT element FROM role_assignment WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq"
            }
            Kind::Group => "SELECT element FROM course_group WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::GroupMember => "SELECT element FROM group_member WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::GradeItem => "SELECT element FROM grade_item WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::Grade => "SELECT element FROM grade WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::Completion => "SELECT element FROM completion WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            Kind::Log => "SELECT element FROM log WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        }
    }

    /// Removes one row of a part.
    pub fn delete_sql(self) -> &'static str {
        match self {
            Kind::Enrolment => "DELETE FROM t_enrolment WHERE part = ? AND seq = ?",
            Kind::RoleAssignment => "DELETE FROM t_role_assignment WHERE part = ? AND seq = ?",
            Kind::Group => "DELETE FROM t_course_group WHERE part = ? AND seq = ?",
            Kind::GroupMember => "DELETE FROM t_group_member WHERE part = ? AND seq = ?",
            Kind::GradeItem => "DELETE FROM t_grade_item WHERE part = ? AND seq = ?",
            Kind::Grade => "DELETE FROM t_grade WHERE part = ? AND seq = ?",
            Kind::Completion => "DELETE FROM t_completion WHERE part = ? AND seq = ?",
            Kind::Log => "DELETE FROM t_log WHERE part = ? AND seq = ?",
        }
    }

    fn insert_sql(self) -> &'static str {
        match self {
            Kind::Enrolment => {
                "INSERT INTO t_enrolment (change, course, part, seq, element, local, person, method, method_kind, suspended, \
                 start_time, end_time) "
            }
            Kind::RoleAssignment => {
                "INSERT INTO t_role_assignment (change, course, part, seq, element, local, person, role, owner_kind) "
            }
            Kind::Group => "INSERT INTO t_course_group (change, course, part, seq, element, local, name, idnumber) ",
            Kind::GroupMember => {
                "INSERT INTO t_group_member (change, course, part, seq, element, local, person, course_group) "
            }
            Kind::GradeItem => {
                "INSERT INTO t_grade_item (change, course, part, seq, element, local, name, kind, maximum) "
            }
            Kind::Grade => {
                "INSERT INTO t_grade (change, course, part, seq, element, local, person, item, final_grade, modified) "
            }
            Kind::Completion => {
                "INSERT INTO t_completion (change, course, part, seq, element, local, person, state, modified) "
            }
            Kind::Log => {
                "INSERT INTO t_log (change, course, part, seq, element, local, person, time, context, component, action, \
                 target, object_table, object) "
            }
        }
    }
}

/// A row with its place.
pub struct PlacedRow {
    pub part: i64,
    pub owner_kind: i64,
    pub seq: i64,
    pub row: Row,
}

/// Inserts rows of one kind.
pub async fn insert(
    conn: &mut SqliteConnection,
    kind: Kind,
    change: i64,
    course: i64,
    rows: Vec<PlacedRow>,
) -> Result<()> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch: Vec<PlacedRow> = rows.by_ref().take(BATCH).collect();
        let full = batch.len() == BATCH;
        let mut query = QueryBuilder::<Sqlite>::new(kind.insert_sql());
        query.push_values(batch, |mut b, placed| {
            b.push_bind(change)
                .push_bind(course)
                .push_bind(placed.part)
                .push_bind(placed.seq)
                .push_bind(placed.row.element);
            match placed.row.columns {
                Columns::Enrolment { local, person, method, method_kind, suspended, start, end } => {
                    b.push_bind(db_int(local))
                        .push_bind(db_int(person))
                        .push_bind(db_int(method))
                        .push_bind(method_kind);
                    b.push_bind(suspended).push_bind(start).push_bind(end)
                }
                Columns::RoleAssignment { local, person, role } => b
                    .push_bind(db_int(local))
                    .push_bind(db_int(person))
                    .push_bind(db_int(role))
                    .push_bind(placed.owner_kind),
                Columns::Group { local, name, idnumber } => {
                    b.push_bind(db_int(local)).push_bind(name).push_bind(idnumber)
                }
                Columns::GroupMember { local, person, group } => {
                    b.push_bind(db_int(local)).push_bind(db_int(person)).push_bind(db_int(group))
                }
                Columns::GradeItem { local, name, kind, maximum } => {
                    b.push_bind(db_int(local)).push_bind(name).push_bind(kind).push_bind(maximum)
                }
                Columns::Grade { local, person, item, final_grade, modified } => {
                    b.push_bind(db_int(local)).push_bind(db_int(person)).push_bind(db_int(item)).push_bind(final_grade);
                    b.push_bind(modified)
                }
                Columns::Completion { local, person, state, modified } => {
                    b.push_bind(db_int(local)).push_bind(db_int(person)).push_bind(state).push_bind(modified)
                }
                Columns::Log { local, person, time, context, component, action, target, object_table, object } => {
                    b.push_bind(db_int(local)).push_bind(db_int(person)).push_bind(time).push_bind(db_int(context));
                    b.push_bind(component).push_bind(action).push_bind(target).push_bind(object_table);
                    b.push_bind(db_int(object))
                }
            };
        });
        query.build().persistent(full).execute(&mut *conn).await?;
    }
    Ok(())
}
