use super::*;
use crate::any_json::any_json;
use crate::events::{
    BatchCompleted, ContentCopied, CopyKind, CopySettled, CourseCopyFailed, Custom, GroupCopied, Reregistration,
    StateChange,
};
use crate::legacy::Incoming;
use crate::legacy::tests::{catalogue, event};
use proptest::prelude::*;

#[test]
fn an_envelope() {
    let mut told = event(Happening::ContentCopied(ContentCopied {
        kind: CopyKind::Exact,
        origin: Address { course: "3".into(), content: "10".into() },
        external_id: "ext-5".into(),
        copy: Address { course: "4".into(), content: "20".into() },
    }));
    told.gap_after = Some("g".into());
    assert_eq!(
        print(&told, "tool"),
        json!({
            "specversion": "1.0",
            "id": "0190c0de-0000-7000-8000-000000000001",
            "source": "https://lms.example",
            "type": "org.provost.content.copied.v1",
            "subject": "4/20",
            "time": "2023-11-14T22:13:20Z",
            "datacontenttype": "application/json",
            "sequence": "00000000000000000007",
            "partitionkey": "4",
            "partitionkey2": "3",
            "recordedtime": "2024-07-17T13:24:52.864Z",
            "attempt": 2,
            "deferred": true,
            "phase": "postcommit",
            "replay": false,
            "gapafter": "g",
            "data": {
                "copy": "exact",
                "from": { "course": "3", "content": "10", "externalid": "ext-5" },
                "to": { "course": "4", "content": "20" },
                "snapshot": "self",
                "storageseq": 3,
            },
        })
    );
}

/// In the order of which courses a receiver has to take an event: that of both for a copy (proxy-tool-events.md 11.2).
#[test]
fn courses_whose_order_is_kept() {
    for (what, _) in catalogue() {
        let printed = print(&event(what.clone()), "tool");
        let copied =
            matches!(what, Happening::ContentCopied(_) | Happening::CourseCopied(_) | Happening::GroupCopied(_));
        let (first, second) = if copied { ("4", json!("3")) } else { ("3", Value::Null) };
        assert_eq!((&printed["partitionkey"], &printed["partitionkey2"]), (&json!(first), &second), "{printed}");
    }
    // Within one course there is but one order.
    let within = Happening::GroupCopied(GroupCopied {
        kind: CopyKind::Exact,
        origin_course: "3".into(),
        origin_group: "30".into(),
        course: "3".into(),
        group: "31".into(),
    });
    let printed = print(&event(within), "tool");
    assert_eq!((&printed["partitionkey"], printed.get("partitionkey2")), (&json!("3"), None));
    // What is about the tool itself has none.
    assert!(print(&event(Happening::TargetPing), "tool").get("partitionkey").is_none());
}

/// When it was put down, which may be later than it happened.
#[test]
fn the_time_of_recording() {
    let of = |id: &str| print(&Event { id: id.into(), ..event(Happening::TargetPing) }, "tool")["recordedtime"].clone();
    assert_eq!(of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), "2022-02-22T19:22:22Z");
    // Never recorded: it is told as it happens.
    for id in ["call-1", "", "919108f7-52d1-4320-9bac-f847db4148a8"] {
        assert_eq!(of(id), "2023-11-14T22:13:20Z", "{id}");
    }
}

/// CloudEvents 1.0: names are lower-case letters and digits, at most 20.
#[test]
fn names_and_types_of_all() {
    let more = [
        Happening::CourseCopyFailed(CourseCopyFailed { origin: "3".into(), job: "j".into(), reason: "r".into() }),
        Happening::CourseCopySettled(CopySettled {
            origin: "3".into(),
            copy: "4".into(),
            job: "j".into(),
            contents: 2,
        }),
        Happening::BatchCompleted(BatchCompleted {
            operation: "content-deleted".into(),
            course: "3".into(),
            succeeded: 1,
            failed: 0,
        }),
        Happening::TargetState(StateChange { before: "available".into(), after: "inactive".into() }),
        Happening::TargetRemoved,
        Happening::TargetReregister(Reregistration { password: "p".into(), profile_url: "u".into() }),
        Happening::TargetPing,
    ];
    let mut types = Vec::new();
    for what in catalogue().into_iter().map(|(what, _)| what).chain(more) {
        let printed = print(&event(what), "tool");
        for name in printed.as_object().unwrap().keys() {
            assert!(name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{name}");
        }
        types.push(printed["type"].as_str().unwrap().to_owned());
    }
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), 19);
    assert!(types.contains(&"org.provost.course.copy-failed.v1".to_owned()));
}

