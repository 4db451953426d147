//! Events and places of data between the contract and the store.

use crate::bindings::provost::plugin::events as wit;
use crate::bindings::provost::plugin::plugin_data as data;
use crate::handler::Delivery;
use crate::host::Host;
use provost_store::api::{self, Happening};

pub(crate) fn address_in(address: wit::Address) -> api::Address {
    api::Address { course: address.course, content: address.content }
}

pub(crate) fn address_out(address: api::Address) -> wit::Address {
    wit::Address { course: address.course, content: address.content }
}

pub(crate) fn kind_in(kind: wit::CopyKind) -> api::CopyKind {
    match kind {
        wit::CopyKind::Exact => api::CopyKind::Exact,
        wit::CopyKind::Shallow => api::CopyKind::Shallow,
    }
}

pub(crate) fn kind_out(kind: api::CopyKind) -> wit::CopyKind {
    match kind {
        api::CopyKind::Exact => wit::CopyKind::Exact,
        api::CopyKind::Shallow => wit::CopyKind::Shallow,
    }
}

fn cause_in(cause: wit::DeletionCause) -> api::DeletionCause {
    match cause {
        wit::DeletionCause::Move => api::DeletionCause::Move,
        wit::DeletionCause::Recycle => api::DeletionCause::Recycle,
        wit::DeletionCause::Delete => api::DeletionCause::Delete,
    }
}

fn cause_out(cause: api::DeletionCause) -> wit::DeletionCause {
    match cause {
        api::DeletionCause::Move => wit::DeletionCause::Move,
        api::DeletionCause::Recycle => wit::DeletionCause::Recycle,
        api::DeletionCause::Delete => wit::DeletionCause::Delete,
    }
}

pub(crate) fn place_in(place: data::Place) -> api::DataPlace {
    match place {
        data::Place::Site => api::DataPlace::Site,
        data::Place::Course(course) => api::DataPlace::Course(course),
        data::Place::Content(address) => api::DataPlace::Content(address_in(address)),
        data::Place::Backup((backup, name)) => api::DataPlace::Backup(backup, name),
    }
}

pub(crate) fn place_out(place: api::DataPlace) -> data::Place {
    match place {
        api::DataPlace::Site => data::Place::Site,
        api::DataPlace::Course(course) => data::Place::Course(course),
        api::DataPlace::Content(address) => data::Place::Content(address_out(address)),
        api::DataPlace::Backup(backup, name) => data::Place::Backup((backup, name)),
    }
}

pub(crate) fn namespace_in(namespace: data::Namespace) -> api::Namespace {
    match namespace {
        data::Namespace::Definition => api::Namespace::Definition,
        data::Namespace::UserData => api::Namespace::UserData,
    }
}

pub(crate) fn condition_in(condition: data::Condition) -> api::Condition {
    match condition {
        data::Condition::Always => api::Condition::Always,
        data::Condition::Absent => api::Condition::Absent,
        data::Condition::Unchanged(version) => api::Condition::Unchanged(version),
    }
}

/// Whether a shallow copy hides what is recorded of people at a place: that of what is copied (proxy-tool-events.md 4).
pub(crate) fn place_hidden_in_shallow(what: &Happening, place: &api::DataPlace) -> bool {
    let in_course = |course: &String| match place {
        api::DataPlace::Course(of) => of == course,
        api::DataPlace::Content(of) => of.course == *course,
        api::DataPlace::Site | api::DataPlace::Backup(..) => false,
    };
    match what {
        Happening::ContentCopied { origin: content, .. } | Happening::ContentExported { content, .. } => {
            matches!(place, api::DataPlace::Content(of) if of == content)
        }
        Happening::CourseCopied { origin: course, .. } | Happening::CourseExported { course, .. } => in_course(course),
        Happening::ContentImported { backup, .. } | Happening::CourseImported { backup, .. } => {
            matches!(place, api::DataPlace::Backup(of, _) if of == backup)
        }
        _ => false,
    }
}

/// An event as a handler is given it.
pub(crate) fn event_out(delivery: &Delivery, host: &Host) -> wit::Event {
    let event = &delivery.event;
    wit::Event {
        id: event.id.clone(),
        source: if event.source.is_empty() { host.public_url() } else { event.source.clone() },
        time: event.time,
        sequence: event.sequence,
        what: happening_out(event.what.clone()),
        storage_sequence: event.storage_sequence,
        phase: if delivery.hidden.is_some() { wit::Phase::InTransaction } else { wit::Phase::PostCommit },
        attempt: delivery.attempt,
        deferred: delivery.deferred,
        replay: delivery.replay,
        gap_after: delivery.gap_after.clone(),
    }
}

