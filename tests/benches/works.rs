//! What is measured of a course, turn by turn, and the tables it makes.

use super::figures::{Table, median};
use super::measured::Taken;
use std::time::Duration;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// The binary starts, opens the store and lists its plugins.
    Start,
    /// The course is imported from tar.gz.
    ImportTgz,
    /// `tar -xz` of the same.
    Untar,
    /// The course is imported from zip.
    ImportZip,
    /// `unzip` of the same.
    Unzip,
    /// The course is backed up as tar.gz.
    BackupTgz,
    /// The plugin's source as a native program does the same.
    NativeTgz,
    /// `tar -c | gzip -6` of the course's files and documents.
    TarGzip,
    /// The course is backed up as zip.
    BackupZip,
    /// The plugin's source as a native program does the same.
    NativeZip,
}

impl Work {
    const ALL: [Work; 10] = [
        Work::Start,
        Work::ImportTgz,
        Work::Untar,
        Work::ImportZip,
        Work::Unzip,
        Work::BackupTgz,
        Work::NativeTgz,
        Work::TarGzip,
        Work::BackupZip,
        Work::NativeZip,
    ];

    fn name(self) -> &'static str {
        match self {
            Work::Start => "provost starts, lists its plugins",
            Work::ImportTgz => "provost course import, tgz",
            Work::Untar => "tar -xz",
            Work::ImportZip => "provost course import, zip",
            Work::Unzip => "unzip",
            Work::BackupTgz => "provost backup create, tgz",
            Work::NativeTgz => "the same natively, tgz",
            Work::TarGzip => "tar -c, gzip -6",
            Work::BackupZip => "provost backup create, zip",
            Work::NativeZip => "the same natively, zip",
        }
    }
}

/// One turn of one work.
struct Turn {
    work: Work,
    taken: Taken,
    /// The job alone, where it is one: without the start, the opening of the store and the queue.
    job: Option<Duration>,
    /// Bytes written as one file; 0 for none.
    written: u64,
}

/// All turns of a course.
#[derive(Default)]
pub struct Turns(Vec<Turn>);

/// What there is to win.
#[derive(Debug, Clone, Copy)]
pub struct Aims {
    /// How many times as fast as tar and gzip a backup is to be.
    pub backup: f64,
}

/// The most memory that any work may take, bytes.
const PEAK: u64 = 128 << 20;
/// What the sandbox may cost, of what the work takes natively.
const OVERHEAD: f64 = 0.10;

impl Turns {
    pub fn add(&mut self, work: Work, taken: Taken, job: Option<Duration>, written: u64) {
        self.0.push(Turn { work, taken, job, written });
    }

    fn of(&self, work: Work) -> impl Iterator<Item = &Turn> {
        self.0.iter().filter(move |turn| turn.work == work)
    }

    fn walls(&self, work: Work) -> Vec<f64> {
        self.of(work).map(|turn| turn.taken.wall.as_secs_f64()).collect()
    }

    fn cpu(&self, work: Work) -> f64 {
        median(self.of(work).map(|turn| turn.taken.cpu.as_secs_f64()))
    }

    fn jobs(&self, work: Work) -> Vec<f64> {
        self.of(work).filter_map(|turn| turn.job).map(|job| job.as_secs_f64()).collect()
    }

    /// The most memory resident in any turn of a work, bytes; 0 where that is not known.
    pub fn peak(&self, work: Work) -> u64 {
        self.of(work).map(|turn| turn.taken.peak).max().unwrap_or(0)
    }

    /// Prints both tables.
    pub fn print(&self, aims: Aims) {
        let mut table = Table::new([
            "work",
            "seconds, best",
            "median",
            "job alone, best",
            "CPU seconds",
            "peak MiB",
            "written MiB",
        ]);
        for work in Work::ALL {
            let walls = self.walls(work);
            if walls.is_empty() {
                continue;
            }
            let jobs = self.jobs(work);
            let written = self.of(work).map(|turn| turn.written).max().unwrap_or(0);
            let peak = self.peak(work);
            table.row([
                work.name().to_owned(),
                format!("{:.3}", least(&walls)),
                format!("{:.3}", median(walls)),
                if jobs.is_empty() { String::new() } else { format!("{:.3}", least(&jobs)) },
                format!("{:.3}", self.cpu(work)),
                if peak > 0 { format!("{:.1}", mib(peak)) } else { "?".to_owned() },
                if written > 0 { format!("{:.1}", mib(written)) } else { String::new() },
            ]);
        }
        table.print();

        let mut table = Table::new(["comparison", "of the best", "median of the pairs", "CPU seconds", "aim"]);
        let mut faster = |what: &str, ours: Work, theirs: Work, aim: Option<f64>| {
            let cpu = self.cpu(ours) / self.cpu(theirs);
            let (ours, theirs) = (self.walls(ours), self.walls(theirs));
            if ours.is_empty() || theirs.is_empty() {
                return;
            }
            let pairs = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours);
            table.row([
                what.to_owned(),
                format!("{:.2} × as fast", least(&theirs) / least(&ours)),
                format!("{:.2} × as fast", median(pairs)),
                format!("× {cpu:.2}"),
                aim.map(|aim| format!("{aim:.1} × as fast")).unwrap_or_default(),
            ]);
        };
        let aim = Some(aims.backup);
        faster("backup, tgz, to tar -c, gzip -6", Work::BackupTgz, Work::TarGzip, aim);
        faster("backup, zip, to tar -c, gzip -6", Work::BackupZip, Work::TarGzip, aim);
        faster("import, tgz, to tar -xz", Work::ImportTgz, Work::Untar, None);
        faster("import, zip, to unzip", Work::ImportZip, Work::Unzip, None);
        let mut dearer = |what: &str, ours: Vec<f64>, native: Vec<f64>, cpu: Option<f64>| {
            if ours.is_empty() || native.is_empty() {
                return;
            }
            let pairs = ours.iter().zip(&native).map(|(ours, native)| ours / native);
            let percent = |ratio: f64| format!("{:+.1} %", (ratio - 1.0) * 100.0);
            table.row([
                what.to_owned(),
                percent(least(&ours) / least(&native)),
                percent(median(pairs)),
                cpu.map(|ratio| format!("× {ratio:.2}")).unwrap_or_default(),
                format!("under {:+.0} %", OVERHEAD * 100.0),
            ]);
        };
        for (form, ours, native) in
            [("tgz", Work::BackupTgz, Work::NativeTgz), ("zip", Work::BackupZip, Work::NativeZip)]
        {
            let cpu = self.cpu(ours) / self.cpu(native);
            dearer(&format!("sandbox, {form}, job alone"), self.jobs(ours), self.jobs(native), None);
            dearer(&format!("sandbox, {form}, whole command"), self.walls(ours), self.walls(native), Some(cpu));
        }
        let ours = [Work::ImportTgz, Work::ImportZip, Work::BackupTgz, Work::BackupZip];
        let peak = ours.into_iter().map(|work| self.peak(work)).max().unwrap_or(0);
        if peak > 0 {
            let cells = [
                "largest peak of memory".to_owned(),
                format!("{:.1} MiB", mib(peak)),
                String::new(),
                String::new(),
                format!("under {:.0} MiB", mib(PEAK)),
            ];
            table.row(cells);
        }
        table.print();
    }
}

fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Bytes as MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
