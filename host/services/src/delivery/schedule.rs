//! When an event is tried again (proxy-tool-events.md 11.1).

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// Seconds before attempts 2 to 10, of a plugin and of what is elsewhere.
const LOCAL: [u32; 9] = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400];
const REMOTE: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest that a target can ask for.
const LONGEST: u32 = 86_400;

/// Milliseconds between this attempt, from 1, and the next; none when it was the last. Varies by a fifth either way, always the same for
/// one event and attempt. What the target asked for, in seconds, counts when it is longer.
pub fn delay(event: &str, attempt: u32, remote: bool, asked: Option<u32>) -> Option<i64> {
    let schedule = if remote { &REMOTE } else { &LOCAL };
    let seconds = *schedule.get(attempt.checked_sub(1)? as usize)?;
    let mut seed = [0; 32];
    seed.copy_from_slice(&Sha256::digest(format!("{event} {attempt}")));
    let varied = (f64::from(seconds) * 1000.0 * StdRng::from_seed(seed).random_range(0.8..=1.2)) as i64;
    let asked = asked.map_or(0, |s| i64::from(s.clamp(1, LONGEST)) * 1000);
    Some(varied.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_after_ten_attempts_and_is_the_same_every_time() {
        for (remote, total) in [(false, 27_756_i64), (true, 272_105)] {
            let delays: Vec<i64> = (1..20).map_while(|n| delay("e", n, remote, None)).collect();
            assert_eq!(delays.len(), 9);
            assert!(delays.iter().zip(if remote { REMOTE } else { LOCAL }).all(|(ms, s)| {
                let exact = i64::from(s) * 1000;
                (exact * 8 / 10..=exact * 12 / 10).contains(ms)
            }));
            let sum: i64 = delays.iter().sum();
            assert!((total * 800..=total * 1200).contains(&sum));
            assert_eq!(delays, (1..10).filter_map(|n| delay("e", n, remote, None)).collect::<Vec<_>>());
            assert_ne!(delays, (1..10).filter_map(|n| delay("f", n, remote, None)).collect::<Vec<_>>());
        }
        assert_eq!(delay("e", 0, false, None), None);
    }

    #[test]
    fn what_is_asked_for_counts_when_it_is_longer() {
        let plain = delay("e", 3, false, None).expect("an attempt");
        assert_eq!(delay("e", 3, false, Some(1)), Some(plain));
        assert_eq!(delay("e", 3, false, Some(100)), Some(100_000));
        assert_eq!(delay("e", 3, false, Some(u32::MAX)), Some(86_400_000));
        assert_eq!(delay("e", 10, false, Some(100)), None);
    }
}
