//! The queue (architecture.md 2.4 and 5). The epoch of a job's row says whose it is; it grows with every claim.

use super::SqliteStore;
use super::courses::hide_course;
use super::db::{check_lease, db_int, model_int, now, now_ms, random_hex};
use super::names::{end_reservation, reserve_for_job};
use super::outbox::{self, Batch};
use super::removal;
use crate::api::*;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

macro_rules! select_job {
    ($rest:literal) => {
        concat!(
            "SELECT id, plugin, kind, state, progress, payload, outcome, reason, attempts, person, course, created, started, \
             finished, (SELECT json_group_array(message) FROM (SELECT message FROM t_job_warning w WHERE w.job = t_job.id \
             ORDER BY w.id)), epoch, stop, shared, hops FROM t_job ",
            $rest
        )
    };
}

fn state_number(state: JobState) -> i64 {
    match state {
        JobState::Queued => 0,
        JobState::Running => 1,
        JobState::Succeeded => 2,
        JobState::Failed => 3,
        JobState::Cancelled => 4,
    }
}

fn job_row(r: &SqliteRow) -> Result<Job> {
    let state = match r.try_get(3)? {
        0 => JobState::Queued,
        1 => JobState::Running,
        2 => JobState::Succeeded,
        3 => JobState::Failed,
        4 => JobState::Cancelled,
        other => return Err(StoreError::Corrupt(format!("job state {other}"))),
    };
    let warnings: String = r.try_get(14)?;
    Ok(Job {
        id: r.try_get(0)?,
        plugin: r.try_get(1)?,
        kind: r.try_get(2)?,
        state,
        progress: r.try_get(4)?,
        payload: r.try_get(5)?,
        outcome: r.try_get(6)?,
        reason: r.try_get(7)?,
        warnings: serde_json::from_str(&warnings).map_err(|e| StoreError::Corrupt(format!("job warnings: {e}")))?,
        attempts: r.try_get(8)?,
        person: model_int(r.try_get(9)?),
        course: r.try_get::<Option<i64>, _>(10)?.map(model_int),
        shared: r.try_get(17)?,
        hops: r.try_get(18)?,
        created: r.try_get(11)?,
        started: r.try_get(12)?,
        finished: r.try_get(13)?,
    })
}

/// Milliseconds from now on.
fn in_seconds(seconds: u64) -> i64 {
    now_ms().saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
}

async fn finish(conn: &mut SqliteConnection, id: &str, state: JobState, outcome: &str, reason: &str) -> Result<()> {
    sqlx::query(
        "UPDATE t_job SET state = ?1, outcome = ?2, reason = ?3, finished = ?4, lease_until = 0, \
         progress = CASE WHEN ?1 = 2 THEN 1.0 ELSE progress END WHERE id = ?5",
    )
    .bind(state_number(state))
    .bind(outcome)
    .bind(reason)
    .bind(now())
    .bind(id)
    .execute(&mut *conn)
    .await?;
    if state == JobState::Failed {
        let copies: Option<i64> =
            sqlx::query_scalar("SELECT copies FROM t_job WHERE id = ?").bind(id).fetch_one(&mut *conn).await?;
        if let Some(origin) = copies {
            let (job, reason) = (id.to_owned(), shortened(reason));
            let failed = Happening::CourseCopyFailed { origin: origin.to_string(), job, reason };
            outbox::record(conn, Batch::Now, vec![failed]).await?;
        }
    }
    end_reservation(conn, id).await
}

