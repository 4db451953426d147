//! The documents of the archive: parts as they are kept, with changed columns written in; what a restore demands and the course
//! lacks; and those that are derived from what is written.

use crate::claim::Claim;
use crate::leaving::Leaving;
use crate::listing::{Listing, OwnerPlace, Placed, activity};
use provost_guest::archive::Writer;
use provost_guest::course_store::{ActivityRecord, CourseRecord, Owner, PartRecord, SectionRecord, Snapshot};
use provost_guest::{Error, Result, clock, config};
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::manifest::{ContentActivity, ContentCourse, ContentSection, Detail, Information, Manifest};
use provost_moodle_archive::options::{Options, keep_settings_of};
use provost_moodle_archive::references::{self, ReferenceKind, Referred};
use provost_moodle_archive::renumber::merge;
use provost_moodle_archive::xml::edit::{self, Edit};
use provost_moodle_archive::{columns, course_document};
use std::collections::{BTreeSet, HashMap, HashSet};

const CHUNK: u32 = 256 << 10;

/// A whole part under facets.
fn whole(snapshot: &Snapshot, part: u64, facets: &[String]) -> Result<Vec<u8>> {
    let mut document = Vec::new();
    loop {
        let chunk = snapshot.read_part(part, facets, document.len() as u64, CHUNK)?;
        if chunk.is_empty() {
            return Ok(document);
        }
        document.extend_from_slice(&chunk);
    }
}

/// Writes a part. The documents that hold columns of the course's rows are brought up to date first.
pub fn write_part(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    leaving: &Leaving,
    placed: &Placed,
    facets: &[String],
) -> Result<()> {
    let path = placed.name.path();
    let written = write_current(writer, snapshot, listing, leaving, placed, facets);
    written.map_err(|error| Error { message: format!("{path}: {}", error.message), ..error })
}

fn write_current(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    leaving: &Leaving,
    placed: &Placed,
    facets: &[String],
) -> Result<()> {
    let path = placed.name.path();
    let PartRecord { id: part, scope, .. } = placed.part;
    let rewritten = || leaving.rewrite(scope, &placed.own, whole(snapshot, part, facets)?);
    let changed = match (&placed.part.owner, placed.name.file.as_str()) {
        (Owner::Course, "course.xml") => Some(own_document(&path, &snapshot.course(), rewritten()?)?),
        (Owner::Section(id), "section.xml") => {
            let section = listing.sections.iter().find(|s| s.id == *id);
            Some(section_document(&path, listing, leaving, section, rewritten()?)?)
        }
        (Owner::Activity(id), "module.xml") => {
            let activity = listing.activities.iter().find(|a| a.id == *id);
            Some(module_document(&path, listing, leaving, activity, rewritten()?)?)
        }
        _ => None,
    };
    if listing.here.write_part(writer, snapshot, leaving, placed, facets)? {
        return Ok(());
    }
    match changed {
        Some(document) => writer.add_bytes(&path, &document),
        None if leaving.keeps(scope) => writer.add_part(&path, snapshot, part, facets).map(|_| ()),
        None => {
            // A part of which nothing remains is no entry.
            let mut begun = false;
            leaving.stream(snapshot, placed, facets, |chunk| {
                if !begun && !chunk.is_empty() {
                    writer.begin_entry(&path)?;
                    begun = true;
                }
                if chunk.is_empty() { Ok(()) } else { writer.write(chunk) }
            })?;
            if begun { writer.end_entry() } else { Ok(()) }
        }
    }
}

/// Writes a document that several scopes have: `questions.xml` of the course and of a quiz that was brought into it.
pub fn write_merged(
    writer: &Writer,
    snapshot: &Snapshot,
    leaving: &Leaving,
    parts: &[&Placed],
    facets: &[String],
) -> Result<()> {
    let mut documents = Vec::with_capacity(parts.len());
    for placed in parts {
        let document = whole(snapshot, placed.part.id, facets)?;
        if !document.is_empty() {
            documents.push(leaving.rewrite(placed.part.scope, &placed.own, document)?);
        }
    }
    let Some(first) = parts.first() else { return Ok(()) };
    let path = first.name.path();
    let documents: Vec<&[u8]> = documents.iter().map(Vec::as_slice).collect();
    let merged = merge::merge(&documents).map_err(|e| Error::corrupt(format!("{path}: {e}")))?;
    if merged.is_empty() { Ok(()) } else { writer.add_bytes(&path, &merged) }
}

