//! What the backup, restore and duplicate plugins tell clients of their jobs: Moodle's status numbers, and beyond them the
//! reason of a failure and the warnings.

mod phase;

pub use phase::{Phase, Standing};

use provost_guest::jobs::{Job, State};
use provost_guest::people::{Place, has_capability, place_of, require_course_access};
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

/// The work that the plugins do: the kinds of their jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A course becomes an archive.
    Backup,
    /// An archive becomes a course.
    Restore,
    /// A course is copied.
    Duplicate,
}

impl Work {
    /// The kind of a job.
    pub fn name(self) -> &'static str {
        match self {
            Work::Backup => "backup",
            Work::Restore => "restore",
            Work::Duplicate => "duplicate",
        }
    }

    /// The capability that lets somebody see such jobs in their course.
    fn capability(self) -> &'static str {
        match self {
            Work::Backup | Work::Duplicate => "moodle/backup:backupcourse",
            Work::Restore => "moodle/restore:restorecourse",
        }
    }

    fn of(kind: &str) -> Option<Self> {
        [Work::Backup, Work::Restore, Work::Duplicate].into_iter().find(|work| work.name() == kind)
    }
}

/// The job and what it does, if it is work of one of the plugins that the caller may know of: its owner, or who holds the capability
/// in its course. Others learn no more than of a job that never was.
pub fn visible(caller: &Caller, id: &str) -> Result<(Job, Work)> {
    let job = provost_guest::jobs::get(id).map_err(|error| match error.kind {
        ErrorKind::NotFound => unknown(id),
        _ => error,
    })?;
    let Some(work) = Work::of(&job.kind) else { return Err(unknown(id)) };
    let allowed = job.person == caller.person
        || caller.site_admin
        || match job.course {
            Some(course) => has_capability(caller.person, work.capability(), Place::Course(course))?,
            None => false,
        };
    if allowed { Ok((job, work)) } else { Err(unknown(id)) }
}

/// As [`visible`], of one kind of work.
pub fn visible_job(caller: &Caller, id: &str, wanted: Work) -> Result<Job> {
    match visible(caller, id)? {
        (job, work) if work == wanted => Ok(job),
        _ => Err(unknown(id)),
    }
}

/// That there is no such job, with the protocol's own name of the table in which its record would be.
fn unknown(id: &str) -> Error {
    Error::not_found("backup_controllers", format!("no job {id}"))
}

/// The place of a context that a client named, if the caller may enter the course that it is of. Whether they may do anything there
/// is for the capabilities. Errors: `not-found` (code `context`), those of `people.require-course-access`.
pub fn entered_place(caller: &Caller, contextid: i64) -> Result<Place> {
    let missing = || Error::not_found("context", format!("no context {contextid}"));
    let place = place_of(u64::try_from(contextid).map_err(|_| missing())?)?;
    if let Place::Course(course) = place {
        require_course_access(caller.person, course)?;
    }
    Ok(place)
}

/// The id of a course as a client gave it. What cannot be one is one that is not there.
pub fn course_id(given: i64) -> Result<u64> {
    u64::try_from(given).map_err(|_| Error::not_found("course", format!("no course {given}")))
}

/// What is told of a job. A course that it made is in its outcome.
pub fn details(job: Job) -> JobDetails {
    let courseid = course_of(&job);
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
        courseid,
        timecreated: job.created,
        timefinished: job.finished,
    }
}

/// The course that a job reads, or made.
pub fn course_of(job: &Job) -> Option<u64> {
    #[derive(Deserialize)]
    struct Made {
        courseid: Option<u64>,
    }
    job.course.or_else(|| serde_json::from_str::<Made>(&job.outcome).ok()?.courseid)
}

/// The answer to a request to stop.
#[derive(Serialize, Describe)]
pub struct Cancelled {
    /// False when the job had ended already.
    pub cancelled: bool,
}

/// Asks a job to stop.
pub fn cancel(caller: &Caller, id: &str, work: Work) -> Result<Cancelled> {
    let job = visible_job(caller, id, work)?;
    Ok(Cancelled { cancelled: provost_guest::jobs::cancel(&job.id)? })
}
