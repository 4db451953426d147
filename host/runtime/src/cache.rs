//! Compiled code on disk, by (module digest, engine fingerprint).
//!
//! A cached file is native code that the process will run, so the directory is private to its owner, nothing from outside is
//! ever put there, and files are only ever put there whole and never written to again: they are mapped, not read into memory. A
//! mark at the end, with length and checksum, tells a file that a full disk or a crash has damaged.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A directory of compiled components.
#[derive(Debug, Clone)]
pub struct CacheDir(PathBuf);

const MAGIC: &[u8; 8] = b"provost2";
/// Bytes of the mark at the end: magic, length of the code, checksum of the code.
const MARK: u64 = 20;

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
        let file = File::open(&path).ok()?;
        if !matches!(is_whole(file), Ok(true)) {
            tracing::warn!(path = %path.display(), "compiled code is damaged; compiling anew");
            return None;
        }
        // SAFETY: the file was written by `save` below, from `Component::serialize` of an engine with this fingerprint, into
        // a directory that only this user can write, where files are replaced but never changed; what it holds was just checked.
        #[allow(unsafe_code)]
        match unsafe { Component::deserialize_file(engine, &path) } {
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
            file.write_all(&code)?;
            file.write_all(&mark(code.len() as u64, crc32fast::hash(&code)))?;
            file.persist(self.file(fingerprint, digest))?;
            Ok(())
        };
        if let Err(error) = save() {
            tracing::warn!(%error, "cannot keep compiled code");
        }
    }
}

fn mark(length: u64, checksum: u32) -> [u8; MARK as usize] {
    let mut mark = [0; MARK as usize];
    mark[..8].copy_from_slice(MAGIC);
    mark[8..16].copy_from_slice(&length.to_le_bytes());
    mark[16..].copy_from_slice(&checksum.to_le_bytes());
    mark
}

/// Whether a file ends with the mark of what comes before.
fn is_whole(mut file: File) -> std::io::Result<bool> {
    let Some(length) = file.metadata()?.len().checked_sub(MARK) else { return Ok(false) };
    let mut found = [0; MARK as usize];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut found)?;
    file.seek(SeekFrom::Start(0))?;
    let mut checksum = crc32fast::Hasher::new();
    let mut code = file.take(length);
    let mut piece = vec![0; 256 << 10];
    loop {
        match code.read(&mut piece)? {
            0 => return Ok(found == mark(length, checksum.finalize())),
            read => checksum.update(&piece[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Config;

    #[test]
    fn what_is_damaged_is_not_run() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let cache = CacheDir::new(folder.path())?;
        let engine = Engine::new(Config::new().wasm_component_model(true))?;
        assert!(cache.load(&engine, 1, "a").is_none(), "nothing is there");
        cache.save(1, "a", &Component::from_binary(&engine, b"\0asm\x0d\0\x01\0")?);
        assert!(cache.load(&engine, 1, "a").is_some());
        assert!(cache.load(&engine, 2, "a").is_none(), "of another engine");
        let path = cache.file(1, "a");
        let whole = fs::read(&path)?;
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        let longer = [whole.as_slice(), b"x"].concat();
        for damaged in [changed.as_slice(), &whole[..whole.len() / 2], &whole[..10], b"", &longer] {
            fs::remove_file(&path)?;
            fs::write(&path, damaged)?;
            assert!(cache.load(&engine, 1, "a").is_none(), "{} bytes", damaged.len());
        }
        Ok(())
    }
}
