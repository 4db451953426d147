//! The documents of the archive: parts as they are kept, with changed columns written in; what a restore demands and the course
//! lacks; and those that are derived from what is written.

use crate::listing::{Listing, Placed, activity};
use provost_guest::archive::Writer;
use provost_guest::course_store::{CourseRecord, Owner, Snapshot};
use provost_guest::{Error, Result, clock, config};
use provost_moodle_archive::columns;
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::manifest::{ContentActivity, ContentCourse, ContentSection, Detail, Information, Manifest};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::references::{self, ReferenceKind, Referred};
use provost_moodle_archive::xml::edit::{self, Edit};
use std::collections::{BTreeSet, HashMap, HashSet};

const CHUNK: u32 = 256 << 10;

/// The release the archives say they are from: a released pair of numbers, so that every Moodle from there on restores
/// without a warning (mbz-format.md 10).
const MOODLE_VERSION: &str = "2024100700";
const MOODLE_RELEASE: &str = "4.5 (Build: 20241007)";
const BACKUP_VERSION: &str = "2024100700";
const BACKUP_RELEASE: &str = "4.5";

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
    placed: &Placed,
    facets: &[String],
) -> Result<()> {
    let path = placed.name.path();
    let written = write_current(writer, snapshot, listing, placed, facets, &path);
    written.map_err(|error| Error { message: format!("{path}: {}", error.message), ..error })
}

fn write_current(
    writer: &Writer,
    snapshot: &Snapshot,
    listing: &Listing,
    placed: &Placed,
    facets: &[String],
    path: &str,
) -> Result<()> {
    let part = placed.part.id;
    let changed = match (&placed.part.owner, placed.name.file.as_str()) {
        (Owner::Course, "course.xml") => {
            let document = whole(snapshot, part, facets)?;
            Some(course_document(path, &snapshot.course(), document)?)
        }
        (Owner::Section(id), "section.xml") => {
            let document = whole(snapshot, part, facets)?;
            let section = listing.sections.iter().find(|s| s.id == *id);
            let written = columns::section(&document).map_err(damaged(path))?;
            let changes = section.map(|s| {
                vec![
                    text(&["section", "name"], &written.name, &s.fields.name),
                    flag(&["section", "visible"], written.visible, s.fields.visible),
                ]
            });
            Some(apply(path, document, changes.unwrap_or_default())?)
        }
        (Owner::Activity(id), "module.xml") => {
            let document = whole(snapshot, part, facets)?;
            let record = listing.activities.iter().find(|a| a.id == *id);
            let written = columns::activity(&document, b"<activity></activity>").map_err(damaged(path))?;
            let changes = record.map(|a| {
                vec![
                    text(&["module", "idnumber"], &written.idnumber, &a.fields.idnumber),
                    flag(&["module", "visible"], written.visible, a.fields.visible),
                ]
            });
            Some(apply(path, document, changes.unwrap_or_default())?)
        }
        _ => None,
    };
    match changed {
        Some(document) => writer.add_bytes(path, &document),
        None => writer.add_part(path, snapshot, part, facets).map(|_| ()),
    }
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

/// The course's own document: a changed column wins (architecture.md 2.1).
fn course_document(path: &str, course: &CourseRecord, document: Vec<u8>) -> Result<Vec<u8>> {
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
    apply(path, document, changes)
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
pub fn write_demanded(writer: &Writer, listing: &Listing, options: &Options, written: &HashSet<String>) -> Result<()> {
    let add = |path: String, body: &str| {
        if written.contains(&path) {
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
    for (_, owner) in &listing.owners {
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
    facets: &[String],
) -> Result<ReferredIds> {
    let mut all = ReferredIds::new();
    for (owner, place) in &listing.owners {
        let mut named: BTreeSet<Referred> = BTreeSet::new();
        for reference in snapshot.references(*owner, facets)? {
            let Some(kind) = ReferenceKind::of_name(&reference.kind) else { continue };
            named.insert((kind, reference.local));
            all.entry(kind).or_default().insert(reference.local);
        }
        writer.add_bytes(&format!("{}/inforef.xml", place.directory()), &references::write(&named))?;
    }
    Ok(all)
}

/// The master file.
pub fn master(course: &CourseRecord, listing: &Listing, options: &Options, filename: &str, backup_id: &str) -> Vec<u8> {
    let site = config::get_site();
    let origin = &course.origin;
    // The numbers in the archive are the origin's where the course came from one.
    let foreign = origin.course != 0;
    let or_here = |there: &str, here: &str| if foreign { there.to_owned() } else { here.to_owned() };
    let delegated: HashMap<u64, &str> =
        listing.activities.iter().map(|a| (a.fields.local, a.fields.module.as_str())).collect();
    let nested: HashSet<u64> =
        listing.sections.iter().filter(|s| s.fields.delegated_to != 0).map(|s| s.fields.local).collect();
    let section_title = |name: &str, number: u32| if name.is_empty() { number.to_string() } else { name.to_owned() };
    let by_section = |local: u64| -> Vec<layout::Activity> {
        listing.activities.iter().filter(|a| a.fields.section == local).map(activity).collect()
    };
    let inside: Vec<(u64, Vec<layout::Activity>)> =
        listing.sections.iter().map(|s| (s.fields.local, by_section(s.fields.local))).collect();
    Manifest {
        information: Information {
            name: filename.into(),
            moodle_version: MOODLE_VERSION.into(),
            moodle_release: MOODLE_RELEASE.into(),
            backup_version: BACKUP_VERSION.into(),
            backup_release: BACKUP_RELEASE.into(),
            backup_date: clock::now(),
            mnet_remoteusers: false,
            include_files: options.files,
            include_file_references_to_external_content: false,
            original_wwwroot: or_here(&origin.site_url, &site.url),
            original_site_identifier_hash: or_here(&origin.site_hash, &site.hash),
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
                insubsection: Some(if nested.contains(&a.fields.section) { "1" } else { "" }.into()),
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
                    parentcmid: Some(if page == 0 { String::new() } else { page.to_string() }),
                    modname: Some(delegated.get(&page).copied().unwrap_or_default().to_owned()),
                }
            })
            .collect(),
        course: Some(ContentCourse {
            courseid: if foreign { origin.course } else { course.id },
            title: course.fields.shortname.clone(),
            directory: "course".into(),
        }),
        settings: options.settings(filename, inside.iter().map(|(id, activities)| (*id, activities.as_slice()))),
    }
    .write()
}

/// Whether a part is at the archive's top level or in `course/`: those go first.
pub fn is_of_course(name: &PartName) -> bool {
    matches!(name.owner, layout::Owner::Archive | layout::Owner::Course)
}
