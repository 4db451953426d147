//! Services and tokens. Of a token's secret only its SHA-256 is kept: it has 128 random bits, so no salt is needed.

use super::SqliteStore;
use super::db::{db_int, is_foreign_key, model_int, now, random_hex};
use crate::api::*;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Row as _;
use sqlx::Sqlite;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

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
        required_capability: r.try_get(at + 7)?,
        restricted: r.try_get(at + 8)?,
    })
}

/// A statement with the columns of a service bound in order, returning its id.
fn insert_service(
    sql: &'static str,
    service: Service,
) -> Result<sqlx::query::QueryScalar<'static, Sqlite, i64, SqliteArguments>> {
    let functions = service.functions.as_ref().map(serde_json::to_string).transpose();
    let functions = functions.map_err(|e| StoreError::Invalid(format!("functions of a service: {e}")))?;
    Ok(sqlx::query_scalar(sql)
        .bind(service.shortname)
        .bind(service.name)
        .bind(service.enabled)
        .bind(service.download_files)
        .bind(service.upload_files)
        .bind(functions)
        .bind(service.required_capability)
        .bind(service.restricted))
}

#[async_trait]
impl Tokens for SqliteStore {
    async fn services(&self) -> Result<Vec<Service>> {
        let rows = sqlx::query(
            "SELECT id, shortname, name, enabled, download_files, upload_files, functions, required_capability, restricted \
             FROM t_service ORDER BY id",
        )
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(|r| service_row(r, 0)).collect()
    }

    async fn put_service(&self, service: Service) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let id: i64 = insert_service(
            "INSERT INTO t_service (shortname, name, enabled, download_files, upload_files, functions, required_capability, \
             restricted) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (shortname) DO UPDATE SET name = ?2, enabled = ?3, \
             download_files = ?4, upload_files = ?5, functions = ?6, required_capability = ?7, restricted = ?8 RETURNING id",
            service,
        )?
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(model_int(id))
    }

    async fn declare_service(&self, service: Service) -> Result<()> {
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM t_service WHERE shortname = ?")
            .bind(&service.shortname)
            .fetch_optional(self.db.read())
            .await?;
        if known.is_some() {
            return Ok(());
        }
        let mut tx = self.db.write().await?;
        insert_service(
            "INSERT OR IGNORE INTO t_service (shortname, name, enabled, download_files, upload_files, functions, \
             required_capability, restricted) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
            service,
        )?
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn service_people(&self, service: u64) -> Result<Vec<ServicePerson>> {
        let rows: Vec<(i64, i64, String)> = sqlx::query_as(
            "SELECT person, valid_until, addresses FROM t_service_person WHERE service = ? ORDER BY person",
        )
        .bind(db_int(service))
        .fetch_all(self.db.read())
        .await?;
        let named =
            |(person, valid_until, addresses)| ServicePerson { person: model_int(person), valid_until, addresses };
        Ok(rows.into_iter().map(named).collect())
    }

    async fn set_service_person(&self, service: u64, person: u64, how: Option<ServicePerson>) -> Result<()> {
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM t_service_person WHERE service = ? AND person = ?")
            .bind(db_int(service))
            .bind(db_int(person))
            .execute(&mut *tx)
            .await?;
        if let Some(how) = how {
            sqlx::query("INSERT INTO t_service_person (service, person, valid_until, addresses) VALUES (?, ?, ?, ?)")
                .bind(db_int(service))
                .bind(db_int(person))
                .bind(how.valid_until)
                .bind(how.addresses)
                .execute(&mut *tx)
                .await
                .map_err(|e| match is_foreign_key(&e) {
                    true => StoreError::NotFound { kind: "service or person", key: format!("{service}, {person}") },
                    false => e.into(),
                })?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn login_token(&self, person: u64, service: u64) -> Result<String> {
        let find = "SELECT nonce FROM t_token WHERE person = ? AND service = ? AND nonce IS NOT NULL \
                    AND (valid_until = 0 OR valid_until > ?) ORDER BY id LIMIT 1";
        let mut tx = self.db.write().await?;
        let nonce: Option<Vec<u8>> = sqlx::query_scalar(find)
            .bind(db_int(person))
            .bind(db_int(service))
            .bind(now())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(nonce) = nonce {
            return Ok(self.secret.derive(&nonce));
        }
        let nonce = rand::random::<[u8; 16]>();
        let secret = self.secret.derive(&nonce);
        sqlx::query(
            "INSERT INTO t_token (hash, person, service, name, valid_until, addresses, created, nonce) \
             VALUES (?, ?, ?, 'login', 0, '', ?, ?)",
        )
        .bind(hash(&secret))
        .bind(db_int(person))
        .bind(db_int(service))
        .bind(now())
        .bind(nonce.as_slice())
        .execute(&mut *tx)
        .await
        .map_err(|e| match is_foreign_key(&e) {
            true => StoreError::NotFound { kind: "service", key: service.to_string() },
            false => e.into(),
        })?;
        tx.commit().await?;
        Ok(secret)
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
             s.id, s.shortname, s.name, s.enabled, s.download_files, s.upload_files, s.functions, s.required_capability, s.restricted \
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
        sqlx::query(
            "UPDATE t_person SET last_access = ?1, first_access = CASE first_access WHEN 0 THEN ?1 ELSE first_access END \
             WHERE id = (SELECT person FROM t_token WHERE id = ?2)",
        )
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
