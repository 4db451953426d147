//! The outbox of the contract of stores: each function stands with its subject.

use super::SqliteStore;
use super::outbox::{Batch, NewEvent, record_events};
use crate::api::*;
use async_trait::async_trait;

#[async_trait]
impl Outbox for SqliteStore {
    async fn announce(&self, happenings: Vec<Happening>, job: Option<String>) -> Result<Vec<String>> {
        let events: Vec<NewEvent> = happenings.into_iter().map(NewEvent::here).collect();
        let ids = events.iter().map(|e| e.id.to_string()).collect();
        let mut tx = self.db.write().await?;
        let batch = record_events(&mut tx, Batch::Now, events, 0).await?;
        if let (Some(batch), Some(job)) = (batch, job) {
            sqlx::query("UPDATE t_event_batch SET job = ? WHERE id = ?")
                .bind(job)
                .bind(batch)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        self.db.published.notify_one();
        Ok(ids)
    }

    async fn sync_targets(&self, plugins: &[PluginTarget], now_ms: i64) -> Result<bool> {
        self.bring_targets_in_step(plugins, now_ms).await
    }

    async fn put_target(&self, fields: TargetFields, now_ms: i64) -> Result<()> {
        self.add_target(fields, now_ms).await
    }

    async fn remove_target(&self, plugin: &str, name: &str, now_ms: i64) -> Result<bool> {
        self.take_target_away(plugin, name, now_ms).await
    }

    async fn targets(&self) -> Result<Vec<Target>> {
        self.all_targets().await
    }

    async fn target(&self, plugin: &str, name: &str) -> Result<Target> {
        self.one_target(plugin, name).await
    }

    async fn set_target_state(&self, target: u64, state: TargetState, reason: &str, now_ms: i64) -> Result<()> {
        self.switch_target(target, state, reason, now_ms).await?;
        self.db.published.notify_one();
        Ok(())
    }

    async fn flush_target(&self, target: u64, now_ms: i64) -> Result<()> {
        self.try_target_now(target, now_ms).await?;
        self.db.published.notify_one();
        Ok(())
    }

    async fn fan_out(&self, now_ms: i64, limit: u32) -> Result<FanOut> {
        self.hand_out(now_ms, limit).await
    }

    async fn due(&self) -> Result<Vec<Due>> {
        self.due_targets().await
    }

    async fn listeners(&self) -> Result<(Vec<Target>, bool)> {
        self.all_listeners().await
    }

    async fn claim_deliveries(&self, target: u64, now_ms: i64, lease_ms: i64, limit: u32) -> Result<Vec<Claimed>> {
        self.take_deliveries(target, now_ms, lease_ms, limit).await
    }

    async fn settle(&self, target: u64, settled: Vec<Settled>, now_ms: i64) -> Result<Settlement> {
        self.write_down(target, settled, now_ms).await
    }

    async fn note_sign(&self, target: u64, sign: Sign, now_ms: i64) -> Result<bool> {
        self.note_health(target, sign, now_ms).await
    }

    async fn put_back(&self, now_ms: i64) -> Result<u64> {
        self.put_back_deliveries(now_ms).await
    }

    async fn lanes_are_empty(&self, target: u64, courses: &[String]) -> Result<bool> {
        self.lanes_empty(target, courses).await
    }

    async fn unsettled(&self, events: &[String]) -> Result<u64> {
        self.not_settled(events).await
    }

    async fn expire(&self, retention: &Retention, now_ms: i64) -> Result<Expired> {
        self.keep_to(retention, now_ms).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>> {
        self.list_deliveries(filter).await
    }

    async fn event(&self, id: &str) -> Result<EventDetails> {
        self.show_event(id).await
    }

    async fn replay(&self, chosen: &Chosen, now_ms: i64) -> Result<u64> {
        let again = self.send_again(chosen, now_ms).await?;
        self.db.published.notify_one();
        Ok(again)
    }

    async fn discard(&self, chosen: &Chosen, now_ms: i64) -> Result<u64> {
        self.give_up(chosen, now_ms).await
    }

    async fn notify(&self, person: Option<u64>, kind: &str, message: &str, now_ms: i64) -> Result<()> {
        self.add_notice(person, kind, message, now_ms).await
    }

    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<Notice>> {
        self.list_notices(filter).await
    }

    async fn see_notices(&self, up_to: u64, whose: Whose) -> Result<u64> {
        self.mark_notices(up_to, whose).await
    }

    async fn warn_of_job(&self, job: &str, message: &str) -> Result<()> {
        self.add_job_warning(job, message).await
    }

    fn published(&self) -> &tokio::sync::Notify {
        &self.db.published
    }
}
