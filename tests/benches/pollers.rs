//! A thousand clients poll the status of a backup while it runs: how long answers take, how many there are, and what memory
//! the server needs, against a page of the same server that takes no work, in the same run and in turns. An error of any kind
//! fails the run.
//!
//! And, for the eye alone: how long refusals take of tokens and passwords that are wrong in different ways.

mod figures;

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use figures::{Table, median};
use provost_tests::generate::SampleSize;
use provost_tests::live::{Rest, Server, Site, get, post_form};
use provost_tests::load::{Found, Load, raise_open_files, run};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A static page: no store, no plugin, no token.
const PAGE: &str = "/webservice/functions.css";
const STATUS: &str = "core_course_backup_async_get_status";
const PROGRESS: &str = "core_backup_get_async_backup_progress";

/// Measures polling of jobs.
#[derive(Parser)]
struct Arguments {
    /// Clients.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// MiB of files of the course that is backed up meanwhile.
    #[arg(long, default_value_t = 300, env = "PROVOST_BENCH_MIB")]
    mib: u64,
    /// Seconds of a turn.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Turns that each kind of request gets.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The binary; default: the one built beside this.
    #[arg(long, env = "PROVOST_BIN")]
    provost: Option<PathBuf>,
    /// Given by `cargo bench`; without it everything is done briefly, to see that it works.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is asked, and how often.
struct Kind {
    name: &'static str,
    function: Option<&'static str>,
    pause: Duration,
}

const KINDS: &[Kind] = &[
    Kind { name: "static page, at once", function: None, pause: Duration::ZERO },
    Kind { name: "core_course_backup_async_get_status, at once", function: Some(STATUS), pause: Duration::ZERO },
    Kind { name: "core_backup_get_async_backup_progress, at once", function: Some(PROGRESS), pause: Duration::ZERO },
    Kind { name: "static page, every 2 s", function: None, pause: Duration::from_secs(2) },
    Kind {
        name: "core_course_backup_async_get_status, every 2 s",
        function: Some(STATUS),
        pause: Duration::from_secs(2),
    },
];

fn main() -> Result<ExitCode> {
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        (arguments.clients, arguments.mib, arguments.seconds, arguments.rounds) = (50, 20, 1, 1);
    }
    println!("Pollers: {}", figures::circumstances());
    match raise_open_files() {
        Some(files) => println!("{} clients; each process may have {files} files open", arguments.clients),
        None => println!("{} clients; how many files may be open is not known", arguments.clients),
    }
    let binary = arguments.provost.clone().map_or_else(beside, Ok)?;
    let site = Site::new(binary.to_str().context("the binary's path")?);
    let size = SampleSize {
        activities: 200,
        people: 100,
        log_rows: 20_000,
        files: u32::try_from(arguments.mib)?,
        file_bytes: 1 << 20,
        compressible_share: 0.5,
    };
    // Refusals are measured, too, and more of them than guessing is allowed.
    fs::create_dir_all(site.data())?;
    fs::write(site.data().join("provost.toml"), "[web]\nfailures-per-minute = 0\nfailed-logins-per-minute = 0\n")?;
    let course = site.import(&site.generated("course.mbz", &size));
    let server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    let context = site.json(&["course", "show", &course.to_string()])["contextid"].to_string();

    let errors = pollers(&arguments, &server, &rest, course, &context)?;
    refusals(&site, &server, if arguments.bench { 100 } else { 2 })?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The binary that was built with this one.
fn beside() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.ancestors().nth(2).context("a folder of the build")?;
    let binary = folder.join(format!("provost{}", std::env::consts::EXE_SUFFIX));
    if !binary.is_file() {
        bail!("there is no {}: build it first, or say --provost", binary.display());
    }
    Ok(binary)
}

fn pollers(arguments: &Arguments, server: &Server, rest: &Rest, course: u64, context: &str) -> Result<usize> {
    let begun = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let job = Arc::new(Mutex::new(rest.start_backup(course, &[("options[users]", "1")])));
    let keeper = {
        // One backup after the other, so that there is always one that runs.
        let (rest, job, stop) = (rest.clone(), job.clone(), stop.clone());
        thread::spawn(move || {
            let mut ended = 0;
            while !stop.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(200));
                let now = job.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (status, _) = rest.status(&now);
                assert!(status < 900 || status == 1000, "the backup failed: {status}");
                if status == 1000 {
                    ended += 1;
                    *job.lock().unwrap_or_else(PoisonError::into_inner) = rest.start_backup(course, &[]);
                }
            }
            ended
        })
    };
    let watch = {
        let (stop, memory) = (stop.clone(), server.memory());
        thread::spawn(move || {
            let mut samples = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                samples.extend(memory.now().map(|bytes| (begun.elapsed(), bytes)));
                thread::sleep(Duration::from_millis(250));
            }
            samples
        })
    };
    let mut turns: Vec<Vec<Found>> = KINDS.iter().map(|_| Vec::new()).collect();
    for round in 0..arguments.rounds {
        let order: Vec<usize> =
            if round % 2 == 0 { (0..KINDS.len()).collect() } else { (0..KINDS.len()).rev().collect() };
        for at in order {
            turns[at].push(turn(arguments, server, &rest.token, &job, context, &KINDS[at])?);
        }
    }
    stop.store(true, Ordering::Relaxed);
    let ended = keeper.join().map_err(|_| anyhow!("a backup failed"))?;
    let samples = watch.join().map_err(|_| anyhow!("the memory could not be watched"))?;
    println!("{ended} backups of {} MiB ended meanwhile, and one was running always\n", arguments.mib);
    print_turns(&turns);
    print_memory(&samples, server);
    let errors: Vec<&String> = turns.iter().flatten().flat_map(|found| &found.errors).collect();
    let failed: usize = turns.iter().flatten().map(|found| found.failed).sum();
    for error in errors.iter().take(10) {
        println!("error: {error}");
    }
    println!("errors: {failed}\n");
    Ok(failed)
}

