//! See `provost_invariants::archive_roundtrip`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| provost_invariants::archive_roundtrip(data));
