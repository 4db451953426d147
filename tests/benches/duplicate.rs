//! What duplicating a course costs: the real binary as a child process, against copying the course's files and against a backup
//! of the course that is restored again, in the same run, in turns; and that it grows with what a course has, not with how
//! large its files are.

mod figures;
mod measured;
mod program;

use anyhow::{Context, Result, bail};
use clap::Parser;
use figures::{Table, median};
use measured::Taken;
use program::{Program, copy_folder, files, fill_folder, folder_size, in_turn, job_seconds};
use provost_tests::generate::SampleSize;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Measures duplication of courses.
#[derive(Parser)]
struct Arguments {
    /// Turns of each way.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// MiB of files of the large course, half of them text, half of them noise.
    #[arg(long, default_value_t = 1024, env = "PROVOST_BENCH_MIB")]
    large: u64,
    /// Folder to work in, emptied at the end; default: the build's own, which is on a disk, as a store would be.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    folder: PathBuf,
    /// The binary; default: the one built beside this.
    #[arg(long, env = "PROVOST_BIN")]
    provost: Option<PathBuf>,
    /// Given by `cargo bench`; without it a small course is done once, to see that it works.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A way to have a course twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The binary starts and lists its plugins: what of the others is not the course's.
    Start,
    Duplicate,
    /// The files alone, without a row of the course.
    CopyFiles,
    BackupAndRestore,
}

impl Way {
    const ALL: [(Way, &str); 4] = [
        (Way::Start, "provost starts, lists its plugins"),
        (Way::Duplicate, "provost course duplicate"),
        (Way::CopyFiles, "cp -r of the files"),
        (Way::BackupAndRestore, "provost backup create (zip), course import"),
    ];
}

/// All turns of a course.
#[derive(Default)]
struct Turns(Vec<(Way, Taken, Option<Duration>)>);

impl Turns {
    fn walls(&self, way: Way) -> Vec<f64> {
        self.0.iter().filter(|(w, ..)| *w == way).map(|(_, taken, _)| taken.wall.as_secs_f64()).collect()
    }

    fn cpu(&self, way: Way) -> f64 {
        median(self.0.iter().filter(|(w, ..)| *w == way).map(|(_, taken, _)| taken.cpu.as_secs_f64()))
    }

    fn job(&self, way: Way) -> f64 {
        median(self.0.iter().filter(|(w, ..)| *w == way).filter_map(|(.., job)| *job).map(|job| job.as_secs_f64()))
    }

    #[allow(clippy::cast_precision_loss)]
    fn peak(&self, way: Way) -> f64 {
        let peaks = self.0.iter().filter(|(w, ..)| *w == way).map(|(_, taken, _)| taken.peak);
        peaks.max().unwrap_or(0) as f64 / f64::from(1 << 20)
    }

    fn print(&self) {
        let mut table = Table::new([
            "way",
            "seconds, median",
            "job alone",
            "CPU seconds",
            "peak MiB",
            "duplicate is so many times as fast",
            "of the CPU time",
        ]);
        let ours = self.walls(Way::Duplicate);
        for (way, name) in Way::ALL {
            let walls = self.walls(way);
            let compared = !matches!(way, Way::Start | Way::Duplicate);
            let ratio = median(ours.iter().zip(&walls).map(|(ours, theirs)| theirs / ours));
            let job = self.job(way);
            table.row([
                name.to_owned(),
                format!("{:.3}", median(walls)),
                if job.is_nan() { String::new() } else { format!("{job:.3}") },
                format!("{:.3}", self.cpu(way)),
                format!("{:.1}", self.peak(way)),
                if compared { format!("{ratio:.1}") } else { String::new() },
                if compared { format!("× {:.2}", self.cpu(Way::Duplicate) / self.cpu(way)) } else { String::new() },
            ]);
        }
        table.print();
    }
}

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().as_deref() == Some(OsStr::new(measured::MEASURE)) {
        return measured::measure(words);
    }
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.rounds, arguments.large) = (1, 10);
    }
    println!("Duplicating a course: {}", figures::circumstances());
    let folder = tempfile::tempdir_in(&arguments.folder)?;
    let program = Program::new(arguments.provost.clone(), folder.path())?;

    let large = course(&program, folder.path(), &files(arguments.large, 0.5), arguments.rounds)?;
    if !arguments.bench {
        return Ok(ExitCode::SUCCESS);
    }
    // The same number of files, a sixteenth of the bytes: what is copied by reference does not notice.
    let whole = files(arguments.large, 0.5);
    let light = SampleSize { file_bytes: whole.file_bytes / 16, ..files(arguments.large, 0.5) };
    let light = course(&program, folder.path(), &light, arguments.rounds)?;
    // Rows are what it costs: four times the activities and the people.
    let rows = SampleSize { activities: 800, people: 400, log_rows: 80_000, ..files(arguments.large / 16, 0.5) };
    let rows = course(&program, folder.path(), &rows, arguments.rounds)?;
    let mut table = Table::new(["the job of duplicating", "seconds, median", "of the large course's"]);
    for (what, turns) in
        [("large course", &large), ("a sixteenth of the bytes, as many files", &light), ("four times the rows", &rows)]
    {
        let job = turns.job(Way::Duplicate);
        table.row([what.to_owned(), format!("{job:.3}"), format!("{:.2}", job / large.job(Way::Duplicate))]);
    }
    table.print();
    Ok(ExitCode::SUCCESS)
}

