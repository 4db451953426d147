//! Before a change is published: handlers that are here and have nothing else before them are called within the operation's budget,
//! and what they want done becomes visible with the change or not at all (architecture.md 2.3; proxy-tool-events.md 5.2 and 11.5).

use super::engine::Deliveries;
use super::judge::judge;
use async_trait::async_trait;
use provost_runtime::{Delivery, EventService, HandleBounds, Hidden, SwitchFailure};
use provost_store::api::{
    BY_PLUGIN, Claimed, Draft, Early, Event, EventClass, Happening, Next, StoreError, Target, TargetState,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Time for one call, and for those of all plugins. Calls of one plugin begin within the first of it.
const EACH: Duration = Duration::from_millis(250);
const ALL: Duration = Duration::from_secs(2);
/// Events of one checkout of an instance.
const BATCH: usize = 100;
/// Time in which an export's events are told: lanes flush, then they are called.
const EXPORT: Duration = Duration::from_secs(10);

#[async_trait]
impl EventService for Deliveries {
    async fn before_publish(&self, draft: &mut dyn Draft) {
        if let Err(error) = self.tell_early(draft).await {
            // They are told once the change is visible.
            tracing::warn!(%error, "nobody could be told of a change before it is visible");
        }
    }

    async fn tell_now(&self, happenings: Vec<Happening>, job: Option<String>) -> Result<(), StoreError> {
        if happenings.is_empty() {
            return Ok(());
        }
        let events = self.store.announce(happenings, job).await?;
        let Some(this) = self.this.upgrade() else { return Ok(()) };
        if !this.settle_events(&events, EXPORT).await? {
            tracing::warn!("not everybody was told of an export in time");
        }
        Ok(())
    }

    async fn switch_target(&self, plugin: &str, name: &str, to: TargetState) -> Result<(), SwitchFailure> {
        self.switch(plugin, name, to, BY_PLUGIN).await?;
        Ok(())
    }

    async fn remove_target(&self, plugin: &str, name: &str) -> Result<bool, StoreError> {
        self.take_away(plugin, name).await
    }

    async fn enable_target(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchFailure> {
        Ok(self.enable(plugin, name).await?)
    }

    async fn disable_target(&self, plugin: &str, name: &str) -> Result<TargetState, SwitchFailure> {
        Ok(self.disable(plugin, name).await?)
    }

    fn now_ms(&self) -> i64 {
        Deliveries::now_ms(self)
    }
}

impl Deliveries {
    async fn tell_early(&self, draft: &mut dyn Draft) -> Result<(), StoreError> {
        let (targets, untold) = self.store.listeners().await?;
        // What was published before comes first.
        if untold || targets.is_empty() {
            return Ok(());
        }
        let now = self.now_ms();
        let local: Vec<Target> = targets.into_iter().filter(|t| !t.fields.remote && t.is_ready(now)).collect();
        if local.is_empty() {
            return Ok(());
        }
        let events = draft.events().await?;
        let hidden = hidden(draft, &events);
        let begin = Instant::now();
        for target in local {
            let wanted: Vec<&Event> = events.iter().filter(|e| wants_early(&target, &e.what)).collect();
            let courses: BTreeSet<&str> = wanted.iter().flat_map(|e| e.what.courses()).collect();
            let courses: Vec<String> = courses.into_iter().map(str::to_owned).collect();
            if wanted.is_empty() || !self.store.lanes_are_empty(target.id, &courses).await? {
                continue;
            }
            let left = ALL.saturating_sub(begin.elapsed());
            if left < EACH {
                tracing::info!("the time for telling of a change before it is visible is over; the rest is told after");
                break;
            }
            self.tell_one_early(draft, &target, &wanted, &hidden, left.min(EACH * 2)).await?;
        }
        Ok(())
    }

    async fn tell_one_early(
        &self,
        draft: &mut dyn Draft,
        target: &Target,
        events: &[&Event],
        hidden: &Hidden,
        budget: Duration,
    ) -> Result<(), StoreError> {
        let begin = Instant::now();
        for some in events.chunks(BATCH) {
            let left = budget.saturating_sub(begin.elapsed());
            if left < EACH {
                return Ok(());
            }
            let deliveries = some.iter().map(|event| Delivery {
                target: target.fields.name.clone(),
                event: (*event).clone(),
                hidden: Some(hidden.clone()),
                attempt: 1,
                deferred: false,
                replay: false,
                gap_after: None,
            });
            let bounds = HandleBounds { each: EACH, all: Some(left) };
            let called = self.caller.call(target, deliveries.collect(), bounds).await;
            let now = self.now_ms();
            let mut answers = Vec::with_capacity(some.len());
            let mut told = Vec::with_capacity(some.len());
            for (event, handled) in some.iter().zip(called.handled) {
                let claimed = as_claimed(event, now);
                let judged = judge(target, &claimed, handled, &called.digest, now);
                if judged.settled.next == Next::Uncounted {
                    break;
                }
                answers.push(Early { event: event.id.clone(), settled: judged.settled.clone() });
                told.push((claimed, judged));
            }
            match draft.answered_early(target, &answers, now).await {
                Ok(()) => {}
                Err(error @ StoreError::LeaseLost { .. }) => return Err(error),
                Err(error) => {
                    tracing::warn!(target = target.label(), %error, "what handlers wanted done cannot be; they are called again");
                    return Ok(());
                }
            }
            for (claimed, judged) in &told {
                self.tell(target, claimed, judged).await;
            }
            if told.len() < some.len() || told.iter().any(|(_, j)| matches!(j.settled.next, Next::Later { .. })) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a target is told of this before it is visible: what it wants of everybody, and what is queued if that fails; not that all has
/// been told.
fn wants_early(target: &Target, what: &Happening) -> bool {
    what.class() == EventClass::Durable
        && !matches!(what, Happening::CourseCopySettled { .. } | Happening::BatchCompleted { .. })
        && target.fields.subscriptions.iter().any(|s| s.event == what.name() && !s.only_own)
}

pub(super) fn as_claimed(event: &Event, now: i64) -> Claimed {
    Claimed {
        delivery: 0,
        event: event.clone(),
        attempt: 1,
        created_ms: now,
        replay: false,
        gap_after: None,
        poison: 0,
        digest: String::new(),
        direct: false,
        job: None,
    }
}

/// What the draft makes, which nobody can look at yet.
fn hidden(draft: &dyn Draft, events: &[Event]) -> Hidden {
    if draft.is_new_course() {
        return Hidden { courses: vec![draft.course().to_string()], contents: Vec::new() };
    }
    let made = events.iter().filter_map(|event| match &event.what {
        Happening::ContentCopied { copy, .. } => Some(copy.clone()),
        Happening::ContentImported { content, .. } => Some(content.clone()),
        _ => None,
    });
    Hidden { courses: Vec::new(), contents: made.collect() }
}
