//! The command line. These forms are fixed: scripts rely on them.

mod access;
mod events;

pub use access::{Audit, Role, Service, SetService, Token, User};
pub use events::{Event, ListEvents, Notice, ReplayEvents, Target};

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A WebAssembly plugin host for learning management systems.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Directory of the store; created and initialized on first use.
    #[arg(long, global = true, env = "PROVOST_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Log more on standard error (-v info, -vv debug).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Seconds after which the job of a worker that died is taken up by another one.
    #[arg(long, global = true, hide = true, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub lease: u64,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve web services and run jobs until interrupted.
    Serve(Serve),
    /// Courses: list, show, import, delete, and who takes part.
    #[command(subcommand)]
    Course(Course),
    /// Categories of courses: list, create.
    #[command(subcommand)]
    Category(Category),
    /// Backups of a course: create, list, get.
    #[command(subcommand)]
    Backup(Backup),
    /// Jobs: list, show, cancel, wait.
    #[command(subcommand)]
    Job(Job),
    /// Tokens of web-service clients: create, list, revoke.
    #[command(subcommand)]
    Token(Token),
    /// People: list, show, create, suspend, their passwords and roles.
    #[command(subcommand)]
    User(User),
    /// Roles and what they may.
    #[command(subcommand)]
    Role(Role),
    /// Services: sets of functions that tokens are for.
    #[command(subcommand)]
    Service(Service),
    /// What was done, by whom, and how it ended.
    Audit(Audit),
    /// Plugins: list, inspect, install, configure, remove.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Events on their way to plugins and remote systems: list, show, send again, give up.
    #[command(subcommand)]
    Event(Event),
    /// Targets of events: list, show, switch on and off.
    #[command(subcommand)]
    Target(Target),
    /// What people and the operator were told.
    #[command(subcommand)]
    Notice(Notice),
    /// Check the store and the machine, and say what is wrong.
    Doctor {
        /// Also sweep what nothing refers to any more and is older than this many hours.
        #[arg(long, value_name = "HOURS")]
        sweep: Option<u64>,
    },
    /// Print completions for a shell.
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address clients use, for links. Default: http:// and the address listened on.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Jobs run at one time.
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub workers: usize,
    /// Print debug information in errors of the web services.
    #[arg(long)]
    pub debug: bool,
}

#[derive(Subcommand)]
pub enum Course {
    /// List courses.
    List,
    /// Show one course.
    Show {
        /// Its id.
        id: u64,
    },
    /// Import an archive, wait for it and print the course's id.
    Import(Import),
    /// Duplicate a course, wait for it and print the new one's id.
    Duplicate(Duplicate),
    /// List who takes part in a course.
    Participants {
        /// Its id.
        id: u64,
    },
    /// Enrol a person by hand, or change how they are enrolled.
    Enrol {
        /// The course's id.
        id: u64,
        /// Username.
        username: String,
        /// The role they get there.
        #[arg(long, default_value = "student")]
        role: String,
        /// Enrolled, but suspended.
        #[arg(long)]
        suspended: bool,
    },
    /// Take a person's enrolment by hand away.
    Unenrol {
        /// The course's id.
        id: u64,
        /// Username.
        username: String,
    },
    /// Copy sections and activities within their course or into another one, and print the new ones' ids.
    CopyItems(CopyItems),
    /// Move sections and activities, with everything that people did in them, and print the new ones' ids.
    MoveItems(MoveItems),
    /// Delete sections and activities.
    DeleteItems(DeleteItems),
    /// Delete a course with its backups.
    Delete {
        /// Its id.
        id: u64,
        /// Do not ask; needed where there is no terminal to ask on.
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct CopyItems {
    /// The course's id.
    pub course: u64,
    /// Ids of sections and activities.
    #[arg(required = true, value_name = "ITEM")]
    pub items: Vec<u64>,
    /// The course into which they go; default: the same.
    #[arg(long, value_name = "COURSE")]
    pub into: Option<u64>,
    /// The number of the section in which activities are put; default: the one in which they are.
    #[arg(long, value_name = "NUMBER")]
    pub section: Option<u32>,
    /// What is taken along, for example users=1; may be repeated. Default: no users and nothing of them.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = name_value)]
    pub options: Vec<(String, String)>,
}

#[derive(Args)]
pub struct MoveItems {
    /// The course's id.
    pub course: u64,
    /// Ids of sections and activities.
    #[arg(required = true, value_name = "ITEM")]
    pub items: Vec<u64>,
    /// The course into which they go; default: the same.
    #[arg(long, value_name = "COURSE")]
    pub into: Option<u64>,
    /// The number of the section in which activities are put; default: the one of the same number.
    #[arg(long, value_name = "NUMBER")]
    pub section: Option<u32>,
}

#[derive(Args)]
pub struct DeleteItems {
    /// The course's id.
    pub course: u64,
    /// Ids of sections and activities.
    #[arg(required = true, value_name = "ITEM")]
    pub items: Vec<u64>,
}

#[derive(Subcommand)]
pub enum Category {
    /// List categories.
    List,
    /// Add a category; prints its id.
    Create {
        /// Its name.
        name: String,
        /// The category in which it is; default: none.
        #[arg(long, value_name = "ID")]
        parent: Option<u64>,
        /// Its id number.
        #[arg(long, default_value = "")]
        idnumber: String,
    },
}

#[derive(Args)]
pub struct Import {
    /// A backup archive (zip or tar.gz) of a course, or with --into of a section or an activity.
    pub file: PathBuf,
    /// The new course's short name; default: the archive's, made unique.
    #[arg(long)]
    pub shortname: Option<String>,
    /// The new course's full name; default: the archive's.
    #[arg(long)]
    pub fullname: Option<String>,
    /// The new course's category; default: the first one.
    #[arg(long, value_name = "ID")]
    pub category: Option<u64>,
    /// The day on which the new course starts; all its dates move with it. Default: as in the archive.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub startdate: Option<i64>,
    /// What of the archive is taken, for example users=0; may be repeated. Default: everything.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = name_value)]
    pub options: Vec<(String, String)>,
    /// The course into which a section or an activity is brought.
    #[arg(long, value_name = "COURSE", conflicts_with_all = ["shortname", "fullname", "category", "startdate"])]
    pub into: Option<u64>,
    /// The number of the section there in which it is put. Default: the one of the same number as where it was, for an
    /// activity; a new one at the end, for a section.
    #[arg(long, value_name = "NUMBER", requires = "into")]
    pub section: Option<u32>,
    /// Import although file contents are damaged: without them, with warnings.
    #[arg(long)]
    pub keep_going: bool,
}

#[derive(Args)]
pub struct Duplicate {
    /// The id of the course that is copied.
    pub id: u64,
    /// The new course's short name; it must be free.
    #[arg(long)]
    pub shortname: String,
    /// The new course's full name; default: the original's.
    #[arg(long)]
    pub fullname: Option<String>,
    /// The new course's category; default: the original's.
    #[arg(long, value_name = "ID")]
    pub category: Option<u64>,
    /// The new course is hidden, whatever the original is.
    #[arg(long, conflicts_with = "visible")]
    pub hidden: bool,
    /// The new course is visible, whatever the original is.
    #[arg(long)]
    pub visible: bool,
    /// The day on which the new course starts; all its dates move with it. Default: as the original.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub startdate: Option<i64>,
    /// What is copied, for example users=1; may be repeated. Default: as for a backup, nobody and nothing of theirs.
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = name_value)]
    pub options: Vec<(String, String)>,
    /// Do not wait: print the job's id.
    #[arg(long)]
    pub no_wait: bool,
}

