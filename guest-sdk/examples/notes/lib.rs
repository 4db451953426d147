//! A plugin that keeps something with contents, and follows it when they are copied: see `docs/copies.md`.

use provost_guest::copies::{Access, Address, Condition, Copies, Namespace};
use provost_guest::event::Intent;
use provost_guest::events::{ContentCopied, ContentDeleted};
use provost_guest::people::{Place, has_capability, require_capability, require_course_access};
use provost_guest::prelude::*;

struct Notes;

const WRITE: &str = "notes:write";

/// The one way to copies that everything here takes.
fn copies() -> Copies {
    Copies::new().retried_by("finish-copies")
}

fn address(course: u64, content: u64) -> Address {
    Address { course: course.to_string(), content: content.to_string() }
}

#[derive(serde::Deserialize, Describe)]
struct NewNote {
    /// The course.
    course: u64,
    /// The content.
    content: u64,
    /// What the note says.
    text: String,
}

fn write(caller: &Caller, note: NewNote) -> Result<()> {
    require_capability(caller.person, WRITE, Place::Course(note.course))?;
    let item = copies().set_up(&address(note.course, note.content))?;
    item.put(Namespace::Definition, "text", note.text.as_bytes(), Condition::Always)?;
    Ok(())
}

#[derive(serde::Deserialize, Describe)]
struct Content {
    /// The course.
    course: u64,
    /// The content.
    content: u64,
}

#[derive(serde::Serialize, Describe)]
struct Note {
    /// What the note says.
    text: String,
    /// Whether it may be newer than the copy that it is in.
    approximate: bool,
}

fn read(caller: &Caller, content: Content) -> Result<Note> {
    require_course_access(caller.person, content.course)?;
    match copies().open(&address(content.course, content.content))? {
        Access::Ready(item) => {
            let text = item.get(Namespace::Definition, "text")?.map(|value| value.bytes).unwrap_or_default();
            let text = String::from_utf8(text).map_err(|_| Error::corrupt("the note is not text"))?;
            Ok(Note { text, approximate: item.is_approximate() })
        }
        Access::Unconfigured(item) => {
            let may_write = has_capability(caller.person, WRITE, Place::Course(content.course))?;
            Ok(Note { text: item.text(may_write).to_owned(), approximate: false })
        }
    }
}

impl WebService for Notes {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("example_write_note", "Writes the note of a content.", write).capability(WRITE).writes(),
            Function::new("example_read_note", "Reads the note of a content.", read),
        ]
    }
}

fn copied(_: &EventContext, copied: ContentCopied) -> Result<Vec<Intent>> {
    copies().copied(&copied)
}

fn deleted(_: &EventContext, deleted: ContentDeleted) -> Result<()> {
    copies().deleted(&deleted.content)
}

fn course_deleted(_: &EventContext, course: String) -> Result<()> {
    copies().course_deleted(&course)
}

impl EventHandler for Notes {
    fn events() -> Events {
        Events::new().content_copied(copied).content_deleted(deleted).course_deleted(course_deleted)
    }
}

fn finish(_: &JobContext, (): ()) -> Result<usize> {
    copies().retry()
}

impl JobRunner for Notes {
    fn jobs() -> Jobs {
        Jobs::new().on("finish-copies", finish)
    }
}

export_plugin!(Notes: web_service, events, jobs; manifest = "plugin.json");

#[cfg(test)]
mod tests {
    use super::{Address, Notes, address, copies};
    use provost_guest::copies::State;
    use provost_guest::course_store::{CourseFields, Draft, Origin};
    use provost_guest::events::{ContentDeleted, CopyKind, DeletionCause, Happening};
    use provost_guest::people::Place;
    use provost_guest::testing::{self, TestHost};
    use provost_guest::{Caller, Error, Result, jobs, plugin_data};
    use serde_json::json;

    fn course(shortname: &str) -> Result<u64> {
        let fields = CourseFields {
            fullname: shortname.into(),
            shortname: shortname.into(),
            idnumber: String::new(),
            format: "topics".into(),
            start_date: 0,
            end_date: 0,
            visible: true,
            category: 0,
            created: 0,
            modified: 0,
        };
        let origin = Origin {
            site_hash: String::new(),
            site_url: String::new(),
            course: 0,
            context: 0,
            system_context: 0,
            category: 0,
            date_offset: 0,
        };
        Draft::create(&fields, &origin, "{}")?.publish()
    }

