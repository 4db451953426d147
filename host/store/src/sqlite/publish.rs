//! Publishing a draft: local people and roles become this host's, then one small transaction shows everything.

use super::SqliteStore;
use super::courses::course_on;
use super::db::{Write, model_int, now};
use super::draft::{Making, Originals, SqliteDraft};
use super::{outbox, plugin_data, removal};
use crate::api::{DeletionCause, Draft, Result, StoreError};

/// Rows looked at in one transaction.
const SLICE: i64 = 5000;

/// People of enrolments. Set-based: one statement a slice. Local numbers count in the scope of the part; copies of rows know
/// who is meant.
const MAP_ENROLMENTS: &str = "UPDATE t_enrolment SET site_person = \
   (SELECT l.person FROM t_part p JOIN t_person_link l ON l.scope = p.scope AND l.local = t_enrolment.person \
    WHERE p.id = t_enrolment.part) WHERE site_person IS NULL AND change = ?1 AND id >= ?2 AND id < ?3";

/// People and roles of assignments at the course itself. A role is recognised by its short name, else by its archetype,
/// for which the first role of this host stands.
const MAP_ROLES: &str = "UPDATE t_role_assignment SET site_person = \
   (SELECT l.person FROM t_part p JOIN t_person_link l ON l.scope = p.scope AND l.local = t_role_assignment.person \
    WHERE p.id = t_role_assignment.part), site_role = coalesce(\
     (SELECT r.id FROM t_part p JOIN t_entry e ON e.scope = p.scope JOIN t_role r ON r.shortname = e.name \
      WHERE p.id = t_role_assignment.part AND e.course = ?4 AND e.kind = 'role' \
      AND e.local = t_role_assignment.role AND e.change = ?1 LIMIT 1), \
     (SELECT min(r.id) FROM t_part p JOIN t_entry e ON e.scope = p.scope \
      JOIN t_role r ON r.archetype = e.archetype AND e.archetype <> '' \
      WHERE p.id = t_role_assignment.part AND e.course = ?4 AND e.kind = 'role' \
      AND e.local = t_role_assignment.role AND e.change = ?1)) \
   WHERE site_person IS NULL AND change = ?1 AND owner_kind = 0 AND id >= ?2 AND id < ?3";

impl SqliteDraft {
    /// Writes what is still missing before the draft may be published.
    pub(super) async fn complete(&mut self) -> Result<()> {
        self.flush().await?;
        if self.copying.is_some() {
            return Err(StoreError::Invalid("what is copied into the draft is not all there yet".into()));
        }
        self.tell_of_carried_groups().await?;
        self.map_people().await
    }

    /// Fills in who and what local people and roles are here.
    async fn map_people(&mut self) -> Result<()> {
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
        Ok(())
    }

    /// Flips the change, in a write of this draft.
    pub(super) async fn make_visible(&self, tx: &mut Write) -> Result<()> {
        if self.making == Making::Extension {
            course_on(tx, model_int(self.course)).await?;
        }
        let flipped = sqlx::query("UPDATE t_change SET state = 1, ended = ? WHERE id = ? AND state = 0")
            .bind(now())
            .bind(self.change)
            .execute(&mut **tx)
            .await?;
        if flipped.rows_affected() == 0 {
            // Somebody gave it up meanwhile.
            return Err(StoreError::LeaseLost { job: format!("draft {}", self.change) });
        }
        plugin_data::publish(tx, self.change).await?;
        self.write_done_here(tx).await?;
        outbox::publish(tx, self.change).await?;
        let Some(Originals { course, items, .. }) = self.originals.as_ref().filter(|_| self.moves) else {
            return Ok(());
        };
        match &self.lease {
            None => removal::remove_items(tx, *course, items, DeletionCause::Move).await,
            // What a job does may yet be undone.
            Some(lease) => removal::doom(tx, &lease.job, *course, items).await,
        }
    }
}

impl SqliteStore {
    /// See [`Courses::publish_all`].
    pub(super) async fn publish_together(&self, drafts: Vec<Box<dyn Draft>>) -> Result<Vec<u64>> {
        let mut own = Vec::with_capacity(drafts.len());
        for draft in drafts {
            match draft.into_any().downcast::<SqliteDraft>() {
                Ok(draft) => own.push(draft),
                Err(_) => return Err(StoreError::Invalid("a draft of another store".into())),
            }
        }
        let Some((last, others)) = own.split_last_mut() else { return Ok(Vec::new()) };
        for draft in others.iter_mut().chain([&mut *last]) {
            draft.complete().await?;
            // Its lease and state are looked at here; the one write below does so for the last of them.
            draft.write().await?.rollback().await?;
        }
        let mut tx = last.write().await?;
        for draft in others.iter().chain([&*last]) {
            draft.make_visible(&mut tx).await?;
        }
        tx.commit().await?;
        self.db.published.notify_one();
        for draft in &mut own {
            draft.ended = true;
        }
        Ok(own.iter().map(|draft| model_int(draft.course)).collect())
    }
}
