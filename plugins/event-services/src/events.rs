//! `provost_event_…`: events on their way to targets.

use crate::{MANAGE, number, pages, require, wanted};
use provost_guest::deliveries::{self, Attempt, Choice, Delivery, EventInfo, Filter, State};
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("provost_event_list", "Events on their way to targets, newest first.", list).capability(MANAGE),
        Function::new("provost_event_show", "An event, with what became of it at every target.", show)
            .capability(MANAGE),
        Function::new(
            "provost_event_replay",
            "Has an event that is over, or all dead ones of a target, sent again, in their order and under their ids.",
            replay,
        )
        .capability(MANAGE)
        .writes(),
        Function::new("provost_event_discard", "Gives an event up that waits, or puts a dead one away.", discard)
            .capability(MANAGE)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Wanted {
    /// Only those for this target: `PLUGIN` or `PLUGIN/NAME`.
    #[describe(default = "")]
    #[serde(default)]
    target: String,
    /// Only those that stand so: `pending`, `in-flight`, `done`, `dropped` or `dead`.
    #[describe(default = "")]
    #[serde(default)]
    state: String,
    /// Only those of this kind, for example `content-copied`.
    #[describe(default = "")]
    #[serde(default)]
    kind: String,
    /// Only those of this course.
    #[describe(default = "")]
    #[serde(default)]
    course: String,
    /// Only what happened since, Unix seconds.
    #[describe(default = 0)]
    #[serde(default)]
    since: i64,
    /// What follows in the list after this delivery; 0 for its beginning.
    #[describe(default = 0)]
    #[serde(default)]
    after: i64,
    /// How many, at most 1000.
    #[describe(default = 50)]
    #[serde(default = "fifty")]
    limit: i64,
}

fn fifty() -> i64 {
    50
}

/// An event on its way to one target.
#[derive(Serialize, Describe)]
struct OnItsWay {
    /// The delivery's number.
    id: u64,
    /// The event's id.
    event: String,
    /// Its kind.
    kind: String,
    /// To whom.
    target: String,
    /// `pending`, `in-flight`, `done`, `dropped` or `dead`.
    state: &'static str,
    /// Place in the order of all events.
    sequence: u64,
    /// When the event happened, Unix seconds.
    time: i64,
    /// Attempts so far.
    attempts: u32,
    /// When it is tried next; 0 when it is over.
    due: i64,
    /// When it was over; 0 before.
    ended: i64,
    /// Why it is not done, for machines.
    reason: String,
    /// The same for people.
    message: String,
    /// Whose order it keeps.
    courses: Vec<String>,
    /// Whether it was sent again by hand.
    replay: bool,
}

#[derive(Serialize, Describe)]
struct Listed {
    /// Events on their way.
    deliveries: Vec<OnItsWay>,
}

/// A call that was no success.
#[derive(Serialize, Describe)]
struct Tried {
    /// Which attempt.
    number: u32,
    /// When, Unix seconds.
    time: i64,
    /// How long it took, microseconds.
    took: u64,
    /// How it ended, for machines.
    outcome: String,
    /// The same for people.
    message: String,
    /// SHA-256 of the plugin's module.
    digest: String,
}

/// What became of an event at one target.
#[derive(Serialize, Describe)]
struct Became {
    /// How it stands.
    delivery: OnItsWay,
    /// Attempts that were no success.
    attempts: Vec<Tried>,
}

#[derive(Serialize, Describe)]
struct Shown {
    /// Its id.
    id: String,
    /// Its kind.
    kind: String,
    /// Where it happened: a site's address.
    source: String,
    /// When, Unix seconds.
    time: i64,
    /// Place in the order of all events; 0 before it is published.
    sequence: u64,
    /// Point in the history of plugin data at which a copy was made; 0 for what is none.
    storagesequence: u64,
    /// What happened, as JSON; empty once it is no longer kept.
    what: String,
    /// What became of it.
    deliveries: Vec<Became>,
}

#[derive(Deserialize, Describe)]
struct OneEvent {
    /// The event's id.
    id: String,
}

