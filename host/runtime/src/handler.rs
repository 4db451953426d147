//! Event handlers: one instance for many deliveries, effects kept back until the handler succeeded (proxy-tool-events.md 5.2 and 8).

use crate::bindings::exports::provost::plugin::event_handler as wit;
use crate::bindings::provost::plugin::types;
use crate::buffer::Buffer;
use crate::call::{Bounds, CallContext, classify};
use crate::imports::event_types::{address_in, event_out, place_hidden_in_shallow};
use crate::outcome::from_answer;
use crate::plugin::Plugin;
use crate::state::error;
use crate::{LimitKind, Outcome};
use provost_store::api::{self, Effect, Happening};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Bytes that an external id may have.
pub(crate) const MAX_EXTERNAL_ID: usize = 1024;
/// Bounds of `retry-later(after)`, in seconds (proxy-tool-events.md 8.2).
const RETRY_AFTER: std::ops::RangeInclusive<u32> = 1..=86_400;

/// An event on its way to one target of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The target; empty for the plugin itself.
    pub target: String,
    /// What is told. An external id that is empty is filled in with the target's own.
    pub event: api::Event,
    /// What the handler cannot look at: given in the phase `in-transaction`, and only then.
    pub hidden: Option<Hidden>,
    /// From 1.
    pub attempt: u32,
    /// Whether it waited before this attempt.
    pub deferred: bool,
    /// Whether an operator had it sent again.
    pub replay: bool,
    /// An earlier event of the same courses that was given up.
    pub gap_after: Option<String>,
}

/// What a change that is not published makes: host functions asked about it answer `not-visible-yet`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Courses, with all that is in them.
    pub courses: Vec<String>,
    /// Contents of courses that are there.
    pub contents: Vec<api::Address>,
}

/// What a handler decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done, for good.
    Done,
    /// Another try, after so many seconds (1 to 86400) or when the schedule says.
    RetryLater(Option<u32>),
    /// No further try, for this reason.
    Abort(String),
    /// The remote side of the target gave no answer that can be trusted.
    NoAnswer {
        /// For machines, for example `timeout`.
        code: String,
        /// For people.
        message: String,
        /// No try before so many seconds.
        after: Option<u32>,
        /// The target is gone: its events wait.
        gone: bool,
    },
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq)]
pub struct Handled {
    /// An error of the kinds `retry-later` and `not-visible-yet` is [`Outcome::RetryLater`] and means the same as
    /// [`Verdict::RetryLater`].
    pub outcome: Outcome<Verdict>,
    /// What is to be done, in order; empty unless the verdict is [`Verdict::Done`]. Intents stand at the end.
    pub effects: Vec<Effect>,
    /// How long the call took.
    pub took: Duration,
}

/// Time that handlers may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandleBounds {
    /// One call.
    pub each: Duration,
    /// All calls together. A call does not begin with less time left than one may take: that it had too little would count against the
    /// plugin.
    pub all: Option<Duration>,
}

/// The handler's call that is going on, for its host functions.
pub(crate) struct Handling {
    /// The event's id.
    pub event: String,
    /// See [`api::Event::hops`].
    pub hops: u32,
    /// Outside calls made so far, which number idempotency keys.
    pub calls: u32,
    /// The event's site of origin is this one, and its new things cannot be seen yet.
    pub hidden: Option<HiddenSet>,
    /// Whether it wanted to call others, which nobody may before the change is visible.
    pub refused_outside: bool,
    /// Places whose `user-data` a shallow copy hides.
    pub shallow: Option<api::Happening>,
    /// What the handler did, over what earlier ones of the same checkout did.
    pub buffer: Buffer,
}

/// [`Hidden`] for looking up.
#[derive(Debug, Default)]
pub(crate) struct HiddenSet {
    courses: HashSet<String>,
    contents: HashSet<String>,
}

impl HiddenSet {
    fn new(hidden: &Hidden) -> Self {
        Self {
            courses: hidden.courses.iter().cloned().collect(),
            contents: hidden.contents.iter().map(|address| address.content.clone()).collect(),
        }
    }
    pub(crate) fn course(&self, course: &str) -> bool {
        self.courses.contains(course)
    }
    pub(crate) fn content(&self, content: &str) -> bool {
        self.contents.contains(content)
    }
}

impl Handling {
    /// Whether the change is not visible yet.
    pub(crate) fn in_transaction(&self) -> bool {
        self.hidden.is_some()
    }
    /// Keeps an effect for the end of the call; what stands for the version of what it writes.
    pub(crate) fn keep(&mut self, effect: Effect) -> Result<u64, types::Error> {
        let full = |_| {
            let message = "a handler may write 10000 things and 16 MiB: enqueue a job for more".into();
            error(types::ErrorKind::Limit, "effects", message)
        };
        self.buffer.push(effect).map_err(full)
    }
    /// Whether a shallow copy hides what is recorded of people at this place.
    pub(crate) fn hides(&self, place: &api::DataPlace) -> bool {
        self.shallow.as_ref().is_some_and(|what| place_hidden_in_shallow(what, place))
    }
}

