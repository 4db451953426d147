//! What was done on this host to people of a course that is copied.

use super::super::db::SLICE;
use super::super::draft::SqliteDraft;
use super::Copying;
use crate::api::*;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Facets of what is done here to people.
const ENROLMENT: &str = "enrolment";
const ROLE_ASSIGNMENT: &str = "role-assignment";

/// What was done on this host to people of the course: it becomes visible with the copy.
#[derive(Default)]
pub struct DoneHere {
    /// Person, suspended, start, end, created.
    roster: Vec<(i64, bool, i64, i64, i64)>,
    /// Person, role, level, instance.
    roles: Vec<(i64, i64, i64, i64)>,
}

impl SqliteDraft {
    /// Lets what was done on this host show, in the write that publishes.
    pub(in super::super) async fn write_done_here(&self, tx: &mut SqliteConnection) -> Result<()> {
        for batch in self.done_here.roster.chunks(SLICE) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_roster (course, person, suspended, start_time, end_time, created) ",
            );
            query.push_values(batch, |mut b, (person, suspended, start, end, created)| {
                b.push_bind(self.course).push_bind(person).push_bind(suspended);
                b.push_bind(start).push_bind(end).push_bind(created);
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        for batch in self.done_here.roles.chunks(SLICE) {
            let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO t_role_grant (person, role, level, instance) ");
            query.push_values(batch, |mut b, (person, role, level, instance)| {
                b.push_bind(person).push_bind(role).push_bind(level).push_bind(instance);
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        Ok(())
    }
}

impl Copying {
    /// What was done here in the course, as far as it is taken.
    pub(super) async fn done_here(&mut self, copy: i64) -> Result<DoneHere> {
        let course = self.from.id();
        let takes = |name: &str| self.choice.people && Facets::new([name]).all_in(&self.choice.facets);
        let mut here = DoneHere::default();
        if takes(ENROLMENT) && self.choice.roster {
            here.roster = sqlx::query_as(
                "SELECT person, suspended, start_time, end_time, created FROM t_roster WHERE course = ? ORDER BY person",
            )
            .bind(course)
            .fetch_all(&mut *self.from.tx)
            .await?;
        }
        if takes(ROLE_ASSIGNMENT) {
            let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
                "SELECT person, role, level, instance FROM t_role_grant WHERE (level = 50 AND instance = ?1) \
                 OR (level = 70 AND instance IN (SELECT id FROM activity WHERE course = ?1))",
            )
            .bind(course)
            .fetch_all(&mut *self.from.tx)
            .await?;
            let there = |(person, role, level, instance)| match level {
                50 => Some((person, role, level, copy)),
                _ => self.numbers.items.get(&instance).map(|new| (person, role, level, *new)),
            };
            here.roles = rows.into_iter().filter_map(there).collect();
        }
        Ok(here)
    }
}
