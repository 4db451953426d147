//! Which handler is called, and what its end means.

use super::*;
use crate::events::{Address, CopyKind, Custom, DeletionCause};
use crate::plugin_data::{self, Condition, Namespace, Place};
use crate::testing::{self, TestHost};
use crate::{blobs, contents, jobs};

struct Listener;

fn content(course: &str, content: &str) -> Address {
    Address { course: course.into(), content: content.into() }
}

fn note(key: &str) -> Result<u64> {
    plugin_data::put(&Place::Site, Namespace::Definition, key, b"x", Condition::Always)
}

fn copied(context: &EventContext, event: ContentCopied) -> Result<Vec<Intent>> {
    let new = contents::external_id(&context.target, &event.copy);
    assert_eq!(new.is_err(), context.phase == Phase::InTransaction);
    assert_eq!(blobs::put(b"x").map_err(|e| e.code), Err("in-handler".into()));
    let hidden = plugin_data::get(&Place::Content(event.origin), Namespace::UserData, "ada");
    assert_eq!(hidden.map_err(|e| (e.kind, e.code)), Err((ErrorKind::Denied, "user-data".into())));
    let expected = Some(event.external_id);
    Ok(vec![Intent::SetExternalId(NewExternalId { content: event.copy, external_id: "e2".into(), expected })])
}

fn deleted(_: &EventContext, event: ContentDeleted) -> Result<()> {
    note("deleted")?;
    let job = jobs::NewJob { kind: "tidy".into(), payload: "null".into(), person: 2, course: None, key: String::new() };
    jobs::enqueue(&job)?;
    match event.external_id.as_str() {
        "no" => Err(Error::refused("no", "")),
        "conflict" => {
            plugin_data::put(&Place::Site, Namespace::Definition, "deleted", b"", Condition::Absent).map(|_| ())
        }
        _ => Ok(()),
    }
}

#[derive(serde::Deserialize)]
struct Grade {
    points: u32,
}

fn graded(_: &EventContext, grade: Grade) -> Result<Verdict> {
    Ok(if grade.points > 100 { Verdict::Abort("too good".into()) } else { Verdict::RetryLater(Some(grade.points)) })
}

impl EventHandler for Listener {
    fn events() -> Events {
        Events::new().content_copied(copied).content_deleted(deleted).other("edu.example.grade.v1", graded)
    }
}

fn gone(external_id: &str) -> Happening {
    let cause = DeletionCause::Delete;
    Happening::ContentDeleted(ContentDeleted { content: content("1", "2"), external_id: external_id.into(), cause })
}

#[test]
fn intents_are_carried_out() -> Result<()> {
    let host = TestHost::new();
    let (old, new) = (content("1", "2"), content("3", "4"));
    plugin_data::put(&Place::Content(old.clone()), Namespace::UserData, "ada", b"x", Condition::Always)?;
    host.set_external_id("", &old, "e1");
    let told = host.copy_content(CopyKind::Shallow, &old, &new);
    assert_eq!(host.external_id("", &new), "e1");
    testing::deliver_in_transaction::<Listener>("", told.clone())?;
    assert_eq!((host.external_id("", &new), host.external_id("", &old)), ("e2".into(), "e1".into()));
    testing::deliver::<Listener>("", told)?;
    Ok(())
}

#[test]
fn only_success_leaves_something() -> Result<()> {
    let host = TestHost::new();
    let refused = testing::deliver::<Listener>("", gone("no"));
    assert_eq!(refused.map_err(|e| e.kind), Err(ErrorKind::Refused));
    assert_eq!((plugin_data::exists(&Place::Site)?, host.jobs().len()), (false, 0));
    // A lost race passes by itself.
    let again = testing::deliver::<Listener>("", gone("conflict"));
    assert_eq!(again.map_err(|e| e.kind), Err(ErrorKind::RetryLater));
    assert_eq!((plugin_data::exists(&Place::Site)?, host.jobs().len()), (false, 0));
    assert_eq!(testing::deliver::<Listener>("", gone("")), Ok(Verdict::Done(Vec::new())));
    assert_eq!((plugin_data::exists(&Place::Site)?, host.jobs().len()), (true, 1));
    Ok(())
}

#[test]
fn own_events_cross_as_json() {
    let _host = TestHost::new();
    let grade = |of: &str, data: &str| {
        Happening::Other(Custom { type_: of.into(), subject: String::new(), courses: Vec::new(), data: data.into() })
    };
    let tell = |what| testing::deliver::<Listener>("", what);
    assert_eq!(tell(grade("edu.example.grade.v1", r#"{"points":7}"#)), Ok(Verdict::RetryLater(Some(7))));
    assert_eq!(tell(grade("edu.example.grade.v1", r#"{"points":700}"#)), Ok(Verdict::Abort("too good".into())));
    assert!(tell(grade("edu.example.grade.v1", "{}")).is_err());
    assert_eq!(tell(grade("edu.example.other.v1", "{}")), Ok(Verdict::Done(Vec::new())));
    assert_eq!(tell(Happening::CourseDeleted("7".into())), Ok(Verdict::Done(Vec::new())));
}
