//! What a call may see and do: things found by number, capabilities, and the errors that say what is missing.

use provost_guest::courses::{self, CourseRecord};
use provost_guest::people::{self, Key, Person, Place};
use provost_guest::{Caller, Error, ErrorKind, Result};

/// The number of the site's own course, which no other has.
pub const SITE: u64 = 1;
/// What a client is told of a course it may not enter. Why is nobody's business.
const CLOSED: &str = "Course or activity not accessible.";
/// The most keys that one call of the host looks up.
const KEYS: usize = 1_000;

/// A number that a client sent as an id. What cannot be one is 0, which nothing has.
pub fn id(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// An error of the host about something missing, under the name by which clients know that kind of thing.
pub fn named(mut error: Error) -> Error {
    if error.kind == ErrorKind::NotFound {
        let name = match error.code.as_str() {
            "category" => "course_categories",
            "person" => "user",
            "activity" => "course_modules",
            _ => return error,
        };
        name.clone_into(&mut error.code);
    }
    error
}

/// A course. Errors: `not-found` (code `course`).
pub fn course(id: u64) -> Result<CourseRecord> {
    let found = courses::lookup(&[courses::Key::Id(id)])?.into_iter().next().flatten();
    found.ok_or_else(|| Error::not_found("course", format!("no course {id}")))
}

/// The courses of these numbers that there are, in the order asked for.
pub fn courses(ids: impl IntoIterator<Item = u64>) -> Result<Vec<CourseRecord>> {
    let keys: Vec<_> = ids.into_iter().map(courses::Key::Id).collect();
    find_courses(&keys)
}

/// The courses of these keys that there are.
pub fn find_courses(keys: &[courses::Key]) -> Result<Vec<CourseRecord>> {
    let mut found = Vec::new();
    for keys in keys.chunks(KEYS) {
        found.extend(courses::lookup(keys)?.into_iter().flatten());
    }
    Ok(found)
}

/// Every course, by number.
pub fn all_courses() -> Result<Vec<CourseRecord>> {
    let mut all: Vec<CourseRecord> = Vec::new();
    loop {
        let page = courses::list(all.last().map_or(0, |c| c.id), 1_000)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// The people of these keys that there are and who are not deleted, each once.
pub fn find_people(keys: &[Key]) -> Result<Vec<Person>> {
    let mut found: Vec<Person> = Vec::new();
    for keys in keys.chunks(KEYS) {
        for person in people::lookup(keys)?.into_iter().flatten() {
            if !person.deleted && found.iter().all(|p| p.id != person.id) {
                found.push(person);
            }
        }
    }
    Ok(found)
}

/// Somebody who is not deleted. Errors: `not-found` (code `user`).
pub fn person(id: u64) -> Result<Person> {
    let found = find_people(&[Key::Id(id)])?.into_iter().next();
    found.ok_or_else(|| Error::not_found("user", format!("no person {id}")))
}

/// Whether the caller has a capability somewhere.
pub fn may(caller: &Caller, capability: &str, place: Place) -> Result<bool> {
    people::has_capability(caller.person, capability, place)
}

/// Errors: `denied`.
pub fn require(caller: &Caller, capability: &str, place: Place) -> Result<()> {
    people::require_capability(caller.person, capability, place)
}

/// Passes when the caller may enter the course; everybody may enter the site's own. Errors: `not-found` (code `course`), `refused` (code `requireloginerror`).
pub fn enter(caller: &Caller, course: u64) -> Result<()> {
    if course == SITE {
        return Ok(());
    }
    people::require_course_access(caller.person, course).map_err(|mut error| {
        if error.kind == ErrorKind::Refused {
            CLOSED.clone_into(&mut error.message);
        }
        error
    })
}

/// As [`enter`] for functions that read courses, which have an error of their own: `errorcoursecontextnotvalid`
/// (moodle-webservices.md 1.7).
pub fn enter_to_read(caller: &Caller, course: u64) -> Result<()> {
    enter(caller, course).map_err(|error| match error.kind {
        ErrorKind::Refused => Error::refused(
            "errorcoursecontextnotvalid",
            format!(
                "You cannot execute functions in the course context (course id:{course}). The context error message was: {}",
                error.message
            ),
        ),
        _ => error,
    })
}

/// The place of a course: the site itself for the site's own.
pub fn place(course: u64) -> Place {
    if course == SITE { Place::Site } else { Place::Course(course) }
}

/// A parameter that breaks a rule of the function.
pub fn invalid_param(name: &str) -> Error {
    Error::refused("errorinvalidparam", format!("The param \"{name}\" is invalid."))
}

/// Code and message by which a client is told of an error, for functions that list what went wrong.
pub fn told(error: &Error) -> (String, String) {
    let code = |fallback: &str| if error.code.is_empty() { fallback.to_owned() } else { error.code.clone() };
    match error.kind {
        ErrorKind::Denied => {
            let label = label(&error.code);
            let message = format!("Sorry, but you do not currently have permissions to do that ({label}).");
            ("nopermissions".into(), message)
        }
        ErrorKind::NotFound => {
            ("invalidrecord".into(), format!("Can't find data record in database table {}.", code("unknown")))
        }
        ErrorKind::Invalid => ("invalidparameter".into(), "Invalid parameter value detected".into()),
        ErrorKind::Failed => (code("failed"), "error/failed".into()),
        _ => (code("error"), error.message.clone()),
    }
}

/// A capability's name for people, from the manifest.
fn label(capability: &str) -> String {
    let manifest: serde_json::Value = serde_json::from_str(include_str!("../plugin.json")).unwrap_or_default();
    let mut declared = manifest["capabilities"].as_array().into_iter().flatten();
    let found = declared.find(|c| c["name"] == capability).and_then(|c| c["label"].as_str());
    found.unwrap_or(capability).to_owned()
}

/// Whether the caller may give a role at a place. Which roles those are follows Moodle's defaults: who manages roles
/// gives those for courses, who assigns them gives those below their own.
pub fn may_assign(caller: &Caller, role: u64, place: Place) -> Result<bool> {
    let Some(role) = people::roles()?.into_iter().find(|r| r.id == role) else { return Ok(false) };
    if !may(caller, "moodle/role:assign", place)? {
        return Ok(false);
    }
    Ok(match role.archetype.as_str() {
        "teacher" | "student" => true,
        // A role of the site's own.
        "" | "manager" | "coursecreator" | "editingteacher" => may(caller, "moodle/role:manage", place)?,
        _ => false,
    })
}
