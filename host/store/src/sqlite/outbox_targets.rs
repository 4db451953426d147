//! Targets of the outbox.

use super::SqliteStore;
use super::db::{Write, db_int, model_int};
use super::outbox_lanes::{enter_lanes, head_of_lanes};
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

macro_rules! select_target {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT t.id, t.plugin, t.name, t.title, t.remote, t.timeout, t.state, t.reason, t.installed, t.since_ms, t.health, t.dropped, \
             (SELECT json_group_array(json_object('event', s.event, 'only-own', json(iif(s.only_own, 'true', 'false')))) \
              FROM t_subscription s WHERE s.target = t.id)",
            $more,
            " FROM t_target t ",
            $rest
        )
    };
}

const COUNTED: &str = select_target!(
    ", (SELECT count(*) FROM t_delivery d WHERE d.target = t.id AND d.state < 2), \
     (SELECT count(*) FROM t_delivery d WHERE d.target = t.id AND d.state = 4)",
    "ORDER BY t.plugin, t.name"
);

pub(super) fn target_row(r: &SqliteRow) -> Result<Target> {
    let state = match r.try_get(6)? {
        0 => TargetState::Available,
        1 => TargetState::Inactive,
        2 => TargetState::Unavailable,
        other => return Err(StoreError::Corrupt(format!("target state {other}"))),
    };
    let corrupt = |e: serde_json::Error| StoreError::Corrupt(format!("target: {e}"));
    let (health, subscriptions): (String, String) = (r.try_get(10)?, r.try_get(12)?);
    Ok(Target {
        id: model_int(r.try_get(0)?),
        fields: TargetFields {
            plugin: r.try_get(1)?,
            name: r.try_get(2)?,
            title: r.try_get(3)?,
            subscriptions: serde_json::from_str(&subscriptions).map_err(corrupt)?,
            remote: r.try_get(4)?,
            timeout: r.try_get(5)?,
        },
        state,
        reason: r.try_get(7)?,
        installed: r.try_get(8)?,
        since_ms: r.try_get(9)?,
        health: serde_json::from_str(&health).map_err(corrupt)?,
        waiting: 0,
        dead: 0,
        dropped: model_int(r.try_get(11)?),
    })
}

fn state_number(state: TargetState) -> i64 {
    match state {
        TargetState::Available => 0,
        TargetState::Inactive => 1,
        TargetState::Unavailable => 2,
    }
}

/// A target's number by `PLUGIN` or `PLUGIN/NAME`. Errors: `NotFound` (target).
pub(super) async fn target_id(conn: &mut SqliteConnection, label: &str) -> Result<i64> {
    let (plugin, name) = label.split_once('/').unwrap_or((label, ""));
    sqlx::query_scalar("SELECT id FROM t_target WHERE plugin = ? AND name = ?")
        .bind(plugin)
        .bind(name)
        .fetch_optional(conn)
        .await?
        .ok_or_else(|| StoreError::NotFound { kind: "target", key: label.to_owned() })
}

