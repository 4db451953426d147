//! The course as its documents tell it: sections and activities with the heads of their documents, numbers and dates as they are
//! here.

use super::head::{Head, HeadReader};
use provost_guest::course_store::{
    ActivityRecord, BindingRecord, CourseRecord, FileRecord, Owner as ItemOwner, SectionRecord, Snapshot,
};
use provost_guest::enrolments::{self, Group};
use provost_guest::{Error, Result};
use provost_moodle_archive::details::CourseDetails;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::layout::{Activity as Place, Owner, PartName};
use provost_moodle_archive::renumber::{IdKind, IdMap, Rewriter};
use std::collections::HashMap;

const PAGE: u32 = 1_000;
/// Most documents are smaller than this.
const CHUNK: u32 = 64 << 10;

/// A course, read from one snapshot.
pub struct Course {
    snapshot: Snapshot,
    /// Its row.
    pub record: CourseRecord,
    /// What its row says beyond the fields.
    pub details: CourseDetails,
    /// In order of their number.
    pub sections: Vec<Section>,
    /// In course order.
    pub activities: Vec<Activity>,
    /// Its groups.
    pub groups: Vec<Group>,
    scopes: HashMap<u64, Scope>,
}

/// How numbers and dates of a scope become those of here.
struct Scope {
    map: IdMap,
    offset: i64,
}

/// A section.
pub struct Section {
    /// Its row.
    pub record: SectionRecord,
    /// The head of `section.xml`.
    pub head: Head,
    /// The activity that shows it.
    pub delegate: Option<u64>,
    /// `section.xml`.
    shared: Option<u64>,
}

/// An activity.
pub struct Activity {
    /// Its row.
    pub record: ActivityRecord,
    /// The section it is in.
    pub section: u64,
    /// The head of `module.xml`.
    pub head: Head,
    /// `module.xml`.
    shared: Option<u64>,
    /// The module's own document.
    own: Option<u64>,
}

impl Section {
    /// Its conditions, if there are any.
    pub fn conditions(&self) -> Option<&str> {
        self.head.text("availabilityjson").filter(|json| !json.is_empty())
    }
}

impl Activity {
    /// Its conditions, if there are any.
    pub fn conditions(&self) -> Option<&str> {
        self.head.text("availability").filter(|json| !json.is_empty())
    }
}

impl Course {
    /// Errors: `not-found` (code `course`), `corrupt`.
    pub fn open(id: u64) -> Result<Self> {
        let mut course = Self::outline(id)?;
        course.read_heads(|_| true, |_| true)?;
        Ok(course)
    }

    /// The course with no document read yet: what [`Course::read_heads`] is not asked for has an empty head.
    pub fn outline(id: u64) -> Result<Self> {
        let snapshot = Snapshot::open(id)?;
        let record = snapshot.course();
        let sections = all(|after| snapshot.sections(after, PAGE), |s: &SectionRecord| s.id)?;
        let activities = all(|after| snapshot.activities(after, PAGE), |a: &ActivityRecord| a.id)?;
        let groups = enrolments::groups(id)?;
        let bindings = snapshot.bindings()?;
        let mut numbers = Numbers::default();
        for section in &sections {
            numbers.add(IdKind::Section, section.scope, section.fields.local, section.id);
        }
        for activity in &activities {
            numbers.add(IdKind::CourseModule, activity.scope, activity.fields.local, activity.id);
            numbers.add(IdKind::Context, activity.scope, activity.fields.context, activity.context);
        }
        for group in &groups {
            numbers.add(IdKind::Group, group.scope, group.local, group.id);
        }
        let mut scopes = HashMap::new();
        for scope in snapshot.scopes()? {
            numbers.add(IdKind::Course, scope.id, scope.origin.course, record.id);
            numbers.add(IdKind::Context, scope.id, scope.origin.context, record.context);
            scopes.insert(scope.id, scope.origin.date_offset);
        }
        numbers.bind(&bindings);
        let scopes = numbers.into_scopes(&scopes);
        let details = CourseDetails::read(&record.extra);
        let mut course =
            Self { snapshot, record, details, sections: Vec::new(), activities: Vec::new(), groups, scopes };
        course.find_documents(sections, activities)?;
        Ok(course)
    }

