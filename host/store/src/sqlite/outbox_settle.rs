//! What became of calls: written down together with what their handlers want done (architecture.md 5).

use super::SqliteStore;
use super::db::{Write, db_int};
use super::outbox::apply_effects;
use super::outbox_lanes::{advance, event_id, ids};
use crate::api::*;
use sqlx::Row as _;
use std::collections::{BTreeMap, HashMap};

/// Bytes of an attempt's message that are kept.
const MESSAGE: usize = 512;

/// A delivery that this process has claimed.
struct Held {
    sequence: i64,
    courses: Vec<String>,
    event: Vec<u8>,
    attempts: i64,
    /// Of an export: the archive.
    archive: Option<String>,
}

/// At most so many bytes, cut at a character.
fn shortened(message: &str) -> &str {
    &message[..message.floor_char_boundary(MESSAGE)]
}

/// Whether the effects of a handler cannot be done, now or ever: its call then counts as failed.
fn is_conflict(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Conflict { .. }
            | StoreError::Invalid(_)
            | StoreError::NotFound { .. }
            | StoreError::TooLarge { .. }
            | StoreError::QuotaReached { .. }
    )
}

/// Notes that a target has something saved under an archive's id.
async fn named_by_archive(tx: &mut Write, archive: &str, target: i64) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO t_archive_target (backup, target) VALUES (?, ?)")
        .bind(archive)
        .bind(target)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl SqliteStore {
    pub(super) async fn write_down(&self, target: u64, mut settled: Vec<Settled>, now_ms: i64) -> Result<Settlement> {
        let mut conflict = None;
        loop {
            let mut tx = self.db.write().await?;
            match self.write_all(&mut tx, db_int(target), &settled, now_ms).await {
                Ok(switch_off) => {
                    tx.commit().await?;
                    return Ok(Settlement { settled: settled.len(), conflict, switch_off });
                }
                // The rest is settled without the one that does not fit and what came after it.
                Err((at, error)) if is_conflict(&error) && at < settled.len() => {
                    tx.rollback().await?;
                    settled.truncate(at);
                    conflict = Some(error.to_string());
                }
                Err((_, error)) => return Err(error),
            }
        }
    }

    /// Everything, or nothing and which one was in the way. Whether the target has to be switched off.
    async fn write_all(
        &self,
        tx: &mut Write,
        target: i64,
        settled: &[Settled],
        now_ms: i64,
    ) -> Result<bool, (usize, StoreError)> {
        let outside = |error: StoreError| (usize::MAX, error);
        let held = self.held(tx, settled).await.map_err(outside)?;
        let (plugin, health): (String, String) = sqlx::query_as("SELECT plugin, health FROM t_target WHERE id = ?")
            .bind(target)
            .fetch_one(&mut **tx)
            .await
            .map_err(|e| outside(e.into()))?;
        let mut health: Health = serde_json::from_str(&health)
            .map_err(|e| outside(StoreError::Corrupt(format!("health of a target: {e}"))))?;
        let before = health.clone();
        let mut switch_off = false;
        // Of each lane, up to where deliveries left it.
        let mut left: BTreeMap<&str, i64> = BTreeMap::new();
        let mut done = Vec::new();
        for (at, one) in settled.iter().enumerate() {
            let Some(mine) = held.get(&db_int(one.delivery)) else {
                return Err((usize::MAX, StoreError::LeaseLost { job: format!("delivery {}", one.delivery) }));
            };
            if let Some(sign) = one.sign {
                switch_off |= health.note(sign, now_ms);
            }
            let over = match &one.next {
                Next::Done(effects) => {
                    apply_effects(tx, &plugin, None, effects).await.map_err(|e| (at, e))?;
                    done.push(db_int(one.delivery));
                    if let Some(archive) = &mine.archive {
                        named_by_archive(tx, archive, target).await.map_err(outside)?;
                    }
                    true
                }
                _ => self.not_done(tx, target, one, mine, now_ms).await.map_err(outside)?,
            };
            if over {
                for course in &mine.courses {
                    let until = left.entry(course).or_insert(mine.sequence);
                    *until = (*until).max(mine.sequence);
                    if one.told_gap && matches!(one.next, Next::Done(_)) {
                        sqlx::query("DELETE FROM t_gap WHERE target = ? AND course = ?")
                            .bind(target)
                            .bind(course)
                            .execute(&mut **tx)
                            .await
                            .map_err(|e| outside(e.into()))?;
                    }
                }
            }
        }
        self.finish(tx, target, done, left, now_ms).await.map_err(outside)?;
        if health != before {
            let health = serde_json::to_string(&health).map_err(|e| outside(StoreError::Invalid(e.to_string())))?;
            sqlx::query("UPDATE t_target SET health = ? WHERE id = ?")
                .bind(health)
                .bind(target)
                .execute(&mut **tx)
                .await
                .map_err(|e| outside(e.into()))?;
        }
        Ok(switch_off)
    }

    /// Those of the deliveries that are this process's.
    async fn held(&self, tx: &mut Write, settled: &[Settled]) -> Result<HashMap<i64, Held>> {
        let rows = sqlx::query(
            "SELECT d.id, d.sequence, e.course_a, e.course_b, e.id, d.attempts, \
             iif(e.name IN ('content-exported', 'course-exported', 'group-exported'), json_extract(e.what, '$.backup'), NULL) FROM t_delivery d \
             JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
             WHERE d.id IN (SELECT value FROM json_each(?)) AND d.state = 1 AND d.worker = ?",
        )
        .bind(ids(settled.iter().map(|s| db_int(s.delivery)))?)
        .bind(&self.db.process)
        .fetch_all(&mut **tx)
        .await?;
        rows.iter()
            .map(|r| {
                let (a, b): (Option<String>, Option<String>) = (r.try_get(2)?, r.try_get(3)?);
                let held = Held {
                    sequence: r.try_get(1)?,
                    courses: a.into_iter().chain(b).collect(),
                    event: r.try_get(4)?,
                    attempts: r.try_get(5)?,
                    archive: r.try_get::<Option<String>, _>(6)?.filter(|archive| !archive.is_empty()),
                };
                Ok((r.try_get(0)?, held))
            })
            .collect()
    }

    /// Writes down anything but success; whether it is over.
    async fn not_done(&self, tx: &mut Write, target: i64, one: &Settled, mine: &Held, now_ms: i64) -> Result<bool> {
        let delivery = db_int(one.delivery);
        if one.next == Next::Uncounted {
            sqlx::query("UPDATE t_delivery SET state = 0, attempts = attempts - 1, worker = '' WHERE id = ?")
                .bind(delivery)
                .execute(&mut **tx)
                .await?;
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO t_attempt (delivery, number, at_ms, took_us, outcome, message, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(delivery)
        .bind(mine.attempts)
        .bind(now_ms)
        .bind(one.took_us)
        .bind(&one.code)
        .bind(shortened(&one.message))
        .bind(&one.digest)
        .execute(&mut **tx)
        .await?;
        let (state, due_ms, poison) = match &one.next {
            Next::Later { due_ms, poison } => (0_i64, *due_ms, *poison),
            Next::Dropped => (3, 0, 0),
            _ => (4, 0, 0),
        };
        sqlx::query(
            "UPDATE t_delivery SET state = ?1, due_ms = ?2, poison = ?3, digest = ?4, reason = ?5, message = ?6, worker = '', \
             ended_ms = CASE WHEN ?1 = 0 THEN 0 ELSE ?7 END WHERE id = ?8",
        )
        .bind(state)
        .bind(due_ms)
        .bind(poison)
        .bind(&one.digest)
        .bind(&one.reason)
        .bind(shortened(&one.message))
        .bind(now_ms)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
        if state == 0 {
            return Ok(false);
        }
        for course in &mine.courses {
            sqlx::query("INSERT OR REPLACE INTO t_gap (target, course, event) VALUES (?, ?, ?)")
                .bind(target)
                .bind(course)
                .bind(&mine.event)
                .execute(&mut **tx)
                .await?;
        }
        Ok(true)
    }

    /// Marks what is done, takes what is over out of its lanes, and lets the next ones go.
    async fn finish(
        &self,
        tx: &mut Write,
        target: i64,
        done: Vec<i64>,
        left: BTreeMap<&str, i64>,
        now_ms: i64,
    ) -> Result<()> {
        if !done.is_empty() {
            sqlx::query(
                "UPDATE t_delivery SET state = 2, ended_ms = ?, reason = '', message = '' WHERE id IN (SELECT value FROM json_each(?))",
            )
            .bind(now_ms)
            .bind(ids(done.into_iter())?)
            .execute(&mut **tx)
            .await?;
        }
        for (course, until) in &left {
            // What went past others stands behind some that still wait.
            sqlx::query(
                "DELETE FROM t_lane WHERE target = ?1 AND course = ?2 AND sequence <= ?3 \
                 AND (SELECT d.state FROM t_delivery d WHERE d.id = t_lane.delivery) >= 2",
            )
            .bind(target)
            .bind(course)
            .bind(until)
            .execute(&mut **tx)
            .await?;
        }
        for course in left.keys() {
            advance(tx, target, course).await?;
        }
        Ok(())
    }

    pub(super) async fn put_back_deliveries(&self, now_ms: i64) -> Result<u64> {
        let workers: Vec<String> = sqlx::query_scalar("SELECT DISTINCT worker FROM t_delivery WHERE state = 1")
            .fetch_all(self.db.read())
            .await?;
        let mut back = 0;
        for worker in workers {
            let until = if worker != self.db.process && self.db.is_dead(&worker).await? { i64::MAX } else { now_ms };
            let mut tx = self.db.write().await?;
            // One of a kind that is never queued had its one call.
            let direct: Vec<(i64, i64, Option<String>, Option<String>)> = sqlx::query_as(
                "SELECT d.id, d.target, e.course_a, e.course_b FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
                 WHERE d.state = 1 AND d.worker = ? AND d.lease_ms <= ? AND d.direct_ms > 0",
            )
            .bind(&worker)
            .bind(until)
            .fetch_all(&mut *tx)
            .await?;
            back += sqlx::query(
                "UPDATE t_delivery SET state = iif(direct_ms > 0, 3, 0), ended_ms = iif(direct_ms > 0, ?, 0), worker = '', \
                 reason = 'interrupted' WHERE state = 1 AND worker = ? AND lease_ms <= ?",
            )
            .bind(now_ms)
            .bind(&worker)
            .bind(until)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            for (delivery, target, a, b) in direct {
                let courses: Vec<String> = a.into_iter().chain(b).collect();
                super::outbox_lanes::leave_lanes(&mut tx, target, delivery, &courses).await?;
            }
            tx.commit().await?;
        }
        Ok(back)
    }

    pub(super) async fn not_settled(&self, events: &[String]) -> Result<u64> {
        let mut open = 0;
        for event in events {
            let id =
                uuid::Uuid::parse_str(event).map_err(|e| StoreError::Invalid(format!("event id {event:?}: {e}")))?;
            let left: i64 = sqlx::query_scalar(
                "SELECT (SELECT count(*) FROM t_delivery d WHERE d.batch = e.batch AND d.ordinal = e.ordinal AND d.state < 2) \
                 + (SELECT count(*) FROM t_event_batch b WHERE b.id = e.batch AND b.told <= e.ordinal) FROM t_event e WHERE e.id = ?",
            )
            .bind(id.as_bytes().as_slice())
            .fetch_optional(self.db.read())
            .await?
            .unwrap_or(0);
            open += super::db::model_int(left);
        }
        Ok(open)
    }

    /// Writes down what handlers answered before their change, `change`, is published: their effects become visible with it.
    pub(super) async fn write_early(
        tx: &mut Write,
        change: i64,
        target: &Target,
        answers: &[Early],
        now_ms: i64,
    ) -> Result<()> {
        for Early { event, settled } in answers {
            let id =
                uuid::Uuid::parse_str(event).map_err(|e| StoreError::Invalid(format!("event id {event:?}: {e}")))?;
            let (state, due_ms) = match &settled.next {
                Next::Done(effects) => {
                    apply_effects(tx, &target.fields.plugin, Some(change), effects).await?;
                    (2_i64, 0)
                }
                Next::Dropped => (3, 0),
                Next::Dead => (4, 0),
                Next::Later { due_ms, .. } => (0, *due_ms),
                Next::Uncounted => continue,
            };
            sqlx::query(
                "INSERT OR REPLACE INTO t_early (batch, ordinal, target, state, reason, message, digest, took_us, at_ms, due_ms) \
                 SELECT e.batch, e.ordinal, ?, ?, ?, ?, ?, ?, ?, ? FROM t_event e JOIN t_event_batch b ON b.id = e.batch \
                 WHERE e.id = ? AND b.change = ?",
            )
            .bind(db_int(target.id))
            .bind(state)
            .bind(&settled.reason)
            .bind(shortened(&settled.message))
            .bind(&settled.digest)
            .bind(settled.took_us)
            .bind(now_ms)
            .bind(due_ms)
            .bind(id.as_bytes().as_slice())
            .bind(change)
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// The events recorded under a change, in order.
    pub(super) async fn events_of(&self, change: i64) -> Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT e.id, e.source, e.time, e.what, e.storage_sequence, e.hops FROM t_event_batch b JOIN t_event e ON e.batch = b.id \
             WHERE b.change = ? ORDER BY b.id, e.ordinal",
        )
        .bind(change)
        .fetch_all(self.db.read())
        .await?;
        rows.iter()
            .map(|r| {
                let (id, what): (Vec<u8>, String) = (r.try_get(0)?, r.try_get(3)?);
                Ok(Event {
                    id: event_id(&id)?,
                    source: r.try_get(1)?,
                    time: r.try_get(2)?,
                    sequence: 0,
                    what: serde_json::from_str(&what).map_err(|e| StoreError::Corrupt(format!("event: {e}")))?,
                    storage_sequence: super::db::model_int(r.try_get(4)?),
                    hops: r.try_get(5)?,
                })
            })
            .collect()
    }
}
