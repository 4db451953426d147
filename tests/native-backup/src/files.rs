//! `files` of the contract: areas.

use crate::Result;
use crate::host::{host, wait};
use provost_store::api;
pub use sdk::files::{File, NewFile, OnTaken};

/// Adds a file to an area.
///
/// # Errors
/// As in the contract.
pub fn put(file: &NewFile, on_taken: OnTaken) -> Result<File> {
    let new = api::NewAreaFile {
        context: file.context,
        component: file.component.clone(),
        area: file.area.clone(),
        item: file.item,
        path: file.path.clone(),
        name: file.name.clone(),
        blob: api::BlobRef { sha1: file.blob.sha1.clone(), size: file.blob.size },
        mimetype: file.mimetype.clone(),
        person: file.person,
    };
    let on_taken = match on_taken {
        OnTaken::Refuse => api::OnTaken::Refuse,
        OnTaken::Replace => api::OnTaken::Replace,
        OnTaken::AddSuffix => api::OnTaken::AddSuffix,
    };
    Ok(out(wait(host()?.store.put_area_file(new, on_taken, None))?))
}

/// The files of an area.
///
/// # Errors
/// As in the contract.
pub fn in_area(context: u64, component: &str, area: &str, item: u64) -> Result<Vec<File>> {
    Ok(wait(host()?.store.area_files(context, component, area, item))?.into_iter().map(out).collect())
}

/// Removes a file.
///
/// # Errors
/// As in the contract.
pub fn delete(id: u64) -> Result<()> {
    wait(host()?.store.delete_area_file(id, None))
}

fn out(f: api::AreaFile) -> File {
    File {
        id: f.id,
        context: f.context,
        component: f.component,
        area: f.area,
        item: f.item,
        path: f.path,
        name: f.name,
        blob: crate::BlobRef { sha1: f.blob.sha1, size: f.blob.size },
        mimetype: f.mimetype,
        person: f.person,
        created: f.created,
    }
}