fn happening_out(what: Happening) -> wit::Happening {
    use wit::Happening as Out;
    let content = |kind, content, external_id, backup| wit::ContentArchived {
        kind: kind_out(kind),
        content: address_out(content),
        external_id,
        backup,
    };
    let course = |kind, course, backup, job| wit::CourseArchived { kind: kind_out(kind), course, backup, job };
    let group = |kind, course, group, archived_group, backup| wit::GroupArchived {
        kind: kind_out(kind),
        course,
        group,
        archived_group,
        backup,
    };
    match what {
        Happening::ContentCopied { kind, origin, external_id, copy } => Out::ContentCopied(wit::ContentCopied {
            kind: kind_out(kind),
            origin: address_out(origin),
            external_id,
            copy: address_out(copy),
        }),
        Happening::ContentDeleted { content, external_id, cause } => Out::ContentDeleted(wit::ContentDeleted {
            content: address_out(content),
            external_id,
            cause: cause_out(cause),
        }),
        Happening::ContentExported { kind, content: of, external_id, backup } => {
            Out::ContentExported(content(kind, of, external_id, backup))
        }
        Happening::ContentImported { kind, content: of, external_id, backup } => {
            Out::ContentImported(content(kind, of, external_id, backup))
        }
        Happening::CourseCopied { kind, origin, copy, job } => {
            Out::CourseCopied(wit::CourseCopied { kind: kind_out(kind), origin, copy, job })
        }
        Happening::CourseCopyFailed { origin, job, reason } => {
            Out::CourseCopyFailed(wit::CourseCopyFailed { origin, job, reason })
        }
        Happening::CourseCopySettled { origin, copy, job, contents } => {
            Out::CourseCopySettled(wit::CopySettled { origin, copy, job, contents })
        }
        Happening::CourseDeleted { course } => Out::CourseDeleted(course),
        Happening::CourseExported { kind, course: of, backup, job } => {
            Out::CourseExported(course(kind, of, backup, job))
        }
        Happening::CourseImported { kind, course: of, backup, job } => {
            Out::CourseImported(course(kind, of, backup, job))
        }
        Happening::GroupCopied { kind, origin_course, origin_group, course, group } => {
            Out::GroupCopied(wit::GroupCopied { kind: kind_out(kind), origin_course, origin_group, course, group })
        }
        Happening::GroupExported { kind, course, group: of, archived_group, backup } => {
            Out::GroupExported(group(kind, course, of, archived_group, backup))
        }
        Happening::GroupImported { kind, course, group: of, archived_group, backup } => {
            Out::GroupImported(group(kind, course, of, archived_group, backup))
        }
        Happening::GroupDeleted { course, group } => Out::GroupDeleted(wit::GroupDeleted { course, group }),
        Happening::BatchCompleted { operation, course, succeeded, failed } => {
            Out::BatchCompleted(wit::BatchCompleted { operation, course, succeeded, failed })
        }
        Happening::TargetState { before, after } => Out::TargetState(wit::StateChange { before, after }),
        Happening::TargetRemoved => Out::TargetRemoved,
        Happening::TargetReregister { password, profile_url } => {
            Out::TargetReregister(wit::Reregistration { password, profile_url })
        }
        Happening::TargetPing => Out::TargetPing,
        Happening::Other { r#type, subject, courses, data } => {
            Out::Other(wit::Custom { type_: r#type, subject, courses, data })
        }
    }
}

/// The way back from [`happening_out`].
pub(crate) fn happening_in(what: wit::Happening) -> Happening {
    use wit::Happening as In;
    match what {
        In::ContentCopied(c) => Happening::ContentCopied {
            kind: kind_in(c.kind),
            origin: address_in(c.origin),
            external_id: c.external_id,
            copy: address_in(c.copy),
        },
        In::ContentDeleted(c) => Happening::ContentDeleted {
            content: address_in(c.content),
            external_id: c.external_id,
            cause: cause_in(c.cause),
        },
        In::ContentExported(c) => Happening::ContentExported {
            kind: kind_in(c.kind),
            content: address_in(c.content),
            external_id: c.external_id,
            backup: c.backup,
        },
        In::ContentImported(c) => Happening::ContentImported {
            kind: kind_in(c.kind),
            content: address_in(c.content),
            external_id: c.external_id,
            backup: c.backup,
        },
        In::CourseCopied(c) => {
            Happening::CourseCopied { kind: kind_in(c.kind), origin: c.origin, copy: c.copy, job: c.job }
        }
        In::CourseCopyFailed(c) => Happening::CourseCopyFailed { origin: c.origin, job: c.job, reason: c.reason },
        In::CourseCopySettled(c) => {
            Happening::CourseCopySettled { origin: c.origin, copy: c.copy, job: c.job, contents: c.contents }
        }
        In::CourseDeleted(course) => Happening::CourseDeleted { course },
        In::CourseExported(c) => {
            Happening::CourseExported { kind: kind_in(c.kind), course: c.course, backup: c.backup, job: c.job }
        }
        In::CourseImported(c) => {
            Happening::CourseImported { kind: kind_in(c.kind), course: c.course, backup: c.backup, job: c.job }
        }
        In::GroupCopied(g) => Happening::GroupCopied {
            kind: kind_in(g.kind),
            origin_course: g.origin_course,
            origin_group: g.origin_group,
            course: g.course,
            group: g.group,
        },
        In::GroupExported(g) => Happening::GroupExported {
            kind: kind_in(g.kind),
            course: g.course,
            group: g.group,
            archived_group: g.archived_group,
            backup: g.backup,
        },
        In::GroupImported(g) => Happening::GroupImported {
            kind: kind_in(g.kind),
            course: g.course,
            group: g.group,
            archived_group: g.archived_group,
            backup: g.backup,
        },
        In::GroupDeleted(g) => Happening::GroupDeleted { course: g.course, group: g.group },
        In::BatchCompleted(b) => Happening::BatchCompleted {
            operation: b.operation,
            course: b.course,
            succeeded: b.succeeded,
            failed: b.failed,
        },
        In::TargetState(s) => Happening::TargetState { before: s.before, after: s.after },
        In::TargetRemoved => Happening::TargetRemoved,
        In::TargetReregister(r) => Happening::TargetReregister { password: r.password, profile_url: r.profile_url },
        In::TargetPing => Happening::TargetPing,
        In::Other(c) => Happening::Other { r#type: c.type_, subject: c.subject, courses: c.courses, data: c.data },
    }
}
