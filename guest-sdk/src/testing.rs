//! The other side of the test double: what a test sets up, drives and looks at. Native builds only.
//!
//! ```
//! use provost_guest::prelude::*;
//! use provost_guest::testing::{self, TestHost};
//! use provost_guest::{archive, jobs};
//! use serde_json::json;
//!
//! struct Packer;
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     text: String,
//! }
//!
//! fn pack(context: &JobContext, order: Order) -> Result<String> {
//!     let writer = archive::Writer::create(archive::Format::Zip)?;
//!     writer.add_bytes("note.txt", order.text.as_bytes())?;
//!     context.progress(0.9)?;
//!     Ok(writer.finish()?.sha1)
//! }
//!
//! impl JobRunner for Packer {
//!     fn jobs() -> Jobs {
//!         Jobs::new().on("pack", pack)
//!     }
//! }
//!
//! let host = TestHost::new();
//! let sha1 = testing::run_job::<Packer>("pack", json!({ "text": "good morning" }))?;
//! let blob = host.blob_named(sha1.as_str().unwrap_or_default())?;
//! assert_eq!(host.entries(&blob)?, [("note.txt".to_owned(), b"good morning".to_vec())]);
//! assert_eq!(host.progress(), [0.9]);
//!
//! // What the plugin enqueues waits until the test runs it.
//! let payload = json!({ "text": "later" }).to_string();
//! let person = host.admin().person;
//! let id = jobs::enqueue(&jobs::NewJob { kind: "pack".into(), payload, person, course: None, key: String::new() })?;
//! testing::run_enqueued::<Packer>();
//! assert_eq!(host.job(&id)?.state, jobs::State::Succeeded);
//! # Ok::<(), Error>(())
//! ```

mod complete;
mod events;
mod operating;
#[cfg(test)]
mod tests;

use crate::bindings::imports::provost::plugin::{
    archive::Format,
    config::SiteFacts,
    course_store::CourseRecord,
    courses::CategoryFields,
    enrolments::Enrolment,
    http,
    jobs::{Job, NewJob, State},
    log::Level,
    people::{Person, Place},
    services::Offered,
};
use crate::bindings::job::exports::provost::plugin::job_runner;
use crate::bindings::web_service::exports::provost::plugin::web_service;
pub use crate::double::events::Published;
use crate::double::host::{ADMIN, Host, JobEntry};
use crate::double::{archive, services, try_with, with};
use crate::hook;
use crate::web_service::TextSettings;
use crate::{BlobRef, Caller, Error, ErrorKind, JobContext, JobRunner, Result, WebHook, WebService};
pub use events::{deliver, deliver_in_transaction};
use serde_json::Value;
use std::marker::PhantomData;

/// How often a job is started at most.
pub const MAX_ATTEMPTS: u32 = 3;

/// A fresh host for this thread: nothing in it but an administrator and one category. It is gone when this is dropped.
///
/// It grants everything until it is given the plugin's manifest.
#[derive(Debug)]
pub struct TestHost {
    generation: u64,
    /// The host belongs to the thread.
    _thread: PhantomData<*const ()>,
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        try_with(|host| {
            if host.generation == self.generation {
                *host = Host::new();
            }
        });
    }
}

impl TestHost {
    /// Installs it. One that was there before is gone.
    #[must_use]
    pub fn new() -> Self {
        let generation = with(|host| {
            *host = Host::new();
            host.generation
        });
        Self { generation, _thread: PhantomData }
    }

    /// Holds the plugin to its manifest, usually `include_str!("plugin.json")`: its grants, kinds of job, file areas,
    /// and the defaults of its configuration. Errors: `invalid` when it is not a manifest.
    pub fn manifest(&self, text: &str) -> Result<()> {
        let manifest = serde_json::from_str(text).map_err(|e| Error::invalid(format!("manifest: {e}")))?;
        with(|host| host.manifest = Some(manifest));
        Ok(())
    }

