//! Kills imports and backups at random moments and looks at what is left. Anyone can do the same again: the moments come
//! from a seed.
//!
//! After each kill the job is taken up again; then there must be exactly one whole course, or one whole backup, and after a
//! sweep nothing else.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use provost_tests::generate::{SampleSize, generate};
use provost_tests::unpacked::Unpacked;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Kills imports and backups at random moments.
#[derive(Parser)]
struct Arguments {
    /// How many kills; half of them imports, half backups.
    #[arg(long, default_value_t = 200)]
    points: u32,
    /// Seed of the moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The binary; default: the one beside this program.
    #[arg(long)]
    provost: Option<PathBuf>,
}

/// The options of every backup.
const OPTIONS: [&str; 4] = ["--option", "users=1", "--option", "logs=1"];

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let binary = match arguments.provost {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("provost"),
    };
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("course.mbz");
    let size = SampleSize {
        activities: 60,
        people: 60,
        log_rows: 8_000,
        files: 40,
        file_bytes: 300_000,
        compressible_share: 0.5,
    };
    generate(&size, arguments.seed, File::create(&archive)?)?;
    let judge = Judge::new(binary, folder.path().to_owned(), archive)?;
    let mut random = StdRng::seed_from_u64(arguments.seed);
    let mut tally = Tally::default();
    for point in 0..arguments.points {
        let (what, time) = match point % 2 {
            0 => ("import", judge.import_time),
            _ => ("backup", judge.backup_time),
        };
        // A little past the end too: between the last step and the exit.
        let after = time.mul_f64(random.random_range(0.0..1.1));
        let outcome = if what == "import" { judge.killed_import(after) } else { judge.killed_backup(after) };
        let outcome = outcome
            .with_context(|| format!("point {point} (seed {}): {what} killed after {after:?}", arguments.seed))?;
        tally.add(outcome);
    }
    println!("{} points, seed {}: {tally:?}", arguments.points, arguments.seed);
    println!("{} passed, 0 failed", arguments.points);
    Ok(())
}

/// How a killed command had fared.
#[derive(Debug, Clone, Copy)]
enum Fared {
    /// Killed before its job was queued.
    BeforeTheJob,
    /// Killed while the job was under way: it was taken up again.
    TakenUpAgain,
    /// It was through already.
    Through,
}

#[derive(Debug, Default)]
struct Tally {
    before_the_job: u32,
    taken_up_again: u32,
    through: u32,
}

impl Tally {
    fn add(&mut self, fared: Fared) {
        match fared {
            Fared::BeforeTheJob => self.before_the_job += 1,
            Fared::TakenUpAgain => self.taken_up_again += 1,
            Fared::Through => self.through += 1,
        }
    }
}

struct Judge {
    binary: PathBuf,
    archive: PathBuf,
    /// A store with nothing in it, and one with the course.
    empty: PathBuf,
    full: PathBuf,
    /// The store under test.
    store: PathBuf,
    /// Ids of the jobs in the full store.
    known_jobs: Vec<Value>,
    /// What a whole course counts, and how many files a whole backup has.
    counts: Value,
    entries: usize,
    import_time: Duration,
    backup_time: Duration,
}

impl Judge {
    /// Prepares the stores and measures an undisturbed run of each.
    fn new(binary: PathBuf, folder: PathBuf, archive: PathBuf) -> Result<Self> {
        let mut judge = Self {
            binary,
            archive,
            empty: folder.join("empty"),
            full: folder.join("full"),
            store: folder.join("store"),
            known_jobs: Vec::new(),
            counts: Value::Null,
            entries: 0,
            import_time: Duration::ZERO,
            backup_time: Duration::ZERO,
        };
        // Also compiles the plugins, once for all.
        judge.run(&judge.empty, &["plugin", "list"])?;
        copy(&judge.empty, &judge.full)?;
        let began = Instant::now();
        judge.run(&judge.full, &["course", "import", &judge.archive.to_string_lossy()])?;
        judge.import_time = began.elapsed();
        judge.counts = judge.json(&judge.full, &["course", "show", "2"])?["counts"].take();
        let jobs = judge.json(&judge.full, &["job", "list"])?;
        judge.known_jobs = jobs.as_array().into_iter().flatten().map(|job| job["id"].clone()).collect();
        copy(&judge.full, &judge.store)?;
        let began = Instant::now();
        judge.run(&judge.store, &[["backup", "create", "2"].as_slice(), &OPTIONS].concat())?;
        judge.backup_time = began.elapsed();
        judge.entries = judge.whole_backup()?;
        Ok(judge)
    }

