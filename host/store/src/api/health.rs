//! How calls of a target go: when it is left alone for a while, and when it is switched off (proxy-tool-events.md 11.5).

use serde::{Deserialize, Serialize};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
/// Failures in a row that open the breaker.
const IN_A_ROW: u32 = 5;
/// The window in which more than half of at least [`ENOUGH`] calls failing opens it.
const WINDOW: i64 = 60 * SECOND;
const ENOUGH: u32 = 20;
/// How finely the window is kept.
const GRAIN: i64 = 5 * SECOND;
const FIRST_OPEN: i64 = 30 * SECOND;
const LONGEST_OPEN: i64 = 15 * 60 * SECOND;
/// Failures so far apart, within a day, start the clock of switching off.
const APART: i64 = 12 * HOUR;
const DAY: i64 = 24 * HOUR;
/// A target whose every call failed for so long is switched off.
const GIVE_UP: i64 = 5 * DAY;

/// How a target's calls went. Times are milliseconds, 0 for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Failures since the last success.
    pub in_a_row: u32,
    /// (begin, calls, failures) of the last minute.
    pub window: Vec<(i64, u32, u32)>,
    /// No calls before.
    pub open_until_ms: i64,
    /// How often the breaker has opened since the last success.
    pub opened: u32,
    /// The first failure since the last success.
    pub failing_since_ms: i64,
    /// Hours of the last day with failures: the first of each.
    pub failures: Vec<i64>,
    /// Since when the clock of switching off runs.
    pub clock_ms: i64,
}

/// What a call says of its target. What was neither answered nor unanswered (interrupted) is not noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It answered, with whatever.
    Answer,
    /// It gave no answer that can be trusted.
    Silence,
}

impl Health {
    /// Whether the breaker is open, or waits for the outcome of the one call that may go.
    pub fn is_quarantined(&self) -> bool {
        self.opened > 0
    }

    /// Notes the outcome of a call. True when the target has to be switched off.
    pub fn note(&mut self, sign: Sign, now_ms: i64) -> bool {
        self.window.retain(|(begin, ..)| *begin > now_ms - WINDOW);
        let begin = now_ms - now_ms.rem_euclid(GRAIN);
        let failed = u32::from(sign == Sign::Silence);
        match self.window.last_mut() {
            Some((at, calls, failures)) if *at == begin => {
                *calls += 1;
                *failures += failed;
            }
            _ => self.window.push((begin, 1, failed)),
        }
        if sign == Sign::Answer {
            // An answer in between does not make a minute of failures good; that to the one call after a pause does.
            let window = if self.opened > 0 { Vec::new() } else { std::mem::take(&mut self.window) };
            *self = Self { window, ..Self::default() };
            return false;
        }
        self.in_a_row += 1;
        if self.failing_since_ms == 0 {
            self.failing_since_ms = now_ms;
        }
        self.failures.retain(|at| *at >= now_ms - DAY);
        if self.clock_ms == 0 && self.failures.iter().any(|at| now_ms - at >= APART) {
            self.clock_ms = now_ms;
        }
        if self.failures.last().is_none_or(|last| now_ms - last >= HOUR) {
            self.failures.push(now_ms);
        }
        let (calls, failures) = self.window.iter().fold((0, 0), |(c, f), (_, calls, failed)| (c + calls, f + failed));
        // The one call that may go after a pause decides alone.
        if self.opened > 0 || self.in_a_row >= IN_A_ROW || (calls >= ENOUGH && failures * 2 > calls) {
            let pause = FIRST_OPEN.saturating_mul(1 << self.opened.min(16)).min(LONGEST_OPEN);
            self.opened += 1;
            self.open_until_ms = now_ms + pause;
        }
        self.clock_ms != 0 && now_ms - self.clock_ms >= GIVE_UP
    }

    /// Whether one call may go, to see.
    pub fn half_open(&self, now_ms: i64) -> bool {
        self.opened > 0 && self.open_until_ms <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_in_a_row_open_it_for_longer_each_time() {
        let mut health = Health::default();
        for n in 0..4 {
            assert!(!health.note(Sign::Silence, n * SECOND));
            assert!(!health.is_quarantined());
        }
        health.note(Sign::Silence, 4 * SECOND);
        let mut now = health.open_until_ms;
        assert_eq!(now, 34 * SECOND);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            assert!(health.half_open(now));
            health.note(Sign::Silence, now);
            pauses.push((health.open_until_ms - now) / SECOND);
            now = health.open_until_ms;
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900, 900]);
        health.note(Sign::Answer, now);
        assert_eq!(health, Health::default());
    }

    #[test]
    fn most_of_twenty_calls_open_it() {
        let mut health = Health::default();
        // Never five in a row: two failures, then an answer.
        for n in 0..19 {
            let sign = if n % 3 == 2 { Sign::Answer } else { Sign::Silence };
            health.note(sign, n * SECOND);
            assert!(!health.is_quarantined(), "call {n}");
        }
        health.note(Sign::Silence, 19 * SECOND);
        assert!(health.is_quarantined());
        // The same calls over a longer time do not.
        let mut slow = Health::default();
        for n in 0..100 {
            let sign = if n % 3 == 2 { Sign::Answer } else { Sign::Silence };
            slow.note(sign, n * 10 * SECOND);
            assert!(!slow.is_quarantined());
        }
    }

    #[test]
    fn five_days_of_failures_switch_it_off_and_a_short_outage_does_not() {
        // Every two hours: the clock starts after twelve, and five days later it is over.
        let mut health = Health::default();
        let mut now = 0;
        let off = loop {
            if health.note(Sign::Silence, now) {
                break now;
            }
            now += 2 * HOUR;
        };
        assert_eq!(off, 12 * HOUR + 5 * DAY);
        // A burst of failures within an hour, and then nothing but silence for want of calls, starts no clock.
        let mut health = Health::default();
        for n in 0..100 {
            assert!(!health.note(Sign::Silence, n * SECOND));
        }
        assert!(!health.note(Sign::Silence, 6 * DAY));
        assert_eq!(health.clock_ms, 0);
        // One success begins everything anew.
        let mut health = Health::default();
        for n in 0..60 {
            assert!(!health.note(Sign::Silence, n * 2 * HOUR));
        }
        health.note(Sign::Answer, 121 * HOUR);
        assert!(!health.note(Sign::Silence, 133 * HOUR));
    }
}
