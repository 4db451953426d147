//! Test guest: keeps data with courses and contents, copies them, and notes what its event handler could see of the copy.

use provost_guest::event::{Intent, NewExternalId};
use provost_guest::events::{Address, ContentCopied, CopyKind, CourseCopied, Happening, Phase};
use provost_guest::plugin_data::{self, Condition, Namespace, Place};
use provost_guest::prelude::*;
use provost_guest::{blobs, clock, contents, course_store, events};

/// The plugin.
pub struct Keeper;

/// What the handler does: `mend` (gives copies an external id), `wait` (asks for another try until it is told otherwise), `none`.
const MODE: &str = "mode";
/// How often the new thing is asked about in a row.
const TIMES: u64 = 1_000;

fn spot(course: &str, content: &str) -> Place {
    let course = course.to_owned();
    match content {
        "" => Place::Course(course),
        content => Place::Content(Address { course, content: content.to_owned() }),
    }
}

fn names(user: bool) -> Namespace {
    if user { Namespace::UserData } else { Namespace::Definition }
}

/// The last word of a case's name, and more.
fn word(case: impl std::fmt::Debug, more: &str) -> String {
    let case = format!("{case:?}");
    format!("{} {more}", case.rsplit(':').next().unwrap_or_default())
}

fn said(place: &Place, namespace: Namespace, key: &str) -> String {
    match plugin_data::get(place, namespace, key) {
        Ok(Some(value)) => String::from_utf8_lossy(&value.bytes).into_owned(),
        Ok(None) => "nothing".into(),
        Err(error) => word(error.kind, &error.code),
    }
}

#[derive(serde::Deserialize, Describe)]
struct Key {
    /// A course.
    course: String,
    /// A content in it; empty for the course itself.
    #[describe(default = "")]
    content: String,
    /// Whether it is of people.
    #[describe(default = false)]
    user: bool,
    /// The key.
    key: String,
    /// What is written.
    #[describe(default = "")]
    value: String,
}

fn put(_: &Caller, key: Key) -> Result<()> {
    let place = spot(&key.course, &key.content);
    plugin_data::put(&place, names(key.user), &key.key, key.value.as_bytes(), Condition::Always)?;
    Ok(())
}

#[derive(serde::Serialize, Describe)]
struct Said {
    /// What is there.
    text: String,
}

fn get(_: &Caller, key: Key) -> Result<Said> {
    Ok(Said { text: said(&spot(&key.course, &key.content), names(key.user), &key.key) })
}

#[derive(serde::Deserialize, Describe)]
struct Spot {
    /// A course.
    course: String,
    /// A content in it; empty for the course itself.
    #[describe(default = "")]
    content: String,
    /// An external id to give, if any.
    #[describe(default = "")]
    give: String,
}

#[derive(serde::Serialize, Describe)]
struct Look {
    /// The external id.
    external_id: String,
    /// Whose copy the data is: kind, place, and whether it was edited.
    origin: String,
    /// The ancestors.
    history: Vec<String>,
}

fn look(_: &Caller, of: Spot) -> Result<Look> {
    let origin = plugin_data::get_origin(&spot(&of.course, &of.content))?;
    let origin = origin.map(|o| word(o.kind, &format!("edited {}", o.edited))).unwrap_or_default();
    if of.content.is_empty() {
        let history = contents::course_history(&of.course)?;
        return Ok(Look { external_id: String::new(), origin, history });
    }
    let content = Address { course: of.course, content: of.content };
    if !of.give.is_empty() {
        contents::set_external_id("", &content, &of.give, None)?;
    }
    let history = contents::history(&content)?;
    Ok(Look {
        external_id: contents::external_id("", &content)?,
        origin,
        history: history.into_iter().map(|a| format!("{}/{}", a.course, a.content)).collect(),
    })
}

#[derive(serde::Deserialize, Describe)]
struct Telling {
    /// Whether users' data takes part.
    exact: bool,
    /// The original: course and content at another site.
    from: Vec<String>,
    /// The copy, likewise.
    to: Vec<String>,
}

fn pass_on(_: &Caller, telling: Telling) -> Result<Said> {
    let kind = if telling.exact { CopyKind::Exact } else { CopyKind::Shallow };
    let address = |parts: &[String]| match parts {
        [course, content] => Ok(Address { course: course.clone(), content: content.clone() }),
        _ => Err(Error::invalid("a course and a content")),
    };
    let copied = ContentCopied {
        kind,
        origin: address(&telling.from)?,
        external_id: "there".into(),
        copy: address(&telling.to)?,
    };
    let id = events::publish("https://elsewhere.example", clock::now(), &Happening::ContentCopied(copied))?;
    Ok(Said { text: id })
}

#[derive(serde::Deserialize, Describe)]
struct Order {
    /// The course.
    course: u64,
    /// The content.
    content: u64,
    /// The course it goes to.
    to: u64,
    /// Whether users' data comes along.
    exact: bool,
}

#[derive(serde::Serialize, Describe)]
struct Made {
    /// The new content.
    content: u64,
}

