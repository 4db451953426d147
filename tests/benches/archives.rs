//! What importing and backing up a course cost: the real binary as a child process, against `tar`, `gzip` and `unzip` on the
//! same files and against the same work in native Rust, in the same run, in turns; with the peak of memory, which must not
//! grow with the course.

mod contents;
mod figures;
mod measured;
mod program;
mod works;

use anyhow::{Context, Result};
use clap::Parser;
use figures::Table;
use program::{Program, beside, copy_folder, folder_size, in_turn, job_seconds};
use provost_tests::generate::SampleSize;
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use works::{Aims, Turns, Work, mib};

/// A course of a real Moodle, if the checkout has the fixtures beside it.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/mbz/gen_S_users1.tgz.mbz");

/// Measures import and backup against tar, gzip, unzip and native Rust.
#[derive(Parser)]
struct Arguments {
    /// Turns for the small course and for the one of many small files.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// MiB of files of the large courses; 0 leaves them out.
    #[arg(long, default_value_t = 1024, env = "PROVOST_BENCH_MIB")]
    large: u64,
    /// Turns for each large course.
    #[arg(long, default_value_t = 2)]
    large_rounds: usize,
    /// MiB of files of a huge course whose peak of memory is measured besides, such as 4096; it needs three times as much
    /// room on the disk. 0 leaves it out.
    #[arg(long, default_value_t = 0, env = "PROVOST_BENCH_HUGE")]
    huge: u64,
    /// Folder to work in, emptied at the end; default: the build's own, which is on a disk, as a store would be.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    folder: PathBuf,
    /// The binary; default: the one built beside this.
    #[arg(long, env = "PROVOST_BIN")]
    provost: Option<PathBuf>,
    /// Given by `cargo bench`; without it one small course is done once, to see that it works.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The peaks of courses of other sizes and shapes, for which time is not what matters.
struct Peak {
    name: String,
    import: u64,
    backup_tgz: u64,
    backup_zip: u64,
}

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().as_deref() == Some(OsStr::new(measured::MEASURE)) {
        return measured::measure(words);
    }
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.rounds, arguments.large, arguments.huge) = (1, 0, 0);
    }
    println!("Import and backup: {}", figures::circumstances());
    println!(
        "Every figure is of whole programs with a warm page cache; before each the system writes its buffers down."
    );
    let folder = tempfile::tempdir_in(&arguments.folder)?;
    let program = Program::new(arguments.provost, folder.path())?;
    let bench = Bench::new(program, beside("provost-native-backup")?, folder.path());

    let aims = Aims { backup: 1.5 };
    if Path::new(FIXTURE).is_file() {
        bench.course("gen_S, a course of a real Moodle", Path::new(FIXTURE), arguments.rounds)?.print(aims);
    } else {
        println!("no {FIXTURE}: a generated course of 10 MiB instead\n");
        let archive = bench.program.generated("small", &program::files(10, 0.5))?;
        bench.course("a generated course of 10 MiB", &archive, arguments.rounds)?.print(aims);
    }
    if !arguments.bench {
        return Ok(ExitCode::SUCCESS);
    }
    let many = SampleSize { files: 10_000, file_bytes: 4 << 10, ..program::files(0, 0.5) };
    let archive = bench.program.generated("many", &many)?;
    bench.course("a generated course of 10,000 files of 4 KiB", &archive, arguments.rounds.min(3))?.print(aims);

    let mut peaks = Vec::new();
    if arguments.large > 0 {
        peaks.push(bench.peak("100 MiB", &program::files(100, 0.5))?);
        for (kind, share, aims) in [("HTML", 1.0, aims), ("noise", 0.0, Aims { backup: 10.0 })] {
            let archive = bench.program.generated(kind, &program::files(arguments.large, share))?;
            let name = format!("a generated course of {} MiB of {kind}", arguments.large);
            let turns = bench.course(&name, &archive, arguments.large_rounds)?;
            turns.print(aims);
            fs::remove_file(&archive)?;
            peaks.push(Peak {
                name: format!("{} MiB of {kind}", arguments.large),
                import: turns.peak(Work::ImportTgz),
                backup_tgz: turns.peak(Work::BackupTgz),
                backup_zip: turns.peak(Work::BackupZip),
            });
        }
        if arguments.huge > 0 {
            peaks.push(bench.peak(&format!("{} MiB", arguments.huge), &program::files(arguments.huge, 0.5))?);
        }
        let logs = SampleSize { log_rows: 400_000, ..program::files(10, 0.5) };
        peaks.push(bench.peak("400,000 log rows", &logs)?);
        print_peaks(&peaks);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_peaks(peaks: &[Peak]) {
    println!("Peak of memory, MiB (aim: under 128 at any size):\n");
    let mut table = Table::new(["course", "import, tgz", "backup, tgz", "backup, zip"]);
    for peak in peaks {
        let cell = |bytes| format!("{:.1}", mib(bytes));
        table.row([peak.name.clone(), cell(peak.import), cell(peak.backup_tgz), cell(peak.backup_zip)]);
    }
    table.print();
}

struct Bench<'a> {
    program: Program,
    native: PathBuf,
    folder: &'a Path,
    has_tar: bool,
    has_unzip: bool,
    /// How many courses were measured.
    courses: Cell<u32>,
}

