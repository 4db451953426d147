//! Capabilities: declared by plugins for archetypes of roles, held through roles at a place or above it.

use super::SqliteStore;
use super::db::db_int;
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
           UNION SELECT 40, c.category FROM above a JOIN course c ON a.level = 50 AND c.id = a.instance \
           UNION SELECT 40, k.parent FROM above a JOIN category k ON a.level = 40 AND k.id = a.instance \
             WHERE k.parent IS NOT NULL) \
         SELECT g.role FROM above a JOIN t_role_grant g ON g.person = ?1 AND g.level = a.level AND g.instance = a.instance \
         UNION SELECT r.site_role FROM role_assignment r \
           WHERE ?2 = 50 AND r.site_person = ?1 AND r.course = ?3 AND r.site_role IS NOT NULL ORDER BY 1",
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
}
