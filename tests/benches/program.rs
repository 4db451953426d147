//! The real binary as a child process on stores and courses made for a measurement, and what its turns need besides.

use super::measured::{self, Taken};
use anyhow::{Context, Result, bail};
use provost_tests::generate::{SampleSize, generate};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of each file of a generated course.
const FILE_BYTES: u64 = 512 << 10;

/// The binary and the folder that it is measured in.
pub struct Program {
    binary: PathBuf,
    folder: PathBuf,
    /// An empty store with the built-in plugins compiled.
    pub empty: PathBuf,
}

impl Program {
    /// Takes the binary built beside this one unless another is given. Makes the empty store.
    pub fn new(binary: Option<PathBuf>, folder: &Path) -> Result<Self> {
        let binary = binary.map_or_else(|| beside("provost"), Ok)?;
        println!("binary: {}", binary.display());
        let program = Self { binary, folder: folder.to_owned(), empty: folder.join("empty") };
        program.run(&program.empty, &["plugin", "list"])?;
        println!();
        Ok(program)
    }

    /// Runs the binary on the store in `data`.
    pub fn run<A: AsRef<OsStr>>(&self, data: &Path, arguments: &[A]) -> Result<Taken> {
        let mut words: Vec<OsString> = vec!["--json".into(), "--data".into(), data.into()];
        words.extend(arguments.iter().map(|word| word.as_ref().to_owned()));
        measured::run(self.binary.as_os_str(), &words, &self.output())
    }

    /// Where the standard output of the last program is.
    pub fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// What the last program printed.
    pub fn printed(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&fs::read(self.output())?)?)
    }

    /// Imports an archive; returns what it took and the course's id.
    pub fn import(&self, store: &Path, archive: &Path) -> Result<(Taken, u64)> {
        let taken = self.run(store, &[OsStr::new("course"), OsStr::new("import"), archive.as_os_str()])?;
        let id = self.printed()?["courseid"].as_u64().context("no course was made")?;
        Ok((taken, id))
    }

    /// Writes a course.
    pub fn generated(&self, name: &str, size: &SampleSize) -> Result<PathBuf> {
        let path = self.folder.join(format!("generated-{name}.mbz"));
        let mut file = BufWriter::new(fs::File::create(&path)?);
        generate(size, 1, &mut file)?;
        file.into_inner()?;
        Ok(path)
    }
}

/// The size of a course with this many MiB of files.
pub fn files(mib: u64, compressible_share: f64) -> SampleSize {
    SampleSize {
        activities: 200,
        people: 100,
        log_rows: 20_000,
        files: u32::try_from((mib << 20) / FILE_BYTES).unwrap_or(u32::MAX),
        file_bytes: FILE_BYTES,
        compressible_share,
    }
}

/// A binary of the build that this belongs to.
pub fn beside(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    match here.ancestors().skip(2).map(|folder| folder.join(&name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("no {name} beside {}: build the workspace first (tests/benches/README.md)", here.display()),
    }
}

/// Forwards in even rounds, backwards in odd ones.
pub fn in_turn<W, const N: usize>(round: usize, mut works: [W; N]) -> [W; N] {
    if round % 2 == 1 {
        works.reverse();
    }
    works
}

/// How long the job took, as the worker's log says.
pub fn job_seconds(taken: &Taken) -> Option<Duration> {
    let (_, rest) = taken.errors.split_once("seconds=")?;
    let number: String =
        rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.' || *c == 'e' || *c == '-').collect();
    number.parse().ok().map(Duration::from_secs_f64)
}

pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fill_folder(from, to, &|from, to| fs::copy(from, to).map(|_| ()))
}

/// Makes a folder like another, whose files are put there one by one.
pub fn fill_folder(from: &Path, to: &Path, put: &dyn Fn(&Path, &Path) -> std::io::Result<()>) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fill_folder(&entry.path(), &target, put)?;
        } else {
            put(&entry.path(), &target)?;
        }
    }
    Ok(())
}

pub fn folder_size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        sum += if facts.is_dir() { folder_size(&entry.path())? } else { facts.len() };
    }
    Ok(sum)
}
