//! The engine: who is due, who may go, and how the calls went.

use super::judge::{Judged, judge};
use super::rate::Rate;
use super::switching::wants;
use super::{Called, Caller, Clock};
use provost_runtime::{Delivery, HandleBounds, Handled, Outcome};
use provost_store::api::{
    Claimed, Due, Event, Happening, Next, Retention, Settled, Sign, Store, StoreError, Target, TargetState,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Events of one checkout of an instance.
const BATCH: u32 = 100;
/// Those of one call's worth of time, of what is elsewhere.
const REMOTE_BATCH: u32 = 10;
/// Calls of one target at a time, over different lanes (proxy-tool-events.md 11.5).
const PARALLEL: usize = 4;
/// Events that one look at the outbox hands out.
const SLICE: u32 = 500;
/// Time that one call of a plugin may take (11.5).
const CALL: Duration = Duration::from_secs(5);
/// What a plugin may take beside the time that the other server is given.
const REMOTE_MARGIN: Duration = Duration::from_secs(2);
/// Time for the calls of one checkout; what has not begun by then is not called.
const CHECKOUT: Duration = Duration::from_secs(20);
/// How much longer than its calls a claim holds.
const MARGIN: Duration = Duration::from_secs(10);
/// How long a plugin that could not be called is left alone.
const PAUSE_MS: i64 = 5_000;
/// How long is waited for calls that are about to end when all that was waited for is told.
const TELLING: Duration = Duration::from_millis(500);
/// An event that waited for longer counts as deferred.
const DEFERRED_MS: i64 = 5_000;

/// How events are delivered.
#[derive(Debug, Clone)]
pub struct DeliveryOptions {
    /// How often the outbox is looked at when nothing wakes the engine.
    pub poll: Duration,
    /// How often claims of dead workers are looked for.
    pub put_back: Duration,
    /// How often the retention is kept to and the operator told of what waits for long.
    pub keeping: Duration,
    /// How long a stopping host waits for calls under way.
    pub stop_wait: Duration,
    /// How long things are kept.
    pub retention: Retention,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(250),
            put_back: Duration::from_secs(1),
            keeping: Duration::from_secs(3600),
            stop_wait: CALL,
            retention: Retention::default(),
        }
    }
}

/// Delivers events, tells targets of their states, and tells people what went wrong. One per process.
pub struct Deliveries {
    pub(super) store: Arc<dyn Store>,
    pub(super) caller: Arc<dyn Caller>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: DeliveryOptions,
    /// Targets that could not be called, until when they are left alone.
    paused: Mutex<HashMap<u64, i64>>,
    rate: Rate,
    /// What is done once in a while: when it was done last.
    put_back_at: Mutex<i64>,
    pub(super) kept_at: Mutex<i64>,
    pub(super) this: Weak<Self>,
}

/// When calls that cannot go yet can: the first of all, and the first of those that only the rate of a flush holds back.
#[derive(Debug, Default)]
struct Pending {
    next: Option<i64>,
    held: Option<i64>,
}

fn sooner(wake: &mut Option<i64>, at: i64) {
    *wake = Some(wake.map_or(at, |before| before.min(at)));
}

/// Calls under way.
#[derive(Default)]
pub struct Flights {
    running: JoinSet<u64>,
    of: BTreeMap<u64, usize>,
}