fn turn(
    arguments: &Arguments,
    server: &Server,
    token: &str,
    job: &Arc<Mutex<String>>,
    context: &str,
    kind: &Kind,
) -> Result<Found> {
    let load = Load {
        clients: arguments.clients,
        pause: kind.pause,
        time: Duration::from_secs(arguments.seconds).max(kind.pause * 2),
    };
    let Some(function) = kind.function else {
        let check = |status, body: &[u8]| match status {
            200 if !body.is_empty() => Ok(()),
            _ => Err(format!("status {status}: {}", String::from_utf8_lossy(body))),
        };
        return Ok(run(&server.address, load, || PAGE.to_owned(), check)?);
    };
    let rest = format!("/webservice/rest/server.php?wstoken={token}&wsfunction={function}&moodlewsrestformat=json");
    let (job, context) = (job.clone(), context.to_owned());
    let target = move || {
        let job = job.lock().unwrap_or_else(PoisonError::into_inner);
        match function {
            STATUS => format!("{rest}&backupid={job}"),
            _ => format!("{rest}&backupids[0]={job}&contextid={context}"),
        }
    };
    let check = |status, body: &[u8]| {
        let answer: Option<Value> = serde_json::from_slice(body).ok();
        let progress = answer.as_ref().and_then(|a| a[0]["progress"].as_f64());
        match (status, progress) {
            (200, Some(progress)) if (0.0..=1.0).contains(&progress) => Ok(()),
            _ => Err(format!("status {status}: {}", String::from_utf8_lossy(body))),
        }
    };
    Ok(run(&server.address, load, target, check)?)
}

fn print_turns(turns: &[Vec<Found>]) {
    let mut table =
        Table::new(["request", "p50 ms", "p90 ms", "p99 ms", "max ms", "answers/s", "× static page", "errors"]);
    let rate = |found: &[Found]| median(found.iter().map(Found::rate));
    for (kind, found) in KINDS.iter().zip(turns) {
        let percentile = |share: f64| median(found.iter().map(|f| f.percentile(share).as_secs_f64() * 1e3));
        let page = KINDS.iter().position(|k| k.function.is_none() && k.pause == kind.pause);
        let ratio = page.map_or(f64::NAN, |at| match kind.pause.is_zero() {
            // What is asked without pause is limited by the server; else it is the time of an answer that tells.
            true => rate(&turns[at]) / rate(found),
            false => percentile(0.5) / median(turns[at].iter().map(|f| f.percentile(0.5).as_secs_f64() * 1e3)),
        });
        let failed: usize = found.iter().map(|f| f.failed).sum();
        let mut row = vec![kind.name.to_owned()];
        row.extend([0.5, 0.9, 0.99, 1.0].map(|share| format!("{:.1}", percentile(share))));
        row.extend([format!("{:.0}", rate(found)), format!("{ratio:.2}"), failed.to_string()]);
        table.row(row);
    }
    println!("Medians of {} turns; × is how many times as long as the static page an answer takes.\n", turns[0].len());
    table.print();
}

fn print_memory(samples: &[(Duration, u64)], server: &Server) {
    #[allow(clippy::cast_precision_loss)]
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let thirds = samples.chunks(samples.len().div_ceil(3).max(1));
    for (third, samples) in ["first", "second", "last"].into_iter().zip(thirds) {
        let all: Vec<f64> = samples.iter().map(|(_, bytes)| mib(*bytes)).collect();
        let most = all.iter().copied().fold(0.0, f64::max);
        println!("memory of the server, {third} third: median {:.0} MiB, most {most:.0} MiB", median(all));
    }
    match server.memory().peak() {
        Some(peak) => println!("peak {:.0} MiB", mib(peak)),
        None => println!("the system does not tell"),
    }
}

/// How long refusals take: the medians should be alike, lest the time tell what the answer does not.
fn refusals(site: &Site, server: &Server, times: usize) -> Result<()> {
    let good = site.token("admin");
    let flipped = if good.ends_with('0') { '1' } else { '0' };
    let near = format!("{}{flipped}", &good[..good.len() - 1]);
    let call = |token: &str| {
        let path = "/webservice/rest/server.php?wsfunction=core_webservice_get_site_info&wstoken=";
        get(&format!("{}{path}{token}", server.url), &[])
    };
    let login = |name: &str| {
        let fields = [("username", name), ("password", "wrong"), ("service", "moodle_mobile_app")];
        post_form(&format!("{}/login/token.php", server.url), &fields)
    };
    let mut times_of = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for turn in 0..times {
        for place in 0..times_of.len() {
            // Forwards and backwards, so that no kind always comes first.
            let at = if turn % 2 == 0 { place } else { times_of.len() - 1 - place };
            let times = &mut times_of[at];
            let begun = Instant::now();
            let reply = match at {
                0 => call("0123456789abcdef0123456789abcdef"),
                1 => call(&near),
                2 => login("nobody"),
                _ => login("admin"),
            };
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            if reply.status != 200 {
                bail!("a refusal with status {}: {}", reply.status, reply.text());
            }
        }
    }
    let mut table = Table::new(["refusal", "median ms", "answers"]);
    let names = ["a token of nobody's", "a token but for its last letter", "nobody's password", "a wrong password"];
    for (name, times) in names.into_iter().zip(times_of) {
        table.row([name.to_owned(), format!("{:.2}", median(times.iter().copied())), times.len().to_string()]);
    }
    table.print();
    Ok(())
}
