//! What an operator sees and does of the outbox, and how long things are kept (proxy-tool-events.md 11.4).

use super::SqliteStore;
use super::db::{Write, db_int, model_int, page};
use super::outbox_lanes::{enter_lanes, event_id, ids, leave_lanes};
use super::outbox_targets::target_id;
use crate::api::*;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// Rows of one write.
const SLICE: i64 = 1000;

macro_rules! select_delivery {
    (listed $rest:literal) => {
        concat!(
            select_delivery!(
                "WHERE (?1 IS NULL OR d.target = ?1) AND (?2 IS NULL OR d.state = ?2) AND (?3 IS NULL OR e.name = ?3) \
                 AND (?4 IS NULL OR e.course_a = ?4 OR e.course_b = ?4) AND (?5 IS NULL OR e.time >= ?5) AND "
            ),
            $rest
        )
    };
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.name, t.plugin, t.name, d.state, d.sequence, e.time, d.attempts, d.due_ms, d.ended_ms, d.reason, d.message, \
             e.course_a, e.course_b, d.replay, d.id FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
             JOIN t_target t ON t.id = d.target ",
            $rest
        )
    };
}

fn state_number(state: DeliveryState) -> i64 {
    match state {
        DeliveryState::Pending => 0,
        DeliveryState::InFlight => 1,
        DeliveryState::Done => 2,
        DeliveryState::Dropped => 3,
        DeliveryState::Dead => 4,
    }
}

fn delivery_row(r: &SqliteRow) -> Result<DeliveryRow> {
    let state = match r.try_get(4)? {
        0 => DeliveryState::Pending,
        1 => DeliveryState::InFlight,
        2 => DeliveryState::Done,
        3 => DeliveryState::Dropped,
        4 => DeliveryState::Dead,
        other => return Err(StoreError::Corrupt(format!("delivery state {other}"))),
    };
    let id: Vec<u8> = r.try_get(0)?;
    let (plugin, name): (String, String) = (r.try_get(2)?, r.try_get(3)?);
    let (a, b): (Option<String>, Option<String>) = (r.try_get(12)?, r.try_get(13)?);
    let due: i64 = r.try_get(8)?;
    Ok(DeliveryRow {
        id: model_int(r.try_get(15)?),
        event: event_id(&id)?,
        name: r.try_get(1)?,
        target: label(&plugin, &name),
        state,
        sequence: model_int(r.try_get(5)?),
        time: r.try_get(6)?,
        attempts: r.try_get(7)?,
        due: if matches!(state, DeliveryState::Pending | DeliveryState::InFlight) { due / 1000 } else { 0 },
        ended: r.try_get::<i64, _>(9)? / 1000,
        reason: r.try_get(10)?,
        message: r.try_get(11)?,
        courses: a.into_iter().chain(b).collect(),
        replay: r.try_get(14)?,
    })
}

/// Chooses notices by the two values of [`notices_of`].
macro_rules! of_whom {
    () => {
        "((?1 IS NULL AND ?2 IS NULL) OR person = ?1 OR (?2 AND person IS NULL))"
    };
}

/// Whose notices: a person's, and whether the operator's; everybody's without both.
fn notices_of(whose: Whose) -> (Option<i64>, Option<bool>) {
    match whose {
        Whose::Everybody => (None, None),
        Whose::Operator => (None, Some(true)),
        Whose::Person(id) => (Some(db_int(id)), Some(false)),
        Whose::Administrator(id) => (Some(db_int(id)), Some(true)),
    }
}

fn id_bytes(event: &str) -> Result<Vec<u8>> {
    let id = Uuid::parse_str(event).map_err(|_| StoreError::NotFound { kind: "event", key: event.to_owned() })?;
    Ok(id.as_bytes().to_vec())
}

