//! Sections, activities, blocks and their documents.

use crate::course_files::FileIndex;
use crate::intake::{Intake, NAMED_WARNINGS};
use crate::placement::Placement;
use crate::wish::Taken;
use provost_guest::course_store::{self as wit, ActivityFields, BlockFields, Draft, SectionFields};
use provost_guest::{Error, JobContext, Result};
use provost_moodle_archive::columns;
use provost_moodle_archive::enrolments::{self, Enrolled};
use provost_moodle_archive::facets::files::{ExampleScan, Examples};
use provost_moodle_archive::facets::{is_derived, part_rules};
use provost_moodle_archive::layout::{self, Activity, Owner, OwnerKind, PartName};
use provost_moodle_archive::manifest::{ContentSection, Manifest};
use provost_moodle_archive::options::Enrolling;
use provost_moodle_archive::references::{self, ReferenceKind, References};
use provost_moodle_archive::renumber::merge;
use provost_moodle_archive::split::Splitter;
use provost_plugin_draft_parts::known::unusable;
use provost_plugin_draft_parts::{Filling, Known, damaged, facets};
use std::collections::{BTreeMap, HashMap};

/// What the draft calls the archive's things.
#[derive(Default)]
pub struct Items {
    owners: HashMap<Owner, wit::Owner>,
    /// Whose each local context is.
    contexts: HashMap<u64, Owner>,
}

impl Items {
    /// Adds the sections, activities and blocks that the master file names, in its order.
    pub fn add(
        job: &JobContext,
        intake: &Intake,
        manifest: &Manifest,
        taken: &Taken,
        draft: &Draft,
        course: u64,
    ) -> Result<Self> {
        let mut items = Self::default();
        items.owners.insert(Owner::Archive, wit::Owner::Course);
        items.owners.insert(Owner::Course, wit::Owner::Course);
        items.contexts.insert(course, Owner::Course);
        let places = places(job, manifest)?;
        items.sections(intake, manifest, &places, taken, draft)?;
        if taken.activities() {
            items.activities(job, intake, manifest, &places, draft)?;
        }
        if taken.blocks() {
            items.blocks(intake, draft)?;
        }
        Ok(items)
    }

    /// Adds the activities and blocks of the archive of a section or an activity to a course that is there, and sections
    /// that an activity shows.
    pub fn add_into(
        job: &JobContext,
        intake: &Intake,
        manifest: &Manifest,
        taken: &Taken,
        draft: &Draft,
        course: u64,
        sections: &Sections,
    ) -> Result<Self> {
        let mut items = Self::default();
        items.owners.insert(Owner::Archive, wit::Owner::Course);
        items.contexts.insert(course, Owner::Course);
        let places = places(job, manifest)?;
        let mut number = sections.next;
        for listed in &manifest.sections {
            let delegated = places.delegated_to(listed.sectionid) != 0;
            if (delegated && taken.activities()) || (!delegated && sections.are_new) {
                items.section(intake, draft, listed, &places, Some(number))?;
                number += 1;
            }
        }
        if taken.activities() {
            items.activities(job, intake, manifest, &places, draft)?;
        }
        if taken.blocks() {
            items.blocks(intake, draft)?;
        }
        Ok(items)
    }

    fn sections(
        &mut self,
        intake: &Intake,
        manifest: &Manifest,
        places: &Placement,
        taken: &Taken,
        draft: &Draft,
    ) -> Result<()> {
        // A section that an activity shows is nothing without it.
        let is_taken = |listed: &&ContentSection| taken.activities() || places.delegated_to(listed.sectionid) == 0;
        for listed in manifest.sections.iter().filter(is_taken) {
            self.section(intake, draft, listed, places, None)?;
        }
        Ok(())
    }

    /// Adds a section, under its own number or another one.
    fn section(
        &mut self,
        intake: &Intake,
        draft: &Draft,
        listed: &ContentSection,
        places: &Placement,
        number: Option<u32>,
    ) -> Result<()> {
        let owner = Owner::Section(listed.sectionid);
        let path = format!("{}/section.xml", owner.directory());
        let section = intake.parsed(&path, columns::section)?;
        let id = draft.add_section(&SectionFields {
            local: listed.sectionid,
            number: number.unwrap_or(section.number),
            name: section.name,
            visible: section.visible,
            delegated_to: places.delegated_to(listed.sectionid),
        })?;
        self.owners.insert(owner, wit::Owner::Section(id));
        Ok(())
    }

