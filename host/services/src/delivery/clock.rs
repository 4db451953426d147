//! What the time is.

use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What the time is, and waiting for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// Returns then, or soon after.
    async fn sleep_until(&self, ms: i64);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }

    async fn sleep_until(&self, ms: i64) {
        let left = u64::try_from(ms - self.now_ms()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(left)).await;
    }
}

/// A clock that is set by hand: schedules of days are gone through in no time. Waiting moves it.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// One that shows this time.
    pub fn new(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Sets it, never back.
    pub fn set(&self, ms: i64) {
        self.0.fetch_max(ms, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    async fn sleep_until(&self, ms: i64) {
        self.set(ms);
        tokio::task::yield_now().await;
    }
}
