//! The web-service functions of the plugin: those of MDL-64914 (moodle-webservices.md 2) and ours for details.

use crate::core_async;
use crate::job::{self, AREA, COMPONENT};
use provost_guest::files;
use provost_guest::jobs::{self, NewJob};
use provost_guest::people::{Place, require_capability, require_course_access};
use provost_guest::prelude::*;
use provost_moodle_archive::options::{OptionError, Options};
use provost_plugin_job_details::{Cancelled, JobDetails, JobId, Work, cancel, course_id, details, status, visible_job};
use serde::{Deserialize, Serialize};

/// Who may back up courses.
pub const BACKUP: &str = "moodle/backup:backupcourse";
const USERINFO: &str = "moodle/backup:userinfo";
const ANONYMISE: &str = "moodle/backup:anonymise";

pub fn functions() -> Vec<Function> {
    let mut functions = vec![
        Function::new(
            "core_course_backup_async",
            "Backs a course up asynchronously. The archive is kept in the course's backup area.",
            start,
        )
        .capability(BACKUP)
        .capability(USERINFO)
        .writes(),
        Function::new(
            "core_course_backup_async_get_status",
            "Tells the status of a pending or running asynchronous course backup.",
            get_status,
        )
        .capability(BACKUP),
        Function::new("core_course_backup_list_backups", "Lists the backups of a course.", list_backups)
            .capability(BACKUP),
        Function::new(
            "provost_course_backup_get_details",
            "Tells how a backup stands, why it failed and what it warned of.",
            get_details,
        )
        .capability(BACKUP),
        Function::new("provost_course_backup_cancel", "Asks a backup to stop.", stop).capability(BACKUP).writes(),
    ];
    functions.extend(core_async::functions());
    functions
}

#[derive(Deserialize, Serialize, Describe)]
struct NameValue {
    /// One of the options.
    #[describe(kind = "ALPHAEXT")]
    name: String,
    /// Its value.
    #[describe(kind = "RAW")]
    value: String,
}

#[derive(Deserialize, Describe)]
struct Start {
    /// Id of the course to back up.
    #[describe(alias = "id")]
    courseid: i64,
    /// What is included: activities, blocks, filters, enrolments (1 unless set), users, role_assignments, comments,
    /// userscompletion, logs, grade_histories (0 unless set); also anonymize, files, format (zip or tgz).
    #[describe(pairs, default = [])]
    options: Vec<NameValue>,
}

#[derive(Serialize, Describe)]
struct Started {
    /// The unique id of the backup process.
    #[describe(kind = "ALPHANUM")]
    backupid: String,
}

fn refused(error: &OptionError) -> Error {
    Error::refused(OptionError::CODE, error.to_string())
}

fn start(caller: &Caller, wish: Start) -> Result<Started> {
    let course = course_id(wish.courseid)?;
    require_course_access(caller.person, course)?;
    let place = Place::Course(course);
    let pairs = wish.options.iter().map(|o| (o.name.as_str(), o.value.as_str()));
    let options = Options::parse(pairs).map_err(|e| refused(&e))?;
    require_capability(caller.person, BACKUP, place)?;
    if options.users {
        require_capability(caller.person, USERINFO, place)?;
    }
    if options.anonymize {
        require_capability(caller.person, ANONYMISE, place)?;
    }
    let payload = job::Payload {
        courseid: course,
        options: wish.options.into_iter().map(|o| job::NameValue { name: o.name, value: o.value }).collect(),
    };
    let backupid = jobs::enqueue(&NewJob {
        kind: job::KIND.into(),
        payload: serde_json::to_string(&payload)?,
        person: caller.person,
        course: Some(course),
        key: String::new(),
    })?;
    Ok(Started { backupid })
}

#[derive(Deserialize, Describe)]
struct BackupId {
    /// The unique id of the backup process.
    #[describe(kind = "ALPHANUM")]
    backupid: String,
}

#[derive(Serialize, Describe)]
struct Status {
    /// 700 queued, 800 running, 900 failed, 1000 done.
    status: i64,
    /// From 0 to 1.
    progress: f64,
}

/// A list of one, as the example shows (moodle-webservices.md 2.2).
fn get_status(caller: &Caller, of: BackupId) -> Result<Vec<Status>> {
    let job = visible_job(caller, &of.backupid, Work::Backup)?;
    Ok(vec![Status { status: status(job.state), progress: job.progress }])
}

#[derive(Deserialize, Describe)]
struct Course {
    /// Id of the course whose backups are listed.
    #[describe(alias = "id")]
    courseid: i64,
}

#[derive(Serialize, Describe)]
struct Listed {
    /// Name of the file.
    #[describe(kind = "FILE")]
    filename: String,
    /// Size of the file in bytes.
    filesize: u64,
    /// Address to download the file from; a client adds its token.
    #[describe(kind = "URL")]
    downloadurl: String,
    /// The same, under the name that the text uses.
    #[describe(kind = "URL")]
    download: String,
}

fn list_backups(caller: &Caller, of: Course) -> Result<Vec<Listed>> {
    let course = course_id(of.courseid)?;
    require_course_access(caller.person, course)?;
    require_capability(caller.person, BACKUP, Place::Course(course))?;
    let stored = files::in_area(files::course_context(course)?, COMPONENT, AREA, 0)?;
    let listed = |file: files::File| {
        let url = files::download_url(file.id)?;
        Ok(Listed { filename: file.name, filesize: file.blob.size, downloadurl: url.clone(), download: url })
    };
    stored.into_iter().map(listed).collect()
}

fn get_details(caller: &Caller, of: JobId) -> Result<JobDetails> {
    Ok(details(visible_job(caller, &of.jobid, Work::Backup)?))
}

fn stop(caller: &Caller, of: JobId) -> Result<Cancelled> {
    cancel(caller, &of.jobid, Work::Backup)
}
