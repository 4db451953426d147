//! The job: from an archive to a published course.

use crate::content::{self, Items, Selection};
use crate::convert::damaged;
use crate::course_files::Contents;
use crate::intake::Intake;
use crate::into;
use crate::wish::{Payload, Taken};
use crate::{checks, course_files, people};
use provost_guest::course_store::{CourseFields, Draft, Entry, Origin};
use provost_guest::people::{Place, require_capability};
use provost_guest::{Error, ErrorKind, JobContext, Result, clock, config, files};
use provost_moodle_archive::columns;
use provost_moodle_archive::layout::{Owner, PartName};
use provost_moodle_archive::manifest::Manifest;
use provost_moodle_archive::renumber::{IdMap, Rewriter};
use provost_moodle_archive::{course_document, naming, roles, xml};
use serde::Serialize;
use serde_json::json;
use std::collections::HashSet;

/// The kind of this job.
pub const KIND: &str = "restore";

/// The course's own document.
const COURSE: &str = "course/course.xml";

/// Parts of the work, of 1: reading the archive, storing the documents.
const INTAKE: f64 = 0.5;
const PARTS: std::ops::Range<f64> = 0.6..0.98;

/// What the job answers.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// The new course, or the one into which something was brought.
    pub courseid: u64,
    /// Its short name.
    pub shortname: String,
    /// Its full name.
    pub fullname: String,
}

/// Restores.
pub fn run(job: &JobContext, wish: Payload) -> Result<Restored> {
    if let Some(levels) = config::get("xml-depth").and_then(|levels| levels.parse().ok()) {
        xml::set_depth_limit(levels);
    }
    let taken = Taken::parse(Some(job), &wish.options)?;
    let file = files::get(wish.fileid)?;
    let intake = Intake::read(job, &file.blob, wish.keepgoing, INTAKE)?;
    let manifest = checks::manifest(&intake)?;
    if wish.courseid != 0 {
        return into::run(job, &wish, &taken, &intake, &manifest);
    }
    checks::is_course(&intake, &manifest)?;
    let people = taken.users() && intake.has("users.xml");
    if people {
        let place = if wish.categoryid == 0 { Place::Site } else { Place::Category(wish.categoryid) };
        require_capability(job.caller.person, "moodle/restore:userinfo", place)?;
    } else if taken.users() && manifest.root_flag("users", false) {
        job.warn("the archive says it has users, but users.xml is missing: nobody is restored")?;
    }
    let course = intake.parsed(COURSE, columns::course)?;
    let (draft, fullname, shortname) = create(&wish, &intake, &manifest, &course)?;

    let people = match people {
        true => people::add(job, &intake, &draft, &manifest.information.original_site_identifier_hash)?,
        false => 0,
    };
    add_roles(&intake, &draft)?;
    let items = Items::add(job, &intake, &manifest, &taken, &draft, course.context)?;
    let examples = items.examples(&intake)?;
    let contents = Contents::of(&manifest.information);
    let files = course_files::add(job, &intake, &taken, &draft, &items.context_kinds(), &examples, contents)?;
    job.progress(PARTS.start)?;
    let select = Selection { taken: &taken, known: None };
    content::add_parts(job, &intake, &select, &draft, &items, &files, PARTS)?;

    draft.announce_import(&manifest.detail.backup_id, taken.users())?;
    let courseid = draft.publish()?;
    provost_guest::log::write(
        provost_guest::log::Level::Info,
        &format!("restored course {courseid} ({shortname}) with {people} people"),
    );
    Ok(Restored { courseid, shortname, fullname })
}

