//! Lanes: events are handed to targets, stand in line, and are taken from the heads (proxy-tool-events.md 11.2).

use super::SqliteStore;
use super::db::{Write, db_int, model_int};
use super::plugin_data;
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use std::collections::{HashMap, HashSet, VecDeque};
use uuid::Uuid;

/// Milliseconds that an event which is never queued lets its lanes flush before it goes.
const FLUSH: i64 = 2000;
/// Events that may wait for a target, and their bytes, before best-effort ones are dropped (proxy-tool-events.md 11.4).
const CAP: i64 = 100_000;
const CAP_BYTES: i64 = 256 << 20;

/// Deliveries for a stretch of a batch (`?1`, from `?2` to before `?3`), whose first event has the place `?4`. `?5` is now, `?6` the names
/// that are best effort, `?7` targets that have no room for such. Of those that are not installed, whom an archive names waits for what comes
/// out of it.
const DELIVER: &str = "INSERT INTO t_delivery (target, batch, ordinal, sequence, state, due_ms, direct_ms, created_ms, attempts, \
   reason, message, digest, ended_ms) \
 SELECT t.id, e.batch, e.ordinal, ?4 + e.ordinal, coalesce(y.state, 0), coalesce(y.due_ms, ?5), \
   CASE WHEN e.name IN (SELECT value FROM json_each(?6)) THEN ?5 + ?8 ELSE 0 END, ?5, y.target IS NOT NULL, \
   coalesce(y.reason, ''), coalesce(y.message, ''), coalesce(y.digest, ''), CASE WHEN y.state >= 2 THEN ?5 ELSE 0 END \
 FROM t_event e JOIN t_subscription s ON s.event = e.name JOIN t_target t ON t.id = s.target \
   AND (t.installed = 1 OR (e.name IN ('content-imported', 'course-imported', 'group-imported') \
     AND EXISTS (SELECT 1 FROM t_archive_target a WHERE a.target = t.id AND a.backup = json_extract(e.what, '$.backup')))) \
 LEFT JOIN t_early y ON y.batch = e.batch AND y.ordinal = e.ordinal AND y.target = t.id \
 WHERE e.batch = ?1 AND e.ordinal >= ?2 AND e.ordinal < ?3 \
   AND NOT (e.name IN (SELECT value FROM json_each(?6)) AND (t.state = 2 OR t.id IN (SELECT value FROM json_each(?7)) \
     OR coalesce(json_extract(t.health, '$.open_until_ms'), 0) > ?5)) \
 ORDER BY e.ordinal, t.id";

/// Their places in the lanes.
const ENTER: &str = "INSERT OR IGNORE INTO t_lane (target, course, sequence, delivery) \
 SELECT d.target, e.course_a, d.sequence, d.id FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
 WHERE d.batch = ?1 AND d.ordinal >= ?2 AND d.ordinal < ?3 AND d.state < 2 AND e.course_a IS NOT NULL \
 UNION ALL SELECT d.target, e.course_b, d.sequence, d.id FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
 WHERE d.batch = ?1 AND d.ordinal >= ?2 AND d.ordinal < ?3 AND d.state < 2 AND e.course_b IS NOT NULL";

/// Whether a delivery `d` stands first in all its lanes.
macro_rules! is_first {
    () => {
        "NOT EXISTS (SELECT 1 FROM t_event e JOIN t_lane l ON l.target = d.target AND l.course = e.course_a AND l.sequence < d.sequence \
          WHERE e.batch = d.batch AND e.ordinal = d.ordinal) \
         AND NOT EXISTS (SELECT 1 FROM t_event e JOIN t_lane l ON l.target = d.target AND l.course = e.course_b AND l.sequence < d.sequence \
          WHERE e.batch = d.batch AND e.ordinal = d.ordinal)"
    };
}

const READY: &str = concat!(
    "UPDATE t_delivery AS d SET ready = 1 WHERE d.batch = ?1 AND d.ordinal >= ?2 AND d.ordinal < ?3 AND d.state = 0 AND ",
    is_first!()
);

