//! See `provost_invariants::archive_reader`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| provost_invariants::archive_reader(data));
