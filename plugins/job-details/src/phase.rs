//! How a job stands in the words of Moodle's functions, which know two operations: a copy of a course is a backup first and then a
//! restore (moodle-webservices.md 2.4, 3.1 and 3.4).

use crate::{Work, status};
use provost_guest::jobs::{Job, State};

/// Which operation a job is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading a course.
    Backup,
    /// Making one.
    Restore,
}

impl Phase {
    /// The number that clients get.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Phase::Backup => 1,
            Phase::Restore => 2,
        }
    }

    /// Moodle's word for the operation.
    #[must_use]
    pub fn operation(self) -> &'static str {
        match self {
            Phase::Backup => "backup",
            Phase::Restore => "restore",
        }
    }
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The operation it is at.
    pub phase: Phase,
    /// Of that operation: 700 queued, 800 running, 900 failed or cancelled, 1000 done.
    pub status: i64,
    /// Of that operation, from 0 to 1.
    pub of_phase: f64,
    /// Of all of it, from 0 to 1.
    pub overall: f64,
}

impl Standing {
    /// Half of a copy is the backup. It is never told as done: from there on, the restore is what is told of, at first as queued.
    #[must_use]
    pub fn of(job: &Job, work: Work) -> Self {
        let (overall, plain) = (job.progress, status(job.state));
        let (phase, of_phase) = match work {
            Work::Backup => (Phase::Backup, overall),
            Work::Restore => (Phase::Restore, overall),
            Work::Duplicate if job.state == State::Succeeded => (Phase::Restore, 1.0),
            Work::Duplicate if overall < 0.5 => (Phase::Backup, overall * 2.0),
            Work::Duplicate => (Phase::Restore, (overall * 2.0 - 1.0).clamp(0.0, 1.0)),
        };
        let begins = work == Work::Duplicate && phase == Phase::Restore && of_phase == 0.0;
        let status = if begins && job.state == State::Running { status(State::Queued) } else { plain };
        Self { phase, status, of_phase, overall }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: State, progress: f64) -> (i64, i64, f64) {
        let job = Job {
            id: "0".repeat(32),
            plugin: "duplicate".into(),
            kind: Work::Duplicate.name().into(),
            state,
            progress,
            payload: String::new(),
            outcome: String::new(),
            reason: String::new(),
            warnings: Vec::new(),
            attempts: 1,
            person: 2,
            course: Some(2),
            created: 0,
            started: 0,
            finished: 0,
        };
        let standing = Standing::of(&job, Work::Duplicate);
        assert_eq!(standing.overall, progress);
        (standing.phase.number(), standing.status, standing.of_phase)
    }

    #[test]
    fn a_copy_has_two_phases() {
        assert_eq!(standing(State::Queued, 0.0), (1, 700, 0.0));
        assert_eq!(standing(State::Running, 0.25), (1, 800, 0.5));
        assert_eq!(standing(State::Running, 0.5), (2, 700, 0.0));
        assert_eq!(standing(State::Running, 0.75), (2, 800, 0.5));
        assert_eq!(standing(State::Succeeded, 1.0), (2, 1000, 1.0));
    }

    #[test]
    fn a_failure_keeps_its_phase() {
        assert_eq!(standing(State::Failed, 0.25), (1, 900, 0.5));
        assert_eq!(standing(State::Cancelled, 0.75), (2, 900, 0.5));
    }
}