#[derive(Deserialize, Describe)]
struct Again {
    /// The event's id; without it, all dead ones of the target.
    #[describe(default = "")]
    #[serde(default)]
    id: String,
    /// Only for this target: `PLUGIN` or `PLUGIN/NAME`.
    #[describe(default = "")]
    #[serde(default)]
    target: String,
    /// Only what happened since, Unix seconds.
    #[describe(default = 0)]
    #[serde(default)]
    since: i64,
}

#[derive(Serialize, Describe)]
struct Replayed {
    /// How many deliveries.
    replayed: u64,
}

#[derive(Deserialize, Describe)]
struct Away {
    /// The event's id.
    id: String,
    /// Only for this target: `PLUGIN` or `PLUGIN/NAME`.
    #[describe(default = "")]
    #[serde(default)]
    target: String,
}

#[derive(Serialize, Describe)]
struct Discarded {
    /// How many deliveries.
    discarded: u64,
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn since(time: i64) -> Option<i64> {
    (time > 0).then_some(time)
}

const STATES: [(State, &str); 5] = [
    (State::Pending, "pending"),
    (State::InFlight, "in-flight"),
    (State::Done, "done"),
    (State::Dropped, "dropped"),
    (State::Dead, "dead"),
];

fn state_in(name: &str) -> Result<Option<State>> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state);
    found.map(Some).ok_or_else(|| {
        let known = STATES.map(|(_, name)| name).join(", ");
        Error::invalid(format!("state: {name:?} is none of {known}"))
    })
}

fn out(delivery: Delivery) -> OnItsWay {
    let state = STATES.iter().find(|(state, _)| *state == delivery.state).map_or("", |(_, name)| name);
    let Delivery {
        id,
        event,
        kind,
        target,
        sequence,
        time,
        attempts,
        due,
        ended,
        reason,
        message,
        courses,
        replay,
        ..
    } = delivery;
    OnItsWay { id, event, kind, target, state, sequence, time, attempts, due, ended, reason, message, courses, replay }
}

fn list(caller: &Caller, wish: Wanted) -> Result<Listed> {
    require(caller)?;
    let filter = Filter {
        target: given(wish.target),
        state: state_in(&wish.state)?,
        event: given(wish.kind),
        course: given(wish.course),
        since: since(wish.since),
    };
    let page = |after, limit| deliveries::list(&filter, after, limit);
    let found = pages(number(wish.after), wanted(wish.limit), |d: &Delivery| d.id, page)?;
    Ok(Listed { deliveries: found.into_iter().map(out).collect() })
}

fn show(caller: &Caller, wish: OneEvent) -> Result<Shown> {
    require(caller)?;
    let EventInfo { id, kind, source, time, sequence, storage_sequence, what, deliveries } =
        deliveries::show(&wish.id)?;
    let tried = |a: Attempt| Tried {
        number: a.number,
        time: a.time,
        took: a.took,
        outcome: a.outcome,
        message: a.message,
        digest: a.digest,
    };
    Ok(Shown {
        id,
        kind,
        source,
        time,
        sequence,
        storagesequence: storage_sequence,
        what: what.unwrap_or_default(),
        deliveries: deliveries
            .into_iter()
            .map(|(delivery, attempts)| Became {
                delivery: out(delivery),
                attempts: attempts.into_iter().map(tried).collect(),
            })
            .collect(),
    })
}

fn replay(caller: &Caller, wish: Again) -> Result<Replayed> {
    require(caller)?;
    if wish.id.is_empty() && wish.target.is_empty() {
        return Err(Error::invalid("id or target says what is sent again"));
    }
    let choice = Choice { target: given(wish.target), event: given(wish.id), since: since(wish.since) };
    Ok(Replayed { replayed: deliveries::replay(&choice)? })
}

fn discard(caller: &Caller, wish: Away) -> Result<Discarded> {
    require(caller)?;
    let choice = Choice { target: given(wish.target), event: Some(wish.id), since: None };
    Ok(Discarded { discarded: deliveries::discard(&choice)? })
}
