//! Small disks, and what lies on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file system of a given size, mounted until this is dropped.
pub struct Disk {
    place: PathBuf,
}

impl Disk {
    /// Mounts a file system of so many megabytes (10^6 bytes) in a directory, which is made. None where that is not allowed.
    pub fn small(place: &Path, megabytes: u64) -> Option<Self> {
        fs::create_dir_all(place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={}", megabytes * 1_000_000), "tmpfs"]).arg(place);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then(|| Self { place: place.to_owned() })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Somebody may still be there for a moment: then it goes when they do.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

/// All files below a directory; none if there is no such directory.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