/// Copies an activity into a course by reference, as an LMS does.
#[cfg(target_arch = "wasm32")]
fn copy(_: &Caller, order: Order) -> Result<Made> {
    use course_store::{Binding, CopyChoice, Draft, Origin, Snapshot};
    let source = Snapshot::open(order.course)?;
    let of = source.activities(0, 1000)?.into_iter().find(|a| a.id == order.content);
    let of = of.ok_or_else(|| Error::not_found("content", "no such activity"))?;
    let there = Snapshot::open(order.to)?;
    let section = there.sections(0, 1)?.into_iter().next().ok_or_else(|| Error::invalid("no section"))?;
    let before: Vec<u64> = there.activities(0, 1000)?.iter().map(|a| a.id).collect();
    let origin = Origin {
        site_hash: "e".repeat(32),
        site_url: String::new(),
        course: 0,
        context: 0,
        system_context: 0,
        category: 0,
        date_offset: 0,
    };
    let draft = Draft::extend(order.to, &origin)?;
    let local = of.fields.section;
    let (target_scope, target) = (section.scope, section.fields.local);
    draft.bind(&[Binding { kind: "section".into(), local, target_scope, target }])?;
    let mut facets = vec!["activity".to_owned()];
    facets.extend(order.exact.then(|| "user-data".to_owned()));
    let choice = CopyChoice {
        facets,
        people: order.exact,
        roster: false,
        date_offset: 0,
        without: Vec::new(),
        items: vec![order.content],
        files: Vec::new(),
        scopes: Vec::new(),
    };
    draft.copy_from(source, &choice)?;
    loop {
        let copied = draft.copy_some()?;
        if copied.done == copied.total {
            break;
        }
    }
    draft.publish()?;
    let after = Snapshot::open(order.to)?.activities(0, 1000)?;
    let made = after.into_iter().map(|a| a.id).find(|id| !before.contains(id));
    Ok(Made { content: made.ok_or_else(|| Error::failed("nothing was made"))? })
}

#[cfg(not(target_arch = "wasm32"))]
fn copy(_: &Caller, order: Order) -> Result<Made> {
    let _ = (order.course, order.to, order.exact, course_store::Snapshot::open);
    Err(Error::failed(format!("content {} is copied by a host only", order.content)))
}

fn mode() -> String {
    said(&Place::Site, Namespace::Definition, MODE)
}

/// What the handler sees: of the new content, its data, the original's, and what it may not do.
#[derive(serde::Serialize, serde::Deserialize, Describe)]
struct Seen {
    /// Whether the copy was visible already.
    early: bool,
    /// What is said of the new content's external id.
    external_id: String,
    /// What the event says of the original's.
    told: String,
    /// The title at the copy.
    title: String,
    /// What was recorded of people at the original.
    user: String,
    /// The terms of the copy's course.
    terms: String,
    /// What comes of changing something.
    change: String,
    /// Nanoseconds that asking for the new content takes.
    nanoseconds: u64,
    /// Whether it waited.
    deferred: bool,
}

fn copied(context: &EventContext, event: ContentCopied) -> Result<Verdict> {
    let early = context.phase == Phase::InTransaction;
    let mode = mode();
    if mode == "wait" {
        return Ok(Verdict::RetryLater(Some(1)));
    }
    let begun = clock::monotonic();
    let mut answer = Ok(String::new());
    for _ in 0..TIMES {
        answer = contents::external_id(&context.target, &event.copy);
    }
    let nanoseconds = (clock::monotonic() - begun) / TIMES;
    let (origin, copy) = (Place::Content(event.origin.clone()), Place::Content(event.copy.clone()));
    let refused = |error: Error| word(error.kind, &error.code);
    let seen = Seen {
        early,
        external_id: answer.unwrap_or_else(refused),
        told: event.external_id.clone(),
        title: said(&copy, Namespace::Definition, "title"),
        user: said(&origin, Namespace::UserData, "ada"),
        terms: said(&Place::Course(event.copy.course.clone()), Namespace::Definition, "terms"),
        change: blobs::put(b"x").map_or_else(refused, |_| "done".into()),
        nanoseconds,
        deferred: context.deferred,
    };
    let key = format!("seen/{}", event.copy.content);
    let bytes = provost_guest::serde_json::to_vec(&seen)?;
    plugin_data::put(&Place::Site, Namespace::Definition, &key, &bytes, Condition::Always)?;
    plugin_data::put(&copy, Namespace::Definition, "told", b"yes", Condition::Absent)?;
    if mode != "mend" {
        return Ok(().into());
    }
    let external_id = format!("own-{}", event.copy.content);
    let new = NewExternalId { content: event.copy, external_id, expected: Some(event.external_id) };
    Ok(vec![Intent::SetExternalId(new)].into())
}

fn course_copied(_: &EventContext, _: CourseCopied) -> Result<()> {
    Ok(())
}

impl EventHandler for Keeper {
    fn events() -> Events {
        Events::new().content_copied(copied).course_copied(course_copied)
    }
}

#[derive(serde::Deserialize, Describe)]
struct Of {
    /// A content that is a copy.
    content: String,
}

fn seen(_: &Caller, of: Of) -> Result<Vec<Seen>> {
    let key = format!("seen/{}", of.content);
    let found = plugin_data::get(&Place::Site, Namespace::Definition, &key)?;
    found.map(|value| provost_guest::serde_json::from_slice(&value.bytes).map_err(Error::from)).into_iter().collect()
}

#[derive(serde::Deserialize, Describe)]
struct Mode {
    /// What the handler does.
    mode: String,
}

fn set_mode(_: &Caller, of: Mode) -> Result<()> {
    plugin_data::put(&Place::Site, Namespace::Definition, MODE, of.mode.as_bytes(), Condition::Always)?;
    Ok(())
}

impl WebService for Keeper {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("keeper_put", "Writes a value.", put).writes(),
            Function::new("keeper_get", "Reads a value.", get),
            Function::new("keeper_look", "Says whose copy something is.", look),
            Function::new("keeper_copy", "Copies a content.", copy).writes(),
            Function::new("keeper_pass_on", "Tells of a copy at another site.", pass_on).writes(),
            Function::new("keeper_seen", "What the handler saw of a copy.", seen),
            Function::new("keeper_mode", "Says what the handler does.", set_mode).writes(),
        ]
    }
}

export_plugin!(Keeper: web_service, events; manifest = "../plugin.json");
