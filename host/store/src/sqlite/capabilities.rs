//! Capabilities: declared by plugins for archetypes of roles, held through roles at a place or above it.

use super::SqliteStore;
use super::db::{db_int, is_unique, model_int};
use super::draft_rows::json;
use super::people::place_columns;
use crate::api::*;
use sqlx::SqliteConnection;

/// Roles given at the place or above it: on this host, or with the course. Places above a course are its category, that
/// one's parents, and the site.
pub async fn roles_held(conn: &mut SqliteConnection, person: u64, place: Place) -> Result<Vec<i64>> {
    let (level, instance) = place_columns(place);
    Ok(sqlx::query_scalar(
        "WITH RECURSIVE above (level, instance) AS ( \
           SELECT ?2, ?3 UNION SELECT 10, 0 \
           UNION SELECT 50, m.course FROM above a JOIN activity m ON a.level = 70 AND m.id = a.instance \
           UNION SELECT 40, c.category FROM above a JOIN course c ON a.level = 50 AND c.id = a.instance \
           UNION SELECT 40, k.parent FROM above a JOIN category k ON a.level = 40 AND k.id = a.instance \
             WHERE k.parent IS NOT NULL) \
         SELECT g.role FROM above a JOIN t_role_grant g ON g.person = ?1 AND g.level = a.level AND g.instance = a.instance \
         UNION SELECT r.site_role FROM above a JOIN role_assignment r ON a.level = 50 AND r.course = a.instance \
           WHERE r.site_person = ?1 AND r.site_role IS NOT NULL ORDER BY 1",
    )
    .bind(db_int(person))
    .bind(level)
    .bind(instance)
    .fetch_all(conn)
    .await?)
}

/// Beside the roles they hold, everyone has the role of archetype `user`, and the guest only that of archetype `guest`:
/// so in the field.
pub async fn has_capability(
    conn: &mut SqliteConnection,
    person: &Person,
    capability: &str,
    place: Place,
) -> Result<bool> {
    if person.deleted || person.suspended {
        return Ok(false);
    }
    if person.site_admin {
        return Ok(true);
    }
    let roles = serde_json::to_string(&roles_held(conn, person.id, place).await?)
        .map_err(|e| StoreError::Invalid(format!("roles: {e}")))?;
    let implied = if person.id == 1 { "guest" } else { "user" };
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM t_role_capability c JOIN t_role r ON r.id = c.role WHERE c.capability = ? AND c.allowed = 1 \
         AND (r.id IN (SELECT value FROM json_each(?)) OR r.archetype = ?))",
    )
    .bind(capability)
    .bind(roles)
    .bind(implied)
    .fetch_one(conn)
    .await?)
}

impl SqliteStore {
    /// See [`People::declare_capabilities`]. A default that is no longer declared goes, an operator's row stays.
    pub(super) async fn declare(&self, capabilities: &[Capability]) -> Result<()> {
        let rows: Vec<_> = capabilities.iter().map(|c| (&c.name, &c.label, &c.archetypes)).collect();
        let rows = json(&rows)?;
        let mut tx = self.db.write().await?;
        sqlx::query(
            "INSERT INTO t_capability (name, label) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true \
             ON CONFLICT (name) DO UPDATE SET label = excluded.label",
        )
        .bind(&rows)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM t_role_capability WHERE by_operator = 0 AND capability IN (SELECT value ->> 0 FROM json_each(?))",
        )
        .bind(&rows)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT OR IGNORE INTO t_role_capability (capability, role, allowed, by_operator) \
             SELECT c.value ->> 0, r.id, 1, 0 FROM json_each(?) c, json_each(c.value, '$[2]') a, t_role r \
             WHERE r.archetype = a.value",
        )
        .bind(&rows)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// See [`People::capabilities`].
    pub(super) async fn declared_capabilities(&self) -> Result<Vec<Capability>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT name, label FROM t_capability ORDER BY name").fetch_all(self.db.read()).await?;
        Ok(rows.into_iter().map(|(name, label)| Capability { name, label, archetypes: Vec::new() }).collect())
    }

    /// See [`People::role_capabilities`].
    pub(super) async fn capabilities_of_role(&self, role: u64) -> Result<Vec<(String, bool)>> {
        Ok(sqlx::query_as("SELECT capability, allowed <> 0 FROM t_role_capability WHERE role = ? ORDER BY capability")
            .bind(db_int(role))
            .fetch_all(self.db.read())
            .await?)
    }

    /// See [`People::set_role_capability`].
    pub(super) async fn change_role(&self, role: u64, capability: &str, allowed: Option<bool>) -> Result<()> {
        let mut tx = self.db.write().await?;
        for (kind, sql, key) in [
            ("role", "SELECT EXISTS (SELECT 1 FROM t_role WHERE id = ?)", role.to_string()),
            ("capability", "SELECT EXISTS (SELECT 1 FROM t_capability WHERE name = ?)", capability.to_owned()),
        ] {
            if !sqlx::query_scalar::<_, bool>(sql).bind(&key).fetch_one(&mut *tx).await? {
                return Err(StoreError::NotFound { kind, key });
            }
        }
        sqlx::query("DELETE FROM t_role_capability WHERE role = ? AND capability = ?")
            .bind(db_int(role))
            .bind(capability)
            .execute(&mut *tx)
            .await?;
        if let Some(allowed) = allowed {
            sqlx::query("INSERT INTO t_role_capability (capability, role, allowed, by_operator) VALUES (?, ?, ?, 1)")
                .bind(capability)
                .bind(db_int(role))
                .bind(allowed)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// See [`People::add_role`].
    pub(super) async fn new_role(&self, shortname: &str, name: &str, archetype: &str) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let id: i64 =
            sqlx::query_scalar("INSERT INTO t_role (shortname, name, archetype) VALUES (?, ?, ?) RETURNING id")
                .bind(shortname)
                .bind(name)
                .bind(archetype)
                .fetch_one(&mut *tx)
                .await
                .map_err(|e| match is_unique(&e) {
                    true => StoreError::Conflict { kind: "role", key: shortname.to_owned() },
                    false => e.into(),
                })?;
        // It begins with what its archetype has by default, as roles of the field do.
        sqlx::query(
            "INSERT INTO t_role_capability (capability, role, allowed, by_operator) SELECT c.capability, ?1, 1, 0 \
             FROM t_role_capability c JOIN t_role r ON r.id = c.role WHERE r.archetype = ?2 AND ?2 <> '' AND r.id <> ?1 \
             AND c.allowed = 1 AND c.by_operator = 0 GROUP BY c.capability",
        )
        .bind(id)
        .bind(archetype)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(model_int(id))
    }
}
