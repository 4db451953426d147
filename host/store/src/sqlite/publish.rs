//! Publishing a draft: local people and roles become this host's, then one small transaction shows everything.

use super::courses::course_on;
use super::db::{model_int, now};
use super::draft::{Making, SqliteDraft};
use crate::api::Result;

/// Rows looked at in one transaction.
const SLICE: i64 = 5000;

/// People of enrolments. Set-based: one statement a slice.
const MAP_ENROLMENTS: &str = "UPDATE t_enrolment SET site_person = \
   (SELECT l.person FROM t_person_link l WHERE l.scope = ?1 AND l.local = t_enrolment.person) \
   WHERE change = ?2 AND id >= ?3 AND id < ?4";

/// People and roles of assignments at the course itself. A role is recognised by its short name, else by its archetype,
/// for which the first role of this host stands.
const MAP_ROLES: &str = "UPDATE t_role_assignment SET site_person = \
   (SELECT l.person FROM t_person_link l WHERE l.scope = ?1 AND l.local = t_role_assignment.person), site_role = coalesce(\
     (SELECT r.id FROM t_entry e JOIN t_role r ON r.shortname = e.name \
      WHERE e.course = ?5 AND e.kind = 'role' AND e.local = t_role_assignment.role AND e.change = ?2 LIMIT 1), \
     (SELECT min(r.id) FROM t_entry e JOIN t_role r ON r.archetype = e.archetype AND e.archetype <> '' \
      WHERE e.course = ?5 AND e.kind = 'role' AND e.local = t_role_assignment.role AND e.change = ?2)) \
   WHERE change = ?2 AND owner_kind = 0 AND id >= ?3 AND id < ?4";

impl SqliteDraft {
    /// Maps, then flips the change.
    pub(super) async fn make_visible(&mut self) -> Result<()> {
        let bounds = [
            (MAP_ENROLMENTS, "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM t_enrolment WHERE change = ?"),
            (MAP_ROLES, "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM t_role_assignment WHERE change = ?"),
        ];
        for (statement, bounds) in bounds {
            let (first, last): (i64, i64) =
                sqlx::query_as(bounds).bind(self.change).fetch_one(self.store.db.read()).await?;
            let mut from = first;
            while from <= last {
                let mut tx = self.write().await?;
                sqlx::query(statement)
                    .bind(self.scope)
                    .bind(self.change)
                    .bind(from)
                    .bind(from + SLICE)
                    .bind(self.course)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                from += SLICE;
            }
        }
        let mut tx = self.write().await?;
        if self.making == Making::Extension {
            course_on(&mut tx, model_int(self.course)).await?;
        }
        sqlx::query("UPDATE t_change SET state = 1, ended = ? WHERE id = ? AND state = 0")
            .bind(now())
            .bind(self.change)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
