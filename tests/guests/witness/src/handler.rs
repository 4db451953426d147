//! The handler, on the contract itself.

use crate::Seen;
use provost_guest::bindings::event::exports::provost::plugin::event_handler::{Error, Event, Guest, Silence, Verdict};
use provost_guest::bindings::imports::provost::plugin::config;
use provost_guest::bindings::imports::provost::plugin::events::{self, Happening, Phase};
use provost_guest::bindings::imports::provost::plugin::http::{self, Request};
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
        Happening::TargetRemoved => ("target-removed", String::new()),
        Happening::CourseCopySettled(s) => ("course-copy-settled", format!("{} {}", s.origin, s.copy)),
        Happening::BatchCompleted(b) => ("batch-completed", format!("{} {} {}", b.course, b.operation, b.succeeded)),
        _ => ("other", String::new()),
    }
}

fn text(key: &str) -> String {
    config::get(key).map(|v| v.trim_matches('"').to_owned()).unwrap_or_default()
}

fn external_id(what: &Happening) -> String {
    match what {
        Happening::ContentCopied(c) => c.external_id.clone(),
        Happening::ContentDeleted(d) => d.external_id.clone(),
        _ => String::new(),
    }
}

/// What was saved at the export under an archive's id; at the export it is saved.
fn saved(what: &Happening) -> Result<String, Error> {
    let place = |backup: &str| Place::Backup((backup.to_owned(), "course".to_owned()));
    match what {
        Happening::CourseExported(e) => {
            let saved = format!("saved of {}", e.course);
            plugin_data::put(&place(&e.backup), Namespace::Definition, "k", saved.as_bytes(), Condition::Always)?;
            Ok(String::new())
        }
        Happening::CourseImported(i) => {
            let found = plugin_data::get(&place(&i.backup), Namespace::Definition, "k")?;
            Ok(found.map_or_else(|| "nothing".to_owned(), |v| String::from_utf8_lossy(&v.bytes).into_owned()))
        }
        Happening::CourseCopySettled(s) => {
            let pairs = events::copied_contents(&s.copy, 0, 1000)?;
            Ok(format!("{} of {}", pairs.len(), s.contents))
        }
        _ => Ok(String::new()),
    }
}

/// Calls a server that nobody allowed; what came of it.
fn call() -> String {
    let request = Request {
        method: "GET".to_owned(),
        url: "https://nobody.invalid/".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        connect_timeout: 0,
        timeout: 0,
        max_response: 0,
    };
    http::send(&request).map_or_else(|failure| failure.message, |response| response.status.to_string())
}

impl Guest for Handler {
    fn handle(target: String, event: Event) -> Result<Verdict, Error> {
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
                "nothing" => return Ok(Verdict::Done(Vec::new())),
                "silent" => {
                    let (code, message) = ("connect".to_owned(), "nobody there".to_owned());
                    return Ok(Verdict::NoAnswer(Silence { code, message, after: None, gone: false }));
                }
                "echo" => {
                    crate::publish_echo()?;
                }
                "echo-job" => {
                    crate::enqueue_echo()?;
                }
                "call" => {
                    let (code, message) = ("denied".to_owned(), call());
                    return Ok(Verdict::NoAnswer(Silence { code, message, after: None, gone: false }));
                }
                _ => {}
            }
        }
        if name == "target-state" {
            return Ok(Verdict::Done(Vec::new()));
        }
        let key = if target.is_empty() { event.id.clone() } else { format!("{target}/{}", event.id) };
        let before = plugin_data::get(&Place::Site, Namespace::Definition, &key)?;
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
            external: external_id(&event.what),
            saved: saved(&event.what)?,
            target: target.clone(),
        };
        let value = serde_json::to_vec(&seen).map_err(|e| Error::failed(e.to_string()))?;
        plugin_data::put(&Place::Site, Namespace::Definition, &key, &value, Condition::Always)?;
        Ok(Verdict::Done(Vec::new()))
    }
}

provost_guest::bindings::event::export_event!(Handler);
