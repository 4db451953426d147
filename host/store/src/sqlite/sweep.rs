//! Removing what is dropped, deleted or referred to no more, in slices; and looking whether all is well.
//!
//! Spared: drafts whose lease or process lives, changes that a live snapshot reads, and whatever is young.

use super::SqliteStore;
use super::db::{DEAD_AFTER, SLICE, now, now_ms};
use super::names::drop_dead;
use super::outbox;
use crate::api::*;
use async_trait::async_trait;
use sqlx::Row as _;

/// Blobs deleted in one transaction: each is a file removed under the write lock.
const BLOBS: i64 = 100;
/// Seconds that an upload is kept which nobody removed: four days, as in the field.
const UPLOAD_AGE: i64 = 4 * 24 * 3600;
/// Seconds after which a snapshot counts as old.
const OLD_SNAPSHOT: i64 = 3600;

/// Statements that remove up to `?2` rows of the change `?1`, children first.
macro_rules! delete_slices {
    ($($table:literal),* $(,)?) => {
        [$(concat!("DELETE FROM ", $table, " WHERE rowid IN (SELECT rowid FROM ", $table, " WHERE change = ?1 LIMIT ?2)")),*]
    };
}

const ROWS: [&str; 22] = delete_slices![
    "t_enrolment",
    "t_role_assignment",
    "t_course_group",
    "t_group_member",
    "t_grade_item",
    "t_grade",
    "t_completion",
    "t_log",
    "t_reference",
    "t_entry",
    "t_course_file",
    "t_person_link",
    "t_part",
    "t_section",
    "t_activity",
    "t_block",
    "t_binding",
    "t_scope",
    "t_course",
    "t_category",
    "t_context",
    "t_person",
];
/// `t_run` has no rowid.
const RUNS: &str = "DELETE FROM t_run WHERE (part, seq) IN (SELECT part, seq FROM t_run WHERE change = ?1 LIMIT ?2)";

