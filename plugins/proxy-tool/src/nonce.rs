//! What may come but once: nonces, and the MACs of legacy requests.
//!
//! They lie in drawers by the time at which they came, of which two are looked into: so each is remembered for as long as a drawer is
//! open, at least. By the time that a request gives itself they could not be put in order, since of the legacy wire that is a
//! value like others: part of another value, or one that belongs to another argument, can be put in its place without a change of
//! the MAC.

use crate::kept;
use crate::registering::hash;
use provost_guest::clock;
use provost_guest::prelude::*;
use provost_proxy_wire::notice;

/// How far a sender's clock may be from ours, seconds (proxy-tool-events.md 9.3: a few minutes).
pub const TOLERANCE: i64 = 300;
/// Of those that are over, so many go with each one that comes.
const SWEPT: u32 = 32;

/// How long something is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Seconds that a drawer is open.
    drawer: i64,
}

/// For requests of the legacy wire, which are believed for a few minutes.
pub const REQUESTS: Memory = Memory { drawer: 3600 };
/// For notices, which are believed for a day.
pub const NOTICES: Memory = Memory { drawer: notice::MAX_AGE + 2 * TOLERANCE };

fn key(site: &str, drawer: i64, what: &str) -> String {
    format!("nonce/{site}/{drawer:012}/{}", hash(what))
}

impl Memory {
    /// When the drawer was opened that is open now.
    fn open(self) -> i64 {
        let now = clock::now().max(0);
        now - now % self.drawer
    }

    /// Whether this came from a site before.
    pub fn has(self, site: &str, what: &str) -> Result<bool> {
        let open = self.open();
        let found = |drawer| kept::get::<()>(&key(site, drawer, what)).map(|found| found.is_some());
        Ok(found(open)? || found(open - self.drawer)?)
    }

    /// Remembers that this came from a site; false where it came before.
    pub fn take(self, site: &str, what: &str) -> Result<bool> {
        let prefix = format!("nonce/{site}/");
        let open = self.open();
        let over = format!("{prefix}{:012}", (open - self.drawer).max(0));
        for key in kept::keys(&prefix, SWEPT)? {
            if key < over {
                kept::delete(&key)?;
            }
        }
        let new = kept::put_new(&key(site, open, what), &())?;
        Ok(new && kept::get::<()>(&key(site, open - self.drawer, what))?.is_none())
    }
}
