use super::*;
use crate::Error;
use proptest::prelude::*;

fn history(ids: &[&str]) -> IdHistory {
    IdHistory(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn unknown_is_not_empty() {
    for unknown in ["", "  ", "$ResourceLink.id.history", "$Context.id.history", " $X", ",", ", ,"] {
        assert_eq!(IdHistory::parse(unknown), None, "{unknown:?}");
    }
}

#[test]
fn ids_are_decoded() {
    let read = |text: &str| IdHistory::parse(text).map(|h| h.0).unwrap_or_default();
    assert_eq!(read("a"), ["a"]);
    assert_eq!(read(" b , a ,, "), ["b", "a"]);
    assert_eq!(read("a%2Cb,c%20d,e+f,%C3%A9"), ["a,b", "c d", "e f", "é"]);
    assert_eq!(read("100%,%zz,%ff"), ["100%", "%zz", "%ff"], "what is not encoded well stands as it is");
    assert_eq!(read("a,$b"), ["a", "$b"], "only a whole text that begins with $ is unknown");
    assert_eq!(read(&"x,".repeat(5_000)).len(), MAX_READ);
}

#[test]
fn a_copy_s_history_begins_with_the_original() {
    let first = IdHistory::default().copied("a");
    assert_eq!(first, history(&["a"]));
    assert_eq!(first.copied("b").copied("c").to_string(), "c,b,a");
    assert_eq!(IdHistory::default().copied("").to_string(), "");
}

#[test]
fn the_oldest_is_cut_first() {
    let many = (0..60).fold(IdHistory::default(), |h, id| h.copied(&id.to_string()));
    assert_eq!((many.ids().len(), many.ids()[0].as_str(), many.ids()[49].as_str()), (50, "59", "10"));
    // 40 ids of 255 characters are more than 4 KiB.
    let long = (0..40).fold(IdHistory::default(), |h, id| h.copied(&format!("{id:0255}")));
    assert_eq!(long.ids().len(), MAX_BYTES / 256);
    assert!(long.ids()[0].ends_with("39") && long.to_string().len() <= MAX_BYTES);
    // One that alone is too long leaves nothing.
    assert!(IdHistory::default().copied("a").copied(&"b".repeat(MAX_BYTES + 1)).is_empty());
}

#[test]
fn the_whole_list_is_walked() {
    let list = history(&["never opened", "known", "known too"]);
    let mut asked = Vec::new();
    let found = list.find(|id| {
        asked.push(id.to_owned());
        Ok(id.starts_with("known").then(|| id.to_owned()))
    });
    assert_eq!(found, Ok(Some("known".to_owned())));
    assert_eq!(asked, ["never opened", "known"]);
    assert_eq!(list.find(|_| Ok(None::<()>)), Ok(None));
    assert!(list.find(|_| Err::<Option<()>, _>(Error::failed("no"))).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read(ids in prop::collection::vec(".{1,80}", 1..80)) {
        let written: IdHistory = ids.iter().cloned().collect();
        let text = written.to_string();
        prop_assert!(text.is_ascii() && text.len() <= MAX_BYTES && written.ids().len() <= MAX_IDS);
        prop_assert_eq!(&written.0[..], &ids[..written.0.len()], "the most recent ones stay");
        prop_assert_eq!(IdHistory::parse(&text).unwrap_or_default(), written);
    }

    #[test]
    fn no_more_is_cut_than_must_be(ids in prop::collection::vec("[a-z]{1,300}", 1..80)) {
        let kept: IdHistory = ids.iter().cloned().collect();
        if kept.0.len() < ids.len().min(MAX_IDS) {
            let next = &ids[kept.0.len()];
            prop_assert!(kept.to_string().len() + usize::from(!kept.is_empty()) + next.len() > MAX_BYTES);
        }
    }

    #[test]
    fn any_text_is_read(text in ".{0,300}") {
        if let Some(read) = IdHistory::parse(&text) {
            prop_assert!(!read.is_empty() && read.ids().iter().all(|id| !id.is_empty()));
        }
    }

    #[test]
    fn copies_of_copies_keep_the_order(ids in prop::collection::vec("[a-z0-9:/,]{1,20}", 1..120)) {
        let copied = ids.iter().fold(IdHistory::default(), |h, id| h.copied(id));
        let expected: IdHistory = ids.iter().rev().cloned().collect();
        prop_assert_eq!(copied, expected);
    }
}
