//! The handler, on the contract itself.

use crate::Seen;
use provost_guest::bindings::event::exports::provost::plugin::event_handler::{Error, Event, Guest, Silence, Verdict};
use provost_guest::bindings::imports::provost::plugin::config;
use provost_guest::bindings::imports::provost::plugin::events::{Happening, Phase};
use provost_guest::bindings::imports::provost::plugin::plugin_data::{self, Condition, Namespace, Place};

struct Handler;

fn name(what: &Happening) -> (&'static str, String) {
    match what {
        Happening::ContentCopied(c) => ("content-copied", format!("{} {}", c.origin.course, c.copy.course)),
        Happening::ContentDeleted(d) => ("content-deleted", d.content.course.clone()),
        Happening::ContentImported(i) => ("content-imported", i.content.course.clone()),
        Happening::ContentExported(e) => ("content-exported", e.content.course.clone()),
        Happening::CourseCopied(c) => ("course-copied", format!("{} {}", c.origin, c.copy)),
        Happening::CourseImported(i) => ("course-imported", i.course.clone()),
        Happening::CourseExported(e) => ("course-exported", e.course.clone()),
        Happening::CourseDeleted(course) => ("course-deleted", course.clone()),
        Happening::TargetState(_) => ("target-state", String::new()),
        _ => ("other", String::new()),
    }
}

fn text(key: &str) -> String {
    config::get(key).map(|v| v.trim_matches('"').to_owned()).unwrap_or_default()
}

impl Guest for Handler {
    fn handle(_: String, event: Event) -> Result<Verdict, Error> {
        let (name, courses) = name(&event.what);
        let what = text("what");
        let attempts: u32 = text("attempts").parse().unwrap_or(u32::MAX);
        if (what.is_empty() || what == name) && event.attempt <= attempts {
            match text("how").as_str() {
                "error" => return Err(Error::failed("the witness refuses as asked")),
                "panic" => panic!("the witness panics as asked"),
                "loop" => loop {
                    std::hint::black_box(());
                },
                "later" => return Ok(Verdict::RetryLater(Some(1))),
                "abort" => return Ok(Verdict::Abort("the witness gives up as asked".to_owned())),
                "silent" => {
                    let (code, message) = ("connect".to_owned(), "nobody there".to_owned());
                    return Ok(Verdict::NoAnswer(Silence { code, message, after: None, gone: false }));
                }
                _ => {}
            }
        }
        if name == "target-state" {
            return Ok(Verdict::Done(Vec::new()));
        }
        let before = plugin_data::get(&Place::Site, Namespace::Definition, &event.id)?;
        let before = before.and_then(|v| serde_json::from_slice::<Seen>(&v.bytes).ok()).unwrap_or_default();
        let seen = Seen {
            event: event.id.clone(),
            times: before.times + 1,
            name: name.to_owned(),
            courses,
            attempt: event.attempt,
            deferred: event.deferred,
            replay: event.replay,
            gap: event.gap_after.unwrap_or_default(),
            visible: event.phase == Phase::PostCommit,
            sequence: event.sequence,
            order: 0,
        };
        let value = serde_json::to_vec(&seen).map_err(|e| Error::failed(e.to_string()))?;
        plugin_data::put(&Place::Site, Namespace::Definition, &event.id, &value, Condition::Always)?;
        Ok(Verdict::Done(Vec::new()))
    }
}

provost_guest::bindings::event::export_event!(Handler);