fn section_document(
    path: &str,
    listing: &Listing,
    leaving: &Leaving,
    section: Option<&SectionRecord>,
    document: Vec<u8>,
) -> Result<Vec<u8>> {
    let Some(section) = section else { return Ok(document) };
    let written = columns::section(&document).map_err(damaged(path))?;
    let mut changes = vec![
        text(&["section", "name"], &written.name, &section.fields.name),
        flag(&["section", "visible"], written.visible, section.fields.visible),
    ];
    if !leaving.is_first(section.scope) {
        changes.push(number(&["section", "number"], written.number.into(), section.fields.number.into()));
    }
    let inside = listing.activities.iter().filter(|a| a.fields.section == section.fields.local);
    if inside.clone().any(|a| a.scope != section.scope) {
        let sequence: Vec<String> = inside.map(|a| a.fields.local.to_string()).collect();
        changes.push(Some((&["section", "sequence"], sequence.join(","))));
    }
    apply(path, document, changes)
}

fn module_document(
    path: &str,
    listing: &Listing,
    leaving: &Leaving,
    activity: Option<&ActivityRecord>,
    document: Vec<u8>,
) -> Result<Vec<u8>> {
    let Some(activity) = activity else { return Ok(document) };
    let written = columns::activity(&document, b"<activity></activity>").map_err(damaged(path))?;
    let mut changes = vec![
        text(&["module", "idnumber"], &written.idnumber, &activity.fields.idnumber),
        flag(&["module", "visible"], written.visible, activity.fields.visible),
    ];
    if !leaving.is_first(activity.scope) {
        let section = listing.sections.iter().find(|s| s.fields.local == activity.fields.section);
        let (_, there) = columns::section_of_module(&document).map_err(damaged(path))?;
        let here = section.map_or(there, |s| s.fields.number);
        changes.push(number(&["module", "sectionnumber"], there.into(), here.into()));
    }
    apply(path, document, changes)
}

type Change = Option<(&'static [&'static str], String)>;

fn text(path: &'static [&'static str], written: &str, now: &str) -> Change {
    (written != now).then(|| (path, now.to_owned()))
}

fn flag(path: &'static [&'static str], written: bool, now: bool) -> Change {
    (written != now).then(|| (path, u8::from(now).to_string()))
}

fn number(path: &'static [&'static str], written: i64, now: i64) -> Change {
    (written != now).then(|| (path, now.to_string()))
}

/// The course's own document: a changed column wins (architecture.md 2.1), and so does a changed detail.
fn own_document(path: &str, course: &CourseRecord, document: Vec<u8>) -> Result<Vec<u8>> {
    let written = columns::course(&document).map_err(damaged(path))?;
    let now = &course.fields;
    let changes = vec![
        text(&["course", "shortname"], &written.shortname, &now.shortname),
        text(&["course", "fullname"], &written.fullname, &now.fullname),
        text(&["course", "idnumber"], &written.idnumber, &now.idnumber),
        text(&["course", "format"], &written.format, &now.format),
        number(&["course", "startdate"], written.start_date, now.start_date),
        number(&["course", "enddate"], written.end_date, now.end_date),
        flag(&["course", "visible"], written.visible, now.visible),
    ];
    let document = apply(path, document, changes)?;
    course_document::write(document, &course.extra, &now.format).map_err(damaged(path))
}

fn apply(path: &str, document: Vec<u8>, changes: Vec<Change>) -> Result<Vec<u8>> {
    let changes: Vec<_> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        return Ok(document);
    }
    let edits: Vec<_> = changes.iter().map(|(place, value)| Edit::content(place, Some(value))).collect();
    Ok(edit::apply(&document, &edits).map_err(damaged(path))?.bytes)
}

fn damaged(path: &str) -> impl Fn(provost_moodle_archive::xml::XmlError) -> Error + '_ {
    move |error| Error::corrupt(format!("{path}: {error}"))
}