    /// Two courses of a teacher and a learner, and a content of the first one with a note.
    struct Scene {
        host: TestHost,
        tess: Caller,
        kim: Caller,
        /// The content.
        a: Address,
        /// A place for a copy of it, in the other course.
        b: Address,
    }

    fn scene() -> Result<Scene> {
        let host = TestHost::new();
        let (one, other) = (course("one")?, course("other")?);
        host.manifest(include_str!("plugin.json"))?;
        let (tess, kim) = (host.person("tess"), host.person("kim"));
        for course in [one, other] {
            host.enrol(tess.person, course);
            host.enrol(kim.person, course);
            host.give_role(tess.person, "editingteacher", Place::Course(course));
        }
        let (a, b) = (address(one, 10), address(other, 20));
        write(&tess, &a, "as it was")?;
        Ok(Scene { host, tess, kim, a, b })
    }

    fn number(id: &str) -> Option<u64> {
        id.parse().ok()
    }

    fn write(who: &Caller, content: &Address, text: &str) -> Result<()> {
        let note = json!({ "course": number(&content.course), "content": number(&content.content), "text": text });
        testing::call::<Notes>("example_write_note", note, who).map(drop)
    }

    fn read(who: &Caller, content: &Address) -> Result<String> {
        let content = json!({ "course": number(&content.course), "content": number(&content.content) });
        let note = testing::call::<Notes>("example_read_note", content, who)?;
        Ok(note["text"].as_str().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_learner_finishes_a_copy_that_nobody_told_of() -> Result<()> {
        let Scene { host, tess, kim, a, b } = scene()?;
        host.copy_content(CopyKind::Exact, &a, &b);
        write(&tess, &a, "edited since")?;
        assert_eq!(copies().state(&b)?, State::Snapshotted);
        assert_eq!(read(&kim, &b)?, "as it was");
        assert_eq!(copies().state(&b)?, State::Resolved);
        assert_ne!(host.external_id("", &b), host.external_id("", &a));
        assert!(write(&kim, &b, "mine").is_err());
        Ok(())
    }

    #[test]
    fn a_told_copy_is_finished_before_anybody_comes() -> Result<()> {
        let Scene { host, kim, a, b, .. } = scene()?;
        let told = host.copy_content(CopyKind::Shallow, &a, &b);
        // Before the change is visible, and once more after it.
        testing::deliver_in_transaction::<Notes>("", told.clone())?;
        assert_eq!(copies().state(&b)?, State::Resolved);
        let id = host.external_id("", &b);
        testing::deliver::<Notes>("", told)?;
        assert_eq!((host.external_id("", &b), read(&kim, &b)?), (id, "as it was".to_owned()));

        let (content, external_id) = (b.clone(), host.external_id("", &b));
        let gone = ContentDeleted { content, external_id, cause: DeletionCause::Delete };
        testing::deliver::<Notes>("", Happening::ContentDeleted(gone))?;
        assert!(!plugin_data::exists(&plugin_data::Place::Content(b))?);
        assert_eq!(read(&kim, &a)?, "as it was");
        Ok(())
    }

    #[test]
    fn an_id_that_cannot_be_written_is_written_by_a_job() -> Result<()> {
        let Scene { host, kim, a, b, .. } = scene()?;
        host.copy_content(CopyKind::Exact, &a, &b);
        host.fail_external_ids(Some(Error::failed("the disk is full")));
        assert_eq!(read(&kim, &b)?, "as it was");
        assert_eq!(copies().state(&b)?, State::FixPending);
        host.fail_external_ids(None);
        let ended = testing::run_enqueued::<Notes>();
        assert_eq!((ended.len(), ended[0].state, ended[0].outcome.as_str()), (1, jobs::State::Succeeded, "1"));
        assert_eq!(copies().state(&b)?, State::Resolved);
        Ok(())
    }

    #[test]
    fn nothing_is_said_kindly() -> Result<()> {
        let Scene { host: _host, tess, kim, b, .. } = scene()?;
        assert_eq!(read(&kim, &b)?, "This item is not available yet.");
        assert!(read(&tess, &b)?.contains("Set it up"));
        Ok(())
    }
}
