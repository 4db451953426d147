//! What a reader puts up with: bounds that keep a hostile archive from filling memory or disk.

use crate::error::{ArchiveError, Result};

/// Bounds for reading one archive (mbz-format.md 1.3). The defaults admit any backup a learning management system writes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Entries of any kind, directories and skipped ones included. Default: 1,000,000.
    pub max_entries: u64,
    /// Length of a path in bytes. Default: 4096.
    pub max_path_bytes: usize,
    /// Unpacked size of one entry in bytes. Default: none.
    pub max_entry_bytes: u64,
    /// Unpacked size of all entries together in bytes, as far as they are unpacked. Default: none.
    pub max_total_bytes: u64,
    /// Entries up to this many unpacked bytes may expand as they like. Default: 64 MiB.
    pub free_expansion_bytes: u64,
    /// How many bytes a larger entry may unpack to per compressed byte. Default: 200.
    pub max_expansion: u64,
    /// Size of one entry that is put aside, in bytes. Default: 8 GiB.
    pub max_spooled_entry_bytes: u64,
    /// Size of all entries put aside, in bytes. Default: 64 GiB.
    pub max_spooled_bytes: u64,
    /// Bytes that stay free on the file system where entries are put aside. Default: 64 MiB.
    pub min_free_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entries: 1_000_000,
            max_path_bytes: 4096,
            max_entry_bytes: u64::MAX,
            max_total_bytes: u64::MAX,
            free_expansion_bytes: 64 << 20,
            max_expansion: 200,
            max_spooled_entry_bytes: 8 << 30,
            max_spooled_bytes: 64 << 30,
            min_free_bytes: provost_space::DEFAULT_RESERVE,
        }
    }
}

impl Limits {
    /// Checks the number of entries met so far.
    pub(crate) fn check_entries(&self, met: u64) -> Result<()> {
        if met > self.max_entries {
            return Err(ArchiveError::limit("archive", format!("more than {} entries", self.max_entries)));
        }
        Ok(())
    }

    /// Checks the size an entry claims, before any of it is unpacked.
    pub(crate) fn check_entry_size(&self, path: &str, size: u64) -> Result<()> {
        if size > self.max_entry_bytes {
            return Err(ArchiveError::limit(
                path,
                format!("{size} bytes, more than the {} allowed for one entry", self.max_entry_bytes),
            ));
        }
        Ok(())
    }

    /// Checks what has been unpacked of an entry against the compressed bytes it took, and the sum of all.
    pub(crate) fn check_unpacked(&self, path: &str, unpacked: u64, compressed: u64, total: u64) -> Result<()> {
        if unpacked > self.free_expansion_bytes && unpacked / self.max_expansion.max(1) > compressed {
            return Err(ArchiveError::limit(
                path,
                format!("unpacks to more than {} times its size", self.max_expansion),
            ));
        }
        if total > self.max_total_bytes {
            return Err(ArchiveError::limit(
                path,
                format!("the archive unpacks to more than {} bytes", self.max_total_bytes),
            ));
        }
        Ok(())
    }
}
