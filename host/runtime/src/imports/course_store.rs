//! `course-store`: snapshots and drafts.

use super::course_types::*;
use super::{Answer, MAX_PAGE, MAX_READ, answered, attempt};
use crate::bindings::provost::plugin::course_store as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::state::{CallState, error};
use provost_store::api;
use std::sync::Arc;
use tokio::sync::Mutex;
use wasmtime::component::Resource;

/// A snapshot in a plugin's hands. Shared, since an archive writer reads from it.
pub struct SnapshotHandle(pub(crate) Arc<Mutex<Box<dyn api::Snapshot>>>);

/// A draft in a plugin's hands; none once it is published.
pub struct DraftHandle(Option<Box<dyn api::Draft>>);

const INTERFACE: &str = "course-store";

fn page(limit: u32) -> u32 {
    limit.clamp(1, MAX_PAGE)
}

/// Reads a page from a snapshot and converts its rows.
macro_rules! page_of {
    ($this:ident, $handle:ident, $method:ident ( $($arg:expr),* ), $convert:expr) => {{
        attempt!($this.enter(INTERFACE));
        let snapshot = $this.table.get(&$handle)?.0.clone();
        let rows = attempt!(snapshot.lock().await.$method($($arg),*).await);
        Ok(Ok(rows.into_iter().map($convert).collect()))
    }};
}

impl wit::Host for CallState {}