impl Verdict {
    fn new(verdict: wit::Verdict) -> (Self, Vec<wit::Intent>) {
        let clamped = |after: Option<u32>| after.map(|s| s.clamp(*RETRY_AFTER.start(), *RETRY_AFTER.end()));
        match verdict {
            wit::Verdict::Done(intents) => (Self::Done, intents),
            wit::Verdict::RetryLater(after) => (Self::RetryLater(clamped(after)), Vec::new()),
            wit::Verdict::Abort(reason) => (Self::Abort(reason), Vec::new()),
            wit::Verdict::NoAnswer(silence) => (
                Self::NoAnswer {
                    code: silence.code,
                    message: silence.message,
                    after: clamped(silence.after),
                    gone: silence.gone,
                },
                Vec::new(),
            ),
        }
    }
}

impl Handled {
    /// Whether nothing more is to come of this delivery: an answer that decided.
    fn is_final(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(Verdict::Done | Verdict::Abort(_)) | Outcome::Error(_))
    }

    fn failed(outcome: Outcome<Verdict>, took: Duration) -> Self {
        Self { outcome, effects: Vec::new(), took }
    }
}

impl Plugin {
    /// Has one instance handle these deliveries, one after the other, up to the first that is not final. Fewer answers than
    /// deliveries are possible, and none when the time for all is over already.
    ///
    /// What a handler writes is seen by those after it; nothing of it is done yet. A caller that drops the effects of one must not
    /// carry out those of later ones.
    pub async fn handle(&self, mut deliveries: Vec<Delivery>, bounds: HandleBounds) -> Vec<Handled> {
        let begun = Instant::now();
        let mut handled = Vec::with_capacity(deliveries.len());
        let Some(indices) = &self.event_handler else {
            let outcome = Outcome::Unavailable("it has no event handler".into());
            return vec![Handled::failed(outcome, Duration::ZERO)];
        };
        let left = |spent: Duration| match bounds.all {
            Some(all) => bounds.each.min(all.saturating_sub(spent)),
            None => bounds.each,
        };
        let is_time = |spent: Duration| bounds.all.is_none_or(|all| spent + bounds.each <= all);
        let of_call = Bounds { cpu_seconds: self.limits.call_cpu_seconds, wall: bounds.each };
        // Waiting for room counts: a change that is about to be published does not wait longer for it than for an answer.
        let room = tokio::time::timeout(left(Duration::ZERO), self.check_out(CallContext::default(), of_call)).await;
        let Ok(Some((_slot, mut store))) = room else {
            let outcome = Outcome::Unavailable("no free instance in time".into());
            return vec![Handled::failed(outcome, begun.elapsed())];
        };
        let made = tokio::time::timeout(left(begun.elapsed()), self.pre.instantiate_async(&mut store)).await;
        let loaded = match made {
            Ok(made) => made.and_then(|instance| indices.load(&mut store, &instance)),
            Err(_) => return vec![Handled::failed(Outcome::Timeout, begun.elapsed())],
        };
        let guest = match loaded {
            Ok(guest) => guest,
            Err(error) => {
                let outcome = classify(store.data(), &error, true);
                return vec![Handled::failed(outcome, begun.elapsed())];
            }
        };
        if let Err(failure) = self.fill_in(&mut deliveries).await {
            // The store is busy or broken: nothing was asked of the plugin.
            let outcome = Outcome::Unavailable(failure.to_string());
            return vec![Handled::failed(outcome, begun.elapsed())];
        }
        let mut buffer = Buffer::default();
        for delivery in deliveries {
            if !is_time(begun.elapsed()) {
                break;
            }
            let wall = bounds.each;
            let started = Instant::now();
            let mark = buffer.begin(&delivery);
            let state = store.data_mut();
            state.allow_cpu(of_call.cpu_seconds);
            state.handling = Some(Handling {
                event: delivery.event.id.clone(),
                hops: delivery.event.hops,
                calls: 0,
                refused_outside: false,
                hidden: delivery.hidden.as_ref().map(HiddenSet::new),
                shallow: is_shallow(&delivery.event.what).then(|| delivery.event.what.clone()),
                buffer,
            });
            let event = event_out(&delivery, &self.host);
            let called = tokio::time::timeout(wall, guest.call_handle(&mut store, &delivery.target, &event)).await;
            let handling = store.data_mut().handling.take();
            let refused_outside = handling.as_ref().is_some_and(|handling| handling.refused_outside);
            buffer = handling.map(|handling| handling.buffer).unwrap_or_default();
            let outcome = match called {
                Err(_) => Outcome::Timeout,
                Ok(Err(error)) => classify(store.data(), &error, false),
                Ok(Ok(answer)) => from_answer(answer),
            };
            let (outcome, intents) = match outcome {
                Outcome::Ok(verdict) => {
                    let (verdict, intents) = Verdict::new(verdict);
                    (Outcome::Ok(verdict), intents)
                }
                other => (other.map(|_| Verdict::Done), Vec::new()),
            };
            // What it says of servers that it could not call is no decision: it is called again when it can.
            let outcome = match outcome {
                Outcome::Ok(Verdict::RetryLater(_) | Verdict::NoAnswer { .. } | Verdict::Abort(_))
                | Outcome::Error(_)
                | Outcome::RetryLater(_)
                    if refused_outside =>
                {
                    Outcome::Unavailable("it calls other servers, which waits for the change to be visible".into())
                }
                outcome => outcome,
            };
            let one = finish(outcome, intents, &delivery.target, &mut buffer, mark, started.elapsed());
            let go_on = one.is_final();
            handled.push(one);
            if !go_on {
                break;
            }
        }
        handled
    }