/// Documents that a restore demands although nothing may be in them (moodle-observed.md 5), where the course lacks them.
pub fn write_demanded(
    writer: &Writer,
    listing: &Listing,
    leaving: &Leaving,
    options: &Options,
    written: &HashSet<String>,
) -> Result<()> {
    let mut added = HashSet::new();
    for (path, document) in listing.here.documents(leaving)? {
        if !written.contains(&path) {
            writer.add_bytes(&path, &document)?;
            added.insert(path);
        }
    }
    let add = |path: String, body: &str| {
        if written.contains(&path) || added.contains(&path) {
            return Ok(());
        }
        writer.add_bytes(&path, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}").as_bytes())
    };
    for (file, body) in [
        ("groups.xml", "<groups>\n  <groupings>\n  </groupings>\n</groups>"),
        ("scales.xml", "<scales_definition>\n</scales_definition>"),
        ("outcomes.xml", "<outcomes_definition>\n</outcomes_definition>"),
        ("questions.xml", "<question_categories>\n</question_categories>"),
        ("gradebook.xml", "<gradebook>\n</gradebook>"),
        ("grade_history.xml", "<grade_history>\n  <grade_grades>\n  </grade_grades>\n</grade_history>"),
        ("completion.xml", "<course_completion>\n</course_completion>"),
        ("course/enrolments.xml", "<enrolments>\n  <enrols>\n  </enrols>\n</enrolments>"),
    ] {
        add(file.into(), body)?;
    }
    let comments = "<comments>\n</comments>";
    let filters =
        "<filters>\n  <filter_actives>\n  </filter_actives>\n  <filter_configs>\n  </filter_configs>\n</filters>";
    let events = "<events>\n</events>";
    let roles =
        "<roles>\n  <role_overrides>\n  </role_overrides>\n  <role_assignments>\n  </role_assignments>\n</roles>";
    for OwnerPlace { place: owner, .. } in &listing.owners {
        let directory = owner.directory();
        let (course, activity) = (matches!(owner, layout::Owner::Course), matches!(owner, layout::Owner::Activity(_)));
        let block = matches!(owner, layout::Owner::Block { .. });
        if course || activity {
            add(format!("{directory}/calendar.xml"), events)?;
        }
        if (course || activity) && options.filters {
            add(format!("{directory}/filters.xml"), filters)?;
        }
        if (course || activity || block) && options.comments {
            add(format!("{directory}/comments.xml"), comments)?;
        }
        if course || activity || block {
            add(format!("{directory}/roles.xml"), roles)?;
        }
        if course {
            add(format!("{directory}/contentbank.xml"), "<contents>\n</contents>")?;
        }
        if activity {
            let grades = "<activity_gradebook>\n  <grade_items>\n  </grade_items>\n  <grade_letters>\n  </grade_letters>\n</activity_gradebook>";
            add(format!("{directory}/grades.xml"), grades)?;
            if options.users {
                add(format!("{directory}/xapistate.xml"), "<states>\n</states>")?;
            }
        }
    }
    writer.add_bytes("moodle_backup.log", b"")
}

/// Everything that is referred to, over all owners.
pub type ReferredIds = HashMap<ReferenceKind, BTreeSet<u64>>;

/// Writes every owner's `inforef.xml`, the only way a restore pulls people and files in, and returns what they name.
pub fn write_references(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    leaving: &Leaving,
    facets: &[String],
) -> Result<ReferredIds> {
    let mut all = ReferredIds::new();
    for OwnerPlace { owner, scope, place } in &listing.owners {
        let mut named: BTreeSet<Referred> = BTreeSet::new();
        for reference in snapshot.references(*owner, facets)? {
            let listed = ReferenceKind::of_name(&reference.kind);
            let Some(kind) = listed.or_else(|| ReferenceKind::of_unlisted_name(&reference.kind)) else { continue };
            let id = leaving.referred(*scope, kind, reference.local);
            if listed.is_some() {
                named.insert((kind, id));
            }
            all.entry(kind).or_default().insert(id);
        }
        if matches!(owner, Owner::Course) {
            for (kind, id) in listing.here.references(leaving) {
                named.insert((kind, id));
                all.entry(kind).or_default().insert(id);
            }
            for (kind, id) in carried(snapshot, listing, leaving, facets)? {
                named.insert((kind, id));
                all.entry(kind).or_default().insert(id);
            }
        }
        writer.add_bytes(&format!("{}/inforef.xml", place.directory()), &references::write(&named))?;
    }
    Ok(all)
}

/// Documents of which something may come along with an item that is brought into the course.
const LISTS: [&str; 4] = ["groups.xml", "scales.xml", "outcomes.xml", "questions.xml"];

/// Groups, scales, questions ... that came into the course with an item. Lists of the course that they came from named some of them,
/// and the item may be gone since.
fn carried(snapshot: &Snapshot, listing: &Listing, leaving: &Leaving, facets: &[String]) -> Result<Vec<Referred>> {
    let mut found = Vec::new();
    for Placed { part, .. } in &listing.parts {
        let is_list = matches!(part.owner, Owner::Course) && LISTS.contains(&part.name.as_str());
        if !is_list || leaving.is_first(part.scope) {
            continue;
        }
        let document = whole(snapshot, part.id, facets)?;
        if document.is_empty() {
            continue;
        }
        let elements = merge::elements(&document).map_err(|e| Error::corrupt(format!("{}: {e}", part.name)))?;
        found.extend(elements.into_iter().filter_map(|element| {
            let kind = ReferenceKind::of_name(&element.kind.name())?;
            Some((kind, leaving.id(part.scope, &element.kind, element.id)))
        }));
    }
    Ok(found)
}