impl SqliteStore {
    pub(super) async fn list_deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>> {
        let mut conn = self.db.read().acquire().await?;
        let target = match &filter.target {
            Some(label) => Some(target_id(&mut conn, label).await?),
            None => None,
        };
        // Deliveries are made in the order of their events.
        let sql = if filter.oldest_first {
            select_delivery!(listed "(?6 = 0 OR d.id > ?6) ORDER BY d.id LIMIT ?7")
        } else {
            select_delivery!(listed "(?6 = 0 OR d.id < ?6) ORDER BY d.id DESC LIMIT ?7")
        };
        let rows = sqlx::query(sql)
            .bind(target)
            .bind(filter.state.map(state_number))
            .bind(&filter.event)
            .bind(&filter.course)
            .bind(filter.since)
            .bind(db_int(filter.after))
            .bind(page(if filter.limit == 0 { 1000 } else { filter.limit }))
            .fetch_all(&mut *conn)
            .await?;
        rows.iter().map(delivery_row).collect()
    }

    pub(super) async fn show_event(&self, id: &str) -> Result<EventDetails> {
        let mut conn = self.db.read().acquire().await?;
        let row = sqlx::query(
            "SELECT e.name, e.source, e.time, coalesce(b.base, 0) + e.ordinal, e.storage_sequence, e.what, e.batch, e.ordinal \
             FROM t_event e JOIN event_batch b ON b.id = e.batch WHERE e.id = ?",
        )
        .bind(id_bytes(id)?)
        .fetch_optional(&mut *conn)
        .await?;
        let row = row.ok_or_else(|| StoreError::NotFound { kind: "event", key: id.to_owned() })?;
        let what: String = row.try_get(5)?;
        let what = match what.as_str() {
            "" => None,
            what => Some(serde_json::from_str(what).map_err(|e| StoreError::Corrupt(format!("event {id}: {e}")))?),
        };
        let event = EventRow {
            id: id.to_owned(),
            name: row.try_get(0)?,
            source: row.try_get(1)?,
            time: row.try_get(2)?,
            sequence: model_int(row.try_get(3)?),
            storage_sequence: model_int(row.try_get(4)?),
            what,
        };
        let rows = sqlx::query(select_delivery!("WHERE d.batch = ? AND d.ordinal = ? ORDER BY t.plugin, t.name"))
            .bind(row.try_get::<i64, _>(6)?)
            .bind(row.try_get::<i64, _>(7)?)
            .fetch_all(&mut *conn)
            .await?;
        let mut deliveries = Vec::with_capacity(rows.len());
        for row in &rows {
            let attempts = sqlx::query(
                "SELECT number, at_ms, took_us, outcome, message, digest FROM t_attempt WHERE delivery = ? ORDER BY at_ms, number",
            )
            .bind(row.try_get::<i64, _>(15)?)
            .fetch_all(&mut *conn)
            .await?;
            let attempts: Result<Vec<AttemptRow>> = attempts
                .iter()
                .map(|r| {
                    Ok(AttemptRow {
                        number: r.try_get(0)?,
                        time: r.try_get::<i64, _>(1)? / 1000,
                        took_us: r.try_get(2)?,
                        outcome: r.try_get(3)?,
                        message: r.try_get(4)?,
                        digest: r.try_get(5)?,
                    })
                })
                .collect();
            deliveries.push((delivery_row(row)?, attempts?));
        }
        Ok(EventDetails { event, deliveries })
    }

    /// Deliveries that are chosen and in one of these states, oldest first. Errors: `NotFound` (target, event).
    async fn chosen(&self, tx: &mut Write, chosen: &Chosen, states: &str) -> Result<Vec<i64>> {
        let target = match &chosen.target {
            Some(label) => Some(target_id(tx, label).await?),
            None => None,
        };
        let event = match &chosen.event {
            Some(event) => {
                let bytes = id_bytes(event)?;
                let known: i64 = sqlx::query_scalar("SELECT count(*) FROM t_event WHERE id = ?")
                    .bind(&bytes)
                    .fetch_one(&mut **tx)
                    .await?;
                if known == 0 {
                    return Err(StoreError::NotFound { kind: "event", key: event.clone() });
                }
                Some(bytes)
            }
            None => None,
        };
        Ok(sqlx::query_scalar(
            "SELECT d.id FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
             WHERE (?1 IS NULL OR d.target = ?1) AND (?2 IS NULL OR e.id = ?2) AND (?3 IS NULL OR e.time >= ?3) AND e.what <> '' \
             AND d.state IN (SELECT value FROM json_each(?4)) ORDER BY d.sequence",
        )
        .bind(target)
        .bind(event)
        .bind(chosen.since)
        .bind(states)
        .fetch_all(&mut **tx)
        .await?)
    }

