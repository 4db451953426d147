//! The outbox: events are recorded in the transactions that cause them, and get their place in the order of all when those are
//! visible (architecture.md 5).

use super::db::{db_int, now, now_ms, take_numbers};
use super::{jobs, plugin_data};
use crate::api::{Address, DeletionCause, Effect, Happening, Result, StoreError};
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

/// Rows of one statement: SQLite binds 32766 values at most.
const ROWS: usize = 500;
/// Bytes that an event may have (proxy-tool-events.md 10).
const LARGEST: usize = 64 << 10;

/// What the events of one recording belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// A draft's change: they happen when it is published.
    Change(i64),
    /// The transaction itself: they happen with its commit.
    Now,
}

/// An event to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewEvent {
    pub id: Uuid,
    /// Empty for this site.
    pub source: String,
    pub time: i64,
    pub what: Happening,
    /// See [`crate::api::Event::hops`].
    pub hops: u32,
}

impl NewEvent {
    /// One of this site, which happens now.
    pub(super) fn here(what: Happening) -> Self {
        Self { id: Uuid::now_v7(), source: String::new(), time: now(), what, hops: 0 }
    }
}

/// Records what happened on this site. Copies have the plugins' data copied in the same transaction.
pub async fn record(tx: &mut SqliteConnection, batch: Batch, happenings: Vec<Happening>) -> Result<()> {
    record_as_of(tx, batch, happenings, 0).await
}

/// As [`record`], of copies that are made of what was there at a storage sequence: plugins' data is copied as of then.
pub(super) async fn record_as_of(
    tx: &mut SqliteConnection,
    batch: Batch,
    happenings: Vec<Happening>,
    at: u64,
) -> Result<()> {
    record_events(tx, batch, happenings.into_iter().map(NewEvent::here).collect(), at).await.map(|_| ())
}

/// Records events; their batch. Errors: `TooLarge` for one of more than 64 KiB.
pub(super) async fn record_events(
    tx: &mut SqliteConnection,
    batch: Batch,
    events: Vec<NewEvent>,
    at: u64,
) -> Result<Option<i64>> {
    if events.is_empty() {
        return Ok(None);
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let (change, base) = match batch {
        Batch::Change(change) => (change, None),
        Batch::Now => (1, Some(take_numbers(tx, "event", count).await?)),
    };
    // What a job makes comes of what had the job queued.
    let (id, hops): (i64, u32) = sqlx::query_as(
        "INSERT INTO t_event_batch (change, base, count, recorded_ms, job) VALUES (?1, ?2, ?3, ?4, (SELECT job FROM t_change WHERE id = ?1)) \
         RETURNING id, coalesce((SELECT j.hops FROM t_job j WHERE j.id = t_event_batch.job), 0)",
    )
    .bind(change)
    .bind(base)
    .bind(count)
    .bind(now_ms())
    .fetch_one(&mut *tx)
    .await?;
    let under = match batch {
        Batch::Change(change) => Some(change),
        Batch::Now => None,
    };
    let mut rows = Vec::with_capacity(events.len().min(ROWS));
    for (mut event, ordinal) in events.into_iter().zip(0_i64..) {
        event.hops = event.hops.max(hops);
        let storage = if event.what.is_copy() { plugin_data::copy_for(tx, under, &event.what, at).await? } else { 0 };
        let what = serde_json::to_string(&event.what).map_err(|e| StoreError::Invalid(format!("event: {e}")))?;
        if what.len() > LARGEST {
            return Err(StoreError::TooLarge { what: "event", bytes: what.len(), limit: LARGEST });
        }
        rows.push((ordinal, event, what, storage));
        if rows.len() == ROWS {
            insert(tx, id, std::mem::take(&mut rows)).await?;
        }
    }
    insert(tx, id, rows).await?;
    Ok(Some(id))
}

async fn insert(tx: &mut SqliteConnection, batch: i64, rows: Vec<(i64, NewEvent, String, u64)>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO t_event (batch, ordinal, id, source, time, name, course_a, course_b, what, storage_sequence, hops) ",
    );
    query.push_values(&rows, |mut b, (ordinal, event, what, storage)| {
        let mut courses = event.what.courses().into_iter();
        b.push_bind(batch).push_bind(ordinal).push_bind(event.id.as_bytes().as_slice());
        b.push_bind(event.source.as_str()).push_bind(event.time).push_bind(event.what.name());
        b.push_bind(courses.next()).push_bind(courses.next());
        b.push_bind(what.as_str()).push_bind(db_int(*storage)).push_bind(event.hops);
    });
    query.build().persistent(rows.len() == 1 || rows.len() == ROWS).execute(tx).await?;
    Ok(())
}

