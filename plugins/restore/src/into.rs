//! Bringing a section or an activity into a course that is there (architecture.md 2.2): what the archive holds lives in a scope
//! of its own, bound to what the course has already.

use crate::content::{self, Items, Sections, Selection};
use crate::convert::damaged;
use crate::course_files::Contents;
use crate::intake::Intake;
use crate::job::{self, Restored};
use crate::wish::{Payload, Taken};
use crate::{course_files, people};
use provost_guest::course_store::{Binding, Draft, Origin, Owner, PartRecord, SectionRecord, Snapshot};
use provost_guest::pages::all;
use provost_guest::people::{Place, require_capability};
use provost_guest::{Error, JobContext, Result};
use provost_moodle_archive::columns;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::manifest::Manifest;
use provost_moodle_archive::renumber::merge::{self, MergeError};
use provost_moodle_archive::renumber::{Claims, IdKind};
use provost_moodle_archive::split;
use std::collections::BTreeSet;

const PAGE: u32 = 1_000;
const CHUNK: u32 = 256 << 10;
/// Progress when documents begin and when they are through.
const PARTS: std::ops::Range<f64> = 0.6..0.98;

/// The documents of an archive's top level that go with a section or an activity: what its activities refer to. The others
/// are about a course as a whole.
const CARRIED: [&str; 4] = ["groups.xml", "scales.xml", "outcomes.xml", "questions.xml"];

/// The course as it is before.
struct Target {
    snapshot: Snapshot,
    sections: Vec<SectionRecord>,
    parts: Vec<PartRecord>,
    /// The scope made with the course.
    first: u64,
}

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
    let known = Known::find(intake, &target)?;
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

impl Target {
    fn open(course: u64) -> Result<Self> {
        let snapshot = Snapshot::open(course)?;
        let first = snapshot.scopes()?.first().map_or(0, |scope| scope.id);
        let sections = all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?;
        let of_course = |p: &PartRecord| matches!(p.owner, Owner::Course);
        let mut parts = all(|after| snapshot.parts(after, PAGE), |p: &PartRecord| p.id)?;
        parts.retain(of_course);
        Ok(Self { snapshot, sections, parts, first })
    }

    /// The parts of that name, of each scope that has one.
    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a PartRecord> {
        self.parts.iter().filter(move |p| p.name == name)
    }

    /// A whole part as these facets show it.
    fn whole(&self, part: &PartRecord, facets: &[String]) -> Result<Vec<u8>> {
        let mut document = Vec::new();
        loop {
            let chunk = self.snapshot.read_part(part.id, facets, document.len() as u64, CHUNK)?;
            if chunk.is_empty() {
                return Ok(document);
            }
            document.extend_from_slice(&chunk);
        }
    }

    /// The form of the release that the course came from; ours for a course made here.
    fn usual_form(&self) -> QuestionForm {
        let extra: serde_json::Value = serde_json::from_str(&self.snapshot.course().extra).unwrap_or_default();
        let version = extra["backup_version"].as_str().and_then(|v| v.split('.').next()?.trim().parse::<u64>().ok());
        match version.is_some_and(|version| version < BANK_ENTRIES) {
            true => QuestionForm::Plain,
            false => QuestionForm::Entries,
        }
    }

    /// An ordinary section by its number.
    fn section(&self, number: u32) -> Option<&SectionRecord> {
        self.sections.iter().find(|s| s.fields.number == number && s.fields.delegated_to == 0)
    }
}

/// The first release with a question bank of entries and versions (mbz-format.md 10).
const BANK_ENTRIES: u64 = 2_022_041_900;

/// Refuses questions in the form of another time than the course's: one archive cannot hold both, since whoever reads it decides
/// by its version.
fn check_questions(intake: &Intake, target: &Target) -> Result<()> {
    const FILE: &str = "questions.xml";
    if !intake.has(FILE) {
        return Ok(());
    }
    let Some(brought) = QuestionForm::of(&intake.whole(FILE)?) else { return Ok(()) };
    let facets = [names::QUESTION_BANK.to_owned()];
    let mut there = None;
    for part in target.named(FILE) {
        there = there.or(QuestionForm::of(&target.whole(part, &facets)?));
    }
    let there = there.unwrap_or_else(|| target.usual_form());
    if brought == there {
        return Ok(());
    }
    let (old, new) = ("before Moodle 4.0", "Moodle 4.0 and later");
    let (from, to) = if brought == QuestionForm::Plain { (old, new) } else { (new, old) };
    Err(Error::refused(
        "errorinvalidformat",
        format!("{FILE}: the archive has questions in the form of {from}, the course is in that of {to}"),
    ))
}

/// How questions are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuestionForm {
    /// In their category, before 4.0.
    Plain,
    /// As versions of entries of the question bank.
    Entries,
}