    pub(super) async fn send_again(&self, chosen: &Chosen, now_ms: i64) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let states = if chosen.event.is_some() { "[2, 3, 4]" } else { "[4]" };
        let all = self.chosen(&mut tx, chosen, states).await?;
        for delivery in &all {
            sqlx::query(
                "UPDATE t_delivery SET state = 0, ready = 0, attempts = 0, poison = 0, replay = 1, reason = '', message = '', ended_ms = 0, \
                 due_ms = ?1, direct_ms = iif(direct_ms > 0, ?1, 0) WHERE id = ?2",
            )
            .bind(now_ms)
            .bind(delivery)
            .execute(&mut *tx)
            .await?;
            enter_lanes(&mut tx, *delivery).await?;
        }
        tx.commit().await?;
        Ok(all.len() as u64)
    }

    pub(super) async fn give_up(&self, chosen: &Chosen, now_ms: i64) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let waiting = self.chosen(&mut tx, chosen, "[0]").await?;
        for delivery in &waiting {
            end(&mut tx, *delivery, 3, "discarded", now_ms).await?;
        }
        let dead = self.chosen(&mut tx, chosen, "[4]").await?;
        sqlx::query("UPDATE t_delivery SET state = 3, reason = 'discarded', ended_ms = ? WHERE id IN (SELECT value FROM json_each(?))")
            .bind(now_ms)
            .bind(ids(dead.iter().copied())?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok((waiting.len() + dead.len()) as u64)
    }

    pub(super) async fn keep_to(&self, retention: &Retention, now_ms: i64) -> Result<Expired> {
        let mut expired = Expired::default();
        // What waited too long. It is over its time since it was handed out.
        loop {
            let mut tx = self.db.write().await?;
            let old: Vec<i64> = sqlx::query_scalar(
                "SELECT d.id FROM t_target t JOIN t_delivery d ON d.target = t.id AND d.state = 0 \
                 AND d.created_ms <= ?1 - iif(t.installed = 1, ?2, ?3) ORDER BY d.sequence LIMIT ?4",
            )
            .bind(now_ms)
            .bind(retention.parked_ms)
            .bind(retention.absent_ms)
            .bind(SLICE)
            .fetch_all(&mut *tx)
            .await?;
            for delivery in &old {
                end(&mut tx, *delivery, 4, "expired", now_ms).await?;
            }
            tx.commit().await?;
            expired.given_up += old.len() as u64;
            if old.len() < SLICE as usize {
                break;
            }
        }
        let mut tx = self.db.write().await?;
        expired.purged = sqlx::query(
            "UPDATE t_event SET what = '' WHERE what <> '' AND (batch, ordinal) IN (SELECT d.batch, d.ordinal FROM t_delivery d \
             WHERE d.state = 4 AND d.ended_ms <= ?1) AND NOT EXISTS (SELECT 1 FROM t_delivery o WHERE o.batch = t_event.batch \
             AND o.ordinal = t_event.ordinal AND (o.state < 2 OR o.ended_ms > ?1))",
        )
        .bind(now_ms - retention.dead_ms)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        loop {
            let mut tx = self.db.write().await?;
            let old: Vec<i64> = sqlx::query_scalar(
                "SELECT id FROM t_delivery WHERE state IN (2, 3) AND ended_ms > 0 AND ended_ms <= ? LIMIT ?",
            )
            .bind(now_ms - retention.done_ms)
            .bind(SLICE)
            .fetch_all(&mut *tx)
            .await?;
            let old_ids = ids(old.iter().copied())?;
            for sql in [
                "DELETE FROM t_attempt WHERE delivery IN (SELECT value FROM json_each(?))",
                "DELETE FROM t_delivery WHERE id IN (SELECT value FROM json_each(?))",
            ] {
                sqlx::query(sql).bind(&old_ids).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            expired.removed += old.len() as u64;
            if old.len() < SLICE as usize {
                break;
            }
        }
        self.forget_events(retention, now_ms).await?;
        let mut tx = self.db.write().await?;
        let notices = sqlx::query("DELETE FROM t_notice WHERE created <= ?")
            .bind((now_ms - retention.notices_ms).div_euclid(1000))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        expired.removed += notices.rows_affected();
        Ok(expired)
    }

    /// Removes events that nobody has anything to do with any more.
    async fn forget_events(&self, retention: &Retention, now_ms: i64) -> Result<()> {
        let before = now_ms - retention.done_ms;
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM t_event_key WHERE created_ms <= ?").bind(before).execute(&mut *tx).await?;
        tx.commit().await?;
        let batches: Vec<i64> = sqlx::query_scalar(
            "SELECT b.id FROM event_batch b WHERE b.told = b.count AND b.recorded_ms <= ? \
             AND NOT EXISTS (SELECT 1 FROM t_delivery d WHERE d.batch = b.id)",
        )
        .bind(before)
        .fetch_all(self.db.read())
        .await?;
        for batch in batches {
            let mut tx = self.db.write().await?;
            sqlx::query("DELETE FROM t_event WHERE batch = ?").bind(batch).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM t_event_batch WHERE id = ?").bind(batch).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    pub(super) async fn add_notice(&self, person: Option<u64>, kind: &str, message: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query("INSERT INTO t_notice (person, kind, message, created) VALUES (?, ?, ?, ?)")
            .bind(person.map(db_int))
            .bind(kind)
            .bind(message)
            .bind(now_ms / 1000)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn list_notices(&self, filter: &NoticeFilter) -> Result<Vec<Notice>> {
        let (person, operator) = notices_of(filter.whose);
        let rows = sqlx::query(concat!(
            "SELECT id, person, kind, message, created, seen FROM t_notice WHERE ",
            of_whom!(),
            " AND (?3 = 0 OR seen = 0) AND (?4 = 0 OR id < ?4) ORDER BY id DESC LIMIT ?5"
        ))
        .bind(person)
        .bind(operator)
        .bind(filter.unseen)
        .bind(db_int(filter.before))
        .bind(page(if filter.limit == 0 { 1000 } else { filter.limit }))
        .fetch_all(self.db.read())
        .await?;
        rows.iter()
            .map(|r| {
                Ok(Notice {
                    id: model_int(r.try_get(0)?),
                    person: r.try_get::<Option<i64>, _>(1)?.map(model_int),
                    kind: r.try_get(2)?,
                    message: r.try_get(3)?,
                    created: r.try_get(4)?,
                    seen: r.try_get(5)?,
                })
            })
            .collect()
    }

    pub(super) async fn mark_notices(&self, up_to: u64, whose: Whose) -> Result<u64> {
        let (person, operator) = notices_of(whose);
        let mut tx = self.db.write().await?;
        let seen =
            sqlx::query(concat!("UPDATE t_notice SET seen = 1 WHERE ", of_whom!(), " AND seen = 0 AND id <= ?3"))
                .bind(person)
                .bind(operator)
                .bind(db_int(up_to))
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(seen.rows_affected())
    }

    pub(super) async fn add_job_warning(&self, job: &str, message: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query("INSERT INTO t_job_warning (job, message) SELECT id, ? FROM t_job WHERE id = ?")
            .bind(message)
            .bind(job)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Ends a delivery that waits, with a gap for those behind it.
async fn end(tx: &mut Write, delivery: i64, state: i64, reason: &str, now_ms: i64) -> Result<()> {
    sqlx::query("UPDATE t_delivery SET state = ?, ready = 0, reason = ?, ended_ms = ? WHERE id = ?")
        .bind(state)
        .bind(reason)
        .bind(now_ms)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
    let (target, event, a, b): (i64, Vec<u8>, Option<String>, Option<String>) = sqlx::query_as(
        "SELECT d.target, e.id, e.course_a, e.course_b FROM t_delivery d JOIN t_event e ON e.batch = d.batch AND e.ordinal = d.ordinal \
         WHERE d.id = ?",
    )
    .bind(delivery)
    .fetch_one(&mut **tx)
    .await?;
    let courses: Vec<String> = a.into_iter().chain(b).collect();
    for course in &courses {
        sqlx::query("INSERT OR REPLACE INTO t_gap (target, course, event) VALUES (?, ?, ?)")
            .bind(target)
            .bind(course)
            .bind(&event)
            .execute(&mut **tx)
            .await?;
    }
    leave_lanes(tx, target, delivery, &courses).await
}
