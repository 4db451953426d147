//! What becomes of an event after a call: the four outcomes and what the event's class makes of them (proxy-tool-events.md 1.1, 3.1, 8).

use super::schedule;
use provost_runtime::{Handled, LimitKind, Outcome, Verdict};
use provost_store::api::{Claimed, Next, Settled, Sign, Target};

/// Results in a row of the same code that make an event poison (8.4).
const POISON: u32 = 3;

/// What a call comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What is written down.
    pub settled: Settled,
    /// The target says that it is gone.
    pub gone: bool,
    /// The target refused: an action failure.
    pub refused: bool,
    /// The plugin cannot be called at all.
    pub unavailable: bool,
}

/// Judges a call of an event for a target by code of this digest.
pub fn judge(target: &Target, claimed: &Claimed, handled: Handled, digest: &str, now_ms: i64) -> Judged {
    let Handled { outcome, effects, took } = handled;
    let code = outcome.reason_code().unwrap_or_default().to_owned();
    let settled = Settled {
        delivery: claimed.delivery,
        next: Next::Uncounted,
        reason: code.clone(),
        code,
        message: outcome.describe(),
        digest: digest.to_owned(),
        took_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        sign: Some(Sign::Answer),
        told_gap: claimed.gap_after.is_some(),
    };
    let mut judged = Judged { settled, gone: false, refused: false, unavailable: false };
    let settled = &mut judged.settled;
    match outcome {
        Outcome::Ok(Verdict::Done) => settled.next = Next::Done(effects),
        Outcome::Ok(Verdict::RetryLater(after)) => soft_retry(settled, target, claimed, after, now_ms),
        Outcome::RetryLater(_) => soft_retry(settled, target, claimed, None, now_ms),
        Outcome::Ok(Verdict::Abort(reason)) => {
            settled.code = "abort".into();
            settled.reason = "abort".into();
            settled.message = reason;
            settled.next = Next::Dead;
        }
        Outcome::Ok(Verdict::NoAnswer { code, message, after, gone }) => {
            settled.code = if code.is_empty() { "no-answer".into() } else { code };
            settled.message = message;
            if gone {
                settled.reason = settled.code.clone();
                settled.sign = None;
                judged.gone = true;
            } else {
                silence(settled, target, claimed, after, 0, now_ms);
            }
        }
        Outcome::Error(_) => {
            settled.next = Next::Dropped;
            judged.refused = true;
        }
        Outcome::Trap(_) | Outcome::Limit(LimitKind::Cpu | LimitKind::Memory) | Outcome::Protocol(_) => {
            let before = if claimed.digest == digest { claimed.poison } else { 0 };
            silence(settled, target, claimed, None, before + 1, now_ms);
        }
        Outcome::Timeout | Outcome::Limit(LimitKind::Output) => silence(settled, target, claimed, None, 0, now_ms),
        Outcome::Unavailable(_) => {
            settled.sign = None;
            judged.unavailable = true;
        }
        Outcome::Interrupted => settled.sign = None,
    }
    judged
}

/// Asked for by the target: costs an attempt, is no failure (8.2).
fn soft_retry(settled: &mut Settled, target: &Target, claimed: &Claimed, after: Option<u32>, now_ms: i64) {
    settled.code = "soft-retry".into();
    again(settled, target, claimed, after, 0, now_ms);
}

fn silence(settled: &mut Settled, target: &Target, claimed: &Claimed, after: Option<u32>, poison: u32, now_ms: i64) {
    settled.sign = Some(Sign::Silence);
    again(settled, target, claimed, after, poison, now_ms);
}

fn again(settled: &mut Settled, target: &Target, claimed: &Claimed, after: Option<u32>, poison: u32, now_ms: i64) {
    settled.reason = settled.code.clone();
    let delay = schedule::delay(&claimed.event.id, claimed.attempt, target.fields.remote, after);
    settled.next = match delay {
        // Of a kind that is never queued: this was its one call.
        _ if claimed.direct => Next::Dropped,
        _ if poison >= POISON => {
            settled.reason = "poison".into();
            Next::Dead
        }
        Some(delay) => Next::Later { due_ms: now_ms + delay, poison },
        None => {
            settled.reason = "exhausted".into();
            Next::Dead
        }
    };
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