    fn activities(
        &mut self,
        job: &JobContext,
        intake: &Intake,
        manifest: &Manifest,
        places: &Placement,
        draft: &Draft,
    ) -> Result<()> {
        for listed in &manifest.activities {
            let Some(activity) = layout::activity(&listed.directory) else {
                return Err(Error::corrupt(format!(
                    "moodle_backup.xml: {:?} is no directory of an activity",
                    listed.directory
                )));
            };
            let owner = Owner::Activity(activity.clone());
            let directory = owner.directory();
            let path = format!("{directory}/module.xml");
            let module = intake.whole(&path)?;
            let own = format!("{directory}/{}.xml", activity.module);
            let head = if intake.has(&own) {
                intake.head(&own)?
            } else {
                job.warn(&format!("{own} is missing from the archive: the activity {:?} is empty", listed.title))?;
                b"<activity></activity>".to_vec()
            };
            columns::activity_head(&head).map_err(damaged(&own))?;
            let fields = columns::activity(&module, &head).map_err(damaged(&path))?;
            let wanted = if listed.sectionid == 0 { fields.section } else { listed.sectionid };
            let section = places.section(wanted);
            if section != wanted {
                let what = &listed.directory;
                job.warn(&format!(
                    "{what} is in section {wanted}, which the archive lacks: it comes into the first section"
                ))?;
            }
            let id = draft.add_activity(&ActivityFields {
                local: activity.id,
                section,
                module: activity.module,
                instance: fields.instance,
                context: fields.context,
                name: if fields.name.is_empty() { listed.title.clone() } else { fields.name },
                visible: fields.visible,
                idnumber: fields.idnumber,
            })?;
            self.contexts.insert(fields.context, owner.clone());
            self.owners.insert(owner, wit::Owner::Activity(id));
        }
        Ok(())
    }

    fn blocks(&mut self, intake: &Intake, draft: &Draft) -> Result<()> {
        let documents = intake.documents().filter(|(part, _)| part.file == "block.xml");
        let mut blocks: Vec<PartName> = documents.map(|(part, _)| part).collect();
        blocks.sort_by_key(|part| match &part.owner {
            Owner::Block { id, activity, .. } => (activity.as_ref().map(|a| a.id), *id),
            _ => (None, 0),
        });
        for part in blocks {
            let Owner::Block { name, id: local, activity } = &part.owner else { continue };
            let page = match activity.as_ref().map(|a| self.activity(a)) {
                None => None,
                Some(Some(item)) => Some(item),
                // Its activity is not among the contents, and so is not restored.
                Some(None) => continue,
            };
            let fields = intake.parsed(&part.path(), columns::block)?;
            let id = draft.add_block(&BlockFields {
                local: *local,
                name: name.clone(),
                context: fields.context,
                activity: page,
            })?;
            self.contexts.insert(fields.context, part.owner.clone());
            self.owners.insert(part.owner.clone(), wit::Owner::Block(id));
        }
        Ok(())
    }

    fn activity(&self, activity: &Activity) -> Option<u64> {
        match self.owners.get(&Owner::Activity(activity.clone())) {
            Some(wit::Owner::Activity(id)) => Some(*id),
            _ => None,
        }
    }

    /// The teachers' examples in workshops, by the workshop's context.
    pub fn examples(&self, intake: &Intake) -> Result<HashMap<u64, Examples>> {
        let mut found = HashMap::new();
        for (context, owner) in &self.contexts {
            let Owner::Activity(activity) = owner else { continue };
            let path = format!("{}/workshop.xml", owner.directory());
            if activity.module == "workshop" && intake.has(&path) {
                let mut scan = ExampleScan::default();
                intake.stream(&path, |chunk| scan.feed(chunk).map_err(damaged(&path)))?;
                found.insert(*context, scan.finish());
            }
        }
        Ok(found)
    }

