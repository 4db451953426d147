//! What the backup and restore plugins tell clients of their jobs: Moodle's status numbers, and beyond them the reason of
//! a failure and the warnings.

use provost_guest::jobs::{Job, State};
use provost_guest::people::{Place, has_capability};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

/// A job by its id.
#[derive(Deserialize, Describe)]
pub struct JobId {
    /// The job's id.
    #[describe(kind = "ALPHANUM", alias = "backupid", alias = "restoreid")]
    pub jobid: String,
}

/// All there is to know of a job.
#[derive(Serialize, Describe)]
pub struct JobDetails {
    /// The job's id.
    #[describe(kind = "ALPHANUM")]
    pub jobid: String,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    #[describe(kind = "ALPHA")]
    pub state: &'static str,
    /// 700 queued, 800 running, 900 failed or cancelled, 1000 done.
    pub status: i64,
    /// From 0 to 1.
    pub progress: f64,
    /// Why it failed; empty otherwise.
    pub reason: String,
    /// What its owner should know although it went on.
    pub warnings: Vec<String>,
    /// How often it was started.
    pub attempts: u32,
    /// The course it read or made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courseid: Option<u64>,
    /// When it was queued, Unix seconds.
    pub timecreated: i64,
    /// When it ended; 0 while it has not.
    pub timefinished: i64,
}

/// Moodle's status number (moodle-webservices.md 6.1).
pub fn status(state: State) -> i64 {
    match state {
        State::Queued => 700,
        State::Running => 800,
        State::Failed | State::Cancelled => 900,
        State::Succeeded => 1000,
    }
}

/// The job, if the caller may know of it: its owner, or who holds the capability in its course. Others learn no
/// more than of a job that never was.
pub fn visible_job(caller: &Caller, id: &str, capability: &str) -> Result<Job> {
    // The protocol's own name of the table such a record would be in.
    let unknown = || Error::not_found("backup_controllers", format!("no job {id}"));
    let job = provost_guest::jobs::get(id).map_err(|error| match error.kind {
        ErrorKind::NotFound => unknown(),
        _ => error,
    })?;
    let allowed = job.person == caller.person
        || caller.site_admin
        || match job.course {
            Some(course) => has_capability(caller.person, capability, Place::Course(course))?,
            None => false,
        };
    if allowed { Ok(job) } else { Err(unknown()) }
}

/// What is told of a job. A course that it made is in its outcome.
pub fn details(job: Job) -> JobDetails {
    #[derive(Deserialize)]
    struct Made {
        courseid: Option<u64>,
    }
    let made = serde_json::from_str::<Made>(&job.outcome).ok().and_then(|made| made.courseid);
    JobDetails {
        jobid: job.id,
        state: match job.state {
            State::Queued => "queued",
            State::Running => "running",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        },
        status: status(job.state),
        progress: job.progress,
        reason: job.reason,
        warnings: job.warnings,
        attempts: job.attempts,
        courseid: job.course.or(made),
        timecreated: job.created,
        timefinished: job.finished,
    }
}

/// The answer to a request to stop.
#[derive(Serialize, Describe)]
pub struct Cancelled {
    /// False when the job had ended already.
    pub cancelled: bool,
}

/// Asks a job to stop.
pub fn cancel(caller: &Caller, id: &str, capability: &str) -> Result<Cancelled> {
    let job = visible_job(caller, id, capability)?;
    Ok(Cancelled { cancelled: provost_guest::jobs::cancel(&job.id)? })
}
