//! The web-service functions of the plugin. Ours, as Moodle has none that start a restore; and Moodle's own that says where what
//! was restored is.

use crate::job;
use crate::wish::{NameValue, Payload, Taken};
use provost_guest::config;
use provost_guest::files::{self, File};
use provost_guest::jobs::{self, NewJob};
use provost_guest::people::{Place, require_capability, require_course_access};
use provost_guest::prelude::*;
use provost_plugin_job_details::{
    Cancelled, JobDetails, JobId, Work, cancel, course_of, details, entered_place, visible_job,
};
use serde::{Deserialize, Serialize};

const RESTORE: &str = "moodle/restore:restorecourse";
const CREATE: &str = "moodle/course:create";

pub fn functions() -> Vec<Function> {
    vec![
        Function::new(
            "provost_course_restore_async",
            "Restores an uploaded or stored archive asynchronously: into a new course, or that of a section or an activity \
             into a course that is there.",
            start,
        )
        .capability(RESTORE)
        .writes(),
        Function::new(
            "provost_course_restore_get_details",
            "Tells how a restore stands, why it failed and what it warned of.",
            get_details,
        ),
        Function::new("provost_course_restore_cancel", "Asks a restore to stop.", stop).writes(),
        Function::new(
            "core_backup_get_async_backup_links_restore",
            "Tells the address of a course that is restored asynchronously.",
            get_link,
        )
        .capability(RESTORE),
    ]
}

#[derive(Deserialize, Describe)]
struct Start {
    /// Where the archive was uploaded: the item id that the upload answered with. Or leave it out and name a course.
    #[describe(default = 0)]
    itemid: u64,
    /// The course in whose backup area the archive is, instead of an upload.
    #[describe(default = 0)]
    courseid: u64,
    /// The archive's file name. May be left out when there is only one.
    #[describe(kind = "FILE", default = "")]
    filename: String,
    /// Short name of the new course; the archive's, made unique, if left out.
    #[describe(kind = "TEXT", default = "")]
    shortname: String,
    /// Full name of the new course; the archive's if left out.
    #[describe(kind = "TEXT", default = "")]
    fullname: String,
    /// Category of the new course; the first one if left out.
    #[describe(default = 0)]
    categoryid: u64,
    /// When the new course starts, in seconds since 1970; all its dates move with it. 0: as in the archive.
    #[describe(default = 0)]
    startdate: i64,
    /// The course into which the archive of a section or an activity is brought. 0: a new course is made.
    #[describe(default = 0)]
    intocourseid: u64,
    /// The number of the section there in which it is put. -1: the one of the same number as where an activity was, a new one
    /// at the end for a section.
    #[describe(default = -1)]
    sectionnumber: i64,
    /// Whether to go on without file contents that are damaged.
    #[describe(default = false)]
    keepgoing: bool,
    /// What of the archive is taken: activities, blocks, filters, users, role_assignments, comments, userscompletion,
    /// logs, grade_histories (all 1 unless set), enrolments (2 unless set).
    #[describe(pairs, default = [])]
    options: Vec<WishedOption>,
}

#[derive(Deserialize, Serialize, Describe)]
struct WishedOption {
    /// One of the options.
    #[describe(kind = "ALPHAEXT")]
    name: String,
    /// Its value.
    #[describe(kind = "RAW")]
    value: String,
}

#[derive(Serialize, Describe)]
struct Started {
    /// The id of the restore.
    #[describe(kind = "ALPHANUM")]
    restoreid: String,
}

fn start(caller: &Caller, wish: Start) -> Result<Started> {
    let place = match (wish.intocourseid, wish.categoryid) {
        (0, 0) => Place::Site,
        (0, category) => Place::Category(category),
        (course, _) => {
            require_course_access(caller.person, course)?;
            Place::Course(course)
        }
    };
    require_capability(caller.person, RESTORE, place)?;
    if wish.intocourseid == 0 {
        require_capability(caller.person, CREATE, place)?;
    }
    let options: Vec<NameValue> =
        wish.options.iter().map(|o| NameValue { name: o.name.clone(), value: o.value.clone() }).collect();
    Taken::parse(None, &options)?;
    let file = archive(caller, &wish)?;
    let named = |text: String| (!text.is_empty()).then_some(text);
    let payload = Payload {
        fileid: file.id,
        shortname: named(wish.shortname),
        fullname: named(wish.fullname),
        categoryid: wish.categoryid,
        keepgoing: wish.keepgoing,
        startdate: (wish.startdate != 0).then_some(wish.startdate),
        courseid: wish.intocourseid,
        section: u32::try_from(wish.sectionnumber).ok(),
        options,
    };
    let restoreid = jobs::enqueue(&NewJob {
        kind: job::KIND.into(),
        payload: serde_json::to_string(&payload)?,
        person: caller.person,
        course: (wish.intocourseid != 0).then_some(wish.intocourseid),
        key: String::new(),
    })?;
    Ok(Started { restoreid })
}

/// The archive that the caller means.
fn archive(caller: &Caller, wish: &Start) -> Result<File> {
    let candidates = match (wish.itemid, wish.courseid) {
        (0, 0) => return Err(Error::invalid("either itemid or courseid says where the archive is")),
        (item, 0) => files::in_area(files::person_context(caller.person)?, "user", "draft", item)?,
        (0, course) => {
            require_capability(caller.person, "moodle/backup:downloadfile", Place::Course(course))?;
            files::in_area(files::course_context(course)?, "backup", "course", 0)?
        }
        _ => return Err(Error::invalid("itemid and courseid exclude each other")),
    };
    let mut fitting = candidates.into_iter().filter(|f| wish.filename.is_empty() || f.name == wish.filename);
    let found = fitting.next().ok_or_else(|| Error::not_found("files", "no such archive"))?;
    match fitting.next() {
        Some(_) => Err(Error::invalid("there are several archives: filename says which")),
        None => Ok(found),
    }
}

fn get_details(caller: &Caller, of: JobId) -> Result<JobDetails> {
    Ok(details(visible_job(caller, &of.jobid, Work::Restore)?))
}

fn stop(caller: &Caller, of: JobId) -> Result<Cancelled> {
    cancel(caller, &of.jobid, Work::Restore)
}

#[derive(Deserialize, Describe)]
struct Wanted {
    /// The id of the restore.
    #[describe(kind = "ALPHANUMEXT")]
    backupid: String,
    /// The id of the context of the course. 0: of the one that the restore is about.
    contextid: i64,
}

#[derive(Serialize, Describe)]
struct Link {
    /// The address of the course.
    #[describe(kind = "URL")]
    restoreurl: String,
}

/// Moodle's own (moodle-webservices.md 3.3).
fn get_link(caller: &Caller, wanted: Wanted) -> Result<Link> {
    let of_job = || {
        let job = visible_job(caller, &wanted.backupid, Work::Restore)?;
        course_of(&job).ok_or_else(|| Error::not_found("course", "there is no course of this restore yet"))
    };
    let course = match wanted.contextid {
        0 => {
            let course = of_job()?;
            require_course_access(caller.person, course)?;
            require_capability(caller.person, RESTORE, Place::Course(course))?;
            course
        }
        context => {
            require_capability(caller.person, RESTORE, entered_place(caller, context)?)?;
            of_job()?
        }
    };
    Ok(Link { restoreurl: format!("{}/course/view.php?id={course}", config::get_site().url) })
}
