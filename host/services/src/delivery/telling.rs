//! Telling people and the log how deliveries went (proxy-tool-events.md 1.1 and 3.1).

use super::engine::Deliveries;
use super::judge::Judged;
use provost_store::api::{Claimed, Happening, Next, StoreError, Target, TargetState};

impl Deliveries {
    /// Logs an outcome and tells those whom it concerns. A person not told is no reason to deliver again.
    pub(super) async fn tell(&self, target: &Target, claimed: &Claimed, judged: &Judged) {
        let (event, name, label) = (&claimed.event.id, claimed.event.what.name(), target.label());
        let settled = &judged.settled;
        let (attempt, code, message) = (claimed.attempt, &settled.code, &settled.message);
        match &settled.next {
            Next::Done(_) => tracing::debug!(event, name, target = label, attempt, "delivered"),
            Next::Dropped if judged.refused => {
                tracing::error!(event, name, target = label, attempt, code, message, "the target refused the event");
            }
            Next::Dropped => {
                tracing::error!(event, name, target = label, attempt, code, message, "no answer; not tried again")
            }
            Next::Dead => {
                let reason = &settled.reason;
                tracing::error!(event, name, target = label, attempt, code, reason, message, "the event is given up");
            }
            Next::Later { due_ms, .. } if code == "soft-retry" => {
                tracing::info!(event, name, target = label, attempt, due_ms, "the target asked for another try");
            }
            Next::Later { due_ms, .. } => {
                tracing::error!(event, name, target = label, attempt, code, message, due_ms, "no answer; tried again");
            }
            Next::Uncounted => tracing::info!(event, name, target = label, code, message, "not called; it waits"),
        }
        let failed = match &settled.next {
            Next::Dropped | Next::Dead => true,
            Next::Later { .. } => claimed.attempt == 1 && code != "soft-retry",
            Next::Done(_) | Next::Uncounted => false,
        };
        if failed && let Err(error) = self.tell_people(target, claimed, judged).await {
            tracing::warn!(event, %error, "a person could not be told of a failed event");
        }
    }

    async fn tell_people(&self, target: &Target, claimed: &Claimed, judged: &Judged) -> Result<(), StoreError> {
        let what = &claimed.event.what;
        let settled = &judged.settled;
        let how = if judged.refused { "refused" } else { "did not answer to" };
        let message = format!("{} {how} {}: {}", named(target), what.name(), settled.message);
        let job = match what {
            Happening::CourseCopied { job, .. }
            | Happening::CourseImported { job, .. }
            | Happening::CourseExported { job, .. } => Some(job.clone()).filter(|job| !job.is_empty()),
            Happening::ContentImported { .. }
            | Happening::GroupImported { .. }
            | Happening::ContentExported { .. }
            | Happening::GroupExported { .. } => claimed.job.clone(),
            _ => return Ok(()),
        };
        let Some(job) = job.or_else(|| claimed.job.clone()) else { return Ok(()) };
        self.store.warn_of_job(&job, &message).await?;
        if matches!(what, Happening::CourseCopied { .. }) {
            match self.store.job(&job).await {
                Ok(row) => self.store.notify(Some(row.person), "course-copied", &message, self.now_ms()).await?,
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes a target unavailable because of how it behaves, and tells the operator.
    pub(super) async fn switch_off(&self, target: &Target, reason: &str, why: &str) -> Result<(), StoreError> {
        let message = format!(
            "{} is unavailable now: {why}. Its events wait; `provost target enable` sends them.",
            named(target)
        );
        tracing::error!(target = target.label(), reason, "{message}");
        let now = self.now_ms();
        self.store.set_target_state(target.id, TargetState::Unavailable, reason, now).await?;
        self.store.notify(None, "target.disabled", &message, now).await
    }
}

/// A target for people.
pub(super) fn named(target: &Target) -> String {
    let label = target.label();
    if target.fields.title.is_empty() || target.fields.title == label {
        label
    } else {
        format!("{} ({label})", target.fields.title)
    }
}