    /// The kind of owner of each local context.
    pub fn context_kinds(&self) -> HashMap<u64, OwnerKind> {
        self.contexts.iter().map(|(context, owner)| (*context, owner.kind())).collect()
    }
}

/// Where the master file puts things; what it puts nowhere is warned of.
fn places(job: &JobContext, manifest: &Manifest) -> Result<Placement> {
    let places = Placement::of(manifest);
    for broken in &places.broken {
        job.warn(broken)?;
    }
    Ok(places)
}

/// What becomes of sections that are brought into a course.
pub struct Sections {
    /// Whether ordinary ones come as new ones; otherwise their activities go into one of the course.
    pub are_new: bool,
    /// The number that the first new one gets.
    pub next: u32,
}

/// Which documents are kept, and what of them.
pub struct Selection<'a> {
    /// What the options take.
    pub taken: &'a Taken,
    /// What a course into which something is brought has already; none for a new course.
    pub known: Option<&'a Known>,
}

impl Selection<'_> {
    /// Whether documents of such an owner were asked for, so that it is strange if there is no owner for them.
    fn wants(&self, owner: &Owner) -> bool {
        let is_new = self.known.is_none();
        match owner {
            Owner::Archive => true,
            Owner::Course => is_new,
            Owner::Section(_) => is_new && self.taken.activities(),
            Owner::Activity(_) => self.taken.activities(),
            Owner::Block { activity, .. } => self.taken.blocks() && (activity.is_none() || self.taken.activities()),
        }
    }

    fn keeps(&self, part: &PartName) -> bool {
        self.taken.takes(&part_rules(part).facets) && self.known.is_none_or(|_| Known::carries(part))
    }
}

/// What an owner's documents refer to.
#[derive(Default)]
struct Gathered {
    found: References,
    facets: Vec<&'static str>,
}

/// Adds every document that is kept as a part, and the references found in them.
pub fn add_parts(
    job: &JobContext,
    intake: &Intake,
    select: &Selection<'_>,
    draft: &Draft,
    items: &Items,
    files: &FileIndex,
    progress: std::ops::Range<f64>,
) -> Result<()> {
    let total = intake.document_bytes();
    let mut unlisted: Option<(PartName, usize)> = None;
    let mut done = 0;
    let mut gathered: BTreeMap<Owner, Gathered> = BTreeMap::new();
    let mut astray = References::default();
    let mut warnings = 0usize;
    for (part, size) in intake.documents() {
        done += size;
        let Some(&owner) = items.owners.get(&part.owner) else {
            if select.wants(&part.owner) {
                unlisted.get_or_insert((part, 0)).1 += 1;
            }
            continue;
        };
        let gathering = gathered.entry(part.owner.clone()).or_default();
        if is_derived(&part) {
            if part.file == "inforef.xml" {
                gathering.facets = part_rules(&part).facets.to_vec();
            }
            continue;
        }
        if !select.keeps(&part) {
            continue;
        }
        let splitter = add_part(intake, select, draft, owner, &part)?;
        gathering.found.add_found(splitter.references(), splitter.part_facets());
        if part.owner == Owner::Course && part.file == "contentbank.xml" {
            astray.add_found(splitter.references(), splitter.part_facets());
        }
        if let Some(warning) = splitter.warning() {
            warnings += 1;
            if warnings <= NAMED_WARNINGS {
                job.warn(&warning.to_string())?;
            }
        }
        job.progress(progress.start + (progress.end - progress.start) * done as f64 / total.max(1) as f64)?;
    }
    if let Some((first, count)) = unlisted {
        let path = first.path();
        job.warn(&format!(
            "left out: {count} documents of what moodle_backup.xml does not list, the first of them {path}"
        ))?;
    }
    if warnings > NAMED_WARNINGS {
        job.warn(&format!("{} more documents have no rules", warnings - NAMED_WARNINGS))?;
    }
    add_references(intake, select.taken, draft, items, files, gathered, &astray)
}

