//! Files by their addresses: areas outside of courses' content and files of that content, as the loaded plugins' manifests open
//! them (moodle-webservices.md 1.9).

use crate::access::{self, Access, registry_error, store_error};
use crate::{Catalog, Registry, dispatch};
use bytes::Bytes;
use provost_runtime::{ItemInUrl, TextSettings};
use provost_store::api::{BlobRef, ContentPlace, Person, Place, Store};
use provost_wire::{ErrorKind, WireError};
use serde::Deserialize;
use serde_json::json;
use sha1::{Digest, Sha1};

/// Who wants the file.
#[derive(Clone, Copy)]
pub enum Reach<'a> {
    /// Somebody with a token, whose service must allow downloads.
    Token(&'a Access),
    /// Somebody with their file key.
    Person(&'a Person),
}

impl Reach<'_> {
    fn person(&self) -> &Person {
        match self {
            Reach::Token(access) => &access.person,
            Reach::Person(person) => person,
        }
    }
}

/// A file that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its content: where it is kept, or the name that `made` would have.
    pub blob: BlobRef,
    /// The content, where it is not kept but was made for this answer.
    pub made: Option<Bytes>,
    /// Its name.
    pub name: String,
    /// Its type.
    pub mimetype: String,
    /// When it was last changed, in seconds since 1970.
    pub modified: i64,
}

/// What an address names, after the script: `CONTEXT/component/area[/item][/path]/name`.
struct Address<'a> {
    context: u64,
    component: &'a str,
    area: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Address<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let mut segments = path.split('/').filter(|s| !s.is_empty());
        let context = segments.next()?.parse().ok()?;
        let (component, area) = (segments.next()?, segments.next()?);
        let rest: Vec<&str> = segments.collect();
        (!rest.is_empty()).then_some(Self { context, component, area, rest })
    }

    /// Item, path and name, with the item read as the area's addresses have it.
    fn place(&self, item: ItemInUrl) -> Option<(u64, String, &'a str)> {
        let (item, rest) = match item {
            ItemInUrl::None => (0, &self.rest[..]),
            ItemInUrl::Number => (self.rest.first()?.parse().ok()?, &self.rest[1..]),
            // Some addresses of such files leave the number out.
            ItemInUrl::Revision => match self.rest.first()?.parse::<u64>() {
                Ok(_) if self.rest.len() > 1 => (0, &self.rest[1..]),
                _ => (0, &self.rest[..]),
            },
        };
        let (name, folders) = rest.split_last()?;
        let path = folders.iter().fold(String::from("/"), |path, folder| path + folder + "/");
        Some((item, path, name))
    }
}

/// The file of an address, if the person may have it.
///
/// # Errors
/// `accessexception` for a service without downloads; `filenotfound`; `nopermissions`, `requireloginerror` as the area's capability and the course
/// demand.
pub async fn find(registry: &Registry, reach: Reach<'_>, path: &str) -> Result<Found, WireError> {
    if let Reach::Token(access) = reach
        && !access.service.download_files
    {
        return Err(WireError::access_exception("the service does not allow downloads"));
    }
    let catalog = registry.current().await.map_err(registry_error)?;
    let store = registry.host().store.as_ref();
    let address = Address::read(path).ok_or_else(WireError::file_not_found)?;
    if catalog.file_area(address.component, address.area).is_some_and(|area| area.content) {
        content_file(store, &catalog, reach.person(), &address).await
    } else {
        area_file(store, &catalog, reach.person(), &address).await
    }
}

async fn area_file(
    store: &dyn Store,
    catalog: &Catalog,
    person: &Person,
    address: &Address<'_>,
) -> Result<Found, WireError> {
    let area = catalog.file_area(address.component, address.area);
    // One's own uploads need no declaration.
    let item = area.map_or(ItemInUrl::Number, |area| area.item);
    let (item, path, name) = address.place(item).ok_or_else(WireError::file_not_found)?;
    let found = store.find_area_file(address.context, address.component, address.area, item, &path, name).await;
    let file = found.map_err(store_error)?.ok_or_else(WireError::file_not_found)?;
    let capability = area.and_then(|area| area.capability.as_deref());
    access::require_download(store, person, file.context, capability).await?;
    Ok(Found { blob: file.blob, made: None, name: file.name, mimetype: file.mimetype, modified: file.created })
}

/// What a function says that opens files of an area.
#[derive(Deserialize)]
struct Opened {
    stored: bool,
    #[serde(default)]
    mimetype: Option<String>,
    #[serde(default)]
    content: Option<String>,
}

