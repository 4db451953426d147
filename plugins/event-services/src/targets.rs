//! `provost_target_…`: who is told of events.

use crate::{MANAGE, require};
use provost_guest::deliveries::{self, Target, TargetState};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("provost_target_list", "Who is told of events: plugins, and what they speak for.", list)
            .capability(MANAGE),
        Function::new("provost_target_show", "A target: what it wants, how its calls go, what waits for it.", show)
            .capability(MANAGE),
        Function::new(
            "provost_target_enable",
            "Makes a target available, if it agrees, and sends what waits for it.",
            enable,
        )
        .capability(MANAGE)
        .writes(),
        Function::new("provost_target_disable", "Makes a target unavailable; its events wait.", disable)
            .capability(MANAGE)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct OneTarget {
    /// `PLUGIN` or `PLUGIN/NAME`.
    target: String,
}

/// Events that a target wants.
#[derive(Serialize, Describe)]
struct Wanted {
    /// Their kind.
    kind: String,
    /// Only of its own contents.
    onlyown: bool,
}

/// A target.
#[derive(Serialize, Describe)]
struct Told {
    /// `PLUGIN` or `PLUGIN/NAME`.
    target: String,
    /// For people.
    title: String,
    /// `available`, `inactive`, `unavailable` or `quarantined`.
    state: &'static str,
    /// Why it is unavailable: `new`, `operator`, `plugin`, `gone` or `failing`.
    reason: String,
    /// Whether its plugin is there and speaks for it.
    installed: bool,
    /// When its state last changed, Unix seconds.
    since: i64,
    /// What it is told of.
    subscriptions: Vec<Wanted>,
    /// Whether it is elsewhere.
    remote: bool,
    /// Seconds one call may take.
    timeout: u32,
    /// Events that wait for it.
    waiting: u64,
    /// Events given up.
    dead: u64,
    /// Events dropped because too much waited.
    dropped: u64,
    /// Since when no call succeeded; 0 if the last one did.
    failingsince: i64,
    /// When it is called again after too many failures; 0 where nothing keeps calls from it.
    quarantineduntil: i64,
}

#[derive(Serialize, Describe)]
struct Listed {
    /// Targets.
    targets: Vec<Told>,
}

#[derive(Serialize, Describe)]
struct Switched {
    /// The state before.
    before: &'static str,
    /// The target now.
    target: Told,
}

fn name(state: TargetState) -> &'static str {
    match state {
        TargetState::Available => "available",
        TargetState::Inactive => "inactive",
        TargetState::Unavailable => "unavailable",
        TargetState::Quarantined => "quarantined",
    }
}

fn out(target: Target) -> Told {
    let wanted = target.subscriptions.into_iter().map(|s| Wanted { kind: s.event, onlyown: s.only_own });
    Told {
        target: target.name,
        title: target.title,
        state: name(target.state),
        reason: target.reason,
        installed: target.installed,
        since: target.since,
        subscriptions: wanted.collect(),
        remote: target.remote,
        timeout: target.timeout,
        waiting: target.waiting,
        dead: target.dead,
        dropped: target.dropped,
        failingsince: target.failing_since,
        quarantineduntil: target.quarantined_until,
    }
}

fn one(name: &str) -> Result<Told> {
    let found = deliveries::targets()?.into_iter().find(|t| t.name == name);
    found.map(out).ok_or_else(|| Error::not_found("target", format!("no target {name}")))
}

fn list(caller: &Caller, (): ()) -> Result<Listed> {
    require(caller)?;
    Ok(Listed { targets: deliveries::targets()?.into_iter().map(out).collect() })
}

fn show(caller: &Caller, wish: OneTarget) -> Result<Told> {
    require(caller)?;
    one(&wish.target)
}

/// A refusal in the words of a code that no other function uses.
fn refused(error: Error) -> Error {
    match error.kind {
        ErrorKind::Refused if error.code == "target" => Error::refused("targetrefused", error.message),
        _ => error,
    }
}

fn enable(caller: &Caller, wish: OneTarget) -> Result<Switched> {
    require(caller)?;
    let before = deliveries::enable(&wish.target).map_err(refused)?;
    Ok(Switched { before: name(before), target: one(&wish.target)? })
}

fn disable(caller: &Caller, wish: OneTarget) -> Result<Switched> {
    require(caller)?;
    let before = deliveries::disable(&wish.target).map_err(refused)?;
    Ok(Switched { before: name(before), target: one(&wish.target)? })
}
