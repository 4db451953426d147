//! Test guest: is told of events, remembers each under its id with how often it came, and fails as configured: `how` (`error`, `panic`,
//! `loop`, `later`, `abort`, `silent`) for events named `what` (all when empty), up to the attempt `attempts`.
//!
//! `echo` publishes an event of its own for each it is told of, `echo-job` has a job do so, and `call` calls another server.
//!
//! Its functions make what is told: a copy of a course, and events of things elsewhere. It speaks for further targets that a test names.

#[cfg(target_arch = "wasm32")]
mod handler;

use provost_guest::bindings::imports::provost::plugin::course_store::{CopyChoice, Draft, Snapshot};
use provost_guest::bindings::imports::provost::plugin::events::{
    self, Address, ContentCopied, ContentDeleted, CopyKind, Custom, DeletionCause, Happening,
};
use provost_guest::bindings::imports::provost::plugin::plugin_data::{self, Condition, Namespace, Place};
use provost_guest::bindings::imports::provost::plugin::targets::{self, State, Subscription, Target};
use provost_guest::bindings::imports::provost::plugin::{contents, jobs};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct Witness;

/// The type of its own events.
pub const ECHO: &str = "edu.example.echo.v1";

/// What is remembered of an event.
#[derive(Debug, Default, Serialize, Deserialize, Describe)]
pub struct Seen {
    /// Its id.
    pub event: String,
    /// How often it came and was done.
    pub times: u32,
    /// Its kind.
    pub name: String,
    /// The courses that it is about.
    pub courses: String,
    /// At which attempt it was done.
    pub attempt: u32,
    /// Whether it waited.
    pub deferred: bool,
    /// Whether it was sent again.
    pub replay: bool,
    /// What was given up before it; empty for nothing.
    pub gap: String,
    /// Whether its change was visible.
    pub visible: bool,
    /// Its place in the order of all.
    pub sequence: u64,
    /// Grows from one to the next.
    pub order: u64,
    /// The external id that it names.
    pub external: String,
    /// What was saved under an archive's id, or how many contents were copied.
    pub saved: String,
    /// Who was told; empty for the plugin itself.
    pub target: String,
}

#[derive(Deserialize, Describe)]
struct Nothing {}

#[derive(Serialize, Describe)]
struct All {
    /// What was seen, in the order in which it was done.
    seen: Vec<Seen>,
}

fn seen(_: &Caller, _: Nothing) -> Result<All> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let keys = plugin_data::keys(&Place::Site, Namespace::Definition, &after, 1000)?;
        let Some(last) = keys.last().cloned() else { break };
        for key in keys {
            let Some(value) = plugin_data::get(&Place::Site, Namespace::Definition, &key)? else { continue };
            let mut one: Seen = serde_json::from_slice(&value.bytes).map_err(|e| Error::failed(e.to_string()))?;
            one.order = value.version;
            all.push(one);
        }
        after = last;
    }
    all.sort_by_key(|s| s.order);
    Ok(All { seen: all })
}

#[derive(Deserialize, Describe)]
struct Copy {
    /// The course.
    courseid: u64,
    /// The copy's short name.
    shortname: String,
    /// Whether to keep it.
    keep: bool,
    /// What is written to the course's data after the snapshot was made; empty for nothing.
    #[serde(default)]
    #[describe(default = "")]
    edit: String,
}

#[derive(Serialize, Describe)]
struct Copied {
    /// The copy.
    courseid: u64,
}

/// Copies a course, or nearly does.
fn copy(_: &Caller, wish: Copy) -> Result<Copied> {
    let snapshot = Snapshot::open(wish.courseid)?;
    if !wish.edit.is_empty() {
        write(wish.courseid, &wish.edit)?;
    }
    let course = snapshot.course();
    let mut fields = course.fields;
    fields.shortname = wish.shortname;
    fields.idnumber = String::new();
    let draft = Draft::create(&fields, &course.origin, "{}")?;
    let choice = CopyChoice {
        facets: ["activity", "user-data", "block"].map(str::to_owned).to_vec(),
        people: false,
        roster: false,
        date_offset: 0,
        without: Vec::new(),
        items: Vec::new(),
        files: Vec::new(),
        scopes: Vec::new(),
    };
    draft.copy_from(snapshot, &choice)?;
    loop {
        let far = draft.copy_some()?;
        if far.done >= far.total {
            break;
        }
    }
    let courseid = if wish.keep { draft.publish()? } else { draft.course() };
    Ok(Copied { courseid })
}

#[derive(Deserialize, Describe)]
struct Publish {
    /// Event after event, separated by spaces: `copy:A:B` for content 1 of A copied to B, `delete:A` for that it went away.
    what: String,
}

#[derive(Serialize, Describe)]
struct Published {
    /// Ids of the events.
    ids: Vec<String>,
}

fn publish(_: &Caller, wish: Publish) -> Result<Published> {
    let of = |course: &str| Address { course: format!("x:{course}"), content: "x:1".into() };
    let mut ids = Vec::new();
    for one in wish.what.split_whitespace() {
        let what = match one.split(':').collect::<Vec<_>>()[..] {
            ["copy", from, to] => Happening::ContentCopied(ContentCopied {
                kind: CopyKind::Exact,
                origin: of(from),
                external_id: String::new(),
                copy: of(to),
            }),
            ["delete", course] => Happening::ContentDeleted(ContentDeleted {
                content: of(course),
                external_id: String::new(),
                cause: DeletionCause::Move,
            }),
            _ => return Err(Error::invalid(format!("{one:?} is no event"))),
        };
        ids.push(events::publish("https://x.example.org", 0, &what)?);
    }
    Ok(Published { ids })
}

