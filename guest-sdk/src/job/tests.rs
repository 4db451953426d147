//! Jobs as the host runs them.

use super::{JobContext, JobRunner, Jobs, run, wire};
use crate::{Caller, Error, ErrorKind, Result};

struct Worker;

#[derive(serde::Deserialize)]
struct Work {
    hours: u32,
}

fn work(context: &JobContext, work: Work) -> Result<u32> {
    if work.hours > 8 {
        return Err(Error::refused("overtime", "too long"));
    }
    Ok(work.hours * context.attempt)
}

impl JobRunner for Worker {
    fn jobs() -> Jobs {
        Jobs::new().on("work", work).on("rest", |context: &JobContext, ()| Ok(context.caller.username.clone()))
    }
}

fn start(kind: &str, payload: &str) -> Result<String> {
    let caller = Caller { person: 7, username: "ada".into(), site_admin: false };
    run::<Worker>(wire::JobContext { id: "1".into(), kind: kind.into(), payload: payload.into(), attempt: 2, caller })
}

#[test]
fn each_kind_has_its_runner() {
    assert_eq!(start("work", r#"{"hours":4}"#), Ok("8".into()));
    assert_eq!(start("rest", "null"), Ok(r#""ada""#.into()));
    assert_eq!(start("work", r#"{"hours":9}"#), Err(Error::refused("overtime", "too long")));
}

#[test]
fn a_payload_that_does_not_fit_is_invalid() {
    let error = start("work", "{}").expect_err("no hours");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("payload of work"), "{error:?}");
}

#[test]
fn an_unknown_kind_is_not_found() {
    let error = start("play", "null").expect_err("no such kind");
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::NotFound, "job kind"));
}
