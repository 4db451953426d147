use super::*;
use crate::events::{BatchCompleted, CopySettled, CourseCopyFailed, Reregistration, StateChange};
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
    assert_eq!(with("specversion", "0.3".into()), Err(NoEnvelope::Version));
    assert_eq!(with("time", "yesterday".into()), Err(NoEnvelope::Attribute("time")));
    assert_eq!(with("id", "".into()), Err(NoEnvelope::Attribute("id")));
    assert!(matches!(with("type", "org.provost.content.copied.v2".into()), Err(NoEnvelope::Unknown(_))));
    assert!(matches!(with("type", "org.provost.batch.completed.v1".into()), Err(NoEnvelope::Unknown(_))));
    assert!(matches!(with("type", "org.provost.course.deleted.v1".into()), Err(NoEnvelope::Json(_))));
    assert!(matches!(super::read(b"[]", "uni"), Err(NoEnvelope::Json(_))));
    let mut copied = base();
    copied["type"] = "org.provost.course.copied.v1".into();
    copied["data"] = json!({ "copy": "deep", "from": { "course": 3 }, "to": { "course": 4 } });
    assert!(matches!(read(copied.clone()), Err(NoEnvelope::Json(_))));
    copied["data"]["copy"] = "shallow".into();
    let Incoming::Happened(Happening::CourseCopied(copied)) = read(copied).unwrap().what else { panic!() };
    assert_eq!((copied.origin.as_str(), copied.copy.as_str()), ("uni:3", "uni:4"));
}

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
    fn nothing_panics(body: Vec<u8>) {
        let _ = read(&body, "uni");
    }
}