#[derive(Deserialize, Describe)]
struct Export {
    /// The course.
    courseid: u64,
    /// The archive.
    backup: String,
}

/// Says that a course goes into an archive.
fn export(_: &Caller, wish: Export) -> Result<Told> {
    Snapshot::open(wish.courseid)?.announce_export(&wish.backup, true)?;
    Ok(Told { told: true })
}

/// Publishes an event of its own.
fn publish_echo() -> Result<String> {
    let (subject, courses, data) = (String::new(), Vec::new(), "{}".to_owned());
    events::publish("", 0, &Happening::Other(Custom { type_: ECHO.to_owned(), subject, courses, data }))
}

/// Has a job publish one.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
fn enqueue_echo() -> Result<String> {
    let (kind, payload, key) = ("echo".to_owned(), "{}".to_owned(), String::new());
    jobs::enqueue(&jobs::NewJob { kind, payload, person: 0, course: None, key })
}

fn echo(_: &Caller, _: Nothing) -> Result<Published> {
    Ok(Published { ids: vec![publish_echo()?] })
}

fn echo_job(_: &JobContext, _: Nothing) -> Result<()> {
    publish_echo().map(drop)
}

/// Writes to a course's data.
fn write(course: u64, value: &str) -> Result<()> {
    let place = Place::Course(course.to_string());
    plugin_data::put(&place, Namespace::Definition, "k", value.as_bytes(), Condition::Always)?;
    Ok(())
}

#[derive(Deserialize, Describe)]
struct Data {
    /// The course.
    courseid: u64,
    /// What is written; empty for nothing.
    #[serde(default)]
    #[describe(default = "")]
    value: String,
}

#[derive(Serialize, Describe)]
struct Kept {
    /// What is there.
    value: String,
}

/// What is in a course's data, after writing to it.
fn data(_: &Caller, wish: Data) -> Result<Kept> {
    if !wish.value.is_empty() {
        write(wish.courseid, &wish.value)?;
    }
    let place = Place::Course(wish.courseid.to_string());
    let found = plugin_data::get(&place, Namespace::Definition, "k")?;
    Ok(Kept { value: found.map_or_else(String::new, |v| String::from_utf8_lossy(&v.bytes).into_owned()) })
}

#[derive(Deserialize, Describe)]
struct Name {
    /// The target; empty for the plugin itself.
    #[serde(default)]
    #[describe(default = "")]
    target: String,
    /// The course.
    courseid: u64,
    /// The content.
    content: u64,
    /// Its external id.
    externalid: String,
}

#[derive(Serialize, Describe)]
struct Told {
    /// That it came to an end.
    told: bool,
}

fn name(_: &Caller, wish: Name) -> Result<Told> {
    let content = Address { course: wish.courseid.to_string(), content: wish.content.to_string() };
    Ok(Told { told: contents::set_external_id(&wish.target, &content, &wish.externalid, None)? })
}

#[derive(Deserialize, Describe)]
struct Speak {
    /// The target.
    name: String,
    /// Events that it wants, separated by spaces: then it is put there.
    #[serde(default)]
    #[describe(default = "")]
    events: String,
    /// `available`, `inactive`, `unavailable`, or `removed`; empty for no change.
    #[serde(default)]
    #[describe(default = "")]
    state: String,
}

/// Speaks for a target.
fn speak(_: &Caller, wish: Speak) -> Result<Told> {
    if !wish.events.is_empty() {
        let wanted = |event: &str| Subscription { event: event.to_owned(), only_own: false };
        let subscriptions = wish.events.split_whitespace().map(wanted).collect();
        let (name, title) = (wish.name.clone(), wish.name.clone());
        targets::put(&Target { name, title, subscriptions, remote: false, timeout: 5 })?;
    }
    let state = match wish.state.as_str() {
        "" => return Ok(Told { told: true }),
        "removed" => {
            targets::remove(&wish.name)?;
            return Ok(Told { told: true });
        }
        "available" => State::Available,
        "inactive" => State::Inactive,
        "unavailable" => State::Unavailable,
        other => return Err(Error::invalid(format!("{other:?} is no state"))),
    };
    targets::set_state(&wish.name, state)?;
    Ok(Told { told: true })
}

impl JobRunner for Witness {
    fn jobs() -> Jobs {
        Jobs::new().on("echo", echo_job)
    }
}

impl WebService for Witness {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("witness_seen", "What was seen.", seen),
            Function::new("witness_copy", "Copies a course.", copy),
            Function::new("witness_export", "Says that a course is exported.", export),
            Function::new("witness_data", "What is kept with a course.", data),
            Function::new("witness_echo", "Publishes an event of its own.", echo),
            Function::new("witness_name", "Gives a content an external id.", name),
            Function::new("witness_speak", "Speaks for a target.", speak),
            Function::new("witness_publish", "Passes events on.", publish),
        ]
    }
}

export_plugin!(Witness: web_service, jobs; manifest = "../plugin.json");
