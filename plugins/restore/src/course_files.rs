//! The rows of `files.xml`.

use crate::convert::facets;
use crate::intake::{Intake, NAMED_WARNINGS};
use crate::wish::Taken;
use provost_guest::course_store::{Draft, FileFields};
use provost_guest::{Error, JobContext, Result};
use provost_moodle_archive::filesxml::{EMPTY_SHA1, FileRow, FilesReader};
use provost_moodle_archive::layout::OwnerKind;
use std::collections::{HashMap, HashSet};

const PATH: &str = "files.xml";
const BATCH: usize = 500;

/// What each file of the archive counts as: its facets and the context it lies in, by local id.
#[derive(Default)]
pub struct FileIndex {
    sets: Vec<Vec<&'static str>>,
    files: HashMap<u64, (u16, u64)>,
    left_out: HashSet<u64>,
}

impl FileIndex {
    /// A file's facets.
    pub fn facets(&self, local: u64) -> Option<&[&'static str]> {
        let (set, _) = self.files.get(&local)?;
        self.sets.get(usize::from(*set)).map(Vec::as_slice)
    }

    /// Whether the archive has the file and it was not taken.
    pub fn is_left_out(&self, local: u64) -> bool {
        self.left_out.contains(&local)
    }

    /// The files of each context.
    pub fn by_context(&self) -> HashMap<u64, Vec<u64>> {
        let mut contexts: HashMap<u64, Vec<u64>> = HashMap::new();
        for (&local, &(_, context)) in &self.files {
            contexts.entry(context).or_default().push(local);
        }
        for files in contexts.values_mut() {
            files.sort_unstable();
        }
        contexts
    }

    fn note(&mut self, row: &FileRow, facets: Vec<&'static str>) {
        let set = match self.sets.iter().position(|known| *known == facets) {
            Some(set) => set,
            None => {
                self.sets.push(facets);
                self.sets.len() - 1
            }
        };
        self.files.insert(row.local, (u16::try_from(set).unwrap_or(u16::MAX), row.context));
    }
}

/// Adds every row to the draft. `contexts` says whose context is whose; `expects_contents` whether a missing content is
/// worth a warning.
pub fn add(
    job: &JobContext,
    intake: &Intake,
    wish: &Taken,
    draft: &Draft,
    contexts: &HashMap<u64, OwnerKind>,
    expects_contents: bool,
) -> Result<FileIndex> {
    let mut index = FileIndex::default();
    if !intake.has(PATH) {
        return Ok(index);
    }
    let mut reader = FilesReader::new();
    let mut batch = Vec::new();
    let mut missing = 0usize;
    let damaged = |e| Error::corrupt(format!("{PATH}: {e}"));
    intake.stream(PATH, |chunk| {
        for row in reader.feed(chunk).map_err(damaged)? {
            let taken = row.facets(contexts.get(&row.context).copied()).facets;
            if !wish.takes(&taken) {
                index.left_out.insert(row.local);
                continue;
            }
            let blob = row.pool_hash().and_then(|sha1| intake.content(sha1));
            let has_content = row.pool_hash().is_some_and(|sha1| sha1 != EMPTY_SHA1);
            if blob.is_none() && has_content && expects_contents {
                missing += 1;
                if missing <= NAMED_WARNINGS {
                    let (path, name) = (&row.path, &row.name);
                    job.warn(&format!("the archive has no content for {path}{name} (context {})", row.context))?;
                }
            }
            index.note(&row, taken.clone());
            batch.push(fields(row, blob, &taken));
            if batch.len() >= BATCH {
                draft.add_files(&std::mem::take(&mut batch))?;
            }
        }
        Ok(())
    })?;
    reader.finish().map_err(damaged)?;
    if !batch.is_empty() {
        draft.add_files(&batch)?;
    }
    if missing > NAMED_WARNINGS {
        job.warn(&format!("the archive has no content for {} more files", missing - NAMED_WARNINGS))?;
    }
    Ok(index)
}

fn fields(row: FileRow, blob: Option<provost_guest::BlobRef>, taken: &[&str]) -> FileFields {
    FileFields {
        local: row.local,
        context: row.context,
        component: row.component,
        area: row.area,
        item: row.item,
        path: row.path,
        name: row.name,
        blob,
        mimetype: row.mimetype,
        person: row.person,
        facets: facets(taken),
        element: row.element,
    }
}