    /// The time on the clock.
    pub fn now(&self) -> i64 {
        with(|host| host.now)
    }
    /// Sets the clock, in seconds since 1970-01-01 UTC. It stands still: move it on by setting it again.
    pub fn set_time(&self, now: i64) {
        with(|host| host.now = now);
    }
    /// Sets the site's time zone, for example `Europe/Berlin` (UTC unless set). Errors: `invalid`.
    pub fn set_time_zone(&self, name: &str) -> Result<()> {
        let zone = jiff::tz::TimeZone::get(name).map_err(|e| Error::invalid(e.to_string()))?;
        with(|host| host.time_zone = zone);
        Ok(())
    }
    /// Sets the facts of the site.
    pub fn set_site(&self, site: SiteFacts) {
        with(|host| host.site = site);
    }
    /// Sets a value of the plugin's configuration.
    pub fn set_config(&self, key: &str, value: Value) {
        with(|host| host.config.insert(key.to_owned(), value));
    }
    /// Adds a category, below another one or at the top (0). Category 1 is there from the beginning.
    pub fn add_category(&self, id: u64, below: u64) {
        with(|host| host.add_category(id, below));
    }
    /// Makes lists come in pages of at most this many, to see whether a plugin turns them.
    pub fn set_page_limit(&self, entries: u32) {
        with(|host| host.page_limit = entries.max(1));
    }
    /// Makes reads give at most this many bytes, to see whether a plugin reads on.
    pub fn set_read_limit(&self, bytes: u32) {
        with(|host| host.read_limit = bytes.max(1));
    }

    /// The site's administrator.
    pub fn admin(&self) -> Caller {
        with(|host| host.caller_of(ADMIN))
    }
    /// Adds an ordinary person with names made of the username.
    pub fn person(&self, username: &str) -> Caller {
        let id = self.add_person(Person {
            id: 0,
            username: username.to_owned(),
            email: format!("{username}@lms.example.org"),
            firstname: username.to_owned(),
            lastname: "Example".into(),
            idnumber: String::new(),
            first_access: 0,
            last_access: 0,
            created: self.now(),
            deleted: false,
            suspended: false,
            site_admin: false,
            extra: "{}".into(),
        });
        with(|host| host.caller_of(id))
    }
    /// Adds a person as given, but for the id, which is the next one and returned.
    pub fn add_person(&self, person: Person) -> u64 {
        with(|host| host.add_person(person))
    }
    /// Makes the person known as one who came from another site, by the id there.
    pub fn set_origin(&self, person: u64, site_hash: &str, id_there: u64) {
        with(|host| host.origins.insert((site_hash.to_owned(), id_there), person));
    }
    /// Gives one capability at a place.
    pub fn allow(&self, person: u64, capability: &str, place: Place) {
        with(|host| host.allowed.push((person, capability.to_owned(), place)));
    }
    /// Gives a role of this archetype, and with it the manifest's capabilities that name the archetype.
    pub fn give_role(&self, person: u64, archetype: &str, place: Place) {
        with(|host| {
            let role = host.roles.iter().find(|r| r.archetype == archetype).map(|r| r.id);
            role.into_iter().for_each(|role| host.grant(person, role, place));
        });
    }
    /// Enrols a person in a course, without a role, with nothing to restrict it.
    pub fn enrol(&self, person: u64, course: u64) {
        let enrolment = Enrolment { method: "manual".into(), suspended: false, start: 0, end: 0, here: true };
        self.set_enrolment(person, course, enrolment);
    }
    /// Enrols a person in a course as given, in place of what was enrolled here.
    pub fn set_enrolment(&self, person: u64, course: u64, enrolment: Enrolment) {
        with(|host| host.roster.insert((course, person), enrolment));
    }
    /// Whether a person was given a password.
    pub fn has_password(&self, person: u64) -> bool {
        with(|host| host.with_password.contains(&person))
    }
    /// Replaces a person that is there, whatever the host would keep.
    pub fn set_person(&self, person: Person) {
        with(|host| host.people.insert(person.id, person));
    }
    /// Adds or replaces a category, with everything that is said of it.
    pub fn set_category(&self, id: u64, fields: CategoryFields) {
        with(|host| host.put_category(id, fields));
    }

    /// Adds a service with everything on, with these functions, each with the version of its plugin. One that the manifest declares needs no adding: it
    /// has the functions of the plugin called last.
    pub fn add_service(&self, shortname: &str, functions: &[(&str, &str)]) {
        let offered = |(name, version): &(&str, &str)| Offered {
            name: (*name).to_owned(),
            plugin: "other".into(),
            version: (*version).to_owned(),
        };
        with(|host| {
            host.services.push(services::service(shortname, shortname));
            host.service_functions.insert(shortname.to_owned(), functions.iter().map(offered).collect());
        });
    }
    /// Says through which service calls come (none unless set).
    pub fn set_service(&self, shortname: &str) {
        with(|host| shortname.clone_into(&mut host.service));
    }
    /// Says how clients want texts.
    pub fn set_settings(&self, settings: TextSettings) {
        with(|host| host.settings = settings);
    }
    /// The context of a person's own file areas, such as `user`/`draft`; 0 for nobody.
    pub fn person_context(&self, person: u64) -> u64 {
        with(|host| host.person_contexts.get(&person).copied().unwrap_or_default())
    }
    /// Everybody there is.
    pub fn people(&self) -> Vec<Person> {
        with(|host| host.people.values().cloned().collect())
    }

