//! Reading and writing histories.

use super::*;
use proptest::prelude::*;

#[test]
fn unknown_is_not_empty() {
    for unknown in ["", "  ", "$ResourceLink.id.history", "$Context.id.history"] {
        assert_eq!(parse(unknown), None);
    }
    assert_eq!(parse("a%2Cb, c%20d,,%E6%97%A5"), Some(vec!["a,b".into(), "c d".into(), "日".into()]));
    // An escape that is none stays as it is.
    assert_eq!(parse("50%,x"), Some(vec!["50%".into(), "x".into()]));
}

#[test]
fn the_oldest_are_left_out() {
    let ids: Vec<String> = (0..80).map(|n| format!("id{n}")).collect();
    let kept = parse(&produce(&ids)).unwrap_or_default();
    assert_eq!(kept, ids[..MAX_ENTRIES]);
    let wide: Vec<String> = (0..30).map(|n| format!("{n}-{}", "/".repeat(100))).collect();
    let history = produce(&wide);
    let kept = parse(&history).unwrap_or_default();
    assert!(history.len() <= MAX_BYTES && !kept.is_empty() && kept.len() < 30);
    assert_eq!(kept, wide[..kept.len()]);
    assert_eq!(descend("b,c", "a"), "a,b,c");
    assert_eq!(descend("$ResourceLink.id.history", "a"), "a");
}

/// The first entry is a copy that was never opened (acceptance check 19).
#[test]
fn acceptance_19_an_unknown_first_entry_and_a_known_second_one() -> Result<()> {
    let mut asked = Vec::new();
    let found = resolve("never%2Fopened,known,older", |id| {
        asked.push(id.to_owned());
        Ok((id == "known").then(|| "data of known"))
    })?;
    assert_eq!((found, asked), (Some("data of known"), vec!["never/opened".to_owned(), "known".to_owned()]));
    assert_eq!(resolve("a,b", |_| Ok(None::<()>))?, None);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read(ids in proptest::collection::vec("[ -~]{1,60}", 1..60)) {
        let history = produce(&ids);
        prop_assert!(history.len() <= MAX_BYTES);
        let read = parse(&history).unwrap_or_default();
        prop_assert!(read.len() <= MAX_ENTRIES);
        prop_assert_eq!(&read[..], &ids[..read.len()]);
        // Nothing was left out that had room.
        if read.len() < ids.len().min(MAX_ENTRIES) {
            prop_assert!(history.len() + 1 + 3 * ids[read.len()].len() > MAX_BYTES);
        }
        prop_assert_eq!(produce(&read), history);
    }

    #[test]
    fn anything_can_be_read(history in "\\PC{0,200}") {
        let ids = parse(&history).unwrap_or_default();
        let _ = produce(ids);
    }
}
