//! The job: from a snapshot to an archive in the course's backup area.

use crate::here::Here;
use crate::leaving::Leaving;
use crate::listing::Listing;
use crate::pool::Pool;
use crate::{documents, retention, users};
use provost_guest::archive::{Format, Writer};
use provost_guest::course_store::Snapshot;
use provost_guest::files::{self, NewFile, OnTaken};
use provost_guest::{Error, JobContext, Result, clock, config};
use provost_moodle_archive::naming::{Marks, Subject, backup_file_name};
use provost_moodle_archive::options::{ArchiveFormat, OptionError, Options};
use provost_moodle_archive::xml;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The kind of this job.
pub const KIND: &str = "backup";
/// Where archives are kept: always the course's own area (moodle-webservices.md 2.2).
pub const COMPONENT: &str = "backup";
/// See [`COMPONENT`].
pub const AREA: &str = "course";
const MIMETYPE: &str = "application/vnd.moodle.backup";

/// What an entry costs beside its bytes, in bytes, for the progress report.
const ENTRY_COST: u64 = 4 << 10;
/// Progress when all is written and the archive is to be completed.
const WRITTEN: f64 = 0.97;

/// An option.
#[derive(Debug, Serialize, Deserialize)]
pub struct NameValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What the job is given. The command line makes it too: see `docs/jobs.md`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The course.
    pub courseid: u64,
    /// The options, by name.
    #[serde(default)]
    pub options: Vec<NameValue>,
}

/// What the job answers.
#[derive(Debug, Serialize)]
pub struct Stored {
    fileid: u64,
    filename: String,
    filesize: u64,
}

/// Backs up.
pub fn run(job: &JobContext, wish: Payload) -> Result<Stored> {
    if let Some(levels) = config::get("xml-depth").and_then(|levels| levels.parse().ok()) {
        xml::set_depth_limit(levels);
    }
    let pairs = wish.options.iter().map(|o| (o.name.as_str(), o.value.as_str()));
    let options = Options::parse(pairs).map_err(|e| Error::refused(OptionError::CODE, e.to_string()))?;
    let (mut options, forced) = options.settle();
    for forced in forced {
        job.warn(&forced.to_string())?;
    }
    let snapshot = Snapshot::open(wish.courseid)?;
    let course = snapshot.course();
    let here = Here::read(course.id, &options)?;
    if options.users && here.is_empty() && is_empty(&snapshot)? {
        // An archive that says it has users must have them, or its restore fails.
        job.warn("the course has nobody in it: it is backed up without users")?;
        options.users = false;
        options = options.settle().0;
    }
    let facets: Vec<String> = options.facets().iter().map(|f| (*f).to_owned()).collect();
    let marks = Marks { users: options.users, anonymized: options.anonymize, files: options.files };
    let date = clock::format(clock::now(), "%Y%m%d-%H%M");
    let filename = backup_file_name(Subject::Course(&course.fields.shortname), course.id, &date, marks);
    let mut listing = Listing::read(&snapshot, &options, here)?;
    let leaving = Leaving::plan(job, &snapshot, &listing, &facets)?;
    listing.renumber(&leaving);
    let listing = listing;
    let format = match options.format {
        ArchiveFormat::Zip => Format::Zip,
        ArchiveFormat::TarGz => Format::TarGz,
    };
    snapshot.announce_export(&job.id, options.users)?;
    let writer = Writer::create(format)?;

    // What is small and says what follows goes first.
    writer.add_bytes(
        "moodle_backup.xml",
        &documents::master(&course, &listing, &leaving, &options, &filename, &job.id),
    )?;
    let mut referred = documents::write_references(&writer, &snapshot, &listing, &leaving, &facets)?;
    users::write(&writer, &snapshot, &listing, &leaving, &options, &mut referred)?;
    users::write_roles(&writer, &snapshot, &listing, &leaving, &referred)?;
    let pool = Pool {
        writer: &writer,
        snapshot: &snapshot,
        leaving: &leaving,
        options: &options,
        facets: &facets,
        referred: &referred,
    };
    let contents = pool.write_rows()?;

    let mut meter = Meter::new(job, contents, &listing, options.files);
    let mut written = HashSet::new();
    let (of_course, others): (Vec<_>, Vec<_>) = listing.parts.iter().partition(|p| documents::is_of_course(&p.name));
    for placed in of_course.into_iter().chain(others) {
        let path = placed.name.path();
        if !written.contains(&path) {
            let alike: Vec<_> = listing.alike(placed);
            match alike.len() {
                1 => documents::write_part(&writer, &snapshot, &listing, &leaving, placed, &facets)?,
                _ => documents::write_merged(&writer, &snapshot, &leaving, &alike, &facets)?,
            }
        }
        written.insert(path);
        meter.add(placed.part.size + ENTRY_COST)?;
    }
    documents::write_demanded(&writer, &listing, &leaving, &options, &written)?;
    pool.write_contents(job, |bytes| meter.add(bytes))?;

    let blob = writer.finish()?;
    let file = files::put(
        &NewFile {
            context: course.context,
            component: COMPONENT.into(),
            area: AREA.into(),
            item: 0,
            path: "/".into(),
            name: filename,
            blob,
            mimetype: MIMETYPE.into(),
            person: job.caller.person,
        },
        OnTaken::AddSuffix,
    )
    .map_err(|error| match error.code.as_str() {
        "context" => Error::not_found("course", "the course was deleted while it was backed up"),
        _ => error,
    })?;
    retention::apply(course.context, file.id)?;
    Ok(Stored { fileid: file.id, filename: file.name, filesize: file.blob.size })
}

/// Whether nobody is in the course.
fn is_empty(snapshot: &Snapshot) -> Result<bool> {
    for scope in snapshot.scopes()? {
        if !snapshot.people(scope.id, 0, 1)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Turns work done into progress.
struct Meter<'a> {
    job: &'a JobContext,
    done: u64,
    total: u64,
}

impl<'a> Meter<'a> {
    fn new(job: &'a JobContext, contents: u64, listing: &Listing, files: bool) -> Self {
        let parts: u64 = listing.parts.iter().map(|p| p.part.size + ENTRY_COST).sum();
        Self { job, done: 0, total: parts + if files { contents } else { 0 } }
    }

    fn add(&mut self, bytes: u64) -> Result<()> {
        self.done += bytes;
        self.job.progress(WRITTEN * (self.done as f64 / self.total.max(1) as f64).min(1.0))
    }
}
