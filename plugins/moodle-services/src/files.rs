//! `core_files_upload`: one file into the caller's draft area.

use crate::access::{self, named, require};
use crate::text;
use base64::Engine as _;
use provost_guest::files::{self, NewFile, OnTaken};
use provost_guest::people::{self, Place};
use provost_guest::prelude::*;
use provost_guest::{blobs, services, web_service};
use serde::{Deserialize, Serialize};

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new("core_files_upload", "Upload a file to moodle", upload)
            .capability("moodle/user:manageownfiles")
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Upload {
    /// The context of the area; the caller's own where it is left out.
    #[describe(default = null)]
    contextid: Option<i64>,
    /// The component: `user`.
    #[describe(kind = "COMPONENT")]
    component: String,
    /// The area: `draft`.
    #[describe(kind = "AREA")]
    filearea: String,
    /// The upload to which the file belongs; 0 for a new one.
    itemid: i64,
    /// Its folder.
    #[describe(kind = "PATH")]
    filepath: String,
    /// Its name.
    #[describe(kind = "FILE")]
    filename: String,
    /// Its content, in base64.
    #[describe(kind = "TEXT")]
    filecontent: String,
    /// In place of `contextid`: the level of the context, `user`.
    #[describe(kind = "ALPHA", default = null)]
    contextlevel: Option<String>,
    /// What of that level: the caller's id.
    #[describe(default = null)]
    instanceid: Option<i64>,
}

#[derive(Serialize, Describe)]
struct Uploaded {
    /// The context.
    contextid: u64,
    /// The component.
    component: String,
    /// The area.
    filearea: String,
    /// The upload.
    itemid: u64,
    /// The folder.
    filepath: String,
    /// The name.
    filename: String,
    /// Its address.
    url: String,
}

fn upload(caller: &Caller, upload: Upload) -> Result<Uploaded> {
    if upload.filename.is_empty() {
        return Err(Error::refused("invalidfilename", "Invalid file name"));
    }
    let own = people::context_of(Place::Person(caller.person)).map_err(named)?;
    if (upload.component.as_str(), upload.filearea.as_str()) != ("user", "draft") {
        return Err(Error::refused(
            "codingerror",
            "Coding error detected, it must be fixed by a programmer: File can be uploaded to user draft area only",
        ));
    }
    if given_context(&upload, own)? != own {
        return Err(Error::refused("nofile", "File not specified"));
    }
    require(caller, "moodle/user:manageownfiles", Place::Person(caller.person))?;
    let content = base64::engine::general_purpose::STANDARD
        .decode(upload.filecontent.split_ascii_whitespace().collect::<String>())
        .map_err(|e| Error::invalid(format!("filecontent: {e}")))?;
    let service = web_service::service();
    if !service.is_empty() && content.len() as u64 > services::get(&service)?.max_upload {
        return Err(Error::refused("maxbytes", "The file is larger than the maximum size allowed"));
    }
    let item = match access::id(upload.itemid) {
        0 => files::new_item()?,
        item => item,
    };
    let path = format!("/{}", upload.filepath.trim_matches('/'));
    let path = if path == "/" { path } else { path + "/" };
    let file = NewFile {
        context: own,
        component: upload.component,
        area: upload.filearea,
        item,
        path,
        mimetype: mimetype(&upload.filename).into(),
        name: upload.filename,
        blob: blobs::put(&content)?,
        person: caller.person,
    };
    let file = files::put(&file, OnTaken::Refuse).map_err(|error| match error.kind {
        ErrorKind::Conflict => Error::refused("fileexist", format!("File already exists: {}", file.name)),
        _ => error,
    })?;
    let name = text::encoded(&format!("{}{}", file.path, file.name));
    Ok(Uploaded {
        url: text::address(&format!("/draftfile.php/{own}/user/draft/{item}{name}")),
        contextid: file.context,
        component: file.component,
        filearea: file.area,
        itemid: file.item,
        filepath: file.path,
        filename: file.name,
    })
}

/// The context that the call names, by number or by level and instance; the caller's own where it names none.
fn given_context(upload: &Upload, own: u64) -> Result<u64> {
    match (upload.contextid, upload.contextlevel.as_deref(), upload.instanceid) {
        (Some(context @ 1..), _, _) => Ok(access::id(context)),
        (_, Some(level), Some(instance)) => {
            let instance = access::id(instance);
            let place = match level {
                "user" => Place::Person(instance),
                "course" => Place::Course(instance),
                "coursecat" => Place::Category(instance),
                "module" => Place::Activity(instance),
                "system" => Place::Site,
                _ => return Err(Error::invalid(format!("contextlevel: there is no level {level:?}"))),
            };
            people::context_of(place).map_err(named)
        }
        _ => Ok(own),
    }
}

/// A file's type by the end of its name, as far as this host acts on it.
fn mimetype(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "mbz" => "application/vnd.moodle.backup",
        "txt" => "text/plain",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "zip" => "application/zip",
        _ => "document/unknown",
    }
}

#[cfg(test)]
mod tests;
