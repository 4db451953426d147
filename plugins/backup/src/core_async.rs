//! Moodle's own functions about asynchronous backups and restores (moodle-webservices.md 3.1, 3.2).

use crate::job::{AREA, COMPONENT};
use crate::service::BACKUP;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use provost_guest::config;
use provost_guest::files::{self, File};
use provost_guest::people::{Place, require_capability};
use provost_guest::prelude::*;
use provost_plugin_job_details::{Standing, Work, entered_place, visible, visible_job};
use serde::{Deserialize, Serialize};

const BACKUP_ACTIVITY: &str = "moodle/backup:backupactivity";

/// What need not be escaped in a query: RFC 3986's unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub fn functions() -> Vec<Function> {
    vec![
        Function::new(
            "core_backup_get_async_backup_progress",
            "Tells how asynchronous backups and restores stand.",
            get_progress,
        )
        .capability(BACKUP)
        .capability(BACKUP_ACTIVITY),
        Function::new(
            "core_backup_get_async_backup_links_backup",
            "Tells the size of a backup's file and the addresses to download and to restore it.",
            get_links,
        )
        .capability(BACKUP)
        .capability(BACKUP_ACTIVITY),
    ]
}

#[derive(Deserialize, Describe)]
struct Asked {
    /// The ids of backups and restores.
    #[describe(kind = "ALPHANUM")]
    backupids: Vec<String>,
    /// The id of the context of the course or activity.
    contextid: i64,
}

#[derive(Serialize, Describe)]
struct Progress {
    /// 700 queued, 800 running, 900 failed, 1000 done.
    status: i64,
    /// From 0 to 1.
    progress: f64,
    /// The id that was asked for.
    #[describe(kind = "ALPHANUM")]
    backupid: String,
    /// `backup` or `restore`.
    #[describe(kind = "ALPHANUM")]
    operation: &'static str,
}

fn get_progress(caller: &Caller, asked: Asked) -> Result<Vec<Progress>> {
    allowed_place(caller, asked.contextid)?;
    let of = |id: String| {
        let (job, work) = visible(caller, &id)?;
        let Standing { phase, status, of_phase, .. } = Standing::of(&job, work);
        Ok(Progress { status, progress: of_phase, backupid: id, operation: phase.operation() })
    };
    asked.backupids.into_iter().map(of).collect()
}

/// The place of a context in which the caller may back up.
fn allowed_place(caller: &Caller, contextid: i64) -> Result<Place> {
    let place = entered_place(caller, contextid)?;
    let capability = if matches!(place, Place::Activity(_)) { BACKUP_ACTIVITY } else { BACKUP };
    require_capability(caller.person, capability, place)?;
    Ok(place)
}

#[derive(Deserialize, Describe)]
struct Wanted {
    /// The name of the backup's file.
    #[describe(kind = "FILE")]
    filename: String,
    /// The id of the context in whose backup area it is.
    contextid: i64,
    /// The id of the backup. Clients of before 4.3 do not send it.
    #[describe(kind = "ALPHANUMEXT", default = "")]
    backupid: String,
}

#[derive(Serialize, Describe)]
struct Links {
    /// The file's size as people read it.
    #[describe(kind = "TEXT")]
    filesize: String,
    /// The address to download it.
    #[describe(kind = "URL")]
    fileurl: String,
    /// The address to restore it.
    #[describe(kind = "URL")]
    restoreurl: String,
}

fn get_links(caller: &Caller, wanted: Wanted) -> Result<Links> {
    let place = allowed_place(caller, wanted.contextid)?;
    if !wanted.backupid.is_empty() {
        let job = visible_job(caller, &wanted.backupid, Work::Backup)?;
        if !matches!(place, Place::Course(course) if job.course == Some(course)) {
            let id = wanted.backupid;
            return Err(Error::not_found("backup_controllers", format!("backup {id} is of another course")));
        }
    }
    let missing = || Error::not_found("files", format!("no backup {:?}", wanted.filename));
    // What is not a course has no area for backups here.
    let Place::Course(course) = place else { return Err(missing()) };
    let stored = files::in_area(files::course_context(course)?, COMPONENT, AREA, 0)?;
    let file = stored.into_iter().find(|f| f.path == "/" && f.name == wanted.filename).ok_or_else(missing)?;
    Ok(Links {
        filesize: size(file.blob.size),
        // A browser's address of the same file: it has a session in place of a token.
        fileurl: files::download_url(file.id)?.replacen("/webservice/pluginfile.php/", "/pluginfile.php/", 1),
        restoreurl: restore_url(&config::get_site().url, &file),
    })
}

fn restore_url(site: &str, file: &File) -> String {
    let File { context, component, area, item, .. } = file;
    let (name, path) = (utf8_percent_encode(&file.name, QUERY), utf8_percent_encode(&file.path, QUERY));
    format!(
        "{site}/backup/restorefile.php?action=choosebackupfile&filename={name}&filepath={path}&component={component}\
         &filearea={area}&filecontextid={context}&contextid={context}&itemid={item}"
    )
}

/// A size with its unit, in steps of 1024, with one decimal above bytes.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    let mut amount = bytes as f64 / 1024.0;
    if amount < 1.0 {
        return format!("{bytes} bytes");
    }
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if amount < 1024.0 {
            break;
        }
        (amount, unit) = (amount / 1024.0, larger);
    }
    format!("{amount:.1} {unit}")
}

#[cfg(test)]
mod tests;