    /// The targets' own external ids with what the events are about, as they were when that happened.
    async fn fill_in(&self, deliveries: &mut [Delivery]) -> api::Result<()> {
        let open: Vec<(usize, &str, &api::Address, u64)> = deliveries
            .iter()
            .enumerate()
            .filter_map(|(n, d)| {
                let (of, external_id) = identified(&d.event.what)?;
                external_id.is_empty().then_some((n, d.target.as_str(), of, d.event.storage_sequence))
            })
            .collect();
        let of: Vec<(&str, &api::Address, u64)> = open.iter().map(|(_, target, of, at)| (*target, *of, *at)).collect();
        let found = self.host.store.external_ids_as_of(&self.facts.id, &of).await?;
        let places: Vec<usize> = open.iter().map(|(n, ..)| *n).collect();
        for (n, id) in places.into_iter().zip(found) {
            if let Some(external_id) = deliveries.get_mut(n).and_then(|d| external_id_mut(&mut d.event.what)) {
                *external_id = id;
            }
        }
        Ok(())
    }
}

/// The content that a target may have an id of its own for, and the place of that id.
fn identified(what: &Happening) -> Option<(&api::Address, &String)> {
    match what {
        Happening::ContentCopied { origin, external_id, .. } => Some((origin, external_id)),
        Happening::ContentDeleted { content, external_id, .. }
        | Happening::ContentExported { content, external_id, .. }
        | Happening::ContentImported { content, external_id, .. } => Some((content, external_id)),
        _ => None,
    }
}

fn external_id_mut(what: &mut Happening) -> Option<&mut String> {
    match what {
        Happening::ContentCopied { external_id, .. }
        | Happening::ContentDeleted { external_id, .. }
        | Happening::ContentExported { external_id, .. }
        | Happening::ContentImported { external_id, .. } => Some(external_id),
        _ => None,
    }
}

/// Whether the event is one of a copy that takes the definition alone.
fn is_shallow(what: &Happening) -> bool {
    use api::CopyKind::Shallow;
    matches!(
        what,
        Happening::ContentCopied { kind: Shallow, .. }
            | Happening::ContentExported { kind: Shallow, .. }
            | Happening::ContentImported { kind: Shallow, .. }
            | Happening::CourseCopied { kind: Shallow, .. }
            | Happening::CourseExported { kind: Shallow, .. }
            | Happening::CourseImported { kind: Shallow, .. }
    )
}

/// Takes the call's effects from the buffer, or throws them away.
fn finish(
    outcome: Outcome<Verdict>,
    intents: Vec<wit::Intent>,
    target: &str,
    buffer: &mut Buffer,
    mark: usize,
    took: Duration,
) -> Handled {
    if outcome != Outcome::Ok(Verdict::Done) {
        buffer.forget(mark);
        return Handled::failed(outcome, took);
    }
    for intent in intents {
        let wit::Intent::SetExternalId(new) = intent;
        if new.external_id.len() > MAX_EXTERNAL_ID {
            buffer.forget(mark);
            return Handled::failed(Outcome::Limit(LimitKind::Output), took);
        }
        buffer.push_unbounded(Effect::SetExternalId {
            target: target.to_owned(),
            content: address_in(new.content),
            external_id: new.external_id,
            expected: new.expected,
        });
    }
    Handled { outcome, effects: buffer.since(mark), took }
}