impl SqliteStore {
    /// Removes the rows of one change.
    async fn sweep_change(&self, change: i64, was_published: bool) -> Result<u64> {
        let mut rows = 0;
        if was_published {
            // People outlive the course that brought them, and so does what is told of it.
            let mut tx = self.db.write().await?;
            for sql in [
                "UPDATE t_person SET change = 1 WHERE change = ?",
                "UPDATE t_name SET change = 1 WHERE change = ?",
                "UPDATE t_event_batch SET change = 1 WHERE change = ?",
            ] {
                sqlx::query(sql).bind(change).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        self.end_data(change, was_published).await?;
        loop {
            let mut tx = self.db.write().await?;
            let more = outbox::sweep_dropped(&mut tx, change, SLICE as i64).await?;
            tx.commit().await?;
            if !more {
                break;
            }
        }
        for sql in std::iter::once(RUNS).chain(ROWS) {
            loop {
                let mut tx = self.db.write().await?;
                let gone = sqlx::query(sql).bind(change).bind(SLICE as i64).execute(&mut *tx).await?.rows_affected();
                tx.commit().await?;
                rows += gone;
                if gone < SLICE as u64 {
                    break;
                }
            }
        }
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM t_name WHERE change = ?").bind(change).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM t_change WHERE id = ?").bind(change).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Documents without a run. A draft inserts both in one transaction, so there are no young ones to spare.
    async fn sweep_documents(&self) -> Result<u64> {
        let mut documents = 0;
        let mut after = 0_i64;
        loop {
            let last: Option<i64> =
                sqlx::query_scalar("SELECT max(id) FROM (SELECT id FROM t_document WHERE id > ? ORDER BY id LIMIT ?)")
                    .bind(after)
                    .bind(SLICE as i64)
                    .fetch_one(self.db.read())
                    .await?;
            let Some(last) = last else { return Ok(documents) };
            let mut tx = self.db.write().await?;
            documents += sqlx::query(
                "DELETE FROM t_document WHERE id > ? AND id <= ? AND NOT EXISTS \
                 (SELECT 1 FROM t_run r WHERE r.document = t_document.sha256) AND NOT EXISTS \
                 (SELECT 1 FROM t_data_value v WHERE v.document = t_document.sha256)",
            )
            .bind(after)
            .bind(last)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            tx.commit().await?;
            after = last;
        }
    }

    async fn sweep_blobs(&self, before: i64, swept: &mut Swept) -> Result<()> {
        loop {
            let mut tx = self.db.write().await?;
            let gone: Vec<(String, i64)> = sqlx::query_as(
                "DELETE FROM t_blob WHERE sha1 IN (SELECT b.sha1 FROM t_blob b WHERE b.touched <= ? \
                 AND NOT EXISTS (SELECT 1 FROM t_document d WHERE d.blob = b.sha1) \
                 AND NOT EXISTS (SELECT 1 FROM t_course_file f WHERE f.blob = b.sha1) \
                 AND NOT EXISTS (SELECT 1 FROM t_area_file a WHERE a.blob = b.sha1) \
                 AND NOT EXISTS (SELECT 1 FROM t_plugin p WHERE p.blob = b.sha1) LIMIT ?) RETURNING sha1, size",
            )
            .bind(before)
            .bind(BLOBS)
            .fetch_all(&mut *tx)
            .await?;
            // Under the write lock, so that no writer finds an object that is about to go.
            for (sha1, size) in &gone {
                self.blobs.remove(sha1).await?;
                swept.blobs += 1;
                swept.blob_bytes += size.unsigned_abs();
            }
            tx.commit().await?;
            if gone.is_empty() {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn sweep(&self, older_than_seconds: u64) -> Result<Swept> {
        let before = now().saturating_sub(i64::try_from(older_than_seconds).unwrap_or(i64::MAX));
        let mut swept = Swept::default();
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        sqlx::query("DELETE FROM t_process WHERE beat <= ?").bind(now() - DEAD_AFTER).execute(&mut *tx).await?;
        drop_dead(&mut tx).await?;
        // A process that paused and goes on loses its snapshots' leases, not its life.
        sqlx::query("DELETE FROM t_snapshot WHERE process NOT IN (SELECT id FROM t_process)").execute(&mut *tx).await?;
        let changes: Vec<(i64, bool)> = sqlx::query_as(
            "SELECT id, state = 2 FROM t_change c WHERE state IN (2, 3) AND ended <= ? \
             AND NOT EXISTS (SELECT 1 FROM t_snapshot s WHERE s.course = c.course)",
        )
        .bind(before)
        .fetch_all(&mut *tx)
        .await?;
        // The area of uploads is the wire protocol's (moodle-webservices.md 1.10).
        let uploads =
            sqlx::query("DELETE FROM t_area_file WHERE component = 'user' AND area = 'draft' AND created <= ?")
                .bind(before.min(now() - UPLOAD_AGE))
                .execute(&mut *tx)
                .await?;
        swept.rows += uploads.rows_affected();
        tx.commit().await?;
        for (change, was_published) in changes {
            swept.rows += self.sweep_change(change, was_published).await?;
        }
        swept.rows += self.sweep_data().await?;
        swept.documents = self.sweep_documents().await?;
        self.sweep_blobs(before, &mut swept).await?;
        self.blobs.sweep_spool().await?;
        Ok(swept)
    }

    async fn check(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut conn = self.db.read().acquire().await?;
        let integrity: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *conn).await?;
        found.extend(integrity.into_iter().filter(|l| l != "ok").map(|l| format!("integrity: {l}")));
        for r in sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *conn).await? {
            let (table, parent): (String, String) = (r.try_get(0)?, r.try_get(2)?);
            found.push(format!("a row of {table} refers to a row of {parent} that is not there"));
        }
        let old: Vec<(i64, i64)> = sqlx::query_as("SELECT course, opened FROM t_snapshot WHERE opened < ?")
            .bind(now() - OLD_SNAPSHOT)
            .fetch_all(&mut *conn)
            .await?;
        found.extend(
            old.iter().map(|(course, t)| format!("a snapshot of course {course} is open since {t} (Unix time)")),
        );
        let drafts: Vec<(i64, String)> = sqlx::query_as(
            "SELECT c.id, coalesce(k.shortname, '') FROM t_change c LEFT JOIN t_course k ON k.id = c.course WHERE c.state = 0 AND c.kind <> 'reservation' \
             AND CASE WHEN c.job IS NULL THEN NOT EXISTS (SELECT 1 FROM t_process p WHERE p.id = c.process AND p.beat > ?1) \
             ELSE NOT EXISTS (SELECT 1 FROM t_job j WHERE j.id = c.job AND j.epoch = c.epoch AND j.state = 1 \
               AND j.lease_until > ?2) END",
        )
        .bind(now() - DEAD_AFTER)
        .bind(now_ms())
        .fetch_all(&mut *conn)
        .await?;
        found.extend(
            drafts.iter().map(|(id, name)| format!("draft {id} of {name:?} has no live owner; a sweep removes it")),
        );
        let mut after = String::new();
        loop {
            let page: Vec<(String, i64)> =
                sqlx::query_as("SELECT sha1, size FROM t_blob WHERE sha1 > ? ORDER BY sha1 LIMIT ?")
                    .bind(&after)
                    .bind(SLICE as i64)
                    .fetch_all(&mut *conn)
                    .await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (sha1, size) in page {
                match self.blobs.object_size(&sha1).await? {
                    None => found.push(format!("blob {sha1} is missing")),
                    Some(real) if real != size.unsigned_abs() => {
                        found.push(format!("blob {sha1} has {real} bytes and should have {size}"));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(found)
    }
}
