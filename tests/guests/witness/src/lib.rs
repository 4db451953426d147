//! Test guest: is told of events, remembers each under its id with how often it came, and fails as configured: `how` (`error`, `panic`,
//! `loop`, `later`, `abort`, `silent`) for events named `what` (all when empty), up to the attempt `attempts`.
//!
//! Its functions make what is told: a copy of a course, and events of things elsewhere.

#[cfg(target_arch = "wasm32")]
mod handler;

use provost_guest::bindings::imports::provost::plugin::course_store::{CopyChoice, Draft, Snapshot};
use provost_guest::bindings::imports::provost::plugin::events::{
    self, Address, ContentCopied, ContentDeleted, CopyKind, DeletionCause, Happening,
};
use provost_guest::bindings::imports::provost::plugin::plugin_data::{self, Namespace, Place};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct Witness;

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
}

#[derive(Serialize, Describe)]
struct Copied {
    /// The copy.
    courseid: u64,
}

/// Copies a course, or nearly does.
fn copy(_: &Caller, wish: Copy) -> Result<Copied> {
    let snapshot = Snapshot::open(wish.courseid)?;
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

#[derive(Serialize, Describe)]
struct Told {
    /// That it came to an end.
    told: bool,
}

/// Says that a course goes into an archive.
fn export(_: &Caller, wish: Export) -> Result<Told> {
    Snapshot::open(wish.courseid)?.announce_export(&wish.backup, true)?;
    Ok(Told { told: true })
}

impl WebService for Witness {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("witness_seen", "What was seen.", seen),
            Function::new("witness_copy", "Copies a course.", copy),
            Function::new("witness_export", "Says that a course is exported.", export),
            Function::new("witness_publish", "Passes events on.", publish),
        ]
    }
}

export_plugin!(Witness: web_service; manifest = "../plugin.json");