    fn find_documents(&mut self, sections: Vec<SectionRecord>, activities: Vec<ActivityRecord>) -> Result<()> {
        let modules: HashMap<u64, &str> = activities.iter().map(|a| (a.id, a.fields.module.as_str())).collect();
        let (mut of_sections, mut shared, mut own) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut after = 0;
        loop {
            let page = self.snapshot.parts(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for part in &page {
                match part.owner {
                    ItemOwner::Section(id) if part.name == "section.xml" => of_sections.insert(id, part.id),
                    ItemOwner::Activity(id) if part.name == "module.xml" => shared.insert(id, part.id),
                    ItemOwner::Activity(id) if part.name.strip_suffix(".xml") == modules.get(&id).copied() => {
                        own.insert(id, part.id)
                    }
                    _ => None,
                };
            }
        }
        for record in sections {
            let delegate = self.here(record.scope, &IdKind::CourseModule, record.fields.delegated_to);
            let shared = of_sections.get(&record.id).copied();
            self.sections.push(Section { record, head: Head::default(), delegate, shared });
        }
        for record in activities {
            let section = self.here(record.scope, &IdKind::Section, record.fields.section).unwrap_or(0);
            let (shared, own) = (shared.get(&record.id).copied(), own.get(&record.id).copied());
            self.activities.push(Activity { record, section, head: Head::default(), shared, own });
        }
        Ok(())
    }

    /// Reads the heads of the documents of these sections and activities.
    pub fn read_heads(
        &mut self,
        of_section: impl Fn(&Section) -> bool,
        of_activity: impl Fn(&Activity) -> bool,
    ) -> Result<()> {
        let mut sections = std::mem::take(&mut self.sections);
        for section in sections.iter_mut().filter(|s| of_section(s)) {
            let record = &section.record;
            let name = PartName { owner: Owner::Section(record.fields.local), file: "section.xml".into() };
            section.head = self.head(section.shared, record.scope, &name, HeadReader::new(0))?;
        }
        self.sections = sections;
        let mut activities = std::mem::take(&mut self.activities);
        for activity in activities.iter_mut().filter(|a| of_activity(a)) {
            let record = &activity.record;
            activity.head =
                self.head(activity.shared, record.scope, &part_name(record, "module"), HeadReader::new(0))?;
        }
        self.activities = activities;
        Ok(())
    }

    /// What a number of a scope means here.
    pub fn here(&self, scope: u64, kind: &IdKind, local: u64) -> Option<u64> {
        // Numbers that mean nothing here became the default, which nothing has.
        let found = self.scopes.get(&scope)?.map.get(kind, local);
        (local != 0 && found != NOTHING).then_some(found)
    }

    /// An activity by its number here.
    pub fn activity(&self, id: u64) -> Option<&Activity> {
        self.activities.iter().find(|a| a.record.id == id)
    }

    /// A section by its number here.
    pub fn section(&self, id: u64) -> Option<&Section> {
        self.sections.iter().find(|s| s.record.id == id)
    }

    /// The sections that a scope's number means here, each with the scope.
    pub fn sections_of_local(&self, local: u64) -> Vec<(u64, &Section)> {
        let in_scope = |scope: &u64| Some((*scope, self.section(self.here(*scope, &IdKind::Section, local)?)?));
        self.scopes.keys().filter_map(in_scope).collect()
    }

    /// The section that an activity shows.
    pub fn delegated(&self, activity: u64) -> Option<&Section> {
        self.sections.iter().find(|s| s.delegate == Some(activity))
    }

    /// The head of a module's own document; empty where there is none.
    pub fn own_head(&self, activity: &Activity) -> Result<Head> {
        self.own_head_by(activity, HeadReader::new(1))
    }

    /// The same with what is large in it.
    pub fn own_head_in_full(&self, activity: &Activity) -> Result<Head> {
        self.own_head_by(activity, HeadReader::in_full(1))
    }

    fn own_head_by(&self, activity: &Activity, reader: HeadReader) -> Result<Head> {
        let record = &activity.record;
        self.head(activity.own, record.scope, &part_name(record, &record.fields.module), reader)
    }

    /// Reads a module's own document piece by piece, without the data of people.
    pub fn read_own(&self, activity: &Activity, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Some(own) = activity.own else { return Ok(()) };
        let record = &activity.record;
        self.read(own, record.scope, &part_name(record, &record.fields.module), |piece| take(piece).map(|()| false))
    }

    /// Files of the course for which the test passes, in the order in which they were added.
    pub fn files(&self, wanted: impl Fn(&FileRecord) -> bool) -> Result<Vec<FileRecord>> {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let page = self.snapshot.files(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.id;
            found.extend(page.into_iter().filter(&wanted));
        }
    }

    /// Who people of the scopes are here: of those asked for the ones that are known.
    pub fn people(&self, asked: &[(u64, u64)]) -> Result<HashMap<(u64, u64), u64>> {
        let mut found = HashMap::new();
        let mut scopes: Vec<u64> = asked.iter().map(|(scope, _)| *scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        for scope in scopes {
            let mut missing: Vec<u64> = asked.iter().filter(|(of, _)| *of == scope).map(|(_, local)| *local).collect();
            let mut after = 0;
            while !missing.is_empty() {
                let page = self.snapshot.people(scope, after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = last.archived.local;
                for link in page.iter().filter(|link| asked.contains(&(scope, link.archived.local))) {
                    missing.retain(|local| *local != link.archived.local);
                    found.insert((scope, link.archived.local), link.person);
                }
            }
        }
        Ok(found)
    }

    fn head(&self, part: Option<u64>, scope: u64, name: &PartName, mut reader: HeadReader) -> Result<Head> {
        if let Some(part) = part {
            self.read(part, scope, name, |piece| {
                reader.feed(piece).map_err(|error| Error::corrupt(format!("{}: {error}", name.path())))
            })?;
        }
        Ok(reader.finish())
    }

    /// Reads a part with the numbers and dates of here, until `take` says that it has enough.
    fn read(&self, part: u64, scope: u64, name: &PartName, mut take: impl FnMut(&[u8]) -> Result<bool>) -> Result<()> {
        let Some(scope) = self.scopes.get(&scope) else { return Ok(()) };
        let damaged = |error: provost_moodle_archive::renumber::RenumberError| Error::corrupt(error.to_string());
        let mut rewriter = Rewriter::new(name, &scope.map, scope.offset);
        let facets = [names::ACTIVITY.to_owned()];
        let mut offset = 0;
        loop {
            let piece = self.snapshot.read_part(part, &facets, offset, CHUNK)?;
            if piece.is_empty() {
                // What is still held back of a whole document.
                if offset > 0 {
                    take(&rewriter.finish().map_err(damaged)?)?;
                }
                return Ok(());
            }
            offset += piece.len() as u64;
            if take(&rewriter.feed(&piece).map_err(damaged)?)? {
                return Ok(());
            }
        }
    }
}

/// What a number becomes that means nothing here.
const NOTHING: u64 = 0;

/// What local numbers of each scope and kind mean here.
#[derive(Default)]
struct Numbers {
    known: HashMap<(IdKind, u64, u64), u64>,
}

impl Numbers {
    fn add(&mut self, kind: IdKind, scope: u64, local: u64, here: u64) {
        self.known.insert((kind, scope, local), here);
    }

    /// A number that is bound means what the other one does. Bindings lead to older scopes, and so come to an end.
    fn bind(&mut self, bindings: &[BindingRecord]) {
        for _ in bindings {
            let mut changed = false;
            for BindingRecord { scope, binding } in bindings {
                let Some(kind) = IdKind::of_name(&binding.kind) else { continue };
                let target = self.known.get(&(kind.clone(), binding.target_scope, binding.target)).copied();
                if let Some(here) = target {
                    changed |= self.known.insert((kind, *scope, binding.local), here) != Some(here);
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn into_scopes(self, offsets: &HashMap<u64, i64>) -> HashMap<u64, Scope> {
        let mut scopes: HashMap<u64, Scope> = HashMap::new();
        for (scope, offset) in offsets {
            let mut map = IdMap::new();
            for kind in [IdKind::Section, IdKind::CourseModule, IdKind::Group] {
                map.set_default(kind, NOTHING);
            }
            scopes.insert(*scope, Scope { map, offset: *offset });
        }
        for ((kind, scope, local), here) in self.known {
            if let Some(scope) = scopes.get_mut(&scope) {
                scope.map.insert(kind, local, here);
            }
        }
        scopes
    }
}

fn part_name(record: &ActivityRecord, document: &str) -> PartName {
    let place = Place { module: record.fields.module.clone(), id: record.fields.local };
    PartName { owner: Owner::Activity(place), file: format!("{document}.xml") }
}

fn all<T>(page: impl Fn(u64) -> Result<Vec<T>>, id: impl Fn(&T) -> u64) -> Result<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let page = page(found.last().map_or(0, &id))?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}
