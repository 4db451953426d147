//! `files.xml` and the pool: rows that are taken, and their contents, each once.

use crate::documents::ReferredIds;
use provost_guest::archive::Writer;
use provost_guest::course_store::{FileRecord, Snapshot};
use provost_guest::{BlobRef, ErrorKind, JobContext, Result};
use provost_moodle_archive::filesxml;
use provost_moodle_archive::layout::pool_path;
use provost_moodle_archive::options::Options;
use provost_moodle_archive::references::ReferenceKind;
use std::collections::HashSet;

const PAGE: u32 = 500;
const CHUNK: usize = 256 << 10;
/// Missing contents that are named one by one.
const NAMED_WARNINGS: usize = 20;

/// Components whose files a restore takes without their being named anywhere (mbz-format.md 5.2, inforef.xml).
fn is_taken_unnamed(component: &str) -> bool {
    matches!(component, "user" | "group" | "grouping" | "badges" | "grade" | "question")
        || component.starts_with("qtype_")
}

/// Calls `take` for every file that goes into the archive.
fn each(
    snapshot: &Snapshot,
    facets: &[String],
    referred: &ReferredIds,
    mut take: impl FnMut(FileRecord) -> Result<()>,
) -> Result<()> {
    let named = referred.get(&ReferenceKind::File);
    let people = referred.get(&ReferenceKind::User);
    let mut after = 0;
    loop {
        let page = snapshot.files(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for file in page {
            let f = &file.fields;
            let is_named = named.is_some_and(|ids| ids.contains(&f.local));
            // A person's own files go only where the person goes.
            let unnamed = is_taken_unnamed(&f.component)
                && (f.component != "user" || people.is_some_and(|ids| ids.contains(&f.person)));
            if f.facets.iter().all(|facet| facets.contains(facet)) && (is_named || unnamed) {
                take(file)?;
            }
        }
    }
}

/// Writes `files.xml` and returns how many bytes of contents will follow.
pub fn write_rows(writer: &Writer, snapshot: &Snapshot, facets: &[String], referred: &ReferredIds) -> Result<u64> {
    writer.begin_entry("files.xml")?;
    let mut buffer = filesxml::head();
    let mut bytes = 0;
    each(snapshot, facets, referred, |file| {
        buffer.extend_from_slice(&file.fields.element);
        bytes += file.fields.blob.map_or(0, |blob| blob.size);
        if buffer.len() >= CHUNK {
            writer.write(&std::mem::take(&mut buffer))?;
        }
        Ok(())
    })?;
    buffer.extend(filesxml::tail());
    writer.write(&buffer)?;
    writer.end_entry()?;
    Ok(bytes)
}

/// Writes the contents. `done` hears of the bytes as they go.
pub fn write_contents(
    job: &JobContext,
    writer: &Writer,
    snapshot: &Snapshot,
    options: &Options,
    facets: &[String],
    referred: &ReferredIds,
    mut done: impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    if !options.files {
        return Ok(());
    }
    let mut written: HashSet<String> = HashSet::new();
    let mut missing = 0usize;
    each(snapshot, facets, referred, |file| {
        let Some(blob) = file.fields.blob else { return Ok(()) };
        if !written.insert(blob.sha1.clone()) {
            return done(blob.size);
        }
        if let Some(lack) = add(writer, &blob)? {
            missing += 1;
            if missing <= NAMED_WARNINGS {
                let (path, name) = (&file.fields.path, &file.fields.name);
                job.warn(&format!("the content of {path}{name} (SHA-1 {}) is {lack}: left out", blob.sha1))?;
            }
        }
        done(blob.size)
    })?;
    if missing > NAMED_WARNINGS {
        job.warn(&format!("the contents of {} more files are missing or damaged", missing - NAMED_WARNINGS))?;
    }
    Ok(())
}

/// Adds a content, or says what is wrong with it in the store. The run goes on, as Moodle's does (mbz-format.md 6).
fn add(writer: &Writer, blob: &BlobRef) -> Result<Option<&'static str>> {
    match writer.add_blob(&pool_path(&blob.sha1), blob) {
        Ok(()) => Ok(None),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Some("missing from the store")),
        Err(error) if error.kind == ErrorKind::Corrupt && error.code == "blob" => Ok(Some("damaged in the store")),
        Err(error) => Err(error),
    }
}
