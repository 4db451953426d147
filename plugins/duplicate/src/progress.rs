//! How copies stand, asked as Moodle's own copies are (moodle-webservices.md 3.4).

use crate::wish::{BACKUP, CREATE, RESTORE};
use provost_guest::people::{Place, require_capability};
use provost_guest::prelude::*;
use provost_plugin_job_details::{Phase, Standing, Work, visible_job};
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    let function =
        Function::new("core_backup_get_copy_progress", "Tells how asynchronous copies of courses stand.", get);
    vec![[BACKUP, RESTORE, CREATE].into_iter().fold(function, Function::capability)]
}

#[derive(Deserialize, Describe)]
struct Copy {
    /// The id of the copy's backup: that of the duplication.
    #[describe(kind = "ALPHANUM")]
    backupid: String,
    /// The id of the copy's restore: that of the duplication, too.
    #[describe(kind = "ALPHANUM")]
    restoreid: String,
    /// What is asked for: `backup` or `restore`.
    #[describe(kind = "ALPHANUM")]
    operation: String,
}

#[derive(Deserialize, Describe)]
struct Asked {
    /// The copies.
    copies: Vec<Copy>,
}

#[derive(Serialize, Describe)]
struct Progress {
    /// 700 queued, 800 running, 900 failed, 1000 done.
    status: i64,
    /// From 0 to 1.
    progress: f64,
    /// The id of what is reported.
    #[describe(kind = "ALPHANUM")]
    backupid: String,
    /// `backup` or `restore`.
    #[describe(kind = "ALPHANUM")]
    operation: &'static str,
}

fn get(caller: &Caller, asked: Asked) -> Result<Vec<Progress>> {
    asked.copies.into_iter().map(|copy| progress(caller, copy)).collect()
}

/// Of a backup that is through, the restore is reported; a restore that is asked for before waits.
fn progress(caller: &Caller, copy: Copy) -> Result<Progress> {
    let wants_restore = copy.operation == Phase::Restore.operation();
    let asked = if wants_restore { &copy.restoreid } else { &copy.backupid };
    let job = visible_job(caller, asked, Work::Duplicate)?;
    if let Some(course) = job.course {
        for capability in [BACKUP, RESTORE, CREATE] {
            require_capability(caller.person, capability, Place::Course(course))?;
        }
    }
    let Standing { phase, status, of_phase, .. } = Standing::of(&job, Work::Duplicate);
    let ended = status == 900;
    Ok(match (phase, wants_restore) {
        (Phase::Backup, true) => {
            let status = if ended { status } else { 700 };
            Progress { status, progress: 0.0, backupid: copy.restoreid, operation: Phase::Restore.operation() }
        }
        (Phase::Backup, false) => {
            Progress { status, progress: of_phase, backupid: copy.backupid, operation: phase.operation() }
        }
        (Phase::Restore, _) => {
            Progress { status, progress: of_phase, backupid: copy.restoreid, operation: phase.operation() }
        }
    })
}