/// Writes down what is known of a target; whether something is new.
async fn put(tx: &mut Write, fields: &TargetFields, new: TargetState, reason: &str, now_ms: i64) -> Result<bool> {
    let mut subscriptions = fields.subscriptions.clone();
    subscriptions.sort();
    subscriptions.dedup_by(|a, b| a.event == b.event);
    let there: Option<Target> = sqlx::query(select_target!("", "WHERE t.plugin = ? AND t.name = ?"))
        .bind(&fields.plugin)
        .bind(&fields.name)
        .fetch_optional(&mut **tx)
        .await?
        .as_ref()
        .map(target_row)
        .transpose()?;
    if let Some(there) = &there
        && there.installed
        && there.fields == (TargetFields { subscriptions: subscriptions.clone(), ..fields.clone() })
    {
        return Ok(false);
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO t_target (plugin, name, title, remote, timeout, state, reason, installed, since_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT (plugin, name) DO UPDATE SET title = excluded.title, \
         remote = excluded.remote, timeout = excluded.timeout, installed = 1 RETURNING id",
    )
    .bind(&fields.plugin)
    .bind(&fields.name)
    .bind(&fields.title)
    .bind(fields.remote)
    .bind(fields.timeout)
    .bind(state_number(new))
    .bind(reason)
    .bind(now_ms)
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM t_subscription WHERE target = ?").bind(id).execute(&mut **tx).await?;
    for wanted in &subscriptions {
        sqlx::query("INSERT INTO t_subscription (target, event, only_own) VALUES (?, ?, ?)")
            .bind(id)
            .bind(&wanted.event)
            .bind(wanted.only_own)
            .execute(&mut **tx)
            .await?;
    }
    if there.is_some_and(|there| !there.installed) {
        // It is back: what waited is due.
        flush(tx, id, now_ms).await?;
        sqlx::query("UPDATE t_target SET since_ms = ? WHERE id = ?").bind(now_ms).bind(id).execute(&mut **tx).await?;
    }
    Ok(true)
}

/// Makes what waits for a target due.
pub(super) async fn flush(tx: &mut Write, target: i64, now_ms: i64) -> Result<()> {
    sqlx::query("UPDATE t_delivery SET due_ms = ?1 WHERE target = ?2 AND state = 0 AND ready = 1 AND due_ms > ?1")
        .bind(now_ms)
        .bind(target)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Dead letters that another module was the reason of wait again (proxy-tool-events.md 8.4).
async fn revive(tx: &mut Write, plugin: &str, digest: &str, now_ms: i64) -> Result<bool> {
    let dead: Vec<i64> = sqlx::query_scalar(
        "SELECT d.id FROM t_delivery d JOIN t_target t ON t.id = d.target \
         WHERE t.plugin = ? AND d.state = 4 AND d.reason = 'poison' AND d.digest <> ? ORDER BY d.sequence",
    )
    .bind(plugin)
    .bind(digest)
    .fetch_all(&mut **tx)
    .await?;
    for delivery in &dead {
        sqlx::query(
            "UPDATE t_delivery SET state = 0, ready = 0, attempts = 0, poison = 0, reason = '', message = '', ended_ms = 0, \
             due_ms = ? WHERE id = ?",
        )
        .bind(now_ms)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
        enter_lanes(tx, *delivery).await?;
    }
    Ok(!dead.is_empty())
}

impl SqliteStore {
    pub(super) async fn bring_targets_in_step(&self, plugins: &[PluginTarget], now_ms: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let mut changed = false;
        let there = serde_json::to_string(&plugins.iter().map(|p| p.plugin.as_str()).collect::<Vec<_>>())
            .map_err(|e| StoreError::Invalid(e.to_string()))?;
        let without_own: Vec<&str> = plugins.iter().filter(|p| p.own.is_none()).map(|p| p.plugin.as_str()).collect();
        let without_own = serde_json::to_string(&without_own).map_err(|e| StoreError::Invalid(e.to_string()))?;
        let gone = sqlx::query(
            "UPDATE t_target SET installed = 0, since_ms = ?3 WHERE installed = 1 AND (plugin NOT IN (SELECT value FROM json_each(?1)) \
             OR (name = '' AND plugin IN (SELECT value FROM json_each(?2))))",
        )
        .bind(there)
        .bind(without_own)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        changed |= gone.rows_affected() > 0;
        for plugin in plugins {
            if let Some(own) = &plugin.own {
                changed |= put(&mut tx, own, TargetState::Available, "", now_ms).await?;
            }
            changed |= revive(&mut tx, &plugin.plugin, &plugin.digest, now_ms).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    pub(super) async fn add_target(&self, fields: TargetFields, now_ms: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        put(&mut tx, &fields, TargetState::Unavailable, "new", now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn take_target_away(&self, plugin: &str, name: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query(
            // What an operator switched off stays so, also when it is put there anew.
            "UPDATE t_target SET installed = 0, reason = iif(state = 2 AND reason = 'operator', reason, 'new'), state = 2, since_ms = ? \
             WHERE plugin = ? AND name = ? AND name <> '' AND installed = 1",
        )
        .bind(now_ms)
        .bind(plugin)
        .bind(name)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(gone > 0)
    }

    pub(super) async fn all_targets(&self) -> Result<Vec<Target>> {
        let rows = sqlx::query(COUNTED).fetch_all(self.db.read()).await?;
        rows.iter()
            .map(|r| {
                Ok(Target { waiting: model_int(r.try_get(13)?), dead: model_int(r.try_get(14)?), ..target_row(r)? })
            })
            .collect()
    }

    pub(super) async fn one_target(&self, plugin: &str, name: &str) -> Result<Target> {
        let all = self.all_targets().await?;
        all.into_iter()
            .find(|t| t.fields.plugin == plugin && t.fields.name == name)
            .ok_or_else(|| StoreError::NotFound { kind: "target", key: label(plugin, name) })
    }

    pub(super) async fn switch_target(&self, target: u64, state: TargetState, reason: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        let before: Option<(i64, String)> = sqlx::query_as("SELECT state, reason FROM t_target WHERE id = ?")
            .bind(db_int(target))
            .fetch_optional(&mut *tx)
            .await?;
        let (before, why) = before.ok_or_else(|| StoreError::NotFound { kind: "target", key: target.to_string() })?;
        if reason == BY_PLUGIN && before == state_number(TargetState::Unavailable) && why == BY_OPERATOR {
            return Err(StoreError::Conflict { kind: "operator", key: target.to_string() });
        }
        // Only for what is off it matters who did it.
        let reason = if state == TargetState::Unavailable { reason } else { "" };
        sqlx::query(
            "UPDATE t_target SET state = ?1, reason = ?2, since_ms = CASE WHEN state = ?1 THEN since_ms ELSE ?3 END WHERE id = ?4",
        )
        .bind(state_number(state))
        .bind(reason)
        .bind(now_ms)
        .bind(db_int(target))
        .execute(&mut *tx)
        .await?;
        if before == state_number(TargetState::Unavailable) && state != TargetState::Unavailable {
            sqlx::query("UPDATE t_target SET health = '{}' WHERE id = ?")
                .bind(db_int(target))
                .execute(&mut *tx)
                .await?;
            flush(&mut tx, db_int(target), now_ms).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn note_health(&self, target: u64, sign: Sign, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let health: String = sqlx::query_scalar("SELECT health FROM t_target WHERE id = ?")
            .bind(db_int(target))
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| StoreError::NotFound { kind: "target", key: target.to_string() })?;
        let mut health: Health =
            serde_json::from_str(&health).map_err(|e| StoreError::Corrupt(format!("health of a target: {e}")))?;
        let switch_off = health.note(sign, now_ms);
        let health = serde_json::to_string(&health).map_err(|e| StoreError::Invalid(e.to_string()))?;
        sqlx::query("UPDATE t_target SET health = ? WHERE id = ?")
            .bind(health)
            .bind(db_int(target))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(switch_off)
    }

    pub(super) async fn try_target_now(&self, target: u64, now_ms: i64) -> Result<()> {
        let mut tx = self.db.write().await?;
        flush(&mut tx, db_int(target), now_ms).await?;
        sqlx::query(
            "UPDATE t_target SET health = json_set(health, '$.open_until_ms', ?1) \
             WHERE id = ?2 AND coalesce(json_extract(health, '$.open_until_ms'), 0) > ?1",
        )
        .bind(now_ms)
        .bind(db_int(target))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn due_targets(&self) -> Result<Vec<Due>> {
        let rows = sqlx::query(select_target!(
            ", (SELECT min(d.due_ms) FROM t_delivery d WHERE d.target = t.id AND d.state = 0 AND d.ready = 1) AS due, \
             coalesce((SELECT d.created_ms FROM t_delivery d WHERE d.target = t.id AND d.state < 2 ORDER BY d.sequence LIMIT 1) < t.since_ms, 0)",
            "WHERE due IS NOT NULL ORDER BY t.id"
        ))
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(|r| Ok(Due { target: target_row(r)?, at_ms: r.try_get(13)?, parked: r.try_get(14)? })).collect()
    }

    pub(super) async fn all_listeners(&self) -> Result<(Vec<Target>, bool)> {
        let mut conn = self.db.read().acquire().await?;
        let rows = sqlx::query(select_target!("", "WHERE t.installed = 1 ORDER BY t.id")).fetch_all(&mut *conn).await?;
        let untold = "SELECT EXISTS (SELECT 1 FROM t_event_batch b WHERE b.base IS NOT NULL AND b.told < b.count)";
        let untold = sqlx::query_scalar(untold).fetch_one(&mut *conn).await?;
        Ok((rows.iter().map(target_row).collect::<Result<_>>()?, untold))
    }

    pub(super) async fn lanes_empty(&self, target: u64, courses: &[String]) -> Result<bool> {
        let mut conn = self.db.read().acquire().await?;
        for course in courses {
            if head_of_lanes(&mut conn, db_int(target), course).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