#[derive(Subcommand)]
pub enum Backup {
    /// Back up a course, wait for it and print the archive's file name.
    Create {
        /// The course's id.
        course: u64,
        /// An option of the backup, for example users=1; may be repeated.
        #[arg(long = "option", value_name = "NAME=VALUE", value_parser = name_value)]
        options: Vec<(String, String)>,
        /// Also write the archive to this file.
        #[arg(short, long, value_name = "OUT")]
        output: Option<PathBuf>,
    },
    /// List the backups of a course.
    List {
        /// The course's id.
        course: u64,
    },
    /// Write a backup of a course to a file.
    Get {
        /// The course's id.
        course: u64,
        /// The archive's file name, as listed.
        filename: String,
        /// Where to; default: the same name here. `-` is standard output.
        #[arg(short, long, value_name = "OUT")]
        output: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Job {
    /// List jobs, newest first.
    List {
        /// Only those of this course.
        #[arg(long)]
        course: Option<u64>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a job with its reason and warnings.
    Show {
        /// Its id.
        id: String,
    },
    /// Ask a job to stop.
    Cancel {
        /// Its id.
        id: String,
    },
    /// Wait for a job to end (running it here if no server does); fails unless it succeeded.
    Wait {
        /// Its id.
        id: String,
    },
}

#[derive(Subcommand)]
pub enum Plugin {
    /// List plugins.
    List,
    /// Show what a plugin is, offers and asks for, without running it.
    Inspect {
        /// A .wasm file, or the id of a loaded plugin.
        plugin: String,
    },
    /// Install a plugin, or replace one of the same id, while hosts serve.
    Install {
        /// A .wasm file: a component, or a module with embedded metadata.
        file: PathBuf,
        /// Grant this interface; may be repeated. Asked for on a terminal if left out.
        #[arg(long = "grant", value_name = "INTERFACE")]
        grants: Vec<String>,
        /// Grant all that it asks for.
        #[arg(long, conflicts_with = "grants")]
        grant_all: bool,
        /// Its configuration: a JSON object. Default: that of the version installed before.
        #[arg(long, value_name = "JSON")]
        config: Option<String>,
    },
    /// Show or set a plugin's configuration, while hosts serve.
    Configure {
        /// The plugin's id.
        id: String,
        /// A value to set, for example keep=5: JSON, or else text. KEY= goes back to the default. Without any, the
        /// configuration is shown.
        #[arg(value_name = "KEY=VALUE", value_parser = name_value)]
        values: Vec<(String, String)>,
    },
    /// Remove an installed plugin; a built-in one of its id serves again.
    Remove {
        /// Its id.
        id: String,
    },
}

/// The beginning of a day in the site's time zone, in seconds since 1970-01-01 UTC.
fn day(text: &str) -> Result<i64, String> {
    let date: jiff::civil::Date = text.parse().map_err(|_| format!("{text:?} is not YYYY-MM-DD"))?;
    let start = date.to_zoned(jiff::tz::TimeZone::system()).map_err(|e| e.to_string())?;
    Ok(start.timestamp().as_second())
}

fn name_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not NAME=VALUE")),
    }
}
