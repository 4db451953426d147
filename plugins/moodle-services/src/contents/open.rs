//! `provost_open_content_file`: whether somebody may have a file of a course's content, and the file itself where it is made of a
//! document: the pages of `index.html` (moodle-webservices.md 5.3).

use super::chapters::Chapters;
use super::course::{Activity, Course};
use super::gate;
use super::links;
use super::modules;
use super::viewer::{self, Viewer};
use crate::{access, text};
use provost_guest::people::{self, Place};
use provost_guest::prelude::*;
use provost_moodle_archive::naming;
use serde::{Deserialize, Serialize};

/// What a page's text wants.
const READS_PAGES: &str = "mod/page:view";
/// What a chapter wants.
const READS_BOOKS: &str = "mod/book:read";
/// What stands for the folder of the files that a text shows.
const FILES: &str = "@@PLUGINFILE@@/";

/// The function.
pub fn function() -> Function {
    let doc = "For the host, which asks it before it sends a file of a course's content: whether the caller may have the file, and what is in it where it is not stored. Changes nothing.";
    let open = Function::new("provost_open_content_file", doc, open).capability(READS_PAGES).capability(READS_BOOKS);
    viewer::CAPABILITIES.iter().fold(open, |function, capability| function.capability(capability))
}

/// Which file.
#[derive(Debug, Deserialize, Describe)]
struct Wish {
    /// The context of the area.
    contextid: i64,
    /// The component.
    #[describe(kind = "COMPONENT")]
    component: String,
    /// The area.
    #[describe(kind = "AREA")]
    area: String,
    /// The item.
    item: i64,
    /// Its folder, with a slash at both ends.
    path: String,
    /// Its name.
    filename: String,
}

impl Wish {
    fn is_in(&self, component: &str, area: &str) -> bool {
        self.component == component && self.area == area
    }

    fn is_index(&self) -> bool {
        self.path == "/" && matches!(self.filename.as_str(), "index.html" | "index.htm")
    }

    fn missing(&self) -> Error {
        let Self { contextid, component, area, item, path, filename } = self;
        Error::not_found("file", format!("no file {contextid}/{component}/{area}/{item}{path}{filename}"))
    }
}

/// What to send.
#[derive(Debug, Serialize, Describe)]
struct Opened {
    /// Whether it is the stored file.
    stored: bool,
    /// If not, the type of what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mimetype: Option<&'static str>,
    /// If not, what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl Opened {
    const STORED: Self = Self { stored: true, mimetype: None, content: None };

    fn html(content: String) -> Self {
        Self { stored: false, mimetype: Some("text/html"), content: Some(content) }
    }
}

/// Errors: `refused` (code `requireloginerror`) for what is hidden from the caller or not available to them, `not-found` (code
/// `file`), `denied`.
fn open(caller: &Caller, wish: Wish) -> Result<Opened> {
    let place = people::place_of(access::id(wish.contextid)).map_err(|error| match error.kind {
        ErrorKind::NotFound => wish.missing(),
        _ => error,
    })?;
    let course = people::course_of(place)?.ok_or_else(|| wish.missing())?;
    match place {
        Place::Activity(activity) => of_activity(caller, &wish, course, activity),
        _ if wish.is_in("course", "section") => of_section(caller, &wish, course),
        // Whoever may know of the course may see what it is about.
        _ => Ok(Opened::STORED),
    }
}

fn of_section(caller: &Caller, wish: &Wish, id: u64) -> Result<Opened> {
    access::enter(caller, id)?;
    let mut course = Course::outline(id)?;
    let local = access::id(wish.item);
    let mut sections: Vec<(u64, u64)> =
        course.sections_of_local(local).into_iter().map(|(scope, section)| (scope, section.record.id)).collect();
    if sections.len() > 1 {
        // Several archives had a section of that number; the file came with one of them.
        let files = course.files(|file| {
            let fields = &file.fields;
            wish.is_in(&fields.component, &fields.area)
                && (fields.item, &fields.path, &fields.name) == (wish.item, &wish.path, &wish.filename)
        })?;
        sections.retain(|(scope, _)| files.iter().any(|file| file.scope == *scope));
    }
    if sections.is_empty() {
        return Err(wish.missing());
    }
    gate::read_deciding(&mut course, sections.iter().map(|(_, id)| gate::Thing::Section(*id)).collect())?;
    let viewer = Viewer::new(caller, id)?;
    for section in sections.iter().filter_map(|(_, id)| course.section(*id)) {
        let access = gate::section(&course, &viewer, section)?;
        if !gate::is_summary_shown(section, &access) {
            return Err(closed("Section is not available"));
        }
    }
    Ok(Opened::STORED)
}

