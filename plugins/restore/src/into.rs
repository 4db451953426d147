//! Bringing a section or an activity into a course that is there (architecture.md 2.2): what the archive holds lives in a scope
//! of its own, bound to what the course has already.

use crate::content::{self, Items, Sections, Selection};
use crate::course_files::Contents;
use crate::intake::Intake;
use crate::job::{self, Restored};
use crate::wish::{Payload, Taken};
use crate::{course_files, people};
use provost_guest::course_store::{Binding, Draft, Origin, SectionRecord};
use provost_guest::people::{Place, require_capability};
use provost_guest::{Error, JobContext, Result};
use provost_moodle_archive::columns;
use provost_moodle_archive::manifest::Manifest;
use provost_moodle_archive::renumber::IdKind;
use provost_moodle_archive::split;
use provost_plugin_draft_parts::known::{self, CARRIED, QUESTIONS};
use provost_plugin_draft_parts::{Known, QuestionForm, Target};
use std::collections::BTreeSet;

/// Progress when documents begin and when they are through.
const PARTS: std::ops::Range<f64> = 0.6..0.98;

/// Restores into the course.
pub fn run(job: &JobContext, wish: &Payload, taken: &Taken, intake: &Intake, manifest: &Manifest) -> Result<Restored> {
    let kind = manifest.detail.kind.as_str();
    if !matches!(kind, "activity" | "section") {
        return Err(Error::refused(
            "errorinvalidformat",
            format!(
                "only the archive of a section or an activity can be brought into a course, and this one is of type {kind:?}: \
                 import it as a new course"
            ),
        ));
    }
    let target = Target::open(wish.courseid)?;
    let information = &manifest.information;
    let origin = Origin {
        site_hash: information.original_site_identifier_hash.clone(),
        site_url: information.original_wwwroot.clone(),
        course: information.original_course_id,
        context: information.original_course_contextid,
        system_context: information.original_system_contextid,
        category: 0,
        date_offset: 0,
    };
    check_questions(intake, &target)?;
    let draft = Draft::extend(wish.courseid, &origin)?;

    if taken.users() && intake.has("users.xml") {
        require_capability(job.caller.person, "moodle/restore:userinfo", Place::Course(wish.courseid))?;
        people::add(job, intake, &draft, &origin.site_hash)?;
    }
    job::add_roles(intake, &draft)?;
    let (places, sections) = place(job, wish, intake, manifest, &target)?;
    let known = known(intake, &target)?;
    draft.bind(&places)?;
    draft.bind(&known.bindings)?;
    draft.bind(&grade_categories(intake, manifest, &target)?)?;

    let items = Items::add_into(job, intake, manifest, taken, &draft, origin.context, &sections)?;
    let examples = items.examples(intake)?;
    let contents = Contents::of(information);
    let files = course_files::add(job, intake, taken, &draft, &items.context_kinds(), &examples, contents)?;
    job.progress(PARTS.start)?;
    let select = Selection { taken, known: Some(&known) };
    content::add_parts(job, intake, &select, &draft, &items, &files, PARTS)?;
    draft.announce_import(&manifest.detail.backup_id, taken.users())?;
    draft.publish()?;
    let fields = target.snapshot.course().fields;
    Ok(Restored { courseid: wish.courseid, shortname: fields.shortname, fullname: fields.fullname })
}

/// Refuses questions in the form of another time than the course's: one archive cannot hold both, since whoever reads it decides
/// by its version.
fn check_questions(intake: &Intake, target: &Target) -> Result<()> {
    if !intake.has(QUESTIONS) {
        return Ok(());
    }
    let Some(brought) = QuestionForm::of(&intake.whole(QUESTIONS)?) else { return Ok(()) };
    let there = QuestionForm::of_course(target)?;
    if brought == there {
        return Ok(());
    }
    Err(Error::refused(
        "errorinvalidformat",
        format!("{QUESTIONS}: the archive has questions in the form of {brought}, the course is in that of {there}"),
    ))
}

/// Into which section of the course the archive's ordinary sections go, or whether they come as new ones.
fn place(
    job: &JobContext,
    wish: &Payload,
    intake: &Intake,
    manifest: &Manifest,
    target: &Target,
) -> Result<(Vec<Binding>, Sections)> {
    let next = target.sections.iter().map(|s| s.fields.number + 1).max().unwrap_or(0);
    let nested: BTreeSet<u64> =
        manifest.sections.iter().filter(|s| s.delegated_to() != 0).map(|s| s.sectionid).collect();
    let ordinary: Vec<u64> = manifest.sections.iter().map(|s| s.sectionid).filter(|id| !nested.contains(id)).collect();
    if !ordinary.is_empty() && wish.section.is_none() {
        return Ok((Vec::new(), Sections { are_new: true, next }));
    }
    let section = match wish.section {
        Some(number) => target.section(number).ok_or_else(|| {
            Error::refused("invalidsection", format!("course {} has no section {number}", wish.courseid))
        })?,
        None => usual_section(job, intake, manifest, target)?,
    };
    if !ordinary.is_empty() {
        job.warn(
            "the archive's section gave its activities to one of the course; its own name and summary are left out",
        )?;
    }
    let mut locals: BTreeSet<u64> = ordinary.into_iter().collect();
    locals.extend(manifest.activities.iter().map(|a| a.sectionid).filter(|id| !nested.contains(id)));
    if let Some(module) = only_module(intake, manifest)? {
        locals.insert(module.0);
    }
    let bind = |local| Binding {
        kind: IdKind::Section.name().into_owned(),
        local,
        target_scope: section.scope,
        target: section.fields.local,
    };
    Ok((locals.into_iter().map(bind).collect(), Sections { are_new: false, next }))
}

/// Where an activity goes that nobody said where to put: the section of the number it was in, else the first one.
fn usual_section<'a>(
    job: &JobContext,
    intake: &Intake,
    manifest: &Manifest,
    target: &'a Target,
) -> Result<&'a SectionRecord> {
    let number = only_module(intake, manifest)?.map(|(_, number)| number);
    let section = target.usual_section(number)?;
    let into = section.fields.number;
    if let Some(number) = number.filter(|number| *number != into) {
        job.warn(&format!("the course has no section {number}: the activity was put into section {into}"))?;
    }
    Ok(section)
}

/// The id and number of the section that the first activity says it was in.
fn only_module(intake: &Intake, manifest: &Manifest) -> Result<Option<(u64, u32)>> {
    let Some(listed) = manifest.activities.first() else { return Ok(None) };
    let path = format!("{}/module.xml", listed.directory);
    let place = intake.parsed(&path, columns::section_of_module)?;
    Ok(Some(place))
}

/// What the course has already of what the archive carries along.
fn known(intake: &Intake, target: &Target) -> Result<Known> {
    let compared = Known::compared();
    let shown: Vec<&str> = compared.iter().map(String::as_str).collect();
    let mut brought = Vec::new();
    for file in CARRIED.into_iter().filter(|file| intake.has(file)) {
        let document = split::shown(&known::of_archive(file), &intake.whole(file)?, &shown);
        brought.push((file, document.map_err(|e| Error::corrupt(e.to_string()))?));
    }
    Known::find(&brought, target)
}

/// Grade items go into the course's topmost category.
fn grade_categories(intake: &Intake, manifest: &Manifest, target: &Target) -> Result<Vec<Binding>> {
    let mut named = BTreeSet::new();
    for activity in &manifest.activities {
        let path = format!("{}/grades.xml", activity.directory);
        if intake.has(&path) {
            named.extend(intake.parsed(&path, columns::grade_categories)?);
        }
    }
    target.grade_categories(named)
}
