//! How fast what has waited goes to a target that has become available (proxy-tool-events.md 11.5).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Events a second.
const EVENTS: i64 = 50;

/// What may still go to each target: events, and since when they are counted.
#[derive(Debug, Default)]
pub struct Rate(Mutex<HashMap<u64, (i64, i64)>>);

impl Rate {
    /// Milliseconds after which there is room for another event.
    pub const NEXT_MS: i64 = 1000 / EVENTS;

    /// Takes room for up to `wanted` events of a target; how much there was.
    pub fn take(&self, target: u64, wanted: u32, now_ms: i64) -> u32 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = all.entry(target).or_insert((EVENTS, now_ms));
        let more = (now_ms - *since).max(0).saturating_mul(EVENTS) / 1000;
        if more > 0 {
            *left = left.saturating_add(more).min(EVENTS);
            *since = now_ms;
        }
        let taken = u32::try_from((*left).max(0)).unwrap_or(u32::MAX).min(wanted);
        *left -= i64::from(taken);
        taken
    }

    /// Gives back room that was not used.
    pub fn give(&self, target: u64, back: i64) {
        if let Some((left, _)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&target) {
            *left += back;
        }
    }
}