/// Begins the draft under names that are free.
fn create(
    wish: &Payload,
    intake: &Intake,
    manifest: &Manifest,
    course: &columns::CourseFields,
) -> Result<(Draft, String, String)> {
    let information = &manifest.information;
    let date_offset = offset(wish.startdate, course.start_date)?;
    let origin = Origin {
        site_hash: information.original_site_identifier_hash.clone(),
        site_url: information.original_wwwroot.clone(),
        course: if course.local == 0 { information.original_course_id } else { course.local },
        context: if course.context == 0 { information.original_course_contextid } else { course.context },
        system_context: information.original_system_contextid,
        category: course.category,
        date_offset,
    };
    let extra = json!({
        "moodle_version": information.moodle_version,
        "moodle_release": information.moodle_release,
        "backup_version": information.backup_version,
        "backup_release": information.backup_release,
        "backup_date": information.backup_date,
        "mnet_remoteusers": information.mnet_remoteusers,
        "include_file_references_to_external_content": information.include_file_references_to_external_content,
        "settings": manifest.root_names().collect::<Vec<_>>(),
    })
    .to_string();
    // What a course's row says is as it is here: with its dates moved.
    let part = PartName { owner: Owner::Course, file: "course.xml".into() };
    let document = Rewriter::all(&part, &intake.whole(COURSE)?, &IdMap::new(), date_offset)
        .map_err(|e| Error::corrupt(e.to_string()))?;
    let extra = course_document::read(&document, &extra).map_err(damaged(COURSE))?;
    let fullname = wish.fullname.as_ref().unwrap_or(&course.fullname);
    let wanted = wish.shortname.as_ref().unwrap_or(&course.shortname);
    let mut taken = HashSet::new();
    loop {
        let (full, short) = match &wish.shortname {
            Some(short) => (fullname.clone(), short.clone()),
            None => naming::course_names(fullname, wanted, |_, short| taken.contains(short)),
        };
        let fields = CourseFields {
            fullname: full.clone(),
            shortname: short.clone(),
            idnumber: course.idnumber.clone(),
            format: course.format.clone(),
            start_date: moved(course.start_date, date_offset),
            end_date: moved(course.end_date, date_offset),
            visible: course.visible,
            category: wish.categoryid,
            created: if course.created == 0 { clock::now() } else { course.created },
            modified: course.modified,
        };
        match Draft::create(&fields, &origin, &extra) {
            Ok(draft) => return Ok((draft, full, short)),
            Err(error) if error.kind == ErrorKind::Conflict && error.code == "shortname-reserved" => {
                if wish.shortname.is_some() {
                    return Err(Error::refused("shortnametaken", error.message));
                }
                taken.insert(short);
            }
            Err(error) if error.kind == ErrorKind::Conflict && error.code == "shortname" => {
                if wish.shortname.is_some() {
                    return Err(Error::refused(
                        "shortnametaken",
                        format!("Short name is already used for another course ({short})"),
                    ));
                }
                taken.insert(short);
            }
            Err(error) => return Err(error),
        }
    }
}

/// By how much the dates of a course that is to start on another day move.
fn offset(wanted: Option<i64>, start: i64) -> Result<i64> {
    match wanted {
        None => Ok(0),
        Some(_) if start == 0 => {
            Err(Error::refused("invaliddate", "the archive's course has no start date to move from"))
        }
        Some(wanted) => Ok(wanted.saturating_sub(start)),
    }
}

/// A date with the offset; 0 stays none.
fn moved(date: i64, offset: i64) -> i64 {
    if date == 0 { 0 } else { date.saturating_add(offset) }
}

/// Adds the roles that the archive describes.
pub fn add_roles(intake: &Intake, draft: &Draft) -> Result<()> {
    const PATH: &str = "roles.xml";
    if !intake.has(PATH) {
        return Ok(());
    }
    let roles = roles::read(&intake.whole(PATH)?).map_err(damaged(PATH))?;
    let entry = |role: roles::Role| Entry {
        kind: "role".into(),
        local: role.local,
        name: role.shortname,
        archetype: role.archetype,
        element: role.element,
    };
    draft.add_entries(&roles.into_iter().map(entry).collect::<Vec<_>>())
}
