//! `files`: areas outside of courses' own content.

use super::course_types::{blob_in, blob_out};
use super::{Answer, answered, attempt};
use crate::bindings::provost::plugin::files as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::manifest::ItemInUrl;
use crate::state::{CallState, error};
use provost_store::api;

const INTERFACE: &str = "files";

fn out(f: api::AreaFile) -> wit::File {
    wit::File {
        id: f.id,
        context: f.context,
        component: f.component,
        area: f.area,
        item: f.item,
        path: f.path,
        name: f.name,
        blob: blob_out(f.blob),
        mimetype: f.mimetype,
        person: f.person,
        created: f.created,
    }
}

/// The area uploads of a person go to: the wire protocol's (moodle-webservices.md 1.10).
fn is_upload(component: &str, area: &str) -> bool {
    component == "user" && area == "draft"
}

impl CallState {
    /// Whether the plugin may see the area: one of its manifest's, or the uploads of the person it acts for.
    async fn sees(&mut self, context: u64, component: &str, area: &str) -> Result<(), Error> {
        self.enter(INTERFACE)?;
        let areas = &self.facts.manifest.file_areas;
        if areas.iter().any(|a| a.component == component && a.area == area) {
            return Ok(());
        }
        if is_upload(component, area)
            && let Some(person) = self.person
            && self.host.store.person_context(person).await? == context
        {
            return Ok(());
        }
        let plugin = &self.facts.id;
        Err(error(
            ErrorKind::Denied,
            INTERFACE,
            format!("the manifest of plugin {plugin} does not name the file area {component}/{area}"),
        ))
    }

    async fn seen_file(&mut self, id: u64) -> Result<api::AreaFile, Error> {
        let file = self.host.store.area_file(id).await?;
        self.sees(file.context, &file.component, &file.area).await?;
        Ok(file)
    }
}

impl wit::Host for CallState {
    async fn person_context(&mut self, person: u64) -> Answer<u64> {
        attempt!(self.enter(INTERFACE));
        answered(self.host.store.person_context(person).await)
    }

    async fn course_context(&mut self, course: u64) -> Answer<u64> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        Ok(Ok(attempt!(self.host.store.course(course).await).context))
    }

    async fn new_item(&mut self) -> Answer<u64> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.new_item_id().await)
    }

    async fn in_area(&mut self, context: u64, component: String, area: String, item: u64) -> Answer<Vec<wit::File>> {
        attempt!(self.sees(context, &component, &area).await);
        let files = attempt!(self.host.store.area_files(context, &component, &area, item).await);
        Ok(Ok(files.into_iter().map(out).collect()))
    }

    async fn get(&mut self, id: u64) -> Answer<wit::File> {
        Ok(Ok(out(attempt!(self.seen_file(id).await))))
    }

    async fn put(&mut self, file: wit::NewFile, on_taken: wit::OnTaken) -> Answer<wit::File> {
        attempt!(self.enter_changing(INTERFACE));
        attempt!(self.sees(file.context, &file.component, &file.area).await);
        let file = api::NewAreaFile {
            context: file.context,
            component: file.component,
            area: file.area,
            item: file.item,
            path: file.path,
            name: file.name,
            blob: blob_in(file.blob),
            mimetype: file.mimetype,
            person: file.person,
        };
        let on_taken = match on_taken {
            wit::OnTaken::Refuse => api::OnTaken::Refuse,
            wit::OnTaken::Replace => api::OnTaken::Replace,
            wit::OnTaken::AddSuffix => api::OnTaken::AddSuffix,
        };
        let lease = self.job.as_ref().map(|job| &job.lease);
        Ok(Ok(out(attempt!(self.host.store.put_area_file(file, on_taken, lease).await))))
    }

    async fn delete(&mut self, id: u64) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        attempt!(self.seen_file(id).await);
        let lease = self.job.as_ref().map(|job| &job.lease);
        answered(self.host.store.delete_area_file(id, lease).await)
    }

    async fn download_url(&mut self, id: u64) -> Answer<String> {
        let file = attempt!(self.seen_file(id).await);
        let areas = &self.facts.manifest.file_areas;
        let declared = areas.iter().find(|a| a.component == file.component && a.area == file.area);
        let item = declared.map_or(ItemInUrl::Number, |area| area.item);
        let mut path = format!("{}/webservice/pluginfile.php/{}", self.host.public_url(), file.context);
        for segment in [&file.component, &file.area] {
            path.push('/');
            path.push_str(&percent_encoded(segment));
        }
        match item {
            ItemInUrl::None => {}
            ItemInUrl::Number => path.push_str(&format!("/{}", file.item)),
            ItemInUrl::Revision => path.push_str("/0"),
        }
        for segment in file.path.split('/').filter(|s| !s.is_empty()).chain([file.name.as_str()]) {
            path.push('/');
            path.push_str(&percent_encoded(segment));
        }
        path.push_str("?forcedownload=1");
        Ok(Ok(path))
    }
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

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn segments_are_encoded_as_clients_expect() {
        assert_eq!(percent_encoded("backup-moodle2-course-4-x.mbz"), "backup-moodle2-course-4-x.mbz");
        assert_eq!(percent_encoded("日 a/b?#%"), "%E6%97%A5%20a%2Fb%3F%23%25");
    }
}