    /// Stores content.
    pub fn blob(&self, content: &[u8]) -> BlobRef {
        with(|host| host.put_blob(content.to_vec()))
    }
    /// Finds content by its name. Errors: `not-found` (code `blob`).
    pub fn blob_named(&self, sha1: &str) -> Result<BlobRef> {
        let size = with(|host| host.blob(sha1))?.len() as u64;
        Ok(BlobRef { sha1: sha1.to_owned(), size })
    }
    /// The content of a blob. Errors: `not-found` (code `blob`).
    pub fn content(&self, blob: &BlobRef) -> Result<Vec<u8>> {
        Ok(with(|host| host.blob(&blob.sha1))?.to_vec())
    }
    /// Makes an archive of paths and contents and stores it. Errors: a path that cannot be one.
    pub fn archive<P: AsRef<str>, C: AsRef<[u8]>>(&self, format: Format, entries: &[(P, C)]) -> Result<BlobRef> {
        let entries = entries.iter().map(|(path, content)| (path.as_ref(), content.as_ref()));
        let content = archive::pack(format, entries)?;
        Ok(with(|host| host.put_blob(content)))
    }
    /// The entries of an archive, in order. Errors: `not-found` (code `blob`), `corrupt`.
    pub fn entries(&self, archive: &BlobRef) -> Result<Vec<(String, Vec<u8>)>> {
        archive::unpack(archive)
    }

    /// The courses published, in order.
    pub fn courses(&self) -> Vec<CourseRecord> {
        with(|host| host.courses.values().map(|c| c.record.clone()).collect())
    }
    /// Plays the servers that the plugin calls. Until then nobody takes its connections.
    pub fn answer_http(&self, answer: impl FnMut(&http::Request) -> Result<http::Response, http::Failure> + 'static) {
        with(|host| host.http_answers = Some(Box::new(answer)));
    }
    /// What the plugin sent to other servers, in order.
    pub fn http_sent(&self) -> Vec<http::Request> {
        with(|host| host.http_sent.clone())
    }
    /// What the plugin wrote to the log.
    pub fn log(&self) -> Vec<(Level, String)> {
        with(|host| host.log.clone())
    }

    /// All jobs, in the order in which they were queued.
    pub fn jobs(&self) -> Vec<Job> {
        with(|host| host.jobs.iter().map(|entry| entry.job.clone()).collect())
    }
    /// A job as it stands. Errors: `not-found` (code `job`).
    pub fn job(&self, id: &str) -> Result<Job> {
        with(|host| Ok(host.job(id)?.job.clone()))
    }
    /// Adds a job as it stands, of whatever plugin; `shared` says whether that one's manifest shares the kind.
    pub fn add_job(&self, job: Job, shared: bool) {
        with(|host| host.jobs.push(JobEntry { job, key: String::new(), shared, stop: false, reported: Vec::new() }));
    }
    /// Begins a job by hand, to call what a job calls: from now on it is the current one.
    pub fn begin_job(&self, kind: &str, caller: &Caller) -> JobContext {
        let id = with(|host| queue(host, kind, "null", caller.person));
        begin(&id);
        JobContext { id, attempt: 1, caller: caller.clone() }
    }
    /// Asks the current job to stop: every call of the host that can fail gives `cancelled` from now on.
    pub fn cancel_job(&self) {
        with(|host| {
            if let Some(id) = host.running.clone()
                && let Ok(entry) = host.job(&id)
            {
                entry.stop = true;
            }
        });
    }
    /// The warnings of the current job, or of the last one.
    pub fn warnings(&self) -> Vec<String> {
        with(|host| last_job(host).map(|entry| entry.job.warnings.clone()).unwrap_or_default())
    }
    /// Every progress that the current job, or the last one, reported, also what the host ignored as lower than before.
    pub fn progress(&self) -> Vec<f64> {
        with(|host| last_job(host).map(|entry| entry.reported.clone()).unwrap_or_default())
    }
}

fn last_job(host: &Host) -> Option<&crate::double::host::JobEntry> {
    host.current_job().or_else(|| host.jobs.iter().rev().find(|entry| entry.job.attempts > 0))
}

fn queue(host: &mut Host, kind: &str, payload: &str, person: u64) -> String {
    let (kind, payload) = (kind.to_owned(), payload.to_owned());
    host.enqueue(&NewJob { kind, payload, person, course: None, key: String::new() })
}

