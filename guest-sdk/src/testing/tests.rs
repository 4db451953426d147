//! The controls, with a plugin to drive.

use super::TestHost;
use crate::prelude::*;
use crate::{clock, config, jobs, log, random, testing};
use serde_json::json;

struct Plugin;

#[derive(serde::Deserialize, Describe)]
struct Choice {
    name: String,
    value: i64,
}

#[derive(serde::Deserialize, Describe)]
struct Order {
    #[describe(alias = "id")]
    courseid: u64,
    #[describe(default = 2)]
    copies: u32,
    note: Option<String>,
    #[describe(pairs, default = [])]
    options: Vec<Choice>,
}

#[derive(serde::Serialize, Describe)]
struct Answer {
    text: String,
    by: Option<String>,
}

/// Says more than its description.
#[derive(serde::Serialize)]
struct Talkative {
    text: String,
    secret: u32,
}

impl Describe for Talkative {
    fn describe() -> crate::describe::Description {
        Answer::describe()
    }
}

#[derive(serde::Serialize)]
struct Silent {}

impl Describe for Silent {
    fn describe() -> crate::describe::Description {
        Answer::describe()
    }
}

fn order(caller: &Caller, order: Order) -> Result<Answer> {
    let options: Vec<_> = order.options.iter().map(|o| format!("{}={}", o.name, o.value)).collect();
    let text = format!("{} {} {:?} {}", order.courseid, order.copies, order.note, options.join(","));
    Ok(Answer { text, by: Some(caller.username.clone()) })
}

fn try_thrice(context: &JobContext, until: u32) -> Result<u32> {
    context.warn(&format!("attempt {}", context.attempt))?;
    if context.attempt < until {
        return Err(Error::new(ErrorKind::RetryLater, "", "not yet"));
    }
    Ok(context.attempt)
}

fn enqueue(kind: &str, payload: &str, key: &str) -> Result<String> {
    let (kind, payload, key) = (kind.to_owned(), payload.to_owned(), key.to_owned());
    jobs::enqueue(&jobs::NewJob { kind, payload, person: 2, course: None, key })
}

fn spawn(context: &JobContext, (): ()) -> Result<String> {
    context.progress(0.5)?;
    context.progress(0.25)?;
    enqueue("thrice", "1", "")
}

fn cancel_self(context: &JobContext, (): ()) -> Result<()> {
    assert_eq!(jobs::cancel(&context.id), Ok(true));
    context.progress(0.5)
}

impl WebService for Plugin {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("order", "", order),
            Function::new("talk", "", |_: &Caller, (): ()| Ok(Talkative { text: "x".into(), secret: 1 })),
            Function::new("silence", "", |_: &Caller, (): ()| Ok(Silent {})),
        ]
    }
}

impl JobRunner for Plugin {
    fn jobs() -> Jobs {
        Jobs::new().on("thrice", try_thrice).on("spawn", spawn).on("stop", cancel_self)
    }
}

#[test]
fn parameters_are_completed_and_checked() -> Result<()> {
    let host = TestHost::new();
    let ada = host.person("ada");
    let call = |parameters| testing::call::<Plugin>("order", parameters, &ada);
    assert_eq!(call(json!({"id": 5}))?, json!({"text": "5 2 None ", "by": "ada"}));
    assert_eq!(call(json!({"courseid": 5, "id": 5, "note": null, "copies": 1}))?["text"], "5 1 None ");
    assert_eq!(call(json!({"id": 5, "options": {"a": 1, "b": 2}}))?["text"], "5 2 None a=1,b=2");
    assert_eq!(call(json!({"id": 5, "options": [{"name": "a", "value": 1}]}))?["text"], "5 2 None a=1");
    for (wrong, place) in [
        (json!({}), "courseid"),
        (json!({"id": 1, "courseid": 2}), "courseid"),
        (json!({"id": "1"}), "courseid"),
        (json!({"id": 1, "nonsense": 1}), "nonsense"),
        (json!({"id": 1, "options": [{"name": "a", "value": "b"}]}), "options[0].value"),
        (json!([]), "object"),
    ] {
        let error = call(wrong.clone()).expect_err("does not fit");
        assert_eq!(error.kind, ErrorKind::Invalid, "{wrong}");
        assert!(error.message.contains(place), "{wrong}: {}", error.message);
    }
    Ok(())
}

#[test]
fn results_are_cut_to_their_description() -> Result<()> {
    let host = TestHost::new();
    assert_eq!(testing::call::<Plugin>("talk", json!({}), &host.admin())?, json!({"text": "x"}));
    let error = testing::call::<Plugin>("silence", json!(null), &host.admin()).expect_err("text is missing");
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Failed, "the result lacks text"));
    let error = testing::call::<Plugin>("shout", json!(null), &host.admin()).expect_err("no such function");
    assert_eq!(error.kind, ErrorKind::NotFound);
    Ok(())
}

