//! Starting copies: the asynchronous functions of MDL-64916 and Moodle's synchronous one (moodle-webservices.md 2 and 4.1).

use crate::copying::{self, Duplicated};
use crate::job;
use crate::wish::{BACKUP, CREATE, NameValue, Payload, RESTORE, no_category, taken};
use provost_guest::jobs::{self, NewJob};
use provost_guest::prelude::*;
use provost_moodle_archive::options::OptionError;
use provost_plugin_job_details::{
    Cancelled, JobDetails, JobId, Standing, Work, cancel, course_id, details, visible_job,
};
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    let rights = |function: Function| [CREATE, RESTORE, BACKUP].into_iter().fold(function, Function::capability);
    vec![
        rights(Function::new("core_course_async_duplicate_course", "Duplicates a course asynchronously.", start))
            .writes(),
        Function::new(
            "core_course_async_duplicate_course_get_status",
            "Tells the status of a pending or completed asynchronous duplication of a course.",
            get_status,
        )
        .capability(BACKUP),
        rights(Function::new(
            "core_course_duplicate_course",
            "Duplicates a course, and answers when it is there.",
            at_once,
        ))
        .writes(),
        Function::new(
            "provost_course_duplicate_get_details",
            "Tells how a duplication stands, why it failed and what it warned of.",
            get_details,
        )
        .capability(BACKUP),
        Function::new("provost_course_duplicate_cancel", "Asks a duplication to stop.", stop)
            .capability(BACKUP)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Start {
    /// Id of the course to duplicate.
    #[describe(alias = "id")]
    courseid: i64,
    /// Full name of the new course.
    #[describe(kind = "TEXT")]
    fullname: String,
    /// Short name of the new course. It is kept for it from now on.
    #[describe(kind = "TEXT")]
    shortname: String,
    /// Category of the new course.
    categoryid: i64,
    /// Whether the new course is visible.
    #[describe(default = 1)]
    visible: i64,
    /// When the new course starts, in seconds since 1970; all its dates move with it. 0: as the original does.
    #[describe(default = 0)]
    startdate: i64,
    /// What is copied: activities, blocks, filters, enrolments (1 unless set), users, role_assignments, comments,
    /// userscompletion, logs, grade_histories (0 unless set).
    #[describe(pairs, default = [])]
    options: Vec<NameValue>,
}

impl Start {
    fn payload(self) -> Result<Payload> {
        let categoryid = u64::try_from(self.categoryid).ok().filter(|id| *id != 0);
        Ok(Payload {
            courseid: course_id(self.courseid)?,
            fullname: Some(self.fullname),
            shortname: self.shortname,
            categoryid: categoryid.ok_or_else(|| no_category(self.categoryid))?,
            visible: Some(self.visible != 0),
            startdate: (self.startdate != 0).then_some(self.startdate),
            options: self.options,
        })
    }
}

#[derive(Serialize, Describe)]
struct Started {
    /// The unique id of the duplication process.
    #[describe(kind = "ALPHANUM")]
    duplicateid: String,
}

fn start(caller: &Caller, wish: Start) -> Result<Started> {
    let payload = wish.payload()?;
    payload.check(caller)?;
    let new = NewJob {
        kind: job::KIND.into(),
        payload: serde_json::to_string(&payload)?,
        person: caller.person,
        course: Some(payload.courseid),
        key: String::new(),
    };
    let queued = jobs::enqueue_reserving(&new, &payload.shortname);
    Ok(Started { duplicateid: queued.map_err(|e| taken(e, &payload.shortname))? })
}

#[derive(Deserialize, Describe)]
struct DuplicateId {
    /// The unique id of the duplication process.
    #[describe(kind = "ALPHANUM")]
    duplicateid: String,
}

#[derive(Serialize, Describe)]
struct Status {
    /// 1 while the course is read (backup), 2 while the new one is made (restore).
    phase: i64,
    /// Of the phase: 700 queued, 800 running, 900 failed, 1000 done.
    status: i64,
    /// Of both phases, from 0 to 1.
    progress: f64,
    /// The phase by name: `backup` or `restore`.
    #[describe(kind = "ALPHA")]
    operation: &'static str,
}

fn get_status(caller: &Caller, of: DuplicateId) -> Result<Status> {
    let job = visible_job(caller, &of.duplicateid, Work::Duplicate)?;
    let Standing { phase, status, overall, .. } = Standing::of(&job, Work::Duplicate);
    Ok(Status { phase: phase.number(), status, progress: overall, operation: phase.operation() })
}

#[derive(Deserialize, Describe)]
struct AtOnce {
    /// Id of the course to duplicate.
    courseid: i64,
    /// Full name of the new course.
    #[describe(kind = "TEXT")]
    fullname: String,
    /// Short name of the new course.
    #[describe(kind = "TEXT")]
    shortname: String,
    /// Category of the new course.
    categoryid: i64,
    /// Whether the new course is visible.
    #[describe(default = 1)]
    visible: i64,
    /// What is copied: activities, blocks, filters, enrolments (1 unless set), users, role_assignments, comments,
    /// userscompletion, logs, grade_histories (0 unless set).
    #[describe(pairs, default = [])]
    options: Vec<NameValue>,
}

#[derive(Serialize, Describe)]
struct New {
    /// Id of the new course.
    id: u64,
    /// Its short name.
    #[describe(kind = "RAW")]
    shortname: String,
}

fn at_once(caller: &Caller, wish: AtOnce) -> Result<New> {
    let AtOnce { courseid, fullname, shortname, categoryid, visible, options } = wish;
    // This function reads values as numbers first, unlike the asynchronous one.
    let as_number = |o: NameValue| NameValue { value: leading_number(&o.value), ..o };
    let options = options.into_iter().map(as_number).collect();
    let wish = Start { courseid, fullname, shortname, categoryid, visible, startdate: 0, options };
    let unknown = |error: Error| match (error.kind, error.code.as_str()) {
        (ErrorKind::NotFound, "course") => {
            Error::refused("invalidcourseid", "You are trying to use an invalid course ID")
        }
        // Of what is wrong with an option this function says its name alone.
        (ErrorKind::Refused, OptionError::CODE) => match error.message.split_once(" (") {
            Some((name, _)) => Error::refused(OptionError::CODE, name),
            None => error,
        },
        _ => error,
    };
    let payload = wish.payload().map_err(unknown)?;
    payload.check(caller).map_err(unknown)?;
    let (options, _) = payload.options()?.settle();
    let Duplicated { courseid, shortname, .. } = copying::copy(&payload, &options, &|_| Ok(()))?;
    Ok(New { id: courseid, shortname })
}

/// The number at the beginning of a text, as PHP casts one: 0 where there is none.
fn leading_number(text: &str) -> String {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let number = digits.get(..count).unwrap_or_default().trim_start_matches('0');
    match (number, text.starts_with('-')) {
        ("", _) => "0".to_owned(),
        (number, true) => format!("-{number}"),
        (number, false) => number.to_owned(),
    }
}

fn get_details(caller: &Caller, of: JobId) -> Result<JobDetails> {
    Ok(details(visible_job(caller, &of.jobid, Work::Duplicate)?))
}

fn stop(caller: &Caller, of: JobId) -> Result<Cancelled> {
    cancel(caller, &of.jobid, Work::Duplicate)
}

#[cfg(test)]
mod tests {
    use super::leading_number;

    #[test]
    fn values_are_cast() {
        for (text, number) in
            [("1", "1"), (" 1", "1"), ("01", "1"), ("abc", "0"), ("true", "0"), ("2x", "2"), ("", "0")]
        {
            assert_eq!(leading_number(text), number, "{text:?}");
        }
        assert_eq!(
            (leading_number("-1"), leading_number("-0"), leading_number("+1")),
            ("-1".into(), "0".into(), "1".into())
        );
    }
}
