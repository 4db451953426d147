//! What is done once in a while: what waited too long is given up, records go, and the operator hears of what waits for long
//! (proxy-tool-events.md 11.4). Once a week, plugins hear again of courses that are gone.

use super::engine::Deliveries;
use super::telling::named;
use provost_store::api::{
    Address, DataPlace, DeliveryFilter, DeliveryState, Happening, NoticeFilter, StoreError, Target, Whose,
};
use std::collections::BTreeSet;
use std::sync::PoisonError;

const DAY: i64 = 24 * 3600 * 1000;
/// The operator hears of what has waited for so long.
const WARN: i64 = 7 * DAY;
/// Events that may wait for a target before the operator hears of it.
const CAP: u64 = 100_000;
/// What plugins keep is compared with the courses there are so often; where it stands when that was last.
const WEEK: i64 = 7 * DAY;
const RECONCILED: &str = "events.reconciled-ms";
/// Places that are looked at at a time.
const PAGE: u32 = 1000;
/// Somebody is told of one thing so often.
const AGAIN: i64 = DAY;

impl Deliveries {
    /// Keeps to the retention if it is time for that.
    pub(super) async fn keep_house(&self) -> Result<(), StoreError> {
        let now = self.now_ms();
        let every = i64::try_from(self.options.keeping.as_millis()).unwrap_or(i64::MAX);
        {
            let mut at = self.kept_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < at.saturating_add(every) {
                return Ok(());
            }
            *at = now;
        }
        self.keep_to_retention().await?;
        let last = self.store.setting(RECONCILED).await?.and_then(|ms| ms.parse::<i64>().ok()).unwrap_or(0);
        if now - last >= WEEK {
            self.reconcile().await?;
            self.store.set_setting(RECONCILED, Some(&now.to_string())).await?;
        }
        Ok(())
    }

    /// Tells once more of courses that are gone and with which a plugin still keeps data: a deletion is not told to who is away, and
    /// what it leaves must not stay for ever (proxy-tool-events.md 1.1). How many there were.
    pub async fn reconcile(&self) -> Result<u64, StoreError> {
        let (targets, _) = self.store.listeners().await?;
        let now = self.now_ms();
        let mut gone = BTreeSet::new();
        let mut known = BTreeSet::new();
        for target in targets.iter().filter(|t| t.fields.name.is_empty() && t.is_ready(now)) {
            if !target.fields.subscriptions.iter().any(|s| s.event == "course-deleted") {
                continue;
            }
            let mut after = None;
            loop {
                let places = self.store.data_places(&target.fields.plugin, after.as_ref(), PAGE).await?;
                for place in &places {
                    let (DataPlace::Course(course) | DataPlace::Content(Address { course, .. })) = place else {
                        continue;
                    };
                    // Those of other sites are for who passes on their events.
                    let Ok(id) = course.parse::<u64>() else { continue };
                    if known.contains(&id) || gone.contains(&id) {
                        continue;
                    }
                    match self.store.course(id).await {
                        Ok(_) => known.insert(id),
                        Err(StoreError::NotFound { .. }) => gone.insert(id),
                        Err(error) => return Err(error),
                    };
                }
                match places.last() {
                    Some(last) => after = Some(last.clone()),
                    None => break,
                }
            }
        }
        if !gone.is_empty() {
            tracing::info!(courses = gone.len(), "told once more of courses that are gone");
            let again = gone.iter().map(|id| Happening::CourseDeleted { course: id.to_string() });
            self.store.announce(again.collect(), None).await?;
        }
        Ok(gone.len() as u64)
    }

    /// Gives up, purges and removes what is over its time, and tells the operator of what waits for long.
    pub async fn keep_to_retention(&self) -> Result<(), StoreError> {
        let now = self.now_ms();
        let expired = self.store.expire(&self.options.retention, now).await?;
        if expired.given_up > 0 {
            let message = format!(
                "{} events waited too long and were given up; see `provost event list --state dead`",
                expired.given_up
            );
            self.store.notify(None, "events.expired", &message, now).await?;
        }
        for target in self.store.targets().await? {
            if target.waiting >= CAP {
                self.warn("target.full", &target, "too much waits for it; events that are never queued are dropped")
                    .await?;
            } else if target.waiting > 0 && self.oldest(&target).await?.is_some_and(|time| now - time * 1000 >= WARN) {
                self.warn("target.waiting", &target, "events have waited for it for more than seven days").await?;
            }
        }
        Ok(())
    }

    /// When the oldest event that waits for a target happened, Unix seconds.
    async fn oldest(&self, target: &Target) -> Result<Option<i64>, StoreError> {
        let filter = DeliveryFilter {
            target: Some(target.label()),
            state: Some(DeliveryState::Pending),
            oldest_first: true,
            limit: 1,
            ..DeliveryFilter::default()
        };
        Ok(self.store.deliveries(&filter).await?.first().map(|d| d.time))
    }

    async fn warn(&self, kind: &str, target: &Target, why: &str) -> Result<(), StoreError> {
        let now = self.now_ms();
        let message = format!("{}: {why} ({} wait)", named(target), target.waiting);
        let about = named(target);
        let known = self.store.notices(&NoticeFilter { whose: Whose::Operator, ..NoticeFilter::default() }).await?;
        let told =
            known.iter().any(|n| n.kind == kind && n.message.starts_with(&about) && n.created * 1000 > now - AGAIN);
        if told {
            return Ok(());
        }
        tracing::warn!(target = target.label(), "{message}");
        self.store.notify(None, kind, &message, now).await
    }
}
