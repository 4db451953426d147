//! Rows of installed plugins: the active version of each id, and the one before.

use super::SqliteStore;
use super::db::{Write, db_int, model_int};
use crate::api::*;
use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

fn plugin_row(r: &SqliteRow) -> Result<PluginRow> {
    let grants: String = r.try_get(4)?;
    Ok(PluginRow {
        id: r.try_get(0)?,
        version: r.try_get(1)?,
        blob: BlobRef { sha1: r.try_get(2)?, size: model_int(r.try_get(3)?) },
        grants: serde_json::from_str(&grants).map_err(|e| StoreError::Corrupt(format!("grants of a plugin: {e}")))?,
        config: r.try_get(5)?,
        installed: r.try_get(6)?,
    })
}

/// The setting that holds a built-in plugin's configuration.
fn built_in_key(id: &str) -> String {
    format!("plugins.config.{id}")
}

async fn grow_generation(tx: &mut Write) -> Result<()> {
    sqlx::query(
        "INSERT INTO t_setting (name, value) VALUES ('plugins.generation', '1') \
         ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[async_trait]
impl Plugins for SqliteStore {
    async fn plugin_generation(&self) -> Result<u64> {
        let value: Option<i64> =
            sqlx::query_scalar("SELECT CAST(value AS INTEGER) FROM t_setting WHERE name = 'plugins.generation'")
                .fetch_optional(self.db.read())
                .await?;
        Ok(model_int(value.unwrap_or(0)))
    }

    async fn plugins(&self) -> Result<Vec<PluginRow>> {
        let rows = sqlx::query(
            "SELECT id, version, blob, size, grants, config, installed FROM t_plugin WHERE rank = 0 ORDER BY id",
        )
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(plugin_row).collect()
    }

    async fn put_plugin(&self, row: PluginRow) -> Result<()> {
        let grants = serde_json::to_string(&row.grants).map_err(|e| StoreError::Invalid(format!("grants: {e}")))?;
        self.blobs.settle().await?;
        let mut tx = self.db.write().await?;
        let size: Option<i64> = sqlx::query_scalar("SELECT size FROM t_blob WHERE sha1 = ?")
            .bind(&row.blob.sha1)
            .fetch_optional(&mut *tx)
            .await?;
        if size != Some(db_int(row.blob.size)) {
            return Err(StoreError::NotFound { kind: "blob", key: row.blob.sha1 });
        }
        // New rights or configuration of the same component leave the version before alone.
        let active: Option<String> = sqlx::query_scalar("SELECT blob FROM t_plugin WHERE id = ? AND rank = 0")
            .bind(&row.id)
            .fetch_optional(&mut *tx)
            .await?;
        if active.is_some_and(|blob| blob != row.blob.sha1) {
            sqlx::query("DELETE FROM t_plugin WHERE id = ? AND rank = 1").bind(&row.id).execute(&mut *tx).await?;
            sqlx::query("UPDATE t_plugin SET rank = 1 WHERE id = ?").bind(&row.id).execute(&mut *tx).await?;
        } else {
            sqlx::query("DELETE FROM t_plugin WHERE id = ? AND rank = 0").bind(&row.id).execute(&mut *tx).await?;
        }
        sqlx::query(
            "INSERT INTO t_plugin (id, rank, version, blob, size, grants, config, installed) VALUES (?, 0, ?, ?, ?, ?, ?, ?)",
        )
        .bind(row.id)
        .bind(row.version)
        .bind(row.blob.sha1)
        .bind(db_int(row.blob.size))
        .bind(grants)
        .bind(row.config)
        .bind(row.installed)
        .execute(&mut *tx)
        .await?;
        grow_generation(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn remove_plugin(&self, id: &str) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let gone =
            sqlx::query("DELETE FROM t_plugin WHERE id = ?").bind(id).execute(&mut *tx).await?.rows_affected() > 0;
        if gone {
            grow_generation(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(gone)
    }

    async fn built_in_config(&self, id: &str) -> Result<Option<String>> {
        self.setting(&built_in_key(id)).await
    }

    async fn set_plugin_config(&self, id: &str, config: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        let installed = sqlx::query("UPDATE t_plugin SET config = ? WHERE id = ? AND rank = 0")
            .bind(config)
            .bind(id)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if installed == 0 {
            sqlx::query(
                "INSERT INTO t_setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )
            .bind(built_in_key(id))
            .bind(config)
            .execute(&mut *tx)
            .await?;
        }
        grow_generation(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn previous_plugin(&self, id: &str) -> Result<Option<PluginRow>> {
        let row = sqlx::query(
            "SELECT id, version, blob, size, grants, config, installed FROM t_plugin WHERE id = ? AND rank = 1",
        )
        .bind(id)
        .fetch_optional(self.db.read())
        .await?;
        row.map(|r| plugin_row(&r)).transpose()
    }
}
