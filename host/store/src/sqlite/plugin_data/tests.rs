//! Against a model that really copies: any history of writes, copies and sweeps reads the same. And the rules of copies.

use super::*;
use crate::StoreOptions;
use crate::sqlite::SqliteStore;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

const PLUGIN: &str = "p";

async fn store() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(dir.path(), &StoreOptions::default()).await.expect("a store");
    (dir, store)
}

fn address(course: &str, content: &str) -> Address {
    Address { course: course.into(), content: content.into() }
}

fn content(course: &str, content: &str) -> DataPlace {
    DataPlace::Content(address(course, content))
}

use Namespace::{Definition, UserData};

impl SqliteStore {
    async fn say(&self, place: &DataPlace, namespace: Namespace, key: &str, value: &str) -> Result<u64> {
        self.put_data(PLUGIN, place, namespace, key, value.into(), Condition::Always).await
    }

    async fn text(&self, place: &DataPlace, namespace: Namespace, key: &str) -> Result<Option<String>> {
        let found = self.data(PLUGIN, place, namespace, key, 0).await?;
        Ok(found.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()))
    }

    async fn happened(&self, what: Happening) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let at = copy_for(&mut tx, None, &what, 0).await?;
        tx.commit().await?;
        Ok(at)
    }

    async fn all_keys(&self, place: &DataPlace, namespace: Namespace, page: u32) -> Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().cloned().unwrap_or_default();
            let more = self.data_keys(PLUGIN, place, namespace, &after, page, 0).await?;
            if more.is_empty() {
                return Ok(keys);
            }
            keys.extend(more);
        }
    }
}

fn content_copied(kind: CopyKind, origin: Address, copy: Address) -> Happening {
    Happening::ContentCopied { kind, origin, external_id: String::new(), copy }
}

fn course_copied(kind: CopyKind, origin: &str, copy: &str) -> Happening {
    Happening::CourseCopied { kind, origin: origin.into(), copy: copy.into(), job: String::new() }
}

#[tokio::test]
async fn values_have_versions() -> Outcome {
    let (_dir, store) = store().await;
    let here = DataPlace::Site;
    let first = store.say(&here, Definition, "a", "1").await?;
    let large = "x".repeat(MAX_VALUE);
    let second =
        store.put_data(PLUGIN, &here, Definition, "a", large.clone().into(), Condition::Unchanged(first)).await?;
    assert!(second > first);
    assert_eq!(store.text(&here, Definition, "a").await?.as_deref(), Some(large.as_str()));
    assert_eq!(store.text(&here, UserData, "a").await?, None);
    assert!(store.data("q", &here, Definition, "a", 0).await?.is_none());
    for condition in [Condition::Absent, Condition::Unchanged(first)] {
        let refused = store.put_data(PLUGIN, &here, Definition, "a", Vec::new(), condition).await;
        assert!(matches!(refused, Err(StoreError::Conflict { kind: "version", .. })), "{refused:?}");
    }
    assert!(store.put_data(PLUGIN, &here, Definition, "a", vec![0; MAX_VALUE + 1], Condition::Always).await.is_err());
    assert!(store.say(&here, Definition, &"k".repeat(MAX_KEY + 1), "").await.is_err());
    assert!(store.delete_data(PLUGIN, &here, Definition, "a").await?);
    assert!(!store.delete_data(PLUGIN, &here, Definition, "a").await?);
    store.put_data(PLUGIN, &here, Definition, "a", Vec::new(), Condition::Absent).await?;
    assert_eq!(store.text(&here, Definition, "a").await?.as_deref(), Some(""));
    Ok(())
}

