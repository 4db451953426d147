//! What is checked of the master file before anything is made (mbz-format.md 7.1).

use crate::intake::Intake;
use provost_guest::{Error, Result};
use provost_moodle_archive::layout;
use provost_moodle_archive::manifest::Manifest;
use std::collections::HashSet;

const MASTER: &str = "moodle_backup.xml";
/// The oldest backups there are in this format.
const OLDEST: u64 = 2_010_072_300;

/// Reads the master file and refuses what cannot become a course.
pub fn manifest(intake: &Intake) -> Result<Manifest> {
    let manifest = Manifest::read(&intake.whole(MASTER)?).map_err(|e| Error::corrupt(e.to_string()))?;
    let information = &manifest.information;
    let version = information.backup_version.split('.').next().and_then(|v| v.trim().parse::<u64>().ok());
    if version.is_none_or(|version| version < OLDEST) {
        return Err(Error::refused(
            "backupversiontooold",
            format!("{MASTER}: backup_version {:?} is older than {OLDEST}", information.backup_version),
        ));
    }
    if information.original_course_format == "site" {
        return Err(Error::refused("errorinvalidformat", "the archive is of a site's front page, not of a course"));
    }
    contents(&manifest)?;
    Ok(manifest)
}

/// Refuses what cannot become a new course.
pub fn is_course(intake: &Intake, manifest: &Manifest) -> Result<()> {
    if intake.has("course/course.xml") {
        return Ok(());
    }
    let kind = if manifest.detail.kind.is_empty() { "unknown" } else { &manifest.detail.kind };
    let hint = match kind {
        "section" | "activity" => "; it can be brought into a course that is there",
        _ => "",
    };
    Err(Error::refused(
        "errorinvalidformat",
        format!("the archive holds no course (it is of type {kind}): it cannot become a new course{hint}"),
    ))
}

/// Refuses contents that contradict themselves: each section and activity is there once, in the directory of its number.
fn contents(manifest: &Manifest) -> Result<()> {
    let damaged = |what: String| Err(Error::corrupt(format!("{MASTER}: {what}")));
    let mut met = HashSet::new();
    for section in &manifest.sections {
        let (id, directory) = (section.sectionid, &section.directory);
        if *directory != layout::Owner::Section(id).directory() {
            return damaged(format!("section {id} cannot be in the directory {directory:?}"));
        }
        if !met.insert(id) {
            return damaged(format!("{directory} is listed twice"));
        }
    }
    met.clear();
    for activity in &manifest.activities {
        let (id, directory) = (activity.moduleid, &activity.directory);
        let Some(place) = layout::activity(directory) else {
            return damaged(format!("{directory:?} is no directory of an activity"));
        };
        if !met.insert(place.id) {
            return damaged(format!("{directory} is listed twice"));
        }
        if (place.id, &place.module) != (id, &activity.modulename) {
            let module = &activity.modulename;
            return damaged(format!("activity {id} ({module}) cannot be in the directory {directory:?}"));
        }
    }
    Ok(())
}
