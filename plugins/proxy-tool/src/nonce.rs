//! Nonces of legacy requests: each is taken once within the time in which its request would be believed.

use crate::kept;
use crate::registering::hash;
use provost_guest::clock;
use provost_guest::prelude::*;

/// How far a sender's clock may be from ours, seconds (proxy-tool-events.md 9.3: a few minutes).
pub const TOLERANCE: i64 = 300;
/// Of those that are over, so many go with each one that comes.
const SWEPT: u32 = 32;

/// Takes a nonce of a site that was sent at `time`, and the MAC of its request; false where either was taken before. A nonce alone would
/// not do: its end can slide into another argument without a change of the MAC.
pub fn take(site: &str, nonce: &str, mac: &str, time: i64) -> Result<bool> {
    let prefix = format!("nonce/{site}/");
    // By their time, so that those that are over come first.
    let over = format!("{prefix}{:012}", (clock::now() - 2 * TOLERANCE).max(0));
    for key in kept::keys(&prefix, SWEPT)? {
        if key < over {
            kept::delete(&key)?;
        }
    }
    // The time is signed with the nonce, so the same one at another time is another request.
    let take = |what: &str| kept::put_new(&format!("{prefix}{:012}/{}", time.max(0), hash(what)), &());
    Ok(take(&format!("mac\n{mac}"))? && take(nonce)?)
}