#[test]
fn what_is_printed_can_be_read() {
    for (what, _) in catalogue() {
        let printed = print(&event(what), "tool");
        let read = read(printed.to_string().as_bytes(), "uni").unwrap();
        assert_eq!((read.id.as_str(), read.time), ("0190c0de-0000-7000-8000-000000000001", Some(1_700_000_000)));
        let Incoming::Happened(read) = read.what else { panic!("{printed}") };
        let again = print(&event(read), "tool").to_string();
        let mut expected = printed.to_string();
        for id in ["3", "4", "10", "20", "30", "40"] {
            expected = expected.replace(&format!("\"{id}\""), &format!("\"uni:{id}\""));
        }
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(
            (&again["data"]["from"], &again["data"]["to"]),
            (&expected["data"]["from"], &expected["data"]["to"])
        );
        for name in ["copy", "course", "content", "group", "archivedgroup", "backup", "externalid", "cause"] {
            assert_eq!(again["data"][name], expected["data"][name], "{expected} {name}");
        }
    }
}

#[test]
fn events_of_others() {
    let read = |body: Value| read(body.to_string().as_bytes(), "uni");
    let base = || json!({ "specversion": "1.0", "id": "a", "source": "s", "type": "edu.example.x.v1", "subject": "t", "data": { "y": 1 } });
    let own = read(base()).unwrap();
    let Incoming::Happened(Happening::Other(custom)) = own.what else { panic!() };
    assert_eq!(
        (custom.type_.as_str(), custom.subject.as_str(), custom.data.as_str()),
        ("edu.example.x.v1", "t", "{\"y\":1}")
    );
    let with = |name: &str, value: Value| {
        let mut body = base();
        body[name] = value;
        read(body)
    };
    assert!(custom.courses.is_empty());
    // In whose order the sender keeps it.
    let courses = |first: Value, second: Value| {
        let mut body = base();
        body["partitionkey"] = first;
        body["partitionkey2"] = second;
        read(body).map(|read| match read.what {
            Incoming::Happened(Happening::Other(custom)) => custom.courses,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(courses("4".into(), "3".into()), Ok(vec!["uni:4".into(), "uni:3".into()]));
    assert_eq!(courses("4".into(), Value::Null), Ok(vec!["uni:4".into()]));
    assert_eq!(courses("4".into(), "4".into()), Ok(vec!["uni:4".into()]));
    assert_eq!(courses("".into(), "".into()), Ok(vec![]));
    assert_eq!(courses("a\nb".into(), "".into()), Err(NoEnvelope::Attribute("partitionkey")));
    assert_eq!(courses("".into(), "x".repeat(256).into()), Err(NoEnvelope::Attribute("partitionkey2")));
    assert_eq!(with("data_base64", "AA==".into()), Err(NoEnvelope::Attribute("data_base64")));
    assert_eq!(with("subject", "x".repeat(MAX_BYTES).into()), Err(NoEnvelope::TooLarge));
    assert_eq!(with("specversion", "0.3".into()), Err(NoEnvelope::Version));
    assert_eq!(with("time", "yesterday".into()), Err(NoEnvelope::Attribute("time")));
    assert_eq!(with("id", "".into()), Err(NoEnvelope::Attribute("id")));
    assert!(matches!(with("type", "org.provost.content.copied.v2".into()), Err(NoEnvelope::Unknown(_))));
    assert!(matches!(with("type", "org.provost.batch.completed.v1".into()), Err(NoEnvelope::Unknown(_))));
    assert!(matches!(with("type", "org.provost.course.deleted.v1".into()), Err(NoEnvelope::Json(_))));
    assert!(matches!(super::read(b"[]", "uni"), Err(NoEnvelope::Json(_))));
    for to in [json!("on"), json!("removed"), json!("a\nb"), Value::Null] {
        let mut state = base();
        state["type"] = "org.provost.target.state.v1".into();
        state["data"] = json!({ "to": to });
        assert!(matches!(read(state), Err(NoEnvelope::Json(_))), "{to}");
    }
    let mut again = base();
    again["type"] = "org.provost.target.reregister.v1".into();
    again["data"] = json!({ "password": "p", "profileurl": "https://a.example/\nforged line" });
    assert!(matches!(read(again), Err(NoEnvelope::Json(_))));
    let mut copied = base();
    copied["type"] = "org.provost.course.copied.v1".into();
    copied["data"] = json!({ "copy": "deep", "from": { "course": 3 }, "to": { "course": 4 } });
    assert!(matches!(read(copied.clone()), Err(NoEnvelope::Json(_))));
    copied["data"]["copy"] = "shallow".into();
    let Incoming::Happened(Happening::CourseCopied(copied)) = read(copied).unwrap().what else { panic!() };
    assert_eq!((copied.origin.as_str(), copied.copy.as_str()), ("uni:3", "uni:4"));
}

/// What types of the contract say.
const WORDS: &[&str] = &[
    "content.copied",
    "content.deleted",
    "content.exported",
    "course.copied",
    "course.deleted",
    "course.imported",
    "group.copied",
    "group.deleted",
    "group.imported",
    "target.state",
    "target.reregister",
    "target.ping",
];

proptest! {
    #[test]
    fn sequences_are_compared_as_text(a: u64, b: u64) {
        let text = |sequence: u64| {
            let told = Event { sequence, ..event(Happening::TargetPing) };
            print(&told, "t")["sequence"].as_str().unwrap().to_owned()
        };
        prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
    }

    #[test]
    fn nothing_panics(body: Vec<u8>, words in prop::sample::select(WORDS), data in any_json(), attribute in "[a-z]{2,12}", value in any_json()) {
        let _ = read(&body, "uni");
        for attribute in [attribute.as_str(), "time", "subject", "id", "source", "partitionkey"] {
            let mut envelope = json!({
                "specversion": "1.0", "id": "a", "source": "s", "type": format!("{PREFIX}{words}{VERSION}"), "data": data,
            });
            let _ = read(envelope.to_string().as_bytes(), "uni");
            envelope[attribute] = value.clone();
            let _ = read(envelope.to_string().as_bytes(), "uni");
        }
    }

    /// Events of plugins' own, whatever is in them.
    #[test]
    fn what_is_passed_on_stays_what_it_is(
        id in "[ -~]{1,30}",
        subject in "[^\\p{Cc}]{0,20}",
        courses in prop::collection::btree_set("[^\\p{Cc}]{1,10}", 0..3),
        data in any_json(),
        time in 0i64..253_402_300_799,
    ) {
        let custom = |courses: Vec<String>| Happening::Other(Custom {
            type_: "edu.example.x.v1".into(), subject: subject.clone(), courses, data: data.to_string(),
        });
        let told = Event { id: id.clone(), time, ..event(custom(courses.iter().cloned().collect())) };
        let read = read(print(&told, "tool").to_string().as_bytes(), "uni");
        let what = Incoming::Happened(custom(courses.iter().map(|course| format!("uni:{course}")).collect()));
        prop_assert_eq!(read, Ok(Read { id, time: Some(time), what }));
    }

    /// Whatever the things of a copy are called.
    #[test]
    fn what_is_printed_can_be_read_whatever_it_is_called(
        (old, new, content, external) in ("[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}", "\\PC{0,20}"),
        exact: bool,
    ) {
        let what = |site: &str| Happening::ContentCopied(ContentCopied {
            kind: if exact { CopyKind::Exact } else { CopyKind::Shallow },
            origin: Address { course: format!("{site}{old}"), content: format!("{site}{content}") },
            external_id: external.clone(),
            copy: Address { course: format!("{site}{new}"), content: format!("{site}{content}") },
        });
        let read = read(print(&event(what("")), "tool").to_string().as_bytes(), "uni").unwrap();
        prop_assert_eq!(read.what, Incoming::Happened(what("uni:")));
    }
}