/// Measures one course.
fn course(program: &Program, folder: &Path, size: &SampleSize, rounds: usize) -> Result<Turns> {
    let archive = program.generated("course", size)?;
    let store = folder.join("store");
    copy_folder(&program.empty, &store)?;
    let (_, id) = program.import(&store, &archive)?;
    let pool = folder.join("pool");
    unpack_pool(&archive, &pool)?;
    fs::remove_file(archive)?;
    let bytes = folder_size(&pool)?;
    println!(
        "A course of {} activities, {} people, {} log rows, {} files of {:.1} MiB; {rounds} turns.\n",
        size.activities,
        size.people,
        size.log_rows,
        size.files,
        mib(bytes)
    );
    let mut turns = Turns::default();
    for round in 0..rounds {
        turns.0.push((Way::Start, program.run(&store, &["plugin", "list"])?, None));
        for way in in_turn(round, [Way::Duplicate, Way::CopyFiles, Way::BackupAndRestore]) {
            // Every turn finds the same store.
            let twin = folder.join("twin");
            twin_of(&store, &twin)?;
            let (taken, job) = match way {
                Way::CopyFiles => {
                    let words: Vec<OsString> = vec!["-r".into(), pool.clone().into(), twin.join("copied").into()];
                    (measured::run(OsStr::new("cp"), &words, &program.output())?, None)
                }
                Way::BackupAndRestore => back_up_and_restore(program, &twin, id)?,
                _ => duplicate(program, &twin, id)?,
            };
            turns.0.push((way, taken, job));
            fs::remove_dir_all(twin)?;
        }
    }
    fs::remove_dir_all(&store)?;
    fs::remove_dir_all(&pool)?;
    turns.print();
    Ok(turns)
}

/// Unpacks the contents of an archive's files.
fn unpack_pool(archive: &Path, pool: &Path) -> Result<()> {
    fs::create_dir(pool)?;
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(BufReader::new(File::open(archive)?)));
    for entry in tar.entries()? {
        let mut entry = entry?;
        if entry.path()?.starts_with("files") {
            entry.unpack_in(pool)?;
        }
    }
    Ok(())
}

/// A store that is the same: its contents, which never change, linked, the rest copied.
fn twin_of(store: &Path, twin: &Path) -> Result<()> {
    let blobs = store.join("blobs");
    fill_folder(store, twin, &|from, to| match from.starts_with(&blobs) {
        true => fs::hard_link(from, to),
        false => fs::copy(from, to).map(|_| ()),
    })
}

/// Duplicates with people and all they did.
fn duplicate(program: &Program, store: &Path, id: u64) -> Result<(Taken, Option<Duration>)> {
    let before = folder_size(&store.join("blobs"))?;
    let id = id.to_string();
    let words = ["course", "duplicate", &id, "--shortname", "copy", "--option", "users=1", "--option", "logs=1"];
    let taken = program.run(store, &words)?;
    program.printed()?["courseid"].as_u64().context("no course was made")?;
    let grown = folder_size(&store.join("blobs"))? - before;
    if grown > 0 {
        bail!("duplicating wrote {grown} bytes of files");
    }
    let job = job_seconds(&taken);
    Ok((taken, job))
}

/// Backs up with people and all they did, and restores that.
fn back_up_and_restore(program: &Program, store: &Path, id: u64) -> Result<(Taken, Option<Duration>)> {
    let id = id.to_string();
    let backup = program.run(store, &["backup", "create", &id, "--option", "users=1", "--option", "logs=1"])?;
    program.run(store, &["backup", "list", &id])?;
    let listed = program.printed()?;
    let sha1 = listed[0]["sha1"].as_str().context("no archive in the store")?;
    let archive = store.join("blobs").join(sha1.get(..2).context("no hash")?).join(sha1);
    let (restore, _) = program.import(store, &archive)?;
    let job = job_seconds(&backup).zip(job_seconds(&restore)).map(|(backup, restore)| backup + restore);
    let both = Taken {
        wall: backup.wall + restore.wall,
        cpu: backup.cpu + restore.cpu,
        peak: backup.peak.max(restore.peak),
        errors: String::new(),
    };
    Ok((both, job))
}

#[allow(clippy::cast_precision_loss)]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
