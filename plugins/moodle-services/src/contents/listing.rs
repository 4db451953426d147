//! What a module consists of: its files, its address, its chapters.

use super::answer::{Content, ContentsInfo, Tag};
use super::chapters::{Chapter, Chapters};
use super::course::{Activity, Course};
use super::files::{self, Files};
use super::head::Head;
use super::php;
use super::records::Record;
use super::viewer::Viewer;
use crate::text;
use provost_guest::Result;
use serde_json::{Value, json};

/// Whether a module lists what it consists of.
pub fn is_listed(module: &str) -> bool {
    matches!(module, "book" | "folder" | "imscp" | "page" | "resource" | "url")
}

/// What the activity consists of, for modules that list it.
pub fn of(course: &Course, viewer: &Viewer, activity: &Activity, own: &Head, files: &Files) -> Result<Vec<Content>> {
    let listed = |item: i64| files.of(activity).iter().map(|file| file.content(item, true)).collect::<Vec<_>>();
    Ok(match activity.record.fields.module.as_str() {
        "folder" | "resource" => listed(own.number("revision")),
        "page" => {
            let mut all = listed(own.number("revision"));
            all.push(page(activity, own));
            all
        }
        "url" => vec![url(activity, own)],
        "book" => book(course, viewer, activity, own, files)?,
        "imscp" => {
            let structure = own.text("structure").and_then(php::unserialized).unwrap_or_else(|| json!([]));
            let mut all = vec![structured(&structure, own.number("timemodified"), own.number("timemodified"))];
            // Only the package in use, not those before it.
            let revision = own.number("revision");
            let current = files.of(activity);
            let current = current.iter().filter(|file| file.record.fields.item == revision);
            all.extend(current.map(|file| file.content(revision, false)));
            all
        }
        _ => Vec::new(),
    })
}

/// All of it summed up.
pub fn sum(contents: &[Content]) -> ContentsInfo {
    let mut info = ContentsInfo { filescount: contents.len() as u64, ..ContentsInfo::default() };
    for content in contents {
        info.filessize += content.filesize;
        info.lastmodified = info.lastmodified.max(content.timemodified);
        if let Some(kind) = content.mimetype.as_ref().filter(|kind| !info.mimetypes.contains(kind)) {
            info.mimetypes.push(kind.clone());
        }
    }
    info.repositorytype = contents.first().map(|content| content.repositorytype.clone().unwrap_or_default());
    info
}

/// A page's text, as a file beside those that it shows.
fn page(activity: &Activity, own: &Head) -> Content {
    Content {
        kind: "file",
        filename: "index.html".to_owned(),
        filepath: Some("/".to_owned()),
        fileurl: Some(files::address(activity.record.context, "mod_page", "content/index.html", true)),
        timemodified: own.number("timemodified"),
        sortorder: Some(1),
        ..Content::default()
    }
}

fn url(activity: &Activity, own: &Head) -> Content {
    Content {
        kind: "url",
        filename: file_name(&text::name(&activity.record.fields.name)),
        fileurl: Some(own.text("externalurl").unwrap_or_default().replace("&amp;", "&")),
        timemodified: own.number("timemodified"),
        ..Content::default()
    }
}

/// A name without what a file's name cannot hold.
fn file_name(name: &str) -> String {
    const BARRED: &str = "&<>\"`|':\\/";
    name.chars().filter(|c| !c.is_control() && !BARRED.contains(*c)).collect()
}

/// A table of contents.
fn structured(structure: &Value, created: i64, modified: i64) -> Content {
    Content {
        kind: "content",
        filename: "structure".to_owned(),
        filepath: Some("/".to_owned()),
        content: Some(php::json(structure)),
        timecreated: Some(created),
        timemodified: modified,
        sortorder: Some(0),
        ..Content::default()
    }
}

fn book(course: &Course, viewer: &Viewer, activity: &Activity, own: &Head, files: &Files) -> Result<Vec<Content>> {
    let Chapters { chapters, tags } = Chapters::read(course, viewer, activity, None)?;
    let (created, modified) = (own.number("timecreated"), own.number("timemodified"));
    let mut all = vec![structured(&table_of_contents(&chapters), created, modified)];
    let files = files.of(activity);
    for Chapter { record: chapter, .. } in &chapters {
        let tags = tags.iter().filter(|tag| u64::try_from(tag.number("itemid")) == Ok(chapter.id));
        let tag = |tag: &Record| Tag { name: tag.text("name").to_owned(), rawname: tag.text("rawname").to_owned() };
        let path = format!("chapter/{}/index.html", chapter.id);
        all.push(Content {
            kind: "file",
            filename: "index.html".to_owned(),
            filepath: Some(format!("/{}/", chapter.id)),
            fileurl: Some(files::address(activity.record.context, "mod_book", &path, false)),
            content: Some(text::name(chapter.text("title"))),
            timecreated: Some(created),
            timemodified: chapter.number("timemodified"),
            sortorder: Some(0),
            tags: Some(tags.map(tag).collect()),
            ..Content::default()
        });
        for file in files.iter().filter(|file| u64::try_from(file.record.fields.item) == Ok(chapter.id)) {
            let mut content = file.content(file.record.fields.item, false);
            content.filepath = Some(format!("/{}{}", chapter.id, file.record.fields.path));
            all.push(content);
        }
    }
    Ok(all)
}

/// The chapters, those below another one in it.
fn table_of_contents(chapters: &[Chapter]) -> Value {
    let mut top: Vec<Value> = Vec::new();
    for Chapter { record: chapter, is_below, is_hidden, .. } in chapters {
        let mut entry = json!({
            "title": text::name(chapter.text("title")),
            "href": format!("{}/index.html", chapter.id),
            "level": i32::from(*is_below),
            "hidden": if *is_hidden { "1" } else { "0" },
            "subitems": [],
        });
        match top.last_mut().and_then(|last| last["subitems"].as_array_mut()) {
            Some(below) if *is_below => below.push(entry),
            _ => {
                entry["level"] = 0.into();
                top.push(entry);
            }
        }
    }
    Value::Array(top)
}