fn of_activity(caller: &Caller, wish: &Wish, id: u64, activity: u64) -> Result<Opened> {
    access::enter(caller, id)?;
    let mut course = Course::outline(id)?;
    gate::read_deciding(&mut course, vec![gate::Thing::Activity(activity)])?;
    let viewer = Viewer::new(caller, id)?;
    let place = Place::Activity(activity);
    let activity = course.activity(activity).ok_or_else(|| wish.missing())?;
    if !may_have(&course, &viewer, activity, &wish.area)? {
        let reason = if activity.record.fields.visible { "Activity is not available" } else { "Activity is hidden" };
        return Err(closed(reason));
    }
    let module = activity.record.fields.module.as_str();
    if module == "page" && wish.is_in("mod_page", "content") && wish.is_index() {
        access::require(caller, READS_PAGES, place)?;
        return page(&course, activity, wish);
    }
    if module == "book" && wish.is_in("mod_book", "chapter") {
        access::require(caller, READS_BOOKS, place)?;
        return chapter(&course, &viewer, activity, wish);
    }
    Ok(Opened::STORED)
}

fn closed(reason: &str) -> Error {
    Error::refused("requireloginerror", format!("Course or activity not accessible. ({reason})"))
}

/// Whether somebody may have files of an area of the activity.
fn may_have(course: &Course, viewer: &Viewer, activity: &Activity, area: &str) -> Result<bool> {
    let access = gate::activity(course, viewer, activity)?;
    let section = course.section(activity.section);
    let in_sight = match section {
        Some(section) => gate::section(course, viewer, section)?.open,
        None => true,
    };
    if access.open && (in_sight || section.is_some_and(|section| gate::is_stealth(activity, section))) {
        return Ok(true);
    }
    // The course page may show the description of what is held back, and so what is in it.
    let is_told = area == "intro" && in_sight && access.is_told();
    Ok(is_told && modules::is_described(viewer, activity, &course.own_head(activity)?))
}

/// A page's text, unless there is a file of that name.
fn page(course: &Course, activity: &Activity, wish: &Wish) -> Result<Opened> {
    let record = &activity.record;
    let stored = course.files(|file| {
        let fields = &file.fields;
        (file.scope, fields.context) == (record.scope, record.fields.context)
            && wish.is_in(&fields.component, &fields.area)
            && (&fields.path, &fields.name) == (&wish.path, &wish.filename)
    })?;
    if !stored.is_empty() {
        return Ok(Opened::STORED);
    }
    let own = course.own_head_in_full(activity)?;
    let content = own.text("content").unwrap_or_default();
    let content = shown(content, own.number_or("contentformat", text::form::HTML));
    Ok(Opened::html(document(&title(&record.fields.name), &content)))
}

/// A file of a chapter, or its text.
fn chapter(course: &Course, viewer: &Viewer, activity: &Activity, wish: &Wish) -> Result<Opened> {
    let id = access::id(wish.item);
    let chapters = Chapters::read(course, viewer, activity, wish.is_index().then_some(id))?;
    let chapter = chapters.get(id).ok_or_else(|| wish.missing())?;
    if !wish.is_index() {
        return Ok(Opened::STORED);
    }
    let own = course.own_head(activity)?;
    let titles = chapters.titles(chapter, &own);
    let mut body: String =
        titles.iter().zip(3..).map(|(name, level)| format!("<h{level}>{}</h{level}>", title(name))).collect();
    let record = &chapter.record;
    let form = record.text("contentformat").trim().parse().unwrap_or(text::form::HTML);
    body.push_str(&shown(record.text("content"), form));
    Ok(Opened::html(document(&title(record.text("title")), &body)))
}

/// A text as a page beside the files that it shows.
fn shown(content: &str, form: i64) -> String {
    let content = links::resolved(content).replace(FILES, "");
    format!("<div class=\"no-overflow\">{}</div>", text::html(&content, form, text::Author::Editor))
}

/// A name as part of a page.
fn title(name: &str) -> String {
    naming::formatted(name).replace('<', "&lt;").replace('>', "&gt;")
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
}