/// Calls a web-service function as the host does: parameters are checked and completed against their description, the
/// result is cut down to its own. Errors besides those of the function: `not-found` (code `function`), `invalid`
/// for parameters, `failed` for a result that is not as described.
pub fn call<P: WebService>(function: &str, parameters: Value, caller: &Caller) -> Result<Value> {
    let all = crate::web_service::functions::<P>();
    let described = all.iter().find(|f| f.name == function);
    let described = described.ok_or_else(|| Error::not_found("function", format!("no function {function}")))?;
    let parameters = complete::parameters(&described.parameters, parameters)?;
    let (settings, service) = with(|host| {
        host.caller = Some(caller.clone());
        let version = host.manifest.as_ref().map(|m| m.version.clone()).unwrap_or_default();
        let plugin = host.plugin().to_owned();
        let offered =
            all.iter().map(|f| Offered { name: f.name.clone(), plugin: plugin.clone(), version: version.clone() });
        host.offered = offered.collect();
        (host.settings.clone(), host.service.clone())
    });
    let request = web_service::Request {
        function: function.to_owned(),
        parameters: parameters.to_string(),
        caller: caller.clone(),
        settings,
        service,
    };
    let answer = crate::web_service::call::<P>(request)?;
    let answer = serde_json::from_str(&answer).map_err(|e| Error::failed(format!("the answer is not JSON: {e}")))?;
    complete::result(&described.returns, answer)
}

/// Sends the plugin what another server would. Errors: those of the plugin.
pub fn receive<P: WebHook>(request: hook::Request) -> Result<hook::Response> {
    hook::receive::<P>(request)
}

/// Queues a job for the administrator and runs it once. Errors: those of the job.
pub fn run_job<P: JobRunner>(kind: &str, payload: Value) -> Result<Value> {
    run_job_for::<P>(kind, payload, &with(|host| host.caller_of(ADMIN)))
}

/// As [`run_job`], for somebody else.
pub fn run_job_for<P: JobRunner>(kind: &str, payload: Value, caller: &Caller) -> Result<Value> {
    let id = with(|host| queue(host, kind, &payload.to_string(), caller.person));
    let outcome = run_once::<P>(&id, 1)?;
    serde_json::from_str(&outcome).map_err(|e| Error::failed(format!("the outcome is not JSON: {e}")))
}

/// Runs what waits in the queue, and what that enqueues, each until it has ended. Returns the jobs in the order in
/// which they ended.
pub fn run_enqueued<P: JobRunner>() -> Vec<Job> {
    let mut ended = Vec::new();
    let due = || with(|host| host.jobs.iter().find(|e| e.job.state == State::Queued).map(|e| e.job.id.clone()));
    while let Some(id) = due() {
        // How it ended stands in the job.
        let _ = run_once::<P>(&id, MAX_ATTEMPTS);
        let job = with(|host| host.job(&id).map(|entry| entry.job.clone()));
        ended.extend(job.into_iter().filter(|job| job.state != State::Queued));
    }
    ended
}

/// Makes a job the running one and says what it is given.
fn begin(id: &str) -> Option<job_runner::JobContext> {
    with(|host| {
        let now = host.now;
        let entry = host.job(id).ok()?;
        entry.job.state = State::Running;
        entry.job.attempts += 1;
        entry.job.started = now;
        let job = entry.job.clone();
        host.running = Some(job.id.clone());
        let caller = host.caller_of(job.person);
        host.caller = Some(caller.clone());
        Some(job_runner::JobContext { id: job.id, kind: job.kind, payload: job.payload, attempt: job.attempts, caller })
    })
}

fn run_once<P: JobRunner>(id: &str, max_attempts: u32) -> Result<String> {
    let context = begin(id).ok_or_else(|| Error::not_found("job", format!("no job {id}")))?;
    let outcome = crate::job::run::<P>(context);
    with(|host| {
        host.running = None;
        let now = host.now;
        let Ok(entry) = host.job(id) else { return };
        let again = |error: &Error| matches!(error.kind, ErrorKind::RetryLater | ErrorKind::Failed);
        match &outcome {
            Ok(outcome) => {
                entry.job.state = State::Succeeded;
                entry.job.progress = 1.0;
                entry.job.outcome.clone_from(outcome);
                entry.job.reason.clear();
            }
            Err(error) if error.kind == ErrorKind::Cancelled || (again(error) && entry.stop) => {
                entry.job.state = State::Cancelled;
            }
            Err(error) => {
                let again = again(error) && entry.job.attempts < max_attempts;
                entry.job.state = if again { State::Queued } else { State::Failed };
                entry.job.reason.clone_from(&error.message);
            }
        }
        if entry.job.state != State::Queued {
            entry.job.finished = now;
        }
    });
    outcome
}
