//! The two digests of a content. Those of a small one are computed where it is written, those of a larger one each by a
//! thread of its own, beside the writing.

use crate::api::{Result, StoreError};
use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// From this size on, in bytes, threads are worth their start.
const LARGE: usize = 1 << 20;
/// Chunks that wait for a thread at most.
const WAITING: usize = 4;

/// Both digests of what has come so far.
pub enum Digests {
    /// Computed at once; with the number of bytes so far.
    Here(Box<(Sha1, Sha256)>, usize),
    /// Computed by threads.
    Apart([Apart; 2]),
}

/// A thread that computes a digest.
pub struct Apart {
    chunks: SyncSender<Bytes>,
    thread: JoinHandle<Vec<u8>>,
}

impl Apart {
    fn start(mut digest: impl Digest + Send + 'static) -> std::io::Result<Self> {
        let (chunks, waiting) = sync_channel::<Bytes>(WAITING);
        let thread = std::thread::Builder::new().name("digest".into()).spawn(move || {
            for chunk in waiting {
                digest.update(&chunk);
            }
            digest.finalize().to_vec()
        })?;
        Ok(Self { chunks, thread })
    }

    fn finish(self) -> Result<Vec<u8>> {
        drop(self.chunks);
        self.thread.join().map_err(|_| ended())
    }
}

fn ended() -> StoreError {
    StoreError::Invalid("a thread that computes a digest ended early".into())
}

impl Digests {
    /// Of nothing.
    pub fn new() -> Self {
        Self::Here(Box::default(), 0)
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: Bytes) -> Result<()> {
        if let Self::Here(digests, size) = self {
            *size += bytes.len();
            if *size <= LARGE {
                digests.0.update(&bytes);
                digests.1.update(&bytes);
                return Ok(());
            }
            let started = Apart::start(digests.0.clone()).and_then(|sha1| Ok([sha1, Apart::start(digests.1.clone())?]));
            match started {
                Ok(threads) => *self = Self::Apart(threads),
                Err(_) => {
                    // No threads to be had: it goes without.
                    digests.0.update(&bytes);
                    digests.1.update(&bytes);
                    return Ok(());
                }
            }
        }
        if let Self::Apart(threads) = self {
            for thread in threads {
                thread.chunks.send(bytes.clone()).map_err(|_| ended())?;
            }
        }
        Ok(())
    }

    /// SHA-1 and SHA-256.
    pub fn finish(self) -> Result<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Here(digests, _) => Ok((digests.0.finalize().to_vec(), digests.1.finalize().to_vec())),
            Self::Apart([sha1, sha256]) => Ok((sha1.finish()?, sha256.finish()?)),
        }
    }
}