fn add_part(
    intake: &Intake,
    select: &Selection<'_>,
    draft: &Draft,
    owner: wit::Owner,
    part: &PartName,
) -> Result<Splitter> {
    let taken = select.taken;
    let path = part.path();
    let takes = |facets: &[&str]| taken.takes(facets);
    let freed = part.owner == Owner::Course && part.file == "roles.xml" && taken.enrolments() != Enrolling::AsTheyWere;
    let mut filling = Filling::begin(draft, owner, part, &takes)?.by_hand(freed);
    let enrolled = enrolled(taken).filter(|_| part.owner == Owner::Course && part.file == "enrolments.xml");
    let known = select.known.and_then(|known| known.of(part));
    match (enrolled, known) {
        (Some(enrolled), _) => {
            let document = intake.whole(&path)?;
            filling.feed(&enrolments::with_manual_method(&document, enrolled).map_err(damaged(&path))?)?;
        }
        (_, Some(known)) => filling.feed(&merge::without(&intake.whole(&path)?, known).map_err(unusable(&path))?)?,
        _ => intake.stream(&path, |chunk: &[u8]| filling.feed(chunk))?,
    }
    filling.finish()
}

/// Who stays enrolled where methods are not kept.
fn enrolled(taken: &Taken) -> Option<Enrolled> {
    taken.enrolments().enrolled()
}

/// Brings what was found together with the archive's own lists and adds it.
fn add_references(
    intake: &Intake,
    taken: &Taken,
    draft: &Draft,
    items: &Items,
    files: &FileIndex,
    gathered: BTreeMap<Owner, Gathered>,
    astray: &References,
) -> Result<()> {
    let mut files_of: HashMap<&Owner, Vec<u64>> = HashMap::new();
    for (context, locals) in files.by_context() {
        if let Some(owner) = items.contexts.get(&context) {
            files_of.entry(owner).or_default().extend(locals);
        }
    }
    let mut from_top = None;
    for (from, Gathered { mut found, facets: owner_facets }) in gathered {
        let Some(&owner) = items.owners.get(&from) else { continue };
        if from == Owner::Archive {
            from_top = Some(found);
            continue;
        }
        let path = format!("{}/inforef.xml", from.directory());
        let mut listed = if intake.has(&path) { Some(intake.parsed(&path, references::read)?) } else { None };
        if let Some(listed) = &mut listed {
            listed.retain(|(kind, id)| *kind != ReferenceKind::File || !files.is_left_out(*id));
        }
        let listed_files = listed.iter().flatten().filter(|(kind, _)| *kind == ReferenceKind::File);
        let own_files: Vec<u64> = match &listed {
            Some(_) => listed_files.map(|(_, id)| *id).collect(),
            None => files_of.remove(&from).unwrap_or_default(),
        };
        for id in own_files {
            if let Some(facets) = files.facets(id) {
                found.add((ReferenceKind::File, id), facets.to_vec());
            }
        }
        let astray = matches!(from, Owner::Section(_)).then_some(astray);
        let merged = found.merge(listed.as_ref(), &owner_facets, astray);
        let rows = merged.iter().filter(|(_, set)| taken.takes(set));
        add_rows(draft, owner, rows.map(|((kind, local), set)| (kind.name().to_owned(), local, set)))?;
        // Of what the documents at the top refer to, they list nothing (Moodle writes them last). It is noted with the course or,
        // when something is brought into one, with its first item; what that names as surely is not noted once more.
        if let Some(from_top) = from_top.take() {
            let unlisted = from_top.iter().filter(|(referred, set)| {
                let is_one = matches!(referred.0, ReferenceKind::User | ReferenceKind::Role);
                is_one && taken.takes(set) && !merged.covers(*referred, set)
            });
            add_rows(draft, owner, unlisted.map(|((kind, local), set)| (kind.unlisted_name(), local, set)))?;
        }
    }
    Ok(())
}

fn add_rows<'a>(
    draft: &Draft,
    owner: wit::Owner,
    rows: impl Iterator<Item = (String, u64, &'a [&'static str])>,
) -> Result<()> {
    let rows: Vec<_> = rows.map(|(kind, local, set)| wit::Reference { kind, local, facets: facets(set) }).collect();
    for batch in rows.chunks(1_000) {
        draft.add_references(owner, batch)?;
    }
    Ok(())
}