impl wit::HostSnapshot for CallState {
    async fn open(&mut self, course: u64) -> Answer<Resource<SnapshotHandle>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(course));
        let snapshot = attempt!(self.host.store.snapshot(course).await);
        let handle = SnapshotHandle(Arc::new(Mutex::new(snapshot)));
        Ok(Ok(self.table.push(handle)?))
    }

    async fn course(&mut self, this: Resource<SnapshotHandle>) -> wasmtime::Result<wit::CourseRecord> {
        let snapshot = self.table.get(&this)?.0.clone();
        let snapshot = snapshot.lock().await;
        Ok(course_out(snapshot.course()))
    }

    async fn scopes(&mut self, this: Resource<SnapshotHandle>) -> Answer<Vec<wit::ScopeRecord>> {
        page_of!(self, this, scopes(), scope_out)
    }

    async fn bindings(&mut self, this: Resource<SnapshotHandle>) -> Answer<Vec<wit::BindingRecord>> {
        page_of!(self, this, bindings(), binding_out)
    }

    async fn scope_parents(&mut self, this: Resource<SnapshotHandle>) -> Answer<Vec<(u64, u64)>> {
        attempt!(self.enter(INTERFACE));
        let snapshot = self.table.get(&this)?.0.clone();
        answered(snapshot.lock().await.scope_parents().await)
    }

    async fn sections(
        &mut self,
        this: Resource<SnapshotHandle>,
        after: u64,
        limit: u32,
    ) -> Answer<Vec<wit::SectionRecord>> {
        page_of!(self, this, sections(after, page(limit)), section_out)
    }

    async fn activities(
        &mut self,
        this: Resource<SnapshotHandle>,
        after: u64,
        limit: u32,
    ) -> Answer<Vec<wit::ActivityRecord>> {
        page_of!(self, this, activities(after, page(limit)), activity_out)
    }

    async fn blocks(
        &mut self,
        this: Resource<SnapshotHandle>,
        after: u64,
        limit: u32,
    ) -> Answer<Vec<wit::BlockRecord>> {
        page_of!(self, this, blocks(after, page(limit)), block_out)
    }

    async fn parts(&mut self, this: Resource<SnapshotHandle>, after: u64, limit: u32) -> Answer<Vec<wit::PartRecord>> {
        page_of!(self, this, parts(after, page(limit)), part_out)
    }

    async fn read_part(
        &mut self,
        this: Resource<SnapshotHandle>,
        part: u64,
        facets: Vec<String>,
        offset: u64,
        limit: u32,
    ) -> Answer<Vec<u8>> {
        attempt!(self.enter(INTERFACE));
        let snapshot = self.table.get(&this)?.0.clone();
        let facets = api::Facets::new(facets);
        let limit = limit.clamp(1, MAX_READ);
        answered(snapshot.lock().await.read_part(part, &facets, offset, limit).await)
    }

    async fn files(&mut self, this: Resource<SnapshotHandle>, after: u64, limit: u32) -> Answer<Vec<wit::FileRecord>> {
        page_of!(self, this, files(after, page(limit)), file_out)
    }

    async fn references(
        &mut self,
        this: Resource<SnapshotHandle>,
        owner: wit::Owner,
        facets: Vec<String>,
    ) -> Answer<Vec<wit::Reference>> {
        let facets = api::Facets::new(facets);
        page_of!(self, this, references(owner_in(owner), &facets), reference_out)
    }

    async fn people(
        &mut self,
        this: Resource<SnapshotHandle>,
        scope: u64,
        after_local: u64,
        limit: u32,
    ) -> Answer<Vec<wit::PersonLink>> {
        page_of!(self, this, people(scope, after_local, page(limit)), |(person, archived)| person_out(
            scope, person, archived
        ))
    }

    async fn entries(&mut self, this: Resource<SnapshotHandle>, kind: String) -> Answer<Vec<wit::EntryRecord>> {
        page_of!(self, this, entries(&kind), entry_out)
    }

    async fn announce_export(&mut self, this: Resource<SnapshotHandle>, backup: String, user_data: bool) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        let Some(events) = self.host.events() else { return Ok(Ok(())) };
        let snapshot = self.table.get(&this)?.0.clone();
        let kind = if user_data { api::CopyKind::Exact } else { api::CopyKind::Shallow };
        let job = self.job.as_ref().map(|job| job.lease.job.clone());
        let exported = attempt!(exported(&snapshot, kind, &backup, job.clone().unwrap_or_default()).await);
        answered(events.tell_now(exported, job).await)
    }

    async fn drop(&mut self, this: Resource<SnapshotHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// What an archive of a course takes along: the course itself and each of its activities.
async fn exported(
    snapshot: &Mutex<Box<dyn api::Snapshot>>,
    kind: api::CopyKind,
    backup: &str,
    job: String,
) -> Result<Vec<api::Happening>, api::StoreError> {
    let mut snapshot = snapshot.lock().await;
    let course = snapshot.course().id.to_string();
    let mut all = vec![api::Happening::CourseExported { kind, course: course.clone(), backup: backup.to_owned(), job }];
    let mut after = 0;
    loop {
        let some = snapshot.activities(after, MAX_PAGE).await?;
        let Some(last) = some.last() else { return Ok(all) };
        after = last.id;
        all.extend(some.iter().map(|item| api::Happening::ContentExported {
            kind,
            content: api::Address { course: course.clone(), content: item.id.to_string() },
            external_id: String::new(),
            backup: backup.to_owned(),
        }));
    }
}

impl CallState {
    fn draft(&mut self, this: &Resource<DraftHandle>) -> wasmtime::Result<Result<&mut Box<dyn api::Draft>, Error>> {
        if let Err(refused) = self.enter(INTERFACE) {
            return Ok(Err(refused));
        }
        let handle = self.table.get_mut(this)?;
        Ok(handle.0.as_mut().ok_or_else(|| error(ErrorKind::Invalid, "draft", "the draft is published".into())))
    }
}

impl wit::HostDraft for CallState {
    async fn create(
        &mut self,
        fields: wit::CourseFields,
        origin: wit::Origin,
        extra: String,
    ) -> Answer<Resource<DraftHandle>> {
        attempt!(self.enter_changing(INTERFACE));
        let lease = self.job.as_ref().map(|job| job.lease.clone());
        let draft = self.host.store.draft(course_fields_in(fields), origin_in(origin), extra, lease).await;
        Ok(Ok(self.table.push(DraftHandle(Some(attempt!(draft))))?))
    }

    async fn extend(&mut self, course: u64, origin: wit::Origin) -> Answer<Resource<DraftHandle>> {
        attempt!(self.enter_changing(INTERFACE));
        let lease = self.job.as_ref().map(|job| job.lease.clone());
        let draft = self.host.store.extend(course, origin_in(origin), lease).await;
        Ok(Ok(self.table.push(DraftHandle(Some(attempt!(draft))))?))
    }

    async fn bind(&mut self, this: Resource<DraftHandle>, bindings: Vec<wit::Binding>) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.bind(bindings.into_iter().map(binding_in).collect()).await)
    }

    async fn course(&mut self, this: Resource<DraftHandle>) -> wasmtime::Result<u64> {
        let handle = self.table.get(&this)?;
        let draft = handle.0.as_ref().ok_or_else(|| wasmtime::Error::msg("the draft is published"))?;
        Ok(draft.course())
    }

    async fn context(&mut self, this: Resource<DraftHandle>) -> wasmtime::Result<u64> {
        let handle = self.table.get(&this)?;
        let draft = handle.0.as_ref().ok_or_else(|| wasmtime::Error::msg("the draft is published"))?;
        Ok(draft.context())
    }

    async fn add_section(&mut self, this: Resource<DraftHandle>, fields: wit::SectionFields) -> Answer<u64> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_section(section_in(fields)).await)
    }

    async fn add_activity(&mut self, this: Resource<DraftHandle>, fields: wit::ActivityFields) -> Answer<u64> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_activity(activity_in(fields)).await)
    }

    async fn add_block(&mut self, this: Resource<DraftHandle>, fields: wit::BlockFields) -> Answer<u64> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_block(block_in(fields)).await)
    }

    async fn add_part(
        &mut self,
        this: Resource<DraftHandle>,
        owner: wit::Owner,
        name: String,
        facets: Vec<String>,
    ) -> Answer<u64> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_part(owner_in(owner), name, api::Facets::new(facets)).await)
    }

    async fn append_runs(&mut self, this: Resource<DraftHandle>, part: u64, runs: Vec<wit::FacetedRun>) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        let runs = runs.into_iter().map(run_in).collect();
        answered(draft.append_runs(part, runs).await)
    }

    async fn add_references(
        &mut self,
        this: Resource<DraftHandle>,
        owner: wit::Owner,
        references: Vec<wit::Reference>,
    ) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        let references = references.into_iter().map(reference_in).collect();
        answered(draft.add_references(owner_in(owner), references).await)
    }

    async fn add_files(&mut self, this: Resource<DraftHandle>, files: Vec<wit::FileFields>) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_files(files.into_iter().map(file_in).collect()).await)
    }

    async fn add_entries(&mut self, this: Resource<DraftHandle>, entries: Vec<wit::Entry>) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.add_entries(entries.into_iter().map(entry_in).collect()).await)
    }

    async fn add_people(
        &mut self,
        this: Resource<DraftHandle>,
        people: Vec<(wit::ArchivedPerson, wit::PersonChoice)>,
    ) -> Answer<Vec<u64>> {
        let draft = attempt!(self.draft(&this)?);
        let choice = |choice| match choice {
            wit::PersonChoice::Link(id) => api::PersonChoice::Link(id),
            wit::PersonChoice::Create(new) => {
                api::PersonChoice::Create(api::NewPerson { username: new.username, extra: new.extra })
            }
        };
        let people = people.into_iter().map(|(person, chosen)| (person_in(person), choice(chosen))).collect();
        answered(draft.add_people(people).await)
    }

    async fn announce_import(&mut self, this: Resource<DraftHandle>, backup: String, user_data: bool) -> Answer<()> {
        let job = self.job.as_ref().map(|job| job.lease.job.clone()).unwrap_or_default();
        let draft = attempt!(self.draft(&this)?);
        let kind = if user_data { api::CopyKind::Exact } else { api::CopyKind::Shallow };
        answered(draft.announce_import(backup, kind, job).await)
    }

    async fn copy_from(
        &mut self,
        this: Resource<DraftHandle>,
        source: Resource<SnapshotHandle>,
        choice: wit::CopyChoice,
    ) -> Answer<()> {
        let source = self.table.delete(source)?.0;
        let draft = attempt!(self.draft(&this)?);
        let Some(source) = Arc::into_inner(source) else {
            return Ok(Err(error(ErrorKind::Invalid, "snapshot", "the snapshot is being read elsewhere".into())));
        };
        answered(draft.copy_from(source.into_inner(), copy_choice_in(choice)).await)
    }

    async fn copied_numbers(&mut self, this: Resource<DraftHandle>) -> Answer<wit::CopyNumbers> {
        let draft = attempt!(self.draft(&this)?);
        let numbers = attempt!(draft.copied_numbers().await);
        Ok(Ok(wit::CopyNumbers { scopes: numbers.scopes, items: numbers.items }))
    }

    async fn enter_scope(&mut self, this: Resource<DraftHandle>, scope: u64) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.enter_scope(scope).await)
    }

    async fn copy_some(&mut self, this: Resource<DraftHandle>) -> Answer<wit::Copied> {
        let draft = attempt!(self.draft(&this)?);
        let copied = attempt!(draft.copy_some().await);
        Ok(Ok(wit::Copied { done: copied.done, total: copied.total }))
    }

    async fn remove_originals(&mut self, this: Resource<DraftHandle>) -> Answer<()> {
        let draft = attempt!(self.draft(&this)?);
        answered(draft.remove_originals().await)
    }

    async fn publish(&mut self, this: Resource<DraftHandle>) -> Answer<u64> {
        attempt!(self.draft(&this)?);
        let Some(draft) = self.table.get_mut(&this)?.0.take() else {
            return Ok(Err(error(ErrorKind::Invalid, "draft", "the draft is published".into())));
        };
        let mut draft = draft;
        if let Some(events) = self.host.events() {
            events.before_publish(draft.as_mut()).await;
        }
        answered(draft.publish().await)
    }

    async fn publish_all(&mut self, drafts: Vec<Resource<DraftHandle>>) -> Answer<Vec<u64>> {
        attempt!(self.enter(INTERFACE));
        let mut taken = Vec::with_capacity(drafts.len());
        for this in drafts {
            match self.table.delete(this)?.0 {
                Some(draft) => taken.push(draft),
                None => return Ok(Err(error(ErrorKind::Invalid, "draft", "a draft is published".into()))),
            }
        }
        if let Some(events) = self.host.events() {
            for draft in &mut taken {
                events.before_publish(draft.as_mut()).await;
            }
        }
        answered(self.host.store.publish_all(taken).await)
    }

    async fn drop(&mut self, this: Resource<DraftHandle>) -> wasmtime::Result<()> {
        if let Some(draft) = self.table.delete(this)?.0
            && let Err(error) = draft.discard().await
        {
            tracing::warn!(%error, "cannot discard a draft; the sweep will");
        }
        Ok(())
    }
}
