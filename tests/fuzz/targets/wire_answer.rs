//! See `provost_invariants::wire_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| provost_invariants::wire_answer(data));