/// A reason as an event has it.
fn shortened(reason: &str) -> String {
    const LONGEST: usize = 4 << 10;
    reason.get(..reason.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned()
}

/// The job with the same key, if this one has a key.
async fn same_key(conn: &mut SqliteConnection, job: &NewJob) -> Result<Option<String>> {
    if job.key.is_empty() {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT id FROM t_job WHERE plugin = ? AND key = ? AND key <> ''")
        .bind(&job.plugin)
        .bind(&job.key)
        .fetch_optional(conn)
        .await?)
}

async fn insert(conn: &mut SqliteConnection, id: &str, job: &NewJob, hops: u32) -> Result<()> {
    sqlx::query(
        "INSERT INTO t_job (id, plugin, kind, payload, person, course, shared, key, created, due, hops) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(&job.plugin)
    .bind(&job.kind)
    .bind(&job.payload)
    .bind(db_int(job.person))
    .bind(job.course.map(db_int))
    .bind(job.shared)
    .bind(&job.key)
    .bind(now())
    .bind(now_ms())
    .bind(hops)
    .execute(conn)
    .await?;
    Ok(())
}

/// Queues a job whose id was chosen beforehand, in a transaction of others; under a draft's change, once that is published. The
/// same job a second time, or one with a key that is taken, changes nothing.
pub(super) async fn queue(
    conn: &mut SqliteConnection,
    id: &str,
    job: &NewJob,
    (hops, change): (u32, Option<i64>),
) -> Result<()> {
    let Some(change) = change else {
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM t_job WHERE id = ?").bind(id).fetch_one(&mut *conn).await?;
        if known > 0 || same_key(conn, job).await?.is_some() {
            return Ok(());
        }
        return insert(conn, id, job, hops).await;
    };
    sqlx::query(
        "INSERT OR IGNORE INTO t_early_job (change, id, plugin, kind, payload, person, course, shared, key, hops) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(change)
    .bind(id)
    .bind(&job.plugin)
    .bind(&job.kind)
    .bind(&job.payload)
    .bind(db_int(job.person))
    .bind(job.course.map(db_int))
    .bind(job.shared)
    .bind(&job.key)
    .bind(hops)
    .execute(conn)
    .await?;
    Ok(())
}

/// Queues the jobs that waited for a change, in the transaction that publishes it.
pub(super) async fn queue_early(conn: &mut SqliteConnection, change: i64) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO t_job (id, plugin, kind, payload, person, course, shared, key, created, due, hops) \
         SELECT id, plugin, kind, payload, person, course, shared, key, ?, ?, hops FROM t_early_job WHERE change = ?",
    )
    .bind(now())
    .bind(now_ms())
    .bind(change)
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM t_early_job WHERE change = ?").bind(change).execute(conn).await?;
    Ok(())
}

#[async_trait]
impl Jobs for SqliteStore {
    async fn enqueue(&self, job: NewJob) -> Result<String> {
        let mut tx = self.db.write().await?;
        if let Some(id) = same_key(&mut tx, &job).await? {
            return Ok(id);
        }
        let id = random_hex();
        insert(&mut tx, &id, &job, 0).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn enqueue_reserving(&self, job: NewJob, shortname: &str) -> Result<String> {
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        if let Some(id) = same_key(&mut tx, &job).await? {
            return Ok(id);
        }
        let id = random_hex();
        insert(&mut tx, &id, &job, 0).await?;
        reserve_for_job(&mut tx, &id, shortname).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn job(&self, id: &str) -> Result<Job> {
        let row = sqlx::query(select_job!("WHERE id = ?")).bind(id).fetch_optional(self.db.read()).await?;
        job_row(&row.ok_or_else(|| StoreError::NotFound { kind: "job", key: id.to_owned() })?)
    }

    async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>> {
        let limit = if filter.limit == 0 { 1000 } else { filter.limit };
        let rows = sqlx::query(select_job!(
            "WHERE (?1 IS NULL OR course = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY seq DESC LIMIT ?3"
        ))
        .bind(filter.course.map(db_int))
        .bind(filter.state.map(state_number))
        .bind(limit)
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(job_row).collect()
    }

    async fn claim(
        &self,
        worker: &str,
        only: Option<&str>,
        seconds: u64,
        max_attempts: u32,
    ) -> Result<Option<ClaimedJob>> {
        // An idle worker asks often: look without the write lock first.
        let waiting = "SELECT EXISTS (SELECT 1 FROM t_job WHERE (?1 IS NULL OR id = ?1) AND \
                       ((state = 0 AND due <= ?2) OR (state = 1 AND lease_until <= ?2)))";
        if !sqlx::query_scalar::<_, bool>(waiting).bind(only).bind(now_ms()).fetch_one(self.db.read()).await? {
            return Ok(None);
        }
        let mut tx = self.db.write().await?;
        loop {
            let row = sqlx::query(select_job!(
                "WHERE (?1 IS NULL OR id = ?1) AND ((state = 0 AND due <= ?2) OR (state = 1 AND lease_until <= ?2)) \
                 ORDER BY seq LIMIT 1"
            ))
            .bind(only)
            .bind(now_ms())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { break };
            let job = job_row(&row)?;
            let (epoch, stop): (i64, bool) = (row.try_get(15)?, row.try_get(16)?);
            if job.attempts > 0 {
                undo(&mut tx, &job.id).await?;
            }
            if stop {
                finish(&mut tx, &job.id, JobState::Cancelled, "", "").await?;
                continue;
            }
            if job.state == JobState::Running && job.attempts >= max_attempts {
                let reason = format!("the worker died, attempt {} of {max_attempts}", job.attempts);
                finish(&mut tx, &job.id, JobState::Failed, "", &reason).await?;
                continue;
            }
            sqlx::query(
                "UPDATE t_job SET state = 1, epoch = epoch + 1, attempts = attempts + 1, lease_until = ?, worker = ?, \
                 started = CASE started WHEN 0 THEN ? ELSE started END WHERE id = ?",
            )
            .bind(in_seconds(seconds))
            .bind(worker)
            .bind(now())
            .bind(&job.id)
            .execute(&mut *tx)
            .await?;
            let taken = sqlx::query(select_job!("WHERE id = ?")).bind(&job.id).fetch_one(&mut *tx).await?;
            tx.commit().await?;
            let lease = Lease { job: job.id, epoch: model_int(epoch + 1) };
            return Ok(Some(ClaimedJob { job: job_row(&taken)?, lease }));
        }
        tx.commit().await?;
        Ok(None)
    }

    async fn heartbeat(&self, lease: &Lease, seconds: u64) -> Result<()> {
        let mut tx = self.db.write().await?;
        check_lease(&mut tx, lease).await?;
        sqlx::query("UPDATE t_job SET lease_until = ? WHERE id = ?")
            .bind(in_seconds(seconds))
            .bind(&lease.job)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn set_progress(&self, lease: &Lease, fraction: f64) -> Result<()> {
        let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
        let mut tx = self.db.write().await?;
        check_lease(&mut tx, lease).await?;
        sqlx::query("UPDATE t_job SET progress = max(progress, ?) WHERE id = ?")
            .bind(fraction)
            .bind(&lease.job)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn add_warning(&self, lease: &Lease, message: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        check_lease(&mut tx, lease).await?;
        sqlx::query("INSERT INTO t_job_warning (job, message) VALUES (?, ?)")
            .bind(&lease.job)
            .bind(message)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn end(&self, lease: &Lease, end: JobEnd, max_attempts: u32) -> Result<()> {
        let mut tx = self.db.write().await?;
        let held: Option<(u32, bool)> =
            sqlx::query_as("SELECT attempts, stop FROM t_job WHERE id = ? AND epoch = ? AND state = 1")
                .bind(&lease.job)
                .bind(db_int(lease.epoch))
                .fetch_optional(&mut *tx)
                .await?;
        let (attempts, stop) = held.ok_or_else(|| StoreError::LeaseLost { job: lease.job.clone() })?;
        if !matches!(end, JobEnd::Succeeded(_)) {
            undo(&mut tx, &lease.job).await?;
        }
        match end {
            JobEnd::Succeeded(outcome) => {
                sqlx::query("DELETE FROM t_area_file WHERE doomed = ?").bind(&lease.job).execute(&mut *tx).await?;
                removal::remove_doomed(&mut tx, &lease.job).await?;
                finish(&mut tx, &lease.job, JobState::Succeeded, &outcome, "").await?
            }
            JobEnd::Failed(reason) => finish(&mut tx, &lease.job, JobState::Failed, "", &reason).await?,
            JobEnd::Cancelled => finish(&mut tx, &lease.job, JobState::Cancelled, "", "").await?,
            JobEnd::Retry(..) | JobEnd::Interrupted if stop => {
                finish(&mut tx, &lease.job, JobState::Cancelled, "", "").await?
            }
            JobEnd::Interrupted => {
                sqlx::query("UPDATE t_job SET state = 0, attempts = attempts - 1, lease_until = 0 WHERE id = ?")
                    .bind(&lease.job)
                    .execute(&mut *tx)
                    .await?;
            }
            JobEnd::Retry(reason, _) if attempts >= max_attempts => {
                finish(&mut tx, &lease.job, JobState::Failed, "", &reason).await?;
            }
            JobEnd::Retry(reason, seconds) => {
                sqlx::query("UPDATE t_job SET state = 0, reason = ?, due = ?, lease_until = 0 WHERE id = ?")
                    .bind(reason)
                    .bind(in_seconds(seconds))
                    .bind(&lease.job)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn cancel(&self, id: &str) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let state: Option<i64> =
            sqlx::query_scalar("SELECT state FROM t_job WHERE id = ?").bind(id).fetch_optional(&mut *tx).await?;
        let open = match state.ok_or_else(|| StoreError::NotFound { kind: "job", key: id.to_owned() })? {
            0 => {
                finish(&mut tx, id, JobState::Cancelled, "", "").await?;
                true
            }
            1 => {
                sqlx::query("UPDATE t_job SET stop = 1 WHERE id = ?").bind(id).execute(&mut *tx).await?;
                true
            }
            _ => false,
        };
        tx.commit().await?;
        Ok(open)
    }
}

/// Undoes what runs of a job made visible that did not succeed: courses published, files put, what was
/// brought into a course. A run that was killed
/// after its last step and before its end leaves nothing behind this way, and the next one starts from nothing.
async fn undo(conn: &mut sqlx::SqliteConnection, job: &str) -> Result<()> {
    outbox::retract(conn, job).await?;
    removal::spare_doomed(conn, job).await?;
    sqlx::query("DELETE FROM t_area_file WHERE job = ?").bind(job).execute(&mut *conn).await?;
    sqlx::query("UPDATE t_area_file SET doomed = NULL WHERE doomed = ?").bind(job).execute(&mut *conn).await?;
    let made: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT c.change, c.id, c.context FROM t_change h JOIN t_course c ON c.change = h.id \
         WHERE h.job = ? AND h.state = 1",
    )
    .bind(job)
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query("UPDATE t_change SET state = 2, ended = ? WHERE job = ? AND state = 1 AND kind = 'extension'")
        .bind(now())
        .bind(job)
        .execute(&mut *conn)
        .await?;
    for (change, course, context) in made {
        hide_course(conn, change, model_int(course), model_int(context)).await?;
    }
    Ok(())
}
