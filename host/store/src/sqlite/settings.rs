//! Settings of the site.

use super::SqliteStore;
use crate::api::*;
use async_trait::async_trait;

#[async_trait]
impl Settings for SqliteStore {
    async fn site(&self) -> Result<Site> {
        let need = async |name: &'static str| {
            let value = self.setting(name).await?;
            value.ok_or_else(|| StoreError::Corrupt(format!("the setting {name} is missing")))
        };
        let context = need("site.system_context").await?;
        Ok(Site {
            name: need("site.name").await?,
            hash: need("site.hash").await?,
            system_context: context.parse().map_err(|e| StoreError::Corrupt(format!("site.system_context: {e}")))?,
        })
    }

    async fn setting(&self, name: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT value FROM t_setting WHERE name = ?")
            .bind(name)
            .fetch_optional(self.db.read())
            .await?)
    }

    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()> {
        let mut tx = self.db.write().await?;
        match value {
            Some(value) => {
                sqlx::query(
                    "INSERT INTO t_setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                )
                .bind(name)
                .bind(value)
                .execute(&mut *tx)
                .await?
            }
            None => sqlx::query("DELETE FROM t_setting WHERE name = ?").bind(name).execute(&mut *tx).await?,
        };
        tx.commit().await?;
        Ok(())
    }
}
