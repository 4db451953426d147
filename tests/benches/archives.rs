//! What importing and backing up a course cost: the real binary as a child process, against `tar` and `gzip` on the same
//! files in the same run, in turns; with the peak of memory, which must not grow with the course.

mod figures;
mod measured;

use anyhow::{Context, Result, bail};
use clap::Parser;
use figures::{Table, median};
use measured::Taken;
use provost_tests::generate::{SampleSize, generate};
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A course of a real Moodle, if the checkout has the fixtures beside it.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/mbz/gen_S_users1.tgz.mbz");

/// Bytes of each file of a generated course.
const FILE_BYTES: u64 = 512 << 10;

/// Measures import and backup against tar and gzip.
#[derive(Parser)]
struct Arguments {
    /// Turns for the small course.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// MiB of files of the large course, half of them compressible; 0 leaves it out.
    #[arg(long, default_value_t = 100, env = "PROVOST_BENCH_MIB")]
    large: u64,
    /// Turns for the large course.
    #[arg(long, default_value_t = 3)]
    large_rounds: usize,
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

fn main() -> Result<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next().as_deref() == Some(OsStr::new(measured::MEASURE)) {
        return measured::measure(words);
    }
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.rounds, arguments.large) = (1, 0);
    }
    let provost = match arguments.provost {
        Some(path) => path,
        None => beside()?,
    };
    println!("Import and backup: {}", figures::circumstances());
    let folder = tempfile::tempdir_in(&arguments.folder)?;
    let bench = Bench::new(provost, folder.path())?;

    if Path::new(FIXTURE).is_file() {
        bench.course("gen_S, a course of a real Moodle", Path::new(FIXTURE), arguments.rounds)?;
    } else {
        println!("no {FIXTURE}: a generated course of 10 MiB instead\n");
        let archive = bench.generated(10)?;
        bench.course("a generated course of 10 MiB", &archive, arguments.rounds)?;
    }
    if arguments.large > 0 {
        let archive = bench.generated(arguments.large)?;
        let name = format!("a generated course of {} MiB, half compressible", arguments.large);
        bench.course(&name, &archive, arguments.large_rounds)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The binary of the build that this belongs to.
fn beside() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let name = format!("provost{}", std::env::consts::EXE_SUFFIX);
    match here.ancestors().skip(2).map(|folder| folder.join(&name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("no {name} beside {}: build the workspace first (tests/benches/README.md)", here.display()),
    }
}

struct Bench<'a> {
    provost: PathBuf,
    folder: &'a Path,
    /// An empty store with the built-in plugins compiled.
    empty: PathBuf,
    has_tar: bool,
    has_gzip: bool,
    /// How many courses were measured.
    courses: Cell<u32>,
}

/// What is measured, with what it is compared to.
struct Work {
    name: &'static str,
    baseline: Option<usize>,
    turns: Vec<Taken>,
    /// Bytes written as one file, 0 for none.
    written: u64,
}

const START: usize = 0;
const IMPORT: usize = 1;
const UNTAR: usize = 2;
const BACKUP_TGZ: usize = 3;
const BACKUP_ZIP: usize = 4;
const TAR_GZIP: usize = 5;

fn works() -> [Work; 6] {
    let work = |name, baseline| Work { name, baseline, turns: Vec::new(), written: 0 };
    [
        work("provost starts, lists its plugins", None),
        work("provost course import", Some(UNTAR)),
        work("tar -xz", None),
        work("provost backup create, tgz", Some(TAR_GZIP)),
        work("provost backup create, zip", Some(TAR_GZIP)),
        work("tar -c | gzip -6", None),
    ]
}

impl<'a> Bench<'a> {
    fn new(provost: PathBuf, folder: &'a Path) -> Result<Self> {
        println!("binary: {}", provost.display());
        let there = |program: &str| {
            let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            let there = there.is_ok_and(|status| status.success());
            if !there {
                println!("no {program} on this machine: its comparison is left out");
            }
            there
        };
        let bench = Self {
            provost,
            folder,
            empty: folder.join("empty"),
            has_tar: there("tar"),
            has_gzip: there("gzip"),
            courses: Cell::new(0),
        };
        bench.provost(&bench.empty, &["plugin", "list"])?;
        println!();
        Ok(bench)
    }

    /// Runs the binary on the store in `data`.
    fn provost<A: AsRef<OsStr>>(&self, data: &Path, arguments: &[A]) -> Result<Taken> {
        let mut words: Vec<OsString> = vec!["--json".into(), "--data".into(), data.into()];
        words.extend(arguments.iter().map(|word| word.as_ref().to_owned()));
        measured::run(self.provost.as_os_str(), &words, &self.output())
    }

    /// Where the standard output of the last program is.
    fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// The value of a key of what the binary printed last.
    fn printed(&self, key: &str) -> Result<u64> {
        let printed: serde_json::Value = serde_json::from_slice(&fs::read(self.output())?)?;
        printed[key].as_u64().with_context(|| format!("no {key} in {printed}"))
    }

    /// Writes a course with this many MiB of files.
    fn generated(&self, mib: u64) -> Result<PathBuf> {
        let path = self.folder.join(format!("generated-{mib}.mbz"));
        let size = SampleSize {
            activities: 200,
            people: 100,
            log_rows: 20_000,
            files: u32::try_from((mib << 20) / FILE_BYTES)?,
            file_bytes: FILE_BYTES,
            compressible_share: 0.5,
        };
        let mut file = BufWriter::new(fs::File::create(&path)?);
        generate(&size, 1, &mut file)?;
        file.into_inner()?.sync_all()?;
        Ok(path)
    }

