//! How much room a file system has, and stopping before it is full: a full disk stops the database too, and with it everybody.
//!
//! [`Space::require`] asks before a work whose size is known, a [`Meter`] asks again and again while it goes on.

// A failed `unwrap` is how a test fails.
#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are kept free where nobody says otherwise: 64 MiB.
pub const DEFAULT_RESERVE: u64 = 64 << 20;

/// Bytes written between two looks at the file system.
const EVERY: u64 = 8 << 20;

/// There is less room than is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no space left: {free} bytes are free on the file system of {}, {wanted} are needed and {reserve} are to stay free",
    directory.display()
)]
pub struct NoSpace {
    /// A directory on the file system.
    pub directory: PathBuf,
    /// Bytes free for this user.
    pub free: u64,
    /// Bytes still to be written, as far as that is known.
    pub wanted: u64,
    /// Bytes that are to stay free.
    pub reserve: u64,
}

impl From<NoSpace> for std::io::Error {
    fn from(error: NoSpace) -> Self {
        std::io::Error::new(std::io::ErrorKind::StorageFull, error)
    }
}

type Probe = Arc<dyn Fn(&Path) -> Option<u64> + Send + Sync>;

/// The room of the file system that a directory is on. Cheap to clone.
#[derive(Clone)]
pub struct Space {
    directory: PathBuf,
    reserve: u64,
    probe: Probe,
}

impl Space {
    /// The file system of `directory`, of which `reserve` bytes are to stay free. 0 turns all checks off.
    pub fn new(directory: &Path, reserve: u64) -> Self {
        Self::probed_by(directory, reserve, free_bytes)
    }

    /// As [`new`](Self::new), asking `probe` in place of the system for the bytes free, for tests.
    pub fn probed_by(
        directory: &Path,
        reserve: u64,
        probe: impl Fn(&Path) -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        Self { directory: directory.to_owned(), reserve, probe: Arc::new(probe) }
    }

    /// Whether there is room for `wanted` bytes more. A file system that does not tell has room.
    ///
    /// # Errors
    /// [`NoSpace`].
    pub fn require(&self, wanted: u64) -> Result<(), NoSpace> {
        if self.reserve == 0 {
            return Ok(());
        }
        match (self.probe)(&self.directory) {
            Some(free) if free < wanted.saturating_add(self.reserve) => {
                Err(NoSpace { directory: self.directory.clone(), free, wanted, reserve: self.reserve })
            }
            _ => Ok(()),
        }
    }

    /// Watches over a work that writes there.
    pub fn meter(&self) -> Meter {
        Meter { space: self.clone(), left: 0 }
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("directory", &self.directory).field("reserve", &self.reserve).finish()
    }
}

/// Looks at the file system before the first byte of a work, and every 8 MiB.
#[derive(Debug)]
pub struct Meter {
    space: Space,
    /// Bytes until the next look.
    left: u64,
}

impl Meter {
    /// To be called before `bytes` are written.
    ///
    /// # Errors
    /// [`NoSpace`].
    pub fn before(&mut self, bytes: u64) -> Result<(), NoSpace> {
        if self.left < bytes {
            self.space.require(bytes)?;
            self.left = EVERY;
        }
        self.left = self.left.saturating_sub(bytes);
        Ok(())
    }
}

/// Bytes that this user may still write, none where the system does not tell.
fn free_bytes(directory: &Path) -> Option<u64> {
    let stat = fs4::statvfs(directory).ok()?;
    // Some network and user-space file systems know nothing of sizes.
    (stat.total_space() > 0).then(|| stat.available_space())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_real_file_system_has_some_room_and_no_end_of_it() {
        let here = std::env::temp_dir();
        Space::new(&here, 1).require(0).unwrap();
        let error = Space::new(&here, 1).require(u64::MAX).unwrap_err();
        assert!(error.free > 0 && error.to_string().contains(&here.display().to_string()), "{error}");
        Space::new(&here, 0).require(u64::MAX).unwrap();
    }

    #[test]
    fn a_meter_looks_at_first_and_now_and_then() {
        let free = Arc::new(AtomicU64::new(100 << 20));
        let asked = Arc::new(AtomicU64::new(0));
        let (probe, count) = (free.clone(), asked.clone());
        let space = Space::probed_by(Path::new("/store"), 64 << 20, move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Some(probe.load(Ordering::Relaxed))
        });
        let mut meter = space.meter();
        for _ in 0..16 {
            meter.before(1 << 20).unwrap();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        free.store(64 << 20, Ordering::Relaxed);
        let error = (0..16).find_map(|_| meter.before(1 << 20).err()).unwrap();
        assert_eq!((error.free, error.wanted, error.reserve), (64 << 20, 1 << 20, 64 << 20));
    }
}