/// What lets somebody see an activity that is not shown: the field's own name for it.
const VIEW_HIDDEN: &str = "moodle/course:viewhiddenactivities";

async fn content_file(
    store: &dyn Store,
    catalog: &Catalog,
    person: &Person,
    address: &Address<'_>,
) -> Result<Found, WireError> {
    let missing = WireError::file_not_found;
    let area = catalog.file_area(address.component, address.area).ok_or_else(missing)?;
    let capability = area.capability.as_deref().ok_or_else(missing)?;
    let (item, path, name) = address.place(area.item).ok_or_else(missing)?;
    let place = ContentPlace {
        context: address.context,
        component: address.component,
        area: address.area,
        item: i64::try_from(item).map_err(|_| missing())?,
        path: &path,
        name,
    };
    let stored = store.find_content_file(&place).await.map_err(store_error)?;
    // Without a stored file only a function can have one; then the context says whose it would be.
    let at = match &stored {
        Some(file) => file.activity.map_or(Place::Course(file.course), Place::Activity),
        None => store.place_of(place.context).await.map_err(store_error)?.ok_or_else(missing)?,
    };
    let course = store.course_of(at).await.map_err(store_error)?.ok_or_else(missing)?;
    access::require_course(store, person, course).await?;
    access::require_capability(store, person, capability, at).await?;
    if let Some(function) = &area.opened_by {
        let opened = open(store, catalog, person, function, &place).await?;
        if let Opened { stored: false, mimetype, content } = opened {
            let made = Bytes::from(content.ok_or_else(missing)?);
            let blob = BlobRef { sha1: hex::encode(Sha1::digest(&made)), size: made.len() as u64 };
            let mimetype = mimetype.unwrap_or_else(|| "text/html".into());
            let modified = store.course(course).await.map_err(store_error)?.fields.modified;
            return Ok(Found { blob, made: Some(made), name: name.to_owned(), mimetype, modified });
        }
    }
    let file = stored.ok_or_else(missing)?;
    if !file.visible && file.activity.is_some() {
        let sees = store.has_capability(person.id, VIEW_HIDDEN, at).await.map_err(store_error)?;
        if !sees {
            return Err(WireError::require_login("Activity is hidden"));
        }
    }
    Ok(Found { blob: file.blob, made: None, name: name.to_owned(), mimetype: file.mimetype, modified: file.created })
}

/// Asks the function of an area whether somebody may have a file.
async fn open(
    store: &dyn Store,
    catalog: &Catalog,
    person: &Person,
    function: &str,
    place: &ContentPlace<'_>,
) -> Result<Opened, WireError> {
    let Some(function) = catalog.function(function) else {
        return Err(WireError::coding(&format!("no plugin offers {function}, which opens files of this area")));
    };
    let parameters = json!({
        "contextid": place.context, "component": place.component, "area": place.area, "item": place.item,
        "path": place.path, "filename": place.name,
    });
    let settings =
        TextSettings { raw: false, file_urls: true, filter: false, language: String::new(), timezone: String::new() };
    match dispatch::ask(store, function, Some(person), "", &parameters, settings).await {
        Ok(answer) => serde_json::from_value(answer).map_err(|e| WireError::invalid_response(e.to_string())),
        Err(error) if error.kind == Some(ErrorKind::NotFound) => Err(WireError::file_not_found()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_their_area_has_them() {
        let read = |path: &'static str, item| {
            Address::read(path).and_then(|a| a.place(item)).map(|(item, path, name)| (item, path, name.to_owned()))
        };
        let is = |item, path: &str, name: &str| Some((item, path.to_owned(), name.to_owned()));
        assert_eq!(read("13/backup/course/a.mbz", ItemInUrl::None), is(0, "/", "a.mbz"));
        assert_eq!(read("13/user/draft/7/x/y/a.txt", ItemInUrl::Number), is(7, "/x/y/", "a.txt"));
        assert_eq!(read("13/mod_resource/content/3/a.txt", ItemInUrl::Revision), is(0, "/", "a.txt"));
        assert_eq!(read("13/mod_page/content/index.html", ItemInUrl::Revision), is(0, "/", "index.html"));
        assert_eq!(read("13/mod_page/content/3", ItemInUrl::Revision), is(0, "/", "3"));
        assert_eq!(read("13/user/draft/x/a.txt", ItemInUrl::Number), None);
        assert_eq!(read("13/user/draft", ItemInUrl::Number), None);
        assert_eq!(read("x/user/draft/7/a", ItemInUrl::Number), None);
    }
}
