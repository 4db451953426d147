//! Reads see what was written before them, and nothing is left of what is thrown away.

use super::*;
use provost_store::api::{Condition, Event};

fn content(course: &str, content: &str) -> DataPlace {
    DataPlace::Content(Address { course: course.into(), content: content.into() })
}

fn put(place: &DataPlace, namespace: Namespace, key: &str, value: &str) -> Effect {
    let (place, key, value) = (place.clone(), key.to_owned(), value.as_bytes().to_vec());
    Effect::Put { place, namespace, key, value, condition: Condition::Always }
}

fn text(found: Result<Buffered, Below>) -> Result<Option<String>, Below> {
    found.map(|b| b.value.map(|v| String::from_utf8_lossy(&v).into_owned()))
}

use Namespace::{Definition, UserData};

#[test]
fn the_last_word_counts() {
    let mut buffer = Buffer::default();
    let here = content("1", "2");
    let first = buffer.push(put(&here, Definition, "a", "1")).unwrap_or_default();
    let second = buffer.push(put(&here, Definition, "a", "2")).unwrap_or_default();
    assert!(second > first);
    assert_eq!(text(buffer.key(&here, Definition, "a")), Ok(Some("2".into())));
    assert_eq!(text(buffer.key(&here, UserData, "a")), Err(Below::Stored(here.clone(), 0)));
    buffer.push_unbounded(Effect::Delete { place: here.clone(), namespace: Definition, key: "a".into() });
    assert_eq!(text(buffer.key(&here, Definition, "a")), Ok(None));
    buffer.push_unbounded(Effect::Erase(DataPlace::Course("1".into())));
    assert_eq!(text(buffer.key(&here, Definition, "a")), Err(Below::Nothing));
    assert_eq!(text(buffer.key(&content("2", "2"), Definition, "a")), Err(Below::Stored(content("2", "2"), 0)));
}

#[test]
fn copies_are_seen_through() {
    let mut buffer = Buffer::default();
    let (old, new) = (content("1", "2"), content("3", "4"));
    buffer.push_unbounded(put(&old, Definition, "a", "old"));
    buffer.push_unbounded(put(&old, UserData, "u", "person"));
    buffer.push_unbounded(Effect::Copy {
        from: old.clone(),
        to: new.clone(),
        kind: CopyKind::Shallow,
        if_absent: false,
    });
    buffer.push_unbounded(put(&old, Definition, "a", "newer"));
    assert_eq!(text(buffer.key(&new, Definition, "a")), Ok(Some("old".into())));
    assert_eq!(text(buffer.key(&new, UserData, "u")), Err(Below::Nothing));
    assert_eq!(text(buffer.key(&new, Definition, "b")), Err(Below::Stored(old.clone(), 0)));
    assert_eq!(buffer.origin(&new), Ok(Some((old.clone(), CopyKind::Shallow, 0, false))));
    buffer.push_unbounded(put(&new, Definition, "b", "own"));
    assert_eq!(buffer.origin(&new), Ok(Some((old, CopyKind::Shallow, 0, true))));
}

#[test]
fn a_delivery_begins_with_the_copy_it_tells_of() {
    let mut buffer = Buffer::default();
    let address = |course: &str, content: &str| Address { course: course.into(), content: content.into() };
    let delivery = Delivery {
        target: String::new(),
        event: Event {
            id: "e".into(),
            source: String::new(),
            time: 0,
            sequence: 0,
            what: Happening::ContentCopied {
                kind: CopyKind::Exact,
                origin: address("1", "2"),
                external_id: String::new(),
                copy: address("3", "4"),
            },
            storage_sequence: 9,
            hops: 0,
        },
        hidden: Some(crate::Hidden::default()),
        attempt: 1,
        deferred: false,
        replay: false,
        gap_after: None,
    };
    let mark = buffer.begin(&delivery);
    let new = content("3", "4");
    assert_eq!(text(buffer.key(&new, UserData, "u")), Err(Below::Stored(content("1", "2"), 9)));
    buffer.push_unbounded(put(&new, UserData, "u", "x"));
    assert_eq!(buffer.since(mark).len(), 1);
    buffer.forget(mark);
    assert_eq!(buffer.since(mark), []);
    assert_eq!(text(buffer.key(&new, UserData, "u")), Err(Below::Stored(content("1", "2"), 9)));
}

#[test]
fn there_is_an_end_to_it() {
    let mut buffer = Buffer::default();
    let here = DataPlace::Site;
    let large = "x".repeat(MAX_BYTES);
    assert!(buffer.push(put(&here, Definition, "a", &large)).is_ok());
    assert_eq!(buffer.push(put(&here, Definition, "b", "x")), Err(Full));
}
