//! Measures how long it takes to write, publish and read back a course with many log rows.
//!
//! `cargo run --release -p provost-store --example bulk [ROWS]`

use provost_store::api::*;
use provost_store::conformance::{course_named, log_row};
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<()> {
    let rows: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(150_000);
    let dir = tempfile::tempdir().map_err(|source| StoreError::Io { what: "create a directory".into(), source })?;
    let (store, _blobs) = provost_store::open(dir.path()).await?;
    let start = Instant::now();
    let mut draft = store.draft(course_named("bulk"), Origin::default(), "{}".into(), None).await?;
    let part = draft.add_part(Owner::Course, "logs.xml".into(), Facets::new(["log"])).await?;
    let element = "\n  <log id=\"1\"><time>1700000000</time><info/></log>".repeat(6);
    for first in (0..rows).step_by(800) {
        let page = (first..rows.min(first + 800)).map(|n| log_row(n, element.as_bytes())).collect();
        draft.append_runs(part, vec![FacetedRun { facets: Facets::default(), run: Run::Rows(page) }]).await?;
    }
    println!("{rows} log rows of {} bytes written in {:?}", element.len(), start.elapsed());
    let start = Instant::now();
    let course = draft.publish().await?;
    println!("published in {:?}", start.elapsed());
    let start = Instant::now();
    let mut snapshot = store.snapshot(course).await?;
    let (facets, mut read) = (Facets::new(["log"]), 0);
    loop {
        let bytes = snapshot.read_part(part, &facets, read, 256 * 1024).await?;
        if bytes.is_empty() {
            break;
        }
        read += bytes.len() as u64;
    }
    println!("{read} bytes read in {:?}", start.elapsed());
    drop(snapshot);
    let start = Instant::now();
    store.delete_course(course).await?;
    let swept = store.sweep(0).await?;
    println!("deleted and swept ({} rows) in {:?}", swept.rows, start.elapsed());
    Ok(())
}
