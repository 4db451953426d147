//! Where contents under way are: a directory of each process's own, which is removed with what is in it when the process has
//! gone, however it went.

use crate::api::{Result, StoreError};
use std::fs::{self, File, TryLockError};
use std::path::Path;
use tempfile::TempDir;

/// Locked while directories are made and removed, by whoever does it.
const GATE: &str = "lock";
/// In each directory, locked by the process whose it is for as long as it lives.
const ALIVE: &str = "alive";
/// How the directories' names begin.
const PREFIX: &str = "process-";

/// A process's own directory for contents under way. Dropped, it is removed.
pub struct SpoolDir {
    directory: TempDir,
    /// Keeps the lock; the system lets go of it when the process ends in whatever way.
    _alive: File,
}

impl SpoolDir {
    /// Makes a directory in `root` and removes those of processes that are gone.
    pub fn create(root: &Path) -> Result<Self> {
        let failed = |e| StoreError::io(format!("make a directory in {}", root.display()), e);
        // Between making a directory and locking it, nobody else may take it for one left behind.
        let gate = open(&root.join(GATE)).map_err(failed)?;
        gate.lock().map_err(failed)?;
        remove_abandoned(root)?;
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root).map_err(failed)?;
        let alive = open(&directory.path().join(ALIVE)).map_err(failed)?;
        alive.lock().map_err(failed)?;
        Ok(Self { directory, _alive: alive })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Removes the directories whose processes are gone. What cannot be removed waits for the next time.
fn remove_abandoned(root: &Path) -> Result<()> {
    let failed = |e| StoreError::io(format!("look through {}", root.display()), e);
    for entry in fs::read_dir(root).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let own = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if own
            && is_abandoned(&path)
            && let Err(error) = fs::remove_dir_all(&path)
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove what a dead process left");
        }
    }
    Ok(())
}

fn is_abandoned(directory: &Path) -> bool {
    match File::options().write(true).open(directory.join(ALIVE)) {
        Ok(alive) => !matches!(alive.try_lock(), Err(TryLockError::WouldBlock)),
        // Its process died before it came to that: the gate is ours.
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_the_dead_go_those_of_the_living_stay() -> Result<()> {
        let root = tempfile::tempdir().map_err(|e| StoreError::io("a directory", e))?;
        let living = SpoolDir::create(root.path())?;
        let dead = root.path().join("process-dead");
        fs::create_dir(&dead).map_err(|e| StoreError::io("a directory", e))?;
        fs::write(dead.join(ALIVE), "").map_err(|e| StoreError::io("a file", e))?;
        fs::write(dead.join("blob-1"), "half").map_err(|e| StoreError::io("a file", e))?;
        let other = SpoolDir::create(root.path())?;
        assert!(living.path().exists() && other.path().exists() && !dead.exists());
        let gone = living.path().to_owned();
        drop(living);
        assert!(!gone.exists());
        Ok(())
    }
}
