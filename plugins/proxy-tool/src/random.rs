//! Random numbers of the host.

use provost_guest::random::bytes;
use provost_proxy_wire::rand_core::{CryptoRng, Error, RngCore};
use std::fmt::Write as _;

/// So many random bytes.
pub fn array<const N: usize>() -> [u8; N] {
    let mut array = [0; N];
    Host::default().fill_bytes(&mut array);
    array
}

/// Random bytes as hexadecimal digits, two for each.
pub fn hex<const N: usize>() -> String {
    let mut text = String::with_capacity(2 * N);
    for byte in array::<N>() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The host as a source of random numbers, many of them at a time.
#[derive(Default)]
pub struct Host {
    stock: Vec<u8>,
}

const STOCK: u32 = 4096;

impl RngCore for Host {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    fn fill_bytes(&mut self, to: &mut [u8]) {
        for byte in to {
            if self.stock.is_empty() {
                self.stock = bytes(STOCK);
            }
            // The host gives what it is asked for; without numbers there is nothing to go on with.
            *byte = self.stock.pop().expect("random numbers");
        }
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Host {}
