//! The store's own key, in a file beside the database: who reads only the database cannot derive what it protects.

use super::db::io_error;
use crate::api::{Result, StoreError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

const FILE: &str = "secret.key";
const BYTES: usize = 32;

/// The key. Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<[u8; BYTES]>);

impl Secret {
    /// Reads the key in `dir`, making it first where there is none.
    pub fn of(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let key: [u8; BYTES] = bytes
                    .try_into()
                    .map_err(|_| StoreError::Corrupt(format!("{} is not a key of {BYTES} bytes", path.display())))?;
                Ok(Self(Arc::new(key)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // Written whole under another name (readable by its owner only), then named; another process may be first.
                let mut file = tempfile::NamedTempFile::new_in(dir).map_err(|e| io_error("create", &path, e))?;
                file.write_all(&rand::random::<[u8; BYTES]>()).map_err(|e| io_error("write", &path, e))?;
                file.as_file().sync_all().map_err(|e| io_error("write", &path, e))?;
                match file.persist_noclobber(&path) {
                    Err(e) if e.error.kind() != std::io::ErrorKind::AlreadyExists => {
                        Err(io_error("create", &path, e.error))
                    }
                    _ => Self::of(dir),
                }
            }
            Err(error) => Err(io_error("read", &path, error)),
        }
    }

    /// 128 bits that only who has the key can derive from `nonce`: 32 lowercase hexadecimal digits.
    pub fn derive(&self, nonce: &[u8]) -> String {
        // A key of any length is allowed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return String::new() };
        mac.update(b"login token");
        mac.update(nonce);
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn the_key_stays_and_tells_nonces_apart() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let first = Secret::of(dir.path())?;
        let again = Secret::of(dir.path())?;
        assert_eq!(first.derive(b"a"), again.derive(b"a"));
        assert_ne!(first.derive(b"a"), first.derive(b"b"));
        assert_eq!(first.derive(b"a").len(), 32);
        let other = tempfile::tempdir()?;
        assert_ne!(Secret::of(other.path())?.derive(b"a"), first.derive(b"a"));
        Ok(())
    }
}
