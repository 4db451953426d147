//! `provost_notice_…`: what somebody was told. A site administrator is told what the operator is.

use crate::{number, pages, wanted};
use provost_guest::deliveries::{self, Notice};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("provost_notice_list", "What one was told, newest first.", list),
        Function::new("provost_notice_seen", "Marks one's notices as seen.", seen).writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Wish {
    /// Only what was not seen yet.
    #[describe(default = false)]
    #[serde(default)]
    unseen: bool,
    /// Only those older than this one; 0 for the newest.
    #[describe(default = 0)]
    #[serde(default)]
    before: i64,
    /// How many, at most 1000.
    #[describe(default = 50)]
    #[serde(default = "fifty")]
    limit: i64,
}

fn fifty() -> i64 {
    50
}

/// A notice.
#[derive(Serialize, Describe)]
struct Told {
    /// Its number.
    id: u64,
    /// Whether it is for whoever operates the site.
    operator: bool,
    /// What it is about, for machines.
    kind: String,
    /// The same for people.
    message: String,
    /// When, Unix seconds.
    timecreated: i64,
    /// Whether it was marked as seen.
    seen: bool,
}

#[derive(Serialize, Describe)]
struct Listed {
    /// Notices.
    notices: Vec<Told>,
}

#[derive(Deserialize, Describe)]
struct UpTo {
    /// Up to and with this one.
    id: i64,
}

#[derive(Serialize, Describe)]
struct Seen {
    /// How many were not seen before.
    seen: u64,
}

fn list(caller: &Caller, wish: Wish) -> Result<Listed> {
    let page = |before, limit| deliveries::notices(caller.person, caller.site_admin, wish.unseen, before, limit);
    let found = pages(number(wish.before), wanted(wish.limit), |n: &Notice| n.id, page)?;
    let out = |n: Notice| Told {
        id: n.id,
        operator: n.person.is_none(),
        kind: n.kind,
        message: n.message,
        timecreated: n.created,
        seen: n.seen,
    };
    Ok(Listed { notices: found.into_iter().map(out).collect() })
}

fn seen(caller: &Caller, up_to: UpTo) -> Result<Seen> {
    Ok(Seen { seen: deliveries::see_notices(caller.person, caller.site_admin, number(up_to.id))? })
}
