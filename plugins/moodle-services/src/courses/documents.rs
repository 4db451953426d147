//! The documents of a course that is made here: the least that a backup of it must have to be restored anywhere
//! (moodle-observed.md 5), and reading them again.

use provost_guest::course_store::{CourseFields, Draft, FacetedRun, Owner, PartRecord, Run, SectionFields, Snapshot};
use provost_guest::prelude::*;
use provost_moodle_archive::details::{CourseDetails, ELEMENTS};
use provost_moodle_archive::enrolments::{Enrolled, with_manual_method};
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::split::{self, Splitter};
use provost_moodle_archive::xml::write::Writer;

/// How much of a part is read at a time, in bytes.
const CHUNK: u32 = 1 << 20;

/// Adds sections 0 to `sections` and the documents of the course and of each of them.
pub fn add(draft: &Draft, fields: &CourseFields, details: &CourseDetails, category: &str, sections: u32) -> Result<()> {
    let course = |file: &str| PartName { owner: layout::Owner::Course, file: file.to_owned() };
    add_part(draft, Owner::Course, &course("course.xml"), &course_document(draft, fields, details, category))?;
    let none = b"<enrolments><enrols></enrols></enrolments>";
    let enrolments = with_manual_method(none, Enrolled::Nobody).map_err(|e| Error::failed(e.to_string()))?;
    add_part(draft, Owner::Course, &course("enrolments.xml"), &enrolments)?;
    add_part(draft, Owner::Course, &course("roles.xml"), &roles_document())?;
    for number in 0..=sections {
        let local = u64::from(number) + 1;
        let item =
            draft.add_section(&SectionFields { local, number, name: String::new(), visible: true, delegated_to: 0 })?;
        let name = PartName { owner: layout::Owner::Section(local), file: "section.xml".into() };
        add_part(draft, Owner::Section(item), &name, &section_document(local, number, fields.created))?;
    }
    Ok(())
}

fn add_part(draft: &Draft, owner: Owner, name: &PartName, document: &[u8]) -> Result<()> {
    let splitter = Splitter::new(name);
    let names = |facets: &[&str]| facets.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
    let part = draft.add_part(owner, &name.stored_name(), &names(splitter.part_facets()))?;
    let (runs, _) = Splitter::all(name, document).map_err(|e| Error::failed(format!("{}: {e}", name.path())))?;
    let runs: Vec<FacetedRun> = runs.into_iter().filter_map(|run| text_run(run, &names)).collect();
    draft.append_runs(part, &runs)
}

/// A run of a document in which there are no rows yet.
fn text_run(run: split::FacetedRun, names: &impl Fn(&[&str]) -> Vec<String>) -> Option<FacetedRun> {
    match run.run {
        split::Run::Text(bytes) => Some(FacetedRun { facets: names(run.facets), run: Run::Text(bytes) }),
        split::Run::Rows(_) => None,
    }
}

fn course_document(draft: &Draft, fields: &CourseFields, details: &CourseDetails, category: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    let (id, context) = (draft.course().to_string(), draft.context().to_string());
    writer.open("course", &[("id", &id), ("contextid", &context)]);
    writer.field("shortname", Some(&fields.shortname));
    writer.field("fullname", Some(&fields.fullname));
    writer.field("idnumber", Some(&fields.idnumber));
    for element in ELEMENTS {
        if let Some((_, value)) = details.elements().find(|(name, _)| name == element) {
            writer.field(element, value);
        }
        // The fields of the row stand between the details.
        match *element {
            "summaryformat" => {
                writer.field("format", Some(&fields.format));
            }
            "newsitems" => {
                writer.number("startdate", fields.start_date).number("enddate", fields.end_date);
            }
            "showreports" => {
                writer.number("visible", u8::from(fields.visible));
            }
            "theme" => {
                writer.number("timecreated", fields.created).number("timemodified", fields.modified);
            }
            _ => {}
        }
    }
    writer.open("category", &[("id", &fields.category.to_string())]);
    writer.field("name", Some(category)).field("description", None).close();
    writer.open("tags", &[]).close().open("customfields", &[]).close();
    writer.open("courseformatoptions", &[]);
    for option in details.format_options() {
        writer.open("courseformatoption", &[]).field("format", Some(&fields.format)).number("sectionid", 0);
        writer.field("name", Some(&option.name)).field("value", Some(&option.value)).close();
    }
    writer.close().close();
    writer.finish()
}

fn section_document(local: u64, number: u32, now: i64) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.open("section", &[("id", &local.to_string())]).number("number", number).field("name", None);
    writer.field("summary", Some("")).number("summaryformat", 1).field("sequence", Some("")).number("visible", 1);
    writer.field("availabilityjson", None).field("component", None).field("itemid", None);
    writer.number("timemodified", now).close();
    writer.finish()
}

fn roles_document() -> Vec<u8> {
    let mut writer = Writer::new();
    writer.open("roles", &[]).open("role_overrides", &[]).close().open("role_assignments", &[]).close().close();
    writer.finish()
}

/// A document of a course under facets, if it has one of that name: the oldest, where several were brought together.
pub fn read(snapshot: &Snapshot, owner: Owner, name: &str, facets: &[&str]) -> Result<Option<Vec<u8>>> {
    let facets: Vec<String> = facets.iter().map(|f| (*f).to_owned()).collect();
    let mut after = 0;
    loop {
        let page = snapshot.parts(after, 1_000)?;
        let Some(last) = page.last().map(|p| p.id) else { return Ok(None) };
        let is_it = |p: &&PartRecord| p.owner == owner && p.name == name;
        if let Some(part) = page.iter().find(is_it) {
            let mut document = Vec::new();
            loop {
                let chunk = snapshot.read_part(part.id, &facets, document.len() as u64, CHUNK)?;
                if chunk.is_empty() {
                    return Ok(Some(document).filter(|d| !d.is_empty()));
                }
                document.extend(chunk);
            }
        }
        after = last;
    }
}