/// A course that was imported, in a store of its own.
struct Imported<'a> {
    store: &'a Path,
    id: u64,
}

/// An archive in a store.
struct Archive {
    path: PathBuf,
    size: u64,
}

impl<'a> Bench<'a> {
    fn new(program: Program, native: PathBuf, folder: &'a Path) -> Self {
        let has_tar = there("tar", "--version") && there("gzip", "--version");
        Self { program, native, folder, has_tar, has_unzip: there("unzip", "-v"), courses: Cell::new(0) }
    }

    /// A folder for a turn. What is small is not deleted before the end: ext4 does not use a deleted file's inode again
    /// for some seconds and searches past it instead, which makes whoever creates files next up to five times slower.
    fn place(&self) -> Result<PathBuf> {
        let number = self.courses.replace(self.courses.get() + 1);
        let place = self.folder.join(number.to_string());
        fs::create_dir(&place)?;
        Ok(place)
    }

    /// Measures one course.
    fn course(&self, name: &str, archive: &Path, rounds: usize) -> Result<Turns> {
        let mut turns = Turns::default();
        let mut unpacked = 0;
        let mut entries = 0;
        for round in 0..rounds {
            let place = self.place()?;
            let (store, tree) = (place.join("store"), place.join("tree"));
            copy_folder(&self.program.empty, &store)?;
            let taken = self.program.run(&store, &["plugin", "list"])?;
            turns.add(Work::Start, taken, None, 0);

            // Which of a pair goes first alternates, so that neither always finds the disk busier.
            let mut imported = None;
            for work in in_turn(round, [Work::ImportTgz, Work::Untar]) {
                match work {
                    Work::ImportTgz => imported = Some(self.import(&mut turns, work, archive, &store)?),
                    _ => self.unpack(&mut turns, work, archive, &tree)?,
                }
            }
            let id = imported.context("the course was not imported")?;
            let course = Imported { store: &store, id };
            unpacked = if self.has_tar { folder_size(&tree)? } else { 0 };
            let mut made = Vec::new();
            for work in in_turn(round, [Work::BackupTgz, Work::TarGzip, Work::NativeTgz]) {
                match work {
                    Work::TarGzip => self.tar_gzip(&mut turns, &place)?,
                    work => made.push(self.back_up(&mut turns, work, &course)?),
                }
            }
            entries = entries.max(self.done_with(made, round)?.0);
            let mut made = Vec::new();
            for work in in_turn(round, [Work::BackupZip, Work::NativeZip]) {
                made.push(self.back_up(&mut turns, work, &course)?);
            }
            let (_, zip) = self.done_with(made, round)?;
            // The zip goes where the store it came from is not in the way.
            let kept = place.join("course.zip");
            fs::rename(zip, &kept)?;
            if rounds < 5 {
                fs::remove_dir_all(&tree).or_else(absent)?;
                fs::remove_dir_all(&store)?;
            }
            let (store, tree) = (place.join("store-of-zip"), place.join("tree-of-zip"));
            copy_folder(&self.program.empty, &store)?;
            for work in in_turn(round, [Work::ImportZip, Work::Unzip]) {
                match work {
                    Work::ImportZip => {
                        self.import(&mut turns, work, &kept, &store)?;
                    }
                    _ => self.unpack(&mut turns, work, &kept, &tree)?,
                }
            }
            if rounds < 5 {
                fs::remove_dir_all(&place)?;
            }
        }
        let packed = mib(fs::metadata(archive)?.len());
        println!("{name} ({packed:.1} MiB as tar.gz, {:.1} MiB unpacked), {rounds} turns.", mib(unpacked));
        println!("The archives of both programs were found to hold the same {entries} entries.\n");
        Ok(turns)
    }

    /// The peaks of a course.
    fn peak(&self, name: &str, size: &SampleSize) -> Result<Peak> {
        let mut turns = Turns::default();
        let place = self.place()?;
        let store = place.join("store");
        copy_folder(&self.program.empty, &store)?;
        let archive = self.program.generated("peak", size)?;
        let id = self.import(&mut turns, Work::ImportTgz, &archive, &store)?;
        fs::remove_file(archive)?;
        let course = Imported { store: &store, id };
        for work in [Work::BackupTgz, Work::BackupZip] {
            fs::remove_file(self.back_up(&mut turns, work, &course)?.path)?;
        }
        fs::remove_dir_all(&place)?;
        Ok(Peak {
            name: name.to_owned(),
            import: turns.peak(Work::ImportTgz),
            backup_tgz: turns.peak(Work::BackupTgz),
            backup_zip: turns.peak(Work::BackupZip),
        })
    }

