//! Services and tokens. Of a token's secret only its SHA-256 is kept: it has 128 random bits, so no salt is needed.

use super::SqliteStore;
use super::db::{db_int, is_foreign_key, model_int, now, random_hex};
use crate::api::*;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// Seconds between notes of a token's use.
const TOUCH_EVERY: i64 = 60;

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Columns 0..=7.
fn token_row(r: &SqliteRow) -> Result<Token> {
    Ok(Token {
        id: model_int(r.try_get(0)?),
        person: model_int(r.try_get(1)?),
        service: model_int(r.try_get(2)?),
        name: r.try_get(3)?,
        valid_until: r.try_get(4)?,
        addresses: r.try_get(5)?,
        created: r.try_get(6)?,
        last_used: r.try_get(7)?,
    })
}

/// Columns from `at` on.
fn service_row(r: &SqliteRow, at: usize) -> Result<Service> {
    let functions: Option<String> = r.try_get(at + 6)?;
    let functions = functions.map(|f| serde_json::from_str(&f)).transpose();
    Ok(Service {
        id: model_int(r.try_get(at)?),
        shortname: r.try_get(at + 1)?,
        name: r.try_get(at + 2)?,
        enabled: r.try_get(at + 3)?,
        download_files: r.try_get(at + 4)?,
        upload_files: r.try_get(at + 5)?,
        functions: functions.map_err(|e| StoreError::Corrupt(format!("functions of a service: {e}")))?,
    })
}

#[async_trait]
impl Tokens for SqliteStore {
    async fn services(&self) -> Result<Vec<Service>> {
        let rows = sqlx::query(
            "SELECT id, shortname, name, enabled, download_files, upload_files, functions FROM t_service ORDER BY id",
        )
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(|r| service_row(r, 0)).collect()
    }

    async fn put_service(&self, service: Service) -> Result<u64> {
        let functions = service.functions.as_ref().map(serde_json::to_string).transpose();
        let functions = functions.map_err(|e| StoreError::Invalid(format!("functions of a service: {e}")))?;
        let mut tx = self.db.write().await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO t_service (shortname, name, enabled, download_files, upload_files, functions) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (shortname) DO UPDATE SET name = ?2, enabled = ?3, \
             download_files = ?4, upload_files = ?5, functions = ?6 RETURNING id",
        )
        .bind(service.shortname)
        .bind(service.name)
        .bind(service.enabled)
        .bind(service.download_files)
        .bind(service.upload_files)
        .bind(functions)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(model_int(id))
    }

    async fn create_token(&self, token: NewToken) -> Result<(String, u64)> {
        let secret = random_hex();
        let mut tx = self.db.write().await?;
        let person: Option<i64> = sqlx::query_scalar("SELECT id FROM person WHERE id = ?")
            .bind(db_int(token.person))
            .fetch_optional(&mut *tx)
            .await?;
        person.ok_or_else(|| StoreError::NotFound { kind: "person", key: token.person.to_string() })?;
        let service = token.service;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO t_token (hash, person, service, name, valid_until, addresses, created) VALUES (?, ?, ?, ?, ?, ?, ?) \
             RETURNING id",
        )
        .bind(hash(&secret))
        .bind(db_int(token.person))
        .bind(db_int(service))
        .bind(token.name)
        .bind(token.valid_until)
        .bind(token.addresses)
        .bind(now())
        .fetch_one(&mut *tx)
        .await
        .map_err(|e| match is_foreign_key(&e) {
            true => StoreError::NotFound { kind: "service", key: service.to_string() },
            false => e.into(),
        })?;
        tx.commit().await?;
        Ok((secret, model_int(id)))
    }

    async fn find_token(&self, secret: &str) -> Result<Option<(Token, Service)>> {
        let row = sqlx::query(
            "SELECT t.id, t.person, t.service, t.name, t.valid_until, t.addresses, t.created, t.last_used, \
             s.id, s.shortname, s.name, s.enabled, s.download_files, s.upload_files, s.functions \
             FROM t_token t JOIN t_service s ON s.id = t.service WHERE t.hash = ?",
        )
        .bind(hash(secret))
        .fetch_optional(self.db.read())
        .await?;
        row.map(|r| Ok((token_row(&r)?, service_row(&r, 8)?))).transpose()
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        let rows = sqlx::query(
            "SELECT id, person, service, name, valid_until, addresses, created, last_used FROM t_token ORDER BY id DESC",
        )
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(token_row).collect()
    }

    async fn revoke_token(&self, id: u64) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let gone = sqlx::query("DELETE FROM t_token WHERE id = ?").bind(db_int(id)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(gone.rows_affected() > 0)
    }

    async fn touch_token(&self, id: u64) -> Result<()> {
        let (id, now) = (db_int(id), now());
        let last: Option<i64> = sqlx::query_scalar("SELECT last_used FROM t_token WHERE id = ?")
            .bind(id)
            .fetch_optional(self.db.read())
            .await?;
        if last.is_none_or(|last| last > now - TOUCH_EVERY) {
            return Ok(());
        }
        let mut tx = self.db.write().await?;
        sqlx::query("UPDATE t_token SET last_used = ? WHERE id = ?").bind(now).bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