    /// Measures one course and prints a table.
    fn course(&self, name: &str, archive: &Path, rounds: usize) -> Result<()> {
        let course_number = self.courses.replace(self.courses.get() + 1);
        let mut works = works();
        let mut unpacked = 0;
        for round in 0..rounds {
            // Nothing is deleted before the end: ext4 does not use a deleted file's inode again for some seconds and
            // searches past it instead, which makes whoever creates files next up to five times slower.
            let place = self.folder.join(format!("{course_number}-{round}"));
            fs::create_dir(&place)?;
            let store = place.join("store");
            let tree = place.join("tree");
            copy_folder(&self.empty, &store)?;
            fs::create_dir(&tree)?;

            works[START].turns.push(self.provost(&store, &["plugin", "list"])?);
            // Which of a pair goes first alternates, so that neither always finds the disk busier.
            if round % 2 == 0 {
                self.import(&mut works, archive, &store)?;
                self.untar(&mut works, archive, &tree)?;
            } else {
                self.untar(&mut works, archive, &tree)?;
                self.import(&mut works, archive, &store)?;
            }
            unpacked = folder_size(&tree)?;
            let course = works[IMPORT].written;
            if round % 2 == 0 {
                self.backup(&mut works[BACKUP_TGZ], course, "tgz", &store)?;
                self.tar_gzip(&mut works, &place)?;
                self.backup(&mut works[BACKUP_ZIP], course, "zip", &store)?;
            } else {
                self.backup(&mut works[BACKUP_ZIP], course, "zip", &store)?;
                self.tar_gzip(&mut works, &place)?;
                self.backup(&mut works[BACKUP_TGZ], course, "tgz", &store)?;
            }
        }
        works[IMPORT].written = 0;
        let packed = mib(fs::metadata(archive)?.len());
        println!("{name} ({packed:.1} MiB as tar.gz, {:.1} MiB unpacked), median of {rounds}:\n", mib(unpacked));
        print(&works);
        Ok(())
    }

    /// Imports; leaves the course's id in `written`, until it is printed.
    fn import(&self, works: &mut [Work], archive: &Path, store: &Path) -> Result<()> {
        let words = [OsStr::new("course"), OsStr::new("import"), archive.as_os_str()];
        works[IMPORT].turns.push(self.provost(store, &words)?);
        works[IMPORT].written = self.printed("courseid")?;
        Ok(())
    }

    fn untar(&self, works: &mut [Work], archive: &Path, tree: &Path) -> Result<()> {
        if self.has_tar && self.has_gzip {
            let words = ["-xzf".into(), archive.into(), "-C".into(), tree.into()];
            works[UNTAR].turns.push(measured::run(OsStr::new("tar"), &words, &self.output())?);
        }
        Ok(())
    }

    fn backup(&self, work: &mut Work, course: u64, format: &str, store: &Path) -> Result<()> {
        let course = course.to_string();
        let format = format!("format={format}");
        let words = ["backup", "create", &course, "--option", "users=1", "--option", &format];
        work.turns.push(self.provost(store, &words)?);
        work.written = self.printed("filesize")?;
        Ok(())
    }

    /// Packs the folder `tree` of `place` beside it.
    fn tar_gzip(&self, works: &mut [Work], place: &Path) -> Result<()> {
        if self.has_tar && self.has_gzip {
            let (tree, out) = (place.join("tree"), place.join("packed.tar.gz"));
            let script = r#"tar -cf - -C "$1" . | gzip -6 >"$2""#;
            let words = ["-c".into(), script.into(), "sh".into(), tree.into(), out.clone().into()];
            works[TAR_GZIP].turns.push(measured::run(OsStr::new("sh"), &words, &self.output())?);
            works[TAR_GZIP].written = fs::metadata(&out)?.len();
        }
        Ok(())
    }
}

fn print(works: &[Work]) {
    let mut table =
        Table::new(["work", "seconds", "from – to", "CPU seconds", "peak MiB", "written MiB", "time × baseline"]);
    for work in works.iter().filter(|work| !work.turns.is_empty()) {
        let baseline = work.baseline.map(|index| &works[index]).filter(|baseline| !baseline.turns.is_empty());
        let times = baseline.map(|baseline| {
            let pairs = work.turns.iter().zip(&baseline.turns);
            let times = median(pairs.map(|(ours, theirs)| ours.wall.as_secs_f64() / theirs.wall.as_secs_f64()));
            format!("{times:.2} × {}", baseline.name)
        });
        let peak = work.turns.iter().map(|turn| turn.peak).max().unwrap_or(0);
        table.row([
            work.name.to_owned(),
            format!("{:.3}", median(work.turns.iter().map(|turn| turn.wall.as_secs_f64()))),
            spread(&work.turns),
            format!("{:.3}", median(work.turns.iter().map(|turn| turn.cpu.as_secs_f64()))),
            if peak > 0 { format!("{:.1}", mib(peak)) } else { "?".to_owned() },
            if work.written > 0 { format!("{:.1}", mib(work.written)) } else { String::new() },
            times.unwrap_or_default(),
        ]);
    }
    table.print();
}

/// The shortest and the longest time, seconds.
fn spread(turns: &[Taken]) -> String {
    let times = || turns.iter().map(|turn| turn.wall.as_secs_f64());
    let (least, most) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    format!("{least:.3} – {most:.3}")
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn folder_size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        sum += if facts.is_dir() { folder_size(&entry.path())? } else { facts.len() };
    }
    Ok(sum)
}
