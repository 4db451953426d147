//! `enrolments` of the contract, as far as a backup reads it.

use crate::Result;
use crate::host::{host, wait};
use crate::people::person;
use provost_store::api;
pub use sdk::enrolments::{Enrolment, Participant};

/// See the contract.
///
/// # Errors
/// As there.
pub fn participants(course: u64, after: u64, limit: u32) -> Result<Vec<Participant>> {
    let found = wait(host()?.store.participants(course, after, limit))?;
    Ok(found.into_iter().map(participant).collect())
}

fn participant(p: api::Participant) -> Participant {
    let enrolment = |e: api::Enrolment| Enrolment {
        method: e.method,
        suspended: e.suspended,
        start: e.start,
        end: e.end,
        here: e.here,
    };
    Participant {
        person: person(p.person),
        enrolments: p.enrolments.into_iter().map(enrolment).collect(),
        active: p.active,
        roles: p.roles,
        roles_here: p.roles_here,
        groups: p.groups,
    }
}
