//! `files` in memory.

use super::host::{Host, take};
use super::manifest::ItemSegment;
use super::{conflict, enter, enter_changing, with};
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::files::{BlobRef, File, NewFile, OnTaken, PersonId, Timestamp};

const INTERFACE: &str = "files";

/// Whether the plugin may see the area: one of its manifest's, or the uploads of the person it acts for. Without a
/// manifest it sees every one.
fn sees(host: &Host, context: u64, component: &str, area: &str) -> Result<()> {
    let Some(manifest) = &host.manifest else { return Ok(()) };
    let caller_context = host.caller.as_ref().and_then(|c| host.person_contexts.get(&c.person));
    let own_upload = component == "user" && area == "draft" && caller_context == Some(&context);
    if own_upload || manifest.file_area(component, area).is_some() {
        return Ok(());
    }
    let message = format!("the manifest of plugin {} does not name the file area {component}/{area}", manifest.id);
    Err(Error::new(ErrorKind::Denied, INTERFACE, message))
}

fn seen_file(host: &Host, id: u64) -> Result<File> {
    let found = host.area_files.iter().find(|f| f.id == id);
    let file = found.ok_or_else(|| Error::not_found("file", format!("no file {id}")))?;
    sees(host, file.context, &file.component, &file.area)?;
    Ok(file.clone())
}

/// `name` with `_2`, `_3` … before its last dot.
fn suffixed(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}_{number}.{extension}"),
        None => format!("{name}_{number}"),
    }
}

/// See `files.person-context` in the contract.
pub fn person_context(person: u64) -> Result<u64> {
    enter(INTERFACE)?;
    with(|host| Ok(host.person_contexts.get(&person).copied().unwrap_or_default()))
}

/// See `files.course-context`.
pub fn course_context(course: u64) -> Result<u64> {
    enter(INTERFACE)?;
    with(|host| Ok(host.course(course)?.record.context))
}

/// See `files.new-item`.
pub fn new_item() -> Result<u64> {
    enter_changing(INTERFACE)?;
    Ok(with(|host| take(&mut host.next.draft_item)))
}

/// See `files.in-area`.
pub fn in_area(context: u64, component: &str, area: &str, item: u64) -> Result<Vec<File>> {
    enter(INTERFACE)?;
    with(|host| {
        sees(host, context, component, area)?;
        let inside = |f: &&File| f.context == context && f.component == component && f.area == area && f.item == item;
        Ok(host.area_files.iter().filter(inside).cloned().collect())
    })
}

/// See `files.get`.
pub fn get(id: u64) -> Result<File> {
    enter(INTERFACE)?;
    with(|host| seen_file(host, id))
}

/// See `files.put`.
pub fn put(file: &NewFile, on_taken: OnTaken) -> Result<File> {
    enter_changing(INTERFACE)?;
    with(|host| {
        sees(host, file.context, &file.component, &file.area)?;
        host.blob(&file.blob.sha1)?;
        let position = |host: &Host, name: &str| {
            host.area_files.iter().position(|f| {
                (f.context, &f.component, &f.area, f.item) == (file.context, &file.component, &file.area, file.item)
                    && (f.path.as_str(), f.name.as_str()) == (file.path.as_str(), name)
            })
        };
        let mut name = file.name.clone();
        if let Some(taken) = position(host, &name) {
            match on_taken {
                OnTaken::Refuse => return Err(conflict("file", &name)),
                OnTaken::Replace => {
                    host.area_files.remove(taken);
                }
                OnTaken::AddSuffix => {
                    let free = (2..).map(|n| suffixed(&file.name, n)).find(|name| position(host, name).is_none());
                    name = free.unwrap_or(name);
                }
            }
        }
        let file = File {
            id: take(&mut host.next.area_file),
            context: file.context,
            component: file.component.clone(),
            area: file.area.clone(),
            item: file.item,
            path: file.path.clone(),
            name,
            blob: file.blob.clone(),
            mimetype: file.mimetype.clone(),
            person: file.person,
            created: host.now,
        };
        host.area_files.push(file.clone());
        Ok(file)
    })
}

/// See `files.delete`. The double removes at once, in jobs too.
pub fn delete(id: u64) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        seen_file(host, id)?;
        host.area_files.retain(|f| f.id != id);
        Ok(())
    })
}

/// See `files.download-url`.
pub fn download_url(id: u64) -> Result<String> {
    enter(INTERFACE)?;
    with(|host| {
        let file = seen_file(host, id)?;
        let area = host.manifest.as_ref().and_then(|m| m.file_area(&file.component, &file.area));
        let mut segments = vec![file.context.to_string(), file.component.clone(), file.area.clone()];
        match area.map_or(ItemSegment::Number, |a| a.item) {
            ItemSegment::None => {}
            ItemSegment::Number => segments.push(file.item.to_string()),
            ItemSegment::Revision => segments.push("0".into()),
        }
        segments.extend(file.path.split('/').filter(|s| !s.is_empty()).map(str::to_owned));
        segments.push(file.name);
        let path: Vec<_> = segments.iter().map(|s| percent_encoded(s)).collect();
        Ok(format!("{}/webservice/pluginfile.php/{}?forcedownload=1", host.site.url, path.join("/")))
    })
}

/// A path segment with all but the unreserved characters of RFC 3986 percent-encoded.
fn percent_encoded(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
