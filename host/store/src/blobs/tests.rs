//! Contents in a store that is no local directory, and a collision.

use super::*;
use std::collections::HashMap;
use tokio::sync::Mutex;

#[derive(Default)]
struct Rows(Mutex<HashMap<String, BlobRow>>);

#[async_trait]
impl BlobIndex for Rows {
    async fn find(&self, sha1: &str) -> Result<Option<BlobRow>> {
        Ok(self.0.lock().await.get(sha1).cloned())
    }

    async fn record(&self, new: &[BlobRow], place: BoxFuture<'_, Result<()>>) -> Result<()> {
        let mut rows = self.0.lock().await;
        place.await?;
        rows.extend(new.iter().map(|row| (row.sha1.clone(), row.clone())));
        Ok(())
    }
}

#[tokio::test]
async fn objects_elsewhere() -> Result<()> {
    let spool = tempfile::tempdir().expect("a directory");
    let objects = Arc::new(object_store::memory::InMemory::new());
    let blobs =
        ObjectBlobs::over(Arc::new(Rows::default()), objects.clone(), spool.path(), Space::new(spool.path(), 0));
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n % 253) as u8).collect();
    let blob = blobs.put(bytes.clone().into()).await?;
    assert_eq!(blobs.put(bytes.clone().into()).await?, blob);
    assert_eq!(objects.list(None).count().await, 1);
    assert_eq!(&blobs.read(&blob.sha1, 599_990, 100).await?[..], &bytes[599_990..]);
    assert!(blobs.read(&blob.sha1, 600_000, 100).await?.is_empty());
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut blobs.open_file(&blob.sha1).await?, &mut read).expect("readable");
    assert!(read == bytes);
    blobs.remove(&blob.sha1).await?;
    blobs.remove(&blob.sha1).await?;
    assert_eq!(blobs.object_size(&blob.sha1).await?, None);
    assert_eq!(std::fs::read_dir(spool.path()).expect("the spool").count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_contents_are_named_before_anything_asks_for_them() -> Result<()> {
    let spool = tempfile::tempdir().expect("a directory");
    let objects = Arc::new(object_store::memory::InMemory::new());
    let blobs = ObjectBlobs::over(Arc::new(Rows::default()), objects, spool.path(), Space::new(spool.path(), 0));
    for count in [1, TOGETHER - 1, TOGETHER, TOGETHER + 1] {
        let mut made = Vec::new();
        for n in 0..count {
            let mut writer = blobs.blocking_writer().await?;
            let blob = tokio::task::spawn_blocking(move || {
                std::io::Write::write_all(&mut writer, format!("content {n} of {count}").as_bytes()).expect("spooled");
                writer.finish()
            });
            made.push(blob.await.expect("no panic")?);
        }
        for (n, blob) in made.iter().enumerate() {
            assert_eq!(&blobs.read(&blob.sha1, 0, 100).await?[..], format!("content {n} of {count}").as_bytes());
            assert_eq!(blobs.size(&blob.sha1).await?, Some(blob.size));
        }
    }
    assert_eq!(std::fs::read_dir(spool.path()).expect("the spool").count(), 0);
    Ok(())
}
