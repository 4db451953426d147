//! What a copy is asked for, and who may ask.

use provost_guest::courses;
use provost_guest::people::{Place, require_capability, require_course_access};
use provost_guest::prelude::*;
use provost_moodle_archive::options::{OptionError, Options};
use serde::{Deserialize, Serialize};

pub const BACKUP: &str = "moodle/backup:backupcourse";
const BACKUP_PEOPLE: &str = "moodle/backup:userinfo";
pub const RESTORE: &str = "moodle/restore:restorecourse";
const RESTORE_PEOPLE: &str = "moodle/restore:userinfo";
pub const CREATE: &str = "moodle/course:create";

/// What the job is given. The command line makes it too: see `docs/jobs.md`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The course that is copied.
    pub courseid: u64,
    /// The copy's full name. None: the original's.
    #[serde(default)]
    pub fullname: Option<String>,
    /// The copy's short name; it must be free.
    pub shortname: String,
    /// The category; 0 for the original's.
    #[serde(default)]
    pub categoryid: u64,
    /// Whether the copy is visible. None: as the original is.
    #[serde(default)]
    pub visible: Option<bool>,
    /// When the copy starts; all its dates move with it. None: as the original does.
    #[serde(default)]
    pub startdate: Option<i64>,
    /// What is copied, by name: the ten options with the defaults of a backup.
    #[serde(default)]
    pub options: Vec<NameValue>,
}

/// An option.
#[derive(Debug, Clone, Serialize, Deserialize, Describe)]
pub struct NameValue {
    /// One of the options.
    #[describe(kind = "ALPHAEXT")]
    pub name: String,
    /// Its value.
    #[describe(kind = "RAW")]
    pub value: String,
}

impl Payload {
    /// Its options. Errors: `refused` with the protocol's code, which names the option.
    pub fn options(&self) -> Result<Options> {
        let pairs = self.options.iter().map(|o| (o.name.as_str(), o.value.as_str()));
        Options::parse_copy(pairs).map_err(|e| Error::refused(OptionError::CODE, e.to_string()))
    }

    /// Whether the caller may have it: who copies a course reads it and makes another one (moodle-webservices.md 2.4, 4.1).
    pub fn check(&self, caller: &Caller) -> Result<()> {
        let course = Place::Course(self.courseid);
        require_course_access(caller.person, self.courseid)?;
        let options = self.options()?;
        let category = match self.categoryid {
            0 => None,
            wanted => Some(wanted),
        };
        let place = match category {
            Some(wanted) => {
                if !courses::categories()?.iter().any(|category| category.id == wanted) {
                    return Err(no_category(wanted));
                }
                Place::Category(wanted)
            }
            None => Place::Category(original(self.courseid)?.fields.category),
        };
        require_capability(caller.person, CREATE, place)?;
        require_capability(caller.person, RESTORE, place)?;
        require_capability(caller.person, BACKUP, course)?;
        if options.users {
            require_capability(caller.person, BACKUP_PEOPLE, course)?;
            require_capability(caller.person, RESTORE_PEOPLE, place)?;
        }
        for (name, value) in [("fullname", self.fullname.as_deref()), ("shortname", Some(self.shortname.as_str()))] {
            if value.is_some_and(|value| value.trim().is_empty()) {
                return Err(Error::invalid(format!("{name}: a course needs one")));
            }
        }
        Ok(())
    }
}

/// That there is no such category, with the protocol's own name of the table.
pub fn no_category(id: impl std::fmt::Display) -> Error {
    Error::not_found("course_categories", format!("no category {id}"))
}

/// The row of a course. Errors: `not-found` (code `course`).
pub fn original(course: u64) -> Result<courses::CourseRecord> {
    let found = courses::lookup(&[courses::Key::Id(course)])?.into_iter().next().flatten();
    found.ok_or_else(|| Error::not_found("course", format!("no course {course}")))
}

/// A short name that is not free, as the protocol says it: with the name of the course that has it.
pub fn taken(error: Error, shortname: &str) -> Error {
    match (error.kind, error.code.as_str()) {
        (ErrorKind::Conflict, "shortname") => {
            let found = courses::lookup(&[courses::Key::Shortname(shortname.to_owned())]);
            let holder = found.ok().and_then(|found| found.into_iter().next().flatten());
            let name = holder.map_or_else(|| shortname.to_owned(), |course| course.fields.fullname);
            Error::refused("shortnametaken", format!("Short name is already used for another course ({name})"))
        }
        (ErrorKind::Conflict, "shortname-reserved") => Error::refused("shortnametaken", error.message),
        _ => error,
    }
}
