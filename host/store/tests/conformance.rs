//! The suite on the store in a directory.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() -> provost_store::api::Result<()> {
    let dir = tempfile::tempdir().expect("a directory");
    let count = std::sync::atomic::AtomicU32::new(0);
    provost_store::conformance::all(|| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dir = dir.path().join(n.to_string());
        async move { provost_store::open(&dir).await }
    })
    .await?;
    // Neither dropped writers nor finished ones leave anything in the spool.
    for n in 0..count.into_inner() {
        let left = std::fs::read_dir(dir.path().join(n.to_string()).join("tmp")).expect("the spool");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left, ["lock"]);
    }
    Ok(())
}