const NEW_HEAD: &str = concat!("UPDATE t_delivery AS d SET ready = 1 WHERE d.id = ? AND d.ready = 0 AND ", is_first!());

/// The first of a lane.
pub(super) async fn head_of_lanes(conn: &mut SqliteConnection, target: i64, course: &str) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar("SELECT delivery FROM t_lane WHERE target = ? AND course = ? ORDER BY sequence LIMIT 1")
        .bind(target)
        .bind(course)
        .fetch_optional(conn)
        .await?)
}

/// After something left a lane: its first may go if it is first in its other lane too.
pub(super) async fn advance(tx: &mut Write, target: i64, course: &str) -> Result<()> {
    if let Some(head) = head_of_lanes(tx, target, course).await? {
        sqlx::query(NEW_HEAD).bind(head).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Puts a delivery that waits again into its place in its lanes.
pub(super) async fn enter_lanes(tx: &mut Write, delivery: i64) -> Result<()> {
    let (target, batch, ordinal): (i64, i64, i64) =
        sqlx::query_as("SELECT target, batch, ordinal FROM t_delivery WHERE id = ?")
            .bind(delivery)
            .fetch_one(&mut **tx)
            .await?;
    let (a, b): (Option<String>, Option<String>) =
        sqlx::query_as("SELECT course_a, course_b FROM t_event WHERE batch = ? AND ordinal = ?")
            .bind(batch)
            .bind(ordinal)
            .fetch_one(&mut **tx)
            .await?;
    for course in a.iter().chain(&b) {
        sqlx::query(
            "INSERT OR IGNORE INTO t_lane (target, course, sequence, delivery) SELECT target, ?, sequence, id FROM t_delivery WHERE id = ?",
        )
        .bind(course)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
        // Whoever was first is not any more, unless it is on its way.
        sqlx::query(
            "UPDATE t_delivery SET ready = 0 WHERE ready = 1 AND id IN (SELECT l.delivery FROM t_lane l WHERE l.target = ?1 AND l.course = ?2 \
             AND l.sequence > (SELECT sequence FROM t_delivery WHERE id = ?3) ORDER BY l.sequence LIMIT 1)",
        )
        .bind(target)
        .bind(course)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query(NEW_HEAD).bind(delivery).execute(&mut **tx).await?;
    Ok(())
}

/// Takes a delivery out of its lanes and lets the next ones go.
pub(super) async fn leave_lanes(tx: &mut Write, target: i64, delivery: i64, courses: &[String]) -> Result<()> {
    for course in courses {
        sqlx::query("DELETE FROM t_lane WHERE target = ? AND course = ? AND sequence = (SELECT sequence FROM t_delivery WHERE id = ?)")
            .bind(target)
            .bind(course)
            .bind(delivery)
            .execute(&mut **tx)
            .await?;
        advance(tx, target, course).await?;
    }
    Ok(())
}

/// A row of a lane, or a head without one.
struct Standing {
    id: i64,
    sequence: i64,
    pending: bool,
    ready: bool,
    due_ms: i64,
    courses: Vec<String>,
    claimed: Claimed,
}

macro_rules! select_standing {
    ($from:literal) => {
        concat!(
            "SELECT d.id, d.sequence, d.state, d.ready, d.due_ms, e.course_a, e.course_b, e.id, e.source, e.time, e.what, e.storage_sequence, \
             d.attempts, d.created_ms, d.replay, d.poison, d.digest, d.direct_ms, \
             (SELECT b.job FROM t_event_batch b WHERE b.id = d.batch), e.hops FROM ",
            $from
        )
    };
}

fn standing(r: &SqliteRow) -> Result<Standing> {
    let (a, b): (Option<String>, Option<String>) = (r.try_get(5)?, r.try_get(6)?);
    let (id, what): (Vec<u8>, String) = (r.try_get(7)?, r.try_get(10)?);
    let (delivery, sequence, state): (i64, i64, i64) = (r.try_get(0)?, r.try_get(1)?, r.try_get(2)?);
    let what =
        serde_json::from_str(&what).map_err(|e| StoreError::Corrupt(format!("event of delivery {delivery}: {e}")))?;
    Ok(Standing {
        id: delivery,
        sequence,
        pending: state == 0,
        ready: r.try_get(3)?,
        due_ms: r.try_get(4)?,
        courses: a.into_iter().chain(b).collect(),
        claimed: Claimed {
            delivery: model_int(delivery),
            event: Event {
                id: event_id(&id)?,
                source: r.try_get(8)?,
                time: r.try_get(9)?,
                sequence: model_int(sequence),
                what,
                storage_sequence: model_int(r.try_get(11)?),
                hops: r.try_get(19)?,
            },
            attempt: r.try_get::<u32, _>(12)? + 1,
            created_ms: r.try_get(13)?,
            replay: r.try_get(14)?,
            gap_after: None,
            poison: r.try_get(15)?,
            digest: r.try_get(16)?,
            direct: r.try_get::<i64, _>(17)? > 0,
            job: r.try_get(18)?,
        },
    })
}

/// An event's id as people write it.
pub(super) fn event_id(bytes: &[u8]) -> Result<String> {
    let id = Uuid::from_slice(bytes).map_err(|e| StoreError::Corrupt(format!("event id: {e}")))?;
    Ok(id.to_string())
}

async fn lane(conn: &mut SqliteConnection, target: i64, course: &str, limit: i64) -> Result<Vec<Standing>> {
    let rows = sqlx::query(select_standing!(
        "t_lane l JOIN t_delivery d ON d.id = l.delivery JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
         WHERE l.target = ? AND l.course = ? ORDER BY l.sequence LIMIT ?"
    ))
    .bind(target)
    .bind(course)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(standing).collect()
}

/// Those that may go one after the other, beginning with `head`: each is first in all its lanes once those before it are through.
async fn batch_from(tx: &mut Write, target: i64, head: Standing, now_ms: i64, limit: u32) -> Result<Vec<Standing>> {
    let Some(first_course) = head.courses.first().cloned().filter(|_| !head.claimed.direct) else {
        return Ok(vec![head]);
    };
    let limit = i64::from(limit);
    let row = lane(tx, target, &first_course, limit).await?;
    // One that goes past others goes alone.
    if row.first().is_none_or(|first| first.id != head.id) {
        return Ok(vec![head]);
    }
    // What still stands in other lanes, from their heads on.
    let mut others: HashMap<String, VecDeque<i64>> = HashMap::new();
    let mut taken: Vec<Standing> = Vec::new();
    for next in row {
        let is_head = next.id == head.id;
        if !is_head && (!next.pending || (next.ready && next.due_ms > now_ms) || next.claimed.direct) {
            break;
        }
        let mut fits = true;
        for course in next.courses.iter().filter(|c| **c != first_course) {
            if !others.contains_key(course) {
                let standing: Vec<i64> = sqlx::query_scalar(
                    "SELECT sequence FROM t_lane WHERE target = ? AND course = ? ORDER BY sequence LIMIT ?",
                )
                .bind(target)
                .bind(course)
                .bind(limit)
                .fetch_all(&mut **tx)
                .await?;
                others.insert(course.clone(), standing.into());
            }
            fits &= others.get(course).and_then(VecDeque::front) == Some(&next.sequence);
        }
        if !fits {
            break;
        }
        for course in next.courses.iter().filter(|c| **c != first_course) {
            if let Some(standing) = others.get_mut(course) {
                standing.pop_front();
            }
        }
        taken.push(next);
    }
    Ok(taken)
}

impl SqliteStore {
    pub(super) async fn hand_out(&self, now_ms: i64, limit: u32) -> Result<FanOut> {
        let mut done = FanOut::default();
        // Asked often: look without the write lock first.
        let waiting = "SELECT EXISTS (SELECT 1 FROM t_event_batch b WHERE b.base IS NOT NULL AND b.told < b.count) \
             OR EXISTS (SELECT 1 FROM t_delivery WHERE state = 0 AND ready = 0 AND direct_ms > 0 AND direct_ms <= ?)";
        if !sqlx::query_scalar::<_, bool>(waiting).bind(now_ms).fetch_one(self.db.read()).await? {
            return Ok(done);
        }
        let mut tx = self.db.write().await?;
        sqlx::query(
            "UPDATE t_delivery SET ready = 1, due_ms = min(due_ms, ?1) WHERE state = 0 AND ready = 0 AND direct_ms > 0 AND direct_ms <= ?1",
        )
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        let batches: Vec<(i64, i64, i64, i64)> =
            sqlx::query_as("SELECT id, base, count, told FROM event_batch WHERE told < count ORDER BY base LIMIT 100")
                .fetch_all(&mut *tx)
                .await?;
        let mut left = i64::from(limit);
        for (batch, base, count, told) in batches {
            if left <= 0 {
                break;
            }
            let until = count.min(told + left);
            done.deliveries += deliver(&mut tx, batch, base, told, until, now_ms).await?;
            sqlx::query("UPDATE t_event_batch SET told = ? WHERE id = ?")
                .bind(until)
                .bind(batch)
                .execute(&mut *tx)
                .await?;
            done.events += model_int(until - told);
            left -= until - told;
        }
        tx.commit().await?;
        Ok(done)
    }

    pub(super) async fn take_deliveries(
        &self,
        target: u64,
        now_ms: i64,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<Claimed>> {
        let target = db_int(target);
        // Asked once more after every batch: mostly there is nothing left, which needs no write lock.
        let waiting =
            "SELECT EXISTS (SELECT 1 FROM t_delivery WHERE target = ? AND state = 0 AND ready = 1 AND due_ms <= ?)";
        if !sqlx::query_scalar::<_, bool>(waiting).bind(target).bind(now_ms).fetch_one(self.db.read()).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.db.write().await?;
        let head = sqlx::query(select_standing!(
            "t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
             WHERE d.target = ? AND d.state = 0 AND d.ready = 1 AND d.due_ms <= ? ORDER BY d.due_ms, d.sequence LIMIT 1"
        ))
        .bind(target)
        .bind(now_ms)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(head) = head else { return Ok(Vec::new()) };
        let head = standing(&head)?;
        let taken = if limit <= 1 { vec![head] } else { batch_from(&mut tx, target, head, now_ms, limit).await? };
        let ids = ids(taken.iter().map(|t| t.id))?;
        sqlx::query(
            "UPDATE t_delivery SET state = 1, attempts = attempts + 1, worker = ?, lease_ms = ? WHERE id IN (SELECT value FROM json_each(?))",
        )
        .bind(&self.db.process)
        .bind(now_ms + lease_ms)
        .bind(ids)
        .execute(&mut *tx)
        .await?;
        let gaps: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT course, event FROM t_gap WHERE target = ?").bind(target).fetch_all(&mut *tx).await?;
        let mut gaps: HashMap<String, Vec<u8>> = gaps.into_iter().collect();
        tx.commit().await?;
        let mut claimed = Vec::with_capacity(taken.len());
        for Standing { courses, claimed: mut one, .. } in taken {
            for course in &courses {
                if let Some(gap) = gaps.remove(course) {
                    one.gap_after = Some(event_id(&gap)?);
                }
            }
            claimed.push(one);
        }
        Ok(claimed)
    }
}

/// Numbers as a JSON list, which a statement takes as one value.
pub(super) fn ids(ids: impl Iterator<Item = i64>) -> Result<String> {
    serde_json::to_string(&ids.collect::<Vec<_>>()).map_err(|e| StoreError::Invalid(e.to_string()))
}

/// Makes deliveries of a stretch of a batch.
async fn deliver(tx: &mut Write, batch: i64, base: i64, from: i64, until: i64, now_ms: i64) -> Result<u64> {
    let best_effort = serde_json::to_string(&BEST_EFFORT).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let full = full_targets(tx, (batch, from, until), &best_effort).await?;
    let made = sqlx::query(DELIVER)
        .bind(batch)
        .bind(from)
        .bind(until)
        .bind(base)
        .bind(now_ms)
        .bind(&best_effort)
        .bind(ids(full.into_iter())?)
        .bind(FLUSH)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    if made == 0 {
        return Ok(0);
    }
    let strange = leave_out_strange(tx, (batch, from, until)).await?;
    let early = "INSERT INTO t_attempt (delivery, number, at_ms, took_us, outcome, message, digest) \
         SELECT d.id, 1, y.at_ms, y.took_us, y.reason, y.message, y.digest FROM t_early y \
         JOIN t_delivery d ON d.batch = y.batch AND d.ordinal = y.ordinal AND d.target = y.target \
         WHERE y.batch = ?1 AND y.ordinal >= ?2 AND y.ordinal < ?3 AND y.state <> 2";
    let gaps = "INSERT OR REPLACE INTO t_gap (target, course, event) SELECT d.target, c.value, e.id FROM t_delivery d \
         JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal, json_each(json_array(e.course_a, e.course_b)) c \
         WHERE d.batch = ?1 AND d.ordinal >= ?2 AND d.ordinal < ?3 AND d.state IN (3, 4) AND c.value IS NOT NULL ORDER BY d.sequence";
    let over = "DELETE FROM t_early WHERE batch = ?1 AND ordinal >= ?2 AND ordinal < ?3";
    for sql in [early, gaps, over, ENTER, READY] {
        sqlx::query(sql).bind(batch).bind(from).bind(until).execute(&mut **tx).await?;
    }
    Ok(made - strange)
}

/// Takes back deliveries to targets that want their own things only, of things that are not theirs; how many.
async fn leave_out_strange(tx: &mut Write, (batch, from, until): (i64, i64, i64)) -> Result<u64> {
    let doubtful: Vec<(i64, String, String, String, i64)> = sqlx::query_as(
        "SELECT d.id, t.plugin, t.name, e.what, e.storage_sequence FROM t_delivery d JOIN t_target t ON t.id = d.target \
         JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
         JOIN t_subscription s ON s.target = d.target AND s.event = e.name AND s.only_own = 1 \
         WHERE d.batch = ? AND d.ordinal >= ? AND d.ordinal < ?",
    )
    .bind(batch)
    .bind(from)
    .bind(until)
    .fetch_all(&mut **tx)
    .await?;
    let mut strange = Vec::new();
    for (delivery, plugin, target, what, storage) in doubtful {
        let what: Happening = serde_json::from_str(&what)
            .map_err(|e| StoreError::Corrupt(format!("event of delivery {delivery}: {e}")))?;
        if !plugin_data::is_own(tx, &plugin, &target, &what, model_int(storage)).await? {
            strange.push(delivery);
        }
    }
    let count = strange.len() as u64;
    if count > 0 {
        sqlx::query("DELETE FROM t_delivery WHERE id IN (SELECT value FROM json_each(?))")
            .bind(ids(strange.into_iter())?)
            .execute(&mut **tx)
            .await?;
    }
    Ok(count)
}

/// Targets for which so much waits that best-effort events of this stretch, if there are any, are dropped and counted.
async fn full_targets(tx: &mut Write, (batch, from, until): (i64, i64, i64), names: &str) -> Result<HashSet<i64>> {
    let wanted: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT s.target, count(*) FROM t_event e JOIN t_subscription s ON s.event = e.name WHERE e.batch = ? AND e.ordinal >= ? \
         AND e.ordinal < ? AND e.name IN (SELECT value FROM json_each(?)) GROUP BY s.target",
    )
    .bind(batch)
    .bind(from)
    .bind(until)
    .bind(names)
    .fetch_all(&mut **tx)
    .await?;
    let mut full = HashSet::new();
    for (target, events) in wanted {
        let (count, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(length(e.what)), 0) FROM (SELECT batch, ordinal FROM t_delivery WHERE target = ? AND state < 2 LIMIT ?) d \
             JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal",
        )
        .bind(target)
        .bind(CAP)
        .fetch_one(&mut **tx)
        .await?;
        if count >= CAP || bytes >= CAP_BYTES {
            sqlx::query("UPDATE t_target SET dropped = dropped + ? WHERE id = ?")
                .bind(events)
                .bind(target)
                .execute(&mut **tx)
                .await?;
            full.insert(target);
        }
    }
    Ok(full)
}
