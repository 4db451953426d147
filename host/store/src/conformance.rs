//! The suite that every implementation of the store has to pass.
//!
//! [`all`] runs each check on a store of its own, made by a factory. A check panics with what it expected; errors of the
//! store that it did not expect are returned. Planting unpublished twins of rows (the ghost test, architecture.md 2.3)
//! needs the implementation's own tables and stands beside each implementation.

mod contents;
mod copies;
mod copies_across;
mod courses;
mod extensions;
mod jobs;
mod outbox;
mod parts;
mod people;
mod plugin_data;
mod rosters;

use crate::api::*;
use std::sync::Arc;

/// A store and its contents, empty.
pub type Pair = (Arc<dyn Store>, Arc<dyn Blobs>);

/// Runs everything; `make` makes an empty store each time it is called.
pub async fn all<F: Future<Output = Result<Pair>>>(make: impl Fn() -> F) -> Result<()> {
    courses::beginnings(make().await?).await?;
    courses::drafts_show_when_published(make().await?).await?;
    courses::names_are_reserved(make().await?).await?;
    courses::snapshots_stand_still(make().await?).await?;
    courses::pages(make().await?).await?;
    courses::sweeps_spare(make().await?).await?;
    extensions::live_in_a_scope(make().await?).await?;
    extensions::come_and_go_with_their_course(make().await?).await?;
    extensions::of_unsuccessful_runs_vanish(make().await?).await?;
    copies::are_equal(make().await?).await?;
    copies::take_what_the_facets_take(make().await?).await?;
    copies::show_the_moment_of_the_snapshot(make().await?).await?;
    copies::of_items(make().await?).await?;
    copies::items_go(make().await?).await?;
    copies_across::scopes_come_along(make().await?).await?;
    copies::names_are_reserved_for_jobs(make().await?).await?;
    parts::exact(make().await?, 40).await?;
    people::links_and_conflicts(make().await?).await?;
    people::roles_and_capabilities(make().await?).await?;
    people::tokens_and_settings(make().await?).await?;
    rosters::participants(make().await?).await?;
    rosters::categories_and_contexts(make().await?).await?;
    rosters::passwords_services_audit(make().await?).await?;
    jobs::queue(make().await?).await?;
    jobs::leases(make().await?).await?;
    jobs::unsuccessful_runs_leave_nothing(make().await?).await?;
    contents::blobs(make().await?).await?;
    contents::files(make().await?).await?;
    contents::plugins(make().await?).await?;
    plugin_data::values(make().await?).await?;
    plugin_data::copies(make().await?).await?;
    plugin_data::of_drafts(make().await?).await?;
    outbox::drafts_tell_when_published(make().await?).await?;
    outbox::what_waits(make().await?).await?;
    outbox::life_of_a_delivery(make().await?).await?;
    outbox::best_effort(make().await?).await?;
    outbox::retention(make().await?).await?;
    outbox::pages(make().await?).await?;
    outbox::causes_go_on_through_jobs(make().await?).await?;
    outbox::only_own(make().await?).await?;
    for seed in 0..6 {
        outbox::lanes_keep_order(make().await?, seed).await?;
    }
    Ok(())
}

/// Fields of a course with this short name.
pub fn course_named(shortname: &str) -> CourseFields {
    CourseFields {
        fullname: format!("Course {shortname}"),
        shortname: shortname.into(),
        format: "topics".into(),
        visible: true,
        ..CourseFields::default()
    }
}

/// An archived person.
pub fn archived(local: u64, username: &str) -> ArchivedPerson {
    ArchivedPerson {
        local,
        username: username.into(),
        email: format!("{username}@example.org"),
        element: format!("<user id=\"{local}\"/>").into_bytes(),
        ..ArchivedPerson::default()
    }
}

/// A log row whose element is `element`.
pub fn log_row(local: u64, element: &[u8]) -> Row {
    Row {
        element: element.to_vec(),
        columns: Columns::Log {
            local,
            person: 7,
            time: 1_700_000_000,
            context: 3,
            component: "core".into(),
            action: "viewed".into(),
            target: "course".into(),
            object_table: "course".into(),
            object: 2,
        },
    }
}

/// Whether this is the error of a taken name or key.
fn is_conflict<T>(result: &Result<T>, expected: &str) -> bool {
    matches!(result, Err(StoreError::Conflict { kind, .. } | StoreError::Reserved { kind, .. }) if *kind == expected)
}

fn is_missing<T>(result: &Result<T>, expected: &str) -> bool {
    matches!(result, Err(StoreError::NotFound { kind, .. }) if *kind == expected)
}

fn is_lost<T>(result: &Result<T>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

async fn draft(store: &Arc<dyn Store>, shortname: &str) -> Result<Box<dyn Draft>> {
    let origin = Origin { site_hash: "0123456789abcdef0123456789abcdef".into(), course: 9, ..Origin::default() };
    store.draft(course_named(shortname), origin, "{}".into(), None).await
}
