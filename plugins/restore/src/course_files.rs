//! The rows of `files.xml`.

use crate::intake::{Intake, NAMED_WARNINGS};
use crate::wish::Taken;
use provost_guest::course_store::{Draft, FileFields};
use provost_guest::{BlobRef, Error, JobContext, Result, blobs, config};
use provost_moodle_archive::facets::files::Examples;
use provost_moodle_archive::facets::names;
use provost_moodle_archive::filesxml::{EMPTY_SHA1, FileRow, FilesReader};
use provost_moodle_archive::layout::OwnerKind;
use provost_moodle_archive::manifest::Information;
use provost_plugin_draft_parts::facets;
use std::collections::{HashMap, HashSet};

const PATH: &str = "files.xml";
const BATCH: usize = 500;

/// Where the contents of files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// In the archive.
    Inside,
    /// Left out, by this very site: they are here already (mbz-format.md 6).
    Here,
    /// Left out by another site. To know a content's hash must not give the content, so there is none.
    Elsewhere,
}

impl Contents {
    /// By what the archive says of itself.
    pub fn of(information: &Information) -> Self {
        let origin = &information.original_site_identifier_hash;
        match information.include_files {
            true => Self::Inside,
            false if !origin.is_empty() && *origin == config::get_site().hash => Self::Here,
            false => Self::Elsewhere,
        }
    }
}

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

/// Adds every row to the draft. `contexts` says whose context is whose. A missing content is worth a warning, unless
/// the archive is one without contents from elsewhere. `examples` are the teachers' in workshops, by context.
pub fn add(
    job: &JobContext,
    intake: &Intake,
    wish: &Taken,
    draft: &Draft,
    contexts: &HashMap<u64, OwnerKind>,
    examples: &HashMap<u64, Examples>,
    contents: Contents,
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
            let mut taken = row.facets(contexts.get(&row.context).copied()).facets;
            if row.component == "mod_workshop"
                && examples.get(&row.context).is_some_and(|examples| examples.hold(&row.area, row.item))
            {
                taken.retain(|facet| *facet != names::USER_DATA);
            }
            if !wish.takes(&taken) {
                index.left_out.insert(row.local);
                continue;
            }
            let mut blob = row.pool_hash().and_then(|sha1| intake.content(sha1));
            if blob.is_none() && contents == Contents::Here {
                blob = already_here(&row)?;
            }
            let has_content = row.pool_hash().is_some_and(|sha1| sha1 != EMPTY_SHA1);
            if blob.is_none() && has_content && contents != Contents::Elsewhere {
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

/// The content of a row, if this site has it.
fn already_here(row: &FileRow) -> Result<Option<BlobRef>> {
    match row.pool_hash() {
        Some(sha1) if blobs::exists(sha1)? => Ok(Some(BlobRef { sha1: sha1.to_owned(), size: row.size })),
        _ => Ok(None),
    }
}

fn fields(row: FileRow, blob: Option<BlobRef>, taken: &[&str]) -> FileFields {
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