/// Gives a change's events their places, in the transaction that publishes it. Touches batches, not events.
pub(super) async fn publish(tx: &mut SqliteConnection, change: i64) -> Result<()> {
    let count: i64 =
        sqlx::query_scalar("SELECT coalesce(sum(count), 0) FROM t_event_batch WHERE change = ? AND base IS NULL")
            .bind(change)
            .fetch_one(&mut *tx)
            .await?;
    if count > 0 {
        let base = take_numbers(tx, "event", count).await?;
        sqlx::query(
            // A subquery over the table that is updated would see batches that have their base already.
            "UPDATE t_event_batch SET base = ?1 + s.before FROM (SELECT id, sum(count) OVER (ORDER BY id) - count AS before \
             FROM t_event_batch WHERE change = ?2 AND base IS NULL) s WHERE t_event_batch.id = s.id",
        )
        .bind(base)
        .bind(change)
        .execute(&mut *tx)
        .await?;
    }
    jobs::queue_early(tx, change).await
}

/// Makes a job's runs unhappen for those who are told (see `jobs::undo`): what was not given to targets yet is withdrawn, and what
/// was is followed by the end of the thing. To be called before the changes are hidden.
pub(super) async fn retract(tx: &mut SqliteConnection, job: &str) -> Result<()> {
    let told: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT c.id, c.course, c.kind FROM t_change c WHERE c.job = ? AND c.state = 1 \
         AND EXISTS (SELECT 1 FROM t_event_batch b WHERE b.change = c.id AND b.told > 0)",
    )
    .bind(job)
    .fetch_all(&mut *tx)
    .await?;
    let withdrawn = "SELECT b.id FROM t_event_batch b JOIN t_change c ON c.id = b.change WHERE c.job = ? AND c.state = 1 AND b.told = 0";
    for table in ["t_early", "t_event"] {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE batch IN ({withdrawn})")))
            .bind(job)
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query(AssertSqlSafe(format!("DELETE FROM t_event_batch WHERE id IN ({withdrawn})")))
        .bind(job)
        .execute(&mut *tx)
        .await?;
    for (change, course, kind) in told {
        let course = course.to_string();
        if kind == "course" {
            record(tx, Batch::Now, vec![Happening::CourseDeleted { course }]).await?;
            continue;
        }
        let contents: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM t_activity WHERE change = ?1 UNION ALL SELECT id FROM t_section WHERE change = ?1 ORDER BY 1",
        )
        .bind(change)
        .fetch_all(&mut *tx)
        .await?;
        let gone = contents.into_iter().map(|content| Happening::ContentDeleted {
            content: Address { course: course.clone(), content: content.to_string() },
            external_id: String::new(),
            cause: DeletionCause::Delete,
        });
        record(tx, Batch::Now, gone.collect()).await?;
    }
    Ok(())
}

/// Removes up to `limit` events of a change that was dropped, and with the last of them what else the outbox has of it. Whether
/// there is more.
pub(super) async fn sweep_dropped(tx: &mut SqliteConnection, change: i64, limit: i64) -> Result<bool> {
    for table in ["t_early", "t_event"] {
        let gone = sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE (batch, ordinal) IN (SELECT e.batch, e.ordinal FROM t_event_batch b JOIN {table} e \
             ON e.batch = b.id WHERE b.change = ? LIMIT ?)"
        )))
        .bind(change)
        .bind(limit)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if gone >= limit.unsigned_abs() {
            return Ok(true);
        }
    }
    for table in ["t_event_batch", "t_early_job"] {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE change = ?")))
            .bind(change)
            .execute(&mut *tx)
            .await?;
    }
    Ok(false)
}

/// Does what a handler of `plugin` wants done. Under a draft's change it becomes visible with that.
pub async fn apply_effects(
    tx: &mut SqliteConnection,
    plugin: &str,
    change: Option<i64>,
    effects: &[Effect],
) -> Result<()> {
    for effect in effects {
        match effect {
            Effect::Publish { id, key, source, time, what, hops } => {
                let id = Uuid::parse_str(id).map_err(|e| StoreError::Invalid(format!("event id {id:?}: {e}")))?;
                if let Some(key) = key
                    && !take_key(tx, plugin, key, id).await?
                {
                    continue;
                }
                let event = NewEvent { id, source: source.clone(), time: *time, what: what.clone(), hops: *hops };
                record_events(tx, change.map_or(Batch::Now, Batch::Change), vec![event], 0).await?;
            }
            Effect::Enqueue { id, job, hops } => jobs::queue(tx, id, job, (*hops, change)).await?,
            Effect::Put { .. }
            | Effect::Delete { .. }
            | Effect::Erase(_)
            | Effect::Copy { .. }
            | Effect::SetExternalId { .. } => plugin_data::apply(tx, plugin, change, effect).await?,
        }
    }
    Ok(())
}

/// Takes a key of `publish-once` for an event; false when another event has it.
async fn take_key(tx: &mut SqliteConnection, plugin: &str, key: &str, event: Uuid) -> Result<bool> {
    let taken = sqlx::query("INSERT OR IGNORE INTO t_event_key (plugin, key, event, created_ms) VALUES (?, ?, ?, ?)")
        .bind(plugin)
        .bind(key)
        .bind(event.as_bytes().as_slice())
        .bind(now_ms())
        .execute(tx)
        .await?;
    Ok(taken.rows_affected() > 0)
}
