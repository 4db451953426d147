//! Removing sections and activities from a course: their rows go to a change that counts as deleted, so that they are gone for
//! every reader at once, live on in snapshots that are open, and are swept later.

use super::SqliteStore;
use super::courses::course_on;
use super::db::{db_int, model_int, now};
use super::draft_rows::json;
use super::outbox::{self, Batch};
use crate::api::*;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::BTreeSet;

/// Tables of what has an owner or is one, besides rows and runs of parts.
const ITEMS: [&str; 3] = ["t_section", "t_activity", "t_block"];
/// Tables of what is in parts.
const OF_PARTS: [&str; 9] = [
    "t_run",
    "t_enrolment",
    "t_role_assignment",
    "t_course_group",
    "t_group_member",
    "t_grade_item",
    "t_grade",
    "t_completion",
    "t_log",
];

/// A section or activity with what says which others belong to it.
struct Known {
    id: i64,
    scope: i64,
    local: i64,
    kind: Kind,
}

enum Kind {
    Section { shown_by: i64 },
    Activity { section: i64, bound: Option<i64>, context: i64 },
}

impl SqliteStore {
    /// See [`Courses::delete_items`].
    pub(super) async fn remove(&self, course: u64, items: &[u64]) -> Result<()> {
        let mut tx = self.db.write().await?;
        course_on(&mut tx, course).await?;
        let items: Vec<i64> = items.iter().map(|id| db_int(*id)).collect();
        remove_items(&mut tx, db_int(course), &items, DeletionCause::Delete).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Removes items with what belongs to them: the activities of a section, the section that an activity shows, the blocks of a
/// page. Tells of each. Errors: `NotFound` (item).
pub(super) async fn remove_items(
    tx: &mut SqliteConnection,
    course: i64,
    items: &[i64],
    cause: DeletionCause,
) -> Result<()> {
    let known = items_of(tx, course).await?;
    if let Some(missing) = items.iter().find(|id| !known.iter().any(|item| item.id == **id)) {
        return Err(StoreError::NotFound { kind: "item", key: model_int(*missing).to_string() });
    }
    let gone = with_dependents(&known, items);
    let contents: Vec<i64> = gone.iter().copied().collect();
    let list = json(&contents)?;
    let blocks: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM block WHERE course = ? AND activity IN (SELECT value FROM json_each(?))")
            .bind(course)
            .bind(&list)
            .fetch_all(&mut *tx)
            .await?;
    let owners = json(&contents.iter().chain(&blocks).collect::<Vec<_>>())?;
    let change: i64 = sqlx::query_scalar(
        "INSERT INTO t_change (state, kind, course, created, ended) VALUES (2, 'removal', ?1, ?2, ?2) RETURNING id",
    )
    .bind(course)
    .bind(now())
    .fetch_one(&mut *tx)
    .await?;
    remove_files(tx, course, change, &known, &gone).await?;
    let parts =
        "SELECT id FROM part WHERE course = ?2 AND owner_kind > 0 AND owner IN (SELECT value FROM json_each(?3))";
    for table in OF_PARTS {
        let sql = format!("UPDATE {table} SET change = ?1 WHERE part IN ({parts})");
        sqlx::query(AssertSqlSafe(sql)).bind(change).bind(course).bind(&owners).execute(&mut *tx).await?;
    }
    for table in ["t_part", "t_reference"] {
        let sql = format!(
            "UPDATE {table} SET change = ?1 WHERE course = ?2 AND owner_kind > 0 AND owner IN (SELECT value FROM json_each(?3))"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(change).bind(course).bind(&owners).execute(&mut *tx).await?;
    }
    let context = "UPDATE t_context SET change = ? WHERE level = 70 AND instance IN (SELECT value FROM json_each(?))";
    sqlx::query(context).bind(change).bind(&list).execute(&mut *tx).await?;
    let grants = "DELETE FROM t_role_grant WHERE level = 70 AND instance IN (SELECT value FROM json_each(?))";
    sqlx::query(grants).bind(&list).execute(&mut *tx).await?;
    for table in ITEMS {
        let sql =
            format!("UPDATE {table} SET change = ?1 WHERE course = ?2 AND id IN (SELECT value FROM json_each(?3))");
        sqlx::query(AssertSqlSafe(sql)).bind(change).bind(course).bind(&owners).execute(&mut *tx).await?;
    }
    let told = contents.iter().map(|content| Happening::ContentDeleted {
        content: Address { course: course.to_string(), content: content.to_string() },
        external_id: String::new(),
        cause,
    });
    let mut told: Vec<Happening> = told.collect();
    if told.len() > 1 {
        told.push(Happening::BatchCompleted {
            operation: "content-deleted".into(),
            course: course.to_string(),
            succeeded: told.len() as u64,
            failed: 0,
        });
    }
    outbox::record(tx, Batch::Now, told).await
}

/// Has a job remove items once it succeeds.
pub(super) async fn doom(tx: &mut SqliteConnection, job: &str, course: i64, items: &[i64]) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO t_doomed_item (job, course, item) SELECT ?, ?, value FROM json_each(?)")
        .bind(job)
        .bind(course)
        .bind(json(items)?)
        .execute(tx)
        .await?;
    Ok(())
}

/// Removes what a job that has succeeded moved away, as far as it is still there.
pub(super) async fn remove_doomed(tx: &mut SqliteConnection, job: &str) -> Result<()> {
    let doomed: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT d.course, d.item FROM t_doomed_item d WHERE d.job = ? AND (EXISTS (SELECT 1 FROM activity a WHERE a.id = d.item) \
         OR EXISTS (SELECT 1 FROM section s WHERE s.id = d.item)) ORDER BY d.course, d.item",
    )
    .bind(job)
    .fetch_all(&mut *tx)
    .await?;
    for of_course in doomed.chunk_by(|a, b| a.0 == b.0) {
        let Some((course, _)) = of_course.first() else { continue };
        let items: Vec<i64> = of_course.iter().map(|(_, item)| *item).collect();
        remove_items(tx, *course, &items, DeletionCause::Move).await?;
    }
    spare_doomed(tx, job).await
}

/// Lets items stay that a job wanted to move away.
pub(super) async fn spare_doomed(tx: &mut SqliteConnection, job: &str) -> Result<()> {
    sqlx::query("DELETE FROM t_doomed_item WHERE job = ?").bind(job).execute(tx).await?;
    Ok(())
}

/// The sections and activities of a course.
async fn items_of(tx: &mut SqliteConnection, course: i64) -> Result<Vec<Known>> {
    let sections: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as("SELECT id, scope, local, delegated_to FROM section WHERE course = ?")
            .bind(course)
            .fetch_all(&mut *tx)
            .await?;
    let activities: Vec<(i64, i64, i64, i64, Option<i64>, i64)> =
        sqlx::query_as("SELECT id, scope, local, section, bound_section, context FROM activity WHERE course = ?")
            .bind(course)
            .fetch_all(&mut *tx)
            .await?;
    let section = |(id, scope, local, shown_by)| Known { id, scope, local, kind: Kind::Section { shown_by } };
    let activity = |(id, scope, local, section, bound, context)| Known {
        id,
        scope,
        local,
        kind: Kind::Activity { section, bound, context },
    };
    Ok(sections.into_iter().map(section).chain(activities.into_iter().map(activity)).collect())
}

/// The items and those that go with them.
fn with_dependents(known: &[Known], items: &[i64]) -> BTreeSet<i64> {
    let mut gone: BTreeSet<i64> = items.iter().copied().collect();
    loop {
        let goes = |item: &&Known| match item.kind {
            _ if gone.contains(&item.id) => false,
            Kind::Section { shown_by } => known.iter().any(|shows| {
                let is_activity = matches!(shows.kind, Kind::Activity { .. });
                let same = (shows.scope, shows.local) == (item.scope, shown_by);
                shown_by != 0 && is_activity && same && gone.contains(&shows.id)
            }),
            Kind::Activity { bound: Some(section), .. } => gone.contains(&section),
            Kind::Activity { section, bound: None, .. } => known.iter().any(|holds| {
                let is_section = matches!(holds.kind, Kind::Section { .. });
                is_section && (holds.scope, holds.local) == (item.scope, section) && gone.contains(&holds.id)
            }),
        };
        let more: Vec<i64> = known.iter().filter(goes).map(|item| item.id).collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

/// Files in contexts of activities and of blocks on their pages. A section has no context: what hangs on it stays with the course,
/// to which nothing refers any more.
async fn remove_files(
    tx: &mut SqliteConnection,
    course: i64,
    change: i64,
    known: &[Known],
    gone: &BTreeSet<i64>,
) -> Result<()> {
    let mut contexts: Vec<(i64, i64)> = known
        .iter()
        .filter(|item| gone.contains(&item.id))
        .filter_map(|item| match item.kind {
            Kind::Activity { context, .. } => Some((item.scope, context)),
            Kind::Section { .. } => None,
        })
        .collect();
    let of_blocks: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT scope, context FROM block WHERE course = ? AND activity IN (SELECT value FROM json_each(?))",
    )
    .bind(course)
    .bind(json(&gone.iter().collect::<Vec<_>>())?)
    .fetch_all(&mut *tx)
    .await?;
    contexts.extend(of_blocks);
    for (scope, context) in contexts {
        sqlx::query("UPDATE t_course_file SET change = ? WHERE course = ? AND scope = ? AND context = ?")
            .bind(change)
            .bind(course)
            .bind(scope)
            .bind(context)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