#[tokio::test]
async fn a_plugin_keeps_as_much_as_it_may() -> Outcome {
    let dir = tempfile::tempdir()?;
    let options = StoreOptions { max_plugin_data: 1000, ..StoreOptions::default() };
    let store = SqliteStore::open(dir.path(), &options).await?;
    for _ in 0..20 {
        store.say(&DataPlace::Site, Definition, "a", &"x".repeat(500)).await?;
    }
    let refused = store.say(&DataPlace::Site, Definition, "b", &"x".repeat(500)).await;
    assert!(matches!(refused, Err(StoreError::QuotaReached { limit: 1000, .. })), "{refused:?}");
    assert_eq!(store.data_bytes(PLUGIN).await?, 501);
    // What a copy shares stays until the copy goes.
    store.copy_data(PLUGIN, &DataPlace::Site, &content("1", "2"), CopyKind::Exact, false).await?;
    store.say(&DataPlace::Site, Definition, "a", "").await?;
    assert_eq!(store.data_bytes(PLUGIN).await?, 502);
    store.erase_data(PLUGIN, &content("1", "2")).await?;
    for _ in 0..2 {
        store.sweep(0).await?;
    }
    assert_eq!(store.data_bytes(PLUGIN).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_copy_is_as_of_its_moment() -> Outcome {
    let (_dir, store) = store().await;
    let [a, b, c] = ["1", "2", "3"].map(|course| content(course, "7"));
    store.say(&a, Definition, "title", "old").await?;
    store.say(&a, UserData, "ada", "answer").await?;
    store.happened(content_copied(CopyKind::Exact, address("1", "7"), address("2", "7"))).await?;
    store.say(&a, Definition, "title", "new").await?;
    // Nobody ever opened the copy, and it is copied on.
    let at = store.happened(content_copied(CopyKind::Shallow, address("2", "7"), address("3", "7"))).await?;
    store.erase_data(PLUGIN, &a).await?;
    store.say(&b, Definition, "title", "edited").await?;
    for _ in 0..2 {
        store.sweep(0).await?;
        assert_eq!(store.text(&a, Definition, "title").await?, None);
        assert_eq!(store.text(&b, Definition, "title").await?.as_deref(), Some("edited"));
        assert_eq!(store.text(&b, UserData, "ada").await?.as_deref(), Some("answer"));
        assert_eq!(store.text(&c, Definition, "title").await?.as_deref(), Some("old"));
        assert_eq!(store.text(&c, UserData, "ada").await?, None);
        assert_eq!(store.all_keys(&c, UserData, 10).await?, Vec::<String>::new());
        let origin = store.data_origin(PLUGIN, &c).await?;
        let expected = DataOrigin { place: b.clone(), kind: CopyKind::Shallow, storage_sequence: at, edited: false };
        assert_eq!(origin, Some(expected));
        assert!(store.data_origin(PLUGIN, &b).await?.is_some_and(|origin| origin.edited));
    }
    assert_eq!(store.content_history(&address("3", "7")).await?, [address("2", "7"), address("1", "7")]);
    // Telling of it again changes nothing.
    store.happened(content_copied(CopyKind::Exact, address("1", "7"), address("2", "7"))).await?;
    assert_eq!(store.text(&b, Definition, "title").await?.as_deref(), Some("edited"));
    assert_eq!(store.data_places(PLUGIN, None, 10).await?, [b, c]);
    Ok(())
}

/// Course data comes with a single content where there is none, and either order of the two events gives the same.
#[tokio::test]
async fn course_data_is_carried() -> Outcome {
    let mut ends = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let (_dir, store) = store().await;
        let (old, new) = (DataPlace::Course("1".into()), DataPlace::Course("2".into()));
        store.say(&old, Definition, "terms", "t").await?;
        store.say(&old, UserData, "ada", "signed").await?;
        store.say(&content("1", "7"), Definition, "title", "x").await?;
        for step in order {
            let what = match step {
                0 => content_copied(CopyKind::Exact, address("1", "7"), address("2", "8")),
                _ => course_copied(CopyKind::Exact, "1", "2"),
            };
            store.happened(what).await?;
            if step == 0 && order[0] == 0 {
                assert_eq!(store.text(&new, Definition, "terms").await?.as_deref(), Some("t"));
                assert_eq!(store.text(&new, UserData, "ada").await?, None);
            }
        }
        ends.push((
            store.text(&new, Definition, "terms").await?,
            store.text(&new, UserData, "ada").await?,
            store.text(&content("2", "8"), Definition, "title").await?,
            store.data_origin(PLUGIN, &new).await?.map(|origin| (origin.place, origin.kind, origin.edited)),
        ));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].1.as_deref(), Some("signed"));
    Ok(())
}

