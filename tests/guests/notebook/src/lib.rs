//! Test guest: notes that a teacher writes with a content, answers that people give to them, and what becomes of both when the content
//! is copied.

use provost_guest::copies::{Access, Address, Condition, Copies, Namespace, Opened};
use provost_guest::event::Intent;
use provost_guest::events::{ContentCopied, ContentDeleted};
use provost_guest::people::{Place, has_capability, require_capability, require_course_access};
use provost_guest::prelude::*;
use provost_guest::{IdHistory, config, contents};

/// The plugin.
pub struct Notebook;

const WRITE: &str = "notebook:write";
/// The key of the note.
const NOTE: &str = "note";

#[derive(serde::Deserialize, Describe)]
struct Item {
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
    /// What is written.
    text: String,
}

#[derive(serde::Deserialize, Describe)]
struct Launch {
    /// The course, by its id at the other site.
    context: String,
    /// The content, by its id at the other site.
    link: String,
    /// The external id that the launch carried.
    #[describe(default = "")]
    carried: String,
    /// Ids of the contents it descends from, as the launch said.
    #[describe(default = "")]
    history: String,
    /// A note to write, if any.
    #[describe(default = "")]
    text: String,
}

#[derive(serde::Serialize, Describe)]
struct Page {
    /// The note, or what stands in its place.
    text: String,
    /// What the caller answered.
    answer: String,
    /// The external id.
    external_id: String,
    /// How far the copy is.
    state: String,
    /// Whether it is a copy of what the original was later.
    approximate: bool,
}

#[derive(serde::Serialize, Describe)]
struct Look {
    /// How far the copy is.
    state: String,
    /// The external id that the content carries.
    external_id: String,
    /// Contents it descends from.
    history: Vec<String>,
}

fn copies() -> Copies {
    Copies::new().retried_by("finish-copies")
}

fn address(course: u64, content: u64) -> Address {
    Address { course: course.to_string(), content: content.to_string() }
}

fn answers_of(caller: &Caller) -> String {
    format!("answer/{}", caller.person)
}

fn words(item: &Opened, namespace: Namespace, key: &str) -> Result<String> {
    let value = item.get(namespace, key)?;
    Ok(value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()).unwrap_or_default())
}

fn page(caller: &Caller, access: Access, may_write: bool) -> Result<Page> {
    Ok(match access {
        Access::Ready(item) => Page {
            text: words(&item, Namespace::Definition, NOTE)?,
            answer: words(&item, Namespace::UserData, &answers_of(caller))?,
            external_id: item.external_id().to_owned(),
            state: format!("{:?}", item.state()),
            approximate: item.is_approximate(),
        },
        Access::Unconfigured(item) => Page {
            text: item.text(may_write).to_owned(),
            answer: String::new(),
            external_id: String::new(),
            state: "Unconfigured".into(),
            approximate: false,
        },
    })
}

fn write(caller: &Caller, words: Words) -> Result<()> {
    require_capability(caller.person, WRITE, Place::Course(words.course))?;
    let item = copies().set_up(&address(words.course, words.content))?;
    item.put(Namespace::Definition, NOTE, words.text.as_bytes(), Condition::Always)?;
    Ok(())
}

fn answer(caller: &Caller, words: Words) -> Result<()> {
    require_course_access(caller.person, words.course)?;
    match copies().open(&address(words.course, words.content))? {
        Access::Ready(item) => {
            item.put(Namespace::UserData, &answers_of(caller), words.text.as_bytes(), Condition::Always)?;
            Ok(())
        }
        Access::Unconfigured(item) => Err(Error::refused("unconfigured", item.text(false))),
    }
}

fn view(caller: &Caller, item: Item) -> Result<Page> {
    require_course_access(caller.person, item.course)?;
    let access = copies().open(&address(item.course, item.content))?;
    page(caller, access, has_capability(caller.person, WRITE, Place::Course(item.course))?)
}

fn look(_: &Caller, item: Item) -> Result<Look> {
    let content = address(item.course, item.content);
    let history = contents::history(&content)?;
    Ok(Look {
        state: format!("{:?}", copies().state(&content)?),
        external_id: contents::external_id("", &content)?,
        history: history.into_iter().map(|a| format!("{}/{}", a.course, a.content)).collect(),
    })
}

fn launch(caller: &Caller, launch: Launch) -> Result<Page> {
    let there = |id: &str| format!("elsewhere.example:{id}");
    let content = Address { course: there(&launch.context), content: there(&launch.link) };
    let history = IdHistory::parse(&launch.history);
    if !launch.text.is_empty() {
        let item = copies().set_up_foreign(&content, &launch.carried, history.as_ref())?;
        item.put(Namespace::Definition, NOTE, launch.text.as_bytes(), Condition::Always)?;
        item.put(Namespace::UserData, &answers_of(caller), b"an answer", Condition::Always)?;
    }
    page(caller, copies().open_foreign(&content, &launch.carried, history.as_ref())?, true)
}

impl WebService for Notebook {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("notebook_write", "Writes a content's note.", write).capability(WRITE).writes(),
            Function::new("notebook_answer", "Answers a content's note.", answer).writes(),
            Function::new("notebook_view", "Shows a content's note, finishing its copy.", view),
            Function::new("notebook_look", "Says how far a content's copy is, without opening it.", look),
            Function::new("notebook_launch", "Shows the note of a content of another site.", launch),
        ]
    }
}

/// Whether it does anything about events.
fn is_attentive() -> bool {
    config::get("attentive").is_none_or(|value| value == "true")
}

fn copied(_: &EventContext, event: ContentCopied) -> Result<Vec<Intent>> {
    if is_attentive() { copies().copied(&event) } else { Ok(Vec::new()) }
}

fn deleted(_: &EventContext, event: ContentDeleted) -> Result<()> {
    if is_attentive() { copies().deleted(&event.content) } else { Ok(()) }
}

fn course_deleted(_: &EventContext, course: String) -> Result<()> {
    if is_attentive() { copies().course_deleted(&course) } else { Ok(()) }
}

impl EventHandler for Notebook {
    fn events() -> Events {
        Events::new().content_copied(copied).content_deleted(deleted).course_deleted(course_deleted)
    }
}

fn finish(_: &JobContext, (): ()) -> Result<usize> {
    copies().retry()
}

impl JobRunner for Notebook {
    fn jobs() -> Jobs {
        Jobs::new().on("finish-copies", finish)
    }
}

export_plugin!(Notebook: web_service, events, jobs; manifest = "../plugin.json");