    /// Imports; returns the course's id.
    fn import(&self, turns: &mut Turns, work: Work, archive: &Path, store: &Path) -> Result<u64> {
        let (taken, id) = self.program.import(store, archive)?;
        let job = job_seconds(&taken);
        turns.add(work, taken, job, 0);
        Ok(id)
    }

    fn unpack(&self, turns: &mut Turns, work: Work, archive: &Path, tree: &Path) -> Result<()> {
        let (program, words): (_, Vec<OsString>) = match work {
            Work::Untar if self.has_tar => ("tar", vec!["-xzf".into(), archive.into(), "-C".into(), tree.into()]),
            Work::Unzip if self.has_unzip => ("unzip", vec!["-q".into(), archive.into(), "-d".into(), tree.into()]),
            _ => return Ok(()),
        };
        fs::create_dir(tree)?;
        turns.add(work, measured::run(OsStr::new(program), &words, &self.program.output())?, None, 0);
        Ok(())
    }

    /// Backs up, in the sandbox or natively.
    fn back_up(&self, turns: &mut Turns, work: Work, course: &Imported) -> Result<Archive> {
        let format = if matches!(work, Work::BackupTgz | Work::NativeTgz) { "format=tgz" } else { "format=zip" };
        let (store, id) = (course.store, course.id.to_string());
        let (taken, job);
        if matches!(work, Work::NativeTgz | Work::NativeZip) {
            let mut words: Vec<OsString> = vec!["--data".into(), store.into(), id.clone().into()];
            words.extend(["--option", "users=1", "--option", format].map(OsString::from));
            taken = measured::run(self.native.as_os_str(), &words, &self.program.output())?;
            job = self.program.printed()?["seconds"].as_f64().map(Duration::from_secs_f64);
        } else {
            taken = self.program.run(store, &["backup", "create", &id, "--option", "users=1", "--option", format])?;
            job = job_seconds(&taken);
        }
        let printed = self.program.printed()?;
        let (name, size) = (printed["filename"].as_str().unwrap_or_default(), printed["filesize"].as_u64());
        let size = size.with_context(|| format!("no archive was made: {printed}"))?;
        let name = name.to_owned();
        turns.add(work, taken, job, size);
        self.program.run(store, &["backup", "list", &id])?;
        let listed = self.program.printed()?;
        let listed = listed.as_array().into_iter().flatten().find(|file| file["filename"] == name.as_str());
        let sha1 = listed.and_then(|file| file["sha1"].as_str()).with_context(|| format!("no {name} in the store"))?;
        Ok(Archive { path: store.join("blobs").join(&sha1[..2]).join(sha1), size })
    }

    /// In the first round sees that two archives hold the same. Deletes all but one behind the store's back, for the room
    /// they take; returns how many entries there are and the archive that is left.
    fn done_with(&self, mut made: Vec<Archive>, round: usize) -> Result<(usize, PathBuf)> {
        let mut entries = 0;
        if round == 0
            && let [left, right] = &made[..]
        {
            entries = contents::check_same(&left.path, &right.path, self.folder)?;
        }
        let kept = made.pop().context("no archive")?;
        for archive in made {
            if archive.size > 64 << 20 {
                fs::remove_file(archive.path)?;
            }
        }
        Ok((entries, kept.path))
    }

    /// Packs the folder `tree` of `place` beside it.
    fn tar_gzip(&self, turns: &mut Turns, place: &Path) -> Result<()> {
        if self.has_tar {
            let (tree, out) = (place.join("tree"), place.join("packed.tar.gz"));
            let script = r#"tar -cf - -C "$1" . | gzip -6 >"$2""#;
            let words = ["-c".into(), script.into(), "sh".into(), tree.into(), out.clone().into()];
            let taken = measured::run(OsStr::new("sh"), &words, &self.program.output())?;
            let written = fs::metadata(&out)?.len();
            turns.add(Work::TarGzip, taken, None, written);
            if written > 64 << 20 {
                fs::remove_file(out)?;
            }
        }
        Ok(())
    }
}

/// Whether a program is on this machine.
fn there(program: &str, question: &str) -> bool {
    let status = Command::new(program).arg(question).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = status.is_ok_and(|status| status.success());
    if !there {
        println!("no {program} on this machine: its comparison is left out");
    }
    there
}

/// Takes what is not there for done.
fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