#[tokio::test]
async fn edited_course_data_stays() -> Outcome {
    let (_dir, store) = store().await;
    let (old, new) = (DataPlace::Course("1".into()), DataPlace::Course("2".into()));
    store.say(&old, Definition, "terms", "theirs").await?;
    store.say(&old, Definition, "colour", "red").await?;
    store.say(&content("1", "7"), Definition, "title", "x").await?;
    store.happened(content_copied(CopyKind::Exact, address("1", "7"), address("2", "8"))).await?;
    store.say(&new, Definition, "terms", "ours").await?;
    store.say(&old, Definition, "colour", "blue").await?;
    store.happened(course_copied(CopyKind::Shallow, "1", "2")).await?;
    assert_eq!(store.text(&new, Definition, "terms").await?.as_deref(), Some("ours"));
    assert_eq!(store.text(&new, Definition, "colour").await?.as_deref(), Some("blue"));
    // And what was there before anything was carried is left alone.
    let own = DataPlace::Course("3".into());
    store.say(&own, Definition, "terms", "own").await?;
    store.happened(content_copied(CopyKind::Exact, address("1", "7"), address("3", "9"))).await?;
    store.happened(course_copied(CopyKind::Exact, "1", "3")).await?;
    assert_eq!(store.all_keys(&own, Definition, 10).await?, ["terms"]);
    assert_eq!(store.text(&own, Definition, "terms").await?.as_deref(), Some("own"));
    Ok(())
}

#[tokio::test]
async fn external_ids_go_with_the_content() -> Outcome {
    let (_dir, store) = store().await;
    let origin = crate::api::Origin::default();
    let mut draft = store.draft(crate::conformance::course_named("a"), origin, "{}".into(), None).await?;
    let item = draft.add_activity(ActivityFields { local: 1, ..Default::default() }).await?.to_string();
    let course = draft.publish().await?;
    let here = address(&course.to_string(), &item);
    let missing = store.set_external_id(PLUGIN, "", &address("1", "99"), "e", None).await;
    assert!(matches!(missing, Err(StoreError::NotFound { kind: "content", .. })));
    assert!(store.set_external_id(PLUGIN, "t", &here, "e1", Some("")).await?);
    assert!(!store.set_external_id(PLUGIN, "t", &here, "e2", Some("")).await?);
    assert_eq!(store.external_ids(PLUGIN, "t", course, 0, 10).await?, [(item.parse()?, "e1".to_owned())]);
    let copy = address("b:1", "b:2");
    let at = store.happened(content_copied(CopyKind::Shallow, here.clone(), copy.clone())).await?;
    store.set_external_id(PLUGIN, "t", &here, "e3", None).await?;
    assert_eq!(store.external_id(PLUGIN, "t", &copy, 0).await?, "e1");
    assert_eq!(store.external_id(PLUGIN, "t", &here, at).await?, "e1");
    assert_eq!(store.external_id(PLUGIN, "", &copy, 0).await?, "");
    // Data and external ids are apart.
    store.erase_data(PLUGIN, &DataPlace::Content(copy.clone())).await?;
    assert_eq!(store.external_id(PLUGIN, "t", &copy, 0).await?, "e1");
    Ok(())
}

