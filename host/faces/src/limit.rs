//! How often somebody may do something: a leaky bucket for each key (the generic cell rate algorithm).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is allowed within this time may also come at once.
const WINDOW: Duration = Duration::from_secs(60);

/// Fewer keys than this are kept without looking which of them are idle.
const KEPT: usize = 1024;

/// A limit on how many things a minute may have, for each key.
pub(crate) struct RateLimit<K> {
    /// What one thing takes of the window; none where there is no limit.
    share: Option<Duration>,
    keys: Mutex<Keys<K>>,
}

struct Keys<K> {
    /// When the bucket of a key will be empty again.
    empty_at: HashMap<K, Instant>,
    sweep_at: usize,
}

impl<K: Hash + Eq> RateLimit<K> {
    /// At most this many things a minute; 0 is no limit.
    pub(crate) fn per_minute(count: u32) -> Self {
        let share = WINDOW.checked_div(count);
        Self { share, keys: Mutex::new(Keys { empty_at: HashMap::new(), sweep_at: KEPT }) }
    }

    /// Counts one more thing of a key.
    ///
    /// # Errors
    /// The whole seconds after which there is room again, at least one. What is refused is not counted.
    pub(crate) fn count(&self, key: K) -> Result<(), u64> {
        self.count_at(key, Instant::now())
    }

    /// Whether one more thing of a key would be counted, without counting it.
    ///
    /// # Errors
    /// As [`RateLimit::count`].
    pub(crate) fn check(&self, key: K) -> Result<(), u64> {
        self.check_at(key, Instant::now())
    }

    fn check_at(&self, key: K, now: Instant) -> Result<(), u64> {
        let Some(share) = self.share else { return Ok(()) };
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        room(keys.empty_at.get(&key).copied(), share, now).map(drop)
    }

    fn count_at(&self, key: K, now: Instant) -> Result<(), u64> {
        let Some(share) = self.share else { return Ok(()) };
        // Every change is whole, so what a panic elsewhere left is good.
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let empty_at = room(keys.empty_at.get(&key).copied(), share, now)?;
        keys.empty_at.insert(key, empty_at);
        if keys.empty_at.len() >= keys.sweep_at {
            keys.empty_at.retain(|_, at| *at > now);
            keys.sweep_at = KEPT.max(keys.empty_at.len() * 2);
        }
        Ok(())
    }
}

/// When a bucket that is empty at `empty_at` will be so after one more thing; else the seconds until that fits.
fn room(empty_at: Option<Instant>, share: Duration, now: Instant) -> Result<Instant, u64> {
    let after = empty_at.map_or(now, |at| at.max(now)) + share;
    match after.saturating_duration_since(now).checked_sub(WINDOW).filter(|wait| !wait.is_zero()) {
        Some(wait) => Err(wait.as_secs() + 1),
        None => Ok(after),
    }
}

/// Whose address it is: one host of IPv4, one network of IPv6, where every host has addresses without number.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_s_worth_comes_at_once_and_then_one_by_one() {
        let limit = RateLimit::per_minute(6);
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for _ in 0..6 {
            assert_eq!(limit.count_at("a", start), Ok(()));
        }
        assert_eq!(limit.count_at("a", start), Err(11));
        assert!(limit.check_at("a", start).is_err() && limit.check_at("b", start).is_ok());
        assert_eq!(limit.count_at("a", at(5)), Err(6));
        assert_eq!(limit.count_at("b", start), Ok(()));
        assert_eq!(limit.count_at("a", at(10)), Ok(()));
        assert_eq!(limit.count_at("a", at(10)), Err(11));
        // After a pause the bucket is empty, and no emptier.
        for _ in 0..6 {
            assert_eq!(limit.count_at("a", at(1000)), Ok(()));
        }
        assert!(limit.count_at("a", at(1000)).is_err());
    }

    #[test]
    fn no_limit() {
        let limit = RateLimit::per_minute(0);
        assert!((0..10_000).all(|_| limit.count(1).is_ok()));
    }

    #[test]
    fn idle_keys_are_forgotten() {
        let limit = RateLimit::per_minute(60);
        let start = Instant::now();
        for key in 0..10_000u64 {
            assert_eq!(limit.count_at(key, start + Duration::from_secs(key)), Ok(()));
        }
        let kept = limit.keys.lock().unwrap().empty_at.len();
        assert!(kept <= KEPT, "{kept}");
    }

    #[test]
    fn networks() {
        let network = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