/// The master file.
pub fn master(
    course: &CourseRecord,
    listing: &Listing,
    leaving: &Leaving,
    options: &Options,
    filename: &str,
    backup_id: &str,
) -> Vec<u8> {
    let site = config::get_site();
    let claim = Claim::of(course);
    let origin = &course.origin;
    // The numbers in the archive are the origin's where the course came from one.
    let foreign = origin.course != 0;
    // With numbers of people and roles of several sites, it is no one's archive but ours.
    let of_site = |there: &str, here: &str| if foreign && leaving.one_site() { there } else { here }.to_owned();
    let delegated: HashMap<u64, &str> =
        listing.activities.iter().map(|a| (a.fields.local, a.fields.module.as_str())).collect();
    let nested: HashSet<u64> =
        listing.sections.iter().filter(|s| s.fields.delegated_to != 0).map(|s| s.fields.local).collect();
    let subsections = claim.knows_subsections() || !nested.is_empty();
    let section_title = |name: &str, number: u32| if name.is_empty() { number.to_string() } else { name.to_owned() };
    let by_section = |local: u64| -> Vec<layout::Activity> {
        listing.activities.iter().filter(|a| a.fields.section == local).map(activity).collect()
    };
    let inside: Vec<(u64, Vec<layout::Activity>)> =
        listing.sections.iter().map(|s| (s.fields.local, by_section(s.fields.local))).collect();
    let mut settings = options.settings(filename, inside.iter().map(|(id, activities)| (*id, activities.as_slice())));
    keep_settings_of(&claim.settings, &mut settings);
    Manifest {
        information: Information {
            name: filename.into(),
            backup_date: clock::now(),
            mnet_remoteusers: claim.mnet_remoteusers && options.users && !options.anonymize,
            include_files: options.files,
            include_file_references_to_external_content: claim.include_file_references_to_external_content,
            moodle_version: claim.moodle_version,
            moodle_release: claim.moodle_release,
            backup_version: claim.backup_version,
            backup_release: claim.backup_release,
            original_wwwroot: of_site(&origin.site_url, &site.url),
            original_site_identifier_hash: of_site(&origin.site_hash, &site.hash),
            original_course_id: if foreign { origin.course } else { course.id },
            original_course_format: course.fields.format.clone(),
            original_course_fullname: course.fields.fullname.clone(),
            original_course_shortname: course.fields.shortname.clone(),
            original_course_startdate: course.fields.start_date,
            original_course_enddate: course.fields.end_date,
            original_course_contextid: if foreign { origin.context } else { course.context },
            original_system_contextid: if foreign { origin.system_context } else { site.system_context },
            unknown: Vec::new(),
        },
        detail: Detail {
            backup_id: backup_id.into(),
            kind: "course".into(),
            format: "moodle2".into(),
            interactive: String::new(),
            mode: "10".into(),
            execution: "2".into(),
            executiontime: "0".into(),
        },
        activities: listing
            .activities
            .iter()
            .map(|a| ContentActivity {
                moduleid: a.fields.local,
                sectionid: a.fields.section,
                modulename: a.fields.module.clone(),
                title: a.fields.name.clone(),
                directory: layout::Owner::Activity(activity(a)).directory(),
                insubsection: subsections.then(|| if nested.contains(&a.fields.section) { "1" } else { "" }.into()),
            })
            .collect(),
        sections: listing
            .sections
            .iter()
            .map(|s| {
                let page = s.fields.delegated_to;
                ContentSection {
                    sectionid: s.fields.local,
                    title: section_title(&s.fields.name, s.fields.number),
                    directory: layout::Owner::Section(s.fields.local).directory(),
                    parentcmid: subsections.then(|| if page == 0 { String::new() } else { page.to_string() }),
                    modname: subsections.then(|| delegated.get(&page).copied().unwrap_or_default().to_owned()),
                }
            })
            .collect(),
        course: Some(ContentCourse {
            courseid: if foreign { origin.course } else { course.id },
            title: course.fields.shortname.clone(),
            directory: "course".into(),
        }),
        settings,
    }
    .write()
}

/// Whether a part is at the archive's top level or in `course/`: those go first.
pub fn is_of_course(name: &PartName) -> bool {
    matches!(name.owner, layout::Owner::Archive | layout::Owner::Course)
}