#[test]
fn jobs_are_retried_until_the_attempts_are_spent() -> Result<()> {
    let host = TestHost::new();
    let good = enqueue("thrice", "3", "")?;
    let bad = enqueue("thrice", "4", "")?;
    let odd = enqueue("thrice", "{}", "")?;
    let ended = testing::run_enqueued::<Plugin>();
    assert_eq!(ended.iter().map(|j| j.id.clone()).collect::<Vec<_>>(), [good.clone(), bad.clone(), odd.clone()]);
    let good = host.job(&good)?;
    assert_eq!((good.state, good.attempts, good.outcome.as_str()), (jobs::State::Succeeded, 3, "3"));
    assert_eq!(good.warnings, ["attempt 1", "attempt 2", "attempt 3"]);
    assert_eq!((good.progress, good.reason.as_str()), (1.0, ""));
    let bad = host.job(&bad)?;
    assert_eq!((bad.state, bad.attempts, bad.reason.as_str()), (jobs::State::Failed, 3, "not yet"));
    assert_eq!((host.job(&odd)?.state, host.job(&odd)?.attempts), (jobs::State::Failed, 1));
    Ok(())
}

#[test]
fn a_job_may_enqueue_another_and_progress_never_falls() -> Result<()> {
    let host = TestHost::new();
    let id = testing::run_job::<Plugin>("spawn", json!(null))?;
    assert_eq!(host.progress(), [0.5, 0.25]);
    let ended = testing::run_enqueued::<Plugin>();
    assert_eq!((ended.len(), json!(ended[0].id)), (1, id));
    assert_eq!(host.warnings(), ["attempt 1"]);

    let context = host.begin_job("spawn", &host.admin());
    context.progress(0.5)?;
    context.progress(f64::NAN)?;
    assert_eq!(host.job(&context.id)?.progress, 0.5);
    host.cancel_job();
    for refused in [context.progress(0.7), context.warn("late")] {
        assert_eq!(refused.expect_err("asked to stop").kind, ErrorKind::Cancelled);
    }
    Ok(())
}

#[test]
fn a_cancelled_job_ends_as_cancelled() -> Result<()> {
    let host = TestHost::new();
    let running = testing::run_job::<Plugin>("stop", json!(null)).expect_err("cancelled");
    assert_eq!(running.kind, ErrorKind::Cancelled);
    let id = enqueue("thrice", "1", "")?;
    assert_eq!(jobs::cancel(&id), Ok(true));
    assert_eq!(jobs::cancel(&id), Ok(false));
    assert!(testing::run_enqueued::<Plugin>().is_empty());
    assert!(host.jobs().iter().all(|j| j.state == jobs::State::Cancelled));
    let error = jobs::progress(0.1).expect_err("no job runs");
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Invalid, "job"));
    Ok(())
}

#[test]
fn a_key_makes_two_jobs_one() -> Result<()> {
    let _host = TestHost::new();
    let first = enqueue("thrice", "1", "a")?;
    assert_eq!(enqueue("thrice", "2", "a")?, first);
    assert_ne!(enqueue("thrice", "1", "")?, enqueue("thrice", "1", "")?);
    assert_eq!(first.len(), 32);
    assert_eq!(jobs::get("none").expect_err("no such job").code, "job");
    Ok(())
}

#[test]
fn the_manifest_binds() -> Result<()> {
    let host = TestHost::new();
    host.manifest(
        r#"{"id": "x", "version": "1", "description": "", "grants": ["jobs"], "jobs": [{"kind": "thrice"}],
            "config": {"properties": {"size": {"default": 5}}}}"#,
    )?;
    assert!(enqueue("thrice", "1", "").is_ok());
    assert_eq!(enqueue("spawn", "1", "").expect_err("not in the manifest").kind, ErrorKind::Denied);
    let denied = crate::blobs::put(b"").expect_err("not granted");
    assert_eq!((denied.kind, denied.code.as_str()), (ErrorKind::Denied, "blobs"));
    assert_eq!(config::get("size"), Some("5".into()));
    host.set_config("size", json!("big"));
    assert_eq!(config::get("size"), Some("\"big\"".into()));
    assert_eq!(config::get("colour"), None);
    assert_eq!(host.manifest(r#"{"id": "x", "nonsense": 1}"#).expect_err("not a manifest").kind, ErrorKind::Invalid);
    Ok(())
}

#[test]
fn each_test_has_a_host_of_its_own() {
    let host = TestHost::new();
    host.person("ada");
    log::write(log::Level::Warn, "oh");
    assert_eq!(host.log(), [(log::Level::Warn, "oh".to_owned())]);
    let bytes = random::bytes(50);
    assert_ne!(bytes, random::bytes(50));
    drop(host);
    let host = TestHost::new();
    assert_eq!((host.people().len(), host.log().len()), (1, 0));
    assert_eq!((bytes.len(), random::bytes(50)), (50, bytes));
}

#[test]
fn the_clock_is_the_tests() -> Result<()> {
    let host = TestHost::new();
    host.set_time(1_549_893_120);
    assert_eq!(clock::now(), 1_549_893_120);
    assert_eq!(clock::format(clock::now(), "%Y%m%d-%H%M"), "20190211-1352");
    host.set_time_zone("Europe/Berlin")?;
    assert_eq!(clock::format(clock::now(), "%H:%M"), "14:52");
    assert_eq!(clock::format(clock::now(), "%!"), "%!");
    assert!(host.set_time_zone("Nowhere/Here").is_err());
    assert!(clock::monotonic() < clock::monotonic());
    Ok(())
}
