use super::*;
use crate::events::{Custom, Phase, Reregistration, StateChange};
use proptest::prelude::*;

fn address(course: &str, content: &str) -> Address {
    Address { course: course.into(), content: content.into() }
}

pub(crate) fn event(what: Happening) -> Event {
    Event {
        id: "0190c0de-0000-7000-8000-000000000001".into(),
        source: "https://lms.example".into(),
        time: 1_700_000_000,
        sequence: 7,
        what,
        storage_sequence: 3,
        phase: Phase::PostCommit,
        attempt: 2,
        deferred: true,
        replay: false,
        gap_after: None,
    }
}

const GENERIC: Generic<'_> =
    Generic { guid: "g-77", base_url: "https://lms.example", locale: "en", timestamp: 1_700_000_050_000, nonce: "n1" };

fn sent(what: Happening) -> String {
    let arguments = arguments(&event(what), &GENERIC).unwrap();
    let own = arguments.iter().take_while(|(name, _)| name != "ourguid");
    own.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Every event of the wire, with its arguments beyond the generic ones.
pub(crate) fn catalogue() -> Vec<(Happening, &'static str)> {
    use CopyKind::{Exact, Shallow};
    let archived = || ContentArchived {
        kind: Shallow,
        content: address("3", "10"),
        external_id: String::new(),
        backup: "b1".into(),
    };
    let course = || CourseArchived { kind: Exact, course: "3".into(), backup: "b1".into(), job: String::new() };
    vec![
        (
            Happening::ContentCopied(ContentCopied {
                kind: Exact,
                origin: address("3", "10"),
                external_id: "ext-5".into(),
                copy: address("4", "20"),
            }),
            "type=exact&oldId=10&newId=20&oldCourseId=3&newCourseId=4&external_content_id=ext-5",
        ),
        (
            Happening::ContentDeleted(ContentDeleted {
                content: address("3", "10"),
                external_id: "ext-5".into(),
                cause: DeletionCause::Delete,
            }),
            "content_id=10&course_id=3&external_content_id=ext-5",
        ),
        (Happening::ContentExported(archived()), "type=shallow&content_id=10&course_id=3&backup_id=b1"),
        (Happening::ContentImported(archived()), "type=shallow&content_id=10&course_id=3&backup_id=b1"),
        (
            Happening::CourseCopied(CourseCopied {
                kind: Shallow,
                origin: "3".into(),
                copy: "4".into(),
                job: String::new(),
            }),
            "type=shallow&oldCourseId=3&newCourseId=4",
        ),
        (Happening::CourseExported(course()), "type=exact&course_id=3&backup_id=b1"),
        (Happening::CourseImported(course()), "type=exact&course_id=3&backup_id=b1"),
        (Happening::CourseDeleted("3".into()), "course_id=3"),
        (
            Happening::GroupCopied(GroupCopied {
                kind: Exact,
                origin_course: "3".into(),
                origin_group: "30".into(),
                course: "4".into(),
                group: "40".into(),
            }),
            "type=exact&oldCourseId=3&newCourseId=4&oldId=30&newId=40",
        ),
        (
            Happening::GroupExported(GroupArchived {
                kind: Exact,
                course: "3".into(),
                group: "30".into(),
                archived_group: "30".into(),
                backup: "b1".into(),
            }),
            "type=exact&course_id=3&backup_id=b1&group_id=30",
        ),
        (
            Happening::GroupImported(GroupArchived {
                kind: Exact,
                course: "3".into(),
                group: "40".into(),
                archived_group: "30".into(),
                backup: "b1".into(),
            }),
            "type=exact&course_id=3&backup_id=b1&old_group_id=30&new_group_id=40",
        ),
        (Happening::GroupDeleted(GroupDeleted { course: "3".into(), group: "30".into() }), "course_id=3&group_id=30"),
    ]
}

#[test]
fn arguments_of_the_catalogue() {
    for (what, expected) in catalogue() {
        assert_eq!(sent(what.clone()), expected, "{what:?}");
    }
    let state =
        |after: &str| sent(Happening::TargetState(StateChange { before: "available".into(), after: after.into() }));
    assert_eq!((state("available"), state("inactive")), ("state=available".into(), "state=inactive".into()));
    assert_eq!((state("unavailable"), state("quarantined")), ("state=unavailable".into(), "state=unavailable".into()));
    let again = Reregistration { password: "p".into(), profile_url: "https://lms.example/p".into() };
    assert_eq!(sent(Happening::TargetReregister(again)), "regpass=p&tcprofileurl=https://lms.example/p");
    assert_eq!((sent(Happening::TargetRemoved), sent(Happening::TargetPing)), (String::new(), String::new()));
    let own = Custom { type_: "edu.example.x.v1".into(), subject: String::new(), courses: vec![], data: "{}".into() };
    assert_eq!(arguments(&event(Happening::Other(own)), &GENERIC), None);
    let named: Vec<_> = catalogue().iter().filter_map(|(what, _)| name(what)).collect();
    assert!(named.iter().all(|name| EVENTS.contains(name)) && named.len() + 4 == EVENTS.len());
}

#[test]
fn arguments_that_say_what_happened() {
    for (what, _) in catalogue() {
        let arguments = arguments(&event(what), &GENERIC).unwrap();
        let own = arguments.iter().take_while(|(name, _)| name != "ourguid");
        assert!(own.clone().count() > 0 && own.clone().all(|(name, _)| says_what_happened(name)), "{arguments:?}");
    }
    assert!(says_what_happened("courseId") && says_what_happened("external_content_id"));
    assert!(!says_what_happened("ourguid") && !says_what_happened("locale"));
}

#[test]
fn generic_arguments_and_no_user() {
    let mut told = event(Happening::TargetPing);
    told.gap_after = Some("g".into());
    let names = |generic: &Generic<'_>| encode(&arguments(&told, generic).unwrap());
    assert_eq!(
        names(&GENERIC),
        "ourguid=g-77&tcbaseurl=https%3A%2F%2Flms.example&locale=en&direction=ltr&timestamp=1700000050000&nonce=n1\
         &event_id=0190c0de-0000-7000-8000-000000000001&occurred_at=1700000000000&deferred=true&gapafter=g"
    );
    assert!(names(&Generic { locale: "ar_EG", ..GENERIC }).contains("&direction=rtl&"));
    for (what, _) in catalogue() {
        let arguments = arguments(&event(what), &GENERIC).unwrap();
        assert!(!arguments.iter().any(|(name, _)| matches!(name.as_str(), "ticket" | "user_id" | "role")));
    }
}

/// What a site of this wire sends means the same here, with its things named as its own.
#[test]
fn what_is_sent_can_be_read() {
    for (what, _) in catalogue() {
        let action = name(&what).unwrap();
        let arguments = arguments(&event(what.clone()), &GENERIC).unwrap();
        let Ok(Incoming::Happened(read)) = read(action, &arguments, "uni") else { panic!("{action}") };
        let mut own = self::arguments(&event(read), &GENERIC).unwrap();
        for (name, value) in &mut own {
            if name.ends_with("Id") || name.ends_with("_id") && !matches!(name.as_str(), "backup_id" | "event_id") {
                *value = value.strip_prefix("uni:").unwrap_or(value).to_owned();
            }
        }
        assert_eq!(own, arguments, "{action}");
        assert!(encode(&self::arguments(&event(what), &GENERIC).unwrap()) == encode(&arguments));
    }
}

#[test]
fn what_sites_send() {
    let read = |action: &str, form: &str| read(action, &decode(form.as_bytes()), "uni");
    let copied = read("course-copied", "type=exact&oldCourseId=_3_1&newCourseId=_4_1");
    let Ok(Incoming::Happened(Happening::CourseCopied(copied))) = copied else { panic!("{copied:?}") };
    assert_eq!((copied.origin.as_str(), copied.copy.as_str()), ("uni:_3_1", "uni:_4_1"));
    // The other spelling.
    assert!(read("course-copied", "type=exact&old_course_id=3&new_course_id=4").is_ok());
    assert!(read("course-deleted", "courseId=3").is_ok());
    assert_eq!(read("ping", ""), Ok(Incoming::Ping));
    assert_eq!(read("remove", ""), Ok(Incoming::Removed));
    assert_eq!(read("state-change", "state=unregistered"), Ok(Incoming::Removed));
    assert_eq!(read("state-change", "state=inactive"), Ok(Incoming::State("inactive".into())));

    assert_eq!(read("state-change", "state=on"), Err(NoEvent::Argument("state")));
    assert_eq!(read("content-moved", ""), Err(NoEvent::Unknown("content-moved".into())));
    assert_eq!(read("course-deleted", ""), Err(NoEvent::Argument("course_id")));
    assert_eq!(read("course-deleted", "course_id="), Err(NoEvent::Argument("course_id")));
    assert_eq!(read("course-deleted", "course_id=3&courseId=4"), Err(NoEvent::Argument("course_id")));
    assert_eq!(read("course-deleted", "course_id=%00"), Err(NoEvent::Argument("course_id")));
    for kind in ["", "deep", "EXACT"] {
        let form = format!("type={kind}&oldCourseId=3&newCourseId=4");
        assert_eq!(read("course-copied", &form), Err(NoEvent::Argument("type")));
    }
    assert_eq!(read("course-copied", "oldCourseId=3&newCourseId=4"), Err(NoEvent::Argument("type")));
}

proptest! {
    #[test]
    fn forms_are_read_as_they_were_printed(arguments in proptest::collection::vec(("[a-z_é&= +%]{1,6}", "[ -~é\n]{0,9}"), 0..8)) {
        prop_assert_eq!(decode(encode(&arguments).as_bytes()), arguments);
    }

    /// Whatever ids are called.
    #[test]
    fn what_is_sent_can_be_read_whatever_it_is_called(
        (course, content, external, copy) in ("[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{1,20}", "[^\\p{Cc}]{0,20}", "[^\\p{Cc}]{1,20}"),
        exact: bool,
    ) {
        let what = |site: &str| Happening::ContentCopied(ContentCopied {
            kind: if exact { CopyKind::Exact } else { CopyKind::Shallow },
            origin: address(&format!("{site}{course}"), &format!("{site}{content}")),
            external_id: external.clone(),
            copy: address(&format!("{site}{course}"), &format!("{site}{copy}")),
        });
        let form = encode(&arguments(&event(what("")), &GENERIC).unwrap());
        prop_assert_eq!(read("content-copied", &decode(form.as_bytes()), "uni"), Ok(Incoming::Happened(what("uni:"))));
    }

    #[test]
    fn nothing_panics(action in prop::sample::select(EVENTS), form: Vec<u8>) {
        let _ = read(action, &decode(&form), "uni");
    }
}
