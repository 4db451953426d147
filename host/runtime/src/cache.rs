//! Compiled code on disk, by (module digest, engine fingerprint).
//!
//! A cached file is native code that the process will run, so the directory is private to its owner, nothing from
//! outside is ever put there, and a header with length and digest is checked before use.

use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A directory of compiled components.
#[derive(Debug, Clone)]
pub struct CacheDir(PathBuf);

const MAGIC: &[u8; 8] = b"provost1";

impl CacheDir {
    /// Uses (and creates, for its owner alone) a directory.
    pub fn new(path: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self(path.to_owned()))
    }

    fn file(&self, fingerprint: u64, digest: &str) -> PathBuf {
        self.0.join(format!("{digest}-{fingerprint:016x}.cwasm"))
    }

    /// Compiled code, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, fingerprint: u64, digest: &str) -> Option<Component> {
        let path = self.file(fingerprint, digest);
        let content = fs::read(&path).ok()?;
        let code = content.strip_prefix(MAGIC).and_then(|rest| {
            let (expected, code) = rest.split_at_checked(32)?;
            (Sha256::digest(code).as_slice() == expected).then_some(code)
        });
        let Some(code) = code else {
            tracing::warn!(path = %path.display(), "compiled code is damaged; compiling anew");
            return None;
        };
        // SAFETY: the bytes were written by `save` below, from `Component::serialize` of an engine with this
        // fingerprint, into a directory that only this user can write; their digest was just checked.
        #[allow(unsafe_code)]
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code does not fit; compiling anew");
                None
            }
        }
    }

    /// Keeps compiled code. A failure costs only the next start.
    pub(crate) fn save(&self, fingerprint: u64, digest: &str, component: &Component) {
        let save = || -> wasmtime::Result<()> {
            let code = component.serialize()?;
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            file.write_all(MAGIC)?;
            file.write_all(&Sha256::digest(&code))?;
            file.write_all(&code)?;
            file.persist(self.file(fingerprint, digest))?;
            Ok(())
        };
        if let Err(error) = save() {
            tracing::warn!(%error, "cannot keep compiled code");
        }
    }
}