impl Deliveries {
    /// An engine on a store.
    pub fn new(
        store: Arc<dyn Store>,
        caller: Arc<dyn Caller>,
        clock: Arc<dyn Clock>,
        options: DeliveryOptions,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            store,
            caller,
            clock,
            options,
            paused: Mutex::default(),
            rate: Rate::default(),
            put_back_at: Mutex::new(i64::MIN),
            kept_at: Mutex::new(i64::MIN),
            this: this.clone(),
        })
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Delivers until `stop` turns true. Calls under way then get a little time; those that are not through by then do not count.
    pub async fn run(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut flights = Flights::default();
        while !*stop.borrow() {
            if let Err(error) = self.keep_house().await {
                tracing::warn!(%error, "what the outbox keeps could not be looked through");
            }
            let next = match self.start_due(&mut flights, Some(&stop)).await {
                Ok(pending) => pending.next,
                Err(error) => {
                    tracing::warn!(%error, "cannot look at the outbox");
                    None
                }
            };
            let poll = self.now_ms() + i64::try_from(self.options.poll.as_millis()).unwrap_or(i64::MAX);
            let until = next.unwrap_or(poll).min(poll);
            tokio::select! {
                () = self.store.published().notified() => {}
                () = self.clock.sleep_until(until) => {}
                Some(landed) = flights.running.join_next() => flights.land(landed),
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        while let Some(landed) = flights.running.join_next().await {
            flights.land(landed);
        }
    }

    /// Delivers all that is due now, and what that causes; when the next will be. What the rate of a flush holds back waits.
    pub async fn settle_down(self: &Arc<Self>) -> Result<Option<i64>, StoreError> {
        self.settle(self.now_ms()).await
    }

    /// As [`Self::settle_down`], and what the rate of a flush holds back as well, for at most so long: a target that has become available
    /// gets in order all that waited, or as much as time allows.
    pub async fn settle_flushes(self: &Arc<Self>, within: Duration) -> Result<Option<i64>, StoreError> {
        self.settle(self.now_ms() + i64::try_from(within.as_millis()).unwrap_or(i64::MAX / 2)).await
    }

    /// Delivers what is due; waits for the rate of flushes until then, and for nothing else.
    async fn settle(self: &Arc<Self>, until: i64) -> Result<Option<i64>, StoreError> {
        let mut flights = Flights::default();
        loop {
            let Pending { next, held } = self.start_due(&mut flights, None).await?;
            match flights.running.join_next().await {
                Some(landed) => flights.land(landed),
                None => match held.filter(|at| *at < until) {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => return Ok(next),
                },
            }
        }
    }

    /// Delivers what is due until nothing of these events is open, at most for this long. Whether that came to be.
    pub async fn settle_events(self: &Arc<Self>, events: &[String], within: Duration) -> Result<bool, StoreError> {
        let until = self.now_ms() + i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let mut flights = Flights::default();
        loop {
            let next = self.start_due(&mut flights, None).await?.next;
            let settled = self.store.unsettled(events).await? == 0;
            let now = self.now_ms();
            if settled || now >= until {
                // Who hears of failures is told after they are written down: a moment for that. Calls of other events go on to their end.
                let landing = async {
                    while let Some(landed) = flights.running.join_next().await {
                        flights.land(landed);
                    }
                };
                let _ = tokio::time::timeout(TELLING, landing).await;
                flights.running.detach_all();
                return Ok(settled);
            }
            // Another process may be delivering them.
            let wake = next.unwrap_or(i64::MAX).min(now + 20).min(until);
            tokio::select! {
                () = self.clock.sleep_until(wake) => {}
                Some(landed) = flights.running.join_next() => flights.land(landed),
            }
        }
    }

    /// Starts the calls that can go; when the next ones can.
    async fn start_due(
        self: &Arc<Self>,
        flights: &mut Flights,
        stop: Option<&watch::Receiver<bool>>,
    ) -> Result<Pending, StoreError> {
        let now = self.now_ms();
        self.put_back(now).await?;
        while self.store.fan_out(now, SLICE).await?.events > 0 {}
        let mut pending = Pending::default();
        for Due { target, at_ms, parked } in self.store.due().await? {
            let id = target.id;
            let free_at = self.paused_until(id).max(target.health.open_until_ms).max(at_ms);
            if !target.installed || target.state == TargetState::Unavailable {
                continue;
            }
            if free_at > now {
                sooner(&mut pending.next, free_at);
                continue;
            }
            let parallel = if target.health.is_quarantined() { 1 } else { PARALLEL };
            if target.health.is_quarantined() && wants(&target, "target-ping") {
                if flights.of.get(&id).copied().unwrap_or(0) == 0 {
                    *flights.of.entry(id).or_default() += 1;
                    let (this, target, stop) = (self.clone(), target.clone(), stop.cloned());
                    flights.running.spawn(async move {
                        if let Err(error) = this.probe(&target, stop).await {
                            tracing::error!(target = target.label(), %error, "what came of a probe could not be written down");
                            this.pause(id);
                        }
                        id
                    });
                }
                continue;
            }
            while flights.of.get(&id).copied().unwrap_or(0) < parallel {
                let mut limit = if target.fields.remote { REMOTE_BATCH } else { BATCH };
                if target.health.is_quarantined() {
                    limit = 1;
                }
                if parked {
                    let room = self.rate.take(id, limit, now);
                    if room == 0 {
                        for wake in [&mut pending.next, &mut pending.held] {
                            sooner(wake, now + Rate::NEXT_MS);
                        }
                        break;
                    }
                    limit = room;
                }
                let claimed = self.store.claim_deliveries(id, now, lease(&target), limit).await?;
                if parked {
                    self.rate.give(id, i64::from(limit) - i64::try_from(claimed.len()).unwrap_or(0));
                }
                if claimed.is_empty() {
                    break;
                }
                *flights.of.entry(id).or_default() += 1;
                let (this, target, stop) = (self.clone(), target.clone(), stop.cloned());
                flights.running.spawn(async move {
                    if let Err(error) = this.deliver(&target, claimed, stop).await {
                        tracing::error!(target = target.label(), %error, "what came of a delivery could not be written down");
                        this.pause(id);
                    }
                    id
                });
            }
        }
        Ok(pending)
    }

    async fn put_back(&self, now: i64) -> Result<(), StoreError> {
        let every = i64::try_from(self.options.put_back.as_millis()).unwrap_or(i64::MAX);
        {
            let mut at = self.put_back_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < at.saturating_add(every) {
                return Ok(());
            }
            *at = now;
        }
        let back = self.store.put_back(now).await?;
        if back > 0 {
            tracing::info!(deliveries = back, "a worker died; its deliveries wait again");
        }
        Ok(())
    }

    fn paused_until(&self, target: u64) -> i64 {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).get(&target).copied().unwrap_or(0)
    }

    pub(super) fn pause(&self, target: u64) {
        let until = self.now_ms() + PAUSE_MS;
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).insert(target, until);
    }

    /// Sees whether a target in quarantine is there, by the event that is for that. If it is, one event may go, whose outcome decides; if
    /// not, none is spent on it (proxy-tool-events.md 11.5).
    async fn probe(&self, target: &Target, stop: Option<watch::Receiver<bool>>) -> Result<(), StoreError> {
        if !self.answers_ping(target).await? {
            return Ok(());
        }
        let claimed = self.store.claim_deliveries(target.id, self.now_ms(), lease(target), 1).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        self.deliver(target, claimed, stop).await
    }

    /// Calls a target for a batch and writes down what came of it.
    async fn deliver(
        &self,
        target: &Target,
        claimed: Vec<Claimed>,
        stop: Option<watch::Receiver<bool>>,
    ) -> Result<(), StoreError> {
        let deliveries = claimed.iter().map(|one| self.delivery(target, one)).collect();
        let call = self.caller.call(target, deliveries, bounds(target));
        let called = match stop {
            None => Some(call.await),
            Some(stop) => {
                let wait = self.options.stop_wait;
                let stopped = async move {
                    stopping(stop).await;
                    tokio::time::sleep(wait).await;
                };
                tokio::select! {
                    called = call => Some(called),
                    () = stopped => None,
                }
            }
        };
        let (handled, digest) = called.map(|c| (c.handled, c.digest)).unwrap_or_default();
        let now = self.now_ms();
        let mut handled = handled.into_iter();
        let mut settled = Vec::with_capacity(claimed.len());
        let mut gone = false;
        for one in &claimed {
            let judged = judge(target, one, handled.next().unwrap_or_else(not_called), &digest, now);
            gone |= judged.gone;
            if judged.unavailable {
                tracing::info!(target = target.label(), reason = judged.settled.message, "the target cannot be called");
                self.pause(target.id);
            }
            settled.push((one, judged));
        }
        self.write_down(target, settled, gone, now).await
    }

    async fn write_down(
        &self,
        target: &Target,
        judged: Vec<(&Claimed, Judged)>,
        gone: bool,
        now: i64,
    ) -> Result<(), StoreError> {
        if gone {
            // Before its events are put back, since it would be called with them again at once.
            self.switch_off(target, "gone", "it says that it is gone").await?;
        }
        let all: Vec<Settled> = judged.iter().map(|(_, j)| j.settled.clone()).collect();
        let settlement = self.store.settle(target.id, all, now).await?;
        let mut switch_off = settlement.switch_off;
        if let Some(why) = settlement.conflict {
            // What the first of the rest wrote clashed with what was written meanwhile: it is called again, and so are those after it.
            let mut rest: Vec<Settled> = judged[settlement.settled..].iter().map(|(_, j)| j.settled.clone()).collect();
            for (n, one) in rest.iter_mut().enumerate() {
                one.next = Next::Uncounted;
                one.sign = None;
                if n == 0 {
                    conflicted(one, judged[settlement.settled].0, target, &why, now);
                }
            }
            switch_off |= self.store.settle(target.id, rest, now).await?.switch_off;
        }
        for (claimed, judged) in &judged[..settlement.settled] {
            self.tell(target, claimed, judged).await;
        }
        if switch_off && !gone {
            self.switch_off(target, "failing", "every call of it has failed for five days").await?;
        }
        Ok(())
    }

    /// An event as the handler gets it.
    fn delivery(&self, target: &Target, claimed: &Claimed) -> Delivery {
        let now = self.now_ms();
        Delivery {
            target: target.fields.name.clone(),
            event: claimed.event.clone(),
            hidden: None,
            attempt: claimed.attempt,
            deferred: claimed.attempt > 1
                || claimed.created_ms < target.since_ms
                || now - claimed.created_ms > DEFERRED_MS,
            replay: claimed.replay,
            gap_after: claimed.gap_after.clone(),
        }
    }

    /// Calls a target with something that is told at once and never queued: a change of its state, say.
    pub(super) async fn call_once(&self, target: &Target, what: Happening) -> Handled {
        self.ask(target, what).await.handled.into_iter().next().unwrap_or_else(not_called)
    }

    /// As [`Self::call_once`], with which code was called.
    pub(super) async fn ask(&self, target: &Target, what: Happening) -> Called {
        let delivery = directly(&target.fields.name, what);
        self.caller.call(target, vec![delivery], bounds(target)).await
    }
}

