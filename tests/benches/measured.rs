//! Runs a program as a child process and says what it took: time, processor time, peak memory.
//!
//! The kernel gives the peak of *all* children that a process has waited for, and a child's peak begins with that of who
//! started it. So each program is run by a small process of its own: this executable again, as [`MEASURE`].

use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// First argument of this executable when it is to run a program and say what that took.
pub const MEASURE: &str = "--measure";

/// What a program took.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// From start to end.
    pub wall: Duration,
    /// Processor time of all its threads, in user mode and in the kernel.
    pub cpu: Duration,
    /// The most memory resident at one time, bytes; of a pipeline's programs the largest. 0 where that is not known.
    pub peak: u64,
    /// What it wrote to standard error.
    pub errors: String,
}

/// Runs a program to its end, with standard output to `output`. An error unless it succeeds.
pub fn run(program: &OsStr, arguments: &[OsString], output: &Path) -> Result<Taken> {
    settle()?;
    let what = || format!("{} {}", program.display(), arguments.join(OsStr::new(" ")).display());
    let done = Command::new(std::env::current_exe()?)
        .arg(MEASURE)
        .arg(output)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(what)?;
    if !done.status.success() {
        bail!("{} failed:\n{}", what(), String::from_utf8_lossy(&done.stderr));
    }
    let said = String::from_utf8_lossy(&done.stdout);
    let mut numbers = said.split_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next().and_then(Result::ok).with_context(|| format!("{}: not measured", what()));
    Ok(Taken {
        wall: Duration::from_micros(next()?),
        cpu: Duration::from_micros(next()?),
        peak: next()?,
        errors: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

/// Has the system write down what programs before have left to it, lest the next one be charged for that.
fn settle() -> Result<()> {
    #[cfg(unix)]
    {
        Command::new("sync").status().context("sync")?;
    }
    Ok(())
}

/// The small process: runs what its arguments say, prints microseconds, microseconds, bytes.
pub fn measure(mut arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let output = arguments.next().context("no output file")?;
    let program = arguments.next().context("no program")?;
    let output = File::create(output)?;
    let begin = Instant::now();
    // Has the binary say how long its jobs take.
    let status = Command::new(program)
        .args(arguments)
        .env("PROVOST_LOG", "provost_services=info")
        .stdin(Stdio::null())
        .stdout(output)
        .status()?;
    let wall = begin.elapsed();
    let (cpu, peak) = used_by_children()?;
    println!("{} {} {peak}", wall.as_micros(), cpu.as_micros());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(unix)]
fn used_by_children() -> Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // The unit is the system's own: bytes on macOS, KiB elsewhere.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    Ok((Duration::from_micros(u64::try_from(cpu)?), u64::try_from(usage.max_rss())? * unit))
}

#[cfg(not(unix))]
fn used_by_children() -> Result<(Duration, u64)> {
    Ok((Duration::ZERO, 0))
}
