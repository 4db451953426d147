//! The audit log.

use super::SqliteStore;
use super::db::{SLICE, db_int, model_int, now, page};
use crate::api::*;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

fn audit_row(r: &SqliteRow) -> Result<AuditRow> {
    Ok(AuditRow {
        id: model_int(r.try_get(0)?),
        time: r.try_get(1)?,
        origin: r.try_get(2)?,
        person: r.try_get::<Option<i64>, _>(3)?.map(model_int),
        username: r.try_get(4)?,
        address: r.try_get(5)?,
        action: r.try_get(6)?,
        detail: r.try_get(7)?,
        outcome: r.try_get(8)?,
    })
}

#[async_trait]
impl Audit for SqliteStore {
    async fn note(&self, row: NewAuditRow) -> Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO t_audit (time, origin, person, username, address, action, detail, outcome) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(now())
        .bind(row.origin)
        .bind(row.person.map(db_int))
        .bind(row.username)
        .bind(row.address)
        .bind(row.action)
        .bind(row.detail)
        .bind(row.outcome)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn audit(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT id, time, origin, person, username, address, action, detail, outcome FROM t_audit WHERE true",
        );
        if let Some(before) = filter.before {
            query.push(" AND id < ").push_bind(db_int(before));
        }
        if let Some(since) = filter.since {
            query.push(" AND time >= ").push_bind(since);
        }
        if let Some(person) = filter.person {
            query.push(" AND person = ").push_bind(db_int(person));
        }
        if let Some(action) = &filter.action {
            query.push(" AND substr(action, 1, ").push_bind(i64::try_from(action.chars().count()).unwrap_or(i64::MAX));
            query.push(") = ").push_bind(action.clone());
        }
        if filter.failed {
            query.push(" AND outcome <> 'ok'");
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(page(limit));
        let rows = query.build().persistent(false).fetch_all(self.db.read()).await?;
        rows.iter().map(audit_row).collect()
    }

    async fn trim_audit(&self, before: i64) -> Result<u64> {
        let mut removed = 0;
        loop {
            let mut tx = self.db.write().await?;
            let gone = sqlx::query("DELETE FROM t_audit WHERE id IN (SELECT id FROM t_audit WHERE time < ? LIMIT ?)")
                .bind(before)
                .bind(SLICE as i64)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            tx.commit().await?;
            removed += gone;
            if gone < SLICE as u64 {
                return Ok(removed);
            }
        }
    }
}
