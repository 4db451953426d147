//! Names that only one may have: those of drafts and of jobs are reserved, and free again when these are given up or dead.

use super::db::{now, now_ms};
use crate::api::*;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Drops drafts that are dead and frees their names.
pub async fn drop_dead(conn: &mut SqliteConnection) -> Result<u64> {
    let dropped = sqlx::query(
        "UPDATE t_change SET state = 3, ended = ?1 WHERE state = 0 AND CASE \
         WHEN kind = 'reservation' THEN NOT EXISTS (SELECT 1 FROM t_job j WHERE j.id = t_change.job AND j.state IN (0, 1)) \
         WHEN job IS NULL THEN \
           NOT EXISTS (SELECT 1 FROM t_process p WHERE p.id = t_change.process AND p.beat > ?1 - ?2) \
         ELSE NOT EXISTS (SELECT 1 FROM t_job j WHERE j.id = t_change.job AND j.epoch = t_change.epoch \
           AND j.state = 1 AND j.stop = 0 AND j.lease_until > ?3) END",
    )
    .bind(now())
    .bind(super::db::DEAD_AFTER)
    .bind(now_ms())
    .execute(&mut *conn)
    .await?
    .rows_affected();
    free_names(conn).await?;
    Ok(dropped)
}

/// Frees the names that dropped drafts had reserved. One that their job has reserved stays reserved for it.
pub async fn free_names(conn: &mut SqliteConnection) -> Result<()> {
    let dropped = "change IN (SELECT id FROM t_change WHERE state = 3)";
    give_back(conn, dropped, None).await?;
    sqlx::query("DELETE FROM t_name WHERE change IN (SELECT id FROM t_change WHERE state = 3)").execute(conn).await?;
    Ok(())
}

/// Frees the short name of a course that goes; one that the course's job has reserved, and may still use, stays reserved for it.
pub async fn free_shortname(conn: &mut SqliteConnection, change: i64) -> Result<()> {
    give_back(conn, "change = ?", Some(change)).await?;
    sqlx::query("DELETE FROM t_name WHERE change = ? AND kind = 'shortname'").bind(change).execute(conn).await?;
    Ok(())
}

/// Gives names of drafts back to the reservations of their jobs.
async fn give_back(conn: &mut SqliteConnection, of: &'static str, change: Option<i64>) -> Result<()> {
    let sql = format!(
        "UPDATE t_name SET change = (SELECT r.id FROM t_change d JOIN t_change r ON r.job = d.job AND r.kind = 'reservation' \
           WHERE d.id = t_name.change AND r.state = 0) \
         WHERE kind = 'shortname' AND {of} AND EXISTS (SELECT 1 FROM t_change d JOIN t_job j ON j.id = d.job AND j.state IN (0, 1) \
           JOIN t_change r ON r.job = d.job AND r.kind = 'reservation' AND r.state = 0 \
           WHERE d.id = t_name.change AND d.kind <> 'reservation' AND j.reserved = t_name.name)"
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    match change {
        Some(change) => query.bind(change).execute(conn).await?,
        None => query.execute(conn).await?,
    };
    Ok(())
}

/// Reserves a short name for a job, until it ends. Errors: `Conflict`.
pub async fn reserve_for_job(conn: &mut SqliteConnection, job: &str, shortname: &str) -> Result<()> {
    let change =
        sqlx::query_scalar("INSERT INTO t_change (kind, job, created) VALUES ('reservation', ?, ?) RETURNING id")
            .bind(job)
            .bind(now())
            .fetch_one(&mut *conn)
            .await?;
    reserve(conn, "shortname", shortname, change).await?;
    sqlx::query("UPDATE t_job SET reserved = ? WHERE id = ?").bind(shortname).bind(job).execute(conn).await?;
    Ok(())
}

/// Ends the reservation of a job that has ended.
pub async fn end_reservation(conn: &mut SqliteConnection, job: &str) -> Result<()> {
    let ended =
        sqlx::query("UPDATE t_change SET state = 3, ended = ? WHERE job = ? AND kind = 'reservation' AND state = 0")
            .bind(now())
            .bind(job)
            .execute(&mut *conn)
            .await?;
    if ended.rows_affected() > 0 { free_names(conn).await } else { Ok(()) }
}

/// Reserves a unique name. Errors: `Conflict`, unless a dead draft had it, or the job of this change has reserved it.
pub async fn reserve(conn: &mut SqliteConnection, kind: &'static str, name: &str, change: i64) -> Result<()> {
    for again in [true, false] {
        let added = sqlx::query(
            "INSERT INTO t_name (kind, name, change) VALUES (?1, ?2, ?3) ON CONFLICT (kind, name) DO UPDATE \
             SET change = excluded.change WHERE EXISTS (SELECT 1 FROM t_change r JOIN t_change d ON d.job = r.job \
             WHERE r.id = t_name.change AND r.kind = 'reservation' AND r.state = 0 AND d.id = ?3)",
        )
        .bind(kind)
        .bind(name)
        .bind(change)
        .execute(&mut *conn)
        .await?
        .rows_affected();
        if added > 0 {
            return Ok(());
        }
        if again && drop_dead(conn).await? == 0 {
            break;
        }
    }
    let key = name.to_owned();
    match holder(conn, kind, name).await? {
        Some(by) => Err(StoreError::Reserved { kind, key, by }),
        None => Err(StoreError::Conflict { kind, key }),
    }
}

/// Who has reserved a name for a draft; none where the name is in use.
async fn holder(conn: &mut SqliteConnection, kind: &'static str, name: &str) -> Result<Option<String>> {
    let row: Option<(Option<String>, Option<i64>, bool)> = sqlx::query_as(
        "SELECT c.job, j.lease_until, c.kind = 'reservation' FROM t_name n JOIN t_change c ON c.id = n.change AND c.state = 0 \
         LEFT JOIN t_job j ON j.id = c.job WHERE n.kind = ? AND n.name = ?",
    )
    .bind(kind)
    .bind(name)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(job, lease_until, for_job)| match (job, lease_until) {
        (Some(job), _) if for_job => format!("job {job}, until it ends"),
        (Some(job), Some(until)) => {
            let seconds = (until - now_ms()).max(0) / 1000 + 1;
            format!("job {job}, which is under way; should its worker have died, it is free in {seconds} seconds")
        }
        (Some(job), None) => format!("job {job}"),
        (None, _) => "a course that is being made".to_owned(),
    }))
}
