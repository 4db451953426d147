//! See `provost_invariants::xml_split`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| provost_invariants::xml_split(data));
