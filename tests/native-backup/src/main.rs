//! The backup plugin as a native program: the very source files of the plugin, with the host's functions called directly
//! instead of through WebAssembly. What it takes longer in the sandbox is what the sandbox costs.
//!
//! It opens the store by itself, and writes the same entries in the same order with the same library into the same blob
//! store, where the archive becomes a file of the course. Only the queue is not there: nothing is claimed, progress is not
//! written down, warnings go to standard error.

// The plugin's sources say `provost_guest::…`, and find what is below.
extern crate self as provost_guest;

pub mod archive;
pub mod clock;
pub mod config;
pub mod course_store;
pub mod enrolments;
pub mod files;
mod host;
pub mod people;

#[path = "../../../plugins/backup/src/claim.rs"]
mod claim;
#[path = "../../../plugins/backup/src/documents.rs"]
mod documents;
#[path = "../../../plugins/backup/src/here.rs"]
mod here;
#[allow(dead_code)]
#[path = "../../../plugins/backup/src/job.rs"]
mod job;
#[path = "../../../plugins/backup/src/leaving.rs"]
mod leaving;
#[path = "../../../plugins/backup/src/listing.rs"]
mod listing;
#[path = "../../../plugins/backup/src/pool.rs"]
mod pool;
#[path = "../../../plugins/backup/src/retention.rs"]
mod retention;
#[path = "../../../plugins/backup/src/users.rs"]
mod users;

use anyhow::{Context as _, anyhow, bail};
use clap::Parser;
pub use sdk::{BlobRef, Caller, Error, ErrorKind, Result, pages};
use std::path::PathBuf;
use std::time::Instant;

/// Backs a course up without WebAssembly and prints what came of it and how long it took.
#[derive(Parser)]
struct Arguments {
    /// The store's directory.
    #[arg(long)]
    data: PathBuf,
    /// The course.
    course: u64,
    /// An option of the backup; may be given several times.
    #[arg(long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
}

/// What a running job knows of itself: here, that there is none.
pub struct JobContext {
    /// Made up.
    pub id: String,
    /// The operator.
    pub caller: Caller,
}

impl JobContext {
    /// Goes nowhere.
    ///
    /// # Errors
    /// None.
    pub fn progress(&self, _: f64) -> Result<()> {
        Ok(())
    }

    /// To standard error.
    ///
    /// # Errors
    /// None.
    pub fn warn(&self, message: &str) -> Result<()> {
        eprintln!("warning: {message}");
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let operator = runtime.block_on(host::open(&arguments.data))?;
    // For what ends with a task, such as a snapshot.
    let _entered = runtime.enter();
    let begin = Instant::now();
    let mut options = Vec::new();
    for option in &arguments.options {
        let Some((name, value)) = option.split_once('=') else { bail!("{option}: not of the form NAME=VALUE") };
        options.push(job::NameValue { name: name.into(), value: value.into() });
    }
    let job = JobContext {
        id: "00000000000000000000000000000000".into(),
        caller: Caller { person: operator.id, username: operator.username, site_admin: operator.site_admin },
    };
    let stored =
        job::run(&job, job::Payload { courseid: arguments.course, options }).map_err(|e| anyhow!(e.message))?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut printed = serde_json::to_value(stored)?;
    printed.as_object_mut().context("an answer that is no object")?.insert("seconds".into(), seconds.into());
    println!("{printed}");
    Ok(())
}