/// What came of a call that was not made, or not to the end: all is as before.
pub(super) fn not_called() -> Handled {
    Handled { outcome: Outcome::Interrupted, effects: Vec::new(), took: Duration::ZERO }
}

/// Something that happens now, outside of the order of all events.
pub(super) fn happening_now(what: Happening) -> Event {
    Event {
        id: uuid::Uuid::now_v7().to_string(),
        source: String::new(),
        time: jiff::Timestamp::now().as_second(),
        sequence: 0,
        what,
        storage_sequence: 0,
        hops: 0,
    }
}

/// Something that is told at once and never queued, as it is handed to a handler.
pub(crate) fn directly(target: &str, what: Happening) -> Delivery {
    Delivery {
        target: target.to_owned(),
        event: happening_now(what),
        hidden: None,
        attempt: 1,
        deferred: false,
        replay: false,
        gap_after: None,
    }
}

/// Returns when the host stops.
async fn stopping(mut stop: watch::Receiver<bool>) {
    // A sender that is gone stops as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A handler whose effects cannot be done has failed, in a way that it need not fail again.
fn conflicted(one: &mut Settled, claimed: &Claimed, target: &Target, why: &str, now: i64) {
    one.code = "conflict".into();
    one.message = why.to_owned();
    one.sign = Some(Sign::Answer);
    let delay = super::schedule::delay(&claimed.event.id, claimed.attempt, target.fields.remote, None);
    (one.next, one.reason) = match delay {
        _ if claimed.direct => (Next::Dropped, "conflict".into()),
        Some(delay) => (Next::Later { due_ms: now + delay, poison: 0 }, "conflict".into()),
        None => (Next::Dead, "exhausted".into()),
    };
}

/// Time that a gate may take.
pub(crate) const GATE_BOUNDS: HandleBounds = HandleBounds { each: CALL, all: None };

/// Time that calls of a target may take. What calls others gives them the target's time, and needs a moment of its own for the rest.
pub(super) fn bounds(target: &Target) -> HandleBounds {
    if !target.fields.remote {
        return HandleBounds { each: CALL, all: Some(CHECKOUT) };
    }
    let each = Duration::from_secs(u64::from(target.fields.timeout.clamp(1, 120))) + REMOTE_MARGIN;
    HandleBounds { each, all: Some(CHECKOUT + each) }
}

/// How long a claim of a target's events holds, milliseconds.
fn lease(target: &Target) -> i64 {
    let bounds = bounds(target);
    let all = bounds.each + bounds.all.unwrap_or_default() + MARGIN;
    i64::try_from(all.as_millis()).unwrap_or(i64::MAX)
}

impl Flights {
    fn land(&mut self, landed: Result<u64, tokio::task::JoinError>) {
        match landed {
            Ok(target) => {
                if let Some(count) = self.of.get_mut(&target) {
                    *count = count.saturating_sub(1);
                }
            }
            Err(error) => {
                // Its claims are put back when their time is over.
                tracing::error!(%error, "a delivery broke off");
                self.of.clear();
            }
        }
    }
}
