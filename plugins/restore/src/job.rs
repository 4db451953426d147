//! The job: from an archive to a published course.

use crate::content::{self, Items};
use crate::convert::damaged;
use crate::intake::Intake;
use crate::{checks, course_files, people};
use provost_guest::course_store::{CourseFields, Draft, Entry, Origin};
use provost_guest::people::{Place, require_capability};
use provost_guest::{Error, ErrorKind, JobContext, Result, clock, config, files};
use provost_moodle_archive::columns;
use provost_moodle_archive::manifest::Manifest;
use provost_moodle_archive::{naming, roles, xml};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;

/// The kind of this job.
pub const KIND: &str = "restore";

/// Parts of the work, of 1: reading the archive, storing the documents.
const INTAKE: f64 = 0.5;
const PARTS: std::ops::Range<f64> = 0.6..0.98;

/// What the job is given. The command line makes it too: see `docs/jobs.md`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The archive: a file in an upload area or a backup area.
    pub fileid: u64,
    /// The new course's short name; it must be free. None: the archive's, made unique.
    #[serde(default)]
    pub shortname: Option<String>,
    /// The new course's full name; none: the archive's.
    #[serde(default)]
    pub fullname: Option<String>,
    /// The category; 0 for the first one.
    #[serde(default)]
    pub categoryid: u64,
    /// Whether to go on without file contents that are damaged.
    #[serde(default)]
    pub keepgoing: bool,
}

/// What the job answers.
#[derive(Debug, Serialize)]
pub struct Restored {
    courseid: u64,
    shortname: String,
    fullname: String,
}

/// Restores.
pub fn run(job: &JobContext, wish: Payload) -> Result<Restored> {
    if let Some(levels) = config::get("xml-depth").and_then(|levels| levels.parse().ok()) {
        xml::set_depth_limit(levels);
    }
    let file = files::get(wish.fileid)?;
    let intake = Intake::read(job, &file.blob, wish.keepgoing, INTAKE)?;
    let manifest = checks::manifest(&intake)?;
    if intake.has("users.xml") {
        let place = if wish.categoryid == 0 { Place::Site } else { Place::Category(wish.categoryid) };
        require_capability(job.caller.person, "moodle/restore:userinfo", place)?;
    } else if manifest.root_flag("users", false) {
        job.warn("the archive says it has users, but users.xml is missing: nobody is restored")?;
    }
    let course = intake.parsed("course/course.xml", columns::course)?;
    let (draft, fullname, shortname) = create(&wish, &manifest, &course)?;

    let people = people::add(job, &intake, &draft, &manifest.information.original_site_identifier_hash)?;
    add_roles(&intake, &draft)?;
    let items = Items::add(job, &intake, &manifest, &draft, course.context)?;
    let contents = manifest.information.include_files;
    let files = course_files::add(job, &intake, &draft, &items.context_kinds(), contents)?;
    job.progress(PARTS.start)?;
    content::add_parts(job, &intake, &draft, &items, &files, PARTS)?;

    let courseid = draft.publish()?;
    provost_guest::log::write(
        provost_guest::log::Level::Info,
        &format!("restored course {courseid} ({shortname}) with {people} people"),
    );
    Ok(Restored { courseid, shortname, fullname })
}

/// Begins the draft under names that are free.
fn create(wish: &Payload, manifest: &Manifest, course: &columns::CourseFields) -> Result<(Draft, String, String)> {
    let information = &manifest.information;
    let origin = Origin {
        site_hash: information.original_site_identifier_hash.clone(),
        site_url: information.original_wwwroot.clone(),
        course: if course.local == 0 { information.original_course_id } else { course.local },
        context: if course.context == 0 { information.original_course_contextid } else { course.context },
        system_context: information.original_system_contextid,
        category: course.category,
    };
    let extra = json!({
        "moodle_version": information.moodle_version,
        "moodle_release": information.moodle_release,
        "backup_version": information.backup_version,
        "backup_release": information.backup_release,
        "backup_date": information.backup_date,
    })
    .to_string();
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
            start_date: course.start_date,
            end_date: course.end_date,
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

fn add_roles(intake: &Intake, draft: &Draft) -> Result<()> {
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
