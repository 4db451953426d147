use super::*;
use proptest::prelude::*;

/// All events as text with a letter for their kind, neighbouring pieces joined; the bytes seen; and the verdict.
fn scan(chunks: &[&[u8]]) -> (Vec<String>, Vec<u8>, Result<(), XmlError>) {
    let mut events: Vec<Vec<u8>> = Vec::new();
    let mut bytes = Vec::new();
    let mut scanner = Scanner::new();
    let mut verdict = Ok(());
    for chunk in chunks {
        verdict = scanner.feed(chunk, |_, event| {
            bytes.extend_from_slice(event.bytes());
            let (mark, joins) = match event {
                Event::Start { empty: false, .. } => (b's', false),
                Event::Start { empty: true, .. } => (b'x', false),
                Event::End { .. } => (b'e', false),
                Event::Text(_) => (b't', true),
                Event::Cdata(_) => (b'c', true),
                Event::Other(_) => (b'o', true),
            };
            match events.last_mut() {
                Some(last) if joins && last[0] == mark => last.extend_from_slice(event.bytes()),
                _ => events.push([&[mark], event.bytes()].concat()),
            }
            Ok::<(), XmlError>(())
        });
        if verdict.is_err() {
            break;
        }
    }
    if verdict.is_ok() {
        verdict = scanner.finish();
    }
    (events.iter().map(|e| lossy(e)).collect(), bytes, verdict)
}

#[test]
fn a_document_becomes_events() {
    let doc = b"<?xml version=\"1.0\"?>\n<a x=\">\"><b/>t&amp;<![CDATA[<]]]]><!-- <z> --></a>\n";
    let (events, bytes, verdict) = scan(&[doc]);
    assert_eq!(verdict, Ok(()));
    assert_eq!(bytes, doc);
    let expected = [
        "o<?xml version=\"1.0\"?>",
        "t\n",
        "s<a x=\">\">",
        "x<b/>",
        "tt&amp;",
        "c<![CDATA[<]]]]>",
        "o<!-- <z> -->",
        "e</a>",
        "t\n",
    ];
    assert_eq!(events, expected);
}

/// Found while the fuzz targets were written: a tag that came in one piece was taken however long it was.
#[test]
fn a_tag_that_is_too_long_is_refused_in_whatever_pieces_it_comes() {
    for length in [TAG_LIMIT, TAG_LIMIT + 1] {
        let doc = format!("<a b=\"{}\"/>", "n".repeat(length - 9));
        for size in [100_000, TAG_LIMIT, TAG_LIMIT + 1] {
            let chunks: Vec<&[u8]> = doc.as_bytes().chunks(size).collect();
            let verdict = scan(&chunks).2.map_err(|error| error.kind);
            let expected = if length > TAG_LIMIT { Err(XmlErrorKind::TagTooLong) } else { Ok(()) };
            assert_eq!(verdict, expected, "{length} in pieces of {size}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let kind = |doc: &str| scan(&[doc.as_bytes()]).2.unwrap_err();
    let error = kind("<a>\n<b>\n</c></a>");
    assert_eq!(error.line, 3);
    assert_eq!(error.offset, 8);
    assert_eq!(error.to_string(), "</c> where </b> was due, at line 3 (byte 8)");
    assert_eq!(kind("<!DOCTYPE a><a/>").kind, XmlErrorKind::DocumentType);
    assert_eq!(kind("<a><b></b>").kind, XmlErrorKind::Unclosed("a".into()));
    assert_eq!(kind("<a/></b>").kind, XmlErrorKind::Unopened("b".into()));
    assert_eq!(kind("<a/><b/>").kind, XmlErrorKind::SecondRoot("b".into()));
    assert_eq!(kind("x<a/>").kind, XmlErrorKind::Stray);
    assert_eq!(kind("<a").kind, XmlErrorKind::Truncated);
    assert_eq!(kind("<a><![CDATA[").kind, XmlErrorKind::Truncated);
    assert_eq!(kind("").kind, XmlErrorKind::Empty);
    assert_eq!(kind("<>").kind, XmlErrorKind::Name);
    assert_eq!(kind("</>").kind, XmlErrorKind::Unopened(String::new()));
    assert_eq!(kind(&"<a>".repeat(300)).kind, XmlErrorKind::Depth(256));
}

proptest! {
    #[test]
    fn any_pieces_give_the_same_events(doc in "(<a>|</a>|<b x='1>'/>|<c>|</c>| |é|&amp;|<!-- -|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|\\?>|\n){0,25}", cuts in proptest::collection::vec(1usize..7, 1..40)) {
        let doc = format!("<r>{doc}</r>").into_bytes();
        let (events, bytes, verdict) = scan(&[&doc]);
        prop_assert!(doc.starts_with(&bytes));
        if verdict.is_ok() {
            prop_assert_eq!(&bytes, &doc);
        }
        let mut chunks = Vec::new();
        let mut rest: &[u8] = &doc;
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (one, more) = rest.split_at((*cut).min(rest.len()));
            chunks.push(one);
            rest = more;
        }
        let (events2, _, verdict2) = scan(&chunks);
        prop_assert_eq!(verdict.is_ok(), verdict2.is_ok());
        if verdict.is_ok() {
            prop_assert_eq!(events, events2);
        }
    }

    #[test]
    fn any_bytes_are_taken(doc in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_, bytes, _) = scan(&[&doc]);
        prop_assert!(doc.starts_with(&bytes));
    }
}