    fn command(&self, store: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["--lease", "1", "--json", "--data"]).arg(store).args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, store: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = self.command(store, arguments).output().context("cannot start the binary")?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.stdout)
    }

    fn json(&self, store: &Path, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_slice(&self.run(store, arguments)?)?)
    }

    fn killed(&self, arguments: &[&str], after: Duration) -> Result<()> {
        let mut command = self.command(&self.store, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        std::thread::sleep(after);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn killed_import(&self, after: Duration) -> Result<Fared> {
        copy(&self.empty, &self.store)?;
        self.killed(&["course", "import", &self.archive.to_string_lossy()], after)?;
        let visible = self.json(&self.store, &["course", "list"])?;
        for course in visible.as_array().into_iter().flatten() {
            self.is_whole(&course["courseid"])?;
        }
        let fared = self.take_up()?;
        let courses = self.json(&self.store, &["course", "list"])?;
        let courses = courses.as_array().context("no list")?;
        let expected = usize::from(!matches!(fared, Fared::BeforeTheJob));
        ensure!(courses.len() == expected, "{} courses in place of {expected}", courses.len());
        for course in courses {
            ensure!(course["shortname"] == "generated", "the name is not free: {course}");
            self.is_whole(&course["courseid"])?;
        }
        self.is_clean()?;
        Ok(fared)
    }

    fn killed_backup(&self, after: Duration) -> Result<Fared> {
        copy(&self.full, &self.store)?;
        self.killed(&[["backup", "create", "2"].as_slice(), &OPTIONS].concat(), after)?;
        let fared = self.take_up()?;
        match fared {
            Fared::BeforeTheJob => ensure!(self.backups()?.is_empty(), "a backup of nobody's"),
            _ => ensure!(self.whole_backup()? == self.entries, "the backup is not whole"),
        }
        self.is_whole(&2.into())?;
        self.is_clean()?;
        Ok(fared)
    }

    /// Lets the killed command's job, if it came to that, be taken up again.
    fn take_up(&self) -> Result<Fared> {
        let jobs = self.json(&self.store, &["job", "list"])?;
        let jobs = jobs.as_array().context("no list")?;
        let Some(job) = jobs.iter().find(|job| !self.known_jobs.contains(&job["id"])) else {
            return Ok(Fared::BeforeTheJob);
        };
        if job["state"] == "succeeded" {
            return Ok(Fared::Through);
        }
        let id = job["id"].as_str().context("a job without id")?;
        let ended = self.json(&self.store, &["job", "wait", id])?;
        ensure!(ended["state"] == "succeeded", "{ended}");
        Ok(Fared::TakenUpAgain)
    }

    fn is_whole(&self, course: &Value) -> Result<()> {
        let shown = self.json(&self.store, &["course", "show", &course.to_string()])?;
        ensure!(shown["counts"] == self.counts, "a course that is not whole: {}", shown["counts"]);
        Ok(())
    }

    fn backups(&self) -> Result<Vec<Value>> {
        let listed = self.json(&self.store, &["backup", "list", "2"])?;
        Ok(listed.as_array().context("no list")?.clone())
    }

    /// The number of files in the one backup there must be.
    fn whole_backup(&self) -> Result<usize> {
        let backups = self.backups()?;
        ensure!(backups.len() == 1, "{} backups in place of one", backups.len());
        let name = backups[0]["filename"].as_str().context("a backup without name")?;
        let out = self.store.with_file_name("out.mbz");
        self.run(&self.store, &["backup", "get", "2", name, "-o", &out.to_string_lossy()])?;
        let unpacked = Unpacked::open(&out)?;
        Ok(unpacked.documents.len() + unpacked.pool.len())
    }

    /// After one sweep there is nothing left to sweep, and all is well.
    fn is_clean(&self) -> Result<()> {
        self.run(&self.store, &["doctor", "--sweep", "0"])?;
        let second = self.json(&self.store, &["doctor", "--sweep", "0"])?;
        let swept = &second["swept"];
        ensure!(swept["rows"] == 0 && swept["blobs"] == 0 && swept["documents"] == 0, "left over: {swept}");
        Ok(())
    }
}

/// Copies a store over another one.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(drop)?
        }
    }
    Ok(())
}
