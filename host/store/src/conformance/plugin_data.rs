//! Plugins' data: values, conditions, copies, and what a draft brings.

use super::*;

const PLUGIN: &str = "p";

fn address(course: &str, content: &str) -> Address {
    Address { course: course.into(), content: content.into() }
}

async fn put(store: &Arc<dyn Store>, place: &DataPlace, namespace: Namespace, key: &str, value: &str) -> Result<u64> {
    store.put_data(PLUGIN, place, namespace, key, value.into(), Condition::Always).await
}

async fn get(store: &Arc<dyn Store>, place: &DataPlace, namespace: Namespace, key: &str) -> Result<Option<String>> {
    let found = store.data(PLUGIN, place, namespace, key, 0).await?;
    Ok(found.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()))
}

pub async fn values((store, _): Pair) -> Result<()> {
    use Namespace::{Definition, UserData};
    let here = DataPlace::Content(address("1", "7"));
    let first = put(&store, &here, Definition, "b", "1").await?;
    put(&store, &here, Definition, "a", &"x".repeat(100_000)).await?;
    put(&store, &here, UserData, "c", "").await?;
    assert_eq!(store.data_keys(PLUGIN, &here, Definition, "", 1, 0).await?, ["a"]);
    assert_eq!(store.data_keys(PLUGIN, &here, Definition, "a", 10, 0).await?, ["b"]);
    assert_eq!(get(&store, &here, Definition, "a").await?.map(|value| value.len()), Some(100_000));
    assert_eq!(get(&store, &here, UserData, "c").await?.as_deref(), Some(""));
    assert_eq!(get(&store, &here, UserData, "b").await?, None);
    assert!(store.data("other", &here, Definition, "b", 0).await?.is_none(), "nobody sees another one's");

    let again = store.put_data(PLUGIN, &here, Definition, "b", b"2".to_vec(), Condition::Unchanged(first)).await?;
    assert!(again > first);
    let stale = store.put_data(PLUGIN, &here, Definition, "b", b"3".to_vec(), Condition::Unchanged(first)).await;
    assert!(is_conflict(&stale, "version"));
    let taken = store.put_data(PLUGIN, &here, Definition, "b", b"3".to_vec(), Condition::Absent).await;
    assert!(is_conflict(&taken, "version"));
    assert!(store.delete_data(PLUGIN, &here, Definition, "b").await?);
    assert!(!store.delete_data(PLUGIN, &here, Definition, "b").await?);

    // A course goes with its contents, a site is nothing's.
    put(&store, &DataPlace::Site, Definition, "s", "s").await?;
    put(&store, &DataPlace::Course("1".into()), Definition, "k", "k").await?;
    let all = [DataPlace::Site, DataPlace::Course("1".into()), here.clone()];
    assert_eq!(store.data_places(PLUGIN, None, 10).await?, all);
    assert_eq!(store.data_places(PLUGIN, Some(&all[1]), 10).await?, all[2..]);
    store.erase_data(PLUGIN, &all[1]).await?;
    assert_eq!(store.data_places(PLUGIN, None, 10).await?, all[..1]);
    Ok(())
}

pub async fn copies((store, _): Pair) -> Result<()> {
    use Namespace::{Definition, UserData};
    let [a, b, c] = ["1", "2", "3"].map(|course| DataPlace::Content(address(course, "7")));
    put(&store, &a, Definition, "title", "old").await?;
    put(&store, &a, UserData, "ada", "answer").await?;
    let at = store.storage_sequence().await?;
    assert!(store.copy_data(PLUGIN, &a, &b, CopyKind::Exact, true).await?);
    assert!(!store.copy_data(PLUGIN, &a, &b, CopyKind::Shallow, true).await?, "something is there");
    assert!(store.copy_data(PLUGIN, &b, &c, CopyKind::Shallow, false).await?);
    put(&store, &a, Definition, "title", "new").await?;
    store.erase_data(PLUGIN, &b).await?;
    for _ in 0..2 {
        assert_eq!(get(&store, &a, Definition, "title").await?.as_deref(), Some("new"));
        assert_eq!(get(&store, &b, Definition, "title").await?, None);
        assert_eq!(get(&store, &c, Definition, "title").await?.as_deref(), Some("old"));
        assert_eq!(get(&store, &c, UserData, "ada").await?, None);
        store.sweep(0).await?;
    }
    let old = store.data(PLUGIN, &a, Definition, "title", at).await?;
    assert_eq!(old.map(|value| value.bytes), Some(b"old".to_vec()), "a copy keeps what it is as of");
    let origin = store.data_origin(PLUGIN, &c).await?.expect("a copy");
    assert_eq!((origin.place, origin.kind, origin.edited), (b, CopyKind::Shallow, false));
    Ok(())
}

/// What is copied with a content is there with it or not at all.
pub async fn of_drafts((store, _): Pair) -> Result<()> {
    use Namespace::Definition;
    let mut d = draft(&store, "first").await?;
    let old = d.add_activity(ActivityFields { local: 2, ..Default::default() }).await?.to_string();
    let course = d.publish().await?.to_string();
    let original = address(&course, &old);
    put(&store, &DataPlace::Content(original.clone()), Definition, "title", "x").await?;
    assert!(store.set_external_id(PLUGIN, "t", &original, "e", Some("")).await?);
    for published in [false, true] {
        let mut d = draft(&store, "second").await?;
        let new = d.add_activity(ActivityFields { local: 3, ..Default::default() }).await?.to_string();
        let copy = address(&d.course().to_string(), &new);
        let told = Happening::ContentCopied {
            kind: CopyKind::Shallow,
            origin: original.clone(),
            external_id: String::new(),
            copy: copy.clone(),
        };
        d.announce(vec![told]).await?;
        let place = DataPlace::Content(copy.clone());
        assert_eq!(get(&store, &place, Definition, "title").await?, None);
        assert!(is_missing(&store.set_external_id(PLUGIN, "t", &copy, "f", None).await, "content"));
        if !published {
            d.discard().await?;
            continue;
        }
        d.publish().await?;
        assert_eq!(get(&store, &place, Definition, "title").await?.as_deref(), Some("x"));
        assert_eq!(store.external_id(PLUGIN, "t", &copy, 0).await?, "e");
        assert_eq!(store.content_history(&copy).await?, [original.clone()]);
        assert!(!store.set_external_id(PLUGIN, "t", &copy, "f", Some("g")).await?);
        assert!(store.set_external_id(PLUGIN, "t", &copy, "f", Some("e")).await?);
        assert_eq!(store.external_id(PLUGIN, "t", &original, 0).await?, "e");
        // An open snapshot keeps what counts for it, whatever is swept meanwhile.
        let snapshot = store.snapshot(course.parse().expect("a number")).await?;
        put(&store, &DataPlace::Content(original.clone()), Definition, "title", "y").await?;
        store.sweep(0).await?;
        let then = snapshot.storage_sequence();
        let found = store.data(PLUGIN, &DataPlace::Content(original.clone()), Definition, "title", then).await?;
        assert_eq!(found.map(|value| value.bytes), Some(b"x".to_vec()));
    }
    Ok(())
}