impl QuestionForm {
    /// None where there are no questions.
    fn of(document: &[u8]) -> Option<Self> {
        let has = |tag: &str| document.windows(tag.len()).any(|window| window == tag.as_bytes());
        match (has("<question_bank_entry "), has("<question ")) {
            (true, _) => Some(QuestionForm::Entries),
            (false, true) => Some(QuestionForm::Plain),
            (false, false) => None,
        }
    }
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
    if let Some(section) = number.and_then(|number| target.section(number)) {
        return Ok(section);
    }
    let first = target.sections.iter().find(|s| s.fields.delegated_to == 0);
    let first = first.ok_or_else(|| Error::refused("invalidsection", "the course has no section"))?;
    if let Some(number) = number {
        let into = first.fields.number;
        job.warn(&format!("the course has no section {number}: the activity was put into section {into}"))?;
    }
    Ok(first)
}

/// The id and number of the section that the first activity says it was in.
fn only_module(intake: &Intake, manifest: &Manifest) -> Result<Option<(u64, u32)>> {
    let Some(listed) = manifest.activities.first() else { return Ok(None) };
    let path = format!("{}/module.xml", listed.directory);
    let place = intake.parsed(&path, columns::section_of_module)?;
    Ok(Some(place))
}

/// What the course has already of what the archive carries along.
pub struct Known {
    /// By document: what is not brought again.
    elements: Vec<(&'static str, BTreeSet<(IdKind, u64)>)>,
    bindings: Vec<Binding>,
}

impl Known {
    /// Groups, scales, question categories ... that the course has alike: same id, same content.
    fn find(intake: &Intake, target: &Target) -> Result<Self> {
        // Who is in a group makes it no other group.
        let facets: Vec<String> =
            names::ALL.iter().filter(|f| **f != names::ENROLMENT).map(|f| (*f).to_owned()).collect();
        let shown: Vec<&str> = facets.iter().map(String::as_str).collect();
        let mut known = Self { elements: Vec::new(), bindings: Vec::new() };
        for file in CARRIED.into_iter().filter(|file| intake.has(file)) {
            let name = PartName { owner: layout::Owner::Archive, file: file.into() };
            let brought =
                split::shown(&name, &intake.whole(file)?, &shown).map_err(|e| Error::corrupt(e.to_string()))?;
            let mut found = BTreeSet::new();
            for part in target.named(file) {
                let there = target.whole(part, &facets)?;
                let mut alike: BTreeSet<_> =
                    merge::identical(&brought, &there).map_err(unusable(file))?.into_iter().collect();
                alike.retain(|element| !found.contains(element));
                known.bind(&name, &brought, &alike, part.scope)?;
                found.extend(alike);
            }
            known.elements.push((file, found));
        }
        Ok(known)
    }

    /// Binds what these elements of a document define to the scope that has them already.
    fn bind(&mut self, part: &PartName, brought: &[u8], alike: &BTreeSet<(IdKind, u64)>, scope: u64) -> Result<()> {
        if alike.is_empty() {
            return Ok(());
        }
        let file = part.file.as_str();
        let all = merge::identical(brought, brought).map_err(unusable(file))?;
        let others: BTreeSet<_> = all.into_iter().filter(|element| !alike.contains(element)).collect();
        let mut claims = Claims::new();
        let of_them = merge::without(brought, &others).map_err(unusable(file))?;
        claims.scan_all(part, &of_them).map_err(|e| Error::corrupt(e.to_string()))?;
        self.bindings.extend(claims.all_defined().map(|(kind, id)| Binding {
            kind: kind.name().into_owned(),
            local: id,
            target_scope: scope,
            target: id,
        }));
        Ok(())
    }

    /// Whether a document is brought into a course: those of items, and of those about a course what items refer to.
    pub fn carries(part: &PartName) -> bool {
        part.owner != layout::Owner::Archive || CARRIED.contains(&part.file.as_str())
    }

    /// The elements of a document that are not brought again.
    pub fn of(&self, part: &PartName) -> Option<&BTreeSet<(IdKind, u64)>> {
        let of_archive = part.owner == layout::Owner::Archive;
        let found = self.elements.iter().find(|(file, found)| of_archive && part.file == *file && !found.is_empty());
        found.map(|(_, found)| found)
    }
}

/// Grade items go into the course's topmost category.
fn grade_categories(intake: &Intake, manifest: &Manifest, target: &Target) -> Result<Vec<Binding>> {
    let mut top = None;
    for part in target.named("gradebook.xml").filter(|p| p.scope == target.first) {
        let document = target.whole(part, &[names::ACTIVITY.to_owned()])?;
        top = columns::top_grade_category(&document).map_err(damaged("gradebook.xml"))?;
    }
    let Some(top) = top else { return Ok(Vec::new()) };
    let mut named = BTreeSet::new();
    for activity in &manifest.activities {
        let path = format!("{}/grades.xml", activity.directory);
        if intake.has(&path) {
            named.extend(intake.parsed(&path, columns::grade_categories)?);
        }
    }
    let kind = IdKind::GradeCategory.name().into_owned();
    let bind = |local| Binding { kind: kind.clone(), local, target_scope: target.first, target: top };
    Ok(named.into_iter().map(bind).collect())
}

/// A document that cannot be compared, as an error that names it.
pub fn unusable(file: &str) -> impl Fn(MergeError) -> Error + '_ {
    move |error| Error::corrupt(format!("{file}: {error}"))
}
