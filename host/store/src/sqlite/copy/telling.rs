//! What is told of a copy, in its own transactions (proxy-tool-events.md 1).

use super::super::db::db_int;
use super::super::draft::Making;
use super::super::draft::SqliteDraft;
use super::super::draft_rows::json;
use super::super::outbox::{self, Batch};
use super::Copying;
use super::Step;
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

impl SqliteDraft {
    /// Notes that a job copies a course, and tells of the copy.
    pub(super) async fn tell_of_copy(&mut self, copying: &Copying) -> Result<()> {
        let job = self.lease.as_ref().map_or_else(String::new, |lease| lease.job.clone());
        let mut tx = self.begin_write().await?;
        sqlx::query("UPDATE t_job SET copies = ? WHERE id = ?")
            .bind(copying.from.id())
            .bind(&job)
            .execute(&mut *tx)
            .await?;
        let copied = Happening::CourseCopied {
            kind: copying.kind(),
            origin: copying.from.id().to_string(),
            copy: self.course.to_string(),
            job,
        };
        outbox::record_as_of(&mut tx, Batch::Change(self.change), vec![copied], copying.from.storage_sequence())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Tells of the end of a copy: the last of its events, so that whoever gets it has got, or given up, all others.
    pub(super) async fn tell_of_end(&mut self, copying: &Copying) -> Result<()> {
        let contents = copying.contents;
        let what = match self.making {
            Making::Course => Happening::CourseCopySettled {
                origin: copying.from.id().to_string(),
                copy: self.course.to_string(),
                job: self.lease.as_ref().map_or_else(String::new, |lease| lease.job.clone()),
                contents,
            },
            Making::Extension if contents > 1 => Happening::BatchCompleted {
                operation: "content-copied".into(),
                course: self.course.to_string(),
                succeeded: contents,
                failed: 0,
            },
            Making::Extension => return Ok(()),
        };
        let mut tx = self.begin_write().await?;
        outbox::record(&mut tx, Batch::Change(self.change), vec![what]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is told of sections or activities that are copied. Targets add the external ids that they have there.
    pub(super) fn contents_copied(&self, copying: &Copying, rows: &[SqliteRow]) -> Result<Vec<Happening>> {
        if !matches!(copying.step, Step::Sections | Step::Activities) {
            return Ok(Vec::new());
        }
        let mut told = Vec::with_capacity(rows.len());
        for row in rows {
            let old: i64 = row.try_get(0)?;
            let Some(new) = copying.numbers.items.get(&old) else { continue };
            let address =
                |course: i64, content: i64| Address { course: course.to_string(), content: content.to_string() };
            told.push(Happening::ContentCopied {
                kind: copying.kind(),
                origin: address(copying.from.id(), old),
                external_id: String::new(),
                copy: address(self.course, *new),
            });
        }
        Ok(told)
    }

    /// Tells of groups that were copied: those of some runs.
    pub(super) async fn groups_copied(
        &self,
        copying: &mut Copying,
        tx: &mut SqliteConnection,
        runs: &[(i64, i64, i64)],
    ) -> Result<()> {
        const IDS: &str = "WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq";
        let mut told = Vec::new();
        for (part, first, last) in runs {
            let Some(copy) = copying.numbers.parts.get(part) else { continue };
            let old: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM course_group {IDS}")))
                .bind(part)
                .bind(first)
                .bind(last)
                .fetch_all(&mut *copying.from.tx)
                .await?;
            let new: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM t_course_group {IDS}")))
                .bind(copy)
                .bind(first)
                .bind(last)
                .fetch_all(&mut *tx)
                .await?;
            told.extend(old.into_iter().zip(new).map(|(old, new)| Happening::GroupCopied {
                kind: copying.kind(),
                origin_course: copying.from.id().to_string(),
                origin_group: old.to_string(),
                course: self.course.to_string(),
                group: new.to_string(),
            }));
        }
        outbox::record_as_of(tx, Batch::Change(self.change), told, copying.from.storage_sequence()).await
    }

    /// Tells of groups that were carried along with items, as copies of those in the source that they are.
    pub(in super::super) async fn tell_of_carried_groups(&mut self) -> Result<()> {
        let Some(originals) = self.originals.as_ref().filter(|_| !self.parts.is_empty()) else { return Ok(()) };
        let added: Vec<i64> = self.parts.keys().copied().collect();
        let mut told = Vec::new();
        for (old, new) in &originals.numbers.scopes {
            let groups: Vec<(i64, i64)> = sqlx::query_as(
                "SELECT g.id, c.id FROM t_course_group c JOIN t_part cp ON cp.id = c.part \
                 JOIN course_group g ON g.course = ?1 AND g.local = c.local JOIN part p ON p.id = g.part AND p.scope = ?2 \
                 WHERE c.change = ?3 AND cp.scope = ?4 AND cp.id IN (SELECT value FROM json_each(?5)) ORDER BY c.id",
            )
            .bind(originals.course)
            .bind(db_int(*old))
            .bind(self.change)
            .bind(db_int(*new))
            .bind(json(&added)?)
            .fetch_all(self.store.db.read())
            .await?;
            told.extend(groups.into_iter().map(|(old, new)| Happening::GroupCopied {
                kind: originals.kind,
                origin_course: originals.course.to_string(),
                origin_group: old.to_string(),
                course: self.course.to_string(),
                group: new.to_string(),
            }));
        }
        if told.is_empty() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        outbox::record(&mut tx, Batch::Change(self.change), told).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// With it a copy is exact.
const USER_DATA: &str = "user-data";

impl Copying {
    /// How much of plugins' data may travel with it.
    pub(in super::super) fn kind(&self) -> CopyKind {
        let exact = self.choice.people && Facets::new([USER_DATA]).all_in(&self.choice.facets);
        if exact { CopyKind::Exact } else { CopyKind::Shallow }
    }
}
