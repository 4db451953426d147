//! A plugin that keeps notes with contents: they are copied, saved and removed with them.

use provost_guest::contents;
use provost_guest::event::{Intent, NewExternalId};
use provost_guest::events::{Address, ContentArchived, ContentCopied, ContentDeleted};
use provost_guest::plugin_data::{self, Condition, Namespace, Place};
use provost_guest::prelude::*;

struct Marginalia;

#[derive(serde::Deserialize, Describe)]
struct Spot {
    /// The course.
    course: u64,
    /// The content.
    content: u64,
}

#[derive(serde::Deserialize, Describe)]
struct Words {
    /// The course.
    course: u64,
    /// The content.
    content: u64,
    /// What is noted.
    text: String,
}

#[derive(serde::Serialize, Describe)]
struct Note {
    /// What was noted; empty for nothing.
    text: String,
}

fn place(course: u64, content: u64) -> Place {
    Place::Content(Address { course: course.to_string(), content: content.to_string() })
}

/// What a content is called here: the same for whoever asks.
fn name_of(content: &Address) -> String {
    format!("note-{}-{}", content.course, content.content)
}

fn write(_: &Caller, words: Words) -> Result<()> {
    let place = place(words.course, words.content);
    plugin_data::put(&place, Namespace::Definition, "note", words.text.as_bytes(), Condition::Always)?;
    if let Place::Content(content) = &place {
        contents::set_external_id("", content, &name_of(content), None)?;
    }
    Ok(())
}

fn read(_: &Caller, spot: Spot) -> Result<Note> {
    let found = plugin_data::get(&place(spot.course, spot.content), Namespace::Definition, "note")?;
    Ok(Note { text: found.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()).unwrap_or_default() })
}

/// The note is there already; the copy is to have an external id of its own.
fn copied(_: &EventContext, event: ContentCopied) -> Result<Vec<Intent>> {
    let (external_id, expected) = (name_of(&event.copy), Some(event.external_id));
    Ok(vec![Intent::SetExternalId(NewExternalId { content: event.copy, external_id, expected })])
}

fn deleted(_: &EventContext, event: ContentDeleted) -> Result<()> {
    plugin_data::erase(&Place::Content(event.content))
}

fn course_deleted(_: &EventContext, course: String) -> Result<()> {
    plugin_data::erase(&Place::Course(course))
}

/// Where a content's note is saved with an archive.
fn saved(event: &ContentArchived, content: &str) -> Place {
    Place::Backup((event.backup.clone(), content.to_owned()))
}

fn exported(_: &EventContext, event: ContentArchived) -> Result<()> {
    let to = saved(&event, &event.external_id);
    if !event.external_id.is_empty() {
        plugin_data::copy(&Place::Content(event.content), &to, event.kind, false)?;
    }
    Ok(())
}

/// What is not there was not saved: an archive may well be older than the plugin.
fn imported(_: &EventContext, event: ContentArchived) -> Result<()> {
    let from = saved(&event, &event.external_id);
    if !event.external_id.is_empty() && plugin_data::exists(&from)? {
        plugin_data::copy(&from, &Place::Content(event.content), event.kind, true)?;
    }
    Ok(())
}

impl WebService for Marginalia {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("example_write_note", "Notes something with a content.", write).writes(),
            Function::new("example_read_note", "Reads a content's note.", read),
        ]
    }
}

impl EventHandler for Marginalia {
    fn events() -> Events {
        Events::new()
            .content_copied(copied)
            .content_deleted(deleted)
            .content_exported(exported)
            .content_imported(imported)
            .course_deleted(course_deleted)
    }
}

export_plugin!(Marginalia: web_service, events; manifest = "plugin.json");

#[cfg(test)]
mod tests {
    use super::{Address, ContentArchived, ContentDeleted, Marginalia};
    use provost_guest::Result;
    use provost_guest::events::{CopyKind, DeletionCause, Happening};
    use provost_guest::testing::{self, TestHost};
    use serde_json::{Value, json};

    fn host() -> Result<TestHost> {
        let host = TestHost::new();
        host.manifest(include_str!("plugin.json"))?;
        Ok(host)
    }

    fn call(host: &TestHost, function: &str, parameters: Value) -> Result<Value> {
        testing::call::<Marginalia>(function, parameters, &host.admin())
    }

    fn note(host: &TestHost, course: u64, content: u64) -> Result<Value> {
        Ok(call(host, "example_read_note", json!({ "course": course, "content": content }))?["text"].clone())
    }

    fn address(course: &str, content: &str) -> Address {
        Address { course: course.into(), content: content.into() }
    }

    #[test]
    fn notes_are_copied_as_they_are_then() -> Result<()> {
        let host = host()?;
        call(&host, "example_write_note", json!({ "course": 3, "content": 7, "text": "early" }))?;
        let told = host.copy_content(CopyKind::Shallow, &address("3", "7"), &address("4", "9"));
        call(&host, "example_write_note", json!({ "course": 3, "content": 7, "text": "late" }))?;
        assert_eq!(note(&host, 4, 9)?, "early");
        assert_eq!(host.external_id("", &address("4", "9")), "note-3-7");
        testing::deliver_in_transaction::<Marginalia>("", told)?;
        assert_eq!(host.external_id("", &address("4", "9")), "note-4-9");
        Ok(())
    }

    #[test]
    fn notes_go_with_their_content() -> Result<()> {
        let host = host()?;
        call(&host, "example_write_note", json!({ "course": 3, "content": 7, "text": "x" }))?;
        let archived = |content: Address| ContentArchived {
            kind: CopyKind::Shallow,
            content,
            external_id: "note-3-7".into(),
            backup: "b1".into(),
        };
        testing::deliver::<Marginalia>("", Happening::ContentExported(archived(address("3", "7"))))?;
        let gone =
            ContentDeleted { content: address("3", "7"), external_id: "note-3-7".into(), cause: DeletionCause::Delete };
        testing::deliver::<Marginalia>("", Happening::ContentDeleted(gone))?;
        assert_eq!(note(&host, 3, 7)?, "");
        testing::deliver::<Marginalia>("", Happening::ContentImported(archived(address("5", "8"))))?;
        assert_eq!(note(&host, 5, 8)?, "x");
        Ok(())
    }
}
