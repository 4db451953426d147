//! Rows on their way from a snapshot into a draft: which columns a table has, and what becomes of each in a copy.

use super::db::model_int;
use super::rows::Kind;
use super::snapshot::SqliteSnapshot;
use crate::api::{CopyNumbers, Result, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, TypeInfo as _, ValueRef as _};
use std::collections::HashMap;

/// Values bound in one statement at most. Full statements of a table are alike, so that they are prepared once.
const BATCH_VALUES: usize = 1500;

/// What becomes of a column in the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// It stays.
    Same,
    /// The copy of that section, activity or block. None stays none.
    Item,
    /// As `Item`; 0, the course, stays.
    Owner,
    /// As `Item`; none where that is not copied.
    Bound,
    /// The copy of that part.
    Part,
    /// The copy of that scope.
    Scope,
}

/// A table of rows of courses: its view, its base table, and the columns besides change and course.
pub struct Table {
    pub view: &'static str,
    pub base: &'static str,
    pub columns: &'static [(&'static str, Via)],
    /// Whether its rows have facets.
    pub faceted: bool,
}

use Via::{Bound, Item, Owner, Part, Same, Scope};

pub const SECTION: Table = Table {
    view: "section",
    base: "t_section",
    columns: &[
        ("id", Item),
        ("scope", Scope),
        ("local", Same),
        ("number", Same),
        ("name", Same),
        ("visible", Same),
        ("delegated_to", Same),
    ],
    faceted: false,
};

pub const ACTIVITY: Table = Table {
    view: "activity",
    base: "t_activity",
    columns: &[
        ("id", Item),
        ("scope", Scope),
        ("local", Same),
        ("section", Same),
        ("bound_section", Bound),
        ("module", Same),
        ("instance", Same),
        ("context", Same),
        ("name", Same),
        ("visible", Same),
        ("idnumber", Same),
    ],
    faceted: false,
};

pub const BLOCK: Table = Table {
    view: "block",
    base: "t_block",
    columns: &[("id", Item), ("scope", Scope), ("local", Same), ("name", Same), ("context", Same), ("activity", Item)],
    faceted: false,
};

pub const PART: Table = Table {
    view: "part",
    base: "t_part",
    columns: &[
        ("id", Part),
        ("scope", Scope),
        ("owner_kind", Same),
        ("owner", Owner),
        ("name", Same),
        ("facets", Same),
        ("size", Same),
    ],
    faceted: true,
};

pub const REFERENCE: Table = Table {
    view: "course_reference",
    base: "t_reference",
    columns: &[("owner_kind", Same), ("owner", Owner), ("kind", Same), ("local", Same), ("facets", Same)],
    faceted: true,
};

pub const ENTRY: Table = Table {
    view: "entry",
    base: "t_entry",
    columns: &[
        ("scope", Scope),
        ("kind", Same),
        ("local", Same),
        ("name", Same),
        ("archetype", Same),
        ("element", Same),
    ],
    faceted: false,
};

pub const FILE: Table = Table {
    view: "course_file",
    base: "t_course_file",
    columns: &[
        ("scope", Scope),
        ("local", Same),
        ("context", Same),
        ("component", Same),
        ("area", Same),
        ("item", Same),
        ("path", Same),
        ("name", Same),
        ("blob", Same),
        ("size", Same),
        ("mimetype", Same),
        ("person", Same),
        ("facets", Same),
        ("element", Same),
    ],
    faceted: true,
};

pub const PERSON_LINK: Table = Table {
    view: "person_link",
    base: "t_person_link",
    columns: &[
        ("scope", Scope),
        ("local", Same),
        ("person", Same),
        ("username", Same),
        ("email", Same),
        ("firstname", Same),
        ("lastname", Same),
        ("idnumber", Same),
        ("first_access", Same),
        ("deleted", Same),
        ("suspended", Same),
        ("element", Same),
    ],
    faceted: false,
};

pub const BINDING: Table = Table {
    view: "binding",
    base: "t_binding",
    columns: &[("scope", Scope), ("kind", Same), ("local", Same), ("target_scope", Scope), ("target", Same)],
    faceted: false,
};

/// The table of a kind of row. People and roles that are known of a row are those of its copy.
pub fn of_rows(kind: Kind) -> Table {
    const PLACE: [(&str, Via); 3] = [("part", Part), ("seq", Same), ("element", Same)];
    macro_rules! rows {
        ($view:literal, $base:literal, $($column:literal),*) => {
            Table {
                view: $view,
                base: $base,
                columns: &[PLACE[0], PLACE[1], PLACE[2], $(($column, Same)),*],
                faceted: false,
            }
        };
    }
    match kind {
        Kind::Enrolment => rows!(
            "enrolment",
            "t_enrolment",
            "local",
            "person",
            "method",
            "method_kind",
            "suspended",
            "start_time",
            "end_time",
            "site_person"
        ),
        Kind::RoleAssignment => rows!(
            "role_assignment",
            "t_role_assignment",
            "local",
            "person",
            "role",
            "owner_kind",
            "site_person",
            "site_role"
        ),
        Kind::Group => rows!("course_group", "t_course_group", "local", "name", "idnumber"),
        Kind::GroupMember => rows!("group_member", "t_group_member", "local", "person", "course_group"),
        Kind::GradeItem => rows!("grade_item", "t_grade_item", "local", "name", "kind", "maximum"),
        Kind::Grade => rows!("grade", "t_grade", "local", "person", "item", "final_grade", "modified"),
        Kind::Completion => rows!("completion", "t_completion", "local", "person", "state", "modified"),
        Kind::Log => rows!(
            "log",
            "t_log",
            "local",
            "person",
            "time",
            "context",
            "component",
            "action",
            "target",
            "object_table",
            "object"
        ),
    }
}