/// What a draft writes is there with it or not at all, and then as of that moment.
#[tokio::test]
async fn drafts_count_when_published() -> Outcome {
    let (_dir, store) = store().await;
    let origin = crate::api::Origin::default;
    store.say(&content("1", "7"), Definition, "title", "as copied").await?;
    for published in [false, true] {
        let draft = store.begin_draft(crate::conformance::course_named("a"), origin(), "{}".into(), None).await?;
        let change = Some(draft.change);
        let course = draft.course().to_string();
        let (copy, twice) = (content(&course, "8"), content(&course, "9"));
        let mut tx = store.db.write().await?;
        let copied = content_copied(CopyKind::Exact, address("1", "7"), address(&course, "8"));
        copy_for(&mut tx, change, &copied, 0).await?;
        let effects = [
            Effect::Put {
                place: copy.clone(),
                namespace: Definition,
                key: "own".into(),
                value: b"o".to_vec(),
                condition: Condition::Absent,
            },
            Effect::Copy { from: copy.clone(), to: twice.clone(), kind: CopyKind::Exact, if_absent: true },
            Effect::Delete { place: copy.clone(), namespace: Definition, key: "own".into() },
            Effect::SetExternalId {
                target: String::new(),
                content: address(&course, "8"),
                external_id: "e".into(),
                expected: Some(String::new()),
            },
        ];
        for effect in &effects {
            apply(&mut tx, PLUGIN, change, effect).await?;
        }
        tx.commit().await?;
        store.say(&content("1", "7"), Definition, "title", if published { "later" } else { "as copied" }).await?;
        assert_eq!(store.text(&copy, Definition, "title").await?, None);
        assert_eq!(store.external_id(PLUGIN, "", &address(&course, "8"), 0).await?, "");
        assert_eq!(store.content_history(&address(&course, "8")).await?, []);
        let before = store.storage_sequence().await?;
        let draft: Box<dyn Draft> = Box::new(draft);
        if !published {
            draft.discard().await?;
            store.sweep(0).await?;
            assert_eq!(store.text(&copy, Definition, "title").await?, None);
            assert_eq!(store.data_places(PLUGIN, None, 10).await?, [content("1", "7")]);
            continue;
        }
        draft.publish().await?;
        for deleted in [false, true] {
            assert_eq!(store.text(&copy, Definition, "title").await?.as_deref(), Some("as copied"));
            assert_eq!(store.text(&twice, Definition, "title").await?.as_deref(), Some("as copied"));
            assert_eq!(store.text(&twice, Definition, "own").await?.as_deref(), Some("o"));
            assert_eq!(store.text(&copy, Definition, "own").await?, None);
            assert_eq!(store.external_id(PLUGIN, "", &address(&course, "8"), 0).await?, "e");
            assert_eq!(store.content_history(&address(&course, "8")).await?, [address("1", "7")]);
            assert!(store.data(PLUGIN, &copy, Definition, "title", before).await?.is_none());
            if !deleted {
                // The change goes, what it wrote stays until its plugin removes it.
                store.delete_course(course.parse()?).await?;
                store.sweep(0).await?;
                store.sweep(0).await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn backups_outlive_their_courses() -> Outcome {
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::open(dir.path(), &StoreOptions::default()).await?;
    let (here, saved) = (content("1", "7"), DataPlace::Backup("b1".into(), "7".into()));
    store.say(&here, Definition, "title", "x").await?;
    store.copy_data(PLUGIN, &here, &saved, CopyKind::Exact, false).await?;
    store.erase_data(PLUGIN, &DataPlace::Course("1".into())).await?;
    store.sweep(0).await?;
    assert_eq!(store.text(&saved, Definition, "title").await?.as_deref(), Some("x"));
    store.copy_data(PLUGIN, &saved, &content("2", "8"), CopyKind::Shallow, true).await?;
    // A rule of the operator ends them; what was imported stays.
    let mut tx = store.db.write().await?;
    sqlx::query("UPDATE t_data_place SET touched = touched - 86400 * 8").execute(&mut *tx).await?;
    tx.commit().await?;
    drop(store);
    let options = StoreOptions { plugin_backup_days: 7, ..StoreOptions::default() };
    let store = SqliteStore::open(dir.path(), &options).await?;
    store.sweep(0).await?;
    assert_eq!(store.text(&saved, Definition, "title").await?, None);
    assert_eq!(store.text(&content("2", "8"), Definition, "title").await?.as_deref(), Some("x"));
    Ok(())
}

/// One thing that may happen.
#[derive(Debug, Clone)]
enum Step {
    Put(usize, bool, u8, u8),
    Delete(usize, bool, u8),
    Erase(usize),
    Copy(usize, usize, bool, bool),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..6_usize;
    prop_oneof![
        6 => (place.clone(), any::<bool>(), 0..4_u8, any::<u8>()).prop_map(|(p, n, k, v)| Step::Put(p, n, k, v)),
        2 => (place.clone(), any::<bool>(), 0..4_u8).prop_map(|(p, n, k)| Step::Delete(p, n, k)),
        1 => place.clone().prop_map(Step::Erase),
        5 => (place.clone(), place, any::<bool>(), any::<bool>()).prop_map(|(f, t, s, a)| Step::Copy(f, t, s, a)),
        1 => Just(Step::Sweep),
    ]
}

type Model = Vec<BTreeMap<(bool, u8), u8>>;

fn place(number: usize) -> DataPlace {
    match number {
        0 => DataPlace::Site,
        1 | 2 => DataPlace::Course(number.to_string()),
        3 => content("1", "7"),
        4 => content("2", "7"),
        _ => DataPlace::Backup("b".into(), "n".into()),
    }
}

fn names(user: bool) -> Namespace {
    if user { UserData } else { Definition }
}

/// What lies in course 1 goes with it, and so for course 2.
fn emptied(number: usize) -> Vec<usize> {
    match number {
        1 => vec![1, 3],
        2 => vec![2, 4],
        other => vec![other],
    }
}

async fn play(steps: Vec<Step>) -> Result<()> {
    let (_dir, store) = store().await;
    let mut model: Model = vec![BTreeMap::new(); 6];
    for step in steps {
        match step {
            Step::Put(p, user, key, value) => {
                store.say(&place(p), names(user), &key.to_string(), &value.to_string()).await?;
                model[p].insert((user, key), value);
            }
            Step::Delete(p, user, key) => {
                let was = store.delete_data(PLUGIN, &place(p), names(user), &key.to_string()).await?;
                assert_eq!(was, model[p].remove(&(user, key)).is_some());
            }
            Step::Erase(p) => {
                store.erase_data(PLUGIN, &place(p)).await?;
                emptied(p).into_iter().for_each(|p| model[p].clear());
            }
            Step::Copy(from, to, shallow, if_absent) => {
                let kind = if shallow { CopyKind::Shallow } else { CopyKind::Exact };
                let done = store.copy_data(PLUGIN, &place(from), &place(to), kind, if_absent).await?;
                let expected = !if_absent || model[to].is_empty();
                assert_eq!(done, expected, "copy of {from} to {to}");
                if done && from != to {
                    let mut copy = model[from].clone();
                    copy.retain(|(user, _), _| !(shallow && *user));
                    model[to] = copy;
                }
            }
            Step::Sweep => {
                store.sweep(0).await?;
            }
        }
    }
    for swept in [false, true] {
        for (p, expected) in model.iter().enumerate() {
            for user in [false, true] {
                let mut found = Vec::new();
                for key in store.all_keys(&place(p), names(user), 1).await? {
                    found.push((key.clone(), store.text(&place(p), names(user), &key).await?));
                }
                let of = expected.iter().filter(|((of, _), _)| *of == user);
                let expected: Vec<_> = of.map(|((_, k), v)| (k.to_string(), Some(v.to_string()))).collect();
                assert_eq!(found, expected, "place {p}, user data {user}, swept {swept}");
            }
        }
        store.sweep(0).await?;
        store.sweep(0).await?;
    }
    let mut numbered: Vec<DataPlace> = (0..6).filter(|p| !model[*p].is_empty()).map(place).collect();
    numbered.sort();
    assert_eq!(store.data_places(PLUGIN, None, 2).await?, numbered.iter().take(2).cloned().collect::<Vec<_>>());
    // Sweeps leave no more than what somebody reads.
    (0..6).for_each(|p| model[p].clear());
    for p in 0..6 {
        store.erase_data(PLUGIN, &place(p)).await?;
    }
    for _ in 0..6 {
        store.sweep(0).await?;
    }
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM t_data_value) + (SELECT count(*) FROM t_data_base) + (SELECT count(*) FROM t_data_place)",
    )
    .fetch_one(store.db.read())
    .await?;
    assert_eq!((left, store.data_bytes(PLUGIN).await?), (0, 0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn histories_read_as_if_copies_were_copies(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let played = runtime.block_on(play(steps));
        prop_assert!(played.is_ok(), "{played:?}");
    }
}
