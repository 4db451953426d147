//! `files.xml` and the pool: rows that are taken, and their contents, each once.

use crate::documents::ReferredIds;
use crate::leaving::Leaving;
use provost_guest::archive::Writer;
use provost_guest::course_store::{FileRecord, Snapshot};
use provost_guest::{BlobRef, Error, ErrorKind, JobContext, Result, pages};
use provost_moodle_archive::filesxml;
use provost_moodle_archive::layout::pool_path;
use provost_moodle_archive::options::Options;
use provost_moodle_archive::references::ReferenceKind;
use provost_moodle_archive::renumber::IdKind;
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

/// Whether a file shows who somebody is, which an archive with invented names must not: what people have in their own
/// areas, and badges, into which their owner is written.
fn is_personal(component: &str, area: &str) -> bool {
    component == "user" || (component == "badges" && area != "badgeimage")
}

/// The files of a backup.
pub struct Pool<'a> {
    /// Where they go.
    pub writer: &'a Writer,
    /// Where they come from.
    pub snapshot: &'a Snapshot,
    /// How they leave.
    pub leaving: &'a Leaving,
    /// What was asked for.
    pub options: &'a Options,
    /// The facets that are taken.
    pub facets: &'a [String],
    /// What is referred to.
    pub referred: &'a ReferredIds,
}

impl Pool<'_> {
    /// Calls `take` for every page of files that go into the archive.
    fn each(&self, mut take: impl FnMut(Vec<FileRecord>) -> Result<()>) -> Result<()> {
        let Self { snapshot, leaving, options, facets, referred, .. } = *self;
        let named = referred.get(&ReferenceKind::File);
        let people = referred.get(&ReferenceKind::User);
        let page = |after| snapshot.files(after, PAGE);
        let id = |file: &FileRecord| file.id;
        pages::each(page, id, |mut page| {
            page.retain(|file| {
                let f = &file.fields;
                let id = |kind: &IdKind, id| leaving.id(file.scope, kind, id);
                let is_named = named.is_some_and(|ids| ids.contains(&id(&IdKind::File, f.local)));
                let taken = f.facets.iter().all(|facet| facets.contains(facet));
                let wanted = is_named || is_taken_unnamed(&f.component);
                // A person's own files go only where the person goes.
                let with_person =
                    f.component != "user" || people.is_some_and(|ids| ids.contains(&id(&IdKind::User, f.person)));
                let hidden = options.anonymize && is_personal(&f.component, &f.area);
                taken && wanted && with_person && !hidden
            });
            take(page)
        })
    }

    /// Writes `files.xml` and returns how many bytes of contents will follow.
    pub fn write_rows(&self) -> Result<u64> {
        let Self { writer, leaving, options, .. } = *self;
        let (head, tail) = (filesxml::head(), filesxml::tail());
        writer.begin_entry("files.xml")?;
        let mut buffer = head.clone();
        let mut bytes = 0;
        self.each(|page| {
            for of_scope in page.chunk_by(|a, b| a.scope == b.scope) {
                let mut rows = Vec::new();
                for file in of_scope {
                    if options.anonymize {
                        rows.extend(
                            filesxml::without_author(&file.fields.element)
                                .map_err(|e| Error::corrupt(format!("file {}: {e}", file.fields.local)))?,
                        );
                    } else {
                        rows.extend_from_slice(&file.fields.element);
                    }
                }
                buffer.extend(leaving.rewrite_entries(of_scope[0].scope, "files.xml", &head, &tail, rows)?);
            }
            bytes += page.iter().filter_map(|file| file.fields.blob.as_ref()).map(|blob| blob.size).sum::<u64>();
            if buffer.len() >= CHUNK {
                writer.write(&std::mem::take(&mut buffer))?;
            }
            Ok(())
        })?;
        buffer.extend(tail);
        writer.write(&buffer)?;
        writer.end_entry()?;
        Ok(bytes)
    }

    /// Writes the contents. `done` hears of the bytes as they go.
    pub fn write_contents(&self, job: &JobContext, mut done: impl FnMut(u64) -> Result<()>) -> Result<()> {
        let Self { writer, options, .. } = *self;
        if !options.files {
            return Ok(());
        }
        let mut written: HashSet<String> = HashSet::new();
        let mut missing = 0usize;
        self.each(|page| {
            for file in page {
                let Some(blob) = file.fields.blob else { continue };
                if written.insert(blob.sha1.clone())
                    && let Some(lack) = add(writer, &blob)?
                {
                    missing += 1;
                    if missing <= NAMED_WARNINGS {
                        let (path, name) = (&file.fields.path, &file.fields.name);
                        job.warn(&format!("the content of {path}{name} (SHA-1 {}) is {lack}: left out", blob.sha1))?;
                    }
                }
                done(blob.size)?;
            }
            Ok(())
        })?;
        if missing > NAMED_WARNINGS {
            job.warn(&format!("the contents of {} more files are missing or damaged", missing - NAMED_WARNINGS))?;
        }
        Ok(())
    }
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
