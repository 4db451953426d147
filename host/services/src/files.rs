//! Files by their addresses: areas outside of courses' content and files of that content, as the loaded plugins' manifests open
//! them (moodle-webservices.md 1.9).

use crate::access::{self, Access, registry_error, store_error};
use crate::{Catalog, Registry};
use provost_runtime::ItemInUrl;
use provost_store::api::{BlobRef, ContentPlace, Person, Place, Store};
use provost_wire::WireError;

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
    /// Its content.
    pub blob: BlobRef,
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
    Ok(Found { blob: file.blob, name: file.name, mimetype: file.mimetype, modified: file.created })
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
    let file = store.find_content_file(&place).await.map_err(store_error)?.ok_or_else(missing)?;
    access::require_course(store, person, file.course).await?;
    let place = file.activity.map_or(Place::Course(file.course), Place::Activity);
    access::require_capability(store, person, capability, place).await?;
    if !file.visible && file.activity.is_some() {
        let sees = store.has_capability(person.id, VIEW_HIDDEN, place).await.map_err(store_error)?;
        if !sees {
            return Err(WireError::require_login("Activity is hidden"));
        }
    }
    Ok(Found { blob: file.blob, name: name.to_owned(), mimetype: file.mimetype, modified: file.created })
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
