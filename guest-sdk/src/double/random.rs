//! `random`: the same bytes in every run of a test.

use super::with;
use sha1::{Digest, Sha1};

/// See `random.bytes` in the contract. Each call gives others, each host the same sequence.
pub fn bytes(count: u32) -> Vec<u8> {
    let count = count.min(65_536) as usize;
    let mut bytes = Vec::with_capacity(count + 20);
    while bytes.len() < count {
        let block = with(|host| super::host::take(&mut host.random));
        bytes.extend_from_slice(&Sha1::digest(block.to_be_bytes()));
    }
    bytes.truncate(count);
    bytes
}