/// A value as SQLite has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    pub fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INTEGER" => Cell::Int(row.try_get_unchecked(at)?),
            "REAL" => Cell::Real(row.try_get_unchecked(at)?),
            "TEXT" => Cell::Text(row.try_get_unchecked(at)?),
            "BLOB" => Cell::Blob(row.try_get_unchecked(at)?),
            other => return Err(StoreError::Corrupt(format!("a value of type {other}"))),
        })
    }
}

/// What old numbers are in the copy.
#[derive(Default)]
pub struct Numbers {
    pub scopes: HashMap<i64, i64>,
    pub items: HashMap<i64, i64>,
    pub parts: HashMap<i64, i64>,
}

impl Numbers {
    /// Scopes and items, in order of age.
    pub fn pairs(&self) -> CopyNumbers {
        let pairs = |map: &HashMap<i64, i64>| {
            let mut pairs: Vec<_> = map.iter().map(|(old, new)| (model_int(*old), model_int(*new))).collect();
            pairs.sort_unstable();
            pairs
        };
        CopyNumbers { scopes: pairs(&self.scopes), items: pairs(&self.items) }
    }

    /// The value of a column in the copy; none for a row of something that is not copied.
    fn translate(&self, via: Via, cell: Cell) -> Option<Cell> {
        let map = match (via, &cell) {
            (Via::Same, _) | (_, Cell::Null) | (Via::Owner, Cell::Int(0)) => return Some(cell),
            (Via::Item | Via::Owner | Via::Bound, _) => &self.items,
            (Via::Part, _) => &self.parts,
            (Via::Scope, _) => &self.scopes,
        };
        match cell {
            Cell::Int(old) => match map.get(&old) {
                None if via == Via::Bound => Some(Cell::Null),
                new => new.map(|new| Cell::Int(*new)),
            },
            _ => None,
        }
    }
}

impl Table {
    /// The beginning of a statement that selects `first` and the columns, up to the conditions.
    pub fn select(&self, first: &str) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(first);
        for (column, _) in self.columns {
            query.push(", ").push(*column);
        }
        query.push(" FROM ").push(self.view);
        query
    }

    /// A row as it is in the copy: the columns of `row` from `at` on. None when it is not copied.
    pub fn translated(&self, row: &SqliteRow, at: usize, numbers: &Numbers) -> Result<Option<Vec<Cell>>> {
        let mut cells = Vec::with_capacity(self.columns.len());
        for (place, (_, via)) in self.columns.iter().enumerate() {
            match numbers.translate(*via, Cell::read(row, at + place)?) {
                Some(cell) => cells.push(cell),
                None => return Ok(None),
            }
        }
        Ok(Some(cells))
    }

    /// Inserts rows of the copy.
    pub async fn insert(
        &self,
        conn: &mut SqliteConnection,
        change: i64,
        course: i64,
        rows: Vec<Vec<Cell>>,
    ) -> Result<()> {
        let columns: Vec<_> = self.columns.iter().map(|(column, _)| *column).collect();
        // What a number was bound to by hand goes before what the original has it bound to.
        let verb = if self.base == BINDING.base { "INSERT OR IGNORE" } else { "INSERT" };
        let head = format!("{verb} INTO {} (change, course, {}) ", self.base, columns.join(", "));
        let most = BATCH_VALUES / (columns.len() + 2);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch: Vec<_> = rows.by_ref().take(most).collect();
            let full = batch.len() == most;
            let mut query = QueryBuilder::<Sqlite>::new(&head);
            query.push_values(batch, |mut b, cells| {
                b.push_bind(change).push_bind(course);
                for cell in cells {
                    match cell {
                        Cell::Null => b.push_bind(None::<i64>),
                        Cell::Int(value) => b.push_bind(value),
                        Cell::Real(value) => b.push_bind(value),
                        Cell::Text(value) => b.push_bind(value),
                        Cell::Blob(value) => b.push_bind(value),
                    };
                }
            });
            query.build().persistent(full).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Up to `limit` rows of the snapshot's course after `after`, by the column `id`, with that column first.
    pub async fn page(&self, from: &mut SqliteSnapshot, taken: &str, after: i64, limit: i64) -> Result<Vec<SqliteRow>> {
        let mut query = self.select("id");
        query.push(" WHERE course = ").push_bind(from.id()).push(" AND id > ").push_bind(after);
        if self.faceted {
            query.push(" AND facets IN (SELECT value FROM json_each(").push_bind(taken.to_owned()).push("))");
        }
        query.push(" ORDER BY id LIMIT ").push_bind(limit);
        Ok(query.build().fetch_all(&mut *from.tx).await?)
    }
}
