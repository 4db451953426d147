//! See `provost_invariants::options`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| provost_invariants::options(data));
