//! Blobs, file areas, plugin rows.

use super::*;
use futures::TryStreamExt;
use std::io::{Read, Write};

pub async fn blobs((_, blobs): Pair) -> Result<()> {
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let first = blobs.put(bytes.clone().into()).await?;
    let mut w = blobs.writer().await?;
    for chunk in bytes.chunks(33_333) {
        w.write(chunk.to_vec().into()).await?;
    }
    assert_eq!(w.finish().await?, first);
    let w = blobs.blocking_writer().await?;
    let copy = bytes.clone();
    let third = tokio::task::spawn_blocking(move || {
        let mut w = w;
        w.write_all(&copy).expect("spooled");
        w.finish()
    });
    assert_eq!(third.await.expect("no panic")?, first);
    let known = blobs.put("abc".into()).await?;
    assert_eq!(known, BlobRef { sha1: "a9993e364706816aba3e25717850c26c9cd0d89d".into(), size: 3 });
    let empty = blobs.put(Default::default()).await?;
    assert!(blobs.read(&empty.sha1, 0, 10).await?.is_empty());

    let sha1 = &first.sha1;
    assert_eq!(blobs.size(sha1).await?, Some(700_000));
    assert_eq!(&blobs.read(sha1, 300_000, 100).await?[..], &bytes[300_000..300_100]);
    assert_eq!(&blobs.read(sha1, 699_990, 100).await?[..], &bytes[699_990..]);
    assert!(blobs.read(sha1, 700_000, 100).await?.is_empty());
    assert!(blobs.read(sha1, u64::MAX / 4, 100).await?.is_empty());
    for range in [0..700_000_u64, 5..400_000, 699_999..u64::MAX, 9..9] {
        let stream = blobs.stream(sha1, range.clone()).await?;
        let read: Vec<u8> = stream
            .try_fold(Vec::new(), async |mut all, b| {
                all.extend_from_slice(&b);
                Ok(all)
            })
            .await?;
        assert!(read == bytes[range.start as usize..range.end.min(700_000) as usize]);
    }
    let (mut reader, size) = blobs.open_reader(sha1).await?;
    let mut read = Vec::new();
    reader.read_to_end(&mut read).expect("readable");
    assert!(read == bytes && size == 700_000);
    assert_eq!(blobs.open_file(sha1).await?.metadata().expect("a file").len(), 700_000);

    let absent = "0".repeat(40);
    assert_eq!(blobs.size(&absent).await?, None);
    for name in [absent.as_str(), "../../etc/passwd", ""] {
        assert!(is_missing(&blobs.read(name, 0, 1).await, "blob"));
        assert!(is_missing(&blobs.open_file(name).await, "blob"));
        assert!(is_missing(&blobs.stream(name, 0..1).await.map(drop), "blob"));
    }
    let mut dropped = blobs.writer().await?;
    dropped.write(vec![1; 600_000].into()).await?;
    drop(dropped);
    Ok(())
}

pub async fn files((store, blobs): Pair) -> Result<()> {
    let blob = blobs.put("one".into()).await?;
    let context = store.person_context(2).await?;
    let new = |name: &str, blob: &BlobRef| NewAreaFile {
        context,
        component: "backup".into(),
        area: "course".into(),
        item: 3,
        path: "/".into(),
        name: name.into(),
        blob: blob.clone(),
        mimetype: "text/plain".into(),
        person: 2,
    };
    let absent = BlobRef { sha1: "0".repeat(40), size: 1 };
    assert!(is_missing(&store.put_area_file(new("x", &absent), OnTaken::Refuse, None).await, "blob"));
    let nowhere = NewAreaFile { context: 4711, ..new("x", &blob) };
    assert!(is_missing(&store.put_area_file(nowhere, OnTaken::Refuse, None).await, "context"));
    let a = store.put_area_file(new("a.mbz", &blob), OnTaken::Refuse, None).await?;
    assert!(is_conflict(&store.put_area_file(new("a.mbz", &blob), OnTaken::Refuse, None).await, "file"));
    assert_eq!(store.put_area_file(new("a.mbz", &blob), OnTaken::AddSuffix, None).await?.name, "a_2.mbz");
    assert_eq!(store.put_area_file(new("a.mbz", &blob), OnTaken::AddSuffix, None).await?.name, "a_3.mbz");
    let two = blobs.put("two".into()).await?;
    let replaced = store.put_area_file(new("a.mbz", &two), OnTaken::Replace, None).await?;
    assert_eq!(replaced.blob, two);
    assert!(is_missing(&store.area_file(a.id).await, "file"));
    let names: Vec<String> =
        store.area_files(context, "backup", "course", 3).await?.into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["a_2.mbz", "a_3.mbz", "a.mbz"]);
    let found = store.find_area_file(context, "backup", "course", 3, "/", "a.mbz").await?;
    assert_eq!(found, Some(replaced.clone()));
    store.delete_area_file(replaced.id, None).await?;
    assert!(is_missing(&store.delete_area_file(replaced.id, None).await, "file"));
    assert!(store.area_files(context, "backup", "course", 4).await?.is_empty());
    assert_ne!(store.new_item_id().await?, store.new_item_id().await?);
    let context = store.person_context(2).await?;
    assert_eq!(store.person_context(2).await?, context);
    assert!(is_missing(&store.person_context(999).await, "person"));
    assert_eq!(
        store.sweep(0).await?.blobs,
        1,
        "the replaced content stays young no longer, that of the others is used"
    );
    Ok(())
}

pub async fn plugins((store, blobs): Pair) -> Result<()> {
    let row = |version: &str, blob: &BlobRef| PluginRow {
        id: "backup".into(),
        version: version.into(),
        blob: blob.clone(),
        grants: vec!["archive".into()],
        config: "{}".into(),
        installed: 5,
    };
    let (one, two) = (blobs.put("v1".into()).await?, blobs.put("v2".into()).await?);
    assert_eq!(store.plugin_generation().await?, 0);
    store.put_plugin(row("1", &one)).await?;
    assert!(store.previous_plugin("backup").await?.is_none());
    store.put_plugin(row("2", &two)).await?;
    assert_eq!(store.plugins().await?, [row("2", &two)]);
    assert_eq!(store.previous_plugin("backup").await?, Some(row("1", &one)));
    let generation = store.plugin_generation().await?;
    store.put_plugin(row("1", &one)).await?;
    assert_eq!(store.previous_plugin("backup").await?, Some(row("2", &two)));
    assert!(store.plugin_generation().await? > generation);
    assert_eq!(store.sweep(0).await?.blobs, 0);
    assert!(store.remove_plugin("backup").await? && !store.remove_plugin("backup").await?);
    assert!(store.plugins().await?.is_empty());
    Ok(())
}
